//! Something that answers where a relay should, and lies.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// What a till is told.
#[derive(Debug, Clone)]
pub(crate) enum Lie {
    /// A page of another program's.
    Page,
    /// A greeting that says nothing.
    NoHello,
    /// A line without an end.
    Endless,
    /// A relay's greeting.
    Hello,
    /// A notice that no channel made.
    Notice { channel: &'static str, headers: Vec<(String, String)>, body: String },
    /// That notices were lost.
    Gap,
    /// That something happened.
    Hint,
    /// An event that says nothing.
    Nonsense,
}

/// Answers every stream with the same lies, then keeps it open without a word.
pub(crate) struct Liar {
    pub(crate) address: SocketAddr,
    told: watch::Receiver<bool>,
}

impl Liar {
    pub(crate) fn open(runtime: &Runtime, lies: Vec<Lie>) -> Liar {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = watch::channel(false);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (lies, tell) = (lies.clone(), tell.clone());
                tokio::spawn(async move { lie(stream, &lies, &tell).await.unwrap_or_default() });
            }
        });
        Liar { address, told }
    }

    /// Waits until a till has been told everything.
    pub(crate) fn until_told(&self, runtime: &Runtime) {
        let mut told = self.told.clone();
        let waiting = async move { told.wait_for(|told| *told).await.map(drop).unwrap() };
        let waited = runtime.block_on(async { tokio::time::timeout(PATIENCE, waiting).await });
        waited.expect("a till comes and is told");
    }
}

async fn lie(
    mut stream: TcpStream,
    lies: &[Lie],
    tell: &watch::Sender<bool>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if head.starts_with(b"POST") {
        // An acknowledgement, taken for nothing.
        return stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
    }
    stream.write_all(HEAD.as_bytes()).await?;
    for (nth, lie) in lies.iter().enumerate() {
        stream.write_all(&text(lie, nth)).await?;
    }
    stream.flush().await?;
    tell.send_replace(true);
    // Until the till hangs up.
    stream.read_u8().await.map(drop)
}

fn text(lie: &Lie, nth: usize) -> Vec<u8> {
    let event = |kind: &str, data: &str| {
        format!("event: {kind}\nid: lies-{nth}\ndata: {data}\n\n").into_bytes()
    };
    match lie {
        Lie::Page => b"<!doctype html>\nevent: hello\ndata: <p>\n\n".to_vec(),
        Lie::NoHello => event("hello", "{}"),
        Lie::Endless => vec![b'x'; 200 * 1024],
        Lie::Hello => event("hello", r#"{"relay":"lies","after":"lies-0","beat_ms":60000}"#),
        Lie::Notice { channel, headers, body } => {
            let body = STANDARD.encode(body);
            let told = json!({
                "channel": channel, "merchant": "1", "received_ms": 0, "headers": headers,
                "body": body,
            });
            event("notice", &told.to_string())
        }
        Lie::Gap => event("gap", r#"{"upto":"lies-9"}"#),
        Lie::Hint => event("hint", r#"{"body":""}"#),
        Lie::Nonsense => event("notice", "nonsense"),
    }
}
