//! The shell: two windows around a running till.
//!
//! Wiring only. Reading order: [`commands`] (what the screens can ask), [`shell`], [`approval`] and
//! [`open_items`] (whom they ask), [`views`] and [`convert`] (what they are shown), [`report`] (why not), [`open`]
//! and [`practice`] (how the till is opened), [`shops`], [`practising`] and [`idle`] (which shop is
//! on), [`windows`] and [`tell`] (how windows live and what they hear), [`monitors`] (where the
//! customer's window is), [`sound`] (what is heard).

mod approval;
mod cash;
mod change;
mod commands;
mod convert;
mod idle;
mod monitors;
mod open;
mod open_items;
mod practice;
mod practising;
mod report;
mod shell;
mod shops;
mod sound;
mod store;
mod tell;
#[cfg(test)]
mod trial;
pub mod views;
mod windows;

use tauri::ipc::Invoke;
use tauri::{Builder, Context, Manager, Runtime};

pub use open::{CHANNEL_VARIABLE, DATA_VARIABLE, Place, RELAY_VARIABLE};
pub use shell::Shell;
pub use store::STORE_VARIABLE;

/// Runs the window until it is closed.
///
/// # Errors
///
/// Fails where the system gives no window.
pub fn run() -> tauri::Result<()> {
    Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| show_till(app)))
        .manage(Shell::default())
        .invoke_handler(commands())
        .on_window_event(windows::heard)
        .setup(|app| {
            // The window first: what a web view starts takes longer than a till does.
            windows::open(app.handle())?;
            open_till(app.handle())?;
            tauri::async_runtime::spawn(tell::changes(app.handle().clone()));
            tauri::async_runtime::spawn(practising::look_after(app.handle().clone()));
            tauri::async_runtime::spawn(sound::follow(app.handle().clone()));
            #[cfg(unix)]
            tauri::async_runtime::spawn(windows::end_with_the_session(app.handle().clone()));
            Ok(())
        })
        .run(context())
}

/// Returns the configuration and the pages, compiled in.
#[must_use]
pub fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

/// Returns the commands of both windows.
pub fn commands<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        commands::counter,
        commands::customer,
        commands::type_amount,
        commands::show_code,
        commands::scan_code,
        commands::cancel_attempt,
        commands::change_code,
        commands::ask_now,
        commands::wait_longer,
        commands::goods_given,
        commands::settle_finding,
        commands::refund_attempt,
        commands::take_cash,
        commands::cash_instead,
        commands::refund_cash,
        commands::dismiss_cash,
        commands::receipt,
        commands::receipt_pdf,
        commands::set_pin,
        commands::enter_practice,
        commands::leave_practice,
        commands::stir_practice,
        commands::ask_bill,
        commands::put_aside,
        commands::bring_back,
        commands::clear_front,
        commands::orders_today,
        commands::order,
        commands::order_history,
        commands::open_items,
        commands::retry_refund,
        commands::close_anyway,
    ]
}

/// Opens the till beside the windows, so that neither waits for the other.
fn open_till<R: Runtime>(app: &tauri::AppHandle<R>) -> tauri::Result<()> {
    let place = Place::named(app.path().app_data_dir()?);
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let runtime = tauri::async_runtime::handle();
        app.state::<Shell>().open(&place, runtime.inner());
    });
    Ok(())
}

/// Brings the cashier's window to the front when the program is started a second time.
fn show_till<R: Runtime>(app: &tauri::AppHandle<R>) {
    if let Some(window) = app.get_webview_window(windows::TILL) {
        // The window is there either way; where it cannot be raised, the task bar leads to it.
        let _ = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    }
}
