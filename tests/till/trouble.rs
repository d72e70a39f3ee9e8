//! A disk that is full, fails or refuses, and what survives when the power goes (law 1, I21).

use mianfu_core::attempt::{Phase, Screen};
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_practice::{Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::till::TroubleKind;
use mianfu_till::{Means, Notice, Refusal};

use crate::disk::{Disk, Weather};

fn shop_on(disk: &Disk) -> Shop {
    let name = disk.name.clone();
    Shop::with(move |setup| setup.place = Place::Vfs(name))
}

fn notices(shop: &mut Shop) -> Vec<Notice> {
    let now = shop.till_now();
    shop.till().counter(now).unwrap().notices
}

#[test]
pub(crate) fn law1_what_leaves_the_till_survives_a_power_cut() {
    let disk = Disk::new("law1_leaves");
    let mut shop = shop_on(&disk);
    for (cut, show) in [true, false, true, false].into_iter().enumerate() {
        let syncs = disk.syncs();
        let no = if show { shop.show(1_250) } else { shop.scan(1_250, Manner::Pays) };
        let now = shop.till_now();
        let calls = shop.till().take_calls(now);
        assert_eq!(calls.len(), 1, "the submit leaves");
        assert_eq!(disk.syncs() - syncs, 1, "after exactly one sync");
        let after = disk.after_a_power_cut(&format!("law1_leaves_{cut}"));
        let mut other = Shop::closed(|setup| setup.place = Place::Vfs(after.name.clone()));
        other.open().unwrap();
        let kept = other.attempt(&no);
        assert!(kept.sent_at.is_some(), "the sent mark is on the disk");
        for call in calls {
            shop.leave(call);
        }
        shop.wait(500);
        if show {
            shop.cancel(&no);
        }
        shop.end(&no);
    }
    shop.settle();
}

#[test]
pub(crate) fn i21_on_a_disk_in_trouble_nothing_new_is_charged_and_running_sales_resolve() {
    let troubles = [
        (Weather::Full, TroubleKind::DiskFull),
        (Weather::ReadOnly, TroubleKind::ReadOnly),
        (Weather::SyncFails, TroubleKind::Failing),
    ];
    for (weather, kind) in troubles {
        let disk = Disk::new(&format!("i21_{weather:?}"));
        let mut shop = shop_on(&disk);
        let running = shop.scan(1_250, Manner::TypesPassword { after_ms: 8_000 });
        shop.wait(1_000);
        shop.till().put_aside(&running).unwrap();
        disk.set(weather);
        let paid_before = shop.practice.truth().trades().count();
        let code = shop.code(Manner::Pays);
        let refused = shop.collect(990, Means::Scan(code));
        assert!(matches!(refused, Err(Refusal::Db(_))), "{weather:?}: {refused:?}");
        assert!(shop.collect(990, Means::Show(ChannelId::Alipay)).is_err());
        shop.wait(30_000);
        let told = notices(&mut shop);
        assert!(told.contains(&Notice::Trouble(kind)), "{weather:?}: {told:?}");
        assert!(!shop.attempt(&running).is_final(), "what is not kept has not happened");
        assert!(!shop.screen(&running).may_charge_again());
        assert_eq!(shop.practice.truth().trades().count(), paid_before, "nothing was charged");
        disk.set(Weather::Fair);
        assert_eq!(shop.end(&running).screen(), Screen::Paid, "{weather:?}");
        shop.settle();
        assert_eq!(shop.calls(PAY, &running), 1);
        assert_eq!(notices(&mut shop), [], "{weather:?}");
        let no = shop.scan(990, Manner::Pays);
        assert_eq!(shop.end(&no).screen(), Screen::Paid);
        shop.settle();
    }
}

#[test]
pub(crate) fn law1_a_reversal_that_could_not_be_kept_does_not_leave() {
    let disk = Disk::new("law1_reversal");
    let mut shop = shop_on(&disk);
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    shop.cancel(&no);
    let now = shop.till_now();
    let query = shop.till().take_calls(now).pop().unwrap();
    shop.leave(query);
    disk.set(Weather::Full);
    shop.wait(MINUTE_MS);
    assert_eq!(shop.calls(CANCEL, &no), 0, "it counts as left from its commit, so not before");
    disk.set(Weather::Fair);
    assert!(matches!(shop.end(&no).phase, Phase::Closed { .. }));
    assert_eq!(shop.calls(CANCEL, &no), 1);
    shop.settle();
}

#[test]
pub(crate) fn m16_a_refunds_end_and_its_attempts_end_are_one_commit() {
    let disk = Disk::new("m16_one_commit");
    let mut shop = shop_on(&disk);
    shop.practice.weather_mut().next_of(PAY, Fault::AnswerLost);
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(200);
    shop.cash_instead(&no).unwrap();
    while shop.calls(REFUND, &no) == 0 {
        shop.step();
    }
    shop.now = shop.now.plus_ms(200);
    let syncs = disk.syncs();
    shop.hear();
    assert_eq!(shop.screen(&no), Screen::Returned);
    assert_eq!(disk.syncs() - syncs, 1, "a power cut finds both or neither");
    shop.settle();
}

#[test]
fn a_till_that_starts_on_a_disk_in_trouble_says_so_and_starts_when_it_is_over() {
    for weather in [Weather::Full, Weather::ReadOnly, Weather::SyncFails] {
        let disk = Disk::new(&format!("starts_{weather:?}"));
        let mut shop = shop_on(&disk);
        let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 8_000 });
        shop.wait(1_000);
        shop.cut();
        disk.set(weather);
        assert!(shop.open().is_err(), "{weather:?}");
        disk.set(Weather::Fair);
        shop.now = shop.now.plus_ms(20_000);
        shop.open().unwrap();
        assert_eq!(shop.end(&no).screen(), Screen::Paid);
        shop.settle();
    }
}

#[test]
pub(crate) fn law11_a_sale_whose_channel_is_gone_is_told_and_asked_once_it_is_back() {
    let mut shop = Shop::with(Setup::both_channels);
    shop.wait(5_000);
    let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(2_000);
    let qr = shop.qr(&no).unwrap();
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    let both = std::mem::replace(&mut shop.channels, vec![ChannelId::Alipay]);
    shop.restart(1_000);
    shop.wait(60_000);
    assert!(notices(&mut shop).contains(&Notice::ChannelMissing { count: 1 }));
    assert!(!shop.attempt(&no).is_final(), "nobody has said how it ended");
    shop.channels = both.clone();
    shop.restart(1_000);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    assert_eq!(notices(&mut shop), []);
    shop.channels = vec![ChannelId::Alipay];
    shop.restart(1_000);
    let wish =
        RefundWish { no: no.clone(), amount: Fen::new(250).unwrap(), intent_id: "back".to_owned() };
    let now = shop.till_now();
    let refused = shop.till().refund(&wish, "店长 01", now);
    assert!(matches!(refused, Err(RefundRefusal::NoChannel { .. })), "{refused:?}");
    shop.channels = both;
    shop.restart(1_000);
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap();
    let both = std::mem::replace(&mut shop.channels, vec![ChannelId::Alipay]);
    shop.restart(1_000);
    shop.wait(60_000);
    assert!(notices(&mut shop).contains(&Notice::ChannelMissing { count: 1 }), "its refund waits");
    shop.channels = both;
    shop.restart(1_000);
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 1_000);
}
