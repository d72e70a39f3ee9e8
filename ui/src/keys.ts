// Reads the keyboard: a cashier's fingers and a scanner that types.
//
// Keys are taken at the window, by their place and not through a text field, so that a Chinese
// input method cannot swallow them. A scanner is told from fingers by its pace, measured when the
// keys were struck and not when the page came to them. Keys that follow each other closely are one
// run, a stumbling scanner's too. What a run typed before it was known to be a scan is taken back
// (`rollBack`), and its own Enter never acts.

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
  | { kind: "orders" }
  | { kind: "aside" }
  | { kind: "bring_back" }
  | { kind: "up" }
  | { kind: "down" }
  | { kind: "escape" };

export interface Listener {
  /** A run begins with the next stroke: remember where things stand. */
  runBegins(): void;
  stroke(stroke: Stroke): void;
  /** The run turned out to be a scan: go back to where things stood. */
  rollBack(): void;
  scan(text: string): void;
  /** Whether fingers may type a payment code where things stand. */
  takesTypedCode(): boolean;
}

export interface Reader {
  keydown(event: KeyboardEvent): void;
  stop(): void;
}

/** Scanners send a key every 1 to 30 ms; fingers are slower than this. */
export const SCAN_GAP_MS = 50;
/** A pause this long ends what fingers type. */
export const RUN_END_MS = 250;
/** A pause this long ends what came at a scanner's pace, and a scan that ends without Enter. */
export const SCAN_END_MS = 600;
/** A timer this late means that the page was held up. */
const HELD_UP_MS = 100;
/** So long after a scan that was handed on without its Enter, an Enter is still the scanner's. */
const LATE_ENTER_MS = 1_000;
const SCAN_LENGTH = 10;
/** So many keys at a scanner's pace are a scan that may stumble, and with Enter at their end one
 * that is whole: an EAN-8 or a stub. */
const SHORT_SCAN_LENGTH = 6;
/** Fingers may roll over two or three keys, so a command key this early at a fast pace still acts. */
const ROLL_LENGTH = 3;

interface Run {
  text: string;
  lastMs: number;
  /** Keys up to the last one at a scanner's pace. */
  fast: number;
  /** Keys up to the last one without a dot or a plus between, at any pace. */
  unbroken: number;
  /** A key was among them that means nothing to the till, such as a letter. */
  foreign: boolean;
  isScan: boolean;
  /** The scan was handed on; what still comes of it is dropped. */
  delivered: boolean;
}

/** A scanner on a slow line stumbles within a code; fingers that pause have finished. */
function endsAfterMs({ isScan, fast }: Run): number {
  return isScan || fast >= SHORT_SCAN_LENGTH ? SCAN_END_MS : RUN_END_MS;
}

export function reader(listener: Listener, nowMs: () => number): Reader {
  let run: Run | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Until when an Enter belongs to a scan that came without one. */
  let lateEnterMs = 0;

  /** Waits for the end of a scan without Enter. A page that was held up hears of keys late: then
   * the wait begins again, or half a code would be handed on while the rest is in the queue. */
  function deliverSoon(): void {
    clearTimeout(timer);
    const dueMs = nowMs() + SCAN_END_MS;
    timer = setTimeout(() => (nowMs() > dueMs + HELD_UP_MS ? deliverSoon() : deliver()), SCAN_END_MS);
  }

  function deliver(): void {
    clearTimeout(timer);
    if (run === null || !run.isScan || run.delivered) return;
    run.delivered = true;
    listener.scan(run.text);
  }

  function end(): void {
    deliver();
    run = null;
  }

  function endWithoutEnter(ended: Run): void {
    if (ended.isScan) lateEnterMs = ended.lastMs + LATE_ENTER_MS;
    end();
  }

  function becomeScan(current: Run): void {
    if (current.isScan) return;
    current.isScan = true;
    listener.rollBack();
  }

  /** A code has no dot and no plus, and no amount has ten digits. */
  function looksLikeScan({ fast, unbroken }: Run): boolean {
    return fast >= SCAN_LENGTH || (unbroken >= SCAN_LENGTH && !listener.takesTypedCode());
  }

  function enter(gapMs: number, atMs: number): void {
    if (run === null && atMs < lateEnterMs) return;
    if (run !== null) {
      if (gapMs <= SCAN_GAP_MS && run.fast >= SHORT_SCAN_LENGTH) becomeScan(run);
      if (run.isScan) return end();
    }
    run = null;
    listener.stroke({ kind: "enter" });
  }

  function character(typed: string, stroke: Stroke | null, atMs: number): void {
    if (run === null) {
      run = {
        text: "",
        lastMs: atMs,
        fast: 0,
        unbroken: 0,
        foreign: false,
        isScan: false,
        delivered: false,
      };
      listener.runBegins();
    }
    if (run.delivered) {
      run.lastMs = atMs;
      return;
    }
    run.fast = atMs - run.lastMs <= SCAN_GAP_MS ? run.fast + 1 : 1;
    run.unbroken = stroke?.kind === "dot" || stroke?.kind === "plus" ? 0 : run.unbroken + 1;
    run.foreign ||= stroke === null;
    run.text += typed;
    run.lastMs = atMs;
    if (looksLikeScan(run)) becomeScan(run);
    if (run.isScan) {
      return deliverSoon();
    }
    if (stroke === null) return;
    if (canBeTakenBack(stroke)) return listener.stroke(stroke);
    if (run.fast > ROLL_LENGTH || run.foreign) return;
    run = null;
    listener.stroke(stroke);
  }

  return {
    keydown(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const stroke = strokeOf(event);
      const typed = typedBy(event, stroke);
      if (stroke === null && typed === null) return;
      const atMs = event.timeStamp > 0 ? event.timeStamp : nowMs();
      const gapMs = run === null ? 0 : atMs - run.lastMs;
      if (run !== null && gapMs >= endsAfterMs(run)) endWithoutEnter(run);
      if (leftToTheFocus(event, stroke)) return;
      event.preventDefault();
      if (event.repeat && stroke?.kind !== "back") return;

      if (stroke?.kind === "enter") return enter(gapMs, atMs);
      if (typed !== null) return character(typed, stroke, atMs);
      if (stroke === null) return;
      if (run !== null && !run.isScan) run = null;
      listener.stroke(stroke);
    },
    stop() {
      clearTimeout(timer);
      run = null;
    },
  };

  /** Enter acts on a button that was reached with Tab, unless a scanner sent it. */
  function leftToTheFocus(event: KeyboardEvent, stroke: Stroke | null): boolean {
    if (stroke?.kind !== "enter" || run !== null) return false;
    return event.target instanceof HTMLButtonElement;
  }
}

/** Whether rolling back undoes all that the stroke does. */
function canBeTakenBack({ kind }: Stroke): boolean {
  return kind === "digit" || kind === "dot" || kind === "plus";
}

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
  F3: { kind: "orders" },
  F6: { kind: "aside" },
  F8: { kind: "ask" },
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
  F3: { kind: "orders" },
  F6: { kind: "aside" },
  F8: { kind: "ask" },
  ArrowUp: { kind: "up" },
  ArrowDown: { kind: "down" },
  Escape: { kind: "escape" },
};

/** Reads a key by its character where it has one, else by its place, as under an input method. The
 * numeric pad types digits whether Num Lock is on or not. */
function strokeOf(event: KeyboardEvent): Stroke | null {
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

/** Returns the character that a scanner would mean by the key. */
function typedBy(event: KeyboardEvent, stroke: Stroke | null): string | null {
  if (stroke?.kind === "digit") return stroke.digit;
  if (event.key === " " || event.key.length !== 1) return null;
  return event.key;
}
