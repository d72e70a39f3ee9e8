//! A till that listens to a relay: payments are seen at once where notices come, and all the same
//! where they do not.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "listener/liar.rs"]
mod liar;
#[path = "listener/place.rs"]
mod place;

use mianfu_core::channel::ChannelId;
use mianfu_relay::counts::Count;
use mianfu_till::hearing::{Standing, Way};
use mianfu_till::listener::{self, RelayFileError, RelayWish};

use liar::{Liar, Lie};
use place::{House, Place, key};

const CHANNELS: [ChannelId; 2] = [ChannelId::Alipay, ChannelId::Wechat];

/// Sells once through each channel; returns how many of the payments a notice brought.
fn sell(place: &mut Place) -> usize {
    for channel in CHANNELS {
        let (no, code) = place.show(channel);
        place.pay(&code);
        place.end_paid(&no);
    }
    place.heard().by_notice.map_or(0, |delay| delay.count)
}

#[test]
fn a_relay_in_the_till_brings_payments_before_the_first_question() {
    let mut place = Place::open();
    place.start(RelayWish::practice());
    place.until_standing(Standing::Listening);
    assert_eq!(sell(&mut place), 2);
    let heard = place.heard();
    assert_eq!((heard.way, heard.by_asking), (Way::Embedded, None));
}

#[test]
fn a_relay_elsewhere_does_too_and_is_told_what_was_kept() {
    let mut place = Place::open();
    let house = House::open(&place);
    place.start(place.wish(house.address, &key(1)));
    place.until_standing(Standing::Listening);
    assert_eq!(sell(&mut place), 2);
    assert_eq!(place.heard().way, Way::Standalone);
    place.stop();
    // Both, or the last one of the two: a till tells the latest.
    assert!((1..=2).contains(&house.relay.counts().of(Count::Acknowledged)));
    assert_eq!(house.relay.counts().of(Count::Delivered), 2);
}

#[test]
fn without_a_relay_the_till_asks() {
    let mut place = Place::open();
    place.start(RelayWish::None);
    assert_eq!(sell(&mut place), 0);
    let heard = place.heard();
    assert_eq!((heard.way, heard.by_asking.map(|delay| delay.count)), (Way::None, Some(2)));
}

#[test]
fn a_relay_that_goes_is_seen_to_have_gone_and_comes_back() {
    let mut place = Place::open();
    let house = House::open(&place);
    place.start(place.wish(house.address, &key(1)));
    place.until_standing(Standing::Listening);
    let address = house.vanish();
    place.until_standing(Standing::Silent);
    assert_eq!(sell(&mut place), 0, "the till asked");
    let _house = House::at(&place, &address.to_string(), 0);
    place.until_standing(Standing::Listening);
    assert_eq!(sell(&mut place), 2);
}

#[test]
fn what_came_while_the_till_was_off_is_told_at_its_next_start() {
    let mut place = Place::open();
    let house = House::open(&place);
    place.start(place.wish(house.address, &key(1)));
    place.until_standing(Standing::Listening);
    let (no, code) = place.show(ChannelId::Alipay);
    place.stop();
    place.pay(&code);
    house.until_kept(1);
    place.start(place.wish(house.address, &key(1)));
    place.until_standing(Standing::Listening);
    place.end_paid(&no);
    house.until_acknowledged(1);
    assert_eq!(house.relay.counts().of(Count::Delivered), 1);
}

#[test]
fn a_key_that_the_relay_does_not_know_is_told_and_the_till_asks() {
    let mut place = Place::open();
    let house = House::open(&place);
    place.start(place.wish(house.address, &key(2)));
    place.until_standing(Standing::Refused);
    assert_eq!(sell(&mut place), 0);
}

#[test]
fn a_relay_whose_clock_is_another_is_listened_to_all_the_same() {
    let mut place = Place::open();
    let house = House::at(&place, "127.0.0.1:0", 3_600_000);
    place.start(place.wish(house.address, &key(1)));
    place.until_standing(Standing::Listening);
}

#[test]
fn what_is_no_relay_is_told_and_the_till_asks() {
    for lie in [Lie::Page, Lie::NoHello, Lie::Endless] {
        let mut place = Place::open();
        let liar = Liar::open(&place.runtime, vec![lie]);
        place.start(place.wish(liar.address, &key(1)));
        place.until_standing(Standing::Strange);
        assert_eq!(sell(&mut place), 0);
    }
}

#[test]
fn i60_whatever_a_relay_invents_the_sale_ends_as_the_channel_says() {
    let mut place = Place::open();
    let about = Lie::Notice {
        channel: "alipay",
        headers: Vec::new(),
        body: "out_trade_no=9000001001000000420000000017&trade_status=TRADE_SUCCESS".to_owned(),
    };
    let nobody = Lie::Notice { channel: "bank", headers: Vec::new(), body: String::new() };
    let lies = vec![Lie::Hello, about, nobody, Lie::Gap, Lie::Hint, Lie::Nonsense, Lie::Gap];
    let liar = Liar::open(&place.runtime, lies);
    place.start(place.wish(liar.address, &key(1)));
    place.until_standing(Standing::Listening);
    let (no, code) = place.show(ChannelId::Alipay);
    liar.until_told(&place.runtime);
    assert!(!place.ask({
        let no = no.clone();
        move |till| till.attempt(&no).unwrap().is_final()
    }));
    place.pay(&code);
    place.end_paid(&no);
    assert_eq!(place.heard().by_notice, None);
}

#[test]
fn a_file_about_a_relay_is_used_whole_or_says_what_to_mend() {
    let place = Place::open();
    let check = |text: &str, what: &str| {
        place.write("a.key", &key(1));
        let error = listener::load(&place.write("relay-of-till.toml", text)).unwrap_err();
        let said = mianfu_till::worker::chain(&error);
        assert!(said.contains(what), "{text}: {said}");
        assert!(!said.contains(&key(1)), "no part of a key: {said}");
    };
    let whole = "way = \"standalone\"\naddress = \"https://relay.example.com\"\ntill = \"till-1\"\n\
                 key_id = \"a\"\nkey_file = \"a.key\"\n";
    place.write("a.key", &key(1));
    let read = |text: &str| listener::load(&place.write("relay-of-till.toml", text));
    assert!(matches!(read(whole), Ok(RelayWish::Standalone { .. })));
    assert!(matches!(read(&format!("\u{feff}{whole}")), Ok(RelayWish::Standalone { .. })));
    assert!(matches!(read("way = \"none\""), Ok(RelayWish::None)));
    let embedded = "way = \"embedded\"\nlisten = \"0.0.0.0:8620\"\n\
                    notify = \"https://pay.example.com\"\ntill = \"till-1\"\n";
    assert!(matches!(read(embedded), Ok(RelayWish::Embedded { .. })));
    check("way = \"pigeon\"", "look at line 1");
    check("", "add `way`");
    check("\u{feff}way = \"none\"\n\nlisten = 5\n", "look at line 3");
    check(&format!("{whole}notify = \"https://pay.example.com:99999\"\n"), "`notify` is https");
    check(&whole.replace("key_id = \"a\"\n", ""), "add `key_id`");
    check(&whole.replace("till-1", "till 1"), "`till` is letters");
    check(&whole.replace(".com", ".com/relay"), "`address` is https, scheme and host alone");
    check(&whole.replace("https://", "http://"), "http is for this computer only");
    check(&whole.replace("a.key", "b.key"), "cannot be read");
    check(&format!("{whole}listen = \"0.0.0.0:1\"\n"), "`listen` is of another way");
    check(&format!("{whole}key = \"{}\"\n", key(1)), "look at line 6");
    check(&embedded.replace("notify = \"https://pay.example.com\"\n", ""), "add `notify`");
    place.write("short.key", "c2hvcnQ=");
    check(&whole.replace("a.key", "short.key"), "fewer than 32 bytes");
    std::fs::set_permissions(
        place.write("open.key", &key(1)),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let open =
        listener::load(&place.write("relay-of-till.toml", &whole.replace("a.key", "open.key")));
    assert!(matches!(open, Err(RelayFileError::Open { .. })));
}

#[test]
fn a_relay_that_cannot_listen_stops_no_till() {
    let mut place = Place::open();
    let house = House::open(&place);
    let text = format!(
        "way = \"embedded\"\nlisten = \"{}\"\nnotify = \"http://{}\"\ntill = \"till-1\"\n",
        house.address, house.address
    );
    let wish = listener::load(&place.write("relay-of-till.toml", &text)).unwrap();
    let trouble = place.start(wish).expect("its port is taken");
    assert!(trouble.contains("the relay cannot listen"), "{trouble}");
    assert_eq!(sell(&mut place), 0);
}

#[test]
fn a_damaged_database_of_the_tills_own_relay_is_laid_aside() {
    let mut place = Place::open();
    place.write("till.relay.db", &"no database".repeat(1_000));
    assert_eq!(place.start(RelayWish::practice()), None);
    place.until_standing(Standing::Listening);
    assert!(place.path("till.relay.db.damaged").exists());
    assert_eq!(sell(&mut place), 2);
}
