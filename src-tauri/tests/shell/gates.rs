//! What a window may call, and what comes of arguments that no page of ours sends.
//!
//! A real till on practice behind commands, without a display.

use std::path::PathBuf;
use std::sync::OnceLock;

use mianfu_shell::{Place, Shell, commands, context};
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};

/// Where a page of the program is from.
pub(super) const OURS: &str =
    if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" };

/// One till for all: its folder outlives the tests.
fn app() -> &'static AppHandle<MockRuntime> {
    static APP: OnceLock<AppHandle<MockRuntime>> = OnceLock::new();
    APP.get_or_init(|| open(&Place { folder: folder(), channels: Vec::new(), relay: None }))
}

fn folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap().keep()).clone()
}

pub(super) fn open(place: &Place) -> AppHandle<MockRuntime> {
    let app = mock_builder()
        .manage(Shell::default())
        .invoke_handler(commands())
        .build(context())
        .unwrap();
    for label in ["till", "customer"] {
        WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap();
    }
    let runtime = tauri::async_runtime::handle();
    app.state::<Shell>().open(place, runtime.inner());
    let handle = app.handle().clone();
    // It lives as long as the program; the tests share it.
    std::mem::forget(app);
    handle
}

/// Calls a command as a page of `origin` in the window `label` would.
fn call(label: &str, origin: &str, command: &str, arguments: Value) -> Result<Value, Value> {
    call_in(app(), label, origin, command, arguments)
}

#[expect(clippy::unwrap_in_result, reason = "the result is the page's, not the test's")]
pub(super) fn call_in(
    app: &AppHandle<MockRuntime>,
    label: &str,
    origin: &str,
    command: &str,
    arguments: Value,
) -> Result<Value, Value> {
    let window = app.get_webview_window(label).unwrap();
    let request = InvokeRequest {
        cmd: command.to_owned(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: origin.parse().unwrap(),
        body: InvokeBody::Json(arguments),
        headers: Default::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(&window, request).map(|body| body.deserialize::<Value>().unwrap())
}

#[track_caller]
fn check_refused(label: &str, origin: &str, command: &str, why: &str) {
    let refused = call(label, origin, command, json!({})).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("not allowed"), "{command} in {label} from {origin}: {text}; {why}");
}

#[test]
fn the_customers_window_may_ask_for_its_own_view_only() {
    assert_eq!(call("customer", OURS, "customer", json!({})).unwrap()["practice"], json!(true));
    for command in [
        "counter",
        "type_amount",
        "show_code",
        "scan_code",
        "cancel_attempt",
        "change_code",
        "ask_now",
        "wait_longer",
        "goods_given",
        "refund_attempt",
        "set_pin",
        "enter_practice",
        "leave_practice",
        "stir_practice",
        "ask_bill",
        "take_cash",
        "cash_instead",
        "refund_cash",
        "dismiss_cash",
        "receipt",
        "receipt_pdf",
        "put_aside",
        "bring_back",
        "clear_front",
        "orders_today",
        "order",
        "order_history",
        "open_items",
        "retry_refund",
        "close_anyway",
        "plugin:event|emit",
        "plugin:window|close",
        "plugin:webview|create_webview_window",
    ] {
        check_refused("customer", OURS, command, "the customer would drive the till");
    }
}

#[test]
fn the_cashiers_window_may_not_reach_past_the_till() {
    for command in ["customer", "plugin:event|emit", "plugin:webview|create_webview_window"] {
        check_refused("till", OURS, command, "it needs none of these");
    }
}

#[test]
fn a_page_from_elsewhere_may_call_nothing() {
    for origin in
        ["https://example.com", "http://127.0.0.1:8080", "http://tauri.localhost.evil.example"]
    {
        for command in ["counter", "show_code", "customer", "plugin:event|listen"] {
            check_refused("till", origin, command, "it is no page of the program");
        }
    }
}

#[test]
fn the_counter_says_what_it_is() {
    let view = call("till", OURS, "counter", json!({})).unwrap();
    assert_eq!(view["practice"], json!(true));
    assert_eq!(view["limitFen"], json!(5_000_000));
    let phone = view["phoneUrl"].as_str().unwrap();
    assert!(phone.starts_with("http://127.0.0.1:") && phone.ends_with("/phone"), "{phone}");
}

fn show(amount: Value) -> Value {
    json!({ "request": {
        "intentId": "an-intent", "amountFen": amount, "shop": "practice_only", "channel": "alipay",
        "sameCustomer": "ask",
    } })
}

fn scan(intent_id: &str, auth_code: &str) -> Value {
    json!({ "request": {
        "intentId": intent_id, "amountFen": 100, "shop": "practice_only", "authCode": auth_code,
        "sameCustomer": "ask",
    } })
}

#[track_caller]
fn check_reported(command: &str, arguments: Value, code: &str) {
    let report = call("till", OURS, command, arguments).unwrap_err();
    assert_eq!(report["code"], json!(code), "{command}: {report}");
}

#[test]
fn amounts_that_are_none_charge_nothing_and_say_why() {
    check_reported("show_code", show(json!(0)), "bad_amount");
    check_reported("show_code", show(json!(-1)), "bad_amount");
    check_reported("show_code", show(json!(i64::MIN)), "bad_amount");
    check_reported("show_code", show(json!(5_000_001)), "above_limit");
    check_reported("show_code", show(json!(i64::MAX)), "above_limit");
    check_reported("type_amount", json!({ "request": { "amountFen": -1 } }), "bad_amount");
}

#[test]
fn codes_that_are_none_charge_nothing_and_say_why() {
    check_reported("scan_code", scan("a", ""), "not_a_payment_code");
    check_reported("scan_code", scan("a", "6901028075831"), "product_barcode");
    check_reported("scan_code", scan("a", "https://qr.alipay.com/fkx0"), "receive_code");
    check_reported("scan_code", scan("a", "2812345678"), "truncated_code");
    check_reported("scan_code", scan("a", "6212345678901234567"), "union_pay_code");
    check_reported("scan_code", scan("a", "https://example.com/"), "web_address");
    check_reported("scan_code", scan("a", "VIP-0042"), "member_card");
    check_reported("scan_code", scan("a", "9000001001000000070000000001"), "own_receipt");
    check_reported("scan_code", scan("a", "91000010010000000129"), "own_receipt");
    check_reported("scan_code", scan("a", &"281234567890123456".repeat(2)), "codes_run_together");
    check_reported("scan_code", scan("a", "２８1234567890123456"), "wide_digits");
    check_reported("scan_code", scan("a", "付款码"), "not_a_payment_code");
    check_reported("scan_code", scan("a", &"2".repeat(10_000_000)), "scan_too_long");
    check_reported("scan_code", scan(&"a".repeat(10_000_000), "281234567890123456"), "internal");
    check_reported("scan_code", scan("", "281234567890123456"), "internal");
}

#[test]
fn arguments_of_another_form_are_refused_and_the_till_lives_on() {
    for arguments in [
        json!({}),
        json!({ "request": null }),
        json!({ "request": [] }),
        show(json!("100")),
        show(serde_json::from_str("12.5").unwrap()),
        show(serde_json::from_str("1e300").unwrap()),
        json!({ "request": { "intentId": 7, "amountFen": 1 } }),
    ] {
        call("till", OURS, "show_code", arguments).unwrap_err();
    }
    check_reported("cancel_attempt", json!({ "request": { "outTradeNo": "x" } }), "outdated");
    let unknown = json!({ "request": { "outTradeNo": "9000001001000000070000000001" } });
    check_reported("cancel_attempt", unknown, "outdated");
    for command in ["order", "order_history"] {
        check_reported(command, json!({ "request": { "orderNo": "1e9" } }), "outdated");
    }
    check_reported("order", json!({ "request": { "orderNo": "999" } }), "outdated");
    call("till", OURS, "counter", json!({})).unwrap();
}

#[test]
fn what_is_typed_reaches_the_customer_and_is_taken_back() {
    let typed = |fen: Value| json!({ "request": { "amountFen": fen } });
    call("till", OURS, "type_amount", typed(json!(1250))).unwrap();
    let view = call("customer", OURS, "customer", json!({})).unwrap();
    assert_eq!(view["amountFen"], json!(1250));
    call("till", OURS, "type_amount", typed(Value::Null)).unwrap();
    let view = call("customer", OURS, "customer", json!({})).unwrap();
    assert_eq!(view["amountFen"], Value::Null);
}

#[track_caller]
fn check_not_opened(place: &Place, code: &str) {
    let report = call_in(&open(place), "till", OURS, "counter", json!({})).unwrap_err();
    assert_eq!(report["code"], json!(code), "{report}");
}

#[test]
fn a_second_till_on_the_same_folder_is_told_so() {
    call("till", OURS, "counter", json!({})).unwrap();
    check_not_opened(
        &Place { folder: folder(), channels: Vec::new(), relay: None },
        "busy_elsewhere",
    );
    // With a channel of its own it comes as far as the database.
    let channels = vec![folder().join("practice/channel.toml")];
    let place = Place { folder: folder(), channels, relay: None };
    call_in(&open(&place), "till", OURS, "counter", json!({})).unwrap();
    check_not_opened(&place, "busy_elsewhere");
}

#[test]
fn a_channel_that_cannot_be_used_is_told_where_the_counter_would_be() {
    let folder = tempfile::tempdir().unwrap();
    let at =
        |channel| Place { folder: folder.path().to_owned(), channels: vec![channel], relay: None };
    check_not_opened(&at(folder.path().join("nowhere.toml")), "misconfigured");
    let channel = folder.path().join("empty.toml");
    std::fs::write(&channel, "").unwrap();
    check_not_opened(&at(channel), "misconfigured");
}
