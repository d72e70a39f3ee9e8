//! Security negatives, by number: what a forger, a stranger, a relay that lies or a wrong host may
//! try, at both doors, and that no business table changes for it.
//!
//! A notice comes to the relay over HTTP, and straight to the till as a relay that lies would hand
//! it on. Before and after each try a hash over all business tables is taken; after all tries the
//! genuine notice is still believed, so that no door is simply shut. 34 and on are not about notices
//! and connections and stand elsewhere.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "negatives/books.rs"]
mod books;
#[path = "negatives/door.rs"]
mod door;
#[path = "negatives/forms.rs"]
mod forms;
#[path = "negatives/keys.rs"]
mod keys;
#[path = "negatives/liar.rs"]
mod liar;
#[path = "negatives/notices.rs"]
mod notices;
#[path = "negatives/replays.rs"]
mod replays;
#[path = "negatives/signatures.rs"]
mod signatures;
#[path = "negatives/sockets.rs"]
mod sockets;
#[path = "negatives/stand.rs"]
mod stand;
#[path = "negatives/wire.rs"]
mod wire;

#[test]
fn every_negative_has_its_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("negatives");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let tests = text.split("#[test]\npub(crate) fn ").skip(1);
        names.extend(tests.map(|rest| rest.split('(').next().unwrap().to_owned()));
    }
    let table = std::fs::read_to_string(folder.join("../../docs/proof.md")).unwrap();
    for name in &names {
        let is_told = !name.starts_with('n') || table.contains(&format!("`{name}`"));
        assert!(is_told, "`{name}` is not in the table of docs/proof.md");
    }
    for number in (1..=33).chain([60]) {
        let begins = format!("n{number:02}_");
        assert!(names.iter().any(|name| name.starts_with(&begins)), "{number} has no test");
    }
}
