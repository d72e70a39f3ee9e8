//! Where the customer's window is: on a monitor of its own, or nowhere.
//!
//! The store names a monitor, or the first that is not the counter's is taken. Where it goes, the
//! window is hidden until it is back: a code that falls on the counter is paid by whoever stands
//! there. A till that has had one monitor all along keeps the window beside the counter's.

use std::time::Duration;

use tauri::{AppHandle, Manager, Monitor, PhysicalPosition, PhysicalSize, Runtime, WebviewWindow};

use crate::shell::Shell;
use crate::windows::{CUSTOMER, TILL};

/// How often the monitors are looked at. No toolkit tells of all that happens to them.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Screen {
    /// What the system calls it; two of a kind may be called the same.
    name: Option<String>,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
}

/// Where the customer's window belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placement {
    /// A window among others: the till has one monitor.
    Beside,
    /// The whole of a monitor.
    On(Screen),
    /// Nowhere: its monitor is not there.
    Hidden,
}

/// Returns where the customer's window belongs. `so_far` is where it was; `None` at the start.
pub(crate) fn place(
    screens: &[Screen],
    chosen: Option<&str>,
    counter: Option<&Screen>,
    so_far: Option<&Placement>,
) -> Placement {
    let counter = counter.or_else(|| screens.first());
    let is_free = |screen: &&Screen| counter.is_none_or(|at| (at.x, at.y) != (screen.x, screen.y));
    let is_chosen =
        |screen: &&Screen| chosen.is_none_or(|name| screen.name.as_deref() == Some(name));
    if let Some(screen) = screens.iter().find(|screen| is_free(screen) && is_chosen(screen)) {
        return Placement::On(screen.clone());
    }
    match (so_far, chosen) {
        (None | Some(Placement::Beside), None) => Placement::Beside,
        (_, Some(_)) | (Some(Placement::On(_) | Placement::Hidden), None) => Placement::Hidden,
    }
}

/// What the system says of its monitors.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    screens: Vec<Screen>,
    /// The one that the counter's window is on, where that can be told.
    counter: Option<Screen>,
}

/// Keeps the customer's window in its place for as long as it is there.
pub(crate) async fn follow<R: Runtime>(app: AppHandle<R>) {
    let shell = app.state::<Shell>();
    let Ok(shop) = shell.shop().await else {
        return;
    };
    let chosen = shop.counter.customer_monitor.as_deref();
    let mut seen = None;
    let mut so_far = None;
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        let Some(window) = app.get_webview_window(CUSTOMER) else {
            return;
        };
        let look = match look(&app, &window) {
            Ok(look) => look,
            Err(error) => {
                tracing::debug!(%error, "the monitors could not be listed");
                continue;
            }
        };
        if seen.as_ref() != Some(&look) {
            // A name that the store's file gets wrong is found here.
            tracing::info!(screens = ?look.screens, counter = ?look.counter, chosen, "monitors");
        }
        let placement = place(&look.screens, chosen, look.counter.as_ref(), so_far.as_ref());
        seen = Some(look);
        if so_far.as_ref() != Some(&placement) {
            tracing::info!(?placement, "the customer's window has its place");
            if let Err(error) = put(&app, &window, &placement) {
                tracing::warn!(%error, "the customer's window could not be placed");
            }
            so_far = Some(placement);
        }
    }
}

fn look<R: Runtime>(app: &AppHandle<R>, window: &WebviewWindow<R>) -> tauri::Result<Look> {
    let screens = window.available_monitors()?.iter().map(screen).collect();
    let counter = match app.get_webview_window(TILL) {
        Some(till) => till.current_monitor()?.as_ref().map(screen),
        None => None,
    };
    Ok(Look { screens, counter })
}

fn put<R: Runtime>(
    app: &AppHandle<R>,
    window: &WebviewWindow<R>,
    placement: &Placement,
) -> tauri::Result<()> {
    match placement {
        Placement::Beside => window.show()?,
        Placement::Hidden => return window.hide(),
        Placement::On(screen) => fill(window, screen)?,
    }
    match app.get_webview_window(TILL) {
        Some(till) => till.set_focus(),
        None => Ok(()),
    }
}

fn fill<R: Runtime>(window: &WebviewWindow<R>, screen: &Screen) -> tauri::Result<()> {
    // A window that fills one monitor does not move to another.
    window.set_fullscreen(false)?;
    window.set_position(PhysicalPosition::new(screen.x, screen.y))?;
    window.set_size(PhysicalSize::new(screen.width, screen.height))?;
    window.show()?;
    // Some window managers choose a place of their own for a window that is shown again.
    window.set_position(PhysicalPosition::new(screen.x, screen.y))?;
    window.set_fullscreen(true)
}

fn screen(monitor: &Monitor) -> Screen {
    let (position, size) = (monitor.position(), monitor.size());
    Screen {
        name: monitor.name().cloned(),
        x: position.x,
        y: position.y,
        width: size.width,
        height: size.height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(name: &str, x: i32) -> Screen {
        Screen { name: Some(name.to_owned()), x, y: 0, width: 1024, height: 768 }
    }

    /// Checks where the window belongs on monitors in a row, the counter being on the one at
    /// `counter_x`. The place is the monitor's x.
    #[track_caller]
    fn check(
        names: &[&str],
        chosen: Option<&str>,
        counter_x: i32,
        so_far: Option<&Placement>,
        expected: Result<i32, Placement>,
    ) {
        let row = (0..).step_by(1024);
        let screens: Vec<Screen> = names.iter().zip(row).map(|(name, x)| screen(name, x)).collect();
        let counter = screens.iter().find(|screen| screen.x == counter_x);
        let found = match place(&screens, chosen, counter, so_far) {
            Placement::On(screen) => Ok(screen.x),
            other @ (Placement::Beside | Placement::Hidden) => Err(other),
        };
        assert_eq!(found, expected, "{names:?} chosen {chosen:?} counter {counter_x}");
    }

    #[test]
    fn the_window_takes_the_first_monitor_that_is_not_the_counters() {
        check(&["A", "B"], None, 0, None, Ok(1024));
        check(&["A", "B"], None, 1024, None, Ok(0));
        check(&["A", "B", "C"], None, 0, None, Ok(1024));
        check(&["A", "A"], None, 1024, None, Ok(0));
        check(&["A", "B"], None, -1, None, Ok(1024));
    }

    #[test]
    fn the_store_chooses_the_monitor() {
        check(&["A", "B", "C"], Some("C"), 0, None, Ok(2048));
        check(&["A", "A"], Some("A"), 0, None, Ok(1024));
        check(&["A", "B", "C"], Some("C"), 0, Some(&Placement::Hidden), Ok(2048));
    }

    #[test]
    fn one_monitor_all_along_leaves_the_window_beside_the_counters() {
        check(&["A"], None, 0, None, Err(Placement::Beside));
        check(&["A"], None, 0, Some(&Placement::Beside), Err(Placement::Beside));
        check(&["A", "B"], None, 0, Some(&Placement::Beside), Ok(1024));
    }

    #[test]
    fn a_code_never_falls_on_the_counter() {
        let on = Placement::On(screen("B", 1024));
        let hidden = Err(Placement::Hidden);
        check(&["A"], None, 0, Some(&on), hidden.clone());
        check(&["A"], None, 0, Some(&Placement::Hidden), hidden.clone());
        check(&[], None, 0, Some(&on), hidden.clone());
        check(&["A"], Some("B"), 0, None, hidden.clone());
        check(&["A", "C"], Some("B"), 0, Some(&on), hidden.clone());
        check(&["A", "B"], Some("B"), 1024, Some(&on), hidden.clone());
        check(&["A"], Some("A"), 0, None, hidden);
    }

    #[test]
    fn a_monitor_that_is_back_has_its_window_back() {
        check(&["A", "B"], None, 0, Some(&Placement::Hidden), Ok(1024));
        check(&["A", "B"], Some("B"), 0, Some(&Placement::Hidden), Ok(1024));
    }
}
