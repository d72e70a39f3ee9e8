// Cash on the plate: what is owed after rounding off (抹零), what was received, what goes back.
// Sums only; the till decides whether a sale stands.

import type { Intent } from "./hand";
import { nothing, totalFen } from "./money";
import type { Entry } from "./money";

/** What the cash is for: the typed amount, or an attempt whose place it takes (改收现金). */
export type CashFor = { kind: "sale"; intent: Intent } | { kind: "instead"; outTradeNo: string };

export interface CashHand {
  readonly for: CashFor;
  readonly amountFen: number;
  readonly roundedFen: number;
  readonly received: Entry;
}

/** Coins and notes that a customer may hand over, in fen. */
const TENDERS = [100, 500, 1_000, 2_000, 5_000, 10_000] as const;
const MOST_SUGGESTED = 5;

export function cashFor(what: CashFor, amountFen: number, implied: boolean): CashHand {
  return { for: what, amountFen, roundedFen: 0, received: nothing(implied) };
}

export function owedFen({ amountFen, roundedFen }: CashHand): number {
  return amountFen - roundedFen;
}

/** Returns what was received: exactly what is owed, until something else is typed. */
export function receivedFen(cash: CashHand): number {
  const typed = totalFen(cash.received);
  return typed === 0 && cash.received.digits === "" ? owedFen(cash) : typed;
}

/** Returns the change; below zero while too little has been received. */
export function changeFen(cash: CashHand): number {
  return receivedFen(cash) - owedFen(cash);
}

/** Returns what may be rounded off: the fen, or the jiao and fen, within the store's limit. */
export function roundings(amountFen: number, limitFen: number): number[] {
  const offs = [amountFen % 10, amountFen % 100];
  return [...new Set(offs)].filter((fen) => fen > 0 && fen <= limitFen && fen < amountFen);
}

/** Returns the rounding after the one that stands; none after the last. */
export function nextRounding(cash: CashHand, limitFen: number): number {
  const steps = [0, ...roundings(cash.amountFen, limitFen)];
  return steps[steps.indexOf(cash.roundedFen) + 1] ?? 0;
}

/** Returns sums above what is owed that a customer is likely to hand over, smallest first. */
export function suggestedFen(cash: CashHand): number[] {
  const owed = owedFen(cash);
  const sums = TENDERS.map((unit) => Math.ceil(owed / unit) * unit).filter((sum) => sum > owed);
  return [...new Set(sums)].sort((a, b) => a - b).slice(0, MOST_SUGGESTED);
}

/** Returns the suggestion beside the sum that stands, upwards or downwards. */
export function nextSuggestion(cash: CashHand, by: 1 | -1): number {
  const sums = [owedFen(cash), ...suggestedFen(cash)];
  const stands = receivedFen(cash);
  const beyond = sums.filter((sum) => (by === 1 ? sum > stands : sum < stands));
  return beyond.at(by === 1 ? 0 : -1) ?? stands;
}
