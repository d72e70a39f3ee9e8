//! The windows hear of every change, whichever came first: the shop or the listening.

use std::future::{Future, ready};
use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use tauri::test::MockRuntime;
use tauri::{App, Listener};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::open;
use crate::practice::Reached;
use crate::trial::{place, runtime, windows};

const LIMIT: Duration = Duration::from_secs(60);

/// What a window was told.
struct Heard(UnboundedReceiver<Value>);

impl Heard {
    fn of(app: &App<MockRuntime>, window: &str, event: &str) -> Heard {
        let (heard, views) = unbounded_channel();
        app.get_webview_window(window).unwrap().listen(event, move |event| {
            // Whoever asked may have heard enough.
            drop(heard.send(serde_json::from_str(event.payload()).unwrap()));
        });
        Heard(views)
    }

    /// Waits for a view with this under that name.
    async fn until(&mut self, name: &str, is: Value) {
        while self.0.recv().await.unwrap()[name] != is {}
    }
}

/// Tells the windows while something is done, which goes on being told to its end.
fn telling(app: &App<MockRuntime>, doing: impl Future<Output = ()>) {
    tauri::async_runtime::block_on(async {
        let mut telling = pin!(changes(app.handle().clone()));
        tokio::select! {
            biased;
            () = &mut telling => panic!("nothing is told"),
            () = ready(()) => (),
        }
        tokio::select! {
            () = &mut telling => panic!("nothing more is told"),
            done = tokio::time::timeout(LIMIT, doing) => done.unwrap(),
        }
    });
}

#[test]
fn a_shop_that_opens_after_the_windows_listen_is_told_of_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let app = windows();
    let mut customer = Heard::of(&app, CUSTOMER, "customer_changed");
    let opening = app.handle().clone();
    telling(&app, async {
        let shell = app.state::<Shell>();
        let open = move || opening.state::<Shell>().open(&place, &runtime());
        tokio::task::spawn_blocking(open).await.unwrap();
        customer.until("amountFen", Value::Null).await;
        for amount_fen in [1_250, 330] {
            shell.type_amount(Some(amount_fen)).unwrap();
            customer.until("amountFen", json!(amount_fen)).await;
        }
    });
    app.state::<Shell>().close();
}

#[test]
fn the_windows_are_told_of_the_shop_that_is_on() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let app = windows();
    let shell = app.state::<Shell>();
    shell.open(&place, &runtime());
    let practice = open::open_practice(&place, &Reached::default(), &runtime()).unwrap();
    let practice = Arc::new(practice);
    let mut till = Heard::of(&app, TILL, "counter_changed");
    let mut customer = Heard::of(&app, CUSTOMER, "customer_changed");
    telling(&app, async {
        till.until("shop", json!("own")).await;
        for amount_fen in [1_250, 330] {
            shell.shops.enter(Arc::clone(&practice));
            till.until("shop", json!("practice")).await;
            shell.type_amount(Some(amount_fen)).unwrap();
            customer.until("amountFen", json!(amount_fen)).await;
            shell.shops.leave();
            till.until("shop", json!("own")).await;
        }
    });
    practice.close();
    shell.close();
}
