// The app's host: commands by name, views by event. Nothing else imports `@tauri-apps/*`.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { AttemptView } from "./bindings/AttemptView";
import type { BillView } from "./bindings/BillView";
import type { CounterView } from "./bindings/CounterView";
import type { CustomerView } from "./bindings/CustomerView";
import type { HistoryLineView } from "./bindings/HistoryLineView";
import type { OpenItemsView } from "./bindings/OpenItemsView";
import type { OrderLineView } from "./bindings/OrderLineView";
import type { ReceiptFile } from "./bindings/ReceiptFile";
import type { ReceiptView } from "./bindings/ReceiptView";
import type { Host } from "./host";

declare global {
  interface Window {
    /** The counter as the shell asked for it before this page had a script. */
    firstCounter?: Promise<CounterView>;
  }
}

function firstCounter(): Promise<CounterView> | undefined {
  const asked = window.firstCounter;
  delete window.firstCounter;
  return asked;
}

export const tauriHost: Host = {
  counter: () => firstCounter() ?? invoke<CounterView>("counter"),
  customer: () => invoke<CustomerView>("customer"),
  onCounter: (callback) => listen<CounterView>("counter_changed", (e) => callback(e.payload)),
  onCustomer: (callback) => listen<CustomerView>("customer_changed", (e) => callback(e.payload)),
  onCloseAsked: (callback) => listen<AttemptView[]>("close_asked", (e) => callback(e.payload)),
  typeAmount: (request) => invoke<void>("type_amount", { request }),
  showCode: (request) => invoke<void>("show_code", { request }),
  scanCode: (request) => invoke<void>("scan_code", { request }),
  changeCode: (request) => invoke<void>("change_code", { request }),
  cancelAttempt: (request) => invoke<void>("cancel_attempt", { request }),
  askNow: (request) => invoke<void>("ask_now", { request }),
  putAside: (request) => invoke<void>("put_aside", { request }),
  bringBack: (request) => invoke<void>("bring_back", { request }),
  waitLonger: (request) => invoke<void>("wait_longer", { request }),
  askBill: (request) => invoke<BillView>("ask_bill", { request }),
  takeCash: (request) => invoke<void>("take_cash", { request }),
  cashInstead: (request) => invoke<void>("cash_instead", { request }),
  dismissCash: () => invoke<void>("dismiss_cash"),
  goodsGiven: (request) => invoke<void>("goods_given", { request }),
  settleFinding: (request) => invoke<void>("settle_finding", { request }),
  refundAttempt: (request) => invoke<void>("refund_attempt", { request }),
  refundCash: (request) => invoke<void>("refund_cash", { request }),
  setPin: (request) => invoke<void>("set_pin", { request }),
  enterPractice: (request) => invoke<void>("enter_practice", { request }),
  leavePractice: () => invoke<void>("leave_practice"),
  stirPractice: () => invoke<void>("stir_practice"),
  clearFront: () => invoke<void>("clear_front"),
  ordersToday: () => invoke<OrderLineView[]>("orders_today"),
  order: (request) => invoke<OrderLineView>("order", { request }),
  orderHistory: (request) => invoke<HistoryLineView[]>("order_history", { request }),
  openItems: () => invoke<OpenItemsView>("open_items"),
  retryRefund: (request) => invoke<void>("retry_refund", { request }),
  receipt: (request) => invoke<ReceiptView>("receipt", { request }),
  receiptPdf: (request) => invoke<ReceiptFile>("receipt_pdf", { request }),
  closeAnyway: () => invoke<void>("close_anyway"),
};
