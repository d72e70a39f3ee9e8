// A scan that charges without a key press, and what keeps a stumbling scanner from changing what it
// charges. The first digits of a code may come so long before the rest that they were typed into
// the amount. A scan is therefore believed only after the amount has stood a while, and a scan
// whose head is found at the amount's end takes that head back out. Moments are the keys' own.

import { SCAN_GAP_MS } from "./keys";
import type { Scan, Stroke } from "./keys";
import type { Entry } from "./money";

/** So long an amount must have stood before a scan charges it: a scanner that stumbles pauses less. */
export const STANDS_MS = 600;
/** So long after Paid a code that is read again is still lying under the scanner. */
export const SAME_CODE_MS = 3_000;
/** So long after its first digits the rest of a code may still come. */
const HEAD_MS = 2_000;
const MOST_STRAY = 24;
const MOST_TYPED = 64;
const USUAL_LENGTH = 18;

export type ScanVerdict =
  | { kind: "charge" }
  /** The amount has only just changed, and most likely by hand. */
  | { kind: "again" }
  /** The amount may be wrong; it stands as given here until the cashier confirms it. */
  | { kind: "check"; entry: Entry };

export interface Typed {
  digit: string;
  /** The amount before the digit. */
  before: Entry;
  atMs: number;
}

/** A change of the amount by a key. */
interface Change {
  before: Entry;
  atMs: number;
}

export interface TypedTrail {
  /** Takes in a stroke that types; `before` is the amount it found. */
  typed(stroke: Stroke, before: Entry, atMs: number): void;
  judge(scan: Scan, entry: Entry): ScanVerdict;
  /** Returns what to put back when a scan is taken back. */
  remember(): () => void;
}

/** Whether text is a whole payment code: WeChat's 18 digits or Alipay's 16 to 24. */
export function isPaymentCode(text: string): boolean {
  return /^(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})$/.test(text);
}

/** Whether text is a code of the usual length; a rest of a longer one that reads like it is rare. */
export function isUsualCode(text: string): boolean {
  return text.length === USUAL_LENGTH && isPaymentCode(text);
}

/** Whether text is the barcode of a customer's bill: our number for an attempt, or for a sale in
 * cash. */
export function isBill(text: string): boolean {
  return /^90\d{26}$/.test(text) || isCashBill(text);
}

function isCashBill(text: string): boolean {
  return /^91\d{18}$/.test(text);
}

/** Whether text is something that scanners read whole: a payment code, a bill, a product. */
export function isWhole(text: string): boolean {
  return isPaymentCode(text) || isBill(text) || /^69\d{11}$/.test(text);
}

/** Returns a number that tells codes apart and from which no code can be read. */
export function printOf(text: string): number {
  let print = 0x811c9dc5;
  for (const c of text) print = Math.imul(print ^ (c.codePointAt(0) ?? 0), 0x01000193);
  return print >>> 0;
}

/** Returns what a reader read if what was typed last was the beginning of it. */
function readWith(head: readonly Typed[], text: string): string {
  return head.map(({ digit }) => digit).join("") + text;
}

/** Whether no finger struck these digits. */
function isHurried(head: readonly Typed[]): boolean {
  return head.every(({ atMs }, i) => i === 0 || atMs - (head[i - 1]?.atMs ?? atMs) <= SCAN_GAP_MS);
}

export function typedTrail(): TypedTrail {
  let digits: readonly Typed[] = [];
  let changes: readonly Change[] = [];
  let changedMs = Number.NEGATIVE_INFINITY;

  /** What was typed last, in every length. */
  function heads(): (readonly Typed[])[] {
    return digits.map((_, i) => digits.slice(i));
  }

  /** The amount before digits that make the scan a whole one, if there are such. Most codes have
   * 18 digits, so a head that makes it so is believed before a longer one. A payment code behind
   * an amount that ends in 91 looks like cash's number: there nothing is believed. */
  function beforeHead(text: string, firstMs: number): Entry | null {
    if (firstMs - (digits.at(-1)?.atMs ?? 0) > HEAD_MS) return null;
    const lengthOf = (head: readonly Typed[]): number => head.length + text.length;
    const whole = heads().filter((head) => {
      const code = readWith(head, text);
      return isWhole(code) && !(isCashBill(code) && isPaymentCode(text));
    });
    const likely = whole.find((head) => lengthOf(head) === USUAL_LENGTH) ?? whole[0];
    const first = likely?.[0];
    if (first === undefined) return null;
    const earlier = changes.slice(0, changes.findIndex(({ before }) => before === first.before));
    return beforeChain(earlier, first.atMs, first.before);
  }

  /** The amount before the keys that ran into what came then, none of them a stumble's length from
   * the next. */
  function beforeChain(earlier: readonly Change[], thenMs: number, entry: Entry): Entry {
    let [before, nextMs] = [entry, thenMs];
    for (const change of [...earlier].reverse()) {
      if (nextMs - change.atMs >= STANDS_MS) break;
      [before, nextMs] = [change.before, change.atMs];
    }
    return before;
  }

  /** Whether a payment code may be the rest of a bill in cash whose head came into the amount. */
  function mayEndCashBill(text: string, fresh: boolean): boolean {
    const cash = heads().filter((head) => isCashBill(readWith(head, text)));
    return cash.some((head) => fresh || isHurried(head));
  }

  return {
    typed(stroke, before, atMs) {
      changedMs = atMs;
      changes = [...changes, { before, atMs }].slice(-MOST_TYPED);
      const begins = before.digits === "" && before.terms.length === 0;
      if (stroke.kind !== "digit" || begins) digits = [];
      if (stroke.kind === "digit") digits = [...digits, { digit: stroke.digit, before, atMs }].slice(-MOST_STRAY);
    },
    judge({ text, firstMs, lead }, entry) {
      const whole = isWhole(text);
      const fresh = firstMs - changedMs < STANDS_MS;
      if (!whole || fresh) {
        const before = beforeHead(text, firstMs);
        if (before !== null) return { kind: "check", entry: before };
      }
      if (mayEndCashBill(text, fresh)) return { kind: "check", entry };
      if (lead > 0 && isWhole(text.slice(lead))) return { kind: "check", entry };
      if (!fresh) return { kind: "charge" };
      return whole ? { kind: "again" } : { kind: "check", entry: beforeChain(changes, firstMs, entry) };
    },
    remember() {
      const kept = { digits, changes, changedMs };
      return () => ({ digits, changes, changedMs } = kept);
    },
  };
}
