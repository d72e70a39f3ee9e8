// Counting cash: for the typed amount, or in place of an attempt that has not ended (改收现金).
//
// Rules: one intent is one sale; while the till is asked nothing is asked twice; cash is put down
// at once when the attempt it was for can no longer be replaced, most of all when it was paid.

import type { CounterView } from "./bindings/CounterView";
import { cashFor, changeFen, nextRounding, nextSuggestion, receivedFen } from "./cash";
import type { CashFor } from "./cash";
import type { Desk } from "./desk";
import { entryKeys } from "./hand";
import type { Stroke } from "./keys";
import { entryOf, nothing, press } from "./money";

/** No customer hands over more than this in cash. */
const MOST_RECEIVED_FEN = 10_000_000;

export interface Counting {
  open(what: CashFor, amountFen: number): void;
  stroke(stroke: Stroke): void;
  /** Sets what was received; the next digit begins another sum. */
  suggest(amountFen: number): void;
  seen(next: CounterView): void;
}

export function counting(
  { host, hand, view, hint, call }: Desk,
  tell: () => Promise<void>,
  taken: () => void,
): Counting {
  /** Whether the sum received was suggested and not typed. */
  let isSuggested = false;

  function implied(): boolean {
    return view()?.settings.impliedDecimals ?? false;
  }

  function type(stroke: Stroke): void {
    if (hand.cash === null) return;
    let received = isSuggested ? nothing(implied()) : hand.cash.received;
    isSuggested = false;
    for (const key of entryKeys(stroke)) {
      const pressed = press(received, key, MOST_RECEIVED_FEN);
      if (pressed.refusal !== null) {
        hint(pressed.refusal === "above_limit" ? "received_too_much" : pressed.refusal);
      }
      received = pressed.entry;
    }
    hand.cash = { ...hand.cash, received };
  }

  function suggest(amountFen: number): void {
    if (hand.cash === null) return;
    hand.notice = null;
    hand.cash = { ...hand.cash, received: entryOf(amountFen) };
    isSuggested = true;
  }

  function round(): void {
    if (hand.cash === null) return;
    const roundedFen = nextRounding(hand.cash, view()?.settings.roundingLimitFen ?? 0);
    if (roundedFen === hand.cash.roundedFen) return hint("no_rounding");
    hand.cash = { ...hand.cash, roundedFen };
  }

  async function take(): Promise<void> {
    const { cash } = hand;
    if (cash === null || hand.sending) return;
    if (changeFen(cash) < 0) return hint("received_too_little");
    hand.sending = true;
    await tell();
    const sums = { receivedFen: receivedFen(cash), roundedFen: cash.roundedFen };
    const what = cash.for;
    const done = await call(() =>
      what.kind === "sale"
        ? host.takeCash({ ...what.intent, ...sums })
        : host.cashInstead({ outTradeNo: what.outTradeNo, ...sums }),
    );
    hand.sending = false;
    if (done) taken();
  }

  return {
    open(what, amountFen) {
      isSuggested = false;
      hand.cash = cashFor(what, amountFen, implied());
    },
    suggest,
    stroke(pressed) {
      if (hand.cash === null) return;
      if (entryKeys(pressed).length > 0) return type(pressed);
      switch (pressed.kind) {
        case "enter":
          return void take();
        case "star":
          return round();
        case "up":
        case "down":
          return suggest(nextSuggestion(hand.cash, pressed.kind === "up" ? 1 : -1));
        case "minus":
        case "escape":
          hand.cash = null;
          return;
        default:
          return hint("cash_open");
      }
    },
    seen(next) {
      const what = hand.cash?.for;
      if (what?.kind !== "instead" || hand.sending) return;
      const attempts = [next.front, ...next.aside];
      const attempt = attempts.find((one) => one?.outTradeNo === what.outTradeNo);
      if (attempt?.canTakeCash) return;
      hand.cash = null;
      if (attempt?.state !== "paid") return;
      hand.stopped = attempt.outTradeNo;
      hint("cash_not_needed");
    },
  };
}
