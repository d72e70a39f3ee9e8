// Did the customer pay? One key asks the channel, and the answer is read from the view that follows:
// one of four, with the second at which the channel was asked.

import type { AttemptView } from "./bindings/AttemptView";
import type { Desk } from "./desk";
import { lookOf } from "./plate";

/** Paid · not paid, safe to charge again · the customer is typing · not known, do not charge. */
export type AnswerName = "paid" | "not_paid" | "typing" | "not_known";

export function answerOf({ state }: AttemptView): AnswerName {
  const { goods, charge } = lookOf(state);
  if (goods === "yes") return "paid";
  if (charge === "yes") return "not_paid";
  return state === "typing" ? "typing" : "not_known";
}

export interface Asking {
  ask(attempt: AttemptView): void;
  askAside(): void;
  /** Asks for the sale of a customer's bill. */
  askBill(code: string): void;
}

export function asking({ host, hand, view, refresh, hint, openOrder, call }: Desk): Asking {
  function ask(attempt: AttemptView): void {
    if (attempt.canAskAgain) return askAll([attempt]);
    if (attempt.endedAtMs === null) return hint("nothing_to_ask");
    // It has ended, and the answer is known without asking.
    hand.notice = { kind: "asked", about: [{ outTradeNo: attempt.outTradeNo, beforeMs: null, atMs: null }] };
  }

  function askAside(): void {
    const waiting = (view()?.aside ?? []).filter((attempt) => attempt.canAskAgain);
    if (waiting.length === 0) return hint("nothing_to_ask");
    askAll(waiting);
  }

  function askAll(attempts: readonly AttemptView[]): void {
    const about = attempts.map(({ outTradeNo, askedAtMs }) => ({
      outTradeNo,
      beforeMs: askedAtMs,
      atMs: null,
    }));
    hand.notice = { kind: "asked", about };
    for (const { outTradeNo } of about) void askNow(outTradeNo);
  }

  async function askNow(outTradeNo: string): Promise<void> {
    if (!(await call(() => host.askNow({ outTradeNo })))) return;
    const { notice } = hand;
    if (notice?.kind !== "asked") return;
    const atMs = view()?.nowMs ?? null;
    const about = notice.about.map((one) =>
      one.outTradeNo === outTradeNo && one.atMs === null ? { ...one, atMs } : one,
    );
    hand.notice = { kind: "asked", about };
  }

  /** When the channel last answered about an attempt in sight. */
  function heardMs(outTradeNo: string): number | null {
    const now = view();
    const known = [now?.front, ...(now?.aside ?? [])];
    return known.find((attempt) => attempt?.outTradeNo === outTradeNo)?.askedAtMs ?? null;
  }

  function askBill(code: string): void {
    hint("asking_bill");
    const beforeMs = heardMs(code);
    void call(async () => {
      const { outTradeNo, orderNo, ended, cash } = await host.askBill({ code });
      if (cash !== null && orderNo !== null) {
        openOrder(orderNo);
        hand.notice = { kind: "cash_bill", orderNo, ...cash };
        return;
      }
      if (ended !== null) {
        openOrder(ended.orderNo);
        hand.notice = { kind: "ended_bill", ended };
        return;
      }
      if (outTradeNo === null) return hint("bill_unknown");
      await refresh();
      const atMs = view()?.nowMs ?? null;
      hand.notice = { kind: "asked", about: [{ outTradeNo, beforeMs, atMs }] };
    });
  }

  return { ask, askAside, askBill };
}
