// What is open on a demo counter, and one of each kind for the tests. Not part of the app.

import type { AttemptState } from "./bindings/AttemptState";
import type { AttemptView } from "./bindings/AttemptView";
import type { CounterView } from "./bindings/CounterView";
import type { FoundView } from "./bindings/FoundView";
import type { OpenItemView } from "./bindings/OpenItemView";
import type { OpenItemsView } from "./bindings/OpenItemsView";
import type { RefundState } from "./bindings/RefundState";

/** Returns the sales without a result of a counter, and as many refunds as it says wait. */
export function openIn({ front, aside, waitingRefunds, nowMs }: CounterView): OpenItemsView {
  const attempts = [front, ...aside].filter((each): each is AttemptView => each !== null);
  const open = attempts.filter(({ state, endedAtMs }) => endedAtMs === null || state === "held");
  const refunds = Array.from({ length: waitingRefunds }, (_, i) =>
    openRefund("wedged", nowMs, i + 1),
  );
  return { items: [...refunds, ...open.map(openAttempt)], rest: 0 };
}

export function openAttempt(attempt: AttemptView): OpenItemView {
  const { outTradeNo, orderNo, amountFen, startedAtMs: sinceMs, state, channel } = attempt;
  if (state === "held") return openFinding("held", attempt);
  const needsManager = false;
  return {
    kind: "attempt",
    outTradeNo,
    orderNo,
    amountFen,
    sinceMs,
    state,
    channel,
    needsManager,
  };
}

/** Returns what was found about an attempt; each attempt has one at most. */
export function openFinding(found: FoundView, attempt: AttemptView): OpenItemView {
  const { outTradeNo, orderNo, amountFen, startedAtMs: sinceMs, channel } = attempt;
  const { held, channelAmountFen } = attempt;
  return {
    kind: "finding",
    findingId: Number(orderNo),
    found,
    channel,
    outTradeNo,
    orderNo,
    amountFen,
    sinceMs,
    held,
    channelAmountFen,
  };
}

export function openRefund(state: RefundState, nowMs: number, refundId: number): OpenItemView {
  const sinceMs = nowMs - refundId * 7_200_000;
  const orderNo = `12${refundId}`;
  return { kind: "refund", refundId, orderNo, amountFen: 400, sinceMs, state, channel: "alipay" };
}

/** Returns which states a sale is listed in. */
export const LISTED: readonly AttemptState[] = [
  "parked",
  "submitting",
  "typing",
  "code",
  "unknown",
  "reversing",
  "settling",
  "refunding",
  "held",
];
