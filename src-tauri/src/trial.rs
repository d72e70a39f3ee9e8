//! A till on a channel of its own and a shell without a display, for tests.

use std::path::Path;

use tauri::test::{MockRuntime, mock_builder};
use tauri::{App, WebviewUrl, WebviewWindowBuilder};
use tokio::runtime::Handle;

use crate::open::{self, Place};
use crate::practice::Reached;
use crate::shell::Shell;
use crate::windows::{CUSTOMER, TILL};

/// Returns where a till is kept under `folder` whose own channel is a pretend one elsewhere.
pub(crate) fn place(folder: &Path) -> Place {
    let reached = Reached::default().reach(&folder.join("channel"), &runtime());
    let place =
        Place { folder: folder.join("till"), channels: reached.unwrap().channels, relay: None };
    open::make_folder(&place).unwrap();
    place
}

/// Returns the two windows and nothing opened behind them.
pub(crate) fn windows() -> App<MockRuntime> {
    let app = mock_builder().manage(Shell::default()).build(crate::context()).unwrap();
    for label in [TILL, CUSTOMER] {
        WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap();
    }
    app
}

/// Returns the runtime on which tills and channels run.
pub(crate) fn runtime() -> Handle {
    tauri::async_runtime::handle().inner().clone()
}
