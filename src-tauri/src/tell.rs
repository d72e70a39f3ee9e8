//! The screens are told of every change, each only of what is its own.

use std::io::Write;
use std::sync::Arc;

use tauri::{AppHandle, Emitter, EventTarget, Manager, Runtime};
use tokio::sync::watch;

use crate::open::Shop;
use crate::shell::Shell;
use crate::shops::Known;
use crate::views::AttemptView;
use crate::windows::{CUSTOMER, TILL};

/// Tells both windows of every change of the shop that is on, until its till stops.
pub(crate) async fn changes<R: Runtime>(app: AppHandle<R>) {
    let shell = app.state::<Shell>();
    let mut switched = shell.switched();
    loop {
        // Seen before it is looked up, so that a change in between is not missed.
        switched.borrow_and_update();
        let Ok(shop) = shell.shop().await else {
            return;
        };
        match changes_of(&app, &shell, &shop, &mut switched).await {
            // The shop that is on may be the same: its opening is a switch too.
            Until::Switched => {}
            Until::Stopped => match shell.shop().await {
                Ok(on) if !Arc::ptr_eq(&on, &shop) => {}
                Ok(_) | Err(_) => return,
            },
        }
    }
}

/// Why nothing more is told of a shop.
enum Until {
    /// Another shop may be on.
    Switched,
    /// Its till has stopped.
    Stopped,
}

/// Tells of every change of one shop, until another is on or its till stops.
async fn changes_of<R: Runtime>(
    app: &AppHandle<R>,
    shell: &Shell,
    shop: &Arc<Shop>,
    switched: &mut watch::Receiver<Known>,
) -> Until {
    let mut revision = shop.running.revision();
    let mut turned = shell.turned();
    let mut condition = shop.upkeep.condition();
    let mut works = shell.speaker().works();
    let mut missed = shell.speaker().missed();
    loop {
        tell_all(app, shell, shop).await;
        let goes_on = tokio::select! {
            Ok(()) = switched.changed() => return Until::Switched,
            changed = revision.changed() => changed.is_ok(),
            changed = turned.changed() => changed.is_ok(),
            changed = condition.changed() => changed.is_ok(),
            Ok(()) = works.changed() => true,
            Ok(()) = missed.changed() => true,
        };
        if !goes_on {
            return Until::Stopped;
        }
    }
}

async fn tell_all<R: Runtime>(app: &AppHandle<R>, shell: &Shell, shop: &Arc<Shop>) {
    match shell.counter_of(shop).await {
        Ok(view) => {
            tell(app, CUSTOMER, "customer_changed", &shell.customer_of(&view));
            tell(app, TILL, "counter_changed", &view);
            shell.has_told(Arc::clone(shop), view);
        }
        // What the cashier asks next is told why. A code that nobody watches must not be paid.
        Err(_) => {
            if let Ok(view) = shell.customer_of_none().await {
                tell(app, CUSTOMER, "customer_changed", &view);
            }
        }
    }
}

/// Asks the cashier's window whether to close although attempts have no result.
pub(crate) fn close_asked<R: Runtime>(app: &AppHandle<R>, open: &[AttemptView]) {
    tell(app, TILL, "close_asked", &open);
}

fn tell<R: Runtime, V: serde::Serialize + Clone>(
    app: &AppHandle<R>,
    window: &str,
    event: &str,
    view: &V,
) {
    let target = EventTarget::webview_window(window);
    if let Err(error) = app.emit_to(target, event, view) {
        tracing::warn!(%error, window, event, "a window was not told");
    }
}

/// Says on standard output that the counter has been painted, where whoever started the program
/// asks for it by `MIANFU_TELL_READY`: a cold start is measured from outside.
pub(crate) fn ready() {
    if std::env::var_os("MIANFU_TELL_READY").is_some() {
        // Nobody may be listening any more.
        drop(writeln!(std::io::stdout().lock(), "ready"));
    }
}

#[cfg(test)]
mod tests;
