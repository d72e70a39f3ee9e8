//! What a channel or a till is thanked for is on the disk: one sync before, and none spared.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use mianfu_relay::counts::Count;
use mianfu_relay::db::Reader;
use mianfu_relay::settings::Settings;
use mianfu_relay::trust::Signed;

use crate::disk::{Disk, Weather};
use crate::fixture::*;
use crate::running::*;

/// A relay on a disk of its own.
struct Powered {
    relay: Running,
    disk: Disk,
    path: PathBuf,
}

/// Returns a name that no other disk has, in whichever thread.
fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("relay_disk_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn start() -> Powered {
    let disk = Disk::new(&fresh_name());
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let relay = Running::on_disk(Some(&disk.name), folder, Settings::default());
    Powered { relay, disk, path }
}

impl Powered {
    /// Takes the power away at this moment, and returns what reads what is left.
    fn after_a_cut(&self) -> Reader {
        let after = self.disk.after_a_power_cut(&fresh_name());
        Reader::open_on(Some(&after.name), &self.path).unwrap()
    }

    /// Returns the bodies that are left after a cut at this moment.
    fn left(&self) -> Vec<Vec<u8>> {
        let kept = self.after_a_cut().after("till-1", 0, 1_000).unwrap();
        kept.into_iter().map(|(_, notice)| notice.body).collect()
    }
}

fn genuine(id: &str) -> String {
    alipay_body(&signers().channel, fields(id))
}

#[test]
pub(crate) fn what_is_thanked_for_survives_a_power_cut() {
    let powered = start();
    let Powered { relay, disk, .. } = &powered;
    let mut thanked: Vec<Vec<u8>> = Vec::new();
    for number in 1..=6 {
        let before = disk.syncs();
        let form = genuine(&format!("n-{number}"));
        assert_eq!(relay.post(ALIPAY_PATH, &form).body, "success");
        assert_eq!(disk.syncs() - before, 1, "one sync before the answer");
        thanked.push(form.clone().into_bytes());
        assert_eq!(powered.left(), thanked);
        assert_eq!(relay.post(ALIPAY_PATH, &form).body, "success");
        assert_eq!(disk.syncs() - before, 1, "a repetition costs none");
    }
    let json = wechat_body("n-1");
    assert_eq!(relay.post_wechat(&Heads::of(&signers().channel, NOW, &json), &json).status, 204);
    thanked.push(json.into_bytes());
    assert_eq!(powered.left(), thanked);
    let mut till = relay.listen(1, None);
    assert_eq!(till.numbers(7).len(), 7);
    assert_eq!(relay.ack(1, "epoch001-7"), 204);
    assert_eq!(powered.after_a_cut().standing("till-1").unwrap().unwrap().acked, 7);
}

#[test]
fn a_request_that_was_let_in_is_used_up_after_a_power_cut_too() {
    let powered = start();
    let signed = Signed { method: "GET", path: "/stream/till-1", body: b"" };
    let proof = powered.relay.proof(1, signed);
    let open = |address| Listener::with_proof(address, "/stream/till-1", &proof, None).err();
    assert_eq!(open(powered.relay.address), None);
    let after = powered.disk.after_a_power_cut(&fresh_name());
    let folder = powered.relay.end();
    let again = Running::on_disk(Some(&after.name), folder, Settings::default());
    assert_eq!(open(again.address), Some(401));
}

#[test]
fn however_many_wait_none_is_thanked_for_before_its_sync() {
    let powered = start();
    let bodies: Vec<String> = (0..48).map(|n| genuine(&format!("n-{n}"))).collect();
    std::thread::scope(|scope| {
        for part in bodies.chunks(6) {
            let powered = &powered;
            scope.spawn(move || {
                for body in part {
                    assert_eq!(powered.relay.post(ALIPAY_PATH, body).body, "success");
                    assert!(powered.left().contains(&body.clone().into_bytes()));
                }
            });
        }
    });
}

#[test]
fn what_the_disk_does_not_take_is_never_thanked_for() {
    let powered = start();
    let Powered { relay, disk, .. } = &powered;
    let ready = || ask(relay.inside, "GET", "/readyz", &[], b"").status;
    let first = genuine("n-0");
    assert_eq!(relay.post(ALIPAY_PATH, &first).body, "success");
    let json = wechat_body("n-0");
    for weather in [Weather::Full, Weather::SyncFails, Weather::ReadOnly] {
        disk.set(weather);
        let form = genuine("n-1");
        assert_eq!(relay.post(ALIPAY_PATH, &form).status, 503, "{weather:?}");
        let heads = Heads::of(&signers().channel, NOW, &json);
        assert_eq!(relay.post_wechat(&heads, &json).status, 503, "{weather:?}");
        assert_eq!(ready(), 503, "{weather:?}");
        assert_eq!(powered.left(), [first.as_bytes()], "{weather:?}");
        disk.set(Weather::Fair);
    }
    assert_eq!(relay.relay.counts().of(Count::NotKept), 6);
    // The channel comes again, and nothing stands in its way.
    let second = genuine("n-1");
    assert_eq!(relay.post(ALIPAY_PATH, &second).body, "success");
    assert_eq!(ready(), 200);
    assert_eq!(powered.left(), [first.as_bytes(), second.as_bytes()]);
}
