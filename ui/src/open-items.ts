// What each open thing looks like, and the one thing that can be done about it. The words are in
// `text/`.

import type { FoundView } from "./bindings/FoundView";
import type { OpenItemView } from "./bindings/OpenItemView";
import type { RefundState } from "./bindings/RefundState";
import { lookOf } from "./plate";
import type { MarkName, Tone } from "./plate";

/** The sale onto the plate · what happened to its order · the refund out once more · the manager
 * has looked into it. */
export type OpenAct = "bring_back" | "history" | "try_again" | "settle";

export interface OpenLook {
  tone: Tone;
  mark: MarkName;
}

export function actOf(item: OpenItemView): OpenAct {
  if (item.kind === "finding") return "settle";
  if (item.kind === "refund") return item.state === "wedged" ? "try_again" : "history";
  return lookOf(item.state).course === "live" ? "bring_back" : "history";
}

export function openLook(item: OpenItemView): OpenLook {
  switch (item.kind) {
    case "attempt":
      return lookOf(item.state);
    case "refund":
      return refundLook(item.state);
    case "finding":
      return foundLook(item.found);
  }
}

/** Names an item, so that the choice stays on it while others come and go. */
export function nameOf(item: OpenItemView): string {
  switch (item.kind) {
    case "attempt":
      return item.outTradeNo;
    case "refund":
      return `refund ${item.refundId}`;
    case "finding":
      return `finding ${item.findingId}`;
  }
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

/** What was found again is good to know; all else is a disagreement. */
function foundLook(found: FoundView): OpenLook {
  return found === "recovered" ? { tone: "doubt", mark: "unknown" } : { tone: "stop", mark: "held" };
}
