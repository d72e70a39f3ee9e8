// What a storm strikes: a random mixture of fingers and a stumbling scanner, the same for the same
// seed. The kinds of act are those of the storms in the real window.

import type { ScannerKind } from "../src/bindings/ScannerKind";

/** One key, so long after the one before. */
export interface Blow {
  key: string;
  code: string;
  afterMs: number;
}

export interface Scanned {
  kind: "scan";
  /** A payment code, or null where it is none. */
  code: string | null;
  blows: readonly Blow[];
}

export type Act =
  | { kind: "amount"; text: string; blows: readonly Blow[] }
  | { kind: "press"; key: string; blows: readonly Blow[] }
  | Scanned;

type Chance = (below: number) => number;

/** Numbers from 0 up to the bound, the same for the same seed. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

const NO_CODES = [
  "6901234567892",
  "69012341",
  "https://qr.alipay.com/fkx00000abcdefgh1234567",
  "wxp://f2f0AbCdEfGhIjKlMn",
  "SKU-0042-abC",
  "2881234567",
  "6212345678901234567",
  "81012345678901",
] as const;

const ENDINGS = [["Enter"], ["Enter"], ["Enter"], ["Enter", "Enter"], ["LF"], ["Tab"], []] as const;

const MAIN: Readonly<Record<string, string>> = {
  ".": "Period",
  "-": "Minus",
  "/": "Slash",
  ":": "Semicolon",
  Enter: "Enter",
  Tab: "Tab",
};
const PAD: Readonly<Record<string, string>> = {
  ".": "NumpadDecimal",
  "-": "NumpadSubtract",
  "/": "NumpadDivide",
};

function onMain(key: string, afterMs: number): Blow {
  const letter = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : undefined;
  const digit = /^\d$/.test(key) ? `Digit${key}` : undefined;
  return { key, code: letter ?? digit ?? MAIN[key] ?? key, afterMs };
}

function onPad(key: string, afterMs: number): Blow {
  return { key, code: /^\d$/.test(key) ? `Numpad${key}` : (PAD[key] ?? key), afterMs };
}

/** Draws the storm of a seed. */
export function stormOf(seed: number, scanner: ScannerKind): Act[] {
  const next = chance(seed * 2 + (scanner === "box" ? 0 : 1));
  const acts: Act[] = [];
  const shown: string[] = [];

  function amount(): void {
    const [yuan, fen] = [next(90), next(100)];
    const text = [`${yuan + 1}`, `${yuan}.${1 + (fen % 9)}`][next(5)] ?? `${yuan}.${String(Math.max(fen, 1)).padStart(2, "0")}`;
    const strike = next(2) === 0 ? onPad : onMain;
    const everyMs = 52 + next(70);
    acts.push({ kind: "amount", text, blows: [...text].map((key) => strike(key, everyMs + next(8))) });
  }

  function press(key: string, afterMs: number): void {
    acts.push({ kind: "press", key, blows: [onMain(key, afterMs)] });
  }

  /** The last digit of a code says what becomes of its payment. */
  function customer(): string {
    const digits = String(next(10_000_000)).padStart(7, "0") + String(next(100_000_000)).padStart(8, "0");
    const code = `28${digits}${[2, 2, 1, 6, 7, 8, 9, 0, 6, 7][next(10)] ?? 0}`;
    shown.push(code);
    return code;
  }

  function scan(text: string, code: string | null, stumbles: boolean): void {
    const paceMs = [1, 2, 2, 5, 5, 10, 25][next(7)] ?? 5;
    const gapsMs = Array.from({ length: 60 }, () => paceMs + (next(6) === 0 ? next(10) : 0));
    if (stumbles) {
      for (let left = next(3); left >= 0; left -= 1) gapsMs[1 + next(17)] = 10 + next(391);
    }
    const afterMs = [5 + next(100), 100 + next(400)][next(4)] ?? 610 + next(80);
    const keys = [...text, ...(ENDINGS[next(7)] ?? [])];
    const blows = keys.map((key, i) => onMain(key, i === 0 ? afterMs : (gapsMs[i] ?? paceMs)));
    acts.push({ kind: "scan", code, blows });
  }

  function interleaved(): void {
    const [one, other] = [customer(), customer()];
    scan([...one].map((sign, i) => sign + other.charAt(i)).join(""), null, false);
  }

  function nonsense(rarity: number): void {
    if (next(rarity) > 0) return;
    switch (next(14)) {
      case 0:
      case 1:
        acts.push({ kind: "press", key: "Enter", blows: Array.from({ length: 10 }, () => onMain("Enter", 10)) });
        return;
      case 2:
      case 3:
        return press("CapsLock", 60);
      case 4:
      case 5:
      case 6:
        return scan(NO_CODES[next(8)] ?? "", null, next(2) === 1);
      case 7:
        return amount();
      case 8: {
        const code = customer();
        return scan(code, code, true);
      }
      case 9:
        return press("Escape", 60 + next(200));
      case 10:
        return press("Backspace", 60 + next(200));
      case 11:
        return press("-", 60 + next(200));
      case 12:
        return press("/", 60 + next(200));
      default:
        return press("F3", 60 + next(200));
    }
  }

  function oneSale(): void {
    nonsense(4);
    if (next(8) > 0) amount();
    nonsense(5);
    if (scanner === "box" ? next(6) > 0 : next(8) === 0) press("Enter", 60 + next(300));
    nonsense(6);
    const drawn = next(12);
    const earlier = shown[next(Math.max(shown.length, 1))];
    if (drawn === 0) interleaved();
    else if (drawn === 6 && earlier !== undefined) scan(earlier, earlier, false);
    else {
      const code = customer();
      scan(code, code, drawn >= 3 && drawn <= 5);
      if (drawn === 1 || drawn === 2) scan(code, code, false);
    }
    nonsense(5);
  }

  for (let sales = next(2); sales >= 0; sales -= 1) oneSale();
  return acts;
}

/** How an amount may be typed: `12.50`, `12.5`, `12` or `.50`. */
function spellings(amountFen: number): string[] {
  const [whole, fen] = [String(Math.floor(amountFen / 100)), amountFen % 100];
  const parts = [`.${String(fen).padStart(2, "0")}`];
  if (fen % 10 === 0) parts.push(`.${fen / 10}`);
  if (fen === 0) parts.push(".", "");
  return (whole === "0" ? ["", "0"] : [whole]).flatMap((yuan) => parts.map((part) => yuan + part));
}

/** Whether the amount can stand on the screen from the fingers' own keys: pieces of what they
 * typed, in their order. A scanner's digit makes another. */
export function isTyped(acts: readonly Act[], amountFen: number): boolean {
  const typed = acts.flatMap((act) => (act.kind === "amount" ? [act.text] : []));
  return spellings(amountFen).some((spelling) => {
    const reached = new Set([0]);
    for (const text of typed) {
      for (const from of [...reached]) {
        for (let to = from + 1; to <= spelling.length; to += 1) {
          if (text.includes(spelling.slice(from, to))) reached.add(to);
        }
      }
    }
    return reached.has(spelling.length);
  });
}
