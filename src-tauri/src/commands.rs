//! What the screens can ask of the till. One function per command, no logic.
//!
//! Which window may call which is in `capabilities/`; the list that makes them gates is in
//! `build.rs`.

use mianfu_core::channel::ChannelId;
use mianfu_till::Means;
use tauri::{AppHandle, Runtime, State};

use crate::convert;
use crate::shell::{Confirmed, Shell};
use crate::views::{
    AskBill, AttemptRef, BillView, CashInstead, ChangeCode, CounterView, CustomerView,
    EnterPractice, GoodsGiven, HistoryLineView, OpenItemsView, OrderLineView, OrderRef,
    ReceiptFile, ReceiptView, RefundAttempt, RefundCash, Report, RetryRefund, ScanCode, SetPin,
    SettleFinding, ShowCode, TakeCash, TypeAmount,
};
use crate::windows;

#[tauri::command]
pub(crate) async fn counter(shell: State<'_, Shell>) -> Result<CounterView, Report> {
    shell.counter().await
}

#[tauri::command]
pub(crate) async fn customer(shell: State<'_, Shell>) -> Result<CustomerView, Report> {
    shell.customer().await
}

#[tauri::command]
pub(crate) fn type_amount(shell: State<'_, Shell>, request: TypeAmount) -> Result<(), Report> {
    shell.type_amount(request.amount_fen)
}

#[tauri::command]
pub(crate) async fn show_code(shell: State<'_, Shell>, request: ShowCode) -> Result<(), Report> {
    let channel: ChannelId = convert::wallet(request.channel)?;
    let same_customer = convert::same_customer(request.same_customer);
    let ShowCode { intent_id, amount_fen, shop, .. } = request;
    let confirmed = Confirmed { intent_id, amount_fen, shop };
    shell.collect(confirmed, Means::Show(channel), same_customer).await
}

#[tauri::command]
pub(crate) async fn scan_code(shell: State<'_, Shell>, request: ScanCode) -> Result<(), Report> {
    let same_customer = convert::same_customer(request.same_customer);
    let ScanCode { intent_id, amount_fen, shop, auth_code, .. } = request;
    let confirmed = Confirmed { intent_id, amount_fen, shop };
    shell.collect(confirmed, Means::Scan(auth_code), same_customer).await
}

#[tauri::command]
pub(crate) async fn cancel_attempt(
    shell: State<'_, Shell>,
    request: AttemptRef,
) -> Result<(), Report> {
    if shell.stop_changing(&request).await? {
        return Ok(());
    }
    shell.about(request, |till, no, now| till.cancel(no, now)).await
}

#[tauri::command]
pub(crate) async fn change_code(
    shell: State<'_, Shell>,
    request: ChangeCode,
) -> Result<(), Report> {
    shell.change_code(request).await
}

#[tauri::command]
pub(crate) async fn ask_now(shell: State<'_, Shell>, request: AttemptRef) -> Result<(), Report> {
    shell.about(request, |till, no, now| till.ask_now(no, now)).await
}

#[tauri::command]
pub(crate) async fn wait_longer(
    shell: State<'_, Shell>,
    request: AttemptRef,
) -> Result<(), Report> {
    shell.about(request, |till, no, now| till.wait_longer(no, now)).await
}

#[tauri::command]
pub(crate) async fn goods_given(
    shell: State<'_, Shell>,
    request: GoodsGiven,
) -> Result<(), Report> {
    shell.goods_given(request).await
}

#[tauri::command]
pub(crate) async fn settle_finding(
    shell: State<'_, Shell>,
    request: SettleFinding,
) -> Result<(), Report> {
    shell.settle_finding(request).await
}

#[tauri::command]
pub(crate) async fn refund_attempt(
    shell: State<'_, Shell>,
    request: RefundAttempt,
) -> Result<(), Report> {
    shell.refund_attempt(request).await
}

#[tauri::command]
pub(crate) async fn take_cash(shell: State<'_, Shell>, request: TakeCash) -> Result<(), Report> {
    shell.take_cash(request).await
}

#[tauri::command]
pub(crate) async fn cash_instead(
    shell: State<'_, Shell>,
    request: CashInstead,
) -> Result<(), Report> {
    shell.cash_instead(request).await
}

#[tauri::command]
pub(crate) async fn refund_cash(
    shell: State<'_, Shell>,
    request: RefundCash,
) -> Result<(), Report> {
    shell.refund_cash(request).await
}

#[tauri::command]
pub(crate) async fn dismiss_cash(shell: State<'_, Shell>) -> Result<(), Report> {
    shell.dismiss_cash().await
}

#[tauri::command]
pub(crate) async fn receipt(
    shell: State<'_, Shell>,
    request: OrderRef,
) -> Result<ReceiptView, Report> {
    shell.receipt(request).await
}

#[tauri::command]
pub(crate) async fn receipt_pdf(
    shell: State<'_, Shell>,
    request: OrderRef,
) -> Result<ReceiptFile, Report> {
    shell.receipt_pdf(request).await
}

#[tauri::command]
pub(crate) async fn set_pin(shell: State<'_, Shell>, request: SetPin) -> Result<(), Report> {
    shell.set_pin(request).await
}

#[tauri::command]
pub(crate) async fn enter_practice(
    shell: State<'_, Shell>,
    request: EnterPractice,
) -> Result<(), Report> {
    shell.enter_practice(request).await
}

#[tauri::command]
pub(crate) async fn leave_practice(shell: State<'_, Shell>) -> Result<(), Report> {
    shell.leave_practice().await
}

#[tauri::command]
pub(crate) async fn stir_practice(shell: State<'_, Shell>) -> Result<(), Report> {
    shell.stir_practice().await
}

#[tauri::command]
pub(crate) async fn ask_bill(
    shell: State<'_, Shell>,
    request: AskBill,
) -> Result<BillView, Report> {
    shell.ask_bill(request.code).await
}

#[tauri::command]
pub(crate) async fn put_aside(shell: State<'_, Shell>, request: AttemptRef) -> Result<(), Report> {
    shell.about(request, |till, no, _| till.put_aside(no)).await
}

#[tauri::command]
pub(crate) async fn bring_back(shell: State<'_, Shell>, request: AttemptRef) -> Result<(), Report> {
    shell.drop_question();
    shell.about(request, |till, no, _| till.bring_back(no)).await
}

#[tauri::command]
pub(crate) async fn clear_front(shell: State<'_, Shell>) -> Result<(), Report> {
    shell.clear_front().await
}

#[tauri::command]
pub(crate) async fn orders_today(shell: State<'_, Shell>) -> Result<Vec<OrderLineView>, Report> {
    shell.orders_today().await
}

#[tauri::command]
pub(crate) async fn order(
    shell: State<'_, Shell>,
    request: OrderRef,
) -> Result<OrderLineView, Report> {
    shell.order(request).await
}

#[tauri::command]
pub(crate) async fn order_history(
    shell: State<'_, Shell>,
    request: OrderRef,
) -> Result<Vec<HistoryLineView>, Report> {
    shell.order_history(request).await
}

#[tauri::command]
pub(crate) async fn open_items(shell: State<'_, Shell>) -> Result<OpenItemsView, Report> {
    shell.open_items().await
}

#[tauri::command]
pub(crate) async fn retry_refund(
    shell: State<'_, Shell>,
    request: RetryRefund,
) -> Result<(), Report> {
    shell.retry_refund(request).await
}

#[tauri::command]
pub(crate) fn close_anyway<R: Runtime>(app: AppHandle<R>) {
    windows::close(app);
}
