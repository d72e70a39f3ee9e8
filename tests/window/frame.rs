//! What a window manager would do: no manager runs on the virtual display.

use std::collections::BTreeSet;
use std::error::Error;

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt, EventMask, ImageFormat,
    MapState, StackMode, Window,
};
use x11rb::rust_connection::RustConnection;

use super::Area;

/// Looks at a window before it counts as one that keeps moving; each takes some milliseconds.
const LOOKS_MOST: u32 = 60;

/// Sends the window of this title what a click on its cross sends.
pub(crate) fn ask_to_close(display: &str, title: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (display, screen) = x11rb::connect(Some(display))?;
    let root = display.setup().roots[screen].root;
    let atom = |name: &str| -> Result<u32, Box<dyn Error + Send + Sync>> {
        Ok(display.intern_atom(false, name.as_bytes())?.reply()?.atom)
    };
    let window = find(&display, root, title)?;
    let parts = [atom("WM_DELETE_WINDOW")?, 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS")?, parts);
    display.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
    Ok(())
}

/// Brings the window of this title before the others and waits until it has drawn itself and two
/// looks in a row see the same; what keeps moving is looked at for a moment only.
pub(crate) fn show_still(
    display: &str,
    title: &str,
) -> Result<Window, Box<dyn Error + Send + Sync>> {
    let (display, screen) = x11rb::connect(Some(display))?;
    let window = find(&display, display.setup().roots[screen].root, title)?;
    let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
    display.configure_window(window, &above)?.check()?;
    let room = display.get_geometry(window)?.reply()?;
    let look = || -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let seen =
            display.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, room.width, room.height, !0)?;
        Ok(seen.reply()?.data)
    };
    let mut before = look()?;
    for _ in 0..LOOKS_MOST {
        let seen = look()?;
        if seen == before && is_drawn(&seen) {
            return Ok(window);
        }
        before = seen;
    }
    if is_drawn(&before) { Ok(window) } else { Err(format!("`{title}` stays blank").into()) }
}

/// Returns where the window of this title is; `None` while it is hidden.
pub(crate) fn place_of(
    display: &str,
    title: &str,
) -> Result<Option<Area>, Box<dyn Error + Send + Sync>> {
    let (display, screen) = x11rb::connect(Some(display))?;
    let root = display.setup().roots[screen].root;
    let name = display.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
    let Some(window) = titled(&display, root, name, title)? else {
        return Ok(None);
    };
    let size = display.get_geometry(window)?.reply()?;
    let corner = display.translate_coordinates(window, root, 0, 0)?.reply()?;
    Ok(Some(Area {
        x: corner.dst_x.into(),
        y: corner.dst_y.into(),
        width: size.width.into(),
        height: size.height.into(),
    }))
}

/// A window that has drawn itself has more than one colour.
fn is_drawn(points: &[u8]) -> bool {
    let colours: BTreeSet<&[u8]> = points.chunks(4).step_by(97).collect();
    1 < colours.len()
}

/// Returns the window of this title.
pub(crate) fn find(
    display: &RustConnection,
    root: Window,
    title: &str,
) -> Result<Window, Box<dyn Error + Send + Sync>> {
    let name = display.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
    let found = titled(display, root, name, title)?;
    found.ok_or_else(|| format!("no window is called `{title}`").into())
}

fn titled(
    display: &RustConnection,
    parent: Window,
    name: u32,
    title: &str,
) -> Result<Option<Window>, Box<dyn Error + Send + Sync>> {
    for window in display.query_tree(parent)?.reply()?.children {
        let read = display.get_property(false, window, name, AtomEnum::ANY, 0, 256)?;
        // A toolkit may give its own hidden window the program's name.
        let is_seen = || -> Result<bool, Box<dyn Error + Send + Sync>> {
            let look = display.get_window_attributes(window)?.reply()?;
            Ok(look.map_state == MapState::VIEWABLE)
        };
        if read.reply()?.value == title.as_bytes() && is_seen()? {
            return Ok(Some(window));
        }
        if let Some(found) = titled(display, window, name, title)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
