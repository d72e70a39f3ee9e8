// What each open thing looks like, and the one thing that can be done about it. The words are in
// `text/`.

import type { OpenItemView } from "./bindings/OpenItemView";
import type { RefundState } from "./bindings/RefundState";
import { lookOf } from "./plate";
import type { MarkName, Tone } from "./plate";

/** The sale onto the plate · what happened to its order · the refund out once more. */
export type OpenAct = "bring_back" | "history" | "try_again";

export interface OpenLook {
  tone: Tone;
  mark: MarkName;
}

export function actOf(item: OpenItemView): OpenAct {
  if (item.kind === "refund") return item.state === "wedged" ? "try_again" : "history";
  return lookOf(item.state).course === "live" ? "bring_back" : "history";
}

export function openLook(item: OpenItemView): OpenLook {
  return item.kind === "refund" ? refundLook(item.state) : lookOf(item.state);
}

/** Names an item, so that the choice stays on it while others come and go. */
export function nameOf(item: OpenItemView): string {
  return item.kind === "refund" ? `refund ${item.refundId}` : item.outTradeNo;
}

function refundLook(state: RefundState): OpenLook {
  switch (state) {
    case "sending":
    case "waiting":
    case "confirmed":
      return { tone: "doubt", mark: "turning" };
    case "wedged":
      return { tone: "doubt", mark: "returned" };
    case "refused":
    case "held":
      return { tone: "stop", mark: "held" };
  }
}
