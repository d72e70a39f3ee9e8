// Amounts: whole fen, read from text and written as text, never through a fraction.

/** What the cashier has typed: amounts already added, and the digits of the one being typed. */
export interface Entry {
  readonly terms: readonly number[];
  /** Such as `12`, `12.` or `12.5`; empty when nothing is typed. */
  readonly digits: string;
  /** Whether digits without a dot are fen: 1250 for 12.50. */
  readonly implied: boolean;
}

export type EntryKey = { kind: "digit"; digit: string } | { kind: "dot" | "back" | "plus" };

export type EntryRefusal = "third_decimal" | "above_limit";

/** No amount that a person types is longer; a payment code is. */
const MOST_DIGITS = 7;

export const NOTHING: Entry = { terms: [], digits: "", implied: false };

/** Returns an entry with nothing typed, read as the store types. */
export function nothing(implied: boolean): Entry {
  return { ...NOTHING, implied };
}

/** Applies one key. A refused key leaves the entry as it was and says why. */
export function press(
  entry: Entry,
  key: EntryKey,
  limitFen: number,
): { entry: Entry; refusal: EntryRefusal | null } {
  switch (key.kind) {
    case "digit":
      return pressDigit(entry, key.digit, limitFen);
    case "dot": {
      if (entry.digits.includes(".")) return kept(entry);
      // A dot says yuan, whatever the store's habit.
      return kept({ ...entry, digits: `${entry.digits === "" ? "0" : entry.digits}.` });
    }
    case "back":
      return kept(back(entry));
    case "plus": {
      const fen = fenOf(entry);
      if (fen === 0) return kept(entry);
      return kept({ ...entry, terms: [...entry.terms, fen], digits: "" });
    }
  }
}

export function totalFen(entry: Entry): number {
  return entry.terms.reduce((sum, fen) => sum + fen, fenOf(entry));
}

/** Returns an entry that stands at an amount. */
export function entryOf(amountFen: number): Entry {
  return { terms: [], digits: plain(amountFen), implied: false };
}

/** Returns `12.50`. */
export function plain(amountFen: number): string {
  const text = String(Math.abs(amountFen)).padStart(3, "0");
  const sign = amountFen < 0 ? "-" : "";
  return `${sign}${text.slice(0, -2)}.${text.slice(-2)}`;
}

/** Returns `12,345.67`. */
export function grouped(amountFen: number): string {
  const [yuan = "0", fen = "00"] = plain(amountFen).split(".");
  return `${yuan.replace(/\B(?=(\d{3})+$)/g, ",")}.${fen}`;
}

/** Returns `¥12,345.67`. */
export function yuan(amountFen: number): string {
  return `¥${grouped(amountFen)}`;
}

/** Returns how much of `grouped(total)` has been typed, so that the rest can be shown pale. */
export function typedLength(entry: Entry): number {
  const full = grouped(totalFen(entry));
  if (entry.terms.length > 0) return full.length;
  if (entry.digits === "") return 0;
  const decimals = entry.digits.split(".")[1];
  if (decimals === undefined) return entry.implied ? full.length : full.length - 3;
  return full.length - 2 + decimals.length;
}

function pressDigit(entry: Entry, digit: string, limitFen: number): ReturnType<typeof press> {
  const [, decimals] = entry.digits.split(".");
  if (decimals !== undefined && decimals.length >= 2) return { entry, refusal: "third_decimal" };
  const digits = (entry.digits + digit).replace(/^0+(?=\d)/, "");
  const typed = { ...entry, digits };
  if (significant(digits) > MOST_DIGITS || totalFen(typed) > limitFen) return { entry, refusal: "above_limit" };
  return kept(typed);
}

function significant(digits: string): number {
  return digits.replace(".", "").replace(/^0+/, "").length;
}

function back(entry: Entry): Entry {
  if (entry.digits !== "") return { ...entry, digits: entry.digits.slice(0, -1) };
  const last = entry.terms.at(-1);
  if (last === undefined) return entry;
  const digits = entry.implied ? String(last) : plain(last);
  return { ...entry, terms: entry.terms.slice(0, -1), digits };
}

function kept(entry: Entry): { entry: Entry; refusal: null } {
  return { entry, refusal: null };
}

function fenOf({ digits, implied }: Entry): number {
  if (implied && !digits.includes(".")) return Number(digits);
  const [yuanText = "", fenText = ""] = digits.split(".");
  return Number(yuanText + fenText.padEnd(2, "0"));
}
