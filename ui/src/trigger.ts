// A scan that charges without a key press, and what keeps a stumbling scanner from changing what it
// charges. The first digits of a code may come so long before the rest that they were typed into
// the amount. A scan is therefore believed only after the amount has stood a while, and a scan
// whose head is found at the amount's end takes that head back out. Moments are the keys' own.

import type { Scan, Stroke } from "./keys";
import type { Entry } from "./money";

/** So long an amount must have stood before a scan charges it. */
export const STANDS_MS = 600;
/** So long after Paid a code that is read again is still lying under the scanner. */
export const SAME_CODE_MS = 3_000;
const MOST_STRAY = 24;
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

/** Whether text is the barcode of a customer's bill: our number for an attempt. */
export function isBill(text: string): boolean {
  return /^90\d{26}$/.test(text);
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

export function typedTrail(): TypedTrail {
  let digits: readonly Typed[] = [];
  let changedMs = Number.NEGATIVE_INFINITY;

  /** The amount before digits that make the scan a whole one, if there are such. Most codes have
   * 18 digits, so a head that makes it so is believed before a longer one. */
  function beforeHead(text: string): Entry | null {
    const heads = digits.map((_, i) => digits.slice(i));
    const lengthOf = (head: readonly Typed[]): number => head.length + text.length;
    const whole = heads.filter((head) =>
      isWhole(head.map(({ digit }) => digit).join("") + text),
    );
    const likely = whole.find((head) => lengthOf(head) === USUAL_LENGTH) ?? whole[0];
    return likely?.[0]?.before ?? null;
  }

  return {
    typed(stroke, before, atMs) {
      changedMs = atMs;
      const begins = before.digits === "" && before.terms.length === 0;
      if (stroke.kind !== "digit" || begins) digits = [];
      if (stroke.kind === "digit") digits = [...digits, { digit: stroke.digit, before }].slice(-MOST_STRAY);
    },
    judge({ text, firstMs, lead }, entry) {
      const whole = isWhole(text);
      const fresh = firstMs - changedMs < STANDS_MS;
      if (!whole || fresh) {
        const before = beforeHead(text);
        if (before !== null) return { kind: "check", entry: before };
      }
      if (lead > 0 && isWhole(text.slice(lead))) return { kind: "check", entry };
      if (!fresh) return { kind: "charge" };
      return whole ? { kind: "again" } : { kind: "check", entry };
    },
    remember() {
      const kept = { digits, changedMs };
      return () => ({ digits, changedMs } = kept);
    },
  };
}
