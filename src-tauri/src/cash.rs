//! Cash and receipts: what the cashier counted goes to the till, what it kept comes back.

use std::path::Path;

use mianfu_core::number::OrderNo;
use mianfu_core::order::Counted;
use mianfu_till::cash::{CashRefundWish, TakeCash};
use mianfu_till::receipt::Receipt;
use mianfu_till::receipt::paper::{self, Font};

use crate::convert;
use crate::shell::{Shell, attempt_no, fen, intent};
use crate::views::{self, OrderRef, ReceiptFile, ReceiptView, Report, ReportCode};

/// Receipts kept as files; an order gives another at any time.
const RECEIPTS_MAX: usize = 500;

impl Shell {
    /// Takes a sale in cash.
    pub(crate) async fn take_cash(&self, request: views::TakeCash) -> Result<(), Report> {
        let take = TakeCash {
            intent_id: intent(request.intent_id)?,
            amount: fen(request.amount_fen)?,
            counted: counted(request.received_fen, request.rounded_fen)?,
        };
        let shop = self.shop_meant(request.shop).await?;
        shop.check_sound()?;
        let taken = shop.running.ask(|till, now| till.take_cash(take, now)).await?;
        taken.map_err(|refusal| shop.unkept(refusal.into()))?;
        self.put_down();
        Ok(())
    }

    /// Takes cash in the place of a wallet (改收现金).
    pub(crate) async fn cash_instead(&self, request: views::CashInstead) -> Result<(), Report> {
        let no = attempt_no(&request.out_trade_no)?;
        let counted = counted(request.received_fen, request.rounded_fen)?;
        let shop = self.shop().await?;
        shop.check_sound()?;
        shop.running.ask(move |till, now| till.take_cash_instead(&no, counted, now)).await??;
        self.put_down();
        Ok(())
    }

    /// Gives cash back, with the manager's PIN.
    pub(crate) async fn refund_cash(&self, request: views::RefundCash) -> Result<(), Report> {
        let wish = CashRefundWish {
            order_no: order_no(&request.order_no)?,
            amount: fen(request.amount_fen)?,
            intent_id: intent(request.intent_id)?,
        };
        let shop = self.shop_meant(request.shop).await?;
        shop.check_sound()?;
        let approved = self.approve(&shop, request.pin, wish).await?;
        shop.running.ask(|till, now| till.refund_cash(approved, now)).await??;
        Ok(())
    }

    /// Takes the sale in cash off the plate.
    pub(crate) async fn dismiss_cash(&self) -> Result<(), Report> {
        let shop = self.shop().await?;
        Ok(shop.running.ask(|till, _| till.dismiss_cash()).await?)
    }

    /// Returns the receipt as the next print would be.
    pub(crate) async fn receipt(&self, order: OrderRef) -> Result<ReceiptView, Report> {
        let no = order_no(&order.order_no)?;
        let shop = self.shop().await?;
        let receipt = shop.running.ask(move |till, now| till.receipt(no, now)).await??;
        Ok(convert::receipt(receipt))
    }

    /// Prints a receipt into a file.
    pub(crate) async fn receipt_pdf(&self, order: OrderRef) -> Result<ReceiptFile, Report> {
        let no = order_no(&order.order_no)?;
        let shop = self.shop().await?;
        // A machine that cannot print counts nothing.
        let font = beside(Font::find).await??;
        let receipt = shop.running.ask(move |till, now| till.print_receipt(no, now)).await??;
        let folder = shop.receipts.clone();
        let shown = folder.display().to_string();
        let (name, receipt) = beside(move || print(receipt, &font, &folder)).await??;
        Ok(ReceiptFile { folder: shown, name, receipt: convert::receipt(receipt) })
    }
}

/// Runs what takes a moment, such as large files, where nobody waits for it but its caller.
pub(crate) async fn beside<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Report> {
    tauri::async_runtime::spawn_blocking(work)
        .await
        .map_err(|error| Report::new(ReportCode::Internal, &error))
}

/// Writes a receipt into its folder and takes the oldest ones out that are too many. Returns what
/// its file is called.
fn print(receipt: Receipt, font: &Font, folder: &Path) -> Result<(String, Receipt), Report> {
    let pdf = paper::pdf(&receipt, font)?;
    let name = format!("{}-{}.pdf", receipt.order_no.0, receipt.nth);
    let path = folder.join(&name);
    let kept = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, pdf));
    if let Err(error) = kept {
        // Half a receipt is none; where it cannot be taken away either, the report names it.
        let _ = std::fs::remove_file(&path);
        let what = format!("{}: {error}", path.display());
        return Err(Report::plain(ReportCode::ReceiptUnwritten, &what));
    }
    if let Err(error) = forget_old(folder) {
        tracing::warn!(%error, "old receipts could not be taken away");
    }
    Ok((name, receipt))
}

fn forget_old(folder: &Path) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let extra = files.len().saturating_sub(RECEIPTS_MAX);
    files.into_iter().take(extra).try_for_each(|(_, path)| std::fs::remove_file(path))
}

fn counted(received_fen: i64, rounded_fen: i64) -> Result<Counted, Report> {
    Ok(Counted { received: fen(received_fen)?, rounded: fen(rounded_fen)? })
}

pub(crate) fn order_no(text: &str) -> Result<OrderNo, Report> {
    text.parse()
        .map(OrderNo)
        .map_err(|_| Report::plain(ReportCode::Outdated, "this is no number of an order"))
}
