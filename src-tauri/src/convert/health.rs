//! What the till relies on besides its channels: disk, clock and second place, one state each and
//! the moment at which that was known.

use mianfu_core::money::Timestamp;
use mianfu_till::Counter;
use mianfu_till::drain::{Drain, Waits};
use mianfu_till::till::TroubleKind;
use mianfu_till::upkeep::Condition;

use super::hearing::hearing;
use crate::open::RelayTrouble;
use crate::views::{
    BackupState, ClockState, DiskState, HealthView, ShopView, WaitingKind, WaitingView,
};

const MEGABYTE: u64 = 1024 * 1024;

pub(super) fn health(
    counter: &Counter,
    condition: &Condition,
    shop: ShopView,
    relay_trouble: Option<&RelayTrouble>,
) -> HealthView {
    let (disk, disk_at) = disk(counter, condition);
    let clock = if counter.clock.is_wrong {
        ClockState::Wrong
    } else if counter.clock.known_at.is_some() {
        ClockState::Good
    } else {
        ClockState::Unknown
    };
    let (backup, backup_at, backup_detail) = backup(condition, shop);
    let free_bytes = condition.disk.map(|seen| seen.room.free_bytes);
    HealthView {
        disk,
        disk_at_ms: disk_at.map(|at| at.0),
        disk_free_mb: free_bytes.and_then(|free| i64::try_from(free / MEGABYTE).ok()),
        clock,
        clock_at_ms: counter.clock.known_at.map(|at| at.0),
        clock_off_ms: (clock == ClockState::Wrong && counter.clock.offset_ms != 0)
            .then_some(counter.clock.offset_ms),
        backup,
        backup_at_ms: backup_at.map(|at| at.0),
        backup_detail,
        hearing: hearing(&counter.heard, relay_trouble),
        waiting: waiting(&counter.drain),
        waiting_done_ms: counter.drain.done_at.map(|at| at.0),
    }
}

fn waiting(drain: &Drain) -> Vec<WaitingView> {
    let view = |kind, of: &Waits| {
        let (oldest_ms, next_ms) = (of.oldest?.0, of.first_at?.0);
        Some(WaitingView { kind, count: of.count, oldest_ms, next_ms })
    };
    let views = [view(WaitingKind::Refunds, &drain.refunds), view(WaitingKind::Asks, &drain.asks)];
    views.into_iter().flatten().collect()
}

/// What a step stumbled over comes before what a look found.
fn disk(counter: &Counter, condition: &Condition) -> (DiskState, Option<Timestamp>) {
    if let Some(trouble) = &counter.trouble {
        let state = match trouble.kind {
            TroubleKind::DiskFull => DiskState::Full,
            TroubleKind::ReadOnly => DiskState::ReadOnly,
            TroubleKind::Damaged => DiskState::Damaged,
            TroubleKind::Failing => DiskState::Failing,
        };
        return (state, Some(trouble.at));
    }
    let seen_at = condition.disk.map(|seen| seen.at);
    let state = match condition.disk.map(|seen| seen.room) {
        _ if condition.damage.is_some() => DiskState::Damaged,
        None => DiskState::Unknown,
        Some(room) if room.is_read_only => DiskState::ReadOnly,
        Some(room) if room.is_full() => DiskState::Full,
        Some(room) if room.is_low() => DiskState::Low,
        Some(_) => DiskState::Good,
    };
    (state, seen_at)
}

fn backup(
    condition: &Condition,
    shop: ShopView,
) -> (BackupState, Option<Timestamp>, Option<String>) {
    let Some(seen) = &condition.backup else {
        let state = match shop {
            ShopView::Practice => BackupState::Practice,
            ShopView::Own | ShopView::PracticeOnly => BackupState::Unset,
        };
        return (state, None, None);
    };
    if condition.damage.is_some() {
        return (BackupState::Stopped, seen.made_at, None);
    }
    match (&seen.failed, &condition.backup_late, seen.made_at) {
        (Some((at, why)), Some(_), _) => (BackupState::Late, Some(*at), Some(why.clone())),
        (Some((at, why)), None, _) => (BackupState::Failed, Some(*at), Some(why.clone())),
        (None, _, Some(at)) => (BackupState::Good, Some(at), None),
        (None, _, None) => (BackupState::Soon, None, None),
    }
}

#[cfg(test)]
mod tests {
    use mianfu_till::counter::ClockHealth;
    use mianfu_till::room::{ROOM_LOW_BYTES, Room};
    use mianfu_till::till::Trouble;
    use mianfu_till::upkeep::{BackupSeen, DiskSeen};

    use super::*;
    use crate::convert::tests::empty;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn at(ms: i64) -> Timestamp {
        NOW.plus_ms(ms)
    }

    fn seen(room: Room) -> Option<DiskSeen> {
        Some(DiskSeen { at: at(-20_000), room })
    }

    fn with_room(free_bytes: u64, is_read_only: bool) -> Condition {
        let disk = seen(Room { free_bytes, is_read_only });
        Condition { disk, ..Condition::default() }
    }

    fn shown(counter: &Counter, condition: &Condition) -> HealthView {
        health(counter, condition, ShopView::Own, None)
    }

    #[track_caller]
    fn check_disk(trouble: Option<TroubleKind>, condition: &Condition, state: DiskState, ms: i64) {
        let trouble = trouble.map(|kind| {
            let (at, retry_at) = (at(-5_000), at(1_000));
            Trouble { kind, at, retry_at, tries: 1 }
        });
        let view = shown(&Counter { trouble, ..empty() }, condition);
        assert_eq!((view.disk, view.disk_at_ms), (state, Some(at(ms).0)));
    }

    #[test]
    fn a_disk_is_what_a_step_stumbled_over_else_what_a_look_found() {
        let roomy = with_room(ROOM_LOW_BYTES, false);
        check_disk(None, &roomy, DiskState::Good, -20_000);
        check_disk(None, &with_room(ROOM_LOW_BYTES - 1, false), DiskState::Low, -20_000);
        check_disk(None, &with_room(0, false), DiskState::Full, -20_000);
        check_disk(None, &with_room(ROOM_LOW_BYTES, true), DiskState::ReadOnly, -20_000);
        let damaged = Condition { damage: Some("chain".to_owned()), ..roomy.clone() };
        check_disk(None, &damaged, DiskState::Damaged, -20_000);
        check_disk(Some(TroubleKind::DiskFull), &roomy, DiskState::Full, -5_000);
        check_disk(Some(TroubleKind::ReadOnly), &roomy, DiskState::ReadOnly, -5_000);
        check_disk(Some(TroubleKind::Failing), &roomy, DiskState::Failing, -5_000);
        check_disk(Some(TroubleKind::Damaged), &roomy, DiskState::Damaged, -5_000);
        let nothing = shown(&empty(), &Condition::default());
        assert_eq!((nothing.disk, nothing.disk_at_ms), (DiskState::Unknown, None));
        assert_eq!(shown(&empty(), &roomy).disk_free_mb, Some(500));
    }

    #[test]
    fn a_clock_is_wrong_only_where_it_must_be_set() {
        let with = |offset_ms, is_wrong, known_at| {
            let clock = ClockHealth { offset_ms, is_wrong, known_at };
            shown(&Counter { clock, ..empty() }, &Condition::default())
        };
        let view = with(600_000, true, Some(at(-2_000)));
        assert_eq!((view.clock, view.clock_at_ms), (ClockState::Wrong, Some(at(-2_000).0)));
        assert_eq!(view.clock_off_ms, Some(600_000));
        let view = with(20_000, false, Some(at(-2_000)));
        assert_eq!((view.clock, view.clock_off_ms), (ClockState::Good, None));
        assert_eq!(with(0, false, None).clock, ClockState::Unknown);
        let view = with(0, true, None);
        assert_eq!((view.clock, view.clock_off_ms), (ClockState::Wrong, None), "in 2015");
    }

    #[test]
    fn what_goes_out_by_itself_is_listed_while_it_waits_and_no_longer() {
        assert_eq!(shown(&empty(), &Condition::default()).waiting, []);
        let (oldest, first_at) = (Some(at(-180_000)), Some(at(4_000)));
        let refunds = Waits { count: 12, calls: 24, oldest, first_at, last_at: Some(at(9_000)) };
        let drain = Drain { refunds, done_at: Some(at(60_000)), ..Drain::default() };
        let view = shown(&Counter { drain, ..empty() }, &Condition::default());
        let (oldest_ms, next_ms) = (at(-180_000).0, at(4_000).0);
        let refunds = WaitingView { kind: WaitingKind::Refunds, count: 12, oldest_ms, next_ms };
        assert_eq!((view.waiting, view.waiting_done_ms), (vec![refunds], Some(at(60_000).0)));
    }

    #[test]
    fn copies_are_told_by_the_last_one_and_the_last_try() {
        let made = Some(at(-3_600_000));
        let failed = Some((at(-60_000), "no such folder".to_owned()));
        let check = |backup: Option<BackupSeen>, late: bool, damaged: bool| {
            let condition = Condition {
                backup,
                backup_late: late.then(|| "why".to_owned()),
                damage: damaged.then(|| "damage".to_owned()),
                ..Condition::default()
            };
            let view = shown(&empty(), &condition);
            (view.backup, view.backup_at_ms.map(|ms| ms - NOW.0))
        };
        let is = |made_at, failed: &Option<_>| Some(BackupSeen { made_at, failed: failed.clone() });
        assert_eq!(check(None, false, false), (BackupState::Unset, None));
        assert_eq!(check(is(None, &None), false, false), (BackupState::Soon, None));
        assert_eq!(check(is(made, &None), false, false), (BackupState::Good, Some(-3_600_000)));
        assert_eq!(check(is(made, &failed), false, false), (BackupState::Failed, Some(-60_000)));
        assert_eq!(check(is(made, &failed), true, false), (BackupState::Late, Some(-60_000)));
        assert_eq!(check(is(made, &None), false, true), (BackupState::Stopped, Some(-3_600_000)));
        let practice = health(&empty(), &Condition::default(), ShopView::Practice, None);
        assert_eq!(practice.backup, BackupState::Practice);
    }
}
