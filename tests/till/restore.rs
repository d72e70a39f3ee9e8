//! Databases that come back older, elsewhere or twice (M15, M19).

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{RefundPhase, refundable};
use mianfu_db::{BackupTo, Birth, FindingKind};
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;
use mianfu_till::{Means, Notice};

/// Sells, backs up, sells on, and puts the backup in the place of the database.
fn restored(shop: &mut Shop) -> (Vec<OutTradeNo>, Vec<OutTradeNo>) {
    let sell = |shop: &mut Shop, fen: i64| {
        let no = shop.scan(fen, Manner::Pays);
        shop.end(&no);
        no
    };
    let before = (0..3).map(|sale| sell(shop, 1_000 + sale)).collect();
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    let mut after: Vec<OutTradeNo> = (0..4).map(|sale| sell(shop, 2_000 + sale)).collect();
    // One of those that the backup does not know was never paid.
    let walked_away = shop.scan(2_900, Manner::WalksAway);
    shop.end(&walked_away);
    after.push(sell(shop, 2_950));
    shop.wait(1_000);
    shop.put_back(&backup);
    (before, after)
}

#[test]
pub(crate) fn m15_after_a_restore_later_sales_are_recovered_as_paid_and_never_refunded() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let (before, after) = restored(&mut shop);
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    assert_eq!(shop.till().birth(), Birth::Restored);
    let now = shop.till_now();
    let notices = shop.till().counter(now).unwrap().notices;
    assert!(notices.contains(&Notice::RestoredDatabase), "{notices:?}");
    shop.wait(1_000);
    let no = shop.scan(500, Manner::Pays);
    assert!(!before.contains(&no) && !after.contains(&no), "numbers never repeat");
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "sales go on meanwhile");
    shop.settle();
    for no in &after {
        let recovered = shop.attempt(no);
        assert_eq!(recovered.screen(), Screen::Paid);
        assert_eq!(shop.calls(REFUND, no) + shop.calls(CANCEL, no), 0, "never by itself");
        assert_eq!(i64::from(recovered.amount.get()), shop.held_by_channel(no));
    }
    assert_eq!(shop.findings(), vec![FindingKind::Recovered; after.len()]);
    let now = shop.till_now();
    let notices = shop.till().counter(now).unwrap().notices;
    assert!(!notices.contains(&Notice::RestoredDatabase), "it is over: {notices:?}");
    assert_eq!(shop.restart(1_000), Birth::Same);
    shop.settle();
    assert_eq!(shop.findings().len(), after.len(), "asked once");
}

#[test]
pub(crate) fn m15_a_number_that_only_one_of_two_channels_knows_is_recovered_from_there() {
    let mut shop = Shop::with(|setup| {
        setup.place = Place::Folder;
        setup.both_channels();
    });
    shop.wait(5_000);
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    let code = shop.code_in_wechat(Manner::Pays);
    let in_wechat = shop.collect(1_000, Means::Scan(code)).unwrap();
    shop.end(&in_wechat);
    let in_alipay = shop.scan(1_100, Manner::Pays);
    shop.end(&in_alipay);
    let shown = shop.collect(1_200, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(500);
    let qr = shop.qr(&shown).unwrap();
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    shop.end(&shown);
    let after = [in_wechat, in_alipay, shown];
    shop.put_back(&backup);
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    shop.settle();
    let channels = after.each_ref().map(|no| shop.attempt(no).channel);
    assert_eq!(channels, [ChannelId::Wechat, ChannelId::Alipay, ChannelId::Wechat]);
    for no in &after {
        let recovered = shop.attempt(no);
        assert_eq!(recovered.screen(), Screen::Paid);
        assert_eq!(i64::from(recovered.amount.get()), shop.held_by_channel(no));
    }
    assert_eq!(shop.findings(), vec![FindingKind::Recovered; after.len()]);
}

#[test]
pub(crate) fn m15_that_a_restore_is_being_asked_about_is_told_at_every_start_until_it_is_over() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let (_, after) = restored(&mut shop);
    shop.open().unwrap();
    shop.wait(20_000);
    assert_eq!(shop.restart(1_000), Birth::Same);
    shop.wait(20_000);
    let now = shop.till_now();
    let notices = shop.till().counter(now).unwrap().notices;
    assert!(notices.contains(&Notice::RestoredDatabase), "a later start says so too: {notices:?}");
    shop.settle();
    assert_eq!(shop.attempt(&after[4]).screen(), Screen::Paid);
    let now = shop.till_now();
    assert!(shop.till().counter(now).unwrap().notices.is_empty());
}

#[test]
pub(crate) fn m15_a_power_cut_in_the_middle_of_the_asking_goes_on_where_it_stopped() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let (_, after) = restored(&mut shop);
    shop.open().unwrap();
    shop.wait(2_000);
    for _ in 0..4 {
        // The asking begins once every code is over.
        shop.wait(5 * MINUTE_MS + 3_000);
        shop.restart(1_000);
    }
    shop.settle();
    for no in &after {
        assert_eq!(shop.screen(no), Screen::Paid);
    }
    assert_eq!(shop.findings(), vec![FindingKind::Recovered; after.len()]);
}

#[test]
pub(crate) fn m15_without_a_network_the_asking_waits_and_loses_nothing() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let (_, after) = restored(&mut shop);
    shop.network = Network::Swallows;
    shop.open().unwrap();
    shop.wait(10 * MINUTE_MS);
    assert!(!shop.is_settled());
    shop.network = Network::Up;
    shop.settle();
    for no in &after {
        assert_eq!(shop.screen(no), Screen::Paid);
    }
}

#[test]
pub(crate) fn m15_a_code_shown_after_the_backup_and_scanned_after_the_restore_is_recovered() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    shop.wait(1_000);
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    let (no, qr) = shop.show_drawn(1_250);
    shop.put_back(&backup);
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    shop.wait(60_000);
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    shop.settle();
    assert_eq!(shop.screen(&no), Screen::Paid);
    assert_eq!(shop.findings(), [FindingKind::Recovered]);
}

#[test]
pub(crate) fn m15_a_number_that_may_still_be_paid_is_asked_about_less_and_less_often() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    let no = shop.scan(1_250, Manner::ByHand);
    shop.wait(10_000);
    shop.put_back(&backup);
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    let before = shop.calls(QUERY, &no);
    shop.wait(5 * MINUTE_MS + 10_000);
    let at_once = shop.calls(QUERY, &no) - before;
    assert!(0 < at_once, "once every code is over");
    shop.wait(HOUR_MS);
    let asked = shop.calls(QUERY, &no) - before;
    assert!(10 < asked && asked < 25, "twice as long each time, five minutes at most: {asked}");
    shop.practice.confirm(shop.now.0, no.as_str()).unwrap();
    shop.wait(5 * MINUTE_MS + 1_000);
    assert_eq!(shop.screen(&no), Screen::Paid);
    let before = shop.calls(QUERY, &no);
    shop.settle();
    assert_eq!(shop.calls(QUERY, &no), before);
    assert_eq!(shop.findings(), [FindingKind::Recovered]);
}

#[test]
pub(crate) fn m20_what_went_back_after_the_backup_is_learnt_when_a_refund_is_counted() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let no = shop.scan(1_250, Manner::Pays);
    shop.end(&no);
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    let refund = |shop: &mut Shop, fen: i64, intent_id: &str| {
        let amount = Fen::new(fen).unwrap();
        let wish = RefundWish { no: no.clone(), amount, intent_id: intent_id.to_owned() };
        let now = shop.till_now();
        let id = shop.till().refund(&wish, "店长 01", now).unwrap();
        shop.wait(30_000);
        shop.till().refund_of(id).unwrap().phase
    };
    for (fen, intent_id) in [(400, "first"), (300, "second")] {
        assert!(matches!(refund(&mut shop, fen, intent_id), RefundPhase::Done { .. }));
    }
    shop.put_back(&backup);
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    shop.wait(1_000);
    let ended = refund(&mut shop, 1_000, "third");
    assert!(
        matches!(ended, RefundPhase::Refused { .. }),
        "more than the channel has left: {ended:?}"
    );
    assert_eq!(shop.calls(REFUND, &no), 2, "nothing was sent");
    let ended = refund(&mut shop, 550, "fourth");
    assert!(matches!(ended, RefundPhase::Done { .. }), "{ended:?}");
    assert_eq!(shop.held_by_channel(&no), 0);
    let attempt = shop.attempt(&no);
    assert_eq!(refundable(&attempt, &shop.till().refunds_of(&no).unwrap()), Fen::ZERO);
    assert_eq!(shop.findings(), [FindingKind::ReturnedByOthers; 2], "one for each, once");
    shop.settle();
}

#[test]
pub(crate) fn m19_a_database_copied_to_another_machine_numbers_anew() {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    let first = shop.scan(1_000, Manner::Pays);
    shop.end(&first);
    shop.cut();
    shop.machine = "another machine".to_owned();
    assert_eq!(shop.open().unwrap(), Birth::Copied);
    assert_eq!(shop.till().birth(), Birth::Copied);
    let now = shop.till_now();
    let notices = shop.till().counter(now).unwrap().notices;
    assert!(notices.contains(&Notice::CopiedDatabase), "{notices:?}");
    shop.wait(1_000);
    let second = shop.scan(1_000, Manner::Pays);
    assert_ne!(first.series(), second.series(), "the original may go on selling");
    assert_eq!(shop.end(&second).screen(), Screen::Paid);
    shop.settle();
}
