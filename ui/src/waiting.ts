// What a key means while the attempt on the plate has no result. Nothing is typed then, and only what
// the view allows is done.

import type { Approval } from "./approval";
import type { Asking } from "./asking";
import type { AttemptView } from "./bindings/AttemptView";
import type { Desk } from "./desk";
import type { Stroke } from "./keys";
import { lookOf } from "./plate";

export interface Waiting {
  stroke(attempt: AttemptView, stroke: Stroke): void;
}

interface Elsewhere {
  /** Counts cash in an attempt's place. */
  instead(attempt: AttemptView): void;
  /** What a key means everywhere. */
  shared(stroke: Stroke): void;
}

export function waiting(
  { host, hint, call }: Desk,
  askings: Asking,
  approvals: Approval,
  { instead, shared }: Elsewhere,
): Waiting {
  /** The till takes the code that stands back, and shows the other once that is over. */
  function changeCode({ outTradeNo, changeTo }: AttemptView): void {
    if (changeTo === null) return hint("cannot_change");
    void call(() => host.changeCode({ outTradeNo, channel: changeTo }));
  }

  function stroke(attempt: AttemptView, pressed: Stroke): void {
    const { outTradeNo } = attempt;
    const isHeld = lookOf(attempt.state).course === "held";
    switch (pressed.kind) {
      case "star":
        return changeCode(attempt);
      case "plus":
        if (attempt.canWaitLonger) return void call(() => host.waitLonger({ outTradeNo }));
        return hint(isHeld ? "held_ignores_digits" : "cannot_wait");
      case "cash":
        if (!attempt.canTakeCash) return hint("cannot_take_cash");
        return instead(attempt);
      case "goods":
        if (!attempt.canGiveGoods) return hint("cannot_give_goods");
        return approvals.begin({ kind: "goods", outTradeNo, amountFen: attempt.amountFen });
      case "digit":
      case "dot":
      case "double_zero":
        return hint(isHeld ? "held_ignores_digits" : "waiting_ignores_digits");
      case "ask":
        return askings.ask(attempt);
      case "minus":
        if (!attempt.canCancel) return hint("cannot_cancel");
        return void call(() => host.cancelAttempt({ outTradeNo }));
      case "aside":
        if (attempt.canPutAside) return void call(() => host.putAside({ outTradeNo }));
        if (isHeld) return void call(() => host.clearFront());
        return hint("cannot_put_aside");
      default:
        return shared(pressed);
    }
  }

  return { stroke };
}
