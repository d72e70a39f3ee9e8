//! How the shell's till is opened: its folder, its log, its channel, its database, its upkeep.
//!
//! Everything that stands in the way becomes a [`Report`] that the page shows in the place of the
//! counter; the window itself always opens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mianfu_till::RsaKeys;
use mianfu_till::clock::MachineClock;
use mianfu_till::people::People;
use mianfu_till::running::Running;
use mianfu_till::start::{Files, start_with};
use mianfu_till::upkeep::{Plan, Upkeep};
use mianfu_till::{Settings, log};
use tokio::runtime::Handle;
use tracing_appender::non_blocking::WorkerGuard;

use crate::practice::{self, Reachable};
use crate::store::{self, CounterSettings, Store};
use crate::views::{Report, ReportCode};

/// Names the folder in which everything is kept, instead of the user's own.
pub const DATA_VARIABLE: &str = "MIANFU_DATA";
/// Names a channel's file of a practice or sandbox elsewhere; practice is not started then.
pub const CHANNEL_VARIABLE: &str = "MIANFU_CHANNEL";

/// What a shell is opened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where databases, practice and log are kept.
    pub folder: PathBuf,
    /// A channel's file from elsewhere; `None` runs practice in this process.
    pub channel: Option<PathBuf>,
}

/// An open shop: the running till and what belongs to it.
pub(crate) struct Shop {
    pub(crate) running: Running<RsaKeys>,
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
}

impl Place {
    /// Returns the place the environment names, with `folder` where it names none.
    #[must_use]
    pub fn named(folder: PathBuf) -> Place {
        let named = |variable| std::env::var_os(variable).map(PathBuf::from);
        Place { folder: named(DATA_VARIABLE).unwrap_or(folder), channel: named(CHANNEL_VARIABLE) }
    }

    /// Returns the database. Each channel's file has its own, so that practice and sandbox never
    /// write into one book.
    fn database(&self) -> PathBuf {
        let name = self.channel.as_deref().and_then(Path::file_stem);
        let name = name.map_or("practice".into(), std::ffi::OsStr::to_os_string);
        self.folder.join(name).with_extension("db")
    }
}

/// Opens the shop. Reads files and, at the first start, makes keys, so it takes a moment.
pub(crate) fn open(place: &Place, runtime: &Handle) -> Result<Shop, Report> {
    let store = store::find()?;
    if let Some(channel) = &place.channel {
        return start(place, channel.clone(), None, store, runtime);
    }
    let Reachable { channel, phone_url } =
        practice::start(&place.folder.join("practice"), runtime)?;
    start(place, channel, Some(phone_url), store, runtime)
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

fn start(
    place: &Place,
    channel: PathBuf,
    phone_url: Option<String>,
    store: Store,
    runtime: &Handle,
) -> Result<Shop, Report> {
    let Store { store, till, settings, counter } = store;
    let files = Files { database: place.database(), channel, store, till };
    // Beside the database, and like it for its owner alone, until there is a vault.
    let people = Arc::new(People::open(files.database.with_extension("pin")));
    // Each book has its own: two books count their orders alike.
    let receipts = files.database.with_extension("receipts");
    let spoken_file = files.database.with_extension("spoken");
    let started = start_with(&files, settings.clone(), runtime.clone())?;
    let plan = Plan { database: files.database, backup_folder: settings.backup_folder.clone() };
    let upkeep = Upkeep::begin(plan, MachineClock::start())
        .map_err(|error| Report::new(ReportCode::DiskBroken, &error))?;
    tracing::info!(birth = ?started.birth, "till open");
    Ok(Shop {
        running: started.running,
        upkeep,
        receipts,
        settings,
        counter,
        people,
        folder: place.folder.clone(),
        phone_url,
        spoken_file,
    })
}
