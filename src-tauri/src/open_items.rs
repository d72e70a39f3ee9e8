//! What waits for a person, and the refund that goes out again because one says so.

use std::collections::BTreeMap;

use mianfu_core::refund::{Refund, RefundId};
use mianfu_till::open_items::OpenItem;
use mianfu_till::{DbError, MerchantKeys, Till};

use crate::convert::{self, Open};
use crate::shell::Shell;
use crate::views::{OpenItemsView, Report, RetryRefund};

impl Shell {
    /// Returns what waits for a person or is not known, of whatever day.
    pub(crate) async fn open_items(&self) -> Result<OpenItemsView, Report> {
        let shop = self.shop().await?;
        let read = |till: &mut Till<MerchantKeys>, _| -> Result<Open, DbError> {
            let items = till.open_items()?;
            let mut wallets = BTreeMap::new();
            for item in &items.items {
                if let OpenItem::Refund(Refund { out_trade_no, .. }) = item {
                    wallets.insert(out_trade_no.clone(), till.attempt(out_trade_no)?.channel);
                }
            }
            Ok(Open { items, wallets })
        };
        Ok(convert::open_items(&shop.running.ask(read).await??))
    }

    /// Tries a refund again. No PIN: it was approved once, and the channel takes it once.
    pub(crate) async fn retry_refund(&self, request: RetryRefund) -> Result<(), Report> {
        let RetryRefund { refund_id, shop } = request;
        let shop = self.shop_meant(shop).await?;
        shop.check_sound()?;
        let again =
            shop.running.ask(move |till, now| till.try_refund_again(RefundId(refund_id), now));
        again.await?.map_err(|error| shop.unkept(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use tauri::Manager;

    use super::*;
    use crate::trial::{place, runtime, windows};
    use crate::views::{ReportCode, ShopView};

    #[test]
    fn a_refund_is_tried_again_only_by_the_shop_that_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let app = windows();
        let shell = app.state::<Shell>();
        shell.open(&place(folder.path()), &runtime());
        tauri::async_runtime::block_on(async {
            let open = shell.open_items().await.unwrap();
            assert_eq!(open, OpenItemsView { items: Vec::new(), rest: 0 });
            for shop in [ShopView::Practice, ShopView::Own] {
                let refused = shell.retry_refund(RetryRefund { refund_id: 1, shop }).await;
                assert_eq!(refused.unwrap_err().code, ReportCode::Outdated, "{shop:?}");
            }
        });
        shell.close();
    }
}
