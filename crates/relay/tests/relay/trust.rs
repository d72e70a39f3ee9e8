//! Whom the relay takes for a till.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_relay::roster::{Roster, Till};
use mianfu_relay::trust::{Doubt, FRESH_MS, Signed, authorization, check};

use crate::fixture::*;

const REQUEST: Signed<'static> =
    Signed { method: "POST", path: "/ack/till-1", body: b"{\"upto\":\"e-7\"}" };

fn header() -> String {
    authorization("a", &till_key(1), REQUEST, NOW, [7; 16])
}

#[test]
pub(crate) fn a_request_is_written_as_the_protocol_says() {
    assert_eq!(
        header(),
        "MIANFU-HMAC-SHA256 key=a,timestamp=1795190400000,\
         nonce=07070707070707070707070707070707,\
         signature=ab15be57574bc789ac47c6324ecdc23068a1295077404421e45cd24ae9c92b6b"
    );
}

#[test]
pub(crate) fn either_key_of_a_change_over_is_taken_and_a_revoked_one_is_not() {
    let both = till_keys(&[("a", 1), ("b", 2)]);
    assert_eq!(check(&both, REQUEST, &header(), NOW).unwrap().key_id, "a");
    let by_b = authorization("b", &till_key(2), REQUEST, NOW, [7; 16]);
    assert_eq!(check(&both, REQUEST, &by_b, NOW).unwrap().key_id, "b");
    let after = till_keys(&[("b", 2)]);
    assert_eq!(check(&after, REQUEST, &header(), NOW), Err(Doubt::BadSignature));
    let named_wrong = authorization("b", &till_key(1), REQUEST, NOW, [7; 16]);
    assert_eq!(check(&both, REQUEST, &named_wrong, NOW), Err(Doubt::BadSignature));
    assert_eq!(check(&till_keys(&[]), REQUEST, &header(), NOW), Err(Doubt::BadSignature));
}

#[test]
pub(crate) fn another_key_under_the_same_name_is_another_key() {
    let claim = check(&till_keys(&[("a", 1)]), REQUEST, &header(), NOW).unwrap();
    let with = |keys: &[(&str, u8)]| {
        let till = Till { keys: till_keys(keys), accounts: BTreeSet::new() };
        let tills = BTreeMap::from([("till-1".to_owned(), till)]);
        let roster = Roster { tills, ..Roster::default() };
        roster.has_key("till-1", &claim.key_id, claim.key_mark)
    };
    assert!(with(&[("a", 1), ("b", 2)]));
    assert!(!with(&[("a", 2)]) && !with(&[("b", 1)]));
}

#[test]
pub(crate) fn a_request_that_was_altered_is_no_tills() {
    let keys = till_keys(&[("a", 1)]);
    let header = header();
    for request in [
        Signed { method: "GET", ..REQUEST },
        Signed { path: "/ack/till-2", ..REQUEST },
        Signed { body: b"", ..REQUEST },
    ] {
        assert_eq!(check(&keys, request, &header, NOW), Err(Doubt::BadSignature));
    }
    let last = header.len() - 1;
    let swapped = if header.ends_with('0') { "1" } else { "0" };
    for altered in [
        String::new(),
        header[..last].to_owned() + swapped,
        header[..last].to_owned(),
        header.clone() + "0",
        header.clone() + ",nonce=07070707070707070707070707070707",
        header.replace("=1795190400000", "=1795190400001"),
        header.replace("=1795190400000", "="),
        header.replace("nonce=07", "nonce=08"),
        header.replace("SHA256", "SHA1"),
        header.replace(",signature=", ",signatur="),
        header.replace("key=a", "key=b"),
        header.to_uppercase(),
        format!("{header},x={}", "y".repeat(600)),
    ] {
        assert_eq!(check(&keys, REQUEST, &altered, NOW), Err(Doubt::BadSignature), "{altered}");
    }
}

#[test]
pub(crate) fn a_request_of_another_time_is_refused_by_name_of_the_clock() {
    let keys = till_keys(&[("a", 1)]);
    let at = |off: i64| authorization("a", &till_key(1), REQUEST, NOW.plus_ms(off), [7; 16]);
    for off in [0, FRESH_MS, -FRESH_MS] {
        assert!(check(&keys, REQUEST, &at(off), NOW).is_ok(), "{off}");
    }
    for off in [FRESH_MS + 1, -FRESH_MS - 1, -90_000_000] {
        assert_eq!(check(&keys, REQUEST, &at(off), NOW), Err(Doubt::Clock), "{off}");
    }
}

#[test]
pub(crate) fn keys_do_not_print() {
    let keys = till_keys(&[("a", 1)]);
    assert_eq!(format!("{:?}", keys.0["a"]), "TillKey(\"***\")");
}
