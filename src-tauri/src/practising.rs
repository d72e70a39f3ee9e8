//! Practice as something that is entered and left, on a till with channels of its own.
//!
//! The till's own shop stays open behind it: it goes on asking about what it has kept and takes
//! nothing (`docs/decisions/0013`). Which shop is on is in memory only, so that every start is on
//! the till's own channels.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use mianfu_core::money::Timestamp;
use mianfu_till::away::Practise;
use tauri::{AppHandle, Manager, Runtime};

use crate::cash::beside;
use crate::idle::{Idle, Seen};
use crate::open::{self, Shop};
use crate::shell::Shell;
use crate::views::{self, Report, ShopView};

/// How often it is looked whether anybody is there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Shell {
    /// Enters practice, with the word of the manager of the till's own shop.
    pub(crate) async fn enter_practice(&self, request: views::EnterPractice) -> Result<(), Report> {
        let _switching = self.switching.lock().await;
        let own = self.shop_meant(ShopView::Own).await?;
        let approved = self.approve(&own, request.pin, Practise).await?;
        own.running.ask(|till, now| till.go_away(approved, now)).await??;
        let begun = self.begin_practice().await;
        if begun.is_err() {
            own.running.ask(|till, _| till.come_back()).await?;
        }
        let (practice, now) = begun?;
        *self.idle() = Some(Idle::begin(now));
        self.put_down();
        self.shops.enter(practice);
        Ok(())
    }

    /// Leaves practice for the till's own shop.
    pub(crate) async fn leave_practice(&self) -> Result<(), Report> {
        let _switching = self.switching.lock().await;
        let practice = self.shop_meant(ShopView::Practice).await?;
        let own = self.shops.own().await?;
        own.running.ask(|till, _| till.come_back()).await?;
        *self.idle() = None;
        self.put_down();
        self.shops.leave();
        beside(move || practice.close()).await
    }

    /// Notes that somebody touches the counter.
    pub(crate) async fn stir_practice(&self) -> Result<(), Report> {
        let shop = self.shop().await?;
        let now = shop.running.ask(|_, now| now).await?;
        let seen = self.idle().as_mut().map(|idle| idle.stir(now));
        self.tell_of_idle(seen);
        Ok(())
    }

    /// Looks whether anybody is at practice, and ends it where nobody has been for too long. `now`
    /// is the time of practice's till.
    pub async fn look_after_practice(&self, now: Timestamp) {
        let Ok(practice) = self.shop_meant(ShopView::Practice).await else {
            return;
        };
        let open = practice.running.ask(|till, _| till.open_attempts()).await;
        // A till that cannot say is one that somebody is looking at.
        let open = open.ok().and_then(Result::ok).is_none_or(|open| !open.is_empty());
        let seen = self.idle().as_mut().map(|idle| idle.look(open, now));
        if seen == Some(Seen::Over) {
            tracing::info!("nobody practises any more");
            if let Err(report) = self.leave_practice().await {
                tracing::warn!(detail = report.detail, "practice could not be left");
            }
        }
        self.tell_of_idle(seen);
    }

    /// Returns when practice ends by itself, where the screen has to say it.
    pub(crate) fn practice_ends_at(&self) -> Option<Timestamp> {
        self.idle().as_ref().and_then(Idle::ends_at)
    }

    /// Opens the shop of practice, and returns it with its time.
    async fn begin_practice(&self) -> Result<(Arc<Shop>, Timestamp), Report> {
        let (place, runtime) = self.opened_on()?;
        let reached = Arc::clone(&self.practice);
        let opened = beside(move || open::open_practice(&place, &reached, &runtime)).await??;
        let practice = Arc::new(opened);
        // Whoever practises begins with an empty plate, as the shop does afterwards.
        let began = practice.running.ask(|till, now| till.clear_front().map(|()| now)).await;
        match began.map_err(Report::from).and_then(|began| began.map_err(Report::from)) {
            Ok(now) => Ok((practice, now)),
            Err(report) => {
                beside(move || practice.close()).await?;
                Err(report)
            }
        }
    }

    fn tell_of_idle(&self, seen: Option<Seen>) {
        if seen == Some(Seen::Changed) {
            self.turner().send_modify(|turned| *turned += 1);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after practice for as long as the program runs.
pub(crate) async fn look_after<R: Runtime>(app: AppHandle<R>) {
    let shell = app.state::<Shell>();
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        let practice = shell.entered_practice().await;
        every.tick().await;
        if let Ok(now) = practice.running.ask(|_, now| now).await {
            shell.look_after_practice(now).await;
        }
    }
}
