//! The two windows: what they may load, and how they close.
//!
//! Neither goes anywhere else, opens another window or loads what is not in the program. Closing
//! with sales that have no result asks first; a shutdown of the machine is never held up, because
//! everything open is asked again at the next start.

use std::sync::Once;
use std::time::Duration;

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{
    AppHandle, Manager, Runtime, Url, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent,
};

use crate::monitors;
use crate::shell::Shell;
use crate::tell;

/// The cashier's window.
pub(crate) const TILL: &str = "till";
/// The customer's window.
pub(crate) const CUSTOMER: &str = "customer";

/// What the page calls itself once the counter has been painted.
const READY: &str = "Mianfu";

/// Asks for the counter as soon as there is a page: the till answers while the page's own scripts
/// are still loading, so that the first picture waits for neither. `ui/src/tauri.ts` takes it.
const ASK_FIRST: &str = "window.firstCounter = window.__TAURI_INTERNALS__.invoke('counter');";

/// How long the till may take to say what is open.
const ASK_LIMIT: Duration = Duration::from_secs(2);
/// How long closing may take before the program ends all the same.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Opens the cashier's window. The customer's follows once the counter has been painted: a cashier
/// who starts the till waits for one window, not for two.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    open_one(app, TILL)
}

/// Opens the customer's window unless it is open; it is shown once it has loaded and has a place.
fn open_customer<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    if app.get_webview_window(CUSTOMER).is_some() {
        return Ok(());
    }
    open_one(app, CUSTOMER)
}

fn open_one<R: Runtime>(app: &AppHandle<R>, label: &str) -> tauri::Result<()> {
    for config in app.config().app.windows.iter().filter(|config| config.label == label) {
        let placed = Once::new();
        let mut window = WebviewWindowBuilder::from_config(app, config)?;
        if label == TILL {
            window = window.initialization_script(ASK_FIRST);
        }
        let window = window
            .visible(label == TILL)
            .on_page_load(move |window, load| {
                // A webview that is moved to another monitor while it loads stays blank.
                if window.label() == CUSTOMER && load.event() == PageLoadEvent::Finished {
                    let app = window.app_handle().clone();
                    placed.call_once(|| {
                        tauri::async_runtime::spawn(monitors::follow(app));
                    });
                }
            })
            .on_navigation(is_own)
            .on_new_window(|_, _| NewWindowResponse::Deny)
            .on_document_title_changed(|window, title| {
                if window.label() == TILL && title == READY {
                    tell::ready();
                    let app = window.app_handle().clone();
                    // Nothing sounds before the counter is there; the device may take its time.
                    app.state::<Shell>().speaker().wake();
                    tauri::async_runtime::spawn(async move { open_customer(&app) });
                }
            })
            .build()?;
        paint_without_gpu(&window)?;
    }
    Ok(())
}

/// Has the webview paint with the processor. A counter's page is still text and boxes: on a machine
/// without a graphics card it is on the screen sooner, and no driver can leave the window blank.
#[cfg(target_os = "linux")]
fn paint_without_gpu<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};
    window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// Other systems' webviews choose for themselves.
#[cfg(not(target_os = "linux"))]
fn paint_without_gpu<R: Runtime>(_window: &WebviewWindow<R>) -> tauri::Result<()> {
    Ok(())
}

/// Returns whether an address is one of the program's own pages.
fn is_own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Where a webview knows no schemes of ours, this name stands for the program itself.
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// Hears that a window is asked to close.
pub(crate) fn heard<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else {
        return;
    };
    api.prevent_close();
    if window.label() != TILL {
        // It closes with the till; until then it is only put out of the way.
        let _ = window.minimize();
        return;
    }
    let app = window.app_handle().clone();
    tauri::async_runtime::spawn(async move { ask_to_close(app).await });
}

async fn ask_to_close<R: Runtime>(app: AppHandle<R>) {
    let shell = app.state::<Shell>();
    // A till that does not answer has nothing more to say; the next start asks for it.
    let open = tokio::time::timeout(ASK_LIMIT, shell.open_attempts()).await;
    match open {
        Ok(Ok(open)) if !open.is_empty() => tell::close_asked(&app, &open),
        Ok(Ok(_) | Err(_)) | Err(_) => close(app.clone()),
    }
}

/// Ends the program: till first, then backup, then windows.
pub(crate) fn close<R: Runtime>(app: AppHandle<R>) {
    for window in app.webview_windows().into_values() {
        // One that cannot be hidden is gone in a moment.
        let _ = window.hide();
    }
    tauri::async_runtime::spawn(async move {
        let closing = app.clone();
        let closed = tokio::task::spawn_blocking(move || closing.state::<Shell>().close());
        if tokio::time::timeout(CLOSE_LIMIT, closed).await.is_err() {
            tracing::warn!("closing took too long; the next start goes on from what was kept");
        }
        app.exit(0);
    });
}

/// Ends the program when the system asks for it, without a question.
#[cfg(unix)]
pub(crate) async fn end_with_the_session<R: Runtime>(app: AppHandle<R>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut told) = signal(SignalKind::terminate()) else {
        return;
    };
    if told.recv().await.is_some() {
        close(app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_program_are_gone_to() {
        let check = |address: &str, own: bool| {
            assert_eq!(is_own(&address.parse().unwrap()), own, "{address}");
        };
        check("tauri://localhost/index.html", true);
        check("tauri://localhost/customer.html", true);
        check("tauri://evil.example/index.html", false);
        check("http://tauri.localhost/", cfg!(windows));
        check("http://127.0.0.1:8080/phone", false);
        check("https://example.com/", false);
        check("file:///etc/passwd", false);
        check("data:text/html,<h1>x</h1>", false);
        check("javascript:alert(1)", false);
        check("about:blank", false);
    }
}
