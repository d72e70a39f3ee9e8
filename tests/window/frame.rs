//! What a window manager would do: no manager runs on the virtual display.

use std::error::Error;

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, Window};
use x11rb::rust_connection::RustConnection;

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
        if read.reply()?.value == title.as_bytes() {
            return Ok(Some(window));
        }
        if let Some(found) = titled(display, window, name, title)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
