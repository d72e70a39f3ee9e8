// The sell screen's hand: what the cashier types, confirms and answers.
//
// It holds no truth about money. What it holds is what no view can know: the digits typed so far,
// the intent made when an amount is confirmed, and what was handed to the till and not answered.
// Rules: one intent per confirmed amount, one call per intent at a time; a scan never edits the
// amount; keys of a waiting screen never type.

import { computed, reactive } from "vue";
import type { ComputedRef } from "vue";
import type { AttemptView } from "./bindings/AttemptView";
import type { ChannelView } from "./bindings/ChannelView";
import type { CounterView } from "./bindings/CounterView";
import type { SameCustomer } from "./bindings/SameCustomer";
import { emptyHand, entryKeys } from "./hand";
import type { Hand, Handed, Intent } from "./hand";
import { reportOf } from "./host";
import type { Host } from "./host";
import { RUN_END_MS, type Stroke } from "./keys";
import { NOTHING, entryOf, press, totalFen } from "./money";
import type { Entry, EntryKey } from "./money";
import { lookOf } from "./plate";
import type { Hint } from "./text/shape";

/** What stands on the plate and decides what a key means. */
export type Mode = "typing" | "armed" | "sending" | "question" | "waiting" | "held" | "ended";

export interface Sale {
  readonly hand: Readonly<Hand>;
  readonly mode: ComputedRef<Mode>;
  readonly totalFen: ComputedRef<number>;
  /** The attempt on the plate, if any. */
  readonly front: ComputedRef<AttemptView | null>;
  /** Takes in a view; whatever it answers is let go. */
  seen(view: CounterView, before: CounterView | null): void;
  stroke(stroke: Stroke): void;
  scan(text: string): void;
  /** Remembers the hand, so that a scan can be taken back. */
  remember(): void;
  rollBack(): void;
  bringBack(outTradeNo: string): void;
  stop(): void;
}

/** The customer's window and the till hear of typing once no scan can be behind it. */
const TELL_AFTER_MS = RUN_END_MS + 10;

export function sale(
  host: Host,
  view: () => CounterView | null,
  refresh: () => Promise<void>,
): Sale {
  const hand = reactive<Hand>(emptyHand());
  let remembered: Hand = emptyHand();
  let telling: ReturnType<typeof setTimeout> | undefined;
  /** What the till was last told; undefined while it may have forgotten. */
  let toldFen: number | null | undefined;

  const front = computed((): AttemptView | null => {
    const attempt = view()?.front ?? null;
    if (attempt === null || attempt.outTradeNo !== hand.passed) return attempt;
    return lookOf(attempt.state).course === "ended" ? null : attempt;
  });
  const mode = computed((): Mode => {
    if (front.value !== null) {
      const course = lookOf(front.value.state).course;
      return course === "live" ? "waiting" : course;
    }
    if (hand.sending) return "sending";
    if (view()?.question) return "question";
    return hand.armed ? "armed" : "typing";
  });
  const total = computed(() => totalFen(hand.entry));

  function hint(what: Hint): void {
    hand.notice = { kind: "hint", hint: what };
  }

  async function call(command: () => Promise<void>): Promise<boolean> {
    try {
      await command();
      await refresh();
      return true;
    } catch (rejection) {
      hand.notice = { kind: "report", report: reportOf(rejection) };
      return false;
    }
  }

  // ---- typing an amount

  function type(key: EntryKey): void {
    const limitFen = view()?.limitFen ?? 0;
    const pressed = press(hand.entry, key, limitFen);
    tellSoon();
    if (pressed.refusal !== null) return hint(pressed.refusal);
    if (totalFen(pressed.entry) !== total.value) hand.intent = null;
    hand.entry = pressed.entry;
  }

  function clear(): void {
    hand.entry = NOTHING;
    disarm();
    hand.intent = null;
    tellSoon();
  }

  function disarm(): void {
    hand.armed = false;
    hand.typedCode = "";
  }

  function tellSoon(): void {
    clearTimeout(telling);
    telling = setTimeout(() => void tell(), TELL_AFTER_MS);
  }

  /** Tells the till what it has not heard: an ended attempt typed over, and the amount. */
  async function tell(): Promise<void> {
    clearTimeout(telling);
    if (front.value !== null) return;
    if (hand.passed !== null) await call(() => host.clearFront());
    const amountFen = total.value === 0 ? null : total.value;
    if (amountFen === toldFen) return;
    toldFen = amountFen;
    await call(() => host.typeAmount({ amountFen }));
  }

  // ---- confirming and charging

  function confirm(): Intent | null {
    if (total.value === 0) {
      hint("amount_first");
      return null;
    }
    hand.intent ??= { intentId: crypto.randomUUID(), amountFen: total.value };
    return hand.intent;
  }

  function arm(): void {
    if (confirm() !== null) hand.armed = true;
  }

  function show(): void {
    const intent = confirm();
    if (intent === null) return;
    void handIn({ kind: "show", intent, channel: channelToShow(view()) }, "ask");
  }

  function submitCode(authCode: string): void {
    const intent = confirm();
    if (intent === null) return;
    hand.typedCode = "";
    void handIn({ kind: "scan", intent, authCode }, "ask");
  }

  async function handIn(handed: Handed, sameCustomer: SameCustomer): Promise<void> {
    if (hand.sending) return;
    hand.handed = handed;
    hand.sending = true;
    hand.notice = null;
    await tell();
    const done = await call(() => deliver(handed, sameCustomer));
    hand.sending = false;
    if (!done || !view()?.question) hand.handed = null;
  }

  function deliver(handed: Handed, sameCustomer: SameCustomer): Promise<void> {
    switch (handed.kind) {
      case "show":
        return host.showCode({ ...handed.intent, channel: handed.channel, sameCustomer });
      case "scan":
        return host.scanCode({ ...handed.intent, authCode: handed.authCode, sameCustomer });
    }
  }

  // ---- strokes, one function per mode

  function whileTyping(stroke: Stroke): void {
    const key = entryKeys(stroke);
    if (key.length > 0) return key.forEach(type);
    switch (stroke.kind) {
      case "enter":
        return arm();
      case "star":
        return show();
      case "minus":
        return clear();
      case "ask":
        return askAside();
      default:
        return shared(stroke);
    }
  }

  function whileArmed(stroke: Stroke): void {
    switch (stroke.kind) {
      case "digit":
        hand.typedCode += stroke.digit;
        return;
      case "double_zero":
        hand.typedCode += "00";
        return;
      case "back":
        if (hand.typedCode === "") return disarm();
        hand.typedCode = hand.typedCode.slice(0, -1);
        return;
      case "enter":
        if (hand.typedCode !== "") submitCode(hand.typedCode);
        return;
      case "star":
        hand.typedCode = "";
        return show();
      case "minus":
      case "escape":
        return disarm();
      case "ask":
        return askAside();
      default:
        return shared(stroke);
    }
  }

  function whileWaiting(attempt: AttemptView, stroke: Stroke): void {
    const { outTradeNo } = attempt;
    switch (stroke.kind) {
      case "digit":
      case "dot":
      case "double_zero":
      case "plus":
        return hint(mode.value === "held" ? "held_ignores_digits" : "waiting_ignores_digits");
      case "ask":
        return ask(attempt);
      case "minus":
        if (!attempt.canCancel) return hint("cannot_cancel");
        return void call(() => host.cancelAttempt({ outTradeNo }));
      case "aside":
        if (attempt.canPutAside) return void call(() => host.putAside({ outTradeNo }));
        if (mode.value === "held") return void call(() => host.clearFront());
        return hint("cannot_put_aside");
      default:
        return shared(stroke);
    }
  }

  function whileEnded(attempt: AttemptView, stroke: Stroke): void {
    const mayCharge = lookOf(attempt.state).charge === "yes";
    const key = entryKeys(stroke);
    if (key.length > 0) {
      if (stroke.kind === "back" || stroke.kind === "plus") return;
      pass(attempt, NOTHING);
      return key.forEach(type);
    }
    switch (stroke.kind) {
      case "enter":
        if (!mayCharge) return hint("nothing_to_charge");
        pass(attempt, entryOf(attempt.amountFen));
        return arm();
      case "star":
        if (!mayCharge) return hint("nothing_to_charge");
        pass(attempt, entryOf(attempt.amountFen));
        return show();
      case "minus":
      case "escape":
        return pass(attempt, NOTHING);
      case "ask":
        return ask(attempt);
      default:
        return shared(stroke);
    }
  }

  function whileAsked(stroke: Stroke): void {
    const question = view()?.question;
    if (!question) return;
    switch (stroke.kind) {
      case "enter":
        hand.handed = null;
        clear();
        return void call(() => host.bringBack({ outTradeNo: question.unresolvedOutTradeNo }));
      case "plus": {
        const { handed } = hand;
        if (handed === null) return void call(() => host.clearFront());
        return void handIn(handed, "another");
      }
      case "minus":
      case "escape":
        hand.handed = null;
        clear();
        return void call(() => host.clearFront());
      default:
        return hint("answer_first");
    }
  }

  /** Takes an ended attempt off the plate and begins the next entry. */
  function pass(attempt: AttemptView, entry: Entry): void {
    hand.passed = attempt.outTradeNo;
    hand.entry = entry;
    hand.intent = null;
    disarm();
    tellSoon();
  }

  function shared(stroke: Stroke): void {
    if (stroke.kind === "aside") return hint("cannot_put_aside");
    if (stroke.kind !== "bring_back") return;
    const newest = view()?.aside.at(-1);
    if (newest === undefined) return hint("nothing_aside");
    bringBack(newest.outTradeNo);
  }

  function bringBack(outTradeNo: string): void {
    hand.notice = null;
    void call(() => host.bringBack({ outTradeNo }));
  }

  function ask(attempt: AttemptView): void {
    if (!attempt.canAskAgain) return hint("nothing_to_ask");
    hint("asking");
    void call(() => host.askNow({ outTradeNo: attempt.outTradeNo }));
  }

  function askAside(): void {
    const waiting = (view()?.aside ?? []).filter((attempt) => attempt.canAskAgain);
    if (waiting.length === 0) return hint("nothing_to_ask");
    hint("asking");
    for (const { outTradeNo } of waiting) void call(() => host.askNow({ outTradeNo }));
  }

  function stroke(pressed: Stroke): void {
    hand.notice = null;
    const attempt = front.value;
    switch (mode.value) {
      case "sending":
        return hint("busy");
      case "question":
        return whileAsked(pressed);
      case "typing":
        return whileTyping(pressed);
      case "armed":
        return whileArmed(pressed);
      case "waiting":
      case "held":
        return attempt === null ? undefined : whileWaiting(attempt, pressed);
      case "ended":
        return attempt === null ? undefined : whileEnded(attempt, pressed);
    }
  }

  /** Digits before the scan were its own, and what came of it is half a code. */
  function scanArmed(text: string): void {
    if (hand.typedCode === "") return submitCode(text);
    hand.typedCode = "";
    hint("scan_again");
  }

  function scan(text: string): void {
    switch (mode.value) {
      case "armed":
        return scanArmed(text);
      case "typing":
        return hint(total.value === 0 ? "amount_first" : "arm_first");
      case "ended":
        return hint(front.value?.state === "paid" ? "already_paid" : "arm_first");
      case "sending":
      case "waiting":
      case "held":
        return hint("waiting_ignores_scan");
      case "question":
        return hint("answer_first");
    }
  }

  function seen(next: CounterView, before: CounterView | null): void {
    if (hand.passed !== null && next.front?.outTradeNo !== hand.passed) hand.passed = null;
    if (!next.question && !hand.sending) hand.handed = null;
    const arrived = next.front !== null && next.front.outTradeNo !== before?.front?.outTradeNo;
    if (arrived && hand.handed !== null && next.front?.amountFen === hand.handed.intent.amountFen) {
      Object.assign(hand, { ...emptyHand(), sending: hand.sending });
      toldFen = undefined;
    }
  }

  return {
    hand,
    mode,
    totalFen: total,
    front,
    seen,
    stroke,
    scan,
    remember: () => void (remembered = { ...hand }),
    rollBack() {
      Object.assign(hand, { ...remembered, handed: hand.handed, sending: hand.sending });
      tellSoon();
    },
    bringBack,
    stop: () => clearTimeout(telling),
  };
}

/** The first channel that is ready; the till refuses, with its reason, where none is. */
function channelToShow(view: CounterView | null): ChannelView {
  const wallets = (view?.channels ?? []).filter(({ channel }) => channel !== "cash");
  const ready = wallets.find(({ state }) => state === "ready");
  return (ready ?? wallets[0])?.channel ?? "alipay";
}
