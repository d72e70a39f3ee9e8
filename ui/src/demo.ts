// The demo host: a counter in a browser with a scripted channel, for tests, pictures and trying the
// pages. Not part of the app. Nothing here moves money, and nothing is decided about any.

import type { AttemptState } from "./bindings/AttemptState";
import type { AttemptView } from "./bindings/AttemptView";
import type { ChannelView } from "./bindings/ChannelView";
import type { CounterView } from "./bindings/CounterView";
import type { CustomerView } from "./bindings/CustomerView";
import type { LastView } from "./bindings/LastView";
import type { OpenItemsView } from "./bindings/OpenItemsView";
import type { OrderLineView } from "./bindings/OrderLineView";
import type { Report } from "./bindings/Report";
import { openIn } from "./demo-open";
import { receiptIn } from "./demo-receipt";
import { attemptIn, customerOf } from "./demo-scenes";
import type { Scene } from "./demo-scenes";
import type { Host } from "./host";
import { plain } from "./money";
import { isPaymentCode } from "./trigger";

export interface DemoHost extends Host {
  /** Every command that came, in order. */
  readonly calls: readonly { command: keyof Host; request: unknown }[];
  /** Makes the next command of this name reject. */
  refuse(command: keyof Host, report: Report): void;
  /** Puts a counter on the screen. */
  put(counter: CounterView): void;
  /** Sets what is open, in place of what the counter has. */
  putOpen(open: OpenItemsView): void;
  view(): CounterView;
  /** Asks to close the window. */
  askClose(open: AttemptView[]): void;
}

/** What a scripted attempt goes through, by the last digit of the scanned code. */
const SCRIPTS: Readonly<Record<string, readonly AttemptState[]>> = {
  "1": ["submitting", "typing", "paid"],
  "2": ["submitting", "declined"],
  "3": ["submitting", "unknown", "reversing", "closed"],
  "4": ["submitting", "unknown", "reversing", "returned"],
  "5": ["submitting", "held"],
};
const PAYS: readonly AttemptState[] = ["submitting", "paid"];
const SHOWN: readonly AttemptState[] = ["code", "paid"];

export const DEMO_PIN = "204816";

/** Says what a wrong scan was, by its shape alone. */
function wrongCode(code: string): Report | null {
  if (isPaymentCode(code)) return null;
  if (/^69\d{11}$/.test(code)) return { code: "product_barcode", detail: "" };
  if (/^https?:/i.test(code)) return { code: "receive_code", detail: "" };
  if (/^(?:1[0-5]|2[5-9]|30)\d{0,16}$/.test(code)) return { code: "truncated_code", detail: "" };
  return { code: "not_a_payment_code", detail: "" };
}

function walletOf(code: string): ChannelView {
  return /^1[0-5]/.test(code) ? "wechat" : "alipay";
}

export function demoHost(scene: Scene, stepMs: number | null = 3_000): DemoHost {
  let counter = scene.counter;
  let customer = scene.customer;
  let typedFen: number | null = null;
  let numbers = 0;
  let pin = DEMO_PIN;
  let open: OpenItemsView | null = null;
  const prints = new Map<string, number>();
  const used = new Set<string>();
  const calls: { command: keyof Host; request: unknown }[] = [];
  const refusals = new Map<keyof Host, Report>();
  const onCounter = new Set<(view: CounterView) => void>();
  const onCustomer = new Set<(view: CustomerView) => void>();
  const onCloseAsked = new Set<(open: AttemptView[]) => void>();

  function put(next: CounterView): void {
    counter = next;
    customer = customerOf(counter, typedFen);
    for (const tell of onCounter) tell(counter);
    for (const tell of onCustomer) tell(customer);
  }

  function change(changes: Partial<CounterView>): void {
    put({ ...counter, nowMs: Date.now(), ...changes });
  }

  function came(command: keyof Host, request: unknown): void {
    calls.push({ command, request });
    const refusal = refusals.get(command);
    if (refusal === undefined) return;
    refusals.delete(command);
    throw refusal;
  }

  function play(front: AttemptView, script: readonly AttemptState[]): void {
    const [state, ...rest] = script;
    if (state === undefined) return;
    const { outTradeNo, orderNo, amountFen, channel, startedAtMs } = front;
    const next = attemptIn(state, Date.now(), {
      outTradeNo,
      orderNo,
      amountFen,
      channel,
      startedAtMs,
    });
    typedFen = null;
    change({
      front: next,
      recent: ended(next) ? [summary(next), ...counter.recent].slice(0, 5) : counter.recent,
    });
    if (stepMs === null || rest.length === 0) return;
    setTimeout(() => {
      const { front: now } = counter;
      if (now?.outTradeNo === outTradeNo && now.state === state) play(next, rest);
    }, stepMs);
  }

  function begin(
    amountFen: number,
    channel: ChannelView,
    script: readonly AttemptState[],
  ): void {
    numbers += 1;
    const tail = String(numbers).padStart(4, "0");
    const first = attemptIn("submitting", Date.now(), {
      outTradeNo: `900100010001000000000000${tail}`,
      orderNo: String(counter.todayCount + 1),
      amountFen,
      channel,
      startedAtMs: Date.now(),
    });
    change({ todayCount: counter.todayCount + 1, question: null });
    play(first, script);
  }

  function takeCash(
    sums: { amountFen: number; receivedFen: number; roundedFen: number },
    instead: boolean,
  ): void {
    const { amountFen: dueFen, receivedFen, roundedFen } = sums;
    const atMs = Date.now();
    const orderNo = String(counter.todayCount + 1);
    typedFen = null;
    const kept = dueFen - roundedFen;
    const changeFen = receivedFen - kept;
    const last: LastView = {
      outTradeNo: null,
      orderNo,
      channel: "cash",
      amountFen: kept,
      state: "paid",
      atMs,
    };
    change({
      todayCount: counter.todayCount + 1,
      recent: [last, ...counter.recent].slice(0, 5),
      cash: { orderNo, dueFen, roundedFen, receivedFen, changeFen, atMs, instead },
    });
  }

  function checkPin(typed: string): void {
    if (typed !== pin) throw { code: "wrong_pin", detail: "" } satisfies Report;
  }

  return {
    calls,
    refuse: (command, report) => void refusals.set(command, report),
    put,
    putOpen: (next) => void (open = next),
    view: () => counter,
    askClose: (open) => onCloseAsked.forEach((tell) => tell(open)),
    counter: async () => counter,
    customer: async () => customer,
    onCounter: async (callback) => subscribe(onCounter, callback),
    onCustomer: async (callback) => subscribe(onCustomer, callback),
    onCloseAsked: async (callback) => subscribe(onCloseAsked, callback),
    async typeAmount(request) {
      came("typeAmount", request);
      typedFen = request.amountFen;
      change({});
    },
    async showCode(request) {
      came("showCode", request);
      begin(request.amountFen, request.channel, SHOWN);
      change({ nextCode: request.channel });
    },
    async scanCode(request) {
      came("scanCode", request);
      const { authCode } = request;
      const wrong = wrongCode(authCode);
      if (wrong !== null) throw wrong;
      if (used.has(authCode)) throw { code: "code_already_used", detail: "" } satisfies Report;
      used.add(authCode);
      begin(request.amountFen, walletOf(authCode), SCRIPTS[authCode.at(-1) ?? ""] ?? PAYS);
    },
    async changeCode(request) {
      came("changeCode", request);
      const { front } = counter;
      if (front === null) return;
      const taken = attemptIn("reversing", Date.now(), {
        ...front,
        state: "reversing",
        code: null,
        changeTo: null,
        changingTo: request.channel,
      });
      change({ front: taken });
      if (stepMs === null) return;
      setTimeout(() => {
        const { orderNo, amountFen } = taken;
        const with_ = { orderNo, amountFen, channel: request.channel };
        change({ nextCode: request.channel, front: attemptIn("code", Date.now(), with_) });
      }, stepMs);
    },
    async cancelAttempt(request) {
      came("cancelAttempt", request);
      if (counter.front !== null) play(counter.front, ["reversing", "closed"]);
    },
    async askNow(request) {
      came("askNow", request);
      if (counter.front !== null) change({ front: { ...counter.front, askedAtMs: Date.now() } });
    },
    async putAside(request) {
      came("putAside", request);
      if (counter.front !== null) change({ front: null, aside: [...counter.aside, counter.front] });
    },
    async bringBack(request) {
      came("bringBack", request);
      const back = counter.aside.find(({ outTradeNo }) => outTradeNo === request.outTradeNo);
      const aside = counter.aside.filter((attempt) => attempt !== back);
      if (back !== undefined) change({ front: back, aside, question: null });
    },
    async waitLonger(request) {
      came("waitLonger", request);
      const { front } = counter;
      if (front === null) return;
      const deadlineMs = (front.deadlineMs ?? Date.now()) + 30_000;
      change({ front: { ...front, deadlineMs, canWaitLonger: false } });
    },
    async askBill(request) {
      came("askBill", request);
      const cash = counter.recent.find(
        ({ orderNo, outTradeNo }) => outTradeNo === null && request.code === cashNo(orderNo),
      );
      if (cash !== undefined) {
        const { orderNo, amountFen, atMs } = cash;
        return { outTradeNo: null, orderNo, ended: null, cash: { amountFen, refundedFen: 0, atMs } };
      }
      const all = [counter.front, ...counter.aside];
      const known = all.find((attempt) => attempt?.outTradeNo === request.code);
      const over = counter.recent.find(({ outTradeNo }) => outTradeNo === request.code);
      if (!known && over !== undefined) {
        const ended = { ...over, outTradeNo: request.code };
        return { outTradeNo: request.code, orderNo: over.orderNo, ended, cash: null };
      }
      if (!known) return { outTradeNo: null, orderNo: null, ended: null, cash: null };
      const aside = counter.aside.filter((attempt) => attempt !== known);
      change({ front: { ...known, askedAtMs: Date.now() }, aside });
      return { outTradeNo: known.outTradeNo, orderNo: known.orderNo, ended: null, cash: null };
    },
    async takeCash(request) {
      came("takeCash", request);
      takeCash(request, false);
    },
    async cashInstead({ outTradeNo, ...sums }) {
      came("cashInstead", { outTradeNo, ...sums });
      const amountFen = counter.front?.amountFen ?? 0;
      change({ front: null });
      takeCash({ amountFen, ...sums }, true);
    },
    async dismissCash() {
      came("dismissCash", null);
      change({ cash: null });
    },
    async goodsGiven(request) {
      came("goodsGiven", request);
      checkPin(request.pin);
      const { front } = counter;
      if (front !== null) change({ front: { ...front, goodsGone: true, canGiveGoods: false } });
    },
    async refundAttempt(request) {
      came("refundAttempt", request);
      checkPin(request.pin);
      const { front } = counter;
      if (front?.outTradeNo !== request.outTradeNo) return;
      const { amountFen } = request;
      const line = { refundId: 1, amountFen, state: "waiting" as const, atMs: Date.now() };
      const refundableFen = front.refundableFen - amountFen;
      change({ front: { ...front, refundableFen, refunds: [...front.refunds, line] } });
    },
    async refundCash(request) {
      came("refundCash", request);
      checkPin(request.pin);
    },
    async setPin(request) {
      came("setPin", request);
      const { before } = request;
      if (/^(\d)\1{5}$/.test(request.pin)) throw { code: "bad_pin", detail: "" } satisfies Report;
      if (counter.manager !== "unset") checkPin(before ?? "");
      pin = request.pin;
      change({ manager: "set" });
    },
    async enterPractice(request) {
      came("enterPractice", request);
      checkPin(request.pin);
      change({ shop: "practice", practice: true, phoneUrl: "http://127.0.0.1:43117/phone" });
    },
    async leavePractice() {
      came("leavePractice", null);
      change({ shop: "own", practice: false, practiceEndsAtMs: null, phoneUrl: null });
    },
    async stirPractice() {
      came("stirPractice", null);
      if (counter.practiceEndsAtMs !== null) change({ practiceEndsAtMs: null });
    },
    async clearFront() {
      came("clearFront", null);
      change({ front: null, question: null });
    },
    async ordersToday() {
      came("ordersToday", null);
      return counter.recent.map(orderOf);
    },
    async order(request) {
      came("order", request);
      const last = counter.recent.find(({ orderNo }) => orderNo === request.orderNo);
      if (last === undefined) throw { code: "outdated", detail: "" } satisfies Report;
      return orderOf(last);
    },
    async orderHistory(request) {
      came("orderHistory", request);
      const result = counter.recent.find(({ orderNo }) => orderNo === request.orderNo);
      if (result === undefined) return [];
      const { atMs, outTradeNo, state } = result;
      if (outTradeNo === null) {
        return [{ atMs, event: "cash_taken", detail: plain(result.amountFen), outTradeNo }];
      }
      return [
        { atMs: atMs - 12_000, event: "order_kept", detail: "", outTradeNo: null },
        { atMs: atMs - 11_800, event: "attempt_kept", detail: "", outTradeNo },
        { atMs: atMs - 11_700, event: "submit_answered", detail: "Typing", outTradeNo },
        {
          atMs: atMs - 6_000,
          event: "query_answered",
          detail: "Typing",
          outTradeNo,
        },
        { atMs, event: "query_answered", detail: state, outTradeNo },
      ];
    },
    async openItems() {
      came("openItems", null);
      return open ?? openIn(counter);
    },
    async settleFinding(request) {
      came("settleFinding", request);
      checkPin(request.pin);
      change({ openFindings: Math.max(0, counter.openFindings - 1) });
    },
    async retryRefund(request) {
      came("retryRefund", request);
      change({ waitingRefunds: Math.max(0, counter.waitingRefunds - 1) });
    },
    async receipt(request) {
      came("receipt", request);
      return receiptIn(request.orderNo, prints.get(request.orderNo) ?? 0);
    },
    async receiptPdf(request) {
      const { orderNo } = request;
      const before = prints.get(orderNo) ?? 0;
      prints.set(orderNo, before + 1);
      came("receiptPdf", request);
      const name = `${orderNo}-${before + 1}.pdf`;
      return { folder: "/home/shop/mianfu/till.receipts", name, receipt: receiptIn(orderNo, before) };
    },
    async closeAnyway() {
      came("closeAnyway", null);
    },
  };
}

function subscribe<T>(
  callbacks: Set<(value: T) => void>,
  callback: (value: T) => void,
): () => void {
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

/** Returns the number on the receipt of a sale in cash. */
export function cashNo(orderNo: string): string {
  return `9100001001${orderNo.padStart(10, "0")}`;
}

function orderOf({ outTradeNo, ...last }: LastView): OrderLineView {
  const { orderNo, amountFen, atMs } = last;
  return {
    orderNo,
    dueFen: amountFen,
    atMs,
    attempts: outTradeNo === null ? [] : [{ outTradeNo, ...last }],
    cashFen: outTradeNo === null ? amountFen : 0,
    roundedFen: 0,
    cashRefundedFen: 0,
    hasReceipt: last.state === "paid" || last.state === "returned",
  };
}

function ended(attempt: AttemptView): boolean {
  return attempt.endedAtMs !== null;
}

function summary({
  outTradeNo,
  orderNo,
  channel,
  amountFen,
  state,
}: AttemptView): LastView {
  return { outTradeNo, orderNo, channel, amountFen, state, atMs: Date.now() };
}
