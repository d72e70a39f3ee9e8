// What a key means: by its character where it has one, else by its place, as under an input
// method. A store may put an act on another key; the key it had before then means nothing, but for
// Enter, which confirms whatever is asked.

import type { KeyAct } from "./bindings/KeyAct";
import type { KeyView } from "./bindings/KeyView";

export type Stroke =
  | { kind: "digit"; digit: string }
  | { kind: "dot" }
  | { kind: "double_zero" }
  | { kind: "back" }
  | { kind: "enter" }
  | { kind: "plus" }
  | { kind: "minus" }
  | { kind: "star" }
  | { kind: "ask" }
  | { kind: "cash" }
  | { kind: "goods" }
  | { kind: "refund" }
  | { kind: "orders" }
  | { kind: "receipt" }
  | { kind: "practice" }
  | { kind: "health" }
  | { kind: "open_items" }
  | { kind: "aside" }
  | { kind: "bring_back" }
  | { kind: "up" }
  | { kind: "down" }
  | { kind: "escape" };

const ACTS: Readonly<Record<KeyAct, { stroke: Stroke; label: string }>> = {
  collect: { stroke: { kind: "enter" }, label: "Enter" },
  show: { stroke: { kind: "star" }, label: "*" },
  ask: { stroke: { kind: "ask" }, label: "/" },
  cancel: { stroke: { kind: "minus" }, label: "−" },
  aside: { stroke: { kind: "aside" }, label: "F6" },
  cash: { stroke: { kind: "cash" }, label: "F9" },
  orders: { stroke: { kind: "orders" }, label: "F3" },
  receipt: { stroke: { kind: "receipt" }, label: "F7" },
  practice: { stroke: { kind: "practice" }, label: "F10" },
  health: { stroke: { kind: "health" }, label: "F1" },
  open_items: { stroke: { kind: "open_items" }, label: "F5" },
};

const BY_CODE: Readonly<Record<string, Stroke>> = {
  NumpadDecimal: { kind: "dot" },
  Period: { kind: "dot" },
  Backspace: { kind: "back" },
  Enter: { kind: "enter" },
  NumpadEnter: { kind: "enter" },
  NumpadAdd: { kind: "plus" },
  NumpadSubtract: { kind: "minus" },
  Minus: { kind: "minus" },
  NumpadMultiply: { kind: "star" },
  NumpadDivide: { kind: "ask" },
  Slash: { kind: "ask" },
  F1: { kind: "health" },
  F2: { kind: "refund" },
  F3: { kind: "orders" },
  F4: { kind: "goods" },
  F5: { kind: "open_items" },
  F6: { kind: "aside" },
  F7: { kind: "receipt" },
  F10: { kind: "practice" },
  F8: { kind: "ask" },
  F9: { kind: "cash" },
  ArrowUp: { kind: "up" },
  ArrowDown: { kind: "down" },
  Escape: { kind: "escape" },
};

const BY_KEY: Readonly<Record<string, Stroke>> = {
  ".": { kind: "dot" },
  "+": { kind: "plus" },
  "-": { kind: "minus" },
  "*": { kind: "star" },
  "/": { kind: "ask" },
  Backspace: { kind: "back" },
  Enter: { kind: "enter" },
  F1: { kind: "health" },
  F2: { kind: "refund" },
  F3: { kind: "orders" },
  F4: { kind: "goods" },
  F5: { kind: "open_items" },
  F6: { kind: "aside" },
  F7: { kind: "receipt" },
  F10: { kind: "practice" },
  F8: { kind: "ask" },
  F9: { kind: "cash" },
  ArrowUp: { kind: "up" },
  ArrowDown: { kind: "down" },
  Escape: { kind: "escape" },
};

/** Keys that type or confirm everywhere and carry no other act. */
const FIXED = /^(?:(?:Digit|Numpad)[0-9]|NumpadDecimal|Backspace|Escape|Tab|Enter)$/;

/** Characters of a scanner's keys by their place, where an input method hides them. */
const CHARACTERS: Readonly<Record<string, readonly [string, string]>> = {
  Minus: ["-", "_"],
  Equal: ["=", "+"],
  BracketLeft: ["[", "{"],
  BracketRight: ["]", "}"],
  Backslash: ["\\", "|"],
  Semicolon: [";", ":"],
  Quote: ["'", '"'],
  Comma: [",", "<"],
  Period: [".", ">"],
  Slash: ["/", "?"],
  Backquote: ["`", "~"],
};

const SHIFTED_DIGITS = ")!@#$%^&*(";

/** Reads a key; null where it means nothing to the till. */
export function strokeOf(event: KeyboardEvent, moved: readonly KeyView[]): Stroke | null {
  const chosen = moved.find(({ code }) => code === event.code && !FIXED.test(code));
  if (chosen !== undefined) {
    if (chosen.act === "aside" && event.shiftKey) return { kind: "bring_back" };
    return ACTS[chosen.act].stroke;
  }
  const stroke = usualStroke(event);
  if (stroke === null || stroke.kind === "enter") return stroke;
  return moved.some(({ act }) => ACTS[act].stroke.kind === stroke.kind) ? null : stroke;
}

/** Whether it is the key that ends a scan. */
export function isEnter(event: KeyboardEvent): boolean {
  return event.key === "Enter" || event.code === "Enter" || event.code === "NumpadEnter";
}

/** Whether a scanner may end a code with it in place of Enter: Tab, or a bare CR or LF. */
export function isOtherEnd(event: KeyboardEvent): boolean {
  return event.key === "Tab" || (event.ctrlKey && /^Key[JM]$/.test(event.code));
}

/** Returns the character that a scanner would mean by the key. */
export function characterOf(event: KeyboardEvent, stroke: Stroke | null): string | null {
  if (stroke?.kind === "digit") return stroke.digit;
  if (event.key === " ") return null;
  if (event.key.length === 1) return event.key;
  const hidden = event.isComposing || event.key === "Process" || event.key === "Unidentified";
  return hidden ? placed(event.code, event.shiftKey) : null;
}

/** Returns what stands on the key of an act. */
export function keyOf(act: KeyAct, moved: readonly KeyView[]): string {
  const chosen = moved.find((key) => key.act === act && !FIXED.test(key.code));
  return chosen === undefined ? ACTS[act].label : labelOf(chosen.code);
}

function labelOf(code: string): string {
  const stroke = BY_CODE[code];
  if (code.startsWith("Numpad") && stroke !== undefined) {
    const shown = Object.values(ACTS).find((act) => act.stroke.kind === stroke.kind);
    return shown?.label ?? (stroke.kind === "plus" ? "+" : code.slice("Numpad".length));
  }
  return placed(code, false)?.toUpperCase() ?? code;
}

/** The numeric pad types digits whether Num Lock is on or not. */
function usualStroke(event: KeyboardEvent): Stroke | null {
  const pad = /^Numpad([0-9])$/.exec(event.code)?.[1];
  if (pad !== undefined) return { kind: "digit", digit: pad };
  if (event.shiftKey && (event.code === "F6" || event.key === "F6")) return { kind: "bring_back" };
  const named = BY_KEY[event.key];
  if (named !== undefined) return named;
  const digit = digitOf(event);
  if (digit !== null) return { kind: "digit", digit };
  if (event.shiftKey) return null;
  return BY_CODE[event.code] ?? null;
}

function digitOf(event: KeyboardEvent): string | null {
  const place = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  if (place !== undefined && (!event.shiftKey || event.code.startsWith("Numpad"))) return place;
  return /^[0-9]$/.test(event.key) ? event.key : null;
}

function placed(code: string, shifted: boolean): string | null {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) return shifted ? letter : letter.toLowerCase();
  const digit = /^Digit([0-9])$/.exec(code)?.[1];
  if (digit !== undefined) return shifted ? SHIFTED_DIGITS.charAt(Number(digit)) : digit;
  return CHARACTERS[code]?.[shifted ? 1 : 0] ?? null;
}
