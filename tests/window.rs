//! The real window, driven as a cashier would, with customers who pay and a channel that fails.
//!
//! What counts as taken is what practice's ledger says; the screen must never contradict it.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "window_tests/access.rs"]
mod access;
#[path = "window_tests/bills.rs"]
mod bills;
#[path = "window_tests/cash.rs"]
mod cash;
#[path = "window_tests/flash.rs"]
mod flash;
#[path = "window_tests/gates.rs"]
mod gates;
#[path = "window_tests/health.rs"]
mod health;
#[path = "window_tests/kill.rs"]
mod kill;
#[path = "window_tests/monitors.rs"]
mod monitors;
#[path = "window_tests/notices.rs"]
mod notices;
#[path = "window_tests/open.rs"]
mod open;
#[path = "window_tests/outage.rs"]
mod outage;
#[path = "window_tests/pin.rs"]
mod pin;
#[path = "window_tests/practice.rs"]
mod practice;
#[path = "window_tests/presses.rs"]
mod presses;
#[path = "window_tests/receipt.rs"]
mod receipt;
#[path = "window_tests/room.rs"]
mod room;
#[path = "window_tests/sale.rs"]
mod sale;
#[path = "window_tests/scans.rs"]
mod scans;
#[path = "window_tests/start.rs"]
mod start;
#[path = "window_tests/waiting.rs"]
mod waiting;
#[path = "window_tests/wallets.rs"]
mod wallets;

use std::path::PathBuf;

use mianfu_tests::window::{App, Channel, Customer, Desk, Page};

/// A counter with its window open, on a channel of its own.
struct Shop {
    desk: Desk,
    channel: Channel,
    customer: Customer,
    /// How many folders for a till were handed out.
    folders: u32,
}

impl Shop {
    fn new() -> Shop {
        Shop::at(Desk::new().unwrap())
    }

    fn at(desk: Desk) -> Shop {
        let channel = Channel::start(&desk).unwrap();
        Shop::on(desk, channel)
    }

    /// A counter that takes both wallets.
    fn of_both(desk: Desk) -> Shop {
        let channel = Channel::of_both(&desk).unwrap();
        Shop::on(desk, channel)
    }

    fn on(desk: Desk, channel: Channel) -> Shop {
        let customer = channel.customer();
        Shop { desk, channel, customer, folders: 0 }
    }

    /// Returns a folder in which no till has kept anything.
    fn fresh(&mut self) -> PathBuf {
        self.folders += 1;
        self.desk.home().join(format!("till-{}", self.folders))
    }

    /// Opens the window on `data`, whatever the channel does.
    async fn open(&self, data: &std::path::Path) -> App {
        let app = App::open(&self.desk, &self.channel.window(data)).await.unwrap();
        app.turn_to(Page::Counter).await.unwrap();
        app
    }

    /// Opens the window and waits until it takes sales.
    async fn open_ready(&self, data: &std::path::Path) -> App {
        let app = self.open(data).await;
        app.wait_until_ready().await.unwrap();
        app
    }
}

/// Returns where a picture goes; the folder is made.
fn picture(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}
