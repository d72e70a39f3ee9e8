//! What there is before a flow begins: files and a ledger that an earlier history left.

use mianfu_practice::Manner;
use mianfu_practice::truth::Entry;

use super::sales::{BEGINS_MS, customer, scan, scene, show, spoil};
use crate::simulation::plan::Operation;
use crate::simulation::script::{Harm, Image, Scene, play};
use crate::simulation::world::Past;

/// Pages of the log at which SQLite writes it back.
const CHECKPOINT_PAGES: usize = 1_000;
/// Bytes of a page and its frame in the log.
const FRAME_BYTES: usize = 4_096 + 24;

/// Every stage.
pub(super) struct Stages {
    /// Nothing at all.
    pub(super) nothing: Image,
    /// A till that was opened and closed once.
    pub(super) opened: Image,
    /// A till that sold and was switched off without being closed.
    pub(super) switched_off: Image,
    /// Its files, copied; the till itself sold on and drew another number.
    pub(super) copied: Image,
    /// The same a few sales before its log is written back.
    pub(super) full_log: Image,
    /// A backup, with sales at the channel that it does not know.
    pub(super) restored: Image,
    /// A backup made while a code waited for the network; it was shown and paid afterwards.
    pub(super) restored_while_parked: Image,
    /// What `restored` is once it has asked: two sales are recovered, and the manager is told.
    pub(super) found: Image,
    /// A backup of that; the manager settled a finding afterwards.
    pub(super) restored_while_found: Image,
}

impl Stages {
    /// Lives through what goes before.
    pub(super) fn set() -> Stages {
        let nothing = Image::default();
        let born = earlier(&nothing, Vec::new());
        let opened = Image { files: born.disk.files(), journal: born.left.journal };
        let switched_off = earlier(&opened, vec![(2_000, scan(Manner::Pays))]).left;
        let copied = copied(&opened, &switched_off);
        let full_log = full_log(&opened);
        let restored = restored(&opened);
        let restored_while_parked = restored_while_parked(&opened);
        let found = found(&restored);
        let restored_while_found = restored_while_found(&found);
        Stages {
            nothing,
            opened,
            switched_off,
            copied,
            full_log,
            restored,
            restored_while_parked,
            found,
            restored_while_found,
        }
    }
}

fn earlier(before: &Image, operations: Vec<(i64, Operation)>) -> Past {
    lived(&earlier_scene(before, operations))
}

fn earlier_scene(before: &Image, operations: Vec<(i64, Operation)>) -> Scene {
    let mut scene = scene(before, operations);
    scene.plan.begins_ms = BEGINS_MS - 3_600_000;
    if before.files.is_empty() {
        scene.plan.begins_ms -= 3_600_000;
    }
    scene
}

fn lived(scene: &Scene) -> Past {
    let past = play(scene, &Harm::Nothing);
    assert_eq!(past.record.broken, Vec::new(), "what goes before goes well");
    past
}

/// What the copied till does after the copy leaves a number at the channel and no money.
fn copied(opened: &Image, switched_off: &Image) -> Image {
    let operations = vec![
        (2_000, scan(Manner::Pays)),
        (8_000, scan(Manner::WalksAway)),
        (12_000, Operation::Cancel),
    ];
    let journal = earlier(opened, operations).left.journal;
    Image { files: switched_off.files.clone(), journal }
}

fn cash_sales(count: i64) -> Vec<(i64, Operation)> {
    (0..count)
        .map(|number| {
            (2_000 + 500 * number, Operation::CashSale { amount_fen: 100 + number, coin_fen: 1 })
        })
        .collect()
}

/// As many sales in cash as bring the log close to being written back.
fn full_log(opened: &Image) -> Image {
    let left = |count| earlier(opened, cash_sales(count)).left;
    let pages = |image: &Image| image.files.get("till.db-wal").map_or(0, Vec::len) / FRAME_BYTES;
    let each = (pages(&left(20)) - pages(&left(10))).div_ceil(10).max(1);
    let mut count = 40;
    loop {
        let image = left(count);
        let missing = CHECKPOINT_PAGES.saturating_sub(pages(&image) + each) / each;
        if missing == 0 {
            return image;
        }
        count += i64::try_from(missing).unwrap_or(0);
    }
}

/// Sells, is backed up, sells on; the backup takes the database's place.
fn restored(opened: &Image) -> Image {
    let operations = vec![
        (2_000, scan(Manner::Pays)),
        (6_000, Operation::BackUp),
        (8_000, scan(Manner::Pays)),
        (14_000, scan(Manner::WalksAway)),
        (16_000, Operation::Cancel),
        (30_000, scan(Manner::Pays)),
    ];
    backed_up(earlier(opened, operations))
}

/// Is backed up while nothing can be sent; the code is shown and paid once the network is back.
fn restored_while_parked(opened: &Image) -> Image {
    let operations = vec![(2_000, show(customer(Manner::Pays))), (4_000, Operation::BackUp)];
    let mut scene = earlier_scene(opened, operations);
    scene.spoils = vec![spoil("precreate", 0, "unreachable")];
    backed_up(lived(&scene))
}

/// Asks about what the backup does not know, and is closed.
fn found(restored: &Image) -> Image {
    let mut scene = scene(restored, Vec::new());
    scene.plan.begins_ms = BEGINS_MS - 2_400_000;
    scene.epochs_on = 1;
    let past = lived(&scene);
    Image { files: past.disk.files(), journal: on(restored, past.left.journal) }
}

/// Is backed up before the manager settles what was found.
fn restored_while_found(found: &Image) -> Image {
    let mut scene =
        scene(found, vec![(2_000, Operation::BackUp), (4_000, Operation::SettleFinding)]);
    scene.plan.begins_ms = BEGINS_MS - 1_200_000;
    let Image { files, journal } = backed_up(lived(&scene));
    Image { files, journal: on(found, journal) }
}

/// Returns the channel's journal with what a history wrote on.
fn on(before: &Image, journal: Vec<Entry>) -> Vec<Entry> {
    before.journal.iter().cloned().chain(journal).collect()
}

/// Returns the newest backup in the place of the database, with all that the channel knows.
fn backed_up(past: Past) -> Image {
    let folder = past.backups.made_in().expect("a backup was made");
    let backups = mianfu_db::backups(folder).expect("the folder can be read");
    let backup = std::fs::read(&backups[0]).expect("the backup can be read");
    let files = [("till.db".to_owned(), backup)].into();
    Image { files, journal: past.left.journal }
}
