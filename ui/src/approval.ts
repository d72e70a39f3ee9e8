// What a manager must allow: a refund, goods handed over without a result, that a finding needs
// nobody any more, and the PIN itself.
//
// While it is open every key belongs to it, so no digit of a PIN reaches an amount. A PIN lives
// here until it is handed to the till, and only its length is ever drawn. One intent per refund
// that was confirmed, so that asking twice gives the money back once. Choosing a PIN allows
// nothing: what was asked for still takes it once more, as its own approval.

import { reactive } from "vue";
import type { ChannelView } from "./bindings/ChannelView";
import type { CounterView } from "./bindings/CounterView";
import type { ShopView } from "./bindings/ShopView";
import { entryKeys } from "./hand";
import type { Notice } from "./hand";
import { reportOf } from "./host";
import type { Host } from "./host";
import type { Stroke } from "./keys";
import { nothing, press, totalFen } from "./money";
import type { Entry } from "./money";
import type { Hint } from "./text/shape";

export type RefundFrom =
  | { kind: "attempt"; outTradeNo: string; channel: ChannelView; mostFen: number }
  | { kind: "cash"; orderNo: string; mostFen: number };

export type Purpose =
  | { kind: "goods"; outTradeNo: string; amountFen: number }
  | { kind: "refund"; from: readonly RefundFrom[] }
  | { kind: "settle"; findingId: number; amountFen: number }
  | { kind: "practice" }
  /** The first PIN; where there is no real money it may wait. */
  | { kind: "first_pin"; mayWait: boolean }
  | { kind: "change_pin" };

export type Step = "amount" | "pin" | "old_pin" | "new_pin" | "repeat_pin";

export interface Approving {
  readonly purpose: Purpose;
  /** Where it was asked for; an order's number alone says it not. */
  readonly shop: ShopView;
  step: Step;
  /** Which of the payments the refund goes back from. */
  chosen: number;
  entry: Entry;
  intentId: string;
  digits: string;
  /** The PIN that is to be replaced; empty where there is none. */
  before: string;
  /** The PIN typed first, to be typed once more. */
  first: string;
  busy: boolean;
  notice: Notice | null;
}

export interface Approval {
  readonly open: { approving: Approving | null };
  begin(purpose: Purpose): void;
  /** Lets it go: another shop is on. */
  forget(): void;
  stroke(stroke: Stroke): void;
  scan(): void;
  /** Returns what to put back when a scan is taken back. */
  remember(): () => void;
}

export const PIN_LENGTH = 6;

export function approval(
  host: Host,
  view: () => CounterView | null,
  refresh: () => Promise<void>,
  done: (what: Hint) => void,
): Approval {
  const open = reactive<{ approving: Approving | null }>({ approving: null });

  function begin(purpose: Purpose): void {
    if (open.approving?.busy) return;
    open.approving = {
      purpose,
      shop: view()?.shop ?? "own",
      step: firstStep(purpose),
      chosen: 0,
      entry: nothing(view()?.settings.impliedDecimals ?? false),
      intentId: crypto.randomUUID(),
      digits: "",
      before: "",
      first: "",
      busy: false,
      notice: null,
    };
  }

  function firstStep(purpose: Purpose): Step {
    switch (purpose.kind) {
      case "goods":
      case "settle":
      case "practice":
        return pinStep();
      case "refund":
        return "amount";
      case "first_pin":
        return "new_pin";
      case "change_pin":
        return "old_pin";
    }
  }

  function pinStep(): Step {
    return view()?.manager === "unset" ? "new_pin" : "pin";
  }

  function close(now: Approving): void {
    const { purpose } = now;
    if (purpose.kind === "first_pin" && !purpose.mayWait && view()?.manager === "unset") {
      now.notice = { kind: "hint", hint: "pin_needed" };
      return;
    }
    open.approving = null;
  }

  function stroke(pressed: Stroke): void {
    const now = open.approving;
    if (now === null) return;
    if (now.busy) {
      now.notice = { kind: "hint", hint: "busy" };
      return;
    }
    now.notice = null;
    switch (pressed.kind) {
      case "escape":
      case "minus":
        return close(now);
      case "enter":
        return confirm(now);
      default:
        return now.step === "amount" ? amountStroke(now, pressed) : pinStroke(now, pressed);
    }
  }

  function amountStroke(now: Approving, pressed: Stroke): void {
    if (now.purpose.kind !== "refund") return;
    if (pressed.kind === "star") {
      now.chosen = (now.chosen + 1) % now.purpose.from.length;
      now.entry = { ...now.entry, terms: [], digits: "" };
      return;
    }
    for (const key of entryKeys(pressed)) {
      const { entry, refusal } = press(now.entry, key, refundFrom(now)?.mostFen ?? 0);
      now.entry = entry;
      const over = refusal === "above_limit";
      if (refusal !== null) now.notice = { kind: "hint", hint: over ? "refund_most" : refusal };
    }
  }

  function pinStroke(now: Approving, pressed: Stroke): void {
    switch (pressed.kind) {
      case "digit":
        return add(now, pressed.digit);
      case "double_zero":
        return add(now, "00");
      case "back":
        now.digits = now.digits.slice(0, -1);
        return;
      default:
        now.notice = { kind: "hint", hint: "pin_first" };
    }
  }

  function add(now: Approving, digits: string): void {
    now.digits = (now.digits + digits).slice(0, PIN_LENGTH);
  }

  function confirm(now: Approving): void {
    if (now.step === "amount") {
      now.step = pinStep();
      now.digits = "";
      return;
    }
    if (now.digits.length < PIN_LENGTH) {
      now.notice = { kind: "hint", hint: "pin_short" };
      return;
    }
    const pin = now.digits;
    now.digits = "";
    switch (now.step) {
      case "old_pin":
        now.before = pin;
        now.step = "new_pin";
        return;
      case "new_pin":
        if (pin === now.before) {
          now.notice = { kind: "hint", hint: "pin_same" };
          return;
        }
        now.first = pin;
        now.step = "repeat_pin";
        return;
      case "repeat_pin":
        return repeat(now, pin);
      case "pin":
        return void hand(now, () => act(now, pin), allowed(now, view()));
    }
  }

  function repeat(now: Approving, pin: string): void {
    const same = pin === now.first;
    now.first = "";
    now.step = "new_pin";
    if (!same) {
      now.notice = { kind: "hint", hint: "pin_differs" };
      return;
    }
    const before = now.before === "" ? null : now.before;
    void hand(now, () => host.setPin({ pin, before }), before === null ? "pin_set" : "pin_changed");
  }

  async function hand(now: Approving, command: () => Promise<void>, then: Hint): Promise<void> {
    now.busy = true;
    try {
      await command();
      await refresh();
      now.busy = false;
      if (then === "pin_set" && now.purpose.kind !== "first_pin") {
        now.step = "pin";
        now.notice = { kind: "hint", hint: "pin_again" };
        return;
      }
      open.approving = null;
      done(then);
    } catch (rejection) {
      now.busy = false;
      const report = reportOf(rejection);
      if (report.code === "pin_unset") now.step = "new_pin";
      if (now.purpose.kind === "change_pin" && report.code !== "bad_pin") begin(now.purpose);
      (open.approving ?? now).notice = { kind: "report", report };
    }
  }

  function act(now: Approving, pin: string): Promise<void> {
    const { purpose, intentId, shop } = now;
    switch (purpose.kind) {
      case "goods":
        return host.goodsGiven({ outTradeNo: purpose.outTradeNo, pin });
      case "refund": {
        const from = refundFrom(now);
        const amountFen = refundFen(now);
        if (from === null) return Promise.resolve();
        return from.kind === "cash"
          ? host.refundCash({ orderNo: from.orderNo, amountFen, shop, intentId, pin })
          : host.refundAttempt({ outTradeNo: from.outTradeNo, amountFen, intentId, pin });
      }
      case "settle":
        return host.settleFinding({ findingId: purpose.findingId, shop, pin });
      case "practice":
        return host.enterPractice({ pin });
      case "first_pin":
      case "change_pin":
        return Promise.resolve();
    }
  }

  return {
    open,
    begin,
    forget: () => void (open.approving = null),
    stroke,
    scan() {
      if (open.approving !== null) open.approving.notice = { kind: "hint", hint: "pin_first" };
    },
    remember() {
      const now = open.approving;
      if (now === null) return () => undefined;
      const { digits, entry, chosen, step, before, first } = now;
      return () => void Object.assign(now, { digits, entry, chosen, step, before, first });
    },
  };
}

export function refundFrom({ purpose, chosen }: Approving): RefundFrom | null {
  return purpose.kind === "refund" ? (purpose.from[chosen] ?? null) : null;
}

/** Returns what goes back: all that may, until something else is typed. */
export function refundFen(approving: Approving): number {
  const typed = totalFen(approving.entry);
  return typed === 0 ? (refundFrom(approving)?.mostFen ?? 0) : typed;
}

function allowed(approving: Approving, view: CounterView | null): Hint {
  switch (approving.purpose.kind) {
    case "goods":
      return "goods_said";
    case "refund":
      return refunded(refundFrom(approving), view);
    case "settle":
      return "finding_settled";
    case "practice":
      return "practice_entered";
    case "first_pin":
      return "pin_set";
    case "change_pin":
      return "pin_changed";
  }
}

/** A refund to a channel that does not answer is kept, and nobody has a notice of it yet. */
function refunded(from: RefundFrom | null, view: CounterView | null): Hint {
  if (from?.kind === "cash") return "cash_goes_back";
  const asked = view?.channels.find(({ channel }) => channel === from?.channel);
  return asked?.state === "silent" ? "refund_kept" : "refund_sent";
}
