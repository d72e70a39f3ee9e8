// Which screen stands on the counter, and what each key does there: screens are opened and left, a
// manager is asked, the question before the window closes is answered. Nothing is drawn here.

import { computed, ref } from "vue";
import type { ComputedRef, Ref } from "vue";
import type { AttemptView } from "../bindings/AttemptView";
import type { CounterView } from "../bindings/CounterView";
import type { OpenItemView } from "../bindings/OpenItemView";
import { approval } from "../approval";
import type { Approval, Purpose, RefundFrom } from "../approval";
import { reportOf } from "../host";
import type { Host } from "../host";
import type { Stroke } from "../keys";
import { actOf } from "../open-items";
import { practising } from "../practising";
import { sale } from "../sale";
import type { Sale } from "../sale";

type ReceiptScreen = { name: "receipt"; orderNo: string; from: "sell" | "orders" };

export type Screen =
  | { name: "sell" }
  | { name: "health" }
  | { name: "open_items" }
  | { name: "orders"; orderNo: string | null }
  | ReceiptScreen;

/** What any list does while it stands. */
interface Listed {
  move(by: number): void;
}

/** What the list of orders answers while it stands. */
export interface OrderList extends Listed {
  refundable: readonly RefundFrom[];
  receiptOf: string | null;
  /** The order whose history stands beside the list. */
  chosen: string | null;
}

/** What the list of what is open does while it stands. */
export interface OpenList extends Listed {
  /** Does what the chosen one's key says. */
  act(): void;
  /** Returns the order of the chosen one; null where the list is empty. */
  orderNo(): string | null;
}

/** What a receipt does with a key while it stands. */
export interface Slip {
  stroke(pressed: Stroke): void;
}

/** The screens that take keys themselves, null while they do not stand. */
export interface Keyed {
  readonly orders: Readonly<Ref<OrderList | null>>;
  readonly receipt: Readonly<Ref<Slip | null>>;
  readonly openItems: Readonly<Ref<OpenList | null>>;
}

export interface Stage {
  readonly screen: Ref<Screen>;
  /** Attempts without a result when somebody asked to close; empty otherwise. */
  readonly closing: Ref<AttemptView[]>;
  readonly approvals: Approval;
  readonly till: Sale;
  readonly practice: ReturnType<typeof practising>;
  /** Whether what stands is all there from the start: an amount, due or being typed. */
  readonly isPlain: ComputedRef<boolean>;
  /** Follows the views; `before` is null at the first. */
  follow(next: CounterView, before: CounterView | null): void;
  stroke(pressed: Stroke, atMs?: number): void;
  openOrders(orderNo: string | null): void;
  /** Does the one thing that can be done about something open. */
  settle(item: OpenItemView): void;
  backToSell(): void;
}

export function stage(
  host: Host,
  view: () => CounterView | null,
  refresh: () => Promise<void>,
  { orders, receipt, openItems }: Keyed,
): Stage {
  const screen = ref<Screen>({ name: "sell" });
  const closing = ref<AttemptView[]>([]);
  const approvals = approval(host, view, refresh, (what) => till.say(what));
  const till = sale(host, view, refresh, approvals, openOrders);
  const practice = practising(host, view, refresh, approvals, till);

  function follow(next: CounterView, before: CounterView | null): void {
    if (practice.seen(next, before)) {
      screen.value = { name: "sell" };
      closing.value = [];
    }
    till.seen(next, before);
    if (before === null) askForFirstPin(next);
  }

  /** Real money waits for a manager's PIN; practice asks for it when it is first needed. */
  function askForFirstPin({ practice, manager, front, aside }: CounterView): void {
    if (manager !== "unset" || practice || front !== null || aside.length > 0) return;
    approvals.begin({ kind: "first_pin", mayWait: false });
  }

  function stroke(pressed: Stroke, atMs = performance.now()): void {
    if (closing.value.length > 0) return whileClosing(pressed);
    if (approvals.open.approving !== null) return approvals.stroke(pressed);
    if (pressed.kind === "practice") return practice.press();
    if (pressed.kind === "health") return turnTo("health");
    if (pressed.kind === "open_items") return turnTo("open_items");
    const now = screen.value;
    switch (now.name) {
      case "sell":
        return whileSelling(pressed, atMs);
      case "orders":
        return whileInOrders(pressed, atMs);
      case "receipt":
        return whileInReceipt(now, pressed, atMs);
      case "open_items":
        return whileInOpenItems(pressed, atMs);
      case "health":
        backToSell();
        if (pressed.kind === "escape" || pressed.kind === "minus") return;
        return whileSelling(pressed, atMs);
    }
  }

  function whileClosing(pressed: Stroke): void {
    switch (pressed.kind) {
      case "enter":
      case "escape":
      case "minus":
        closing.value = [];
        return;
      case "plus":
        void host.closeAnyway();
        return;
      default:
        return;
    }
  }

  function whileSelling(pressed: Stroke, atMs: number): void {
    const paid = pressed.kind === "receipt" ? orderOnPlate() : null;
    if (paid !== null) return openReceipt(paid, "sell");
    if (pressed.kind === "orders") return openOrders(till.front.value?.orderNo ?? null);
    till.stroke(pressed, atMs);
  }

  /** What a key does in any list: it goes back, moves the choice, or begins the next sale. */
  function whileInList(list: Listed | null, pressed: Stroke, atMs: number): void {
    switch (pressed.kind) {
      case "escape":
      case "minus":
        return backToSell();
      case "up":
      case "down":
        till.hush();
        return list?.move(pressed.kind === "up" ? -1 : 1);
      case "digit":
      case "double_zero":
        return nextSale(pressed, atMs);
      default:
        return;
    }
  }

  function whileInOrders(pressed: Stroke, atMs: number): void {
    switch (pressed.kind) {
      case "orders":
        return openOrders(till.front.value?.orderNo ?? null);
      case "refund":
        return refundChosen();
      case "receipt":
        return receiptOfChosen();
      case "star":
        return approvals.begin(pinWish());
      default:
        return whileInList(orders.value, pressed, atMs);
    }
  }

  function whileInReceipt({ orderNo, from }: ReceiptScreen, pressed: Stroke, atMs: number): void {
    switch (pressed.kind) {
      case "escape":
      case "minus":
        return from === "sell" ? backToSell() : openOrders(orderNo);
      case "orders":
        return openOrders(orderNo);
      case "digit":
      case "double_zero":
        return nextSale(pressed, atMs);
      default:
        return receipt.value?.stroke(pressed);
    }
  }

  function whileInOpenItems(pressed: Stroke, atMs: number): void {
    switch (pressed.kind) {
      case "enter":
        till.hush();
        return openItems.value?.act();
      case "orders":
        return openOrders(openItems.value?.orderNo() ?? till.front.value?.orderNo ?? null);
      default:
        return whileInList(openItems.value, pressed, atMs);
    }
  }

  function settle(item: OpenItemView): void {
    switch (actOf(item)) {
      case "bring_back":
        backToSell();
        if (item.kind === "attempt") till.bringBack(item.outTradeNo);
        return;
      case "history":
        return openOrders(item.orderNo);
      case "try_again":
        if (item.kind === "refund") void tryAgain(item.refundId);
        return;
      case "settle":
        if (item.kind !== "finding") return;
        return approvals.begin({
          kind: "settle",
          findingId: item.findingId,
          amountFen: item.amountFen,
        });
    }
  }

  /** The refund was approved once; it goes out under the same number. */
  async function tryAgain(refundId: number): Promise<void> {
    try {
      await host.retryRefund({ refundId, shop: view()?.shop ?? "own" });
      till.say("refund_again");
      await refresh();
    } catch (rejection) {
      till.complain(reportOf(rejection));
    }
  }

  function nextSale(pressed: Stroke, atMs: number): void {
    backToSell();
    till.stroke(pressed, atMs);
  }

  /** The order on the plate, where its end is that money was taken. */
  function orderOnPlate(): string | null {
    const { mode, cashTaken, front } = till;
    if (mode.value === "cash_taken") return cashTaken.value?.orderNo ?? null;
    const paid = mode.value === "ended" && front.value?.state === "paid";
    return paid ? (front.value?.orderNo ?? null) : null;
  }

  /** Another PIN, or the first where nobody has chosen one. */
  function pinWish(): Purpose {
    const unset = view()?.manager === "unset";
    return unset ? { kind: "first_pin", mayWait: true } : { kind: "change_pin" };
  }

  function refundChosen(): void {
    const from = orders.value?.refundable ?? [];
    if (from.length === 0) return till.say("nothing_to_refund");
    // The list comes back with the order that was refunded, and what is said then is about that.
    screen.value = { name: "orders", orderNo: orders.value?.chosen ?? null };
    approvals.begin({ kind: "refund", from });
  }

  function receiptOfChosen(): void {
    const orderNo = orders.value?.receiptOf ?? null;
    if (orderNo === null) return till.say("no_receipt");
    openReceipt(orderNo, "orders");
  }

  function openReceipt(orderNo: string, from: "sell" | "orders"): void {
    screen.value = { name: "receipt", orderNo, from };
  }

  function openOrders(orderNo: string | null): void {
    if (screen.value.name === "orders" && orderNo === null) return backToSell();
    screen.value = { name: "orders", orderNo };
  }

  function turnTo(name: "health" | "open_items"): void {
    till.hush();
    screen.value = { name: screen.value.name === name ? "sell" : name };
  }

  function backToSell(): void {
    if (["orders", "open_items"].includes(screen.value.name)) till.hush();
    screen.value = { name: "sell" };
  }

  const isPlain = computed(() => {
    if (screen.value.name !== "sell" || closing.value.length > 0) return false;
    if (approvals.open.approving !== null) return false;
    return ["typing", "armed", "sending"].includes(till.mode.value);
  });

  return {
    screen,
    closing,
    approvals,
    till,
    practice,
    isPlain,
    follow,
    stroke,
    openOrders,
    settle,
    backToSell,
  };
}
