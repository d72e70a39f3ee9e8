// What a scan means where things stand. It charges an armed amount, or with a trigger scanner the
// typed one once it can be believed; everywhere else it is answered with what to do, and a bill's
// barcode is asked about. A code still lying under the scanner after it was paid is let go.

import type { Desk } from "./desk";
import { entryKeys } from "./hand";
import type { Scan, Stroke } from "./keys";
import type { Entry } from "./money";
import { totalFen } from "./money";
import type { Mode } from "./plate";
import { SAME_CODE_MS, isBill, printOf, typedTrail } from "./trigger";

export interface Scanning {
  /** Takes in a stroke that types an amount, and tells whether it is a finger's; `before` is the
   * amount it found. */
  typed(stroke: Stroke, before: Entry, atMs: number): boolean;
  /** Takes in a stroke where no amount can be typed: the rest of that amount is let go with it. */
  missed(stroke: Stroke, atMs: number): void;
  /** `seen` says whether the amount stood on the screen as the scan came. */
  scan(read: Scan, mode: Mode, seen: boolean): void;
  /** Notes the code that is handed in, by its print. */
  handedIn(authCode: string): void;
  /** Notes that the attempt in front was seen paid. */
  paid(): void;
  remember(): () => void;
}

/** So long after part of a code was read, digits are most likely the rest of it. */
const REST_MS = 1_500;
/** Keys no further apart than this are taken or let go together: half an amount is worse than none. */
const TOGETHER_MS = 600;

export interface Charging {
  submit(authCode: string): void;
  askBill(code: string): void;
  /** Puts the amount where it can be believed. */
  correct(entry: Entry): void;
}

export function scanning({ hand, view, hint }: Desk, charging: Charging): Scanning {
  const trail = typedTrail();
  const last = { print: -1, paidMs: Number.NEGATIVE_INFINITY };

  let restUntilMs = Number.NEGATIVE_INFINITY;
  let missedUntilMs = Number.NEGATIVE_INFINITY;

  function typed(stroke: Stroke, before: Entry, atMs: number): boolean {
    if (stroke.kind !== "back" && atMs < missedUntilMs) {
      missedUntilMs = atMs + TOGETHER_MS;
      hint("typed_too_soon");
      return false;
    }
    if (stroke.kind !== "back" && atMs < restUntilMs) {
      restUntilMs = Math.max(restUntilMs, atMs + TOGETHER_MS);
      hint("type_again");
      return false;
    }
    trail.typed(stroke, before, atMs);
    return true;
  }

  function missed(stroke: Stroke, atMs: number): void {
    if (entryKeys(stroke).length > 0) missedUntilMs = atMs + TOGETHER_MS;
  }

  function lyingStill({ text, firstMs }: Scan): boolean {
    return printOf(text) === last.print && firstMs - last.paidMs < SAME_CODE_MS;
  }

  /** Digits before the scan were its own, and what came of it is half a code. */
  function armed({ text }: Scan): void {
    if (hand.typedCode === "") return charging.submit(text);
    hand.typedCode = "";
    hint("scan_again");
  }

  function typing(read: Scan): void {
    const zero = totalFen(hand.entry) === 0;
    const trigger = view()?.settings.scanner === "trigger";
    if (isBill(read.text) && (zero || !trigger)) return charging.askBill(read.text);
    if (zero) return hint("amount_first");
    const verdict = trail.judge(read, hand.entry);
    if (verdict.kind === "check" && totalFen(verdict.entry) === 0) {
      charging.correct(verdict.entry);
      return hint("type_again");
    }
    if (!trigger) {
      if (verdict.kind !== "check") return hint("arm_first");
      const changed = totalFen(verdict.entry) !== totalFen(hand.entry);
      charging.correct(verdict.entry);
      return hint(changed ? "check_amount" : "arm_first");
    }
    switch (verdict.kind) {
      case "charge":
        return hand.doubtful ? hint("check_amount") : charging.submit(read.text);
      case "again":
        return hint("look_first");
      case "check":
        charging.correct(verdict.entry);
        hand.doubtful = true;
        return hint("check_amount");
    }
  }

  /** Nobody looked at the amount: it comes to the screen, and the next scan charges it. */
  function unseen(): void {
    hand.typedCode = "";
    hint(totalFen(hand.entry) === 0 ? "amount_first" : "look_first");
  }

  function otherwise(read: Scan, mode: Mode): void {
    const bill = isBill(read.text);
    switch (mode) {
      case "typing":
        return typing(read);
      case "armed":
        return armed(read);
      case "ended":
        if (bill) return charging.askBill(read.text);
        return hint(view()?.front?.state === "paid" ? "already_paid" : "arm_first");
      case "waiting":
      case "held":
        return bill ? charging.askBill(read.text) : hint("waiting_ignores_scan");
      case "cash_taken":
        return bill ? charging.askBill(read.text) : hint("nothing_to_charge");
      case "sending":
        return hint("waiting_ignores_scan");
      case "cash":
        return hint("cash_open");
      case "large":
      case "question":
        return hint("answer_first");
    }
  }

  return {
    typed,
    missed,
    scan(read, mode, seen) {
      restUntilMs = read.ended ? Number.NEGATIVE_INFINITY : performance.now() + REST_MS;
      const charges = mode === "armed" || mode === "typing";
      if (charges && lyingStill(read)) return hint("same_code");
      if (charges && !seen && !isBill(read.text)) return unseen();
      return otherwise(read, mode);
    },
    handedIn(authCode) {
      last.print = printOf(authCode);
      last.paidMs = Number.NEGATIVE_INFINITY;
    },
    paid() {
      last.paidMs = performance.now();
    },
    remember: trail.remember,
  };
}
