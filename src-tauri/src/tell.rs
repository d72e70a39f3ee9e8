//! The screens are told of every change, each only of what is its own.

use std::io::Write;

use tauri::{AppHandle, Emitter, EventTarget, Manager, Runtime};

use crate::shell::Shell;
use crate::views::AttemptView;
use crate::windows::{CUSTOMER, TILL};

/// Tells both windows of every change until the till stops.
pub(crate) async fn changes<R: Runtime>(app: AppHandle<R>) {
    let shell = app.state::<Shell>();
    let Ok(shop) = shell.shop().await else {
        return;
    };
    let mut revision = shop.running.revision();
    let mut turned = shell.turned();
    let mut condition = shop.upkeep.condition();
    let mut works = shell.speaker().works();
    let mut missed = shell.speaker().missed();
    loop {
        tell_all(&app, &shell).await;
        let goes_on = tokio::select! {
            changed = revision.changed() => changed.is_ok(),
            changed = turned.changed() => changed.is_ok(),
            changed = condition.changed() => changed.is_ok(),
            Ok(()) = works.changed() => true,
            Ok(()) = missed.changed() => true,
        };
        if !goes_on {
            return;
        }
    }
}

async fn tell_all<R: Runtime>(app: &AppHandle<R>, shell: &Shell) {
    match shell.counter().await {
        Ok(view) => {
            tell(app, CUSTOMER, "customer_changed", &shell.customer_of(&view));
            tell(app, TILL, "counter_changed", &view);
            shell.has_told(view);
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
