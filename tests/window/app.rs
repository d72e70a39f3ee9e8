//! The built window, opened through WebKitWebDriver.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::keyboard::{self, Blow};
use super::own::{self, Own};
use super::{Desk, WindowError, desk, frame, wait};

const DRIVER: &str = "WebKitWebDriver";
const DRIVER_LIMIT_MS: u64 = 10_000;
/// Without the automation variables the session request hangs for ever, so it has an end.
const SESSION_LIMIT_MS: u64 = 60_000;
const FIND_LIMIT_MS: u64 = 20_000;
const LEAVE_LIMIT_MS: u64 = 10_000;
/// Slower than a scanner, so that the page takes it for fingers.
const FINGER_MS: u32 = 80;
/// As a scanner on a cable sends them.
const SCANNER_MS: u32 = 5;
/// What the two windows are called.
const COUNTER_TITLE: &str = "面付";
const CUSTOMER_TITLE: &str = "面付 · 顾客";

/// Ends when no transition runs and two frames were drawn; a window that draws none is at rest.
const REST: &str = "
    const done = arguments[arguments.length - 1];
    const moving = document.getAnimations().filter(
        (each) => each.playState === 'running' && each.effect.getComputedTiming().endTime < 5000);
    const still = Promise.all(moving.map((each) => each.finished.catch(() => null)));
    const drawn = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    const late = new Promise((go) => setTimeout(go, 1000));
    Promise.race([still.then(drawn), late]).then(() => done(null));
";
const INVOKE: &str = "
    const [command, given, done] = arguments;
    window.__TAURI_INTERNALS__.invoke(command, given).then(
        (answered) => done({ answered: answered ?? null }),
        (refused) => done({ refused }));
";

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Answered(Value),
    Refused(Value),
}

/// What to open, and how.
#[derive(Debug, Clone, Default)]
pub struct Start {
    pub binary: PathBuf,
    pub arguments: Vec<String>,
    pub variables: Vec<(String, String)>,
}

/// The two windows of the till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Counter,
    Customer,
}

/// An open window. Dropping it kills what is left of it.
pub struct App {
    client: Client,
    driver: Own,
    mark: String,
    bus: String,
    display: String,
    /// What the window is called that keys go to at first.
    first_title: &'static str,
    /// The window that keys go to.
    page: Mutex<Page>,
}

impl Start {
    /// Names a program that lies beside the running one (`target/debug`).
    #[must_use]
    pub fn beside(name: &str) -> Start {
        let here = std::env::current_exe().unwrap_or_default();
        // A test lies one folder deeper than a program.
        let folders = here.ancestors().skip(1).take(2);
        let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
        Start { binary: found.unwrap_or_else(|| PathBuf::from(name)), ..Start::default() }
    }
}

impl App {
    /// Opens the window on `desk` and waits until its page is there.
    pub async fn open(desk: &Desk, start: &Start) -> Result<App, WindowError> {
        let port = free_port()?;
        let mark = format!("{}:{port}", desk.home().display());
        let mut command = Command::new(DRIVER);
        command
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(start.variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        desk.seat(&mut command);
        own::mark(&mut command, &mark);
        let driver = Own::start(DRIVER, &mut command)?;
        let listens =
            || async { tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() };
        wait::until("the driver to listen", DRIVER_LIMIT_MS, listens).await?;
        match session(port, start).await {
            Ok(client) => Ok(App {
                client,
                driver,
                mark,
                bus: desk.bus().to_owned(),
                display: desk.display().to_owned(),
                first_title: COUNTER_TITLE,
                page: Mutex::new(Page::Counter),
            }),
            Err(error) => {
                own::send_kill(&mark, driver.id());
                Err(error)
            }
        }
    }

    /// Names the window that keys go to, where the program is not the till.
    #[must_use]
    pub fn titled(mut self, first_title: &'static str) -> App {
        self.first_title = first_title;
        self
    }

    /// Waits until something matches the CSS selector, and returns its text.
    pub async fn see(&self, selector: &str) -> Result<String, WindowError> {
        let element = self.wait_for(selector, FIND_LIMIT_MS).await?;
        element.text().await.map_err(|source| driver_error(&format!("read `{selector}`"), source))
    }

    /// Like [`App::see`] with a bound of its own.
    pub async fn see_within(&self, selector: &str, limit_ms: u64) -> Result<String, WindowError> {
        let element = self.wait_for(selector, limit_ms).await?;
        element.text().await.map_err(|source| driver_error(&format!("read `{selector}`"), source))
    }

    /// Waits until the first match holds the words.
    pub async fn see_text(&self, selector: &str, words: &str) -> Result<(), WindowError> {
        let holds = || async { self.text_of(selector).await.contains(words) };
        let held = wait::until(words, FIND_LIMIT_MS, holds).await;
        let Err(WindowError::Late { limit_ms, .. }) = held else {
            return held;
        };
        let what = format!("`{words}`; `{selector}` says: {}", self.text_of(selector).await);
        Err(WindowError::Late { what, limit_ms })
    }

    async fn text_of(&self, selector: &str) -> String {
        match self.client.find(Locator::Css(selector)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until nothing matches the CSS selector any more.
    pub async fn see_gone(&self, selector: &str) -> Result<(), WindowError> {
        let gone = || async { !self.has(selector).await };
        wait::until(&format!("`{selector}` to be gone"), FIND_LIMIT_MS, gone).await
    }

    /// True when something matches the CSS selector at this moment.
    pub async fn has(&self, selector: &str) -> bool {
        self.client.find(Locator::Css(selector)).await.is_ok()
    }

    /// Returns an attribute of the first match, waiting for it.
    pub async fn attribute(&self, selector: &str, name: &str) -> Result<String, WindowError> {
        let element = self.wait_for(selector, FIND_LIMIT_MS).await?;
        let read = element.attr(name).await;
        let value = read.map_err(|source| driver_error(&format!("read `{selector}`"), source))?;
        Ok(value.unwrap_or_default())
    }

    /// Returns the whole text of the first match, what only a screen reader says included.
    pub async fn content(&self, selector: &str) -> Result<String, WindowError> {
        let element = self.wait_for(selector, FIND_LIMIT_MS).await?;
        let read = element.prop("textContent").await;
        let text = read.map_err(|source| driver_error(&format!("read `{selector}`"), source))?;
        Ok(text.unwrap_or_default().trim().to_owned())
    }

    /// Presses the first match, waiting for it.
    pub async fn press(&self, selector: &str) -> Result<(), WindowError> {
        let element = self.wait_for(selector, FIND_LIMIT_MS).await?;
        let pressed = element.click().await;
        pressed.map_err(|source| driver_error(&format!("press `{selector}`"), source))
    }

    /// Strikes each letter in turn, at a finger's pace.
    pub async fn type_keys(&self, letters: &str) -> Result<(), WindowError> {
        self.strike(letters, FINGER_MS).await
    }

    /// Strikes a key that has no letter.
    pub async fn key(&self, key: Key) -> Result<(), WindowError> {
        self.type_keys(&char::from(key).to_string()).await
    }

    /// Scans a code: its digits and an Enter, all within a few milliseconds of each other.
    pub async fn scan(&self, code: &str) -> Result<(), WindowError> {
        self.strike(&format!("{code}{}", char::from(Key::Enter)), SCANNER_MS).await
    }

    /// Scans a code a while after the last key.
    pub async fn scan_after(&self, code: &str, after_ms: u32) -> Result<(), WindowError> {
        let signs = code.chars().chain([char::from(Key::Enter)]);
        let mut blows: Vec<Blow> = signs.map(|sign| Blow { sign, after_ms: SCANNER_MS }).collect();
        if let Some(first) = blows.first_mut() {
            first.after_ms = after_ms;
        }
        self.play(blows).await
    }

    /// Saves a picture of the window as it stands on the display, once what moves on it has come to
    /// rest. The driver's own pictures wait for a window to draw, which one at rest never does.
    pub async fn picture(&self, path: &Path) -> Result<(), WindowError> {
        let rested = self.client.execute_async(REST, Vec::new()).await;
        rested.map_err(|source| driver_error("wait for the page to rest", source))?;
        let (display, title) = (self.display.clone(), self.title());
        let shown = tokio::task::spawn_blocking(move || frame::show_still(&display, title));
        let shown = shown.await.map_err(|error| WindowError::Display(error.into()))?;
        let window = shown.map_err(WindowError::Display)?;
        desk::picture(&self.display, &window.to_string(), path)
    }

    /// Returns the whole text of the page, for a message about what was there instead.
    pub async fn page_text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Turns to one of the till's two windows; keys and looks go there from then on.
    pub async fn turn_to(&self, page: Page) -> Result<(), WindowError> {
        let found = || async { self.try_turn_to(page).await.unwrap_or(false) };
        wait::until(&format!("the window of {page:?}"), FIND_LIMIT_MS, found).await?;
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = page;
        Ok(())
    }

    /// Asks for a size of the window.
    pub(crate) async fn set_size(&self, width: u32, height: u32) -> Result<(), WindowError> {
        let sized = self.client.set_window_rect(0, 0, width, height).await;
        sized.map_err(|source| driver_error("size the window", source))
    }

    /// Runs a script in the page and returns what it returns.
    pub async fn run(&self, script: &str) -> Result<Value, WindowError> {
        self.run_with(script, Vec::new()).await
    }

    /// Like [`App::run`], with arguments for the script.
    pub async fn run_with(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<Value, WindowError> {
        let ran = self.client.execute(script, arguments).await;
        ran.map_err(|source| driver_error("run a script", source))
    }

    /// Runs a script that ends by calling its last argument, and returns what it was called with.
    pub async fn run_until_done(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<Value, WindowError> {
        let ran = self.client.execute_async(script, arguments).await;
        ran.map_err(|source| driver_error("run a script", source))
    }

    /// Calls a command of the till from the page, as whatever ran in this window could. Returns
    /// what it answered, or what refused it.
    pub async fn invoke(&self, command: &str, arguments: Value) -> Result<Reply, WindowError> {
        let ran = self.client.execute_async(INVOKE, vec![json!(command), arguments]).await;
        let answer = ran.map_err(|source| driver_error("call a command", source))?;
        Ok(match answer.get("refused") {
            Some(refused) => Reply::Refused(refused.clone()),
            None => Reply::Answered(answer["answered"].clone()),
        })
    }

    /// Returns the address of the page.
    pub async fn address(&self) -> Result<String, WindowError> {
        let url = self.client.current_url().await;
        Ok(url.map_err(|source| driver_error("read the address", source))?.to_string())
    }

    /// Waits until the program has ended by itself.
    pub async fn ended(self) -> Result<(), WindowError> {
        own::ended(&self.mark, self.driver.id()).await?;
        self.left().await
    }

    /// Asks the program to end as a shutdown of the machine does, and waits until it is gone.
    pub async fn terminate(self) -> Result<(), WindowError> {
        own::terminate_marked(&self.mark, self.driver.id()).await?;
        self.left().await
    }

    /// Kills the window and its helpers with kill -9 and waits until they are gone.
    pub async fn kill(self) -> Result<(), WindowError> {
        let killed = own::kill_marked(&self.mark, self.driver.id()).await?;
        if killed == 0 {
            return Err(WindowError::Late { what: "a process to kill".to_owned(), limit_ms: 0 });
        }
        self.left().await
    }

    /// Closes the window through its driver, and waits until it is gone.
    pub async fn close(self) -> Result<(), WindowError> {
        let closed = self.client.clone().close().await;
        closed.map_err(|source| driver_error("close", source))?;
        self.left().await
    }

    /// Waits until the bus has noticed that the window is gone; the next one would take it for a
    /// second start and end.
    async fn left(&self) -> Result<(), WindowError> {
        let unnamed = || async { !self.is_named().unwrap_or(true) };
        wait::until("the window's name to be free", LEAVE_LIMIT_MS, unnamed).await
    }

    fn is_named(&self) -> Result<bool, WindowError> {
        let mut list = Command::new("dbus-send");
        list.args(["--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
            .arg("org.freedesktop.DBus.ListNames")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        let failed = |source| WindowError::Start { program: "dbus-send", source };
        let listed = list.output().map_err(failed)?;
        Ok(!listed.status.success()
            || String::from_utf8_lossy(&listed.stdout).contains(".SingleInstance"))
    }

    /// Strikes keys at the pace they carry, and returns when the last was struck.
    pub async fn play(&self, blows: Vec<Blow>) -> Result<(), WindowError> {
        let title = self.title();
        let display = self.display.clone();
        let struck = tokio::task::spawn_blocking(move || keyboard::strike(&display, title, &blows));
        let struck = struck.await.map_err(|error| WindowError::Display(error.into()))?;
        struck.map_err(WindowError::Display)
    }

    pub(crate) fn title(&self) -> &'static str {
        match *self.page.lock().unwrap_or_else(PoisonError::into_inner) {
            Page::Counter => self.first_title,
            Page::Customer => CUSTOMER_TITLE,
        }
    }

    async fn strike(&self, letters: &str, every_ms: u32) -> Result<(), WindowError> {
        let blow = |sign| Blow { sign, after_ms: every_ms };
        self.play(letters.chars().map(blow).collect()).await
    }

    async fn try_turn_to(&self, page: Page) -> Result<bool, fantoccini::error::CmdError> {
        for window in self.client.windows().await? {
            self.client.switch_to_window(window).await?;
            let url = self.client.current_url().await?;
            let is_customer = url.path().contains("customer");
            if is_customer == (page == Page::Customer) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn wait_for(&self, selector: &str, limit_ms: u64) -> Result<Element, WindowError> {
        let wait = self.client.wait().at_most(Duration::from_millis(limit_ms));
        let found = wait.every(Duration::from_millis(25)).for_element(Locator::Css(selector)).await;
        let Err(source) = found else {
            return found.map_err(|source| driver_error("find", source));
        };
        if !matches!(source, fantoccini::error::CmdError::WaitTimeout) {
            return Err(driver_error(&format!("find `{selector}`"), source));
        }
        let what = format!("`{selector}`; the page says: {}", self.page_text().await);
        Err(WindowError::Late { what, limit_ms })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        own::send_kill(&self.mark, self.driver.id());
    }
}

async fn session(port: u16, start: &Start) -> Result<Client, WindowError> {
    let mut capabilities = Capabilities::new();
    let options = json!({ "binary": start.binary, "args": start.arguments });
    capabilities.insert("webkitgtk:browserOptions".to_owned(), options);
    let address = format!("http://127.0.0.1:{port}");
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    let opening = builder.connect(&address);
    let opened = tokio::time::timeout(Duration::from_millis(SESSION_LIMIT_MS), opening).await;
    let late = |_| WindowError::Late {
        what: format!("`{}` to open", start.binary.display()),
        limit_ms: SESSION_LIMIT_MS,
    };
    Ok(opened.map_err(late)??)
}

fn driver_error(doing: &str, source: fantoccini::error::CmdError) -> WindowError {
    WindowError::Driver { doing: doing.to_owned(), source }
}

/// Returns a port that was free a moment ago; the driver says nothing when it takes one itself.
fn free_port() -> Result<u16, WindowError> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let port = bound.map_err(|source| WindowError::Start { program: DRIVER, source })?;
    Ok(port.port())
}
