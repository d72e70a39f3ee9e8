//! `mianfu-walk`: the real window in every state, with a picture of each.
//!
//! Opens the window on a virtual display in practice mode, plays cashier and customer, and ends
//! with one line of `key=value` pairs. What counts as taken is what practice's own ledger says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use fantoccini::key::Key;
use mianfu_tests::window::{
    App, Channel, Customer, Desk, Flow, Language, Manner, Page, Room, Start, Stop, Tour, Wallet,
    WindowError, codes_in,
};

#[derive(Parser)]
struct Cli {
    /// Where the pictures go.
    #[arg(long)]
    pictures: PathBuf,
}

const USUAL: Room = Room { width: 1280, height: 800 };
/// The smallest till and the largest monitor.
const ROOMS: [Room; 2] = [Room { width: 1024, height: 768 }, Room { width: 3840, height: 2160 }];
/// What is looked at in them too.
const IN_EVERY_ROOM: [Stop; 5] = [Stop::Due, Stop::Code, Stop::Typing, Stop::Paid, Stop::Unknown];

/// One walk: the open window and where its pictures go.
struct Walk<'a> {
    desk: &'a Desk,
    app: &'a App,
    customer: &'a Customer,
    pictures: &'a Path,
}

/// What a walk came to: sales that practice's ledger calls paid, by wallet and flow, and states seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Walked {
    shown: usize,
    scanned: usize,
    wechat_shown: usize,
    wechat_scanned: usize,
    states: usize,
}

impl Walked {
    /// Whether each was taken, and once.
    fn took_each_once(self) -> bool {
        let Walked { shown, scanned, wechat_shown, wechat_scanned, .. } = self;
        [shown, scanned, wechat_shown, wechat_scanned] == [1; 4]
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match walk(&cli.pictures).await {
        Ok(walked) => {
            let Walked { shown, scanned, wechat_shown, wechat_scanned, states } = walked;
            let pictures = cli.pictures.display();
            say(&format!(
                "run shown={shown} scanned={scanned} wechat_shown={wechat_shown} \
                 wechat_scanned={wechat_scanned} states={states} pictures={pictures}"
            ));
            if walked.took_each_once() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            say(&format!("mianfu-walk: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn walk(pictures: &Path) -> Result<Walked, WindowError> {
    std::fs::create_dir_all(pictures).map_err(|source| WindowError::File {
        path: pictures.display().to_string(),
        doing: "made",
        source,
    })?;
    let desk = Desk::with_screen("3840x2160")?;
    say("opening the till on a virtual display");
    let app = opened(&desk, Start::beside("mianfu")).await?;
    let customer = Customer::at(&app.phone_page().await?);
    let walk = Walk { desk: &desk, app: &app, customer: &customer, pictures };
    app.wait_until_offered(Wallet::Wechat).await?;
    walk.shown(Wallet::Alipay).await?;
    walk.scanned(Wallet::Alipay).await?;
    walk.shown(Wallet::Wechat).await?;
    walk.scanned(Wallet::Wechat).await?;
    let mut walked = Walked {
        shown: customer.taken_by(Wallet::Alipay, Flow::Show, 1250).await?,
        scanned: customer.taken_by(Wallet::Alipay, Flow::Scan, 880).await?,
        wechat_shown: customer.taken_by(Wallet::Wechat, Flow::Show, 1250).await?,
        wechat_scanned: customer.taken_by(Wallet::Wechat, Flow::Scan, 880).await?,
        states: walk.every_state().await?,
    };
    app.close().await?;
    walked.states += unreached(&desk, pictures).await?;
    walked.states += unproven(&desk, pictures).await?;
    Ok(walked)
}

async fn opened(desk: &Desk, mut start: Start) -> Result<App, WindowError> {
    // A virtual display comes without a loudspeaker, and a store that wants none is told of none.
    let store = desk.store_file(&["sound = false", "voice = false"])?;
    start.variables.push(("MIANFU_STORE".to_owned(), store.display().to_string()));
    let app = App::open(desk, &start).await?;
    app.turn_to(Page::Counter).await?;
    app.speak(Language::Chinese).await?;
    app.wait_until_ready().await?;
    Ok(app)
}

/// The one state that takes a channel of its own: it is gone when the code is scanned.
async fn unreached(desk: &Desk, pictures: &Path) -> Result<usize, WindowError> {
    let mut channel = Channel::start(desk)?;
    let app = opened(desk, channel.window(&desk.home().join("unreached"))).await?;
    let code = channel.customer().show_payment_code(Manner::Pays).await?;
    app.arm("12.50").await?;
    channel.vanish();
    app.scan(&code).await?;
    app.plate("unreached").await?;
    in_both_languages(&app, pictures, "unreached").await?;
    app.close().await?;
    Ok(1)
}

/// A wallet that lets no reversal in takes a channel of its own too.
async fn unproven(desk: &Desk, pictures: &Path) -> Result<usize, WindowError> {
    let channel = Channel::of_a_stranger(desk)?;
    let app = opened(desk, channel.window(&desk.home().join("unproven"))).await?;
    app.see(".tile[data-health=unproven]").await?;
    app.arm("12.50").await?;
    let code = channel.customer().show_payment_code_of(Wallet::Wechat, Manner::Pays).await?;
    app.scan(&code).await?;
    app.see(".notice").await?;
    in_both_languages(&app, pictures, "unproven").await?;
    app.key(Key::F1).await?;
    app.see("[data-screen=health] [data-of=wechat].care").await?;
    in_both_languages(&app, pictures, "unproven-health").await?;
    app.close().await?;
    Ok(1)
}

async fn in_both_languages(app: &App, pictures: &Path, name: &str) -> Result<(), WindowError> {
    for (language, short) in [(Language::Chinese, "zh"), (Language::English, "en")] {
        app.speak(language).await?;
        app.picture(&pictures.join(format!("{short}-{name}.png"))).await?;
    }
    Ok(())
}

impl Walk<'_> {
    /// A customer who scans what the cashier's window and the customer's window show.
    async fn shown(&self, wallet: Wallet) -> Result<(), WindowError> {
        say(&format!("the cashier types 12.50 and shows a code of {}", wallet.name()));
        self.app.show_of(wallet, "12.50").await?;
        self.told("code").await?;
        let picture = self.picture(&format!("zh-code-to-scan-{}", wallet.name())).await?;
        let codes = codes_in(&picture)?;
        let Some(code) = codes.first() else {
            let why = "no QR code can be read off the picture of the window".to_owned();
            return Err(WindowError::Practice { what: "scan".to_owned(), why });
        };
        say("the customer scans it off the picture and types a password");
        // Longer than until the first question: nothing else tells that somebody is typing.
        self.customer.scan(code, Manner::TypesPassword { after_ms: 8_000 }).await?;
        // WeChat Pay does not say that its code has been scanned.
        if wallet == Wallet::Alipay {
            self.told("typing").await?;
        }
        self.told("paid").await
    }

    async fn scanned(&self, wallet: Wallet) -> Result<(), WindowError> {
        say("the cashier types 8.80 and presses Enter");
        self.app.arm("8.80").await?;
        let name = wallet.name();
        say(&format!("the customer shows a payment code of {name}, and the cashier scans it"));
        let code = self.customer.show_payment_code_of(wallet, Manner::Pays).await?;
        self.app.scan(&code).await?;
        self.told("paid").await
    }

    /// Takes a picture of both windows in every state, and returns how many states there were.
    async fn every_state(&self) -> Result<usize, WindowError> {
        say("a picture of every state of both windows, in both languages");
        let tour = Tour { desk: self.desk, app: self.app, customer: self.customer };
        tour.leave().await?;
        for stop in Stop::ALL {
            tour.bring(stop).await?;
            for page in stop.pages() {
                self.app.turn_to(*page).await?;
                match page {
                    Page::Customer => {
                        self.picture(&format!("customer-{}", stop.name())).await?;
                    }
                    Page::Counter => {
                        self.app.speak(Language::English).await?;
                        self.picture(&format!("en-{}", stop.name())).await?;
                        self.app.speak(Language::Chinese).await?;
                        self.picture(&format!("zh-{}", stop.name())).await?;
                        if IN_EVERY_ROOM.contains(&stop) {
                            self.in_every_room(&stop.name()).await?;
                        }
                    }
                }
            }
            self.app.turn_to(Page::Counter).await?;
            tour.leave().await?;
        }
        Ok(Stop::ALL.len())
    }

    async fn in_every_room(&self, state: &str) -> Result<(), WindowError> {
        for room in ROOMS {
            self.app.resize(room).await?;
            self.picture(&format!("zh-{state}-{}x{}", room.width, room.height)).await?;
        }
        self.app.resize(USUAL).await
    }

    /// Waits for a state and repeats what the window says.
    async fn told(&self, state: &str) -> Result<(), WindowError> {
        let sentence = self.app.plate(state).await?;
        say(&format!("the window says: {}", sentence.trim()));
        Ok(())
    }

    async fn picture(&self, name: &str) -> Result<PathBuf, WindowError> {
        let path = self.pictures.join(format!("{name}.png"));
        self.app.picture(&path).await?;
        Ok(path)
    }
}

fn say(text: &str) {
    // A closed pipe is nobody's fault.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
