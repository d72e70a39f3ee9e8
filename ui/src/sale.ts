// The sell screen's hand: what the cashier types, confirms and answers.
//
// It holds no truth about money. What it holds is what no view can know: the digits typed so far,
// the intent made when an amount is confirmed, and what was handed to the till and not answered.
// Rules: one intent per confirmed amount, one call per intent at a time; a scan never edits the
// amount; keys of a waiting screen never type.

import { computed, reactive } from "vue";
import type { ComputedRef } from "vue";
import type { AttemptView } from "./bindings/AttemptView";
import type { CashView } from "./bindings/CashView";
import type { CounterView } from "./bindings/CounterView";
import type { Report } from "./bindings/Report";
import type { SameCustomer } from "./bindings/SameCustomer";
import type { Approval } from "./approval";
import { asking } from "./asking";
import { counting } from "./counting";
import { channelToShow, deliver } from "./desk";
import { asksOnceMore, emptyHand, entryKeys, standing } from "./hand";
import type { Hand, Handed, Intent } from "./hand";
import { reportOf } from "./host";
import { hasRecovered } from "./health";
import type { Host } from "./host";
import { RUN_END_MS } from "./keys";
import type { Scan, Stroke } from "./keys";
import { entryOf, nothing, press, totalFen } from "./money";
import type { Entry, EntryKey } from "./money";
import { lookOf } from "./plate";
import type { Mode } from "./plate";
import { scanning } from "./scanning";
import { isUsualCode } from "./trigger";
import { waiting } from "./waiting";
import type { Hint } from "./text/shape";

export interface Sale {
  readonly hand: Readonly<Hand>;
  readonly mode: ComputedRef<Mode>;
  readonly totalFen: ComputedRef<number>;
  /** The attempt on the plate, if any. */
  readonly front: ComputedRef<AttemptView | null>;
  /** The cash sale on the plate, if any. */
  readonly cashTaken: ComputedRef<CashView | null>;
  /** Takes in a view; whatever it answers is let go. */
  seen(view: CounterView, before: CounterView | null): void;
  stroke(stroke: Stroke, atMs?: number): void;
  /** `seen` says whether the amount stood on the screen as the scan came. */
  scan(scan: Scan, seen: boolean): void;
  /** Sets what was received in cash to a suggested sum, or exactly what is owed. */
  receive(amountFen: number): void;
  say(what: Hint): void;
  /** Takes back what was said. */
  hush(): void;
  complain(report: Report): void;
  /** Takes in the end of a scan that stumbled: it confirms nothing. */
  hurriedEnd(headed: boolean): void;
  /** Takes in that a key was let go behind a scan. */
  letGo(): void;
  /** Remembers the hand, so that a scan can be taken back. */
  remember(): void;
  /** Remembers it once more, within what may turn out to be a scan. */
  rememberPiece(): void;
  rollBack(): void;
  bringBack(outTradeNo: string): void;
  /** Empties the hand: another shop is on. */
  forget(): void;
  stop(): void;
}

/** So long after its last key an amount of nothing is nothing typed. */
const FORGOTTEN_MS = 2_000;

/** The customer's window and the till hear of typing once no scan can be behind it. */
const TELL_AFTER_MS = RUN_END_MS + 10;

export function sale(
  host: Host,
  view: () => CounterView | null,
  refresh: () => Promise<void>,
  approvals: Approval,
  openOrder: (orderNo: string) => void,
): Sale {
  const hand = reactive<Hand>(emptyHand());
  let remembered: Hand = emptyHand();
  let beforePiece: Hand = emptyHand();
  let telling: ReturnType<typeof setTimeout> | undefined;
  /** What the till was last told; undefined while it may have forgotten. */
  let toldFen: number | null | undefined;

  const front = computed((): AttemptView | null => {
    const attempt = view()?.front ?? null;
    if (attempt === null || attempt.outTradeNo !== hand.passed) return attempt;
    return lookOf(attempt.state).course === "ended" ? null : attempt;
  });
  const cashTaken = computed((): CashView | null => {
    const cash = view()?.cash ?? null;
    return cash === null || cash.orderNo === hand.passedCash ? null : cash;
  });
  const mode = computed((): Mode => {
    if (hand.cash !== null) return hand.sending ? "sending" : "cash";
    if (cashTaken.value !== null) return "cash_taken";
    if (front.value !== null) {
      const course = lookOf(front.value.state).course;
      return course === "live" ? "waiting" : course;
    }
    if (hand.sending) return "sending";
    if (hand.large !== null) return "large";
    if (view()?.question) return "question";
    return hand.armed ? "armed" : "typing";
  });
  const total = computed(() => totalFen(hand.entry));

  const settings = computed(() => view()?.settings);

  function blank(): Entry {
    return nothing(settings.value?.impliedDecimals ?? false);
  }

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

  const desk = { host, hand, view, refresh, hint, openOrder, call };
  const askings = asking(desk);
  const counter = counting(desk, tell, () => {
    Object.assign(hand, emptyHand(), { passed: hand.passed });
    toldFen = undefined;
  });

  const scans = scanning(desk, {
    submit: submitCode,
    askBill: askings.askBill,
    correct(entry) {
      hand.entry = entry;
      hand.intent = null;
      tellSoon();
    },
  });
  const waits = waiting(desk, askings, approvals, {
    instead: (attempt) => counter.open({ kind: "instead", outTradeNo: attempt.outTradeNo }, attempt.amountFen),
    shared,
  });
  let putScansBack = scans.remember();
  let putPieceBack = putScansBack;
  let typedMs = 0;

  // ---- typing an amount

  /** A dot alone looks like nothing typed: a while later the next key begins anew. */
  function forgotten(atMs: number): boolean {
    return total.value === 0 && atMs - typedMs > FORGOTTEN_MS;
  }

  function type(key: EntryKey, atMs: number): void {
    const limitFen = view()?.limitFen ?? 0;
    const empty = hand.entry.digits === "" && hand.entry.terms.length === 0;
    const entry = empty || forgotten(atMs) ? blank() : hand.entry;
    typedMs = atMs;
    const pressed = press(entry, key, limitFen);
    tellSoon();
    if (pressed.refusal !== null) return hint(pressed.refusal);
    if (totalFen(pressed.entry) !== total.value) hand.intent = null;
    hand.entry = pressed.entry;
  }

  function clear(): void {
    hand.entry = blank();
    hand.doubtful = false;
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
    if (front.value !== null || cashTaken.value !== null) return;
    if (hand.passedCash !== null) await call(() => host.dismissCash());
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
    hand.intent ??= {
      intentId: crypto.randomUUID(),
      amountFen: total.value,
      shop: view()?.shop ?? "own",
    };
    return hand.intent;
  }

  function arm(): void {
    if (confirm() === null) return;
    hand.armed = true;
    hand.doubtful = false;
  }

  function countTyped(): void {
    const intent = confirm();
    if (intent === null) return;
    disarm();
    counter.open({ kind: "sale", intent }, intent.amountFen);
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
    scans.handedIn(authCode);
    void handIn({ kind: "scan", intent, authCode }, "ask");
  }

  async function handIn(handed: Handed, sameCustomer: SameCustomer): Promise<void> {
    if (hand.sending) return;
    hand.large = null;
    if (asksOnceMore(hand, handed.intent, settings.value?.askAboveFen ?? null)) {
      hand.large = handed;
      return;
    }
    hand.handed = handed;
    hand.sending = true;
    hand.notice = null;
    await tell();
    const done = await call(() => deliver(host, handed, sameCustomer));
    hand.sending = false;
    if (!done || !view()?.question) hand.handed = null;
  }

  // ---- strokes, one function per mode

  function whileLarge(stroke: Stroke): void {
    const { large } = hand;
    if (large === null) return;
    switch (stroke.kind) {
      case "enter":
        hand.sure = large.intent.intentId;
        return void handIn(large, "ask");
      case "minus":
      case "escape":
        hand.large = null;
        return disarm();
      default:
        return hint("answer_first");
    }
  }

  function whileCashTaken(stroke: Stroke, atMs: number): void {
    const cash = cashTaken.value;
    if (cash === null) return;
    const key = entryKeys(stroke);
    if (key.length > 0) {
      if (stroke.kind === "back" || stroke.kind === "plus") return;
      passCash(cash);
      return key.forEach((each) => type(each, atMs));
    }
    switch (stroke.kind) {
      case "minus":
      case "escape":
        return passCash(cash);
      case "refund":
        return approvals.begin({
          kind: "refund",
          from: [{ kind: "cash", orderNo: cash.orderNo, mostFen: cash.dueFen - cash.roundedFen }],
        });
      case "enter":
      case "star":
      case "cash":
        return hint("nothing_to_charge");
      case "ask":
        return askings.askAside();
      default:
        return shared(stroke);
    }
  }

  function passCash(cash: CashView): void {
    hand.passedCash = cash.orderNo;
    hand.entry = blank();
    hand.intent = null;
    disarm();
    tellSoon();
  }

  function whileTyping(stroke: Stroke, atMs: number): void {
    const key = entryKeys(stroke);
    if (key.length > 0) {
      if (!scans.typed(stroke, hand.entry, atMs)) return;
      return key.forEach((each) => type(each, atMs));
    }
    switch (stroke.kind) {
      case "enter":
        return arm();
      case "star":
        return show();
      case "cash":
        return countTyped();
      case "minus":
        return clear();
      case "ask":
        return askings.askAside();
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
      case "cash":
        return countTyped();
      case "minus":
      case "escape":
        return disarm();
      case "ask":
        return askings.askAside();
      default:
        return shared(stroke);
    }
  }

  function whileEnded(attempt: AttemptView, stroke: Stroke, atMs: number): void {
    if (hand.sending) return hint("busy");
    const mayCharge = lookOf(attempt.state).charge === "yes";
    const key = entryKeys(stroke);
    const stopped = hand.stopped === attempt.outTradeNo;
    if (key.length > 0) {
      if (stopped) return hint("cash_not_needed");
      if (stroke.kind === "back" || stroke.kind === "plus") return;
      if (!scans.typed(stroke, blank(), atMs)) return;
      pass(attempt, blank());
      return key.forEach((each) => type(each, atMs));
    }
    hand.stopped = null;
    if (stopped && stroke.kind === "enter") return;
    switch (stroke.kind) {
      case "enter":
        if (!mayCharge) return hint("nothing_to_charge");
        pass(attempt, entryOf(attempt.amountFen));
        return arm();
      case "star":
        if (!mayCharge) return hint("nothing_to_charge");
        pass(attempt, entryOf(attempt.amountFen));
        return show();
      case "cash":
        if (!mayCharge) return hint("nothing_to_charge");
        pass(attempt, entryOf(attempt.amountFen));
        return countTyped();
      case "refund":
        return refund(attempt);
      case "minus":
      case "escape":
        return pass(attempt, blank());
      case "ask":
        return askings.ask(attempt);
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
      case "plus":
        if (hand.handed === null) return void call(() => host.clearFront());
        return void handIn(hand.handed, "another");
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
    if (stroke.kind === "receipt") return hint("no_receipt");
    if (stroke.kind !== "bring_back") return;
    const newest = view()?.aside.at(-1);
    if (newest === undefined) return hint("nothing_aside");
    bringBack(newest.outTradeNo);
  }

  function bringBack(outTradeNo: string): void {
    if (mode.value === "typing" && total.value > 0) return hint("amount_stands");
    hand.notice = null;
    void call(() => host.bringBack({ outTradeNo }));
  }

  /** The earlier payment of the same customer, else this one. */
  function refund({ outTradeNo, channel, refundableFen }: AttemptView): void {
    const earlier = view()?.justPaid ?? null;
    if (earlier !== null) {
      const { amountFen: mostFen, ...from } = earlier;
      return approvals.begin({ kind: "refund", from: [{ kind: "attempt", ...from, mostFen }] });
    }
    if (refundableFen === 0) return hint("nothing_to_refund");
    const from = { kind: "attempt" as const, outTradeNo, channel, mostFen: refundableFen };
    approvals.begin({ kind: "refund", from: [from] });
  }

  /** Fingers that typed up to a whole code are no part of it: what they typed stands again. */
  function takenApart(read: Scan): Scan {
    const text = read.text.slice(read.lead);
    if (read.lead === 0 || read.pieceMs === null || !isUsualCode(text)) return read;
    Object.assign(hand, { ...beforePiece, ...standing(hand) });
    putPieceBack();
    tellSoon();
    return { ...read, text, firstMs: read.pieceMs, lead: 0 };
  }

  function hurriedEnd(headed: boolean): void {
    if (mode.value === "armed") {
      hand.typedCode = "";
      return hint("scan_again");
    }
    if (mode.value === "cash" || mode.value === "ended") return hint("type_again");
    if (mode.value !== "typing") return;
    if (headed) clear();
    hand.doubtful = total.value !== 0;
    hint(total.value === 0 ? "amount_first" : "check_amount");
  }

  function stroke(pressed: Stroke, atMs = performance.now()): void {
    hand.notice = null;
    const attempt = front.value;
    if (hand.sending || mode.value === "waiting") scans.missed(pressed, atMs);
    switch (mode.value) {
      case "sending":
        return hint("busy");
      case "large":
        return whileLarge(pressed);
      case "cash":
        return counter.stroke(pressed);
      case "cash_taken":
        return whileCashTaken(pressed, atMs);
      case "question":
        return whileAsked(pressed);
      case "typing":
        return whileTyping(pressed, atMs);
      case "armed":
        return whileArmed(pressed);
      case "waiting":
      case "held":
        return attempt === null ? undefined : waits.stroke(attempt, pressed);
      case "ended":
        return attempt === null ? undefined : whileEnded(attempt, pressed, atMs);
    }
  }

  function seen(next: CounterView, before: CounterView | null): void {
    if (hand.passed !== null && next.front?.outTradeNo !== hand.passed) hand.passed = null;
    if (hand.passedCash !== null && next.cash?.orderNo !== hand.passedCash) hand.passedCash = null;
    if (!next.question && !hand.sending) hand.handed = null;
    if (next.front?.state === "paid" && before?.front?.state !== "paid") {
      scans.paid();
    }
    if (hand.notice?.kind === "report" && hasRecovered(next, before)) hand.notice = null;
    counter.seen(next);
    const arrived = next.front !== null && next.front.outTradeNo !== before?.front?.outTradeNo;
    if (arrived && hand.handed !== null && next.front?.amountFen === hand.handed.intent.amountFen) {
      Object.assign(hand, { ...emptyHand(), sending: hand.sending });
      toldFen = undefined;
    }
  }

  return {
    hand,
    mode,
    cashTaken,
    receive: counter.suggest,
    say: hint,
    hush: () => void (hand.notice = null),
    complain: (report) => void (hand.notice = { kind: "report", report }),
    totalFen: total,
    front,
    seen,
    stroke,
    hurriedEnd,
    letGo() {
      if (mode.value === "typing" || mode.value === "ended") hint("type_again");
    },
    scan: (read, seen) => scans.scan(takenApart(read), mode.value, seen),
    rememberPiece() {
      beforePiece = { ...hand };
      putPieceBack = scans.remember();
    },
    remember() {
      remembered = { ...hand };
      putScansBack = scans.remember();
    },
    rollBack() {
      Object.assign(hand, { ...remembered, ...standing(hand) });
      putScansBack();
      const now = view();
      if (now !== null) counter.seen(now);
      tellSoon();
    },
    bringBack,
    forget() {
      clearTimeout(telling);
      Object.assign(hand, emptyHand());
      remembered = emptyHand();
      putScansBack = scans.remember();
      toldFen = undefined;
    },
    stop: () => clearTimeout(telling),
  };
}
