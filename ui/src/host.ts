// The only door between the screens and whatever runs them.
//
// Screens import `host`, never `@tauri-apps/*`. That is what lets the same pages run in the app,
// in a browser on the demo host, and in tests. Every command rejects with a `Report`.

import type { AskBill } from "./bindings/AskBill";
import type { AttemptRef } from "./bindings/AttemptRef";
import type { AttemptView } from "./bindings/AttemptView";
import type { BillView } from "./bindings/BillView";
import type { CashInstead } from "./bindings/CashInstead";
import type { ChangeCode } from "./bindings/ChangeCode";
import type { CounterView } from "./bindings/CounterView";
import type { CustomerView } from "./bindings/CustomerView";
import type { EnterPractice } from "./bindings/EnterPractice";
import type { GoodsGiven } from "./bindings/GoodsGiven";
import type { HistoryLineView } from "./bindings/HistoryLineView";
import type { OpenItemsView } from "./bindings/OpenItemsView";
import type { OrderLineView } from "./bindings/OrderLineView";
import type { OrderRef } from "./bindings/OrderRef";
import type { ReceiptFile } from "./bindings/ReceiptFile";
import type { ReceiptView } from "./bindings/ReceiptView";
import type { RefundAttempt } from "./bindings/RefundAttempt";
import type { RefundCash } from "./bindings/RefundCash";
import type { Report } from "./bindings/Report";
import type { RetryRefund } from "./bindings/RetryRefund";
import type { ScanCode } from "./bindings/ScanCode";
import type { SetPin } from "./bindings/SetPin";
import type { SettleFinding } from "./bindings/SettleFinding";
import type { ShowCode } from "./bindings/ShowCode";
import type { TakeCash } from "./bindings/TakeCash";
import type { TypeAmount } from "./bindings/TypeAmount";

/** Ends a subscription. */
export type Stop = () => void;

export interface Host {
  counter(): Promise<CounterView>;
  customer(): Promise<CustomerView>;
  /** Calls back with every change of the counter. */
  onCounter(callback: (view: CounterView) => void): Promise<Stop>;
  onCustomer(callback: (view: CustomerView) => void): Promise<Stop>;
  /** Calls back when somebody asked to close the window while attempts have no result. */
  onCloseAsked(callback: (open: AttemptView[]) => void): Promise<Stop>;
  typeAmount(request: TypeAmount): Promise<void>;
  showCode(request: ShowCode): Promise<void>;
  scanCode(request: ScanCode): Promise<void>;
  /** Takes the code that stands back, so that another wallet's comes in its place. */
  changeCode(request: ChangeCode): Promise<void>;
  cancelAttempt(request: AttemptRef): Promise<void>;
  /** Asks the channel at once. */
  askNow(request: AttemptRef): Promise<void>;
  putAside(request: AttemptRef): Promise<void>;
  bringBack(request: AttemptRef): Promise<void>;
  /** Gives a customer who is typing half a minute more. */
  waitLonger(request: AttemptRef): Promise<void>;
  /** Asks for the sale of a customer's bill and brings it to the plate, unless it was in cash. */
  askBill(request: AskBill): Promise<BillView>;
  takeCash(request: TakeCash): Promise<void>;
  cashInstead(request: CashInstead): Promise<void>;
  /** Takes a cash sale off the plate. */
  dismissCash(): Promise<void>;
  goodsGiven(request: GoodsGiven): Promise<void>;
  settleFinding(request: SettleFinding): Promise<void>;
  refundAttempt(request: RefundAttempt): Promise<void>;
  refundCash(request: RefundCash): Promise<void>;
  setPin(request: SetPin): Promise<void>;
  enterPractice(request: EnterPractice): Promise<void>;
  leavePractice(): Promise<void>;
  /** Tells that somebody touches the counter: practice ends by itself when nobody does. */
  stirPractice(): Promise<void>;
  /** Takes an ended attempt, or a question, off the screen. */
  clearFront(): Promise<void>;
  ordersToday(): Promise<OrderLineView[]>;
  /** One order, of whatever day. */
  order(request: OrderRef): Promise<OrderLineView>;
  orderHistory(request: OrderRef): Promise<HistoryLineView[]>;
  /** What waits for a person or is not known, of whatever day. */
  openItems(): Promise<OpenItemsView>;
  /** Tries a refund again, as it was approved. */
  retryRefund(request: RetryRefund): Promise<void>;
  /** The receipt as the next print would be. */
  receipt(request: OrderRef): Promise<ReceiptView>;
  /** Prints a receipt into a file, and counts the print. */
  receiptPdf(request: OrderRef): Promise<ReceiptFile>;
  /** Closes the window although attempts have no result. */
  closeAnyway(): Promise<void>;
}

let installed: Host | null = null;

export function install(host: Host): void {
  installed = host;
}

export function host(): Host {
  if (installed === null) throw new Error("install() a host before mounting a page");
  return installed;
}

/** Reads a rejection as a report; whatever is none becomes `internal`. */
export function reportOf(rejection: unknown): Report {
  if (isReport(rejection)) return rejection;
  return { code: "internal", detail: String(rejection) };
}

function isReport(value: unknown): value is Report {
  return typeof value === "object" && value !== null && "code" in value && "detail" in value;
}
