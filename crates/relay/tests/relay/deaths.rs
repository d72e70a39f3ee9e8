//! What the program promises through its own death by `kill -9`, and to tills that were asleep:
//!
//! 1. a notice that was thanked for is kept once and reaches its till, whenever the program died;
//! 2. one that was not thanked for is taken by its repetition, as the same;
//! 3. a till asleep for a thousand notices misses none;
//! 4. two tills of two stores hear nothing of each other;
//! 5. told to end, it answers for whatever it keeps.
//!
//! The moments between a commit and its answer, and between an answer and its delivery, are hit
//! exactly where the feature `mutants` lets the program stand still there, and by chance elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_relay::db::Reader;
use mianfu_relay::trust::{Signed, authorization};

use crate::fixture::*;
use crate::program::*;
use crate::running::*;

/// Rates that none of this meets: one address stands for all of a channel's.
const UNHURRIED: &str = "\n[limits]\nrequests_per_address = { burst = 1000000, each_ms = 1 }\n";

/// A second store's merchant and till.
const OTHER_STORE: &str = r#"
[[merchant]]
channel = "alipay"
merchant = "2021000000000002"
keys = [{ file = "other.pem" }]

[[till]]
name = "till-2"
merchants = ["alipay/2021000000000002"]
keys = [{ id = "a", file = "till-1-b.key" }]
"#;
const OTHER_PATH: &str = "/notify/alipay/2021000000000002/till-2";

fn sorted(mut bodies: Vec<String>) -> Vec<String> {
    bodies.sort();
    bodies
}

/// Sends a notice and hangs up unheard: to the channel there was no answer.
fn send_unheard(address: SocketAddr, body: &str) -> TcpStream {
    let mut stream = connect(address);
    let length = body.len().to_string();
    let request = head("POST", ALIPAY_PATH, &[("content-length", &length)]);
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    stream
}

/// Posts to a program that may die, and says whether the channel was thanked.
fn is_thanked(address: SocketAddr, path: &str, body: &str) -> bool {
    // Whoever comes after the death finds nobody.
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let length = body.len().to_string();
    let headers = [("content-length", length.as_str()), ("connection", "close")];
    let request = head("POST", path, &headers);
    let _sent = stream.write_all(format!("{request}\r\n{body}").as_bytes());
    hear(&mut stream).body == "success"
}

fn kept_bodies(folder: &tempfile::TempDir, till: &str) -> Vec<String> {
    let kept = Reader::open(&database(folder)).unwrap().after(till, 0, 10_000).unwrap();
    kept.into_iter().map(|(_, notice)| String::from_utf8(notice.body).unwrap()).collect()
}

/// A till that keeps whatever it is told, through all of its relay's deaths.
#[derive(Default)]
struct Till {
    last: Option<String>,
    told: Vec<(String, String)>,
}

impl Till {
    /// Takes in what a stream tells, until it ends or so much was told in all.
    fn hear(&mut self, stream: &mut Listener, enough: usize) {
        while self.told.len() < enough {
            let Some(told) = stream.word() else { return };
            assert_eq!(told.event, "notice", "{told:?}");
            let body = STANDARD.decode(told.data["body"].as_str().unwrap()).unwrap();
            self.told.push((told.id.clone(), String::from_utf8(body).unwrap()));
            self.last = Some(told.id);
        }
    }

    fn resume(&mut self, program: &Program, enough: usize) {
        let mut stream = program.listen(("a", 1), self.last.as_deref()).unwrap();
        self.hear(&mut stream, enough);
    }

    /// Says what it was told, and that the numbers rose by one each.
    #[track_caller]
    fn bodies(&self) -> Vec<String> {
        let numbers = self.told.iter().map(|(id, _)| id.rsplit_once('-').unwrap().1);
        let counted = (1..=self.told.len()).map(|number| number.to_string());
        assert!(numbers.eq(counted), "a number is missing or told twice");
        self.told.iter().map(|(_, body)| body.clone()).collect()
    }
}

#[test]
fn killed_between_commit_and_answer_it_takes_the_repetition_for_one() {
    let bodies = bodies(12);
    for round in 0..4 {
        let folder = folder(CONFIG);
        let program = Program::start(&folder);
        let unread: Vec<TcpStream> =
            bodies.iter().map(|body| send_unheard(program.address, body)).collect();
        while standing(&folder).last <= round * 3 {
            std::thread::yield_now();
        }
        program.kill();
        drop(unread);
        let kept = standing(&folder).last;
        assert!(round * 3 < kept);
        let program = Program::start(&folder);
        for body in &bodies {
            let reply = program.post(body);
            assert_eq!(reply.body, "success", "round {round}: {reply:?}");
        }
        let mut till = program.listen(("a", 1), None).unwrap();
        assert_eq!(sorted(told_bodies(&mut till, 12)), sorted(bodies.clone()), "round {round}");
        assert_eq!(standing(&folder).last, 12);
        program.end();
    }
}

#[test]
fn killed_at_any_moment_it_has_kept_once_whatever_it_thanked_for() {
    let folder = folder(&format!("{CONFIG}{UNHURRIED}"));
    let bodies = bodies(320);
    let mut thanked = BTreeSet::new();
    let mut till = Till::default();
    // Numerical Recipes' generator: any will do.
    let mut draw = 20_261_127_u64;
    for (round, part) in bodies.chunks(32).enumerate() {
        draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
        let enough = usize::try_from(draw >> 16).unwrap() % part.len();
        let mut pause = draw % 256;
        let program = Program::start(&folder);
        let address = program.address;
        let mut stream = program.listen(("a", 1), till.last.as_deref()).unwrap();
        let count = AtomicUsize::new(0);
        let posted = std::thread::scope(|scope| {
            let post = |body: &&String| {
                let is_thanked = is_thanked(address, ALIPAY_PATH, body);
                count.fetch_add(usize::from(is_thanked), Ordering::Relaxed);
                is_thanked
            };
            let posting: Vec<_> = part
                .chunks(8)
                .map(|few| scope.spawn(move || few.iter().filter(post).collect::<Vec<_>>()))
                .collect();
            let listening = scope.spawn(|| till.hear(&mut stream, usize::MAX));
            while count.load(Ordering::Relaxed) < enough || 0 < pause {
                pause = pause.saturating_sub(1);
                std::thread::yield_now();
            }
            program.kill();
            listening.join().unwrap();
            posting.into_iter().flat_map(|one| one.join().unwrap()).cloned().collect::<Vec<_>>()
        });
        thanked.extend(posted);
        let kept = kept_bodies(&folder, "till-1");
        let once: BTreeSet<&String> = kept.iter().collect();
        assert_eq!(once.len(), kept.len(), "round {round}: one is kept twice");
        assert!(thanked.iter().all(|body| once.contains(body)), "round {round}: one is lost");
    }
    assert!(!thanked.is_empty());
    let program = Program::start(&folder);
    // The channel repeats what it has no answer to, and some of the rest.
    for body in &bodies {
        assert_eq!(program.post(body).body, "success");
    }
    till.resume(&program, bodies.len());
    assert_eq!(sorted(till.bodies()), sorted(bodies));
    program.end();
    assert_eq!(sorted(kept_bodies(&folder, "till-1")), sorted(till.bodies()));
}

#[test]
fn killed_between_answer_and_delivery_it_delivers_after_its_start() {
    let folder = folder(CONFIG);
    let bodies = bodies(6);
    let program = Program::start(&folder);
    for body in &bodies[..2] {
        assert_eq!(program.post(body).body, "success");
    }
    program.kill();
    let program = Program::start(&folder);
    let mut till = program.listen(("a", 1), None).unwrap();
    assert_eq!(told_bodies(&mut till, 2), bodies[..2]);
    for body in &bodies[2..4] {
        assert_eq!(program.post(body).body, "success");
    }
    // The till has heard of the third and not of the fourth when the relay dies.
    let third = till.word().unwrap();
    program.kill();
    let program = Program::start(&folder);
    assert_eq!(program.post(&bodies[4]).body, "success");
    let mut till = program.listen(("a", 1), Some(&third.id)).unwrap();
    assert_eq!(told_bodies(&mut till, 2), bodies[3..5]);
    let relay = till.hello["relay"].as_str().unwrap();
    assert!(third.id.starts_with(relay), "a database keeps its name");
    program.end();
}

#[cfg(unix)]
#[test]
fn told_to_end_amid_notices_it_answers_whatever_it_keeps() {
    let folder = folder(&format!("{CONFIG}{UNHURRIED}"));
    let bodies = bodies(64);
    for part in bodies.chunks(32) {
        let program = Program::start(&folder);
        let address = program.address;
        let count = AtomicUsize::new(0);
        let thanked: Vec<String> = std::thread::scope(|scope| {
            let post = |body: &&String| {
                let is_thanked = is_thanked(address, ALIPAY_PATH, body);
                count.fetch_add(usize::from(is_thanked), Ordering::Relaxed);
                is_thanked
            };
            let posting: Vec<_> = part
                .chunks(8)
                .map(|few| scope.spawn(move || few.iter().filter(post).collect::<Vec<_>>()))
                .collect();
            while count.load(Ordering::Relaxed) < 5 {
                std::thread::yield_now();
            }
            program.terminate();
            posting.into_iter().flat_map(|one| one.join().unwrap()).cloned().collect()
        });
        let log = program.end();
        assert!(log.contains("\"ended\""), "{log}");
        let kept = kept_bodies(&folder, "till-1");
        let kept: BTreeSet<&String> = kept.iter().filter(|body| part.contains(body)).collect();
        assert_eq!(kept, thanked.iter().collect());
    }
}

#[test]
fn a_till_asleep_for_a_thousand_notices_misses_none_whatever_dies_meanwhile() {
    let folder = folder(&format!("{CONFIG}{UNHURRIED}"));
    let bodies = bodies(1_000);
    let mut program = Program::start(&folder);
    for hundred in bodies.chunks(250) {
        std::thread::scope(|scope| {
            for few in hundred.chunks(63) {
                let program = &program;
                scope.spawn(move || {
                    for body in few {
                        assert_eq!(program.post(body).body, "success");
                    }
                });
            }
        });
        program.kill();
        program = Program::start(&folder);
    }
    let mut till = Till::default();
    // It wakes, and its relay dies three times while it catches up.
    for enough in [1, 400, 777] {
        till.resume(&program, enough);
        program.kill();
        program = Program::start(&folder);
    }
    till.resume(&program, 1_000);
    assert_eq!(sorted(till.bodies()), sorted(bodies));
    assert_eq!(program.post(&till.told[0].1).body, "success");
    program.end();
    assert_eq!(standing(&folder).last, 1_000);
}

#[test]
fn two_tills_of_two_stores_hear_nothing_of_each_other_through_a_death() {
    let folder = folder(&format!("{CONFIG}{OTHER_STORE}{UNHURRIED}"));
    fs::write(folder.path().join("other.pem"), public_pem(&signers().other)).unwrap();
    let ours = bodies(40);
    let theirs: Vec<String> = (0..40)
        .map(|n| {
            let mut fields = fields(&format!("n-{n}"));
            fields.insert("app_id".to_owned(), b"2021000000000002".to_vec());
            alipay_body(&signers().other, fields)
        })
        .collect();
    let listen = |program: &Program, till: u8, key: u8, last: Option<&str>| {
        let path = format!("/stream/till-{till}");
        let signed = Signed { method: "GET", path: &path, body: b"" };
        let proof = authorization("a", &till_key(key), signed, now(), fresh_nonce());
        Listener::with_proof(program.address, &path, &proof, last)
    };
    let mut heard: BTreeMap<u8, Till> = BTreeMap::new();
    for half in 0..2 {
        let program = Program::start(&folder);
        let mut streams: Vec<Listener> = [(1, 1), (2, 7)]
            .map(|(till, key)| {
                let last = heard.get(&till).and_then(|till| till.last.as_deref());
                listen(&program, till, key, last).unwrap_or_else(|status| panic!("{status}"))
            })
            .into();
        std::thread::scope(|scope| {
            for (path, bodies) in [(ALIPAY_PATH, &ours), (OTHER_PATH, &theirs)] {
                let program = &program;
                scope.spawn(move || {
                    for body in &bodies[half * 20..(half + 1) * 20] {
                        assert_eq!(program.post_to(path, body).body, "success");
                    }
                });
            }
        });
        // A channel's notice opens no other store's address, nor a till's key its stream.
        assert_eq!(program.post_to(OTHER_PATH, &ours[0]).status, 401);
        assert_eq!(program.post_to(ALIPAY_PATH, &theirs[0]).status, 401);
        let crossed = "/notify/alipay/2021000000000002/till-1";
        assert_eq!(program.post_to(crossed, &theirs[0]).status, 404);
        assert_eq!(listen(&program, 2, 1, None).err(), Some(401));
        assert_eq!(listen(&program, 1, 7, None).err(), Some(401));
        for (till, stream) in [1, 2].into_iter().zip(&mut streams) {
            heard.entry(till).or_default().hear(stream, (half + 1) * 20);
        }
        program.kill();
        // What had been written to the streams before the death is all that they say.
        assert!(streams.iter_mut().all(|stream| stream.word().is_none()));
    }
    assert_eq!(heard[&1].bodies(), ours);
    assert_eq!(heard[&2].bodies(), theirs);
    assert_eq!(kept_bodies(&folder, "till-1"), ours);
    assert_eq!(kept_bodies(&folder, "till-2"), theirs);
}

/// The program, standing still where a test has named a place.
#[cfg(feature = "mutants")]
mod held {
    use super::*;

    fn held(folder: &tempfile::TempDir, place: &str) -> Program {
        let mut command = command(folder);
        command.env("MIANFU_RELAY_HOLD", place);
        Program::spawn(command)
    }

    #[test]
    fn killed_exactly_between_commit_and_answer() {
        let folder = folder(CONFIG);
        let bodies = bodies(8);
        let mut kept = 0;
        for (round, body) in bodies.iter().enumerate() {
            let program = held(&folder, "kept");
            let mut unread = send_unheard(program.address, body);
            while standing(&folder).last == kept {
                std::thread::yield_now();
            }
            program.kill();
            assert_eq!(hear(&mut unread).status, 0, "round {round}: it was answered");
            kept = standing(&folder).last;
            assert_eq!(kept, i64::try_from(round).unwrap() + 1);
        }
        let program = Program::start(&folder);
        for body in &bodies {
            assert_eq!(program.post(body).body, "success");
        }
        let mut till = Till::default();
        till.resume(&program, 8);
        assert_eq!(till.bodies(), bodies);
        program.end();
        assert_eq!(kept_bodies(&folder, "till-1"), bodies);
    }

    #[test]
    fn killed_exactly_between_answer_and_delivery() {
        let folder = folder(CONFIG);
        let bodies = bodies(8);
        for body in &bodies {
            let program = held(&folder, "telling");
            let mut stream = program.listen(("a", 1), Some("nobody-1")).unwrap();
            assert_eq!(program.post(body).body, "success");
            program.kill();
            assert_eq!(stream.word(), None, "it was delivered");
        }
        let program = Program::start(&folder);
        let mut till = Till::default();
        till.resume(&program, 8);
        assert_eq!(till.bodies(), bodies);
        program.end();
    }

    #[test]
    fn killed_exactly_between_an_acknowledgement_and_its_answer() {
        let folder = folder(CONFIG);
        let bodies = bodies(5);
        let program = Program::start(&folder);
        for body in &bodies {
            assert_eq!(program.post(body).body, "success");
        }
        let mut till = Till::default();
        till.resume(&program, 3);
        program.end();
        let last = till.last.clone().unwrap();
        let ack = format!("{{\"upto\":\"{last}\"}}");
        let say = |program: &Program| {
            let signed = Signed { method: "POST", path: "/ack/till-1", body: ack.as_bytes() };
            let proof = authorization("a", &till_key(1), signed, now(), fresh_nonce());
            let length = ack.len().to_string();
            let headers = [
                ("authorization", proof.as_str()),
                ("content-length", &length),
                ("connection", "close"),
            ];
            let mut stream = connect(program.address);
            let request = head("POST", "/ack/till-1", &headers);
            stream.write_all(format!("{request}\r\n{ack}").as_bytes()).unwrap();
            stream
        };
        let program = held(&folder, "claimed");
        let mut unread = say(&program);
        while standing(&folder).acked != 3 {
            std::thread::yield_now();
        }
        program.kill();
        assert_eq!(hear(&mut unread).status, 0, "it was answered");
        let program = Program::start(&folder);
        assert_eq!(hear(&mut say(&program)).status, 204, "said again, it is the same");
        // Without a number the stream begins after what was acknowledged.
        let mut stream = program.listen(("a", 1), None).unwrap();
        assert_eq!(told_bodies(&mut stream, 2), bodies[3..]);
        program.end();
    }
}
