//! What needs the manager's PIN: it is checked beside the till, and its word goes to the till with
//! the one request that it was given for.

use std::sync::Arc;
use std::time::Duration;

use mianfu_core::money::Timestamp;
use mianfu_till::open_items::FindingId;
use mianfu_till::people::{
    Approved, FindingSettled, GoodsGiven, ManagerState, People, Pin, RefundWish,
};

use crate::open::Shop;
use crate::shell::{Shell, attempt_no, fen, intent};
use crate::views::{self, Report, ReportCode};

impl Shell {
    /// Chooses the manager's PIN.
    pub(crate) async fn set_pin(&self, request: views::SetPin) -> Result<(), Report> {
        let chosen = pin(request.pin)?;
        let before = request.before.map(pin).transpose()?;
        let shop = self.shop().await?;
        let choose = move |people: &People, now| people.set_pin(&chosen, before.as_ref(), now);
        self.beside_the_till(&shop, choose).await
    }

    /// Says that the goods are gone (货已交给顾客).
    pub(crate) async fn goods_given(&self, request: views::GoodsGiven) -> Result<(), Report> {
        let no = attempt_no(&request.out_trade_no)?;
        let shop = self.shop().await?;
        let approved = self.approve(&shop, request.pin, GoodsGiven { no }).await?;
        Ok(shop.running.ask(|till, now| till.goods_given(approved, now)).await??)
    }

    /// Says that a finding has been looked into.
    pub(crate) async fn settle_finding(&self, request: views::SettleFinding) -> Result<(), Report> {
        let settled = FindingSettled { id: FindingId(request.finding_id) };
        let shop = self.shop_meant(request.shop).await?;
        let approved = self.approve(&shop, request.pin, settled).await?;
        Ok(shop.running.ask(|till, now| till.finding_settled(approved, now)).await??)
    }

    /// Gives money of a paid attempt back.
    pub(crate) async fn refund_attempt(&self, request: views::RefundAttempt) -> Result<(), Report> {
        let no = attempt_no(&request.out_trade_no)?;
        let amount = fen(request.amount_fen)?;
        let wish = RefundWish { no, amount, intent_id: intent(request.intent_id)? };
        let shop = self.shop().await?;
        let approved = self.approve(&shop, request.pin, wish).await?;
        shop.running.ask(|till, now| till.refund_approved(approved, now)).await??;
        Ok(())
    }

    /// Asks the manager of a shop for a word for one request.
    pub(crate) async fn approve<R: Send + 'static>(
        &self,
        shop: &Shop,
        typed: String,
        request: R,
    ) -> Result<Approved<R>, Report> {
        let pin = pin(typed)?;
        self.beside_the_till(shop, move |people, now| people.approve(&pin, request, now)).await
    }

    /// Runs what takes tens of milliseconds where nobody waits for it but its caller, and tells the
    /// screens how the manager's PIN stands afterwards.
    async fn beside_the_till<R: Send + 'static, E: Into<Report> + Send + 'static>(
        &self,
        shop: &Shop,
        work: impl FnOnce(&People, Timestamp) -> Result<R, E> + Send + 'static,
    ) -> Result<R, Report> {
        let now = shop.running.ask(|_, now| now).await?;
        let people = Arc::clone(&shop.people);
        let worked = tauri::async_runtime::spawn_blocking(move || work(&people, now))
            .await
            .map_err(|error| Report::new(ReportCode::Internal, &error))?;
        self.tell_of_people(shop.people.manager(now), now);
        worked.map_err(Into::into)
    }

    /// Tells the screens how the manager's PIN stands, and once more when its lock opens.
    pub(crate) fn tell_of_people(&self, manager: ManagerState, now: Timestamp) {
        let turned = self.turner();
        turned.send_modify(|turned| *turned += 1);
        let ManagerState::Locked { until: Some(until) } = manager else {
            return;
        };
        let wait = Duration::from_millis(u64::try_from(until.since_ms(now)).unwrap_or(0));
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(wait).await;
            turned.send_modify(|turned| *turned += 1);
        });
    }
}

fn pin(typed: String) -> Result<Pin, Report> {
    Pin::new(typed).ok_or_else(|| Report::plain(ReportCode::BadPin, "a PIN is six digits"))
}
