//! `mianfu-practice`: a pretend Alipay on this machine, and a pretend WeChat Pay where asked for.
//!
//! Prints one line of JSON that says where it listens and which files a client needs, then serves
//! until it is told to end. It listens on loopback only: whoever can reach it can play a customer.

use std::error::Error;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use mianfu_practice::http::{Shared, Tls, serve, serve_tls};
use mianfu_practice::state::{self, Papers, WechatPapers};
use mianfu_practice::{BuyerIds, CancelUnscanned, Options, Slashes};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A pretend Alipay on this machine, with pretend customers.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; loopback only. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The folder with keys and ledger; made where it is missing.
    #[arg(long)]
    state: PathBuf,
    /// Decides every number and every fault.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How the two sides prove who they are.
    #[arg(long, value_enum, default_value_t = ModeChoice::Key)]
    mode: ModeChoice,
    /// How `/` is written in answers.
    #[arg(long, value_enum, default_value_t = SlashChoice::Plain)]
    slashes: SlashChoice,
    /// What cancelling a shown code does that nobody has scanned.
    #[arg(long, value_enum, default_value_t = CancelChoice::KillsTheCode)]
    cancel_unscanned: CancelChoice,
    /// How answers name the customer.
    #[arg(long, value_enum, default_value_t = BuyerChoice::UserId)]
    buyer_ids: BuyerChoice,
    /// Play WeChat Pay too, with this kind of key on the answers of requests that name none.
    #[arg(long, value_enum)]
    wechat: Option<WechatChoice>,
    /// How soon after the payment call WeChat Pay's reverse is allowed.
    #[arg(long, value_enum, default_value_t = ReverseChoice::AfterFifteenSeconds)]
    wechat_reverse: ReverseChoice,
    /// How many times faster than documented a channel repeats a notice that nobody took.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    notices_faster: i64,
    /// How many of a thousand first notices carry one of WeChat Pay's own probes for a signature.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1000))]
    probes_per_mille: u64,
    /// Where to listen with TLS, which WeChat Pay's reverse and refund need; loopback only.
    #[arg(long, requires = "wechat")]
    listen_tls: Option<SocketAddr>,
    /// The weather at the start.
    #[arg(long, value_enum, default_value_t = WeatherChoice::Calm)]
    weather: WeatherChoice,
    /// End when standard input closes, so that no test leaves a practice behind.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeChoice {
    Key,
    Certificate,
}

#[derive(Clone, Copy, ValueEnum)]
enum SlashChoice {
    Plain,
    Escaped,
}

#[derive(Clone, Copy, ValueEnum)]
enum CancelChoice {
    KillsTheCode,
    FindsNothing,
}

#[derive(Clone, Copy, ValueEnum)]
enum BuyerChoice {
    UserId,
    OpenId,
}

#[derive(Clone, Copy, ValueEnum)]
enum WechatChoice {
    PlatformCertificate,
    PublicKey,
}

#[derive(Clone, Copy, ValueEnum)]
enum ReverseChoice {
    AfterFifteenSeconds,
    AtOnce,
}

#[derive(Clone, Copy, ValueEnum)]
enum WeatherChoice {
    Calm,
    Storm,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let listens = [Some(arguments.listen), arguments.listen_tls];
    if listens.into_iter().flatten().any(|listen| !listen.ip().is_loopback()) {
        return Err("practice listens on loopback only, such as `127.0.0.1:0`".into());
    }
    // Whoever reads the announcement may stand in another folder.
    let papers = Papers::open(&std::path::absolute(&arguments.state)?)?;
    let practice = Shared::open(&papers, options(&arguments, &papers))?;
    if let WeatherChoice::Storm = arguments.weather {
        practice.with(|practice, _| {
            practice.weather_mut().storm();
            practice.weather_mut().notices_mut().storm();
        })?;
    }
    let wechat = match arguments.wechat {
        Some(choice) => Some(open_wechat(&practice, &papers, choice, &arguments)?),
        None => None,
    };
    let listener = TcpListener::bind(arguments.listen).await?;
    let secure = match (arguments.listen_tls, &wechat) {
        (Some(listen), Some(wechat)) => Some((TcpListener::bind(listen).await?, wechat.tls()?)),
        (Some(_) | None, _) => None,
    };
    let secure_at = match &secure {
        Some((listener, _)) => Some(listener.local_addr()?),
        None => None,
    };
    let listen = listener.local_addr()?;
    practice.with(|practice, _| {
        if let Some(account) = practice.wechat_mut() {
            account.address = format!("http://{listen}");
        }
    })?;
    let files = Files {
        alipay: papers.write_channel_file(&gateway(listen))?,
        wechat: match (&wechat, secure_at) {
            (Some(wechat), Some(secure)) => Some(wechat.write_channel_file(&secure.to_string())?),
            (Some(_) | None, _) => None,
        },
    };
    announce(&papers, wechat.as_ref(), &files, listen, secure_at)?;
    tokio::select! {
        served = serve(listener, practice.clone()) => served?,
        served = serve_secure(secure, practice) => served?,
        () = told_to_end() => {}
        () = stdin_closed(), if arguments.until_stdin_closes => {}
    }
    Ok(())
}

fn options(arguments: &Arguments, papers: &Papers) -> Options {
    let plain = papers.options(arguments.seed);
    Options {
        mode: match arguments.mode {
            ModeChoice::Key => plain.mode.clone(),
            ModeChoice::Certificate => papers.certificate_mode(),
        },
        slashes: match arguments.slashes {
            SlashChoice::Plain => Slashes::Plain,
            SlashChoice::Escaped => Slashes::Escaped,
        },
        cancel_unscanned: match arguments.cancel_unscanned {
            CancelChoice::KillsTheCode => CancelUnscanned::KillsTheCode,
            CancelChoice::FindsNothing => CancelUnscanned::FindsNothing,
        },
        buyer_ids: match arguments.buyer_ids {
            BuyerChoice::UserId => BuyerIds::UserId,
            BuyerChoice::OpenId => BuyerIds::OpenId,
        },
        notices_faster: arguments.notices_faster,
        ..plain
    }
}

/// Serves the TLS port, or waits for ever where there is none.
async fn serve_secure(secure: Option<(TcpListener, Tls)>, practice: Shared) -> std::io::Result<()> {
    match secure {
        Some((listener, tls)) => serve_tls(listener, practice, tls).await,
        None => std::future::pending().await,
    }
}

fn open_wechat(
    practice: &Shared,
    papers: &Papers,
    choice: WechatChoice,
    arguments: &Arguments,
) -> Result<WechatPapers, Box<dyn Error>> {
    let wechat = WechatPapers::open(papers)?;
    let mut account = wechat.account()?;
    if let WechatChoice::PublicKey = choice {
        account.sign_with(&wechat.public_key_id);
    }
    if let ReverseChoice::AtOnce = arguments.wechat_reverse {
        account.reverse_after_ms = 0;
    }
    account.probes_per_mille = arguments.probes_per_mille;
    practice.with(|practice, _| practice.open_wechat(account))?;
    Ok(wechat)
}

/// The files by which a till finds the channels.
struct Files {
    alipay: PathBuf,
    wechat: Option<PathBuf>,
}

fn gateway(listen: SocketAddr) -> String {
    format!("http://{listen}{}", mianfu_practice::GATEWAY_PATH)
}

fn announce(
    papers: &Papers,
    wechat: Option<&WechatPapers>,
    files: &Files,
    listen: SocketAddr,
    secure: Option<SocketAddr>,
) -> Result<(), Box<dyn Error>> {
    let mut line = serde_json::json!({
        "listen": listen.to_string(),
        "gateway": gateway(listen),
        "channel_file": files.alipay,
        "phone": format!("http://{listen}/phone"),
        "control": format!("http://{listen}/control"),
        "app_id": papers.app_id,
        "seller_id": papers.seller_id,
        "merchant_private_key_file": papers.file(state::MERCHANT_PRIVATE_KEY),
        "merchant_private_key_pkcs1_file": papers.file(state::MERCHANT_PRIVATE_KEY_PKCS1),
        "merchant_public_key_file": papers.file(state::MERCHANT_PUBLIC_KEY),
        "alipay_public_key_file": papers.file(state::ALIPAY_PUBLIC_KEY),
        "app_cert_file": papers.file(state::APP_CERT),
        "alipay_cert_file": papers.file(state::ALIPAY_CERT),
        "alipay_root_cert_file": papers.file(state::ALIPAY_ROOT_CERT),
    });
    if let Some(wechat) = wechat {
        // The keys of the account are in its papers: a line that is printed holds no secret.
        line["wechat"] = serde_json::json!({
            "channel_file": files.wechat,
            "base": format!("http://{listen}"),
            "base_tls": secure.map(|secure| format!("https://{secure}")),
            "appid": wechat.appid,
            "mchid": wechat.mchid,
            "merchant_serial": wechat.merchant_serial,
            "platform_serial": wechat.platform_serial,
            "public_key_id": wechat.public_key_id,
            "papers_file": papers.file(state::WECHAT_PAPERS),
            "merchant_private_key_file": papers.file(state::MERCHANT_PRIVATE_KEY),
            "merchant_cert_file": papers.file(state::WECHAT_MERCHANT_CERT),
            "platform_cert_file": papers.file(state::WECHAT_PLATFORM_CERT),
            "public_key_file": papers.file(state::WECHAT_PUBLIC_KEY),
            "tls_cert_file": papers.file(state::WECHAT_TLS_CERT),
            "root_cert_file": papers.file(state::WECHAT_ROOT_CERT),
        });
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

/// Ends when the program is asked to, by ctrl-c or by a signal.
async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a way to be told, the program serves on until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn stdin_closed() {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut bytes).is_ok_and(|count| count > 0) {}
        // Nobody waits any more if the program is ending.
        let _ended = closed.send(());
    });
    let _closed = wait.await;
}

fn complain(error: &dyn Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    // There is nowhere left to complain if this fails.
    let _written = writeln!(std::io::stderr().lock(), "{text}");
}
