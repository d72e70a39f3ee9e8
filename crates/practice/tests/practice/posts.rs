//! Notices over HTTP: to whom they are posted, when, and what an answer is worth.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mianfu_practice::http::{Shared, serve};
use mianfu_practice::truth::{About, Form};
use mianfu_practice::{KeyedHash, Manner, NoticeFault, Options, Practice};
use tokio::runtime::Runtime;

use super::shop::SECRET;

/// Longer than anything here takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "/notify/alipay/9999000000000001/till-1";

/// Somebody who listens on this machine and gives each post the next of some answers.
struct Ear {
    address: SocketAddr,
    heard: Receiver<(String, String)>,
}

impl Ear {
    fn open(answers: Vec<Vec<u8>>) -> Ear {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let told = tell.send(hear(stream, &answer));
                if told.is_err() {
                    return;
                }
            }
        });
        Ear { address, heard }
    }

    #[track_caller]
    fn next(&self) -> (String, String) {
        self.heard.recv_timeout(PATIENCE).unwrap()
    }
}

fn hear(mut stream: TcpStream, answer: &[u8]) -> (String, String) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line == "\r\n" {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    // Whoever hangs up in the middle of ten megabytes has heard enough.
    let _cut = stream.write_all(answer);
    (head, String::from_utf8(body).unwrap())
}

fn said(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn served(faster: i64) -> (Runtime, Shared) {
    let options = Options { notices_faster: faster, ..Options::new(7) };
    let practice = Shared::new(Practice::new(options, KeyedHash::new(SECRET)));
    (serving(&practice), practice)
}

fn serving(practice: &Shared) -> Runtime {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    runtime.spawn(serve(listener, practice.clone()));
    runtime
}

/// Sells once and wants to be told of it.
fn sold(practice: &Shared, number: &str, url: &str) -> About {
    let about = About::Payment { out_trade_no: number.to_owned() };
    let act = |practice: &mut Practice, now_ms| {
        practice.want_notice(now_ms, about.clone(), url, Form::Alipay);
        let code = practice.show_payment_code(now_ms, Manner::Pays);
        let shop = super::shop::Shop::with(|_| {});
        let mut business = super::shop::sale(number, "12.50");
        business["auth_code"] = code.into();
        business["scene"] = "bar_code".into();
        practice.handle(now_ms, &shop.request("alipay.trade.pay", &business));
        assert!(practice.truth().trade(number).unwrap().paid_ms.is_some());
    };
    practice.with(act).unwrap();
    about
}

/// Waits until practice knows something, without looking at a clock.
fn until(practice: &Shared, known: impl Fn(&Practice) -> bool) {
    while !practice.with(|practice, _| known(practice)).unwrap() {
        std::thread::yield_now();
    }
}

#[test]
fn a_payment_is_posted_at_once_and_no_more_once_it_is_thanked_for() {
    let ear = Ear::open(vec![said("200 OK", "success")]);
    let (_runtime, practice) = served(1);
    let about = sold(&practice, "T1", &format!("http://{}{PATH}", ear.address));
    let (head, body) = ear.next();
    assert!(head.starts_with(&format!("POST {PATH} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", ear.address)), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    assert!(body.contains("trade_status=TRADE_SUCCESS") && body.contains("out_trade_no=T1"));
    until(&practice, |practice| practice.truth().notice(&about).unwrap().taken);
    let next = practice.with(|practice, _| practice.next_notice_ms()).unwrap();
    assert_eq!(next, None);
}

#[test]
fn what_is_no_thanks_is_posted_again_with_the_same_id() {
    let elsewhere = "307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/";
    let huge = format!("success{}", " ".repeat(10 << 20));
    let ear = Ear::open(vec![
        said("500 Internal Server Error", "success"),
        said("200 OK", "fail"),
        said(elsewhere, ""),
        said("200 OK", &huge),
        Vec::new(),
        said("200 OK", "success"),
    ]);
    // What takes a day takes a tenth of a second.
    let (_runtime, practice) = served(1_000_000);
    let about = sold(&practice, "T1", &format!("http://{}{PATH}", ear.address));
    let id = |body: &str| {
        let mut fields = form_urlencoded::parse(body.as_bytes());
        fields.find(|(name, _)| name == "notify_id").unwrap().1.into_owned()
    };
    let ids: Vec<_> = (0..6).map(|_| id(&ear.next().1)).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    until(&practice, |practice| practice.truth().notice(&about).unwrap().taken);
    let tries = practice.with(|practice, _| practice.truth().notice(&about).unwrap().tries);
    assert_eq!(tries.unwrap(), 6);
}

#[test]
fn nobody_elsewhere_is_posted_to() {
    let ear = Ear::open(vec![said("200 OK", "success")]);
    let (_runtime, practice) = served(1);
    let away = sold(&practice, "T1", "https://notify.invalid/alipay");
    let near = sold(&practice, "T2", &format!("http://{}{PATH}", ear.address));
    ear.next();
    until(&practice, |practice| practice.truth().notice(&near).unwrap().taken);
    practice
        .with(|practice, now_ms| {
            assert_eq!(practice.truth().notice(&away).unwrap().tries, 0);
            let due = practice.due_notices(now_ms);
            assert_eq!(due.len(), 1, "it stays due for those who carry it by hand");
        })
        .unwrap();
}

#[test]
fn the_weather_is_posted_too() {
    let ear = Ear::open(vec![said("200 OK", "success"), said("200 OK", "success")]);
    let (_runtime, practice) = served(1);
    let fault = NoticeFault::TwiceApart;
    practice.with(|practice, _| practice.weather_mut().notices_mut().next(fault)).unwrap();
    let about = sold(&practice, "T1", &format!("http://{}{PATH}", ear.address));
    let (first, second) = (ear.next(), ear.next());
    assert_eq!(first, second, "the same bytes");
    until(&practice, |practice| practice.truth().notice(&about).unwrap().taken);
    practice
        .with(|practice, _| {
            let telling = practice.truth().notice(&about).unwrap();
            assert_eq!(telling.tries, 1, "one answer is the notice's");
            assert_eq!(practice.weather().notices().fired()[&fault], 1);
        })
        .unwrap();
}

#[test]
fn what_a_server_did_not_finish_the_next_one_does() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let (runtime, practice) = served(1);
    let about = sold(&practice, "T1", &format!("http://{address}{PATH}"));
    let (held, _) = silent.accept().unwrap();
    drop(runtime);
    let tries = practice.with(|practice, _| practice.truth().notice(&about).unwrap().tries);
    assert_eq!(tries.unwrap(), 0, "nobody knows what it would have been answered");
    let _runtime = serving(&practice);
    let (again, _) = silent.accept().unwrap();
    drop(held);
    hear(again, &said("200 OK", "success"));
    until(&practice, |practice| practice.truth().notice(&about).unwrap().taken);
}
