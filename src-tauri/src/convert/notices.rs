//! What a person should know or do, as the page is shown it: which condition, and behind its
//! sentence the particulars that whoever acts needs: a folder, a moment, a count.

use std::path::Path;

use jiff::tz::{Offset, TimeZone};
use mianfu_core::money::Timestamp;
use mianfu_till::till::TroubleKind;
use mianfu_till::upkeep::Condition;
use mianfu_till::{Counter, Notice};

use super::Room;
use crate::views::{NoticeLine, NoticeView};

/// Returns the notices, what stops sales before what does not.
pub(super) fn notices(counter: &Counter, room: &Room<'_>) -> Vec<NoticeLine> {
    let mut lines = relied_on(counter, room.condition, room.folder);
    if !room.sound_works && (room.counter.sound || room.counter.voice) {
        lines.push(NoticeLine { notice: NoticeView::NoSound, detail: None });
    }
    lines
}

/// Tells of what a sale relies on; what may stop the next one comes first.
fn relied_on(counter: &Counter, condition: &Condition, folder: &Path) -> Vec<NoticeLine> {
    let line = |notice, detail| NoticeLine { notice, detail };
    let noticed = counter.notices.iter();
    let noticed = noticed.filter_map(|notice| notice_line(notice, counter.open_count, folder));
    let mut lines: Vec<NoticeLine> =
        disk_line(counter, condition, folder).into_iter().chain(noticed).collect();
    if let Some(damage) = &condition.damage {
        lines.push(line(NoticeView::DatabaseDamaged, Some(damage.clone())));
    }
    if let Some(why) = &condition.backup_late {
        lines.push(line(NoticeView::BackupLate, Some(why.clone())));
    }
    lines
}

/// Tells of the disk what nobody has stumbled over yet.
fn disk_line(counter: &Counter, condition: &Condition, folder: &Path) -> Option<NoticeLine> {
    let room = condition.disk?.room;
    let notice = match counter.trouble {
        Some(_) => return None,
        None if room.is_read_only => NoticeView::DiskReadOnly,
        None if room.is_full() => NoticeView::DiskFull,
        None if room.is_low() => NoticeView::DiskLow,
        None => return None,
    };
    Some(NoticeLine { notice, detail: Some(folder.display().to_string()) })
}

fn notice_line(notice: &Notice, open_count: u32, folder: &Path) -> Option<NoticeLine> {
    let place = || Some(folder.display().to_string());
    let (notice, detail) = match notice {
        Notice::ClockWrong { offset_ms, shown } => {
            (NoticeView::ClockWrong, Some(clocks(*shown, *offset_ms)))
        }
        Notice::Trouble(TroubleKind::DiskFull) => (NoticeView::DiskFull, place()),
        Notice::Trouble(TroubleKind::ReadOnly | TroubleKind::Failing) => {
            (NoticeView::DiskReadOnly, place())
        }
        Notice::Trouble(TroubleKind::Damaged) => (NoticeView::DatabaseDamaged, place()),
        Notice::CopiedDatabase => (NoticeView::CopiedDatabase, place()),
        Notice::RestoredDatabase => (NoticeView::RestoredDatabase, None),
        Notice::ChannelMissing { count } => (NoticeView::ChannelMissing, Some(count.to_string())),
        // Told for as long as any of them may still be open.
        Notice::LiveAtStart { .. } if open_count == 0 => return None,
        Notice::LiveAtStart { count } => (NoticeView::LiveAttemptsAtStart, Some(count.to_string())),
    };
    Some(NoticeLine { notice, detail })
}

/// Returns what the machine's clock shows and, where the channel has said so, what it should show.
fn clocks(shown: Timestamp, offset_ms: i64) -> String {
    match offset_ms {
        0 => moment(shown),
        _ => format!("{} ≠ {}", moment(shown), moment(shown.plus_ms(offset_ms))),
    }
}

/// Returns a moment as the shop's wall shows it; a clock that is wrong is believed by its number.
fn moment(at: Timestamp) -> String {
    let shanghai = TimeZone::fixed(Offset::constant(8));
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.to_zoned(shanghai).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.0.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mianfu_till::room::{ROOM_LOW_BYTES, Room};
    use mianfu_till::till::Trouble;
    use mianfu_till::upkeep::DiskSeen;

    use super::*;

    #[track_caller]
    fn check(notice: &Notice, open_count: u32, expected: Option<(NoticeView, Option<&str>)>) {
        let line = notice_line(notice, open_count, Path::new("/a/till"));
        let line = line.as_ref().map(|line| (line.notice, line.detail.as_deref()));
        assert_eq!(line, expected, "{notice:?}");
    }

    #[test]
    fn every_notice_names_what_whoever_acts_needs() {
        let trouble = |kind| Notice::Trouble(kind);
        let at = Some("/a/till");
        check(&trouble(TroubleKind::DiskFull), 0, Some((NoticeView::DiskFull, at)));
        check(&trouble(TroubleKind::ReadOnly), 0, Some((NoticeView::DiskReadOnly, at)));
        check(&trouble(TroubleKind::Failing), 0, Some((NoticeView::DiskReadOnly, at)));
        check(&trouble(TroubleKind::Damaged), 0, Some((NoticeView::DatabaseDamaged, at)));
        check(&Notice::CopiedDatabase, 0, Some((NoticeView::CopiedDatabase, at)));
        check(&Notice::RestoredDatabase, 0, Some((NoticeView::RestoredDatabase, None)));
        let missing = Notice::ChannelMissing { count: 1 };
        check(&missing, 0, Some((NoticeView::ChannelMissing, Some("1"))));
        let open = Notice::LiveAtStart { count: 2 };
        check(&open, 1, Some((NoticeView::LiveAttemptsAtStart, Some("2"))));
        check(&open, 0, None);
    }

    #[test]
    fn a_disk_that_nobody_has_stumbled_over_yet_is_told_of_once() {
        let told = |free_bytes, is_read_only, trouble: Option<TroubleKind>| {
            let room = Room { free_bytes, is_read_only };
            let disk = Some(DiskSeen { at: Timestamp(0), room });
            let condition = Condition { disk, ..Condition::default() };
            let trouble = trouble.map(|kind| Trouble {
                kind,
                at: Timestamp(0),
                retry_at: Timestamp(1),
                tries: 1,
            });
            let notices = trouble.iter().map(|trouble| Notice::Trouble(trouble.kind)).collect();
            let counter = Counter { trouble, notices, ..crate::convert::tests::empty() };
            let lines = relied_on(&counter, &condition, Path::new("/a/till"));
            lines.into_iter().map(|line| line.notice).collect::<Vec<_>>()
        };
        assert_eq!(told(ROOM_LOW_BYTES, false, None), []);
        assert_eq!(told(ROOM_LOW_BYTES - 1, false, None), [NoticeView::DiskLow]);
        assert_eq!(told(0, false, None), [NoticeView::DiskFull]);
        assert_eq!(told(ROOM_LOW_BYTES, true, None), [NoticeView::DiskReadOnly]);
        assert_eq!(told(0, false, Some(TroubleKind::DiskFull)), [NoticeView::DiskFull]);
    }

    #[test]
    fn a_clock_in_2015_is_shown_as_the_shop_reads_it_beside_the_channels() {
        let shown = Timestamp(1_420_041_600_000);
        let unknown = Notice::ClockWrong { offset_ms: 0, shown };
        check(&unknown, 0, Some((NoticeView::ClockWrong, Some("2015-01-01 00:00"))));
        let known = Notice::ClockWrong { offset_ms: 86_400_000, shown };
        let both = "2015-01-01 00:00 ≠ 2015-01-02 00:00";
        check(&known, 0, Some((NoticeView::ClockWrong, Some(both))));
        assert_eq!(moment(Timestamp(i64::MIN)), i64::MIN.to_string(), "no panic on nonsense");
    }
}
