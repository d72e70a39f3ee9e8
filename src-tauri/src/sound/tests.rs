use std::path::Path;

use super::*;
use crate::open;
use crate::practice::Reached;
use crate::trial::{place, runtime, windows};
use crate::views::{
    AttemptView, BackupState, ClockState, DiskState, FlowView, HealthView, HearingState,
    HearingView, LastView, ManagerState, ScannerKind, SettingsView, ShopView, WayView,
};

const NOW: i64 = 1_800_000_000_000;

fn view(front: Option<AttemptView>, recent: Vec<LastView>) -> CounterView {
    CounterView {
        shop: ShopView::Own,
        practice_ends_at_ms: None,
        practice: true,
        phone_url: None,
        store: "店".to_owned(),
        till: "1 号台".to_owned(),
        now_ms: NOW,
        limit_fen: 5_000_000,
        today_count: 1,
        front,
        aside: Vec::new(),
        unknown_count: 0,
        unknown_sum_fen: 0,
        unknown_oldest_ms: None,
        waiting_refunds: 0,
        open_findings: 0,
        channels: Vec::new(),
        next_code: None,
        health: HealthView {
            disk: DiskState::Good,
            disk_at_ms: None,
            disk_free_mb: None,
            clock: ClockState::Good,
            clock_at_ms: None,
            clock_off_ms: None,
            backup: BackupState::Unset,
            backup_at_ms: None,
            backup_detail: None,
            hearing: HearingView {
                way: WayView::None,
                state: HearingState::Asking,
                since_ms: None,
                detail: None,
                by_notice: None,
                by_asking: None,
            },
            waiting: Vec::new(),
            waiting_done_ms: None,
        },
        notices: Vec::new(),
        recent,
        question: None,
        sound_works: true,
        missed_sounds: 0,
        settings: SettingsView {
            scanner: ScannerKind::Box,
            implied_decimals: false,
            ask_above_fen: None,
            rounding_limit_fen: 99,
            keys: Vec::new(),
            sound: true,
            voice: true,
        },
        manager: ManagerState::Set,
        manager_locked_until_ms: None,
        cash: None,
        just_paid: None,
    }
}

fn front(no: &str, state: AttemptState, ended_at_ms: Option<i64>) -> AttemptView {
    AttemptView {
        out_trade_no: no.to_owned(),
        order_no: "1".to_owned(),
        amount_fen: 1250,
        channel: ChannelView::Alipay,
        flow: FlowView::Scan,
        state,
        code: None,
        deadline_ms: None,
        asked_at_ms: None,
        started_at_ms: NOW - 5_000,
        ended_at_ms,
        reason: None,
        reason_text: None,
        channel_amount_fen: None,
        held: None,
        transaction_no: None,
        can_cancel: false,
        change_to: None,
        changing_to: None,
        can_put_aside: false,
        can_ask_again: false,
        can_wait_longer: false,
        can_take_cash: false,
        can_give_goods: false,
        goods_gone: false,
        unwanted: false,
        refundable_fen: 0,
        refunds: Vec::new(),
    }
}

fn ended(no: &str, state: AttemptState, at_ms: i64) -> LastView {
    LastView {
        out_trade_no: Some(no.to_owned()),
        order_no: "1".to_owned(),
        channel: ChannelView::Alipay,
        amount_fen: 1250,
        state,
        at_ms,
    }
}

fn live(no: &str) -> CounterView {
    view(Some(front(no, AttemptState::Submitting, None)), Vec::new())
}

fn result(no: &str, state: AttemptState) -> CounterView {
    view(Some(front(no, state, Some(NOW))), vec![ended(no, state, NOW)])
}

fn paid(no: &str) -> Heard {
    let amount = Charge::new(1250).unwrap();
    Heard::Paid(Payment { out_trade_no: no.to_owned(), channel: ChannelId::Alipay, amount })
}

/// An ear that has seen a first view with nothing on it.
fn open_ear() -> Ear {
    let mut ear = Ear::new(Memory::Whole);
    assert_eq!(ear.hear(&view(None, Vec::new())), []);
    ear
}

#[test]
fn a_payment_is_heard_once_however_often_it_is_shown() {
    let mut ear = open_ear();
    assert_eq!(ear.hear(&live("1")), []);
    assert_eq!(ear.hear(&result("1", AttemptState::Paid)), [paid("1")]);
    assert_eq!(ear.hear(&result("1", AttemptState::Paid)), []);
    let gone = view(None, vec![ended("1", AttemptState::Paid, NOW)]);
    assert_eq!(ear.hear(&gone), []);
    assert_eq!(ear.hear(&result("2", AttemptState::Paid)), [paid("2")]);
}

#[test]
fn only_paid_is_said_to_be_paid() {
    let states = [
        (AttemptState::Parked, None),
        (AttemptState::Submitting, None),
        (AttemptState::Typing, None),
        (AttemptState::Code, None),
        (AttemptState::Unknown, Some(Cue::Unknown)),
        (AttemptState::Reversing, None),
        (AttemptState::Settling, None),
        (AttemptState::Refunding, None),
        (AttemptState::Declined, Some(Cue::NotCharged)),
        (AttemptState::Unreached, Some(Cue::NotCharged)),
        (AttemptState::Closed, Some(Cue::NotCharged)),
        (AttemptState::Returned, Some(Cue::NotCharged)),
        (AttemptState::Held, Some(Cue::Unknown)),
    ];
    for (state, expected) in states {
        let is_end = cue(state).is_some();
        let heard = open_ear().hear(&view(
            Some(front("1", state, is_end.then_some(NOW))),
            if is_end { vec![ended("1", state, NOW)] } else { Vec::new() },
        ));
        let expected: Vec<Heard> = expected.into_iter().map(Heard::Tone).collect();
        assert_eq!(heard, expected, "{state:?}");
    }
}

#[test]
fn a_code_that_gives_its_place_to_another_is_no_end_of_the_sale() {
    let changing = AttemptView {
        changing_to: Some(ChannelView::Wechat),
        ..front("1", AttemptState::Reversing, None)
    };
    let closed = vec![ended("1", AttemptState::Closed, NOW)];
    let next = Some(front("2", AttemptState::Submitting, None));
    let mut ear = open_ear();
    assert_eq!(ear.hear(&view(Some(changing.clone()), Vec::new())), []);
    assert_eq!(ear.hear(&view(Some(changing.clone()), closed.clone())), []);
    assert_eq!(ear.hear(&view(next, closed.clone())), []);
    assert_eq!(ear.hear(&result("2", AttemptState::Paid)), [paid("2")]);
    // Let go, it ends like any other.
    let mut ear = open_ear();
    assert_eq!(ear.hear(&view(Some(changing.clone()), Vec::new())), []);
    assert_eq!(ear.hear(&view(Some(front("1", AttemptState::Reversing, None)), Vec::new())), []);
    let heard = ear.hear(&view(Some(front("1", AttemptState::Closed, Some(NOW))), closed));
    assert_eq!(heard, [Heard::Tone(Cue::NotCharged)]);
    // Paid before it could be taken back, it is paid.
    let mut ear = open_ear();
    assert_eq!(ear.hear(&view(Some(changing), Vec::new())), []);
    assert_eq!(ear.hear(&result("1", AttemptState::Paid)), [paid("1")]);
}

#[test]
fn a_sale_put_aside_is_heard_when_it_ends() {
    let mut ear = open_ear();
    let mut aside = live("2");
    aside.aside = vec![front("1", AttemptState::Typing, None)];
    assert_eq!(ear.hear(&aside), []);
    aside.recent = vec![ended("1", AttemptState::Paid, NOW)];
    aside.aside = Vec::new();
    assert_eq!(ear.hear(&aside), [paid("1")]);
}

#[test]
fn a_restart_says_fresh_payments_and_repeats_no_other_tone() {
    let recent = vec![
        ended("3", AttemptState::Paid, NOW - 60_000),
        ended("2", AttemptState::Declined, NOW - 70_000),
        ended("1", AttemptState::Paid, NOW - NEWS_MS - 1),
    ];
    // Whether the fresh one was said before is asked of the claims on the disk.
    let mut ear = Ear::new(Memory::Whole);
    assert_eq!(ear.hear(&view(None, recent.clone())), [paid("3")]);
    let mut ear = Ear::new(Memory::Lost);
    assert_eq!(ear.hear(&view(None, recent)), [], "what was said is not known");
    assert_eq!(ear.hear(&result("4", AttemptState::Paid)), [paid("4")], "this was not");
}

#[test]
fn cash_is_heard_by_nobody() {
    let mut ear = open_ear();
    let cash = LastView {
        out_trade_no: None,
        channel: ChannelView::Cash,
        ..ended("", AttemptState::Paid, NOW)
    };
    assert_eq!(ear.hear(&view(None, vec![cash])), [], "whoever took it saw it");
}

#[test]
fn a_payment_found_late_is_not_said() {
    let mut ear = open_ear();
    let mut late = result("1", AttemptState::Paid);
    late.recent[0].at_ms = NOW - NEWS_MS - 1;
    late.front = None;
    assert_eq!(ear.hear(&late), []);
    // A clock that runs ahead or behind does not keep a sale quiet that began a moment ago.
    for error_ms in [-3_600_000, 3_600_000] {
        let mut ear = open_ear();
        assert_eq!(ear.hear(&live("1")), []);
        let mut skewed = result("1", AttemptState::Paid);
        skewed.recent[0].at_ms = NOW + error_ms;
        assert_eq!(ear.hear(&skewed), [paid("1")], "{error_ms}");
    }
}

#[test]
fn the_note_of_nobody_knows_lasts_as_long_as_the_sale_holds_the_screen() {
    let mut ear = open_ear();
    let unknown = |no| view(Some(front(no, AttemptState::Unknown, None)), Vec::new());
    assert_eq!(ear.hear(&unknown("1")), [Heard::Tone(Cue::Unknown)]);
    assert!(ear.hears_unknown());
    assert_eq!(ear.hear(&unknown("1")), [], "the repeats come by the clock");
    let mut aside = view(None, Vec::new());
    aside.aside = vec![front("1", AttemptState::Unknown, None)];
    assert_eq!(ear.hear(&aside), []);
    assert!(!ear.hears_unknown(), "put aside, it holds the screen no longer");
    assert_eq!(ear.hear(&unknown("2")), [Heard::Tone(Cue::Unknown)], "another sale");
    assert_eq!(ear.hear(&result("2", AttemptState::Paid)), [paid("2")]);
    assert!(!ear.hears_unknown());
}

#[test]
fn a_long_day_is_not_remembered_whole() {
    let mut ear = open_ear();
    for number in 0..1_000 {
        let no = number.to_string();
        assert_eq!(ear.hear(&live(&no)), []);
        assert_eq!(ear.hear(&result(&no, AttemptState::Paid)), [paid(&no)]);
    }
    assert!(ear.ended.len() <= KNOWN_MAX && ear.begun.len() <= KNOWN_MAX);
}

#[tokio::test]
async fn a_payment_is_said_once_after_any_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.spoken");
    let (claimed, spoken) = claim(Spoken::open(&path), "1".to_owned()).await;
    assert!(claimed);
    let (claimed, _) = claim(spoken, "1".to_owned()).await;
    assert!(!claimed);
    let (claimed, _) = claim(Spoken::open(&path), "1".to_owned()).await;
    assert!(!claimed, "said before the restart");
}

#[test]
fn a_wrong_scan_clicks_and_a_till_that_cannot_does_not() {
    for code in [ReportCode::NotAPaymentCode, ReportCode::ProductBarcode, ReportCode::ReceiveCode] {
        assert!(is_wrong_scan(code), "{code:?}");
    }
    for code in [ReportCode::Offline, ReportCode::AttemptOpen, ReportCode::TooManyOpen] {
        assert!(!is_wrong_scan(code), "{code:?}");
    }
}

/// Waits until exactly these payments have been said of a shop.
async fn until_said(shop: &Shop, payments: &[&str]) {
    let said = || std::fs::read_to_string(&shop.spoken_file).unwrap_or_default();
    while said().lines().collect::<Vec<_>>() != payments {
        tokio::task::yield_now().await;
    }
}

/// Opens a till's own shop and practice beside it; neither has said anything yet.
fn two_shops(folder: &Path) -> [Arc<Shop>; 2] {
    let place = place(folder);
    let own = open::open(&place, &Reached::default(), &runtime()).unwrap();
    let practice = open::open_practice(&place, &Reached::default(), &runtime()).unwrap();
    assert_ne!(own.spoken_file, practice.spoken_file);
    [own, practice].map(|shop| {
        std::fs::write(&shop.spoken_file, "").unwrap();
        Arc::new(shop)
    })
}

#[test]
fn sound_follows_the_shop_that_is_on() {
    let folder = tempfile::tempdir().unwrap();
    let [own, practice] = two_shops(folder.path());
    let app = windows();
    let shell = app.state::<Shell>();
    let tell = |shop: &Arc<Shop>, view| shell.has_told(Arc::clone(shop), view);
    let switching = async {
        tell(&own, result("9001", AttemptState::Paid));
        until_said(&own, &["9001"]).await;
        tell(&practice, result("9002", AttemptState::Paid));
        until_said(&practice, &["9002"]).await;
        let (first, second) = ("9001", "9003");
        let recent = [second, first].map(|no| ended(no, AttemptState::Paid, NOW));
        tell(&own, view(None, recent.into()));
        until_said(&own, &[first, second]).await;
        tell(&practice, result("9004", AttemptState::Paid));
        until_said(&practice, &["9002", "9004"]).await;
    };
    tauri::async_runtime::block_on(async {
        tokio::select! {
            biased;
            () = follow(app.handle().clone()) => panic!("nothing more is heard"),
            done = tokio::time::timeout(Duration::from_secs(60), switching) => done.unwrap(),
        }
    });
    for (shop, payments) in [(&own, "9001\n9003\n"), (&practice, "9002\n9004\n")] {
        let said = std::fs::read_to_string(&shop.spoken_file).unwrap();
        assert_eq!(said, payments, "{:?}", shop.shop);
    }
    own.close();
    practice.close();
}
