//! Whose database is it, and may it draw on in its series?
//!
//! ```text
//!  no file, no witness             New        an epoch is drawn
//!  ours, up to date                Same       the series goes on
//!  another machine's, or renamed   Copied     an epoch is drawn; nothing was lost
//!  a backup, or behind the witness Restored   an epoch is drawn; the old series is asked about
//! ```

use mianfu_core::mutant;
use mianfu_core::number::{Counter, Series};
use rusqlite::{Connection, TransactionBehavior};

use crate::epochs::{LeftBecause, OldEpoch};
use crate::error::{DbError, Doing};
use crate::events::{About, Note};
use crate::meta::{self, Copied, Meta};
use crate::open::{Lock, OpenOptions};
use crate::witness::Seen;
use crate::{Reader, Tx};

/// More epochs than any till goes through.
const EPOCHS_MAX: u32 = 10_000;

/// What the database was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Birth {
    /// It was made.
    New,
    /// It goes on where it stopped.
    Same,
    /// Another machine or till wrote it; an epoch was drawn.
    Copied,
    /// It is a backup, or older than what this machine has seen; an epoch was drawn.
    Restored,
}

/// Says whose database it is and that it is open. It is a write, so a disk that cannot be written
/// is noticed before the first sale.
pub(crate) fn begin(
    conn: &mut Connection,
    options: &OpenOptions<'_>,
    found: Option<Meta>,
    seen: Option<Seen>,
) -> Result<(Birth, Meta), DbError> {
    let transaction =
        conn.transaction_with_behavior(TransactionBehavior::Immediate).doing("begin")?;
    let birth = judge(&Reader::over(&transaction), options, found.as_ref(), seen)?;
    let drawn = draw(&Reader::over(&transaction), options, found.as_ref(), seen)?;
    let mut meta =
        found.clone().unwrap_or_else(|| Meta::first(drawn, options.machine, options.now));
    meta.opened_at = options.now;
    meta.machine = options.machine.to_owned();
    meta.backup = Copied::Own;
    match birth {
        Birth::New | Birth::Same => (),
        Birth::Copied | Birth::Restored => meta.begin_epoch(drawn),
    }
    let series = meta.series;
    let tx = Tx::new(&transaction, meta);
    for old in left(birth, options, found.as_ref(), seen) {
        if tx.old_epochs().find(old.series.epoch())?.is_none() {
            tx.old_epochs().insert(&old)?;
        }
    }
    let kind = match birth {
        Birth::New => "born",
        Birth::Same => "opened",
        Birth::Copied => "copied",
        Birth::Restored => "restored",
    };
    let detail = format!("series {:05} {:03} {:08}", series.store(), series.till(), series.epoch());
    let note = Note { at: options.now, kind, detail };
    tx.note(&note, "till", About::default(), None)?;
    let meta = tx.into_meta();
    meta.save(&transaction)?;
    transaction.commit().doing("begin")?;
    Ok((birth, meta))
}

/// Judges what the database is. A backup's mark or a witness that knows more says restored,
/// whatever the machine: then numbers may be missing, which is the worse case.
fn judge(
    reader: &Reader<'_>,
    options: &OpenOptions<'_>,
    found: Option<&Meta>,
    seen: Option<Seen>,
) -> Result<Birth, DbError> {
    let Some(meta) = found else {
        return Ok(if seen.is_some() { Birth::Restored } else { Birth::New });
    };
    let ours = is_one_machine(&meta.machine, options.machine)
        && meta.series.store() == options.store
        && meta.series.till() == options.till;
    let behind = match seen {
        // A file that has drawn numbers and lies without its witness was put here by hand: another
        // may be drawing the same numbers. A witness lost to a power cut costs a few questions.
        None => ours && options.lock == Lock::Beside && 0 < meta.counter.get(),
        Some(seen) if seen.series == meta.series => {
            meta.counter < seen.counter || meta.event_seq < seen.event_seq
        }
        // The witness lags behind an epoch drawn after it; one that we never left is ahead of us.
        Some(seen) => reader.old_epochs().find(seen.series.epoch())?.is_none(),
    };
    if (meta.backup == Copied::Backup || behind) && !mutant::planted("m19_restore_unnoticed") {
        return Ok(Birth::Restored);
    }
    if ours || mutant::planted("m19_epoch_kept_on_copy") {
        return Ok(Birth::Same);
    }
    Ok(Birth::Copied)
}

/// Says whether two fingerprints are of one machine: of one installation, and with network hardware
/// in common where there is any. An adapter comes and goes with its cable; a copied disk takes none
/// along.
fn is_one_machine(one: &str, other: &str) -> bool {
    if one == other || mutant::planted("m19_hardware_is_not_looked_at") {
        return one.lines().next() == other.lines().next();
    }
    let (mut one, mut other) = (one.lines(), other.lines());
    one.next() == other.next() && one.any(|address| other.clone().any(|kept| kept == address))
}

/// Returns the series to go on with where an epoch is drawn: one that was never used here.
fn draw(
    reader: &Reader<'_>,
    options: &OpenOptions<'_>,
    found: Option<&Meta>,
    seen: Option<Seen>,
) -> Result<Series, DbError> {
    let (store, till) = (options.store, options.till);
    let mut epoch = options.epoch;
    for _ in 0..=EPOCHS_MAX {
        let Some(series) = Series::new(store, till, epoch) else {
            return Err(DbError::NoNumber { store, till });
        };
        let used = found.is_some_and(|meta| meta.series.epoch() == epoch)
            || seen.is_some_and(|seen| seen.series.epoch() == epoch)
            || reader.old_epochs().find(epoch)?.is_some();
        if !used {
            return Ok(series);
        }
        epoch = (epoch + 1) % 100_000_000;
    }
    Err(DbError::NoNumber { store, till })
}

/// Returns the series that are left by this birth.
///
/// Another machine's file without a backup's mark is a copy even where this machine's own file was
/// lost: the numbers of its series may be those of a till that goes on selling.
fn left(
    birth: Birth,
    options: &OpenOptions<'_>,
    found: Option<&Meta>,
    seen: Option<Seen>,
) -> Vec<OldEpoch> {
    let restored = match birth {
        Birth::New | Birth::Same => return Vec::new(),
        Birth::Copied => false,
        Birth::Restored => true,
    };
    let leave = |why, asks: bool, series: Series, last_known: Counter, issued: Counter| OldEpoch {
        series,
        why,
        last_known,
        issued: issued.max(last_known),
        asked_to: last_known,
        absent_in_row: 0,
        left_at: options.now,
        finished_at: (!asks).then_some(options.now),
    };
    let mut old = Vec::new();
    if let Some(meta) = found {
        let issued = match seen {
            Some(seen) if seen.series == meta.series => seen.counter,
            Some(_) | None => meta.counter,
        };
        let ours = is_one_machine(&meta.machine, options.machine);
        let asks = restored && (ours || meta.backup == Copied::Backup);
        let why = if restored && ours { LeftBecause::Restored } else { LeftBecause::Copied };
        old.push(leave(why, asks, meta.series, meta.counter, issued));
    }
    // A series that only the witness knows: everything in it is unknown here.
    if let (true, Some(seen)) = (restored, seen)
        && found.is_none_or(|meta| meta.series != seen.series)
    {
        old.push(leave(LeftBecause::Restored, true, seen.series, meta::zero(), seen.counter));
    }
    old
}
