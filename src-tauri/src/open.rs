//! How the shell's till is opened: its folder, its log, its channel, its database, its upkeep.
//!
//! Everything that stands in the way becomes a [`Report`] that the page shows in the place of the
//! counter; the window itself always opens.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mianfu_till::MerchantKeys;
use mianfu_till::clock::MachineClock;
use mianfu_till::listener::{self, RelayWish};
use mianfu_till::people::People;
use mianfu_till::running::Running;
use mianfu_till::start::{Ear, Files, start_with};
use mianfu_till::upkeep::{Plan, Upkeep};
use mianfu_till::{Settings, log};
use tokio::runtime::Handle;
use tracing_appender::non_blocking::WorkerGuard;

use crate::change::Codes;
use crate::practice::{Reachable, Reached};
use crate::store::{self, CounterSettings, Store};
use crate::views::{Report, ReportCode, ShopView};

/// Names the folder in which everything is kept, instead of the user's own.
pub const DATA_VARIABLE: &str = "MIANFU_DATA";
/// Names the channels' files, separated as a list of paths is: the till opens on them, and practice
/// is entered from there.
pub const CHANNEL_VARIABLE: &str = "MIANFU_CHANNEL";

/// Names the file that says how notices come to the till's own shop; without it the till asks.
/// Practice has a relay of its own.
pub const RELAY_VARIABLE: &str = "MIANFU_RELAY";

/// What a shell is opened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where databases, practice and log are kept.
    pub folder: PathBuf,
    /// The files of the till's own channels; without any it opens in practice and stays there.
    pub channels: Vec<PathBuf>,
    /// The till's file about its relay.
    pub relay: Option<PathBuf>,
}

/// Why no notices come though they should, in the system's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RelayTrouble {
    /// The file about the relay cannot be used.
    File(String),
    /// The relay in this program did not start.
    Start(String),
}

impl RelayTrouble {
    /// Returns the system's words.
    pub(crate) fn why(&self) -> &str {
        match self {
            RelayTrouble::File(why) | RelayTrouble::Start(why) => why,
        }
    }
}

/// An open shop: the running till and what belongs to it.
pub(crate) struct Shop {
    pub(crate) shop: ShopView,
    pub(crate) running: Running<MerchantKeys>,
    /// What brings notices.
    pub(crate) ear: Ear,
    /// Why no notices come though they should.
    pub(crate) relay_trouble: Option<RelayTrouble>,
    pub(crate) upkeep: Upkeep,
    pub(crate) settings: Settings,
    pub(crate) counter: CounterSettings,
    pub(crate) people: Arc<People>,
    /// Where everything is kept.
    pub(crate) folder: PathBuf,
    /// Where printed receipts are put.
    pub(crate) receipts: PathBuf,
    /// Where the pretend customer's phone is.
    pub(crate) phone_url: Option<String>,
    /// Where it is kept which payments have been said.
    pub(crate) spoken_file: PathBuf,
    /// Which wallet's codes it shows.
    pub(crate) codes: Mutex<Codes>,
}

impl Shop {
    /// Refuses where the database is damaged: nothing more is taken.
    pub(crate) fn check_sound(&self) -> Result<(), Report> {
        match &self.upkeep.condition().borrow().damage {
            Some(damage) => Err(Report::plain(ReportCode::DatabaseBroken, damage)),
            None => Ok(()),
        }
    }

    /// Returns a report after a look at the disk, where that is what it is about.
    pub(crate) fn unkept(&self, report: Report) -> Report {
        if matches!(report.code, ReportCode::DiskFull | ReportCode::DiskBroken) {
            self.upkeep.look();
        }
        report
    }

    /// Stops the till and makes the last backup. Takes as long as the disk does.
    pub(crate) fn close(&self) {
        self.running.stop();
        self.ear.close();
        self.upkeep.close();
    }
}

impl Place {
    /// Returns the place the environment names, with `folder` where it names none.
    #[must_use]
    pub fn named(folder: PathBuf) -> Place {
        let channels = std::env::var_os(CHANNEL_VARIABLE);
        Place {
            folder: std::env::var_os(DATA_VARIABLE).map_or(folder, PathBuf::from),
            channels: channels
                .map(|list| std::env::split_paths(&list).collect())
                .unwrap_or_default(),
            relay: std::env::var_os(RELAY_VARIABLE).map(PathBuf::from),
        }
    }

    /// Returns the database of the till's own channels. It is called after one of their files, so
    /// that two merchants never write into one book: after the one that has a book already, since a
    /// wallet may have been added before it in the list, else after the first.
    fn database(&self) -> PathBuf {
        let of = |path: &PathBuf| {
            self.folder.join(path.file_stem().unwrap_or_default()).with_extension("db")
        };
        let kept = self.channels.iter().map(of).find(|database| database.exists());
        kept.or_else(|| self.channels.first().map(of))
            .unwrap_or_else(|| self.folder.join("till.db"))
    }

    /// Returns the folder of practice: its ledger, its keys and its book, which is no neighbour of
    /// the others, whatever a channel's file is called.
    fn practice(&self) -> PathBuf {
        self.folder.join("practice")
    }
}

/// Opens the till's own shop. Reads files and, at the first start, makes keys, so it takes a moment.
pub(crate) fn open(place: &Place, practice: &Reached, runtime: &Handle) -> Result<Shop, Report> {
    let store = store::find()?;
    if place.channels.is_empty() {
        return start_practice(place, ShopView::PracticeOnly, store, practice, runtime);
    }
    let files = OfShop {
        shop: ShopView::Own,
        database: place.database(),
        channels: place.channels.clone(),
        phone_url: None,
    };
    let (relay, trouble) = wish(place.relay.as_deref());
    let mut shop = start(place, files, store, relay, runtime)?;
    shop.relay_trouble = trouble.map(RelayTrouble::File).or(shop.relay_trouble);
    Ok(shop)
}

/// Opens the shop of practice beside one with channels of its own. Takes a moment too.
pub(crate) fn open_practice(
    place: &Place,
    practice: &Reached,
    runtime: &Handle,
) -> Result<Shop, Report> {
    let mut store = store::find()?;
    // The second place is for the books, and what lies there is taken for them.
    store.settings.backup_folder = None;
    start_practice(place, ShopView::Practice, store, practice, runtime)
}

fn start_practice(
    place: &Place,
    shop: ShopView,
    store: Store,
    practice: &Reached,
    runtime: &Handle,
) -> Result<Shop, Report> {
    let folder = place.practice();
    let Reachable { channels, phone_url } = practice.reach(&folder, runtime)?;
    let database = folder.join("till.db");
    let files = OfShop { shop, database, channels, phone_url: Some(phone_url) };
    start(place, files, store, RelayWish::practice(), runtime)
}

/// Returns which way notices shall come, or why the file that says so is not used: a relay is a
/// speed-up, and the shop opens without.
fn wish(file: Option<&Path>) -> (RelayWish, Option<String>) {
    match file.map(listener::load) {
        None => (RelayWish::None, None),
        Some(Ok(wish)) => (wish, None),
        Some(Err(error)) => {
            let why = mianfu_till::worker::chain(&error);
            tracing::error!(why, "the file about the relay is not used");
            (RelayWish::None, Some(why))
        }
    }
}

/// Makes the folder, for its owner alone.
pub(crate) fn make_folder(place: &Place) -> Result<(), Report> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&place.folder).map_err(|error| {
        let detail = format!("`{}` cannot be made: {error}", place.folder.display());
        Report::plain(ReportCode::DiskBroken, &detail)
    })
}

/// Begins the log. A till without one works; whoever helps will miss it.
pub(crate) fn begin_log(place: &Place) -> Option<WorkerGuard> {
    let folder = place.folder.join("log");
    std::fs::create_dir_all(&folder).ok()?;
    log::begin(&folder).ok()
}

/// What one shop is opened on.
struct OfShop {
    shop: ShopView,
    database: PathBuf,
    channels: Vec<PathBuf>,
    phone_url: Option<String>,
}

fn start(
    place: &Place,
    of: OfShop,
    store: Store,
    relay: RelayWish,
    runtime: &Handle,
) -> Result<Shop, Report> {
    let Store { store, till, settings, counter } = store;
    let files = Files { database: of.database, channels: of.channels, store, till };
    // Beside the database, and like it for its owner alone, until there is a vault.
    let people = Arc::new(People::open(files.database.with_extension("pin")));
    // Each book has its own: two books count their orders alike.
    let receipts = files.database.with_extension("receipts");
    let spoken_file = files.database.with_extension("spoken");
    let started = start_with(&files, settings.clone(), relay, runtime.clone())?;
    let plan = Plan { database: files.database, backup_folder: settings.backup_folder.clone() };
    let upkeep = Upkeep::begin(plan, MachineClock::start())
        .map_err(|error| Report::new(ReportCode::DiskBroken, &error))?;
    tracing::info!(shop = ?of.shop, birth = ?started.birth, "till open");
    Ok(Shop {
        shop: of.shop,
        running: started.running,
        ear: started.ear,
        relay_trouble: started.relay_trouble.map(RelayTrouble::Start),
        upkeep,
        receipts,
        settings,
        counter,
        people,
        folder: place.folder.clone(),
        phone_url: of.phone_url,
        spoken_file,
        codes: Mutex::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_that_is_added_writes_into_the_book_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = |channels: &[&str]| Place {
            folder: folder.path().to_owned(),
            channels: channels.iter().map(PathBuf::from).collect(),
            relay: None,
        };
        let alipay = folder.path().join("alipay.db");
        let both = place(&["/etc/wechat.toml", "/etc/alipay.toml"]);
        assert_eq!(place(&["/etc/alipay.toml"]).database(), alipay);
        assert_eq!(both.database(), folder.path().join("wechat.db"));
        std::fs::write(&alipay, "").unwrap();
        assert_eq!(both.database(), alipay);
        assert_eq!(place(&["/etc/wechat.toml"]).database(), folder.path().join("wechat.db"));
    }
}
