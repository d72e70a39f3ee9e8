// Reads the keyboard: a cashier's fingers and a scanner that types.
//
// Keys are taken at the window, by their place and not through a text field, so that a Chinese
// input method cannot swallow them. A scanner is told from fingers by its pace, measured when the
// keys were struck and not when the page came to them. Keys that follow each other closely are one
// run, a stumbling scanner's too. What a run typed before it was known to be a scan is taken back
// (`rollBack`), and its own Enter never acts. Four keys at a scanner's pace are a scan or a piece of
// one: however it stumbles, most of its pieces are as long. A command cannot be taken back: one from
// the main keys, which are a scanner's, waits until no other key can be behind it; the numeric pad's
// acts at once.

import type { KeyView } from "./bindings/KeyView";
import { characterOf, isEnter, isOtherEnd, strokeOf } from "./strokes";
import type { Stroke } from "./strokes";

export type { Stroke } from "./strokes";

/** What a scanner read. Moments are the keys' own. */
export interface Scan {
  text: string;
  firstMs: number;
  /** So many characters came before the last pause that is longer than a scanner's. */
  lead: number;
  /** When the first key behind that pause was struck; none where a scan had begun before it. */
  pieceMs: number | null;
  /** Whether a key ended it, and not a pause in which the rest may be held up. */
  ended: boolean;
}

export interface Listener {
  /** A run begins with the next stroke: remember where things stand. */
  runBegins(): void;
  stroke(stroke: Stroke, atMs: number): void;
  /** The next stroke comes behind a pause within the run: remember where things stand here too. */
  pieceBegins(): void;
  /** The run turned out to be a scan: go back to where things stood. */
  rollBack(): void;
  scan(scan: Scan): void;
  /** Enter, or another end of a scan, came at a scanner's pace behind keys too few for one: most
   * likely the end of a scan that stumbled. It must not act. `headed` says whether keys at that
   * pace came before the run too. */
  hurriedEnd(headed: boolean): void;
  /** A finger's key came so soon behind a scan that it was let go with what is left of that. */
  letGo(): void;
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
/** What follows a scan's Enter this soon is still the scanner's: a line feed, or the rest of another
 * code that came between. */
const SCAN_TAIL_MS = 120;
/** So many keys at a scanner's pace are a scan, or a piece of one that stumbles. */
const SCAN_LENGTH = 4;
/** So many are, where a letter is among them. */
const LETTERED_SCAN_LENGTH = 3;
/** No amount has so many digits. */
const UNBROKEN_LENGTH = 10;
/** Fingers may roll over two or three keys, so a command key this early at a fast pace still acts. */
const ROLL_LENGTH = 3;
/** So many keys at a scanner's pace right before an end that comes as fast are no finger's. */
const HURRIED_LENGTH = 2;

interface Run {
  text: string;
  firstMs: number;
  lead: number;
  pieceMs: number | null;
  lastMs: number;
  /** Keys up to the last one at a scanner's pace. */
  fast: number;
  /** The most of them that came in one piece. */
  mostFast: number;
  /** Keys up to the last one without a dot or a plus between, at any pace. */
  unbroken: number;
  /** A key was among them that means nothing to the till, such as a letter. */
  foreign: boolean;
  isScan: boolean;
  /** The scan was handed on; what still comes of it is dropped. */
  delivered: boolean;
}

/** A scanner on a slow line stumbles within a code; fingers that pause have finished. */
function endsAfterMs({ isScan, mostFast, foreign }: Run): number {
  const pieces = foreign ? HURRIED_LENGTH : ROLL_LENGTH;
  return isScan || mostFast >= pieces ? SCAN_END_MS : RUN_END_MS;
}

function runFrom(atMs: number): Run {
  return {
    text: "",
    firstMs: atMs,
    lead: 0,
    pieceMs: atMs,
    lastMs: atMs,
    fast: 0,
    mostFast: 0,
    unbroken: 0,
    foreign: false,
    isScan: false,
    delivered: false,
  };
}

export function reader(
  listener: Listener,
  nowMs: () => number,
  moved: () => readonly KeyView[] = () => [],
): Reader {
  let run: Run | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** A command that waits. */
  let held: { stroke: Stroke; atMs: number } | null = null;
  let heldTimer: ReturnType<typeof setTimeout> | undefined;
  /** Until when an Enter belongs to a scan that came without one. */
  let lateEnterMs = 0;
  /** Until when what was typed before may be the head of a scan that stumbled. */
  let headUntilMs = 0;
  /** Until when keys belong to a scan that has ended. */
  let tailUntilMs = 0;

  /** Keys that the page was slow to come to may be behind the timer: then it waits once more. */
  function release(dueMs: number): void {
    if (nowMs() > dueMs + SCAN_GAP_MS) return hold(held);
    const command = held;
    drop();
    if (command === null) return;
    run = null;
    listener.stroke(command.stroke, command.atMs);
  }

  function hold(command: typeof held): void {
    drop();
    held = command;
    const dueMs = nowMs() + SCAN_GAP_MS;
    heldTimer = setTimeout(() => release(dueMs), SCAN_GAP_MS);
  }

  function drop(): void {
    clearTimeout(heldTimer);
    held = null;
  }

  /** A scanner's key right behind a waiting command says that a scanner sent both. */
  function settle(atMs: number, isScanners: boolean): void {
    if (held === null) return;
    if (isScanners && atMs - held.atMs <= SCAN_GAP_MS) return drop();
    release(Number.POSITIVE_INFINITY);
  }

  /** Waits for the end of a scan without Enter. A page that was held up hears of keys late: then
   * the wait begins again, or half a code would be handed on while the rest is in the queue. */
  function deliverSoon(): void {
    clearTimeout(timer);
    const dueMs = nowMs() + SCAN_END_MS;
    timer = setTimeout(() => (nowMs() > dueMs + HELD_UP_MS ? deliverSoon() : deliver(false)), SCAN_END_MS);
  }

  function deliver(ended: boolean): void {
    clearTimeout(timer);
    if (run === null || !run.isScan || run.delivered) return;
    run.delivered = true;
    const { text, firstMs, lead, pieceMs } = run;
    listener.scan({ text, firstMs, lead, pieceMs, ended });
  }

  function endWithoutEnter(ended: Run): void {
    if (ended.isScan) lateEnterMs = ended.lastMs + LATE_ENTER_MS;
    const isHead = ended.foreign || ended.mostFast >= HURRIED_LENGTH;
    if (!ended.isScan && isHead) headUntilMs = ended.lastMs + LATE_ENTER_MS;
    deliver(false);
    run = null;
  }

  function becomeScan(current: Run): void {
    if (current.isScan) return;
    current.isScan = true;
    listener.rollBack();
  }

  /** A code has no dot and no plus. */
  function looksLikeScan({ fast, unbroken, foreign }: Run): boolean {
    if (foreign && fast >= LETTERED_SCAN_LENGTH) return true;
    if (Math.min(fast, unbroken) >= SCAN_LENGTH || fast >= UNBROKEN_LENGTH) return true;
    return unbroken >= UNBROKEN_LENGTH && !listener.takesTypedCode();
  }

  function endScan(atMs: number): void {
    tailUntilMs = atMs + SCAN_TAIL_MS;
    deliver(true);
    run = null;
  }

  /** An end at a scanner's pace behind a run too short for a scan. */
  function endHurried(ended: Run, atLeast: number): void {
    if (ended.fast >= atLeast) listener.rollBack();
    listener.hurriedEnd(ended.firstMs < headUntilMs);
    run = null;
  }

  function enter(gapMs: number, atMs: number): void {
    if (run === null && atMs < lateEnterMs) return;
    if (run?.isScan) return endScan(atMs);
    if (run !== null && gapMs <= SCAN_GAP_MS) return endHurried(run, HURRIED_LENGTH);
    run = null;
    listener.stroke({ kind: "enter" }, atMs);
  }

  /** Tab, or a bare line end; left to the page where no scan is at its end. */
  function otherEnd(event: KeyboardEvent, gapMs: number, atMs: number): void {
    const hurried = run !== null && gapMs <= SCAN_GAP_MS;
    if (event.ctrlKey || hurried || run?.isScan || (run === null && atMs < lateEnterMs)) event.preventDefault();
    if (run?.isScan) return endScan(atMs);
    if (run !== null && hurried) return endHurried(run, 1);
    run = null;
  }

  function character(typed: string, stroke: Stroke | null, atMs: number, onPad: boolean): void {
    if (run === null) {
      run = runFrom(atMs);
      listener.runBegins();
    }
    const quick = atMs - run.lastMs <= SCAN_GAP_MS;
    run.lastMs = atMs;
    if (run.delivered) {
      if (!quick) listener.letGo();
      return;
    }
    run.fast = quick ? run.fast + 1 : 1;
    run.mostFast = Math.max(run.mostFast, run.fast);
    if (!quick) {
      run.lead = run.text.length;
      run.pieceMs = run.isScan ? null : atMs;
      if (!run.isScan) listener.pieceBegins();
    }
    run.unbroken = stroke?.kind === "dot" || stroke?.kind === "plus" ? 0 : run.unbroken + 1;
    run.foreign ||= stroke === null;
    run.text += typed;
    if (looksLikeScan(run)) becomeScan(run);
    if (run.isScan) return deliverSoon();
    if (stroke === null) return;
    if (canBeTakenBack(stroke)) return listener.stroke(stroke, atMs);
    if (run.fast > ROLL_LENGTH || run.foreign) return;
    if (!onPad) {
      run.foreign = true;
      return hold({ stroke, atMs });
    }
    run = null;
    listener.stroke(stroke, atMs);
  }

  return {
    keydown(event) {
      const other = isOtherEnd(event);
      if (!other && (event.ctrlKey || event.altKey || event.metaKey)) return;
      const stroke = other ? null : strokeOf(event, moved());
      const typed = other ? null : characterOf(event, stroke);
      if (!other && stroke === null && typed === null) return;
      const atMs = event.timeStamp > 0 ? event.timeStamp : nowMs();
      if (run === null && atMs < tailUntilMs) {
        event.preventDefault();
        if (typed === null) tailUntilMs = atMs + SCAN_TAIL_MS;
        // Digits there are another code's: until it pauses, all of it is let go.
        else run = { ...runFrom(atMs), isScan: true, delivered: true };
        return;
      }
      settle(atMs, other || typed !== null || isEnter(event));
      const gapMs = run === null ? 0 : atMs - run.lastMs;
      if (run !== null && gapMs >= endsAfterMs(run)) endWithoutEnter(run);
      if (other) return otherEnd(event, gapMs, atMs);
      if (leftToTheFocus(event)) return;
      event.preventDefault();
      if (event.repeat && stroke?.kind !== "back") return;

      if (isEnter(event)) return enter(gapMs, atMs);
      if (typed !== null) return character(typed, stroke, atMs, event.code.startsWith("Numpad"));
      if (stroke === null) return;
      // A scan without Enter ends here, and what it means is decided before the key changes it.
      if (run?.isScan) deliver(false);
      else run = null;
      listener.stroke(stroke, atMs);
    },
    stop() {
      clearTimeout(timer);
      drop();
      run = null;
    },
  };

  /** Enter acts on a button that was reached with Tab, unless a scanner sent it. */
  function leftToTheFocus(event: KeyboardEvent): boolean {
    if (!isEnter(event) || run !== null) return false;
    return event.target instanceof HTMLButtonElement;
  }
}

/** Whether rolling back undoes all that the stroke does. */
function canBeTakenBack({ kind }: Stroke): boolean {
  return kind === "digit" || kind === "dot" || kind === "plus";
}
