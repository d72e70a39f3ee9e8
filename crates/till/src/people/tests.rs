use std::cell::Cell;

use super::*;

const RIGHT: &str = "481927";
const ANOTHER: &str = "730518";

fn at(ms: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + ms)
}

fn pin(text: &str) -> Pin {
    Pin::new(text.to_owned()).unwrap()
}

/// A till whose manager has chosen `RIGHT`, and where it is kept.
fn people() -> (People, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path().join("till.pin"));
    people.set_pin(&pin(RIGHT), None, at(0)).unwrap();
    (people, folder)
}

fn said(checked: Result<Approved<()>, PinRefusal>) -> String {
    match checked {
        Ok(_) => "approved".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn a_pin_is_six_digits_and_none_that_anybody_tries_first() {
    for text in ["", "12345", "1234567", "12345a", "１２３４５６", "12 345", "-12345", "000 00"]
    {
        assert!(Pin::new(text.to_owned()).is_none(), "{text:?}");
    }
    let simple = [
        "000000", "999999", "123456", "012345", "567890", "654321", "321098", "121212", "909090",
        "123123", "001001",
    ];
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path().join("till.pin"));
    for text in simple {
        let refused = people.set_pin(&pin(text), None, at(0));
        assert!(matches!(refused, Err(PinRefusal::TooSimple)), "{text}");
    }
    assert_eq!(people.manager(at(0)), ManagerState::Unset, "and nothing was kept");
    for text in [RIGHT, "112233", "246801", "100000", "123465"] {
        assert!(!pin(text).is_simple(), "{text}");
    }
}

#[test]
fn a_pin_replaces_another_only_with_that_one() {
    let (people, _folder) = people();
    let set = |before: Option<&str>, new: &str| {
        let before = before.map(pin);
        people.set_pin(&pin(new), before.as_ref(), at(0)).map_err(|refusal| refusal.to_string())
    };
    let wrong = Err("the PIN is wrong".to_owned());
    assert_eq!(set(None, "730518"), wrong);
    assert_eq!(set(Some("730518"), "730518"), wrong);
    assert_eq!(set(Some(RIGHT), "111111"), Err("the PIN is too simple".to_owned()));
    assert_eq!(set(Some(RIGHT), "730518"), Ok(()));
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(0))), "the PIN is wrong");
    assert_eq!(said(people.approve(&pin("730518"), (), at(0))), "approved");
}

/// Says which of the two PINs opens, whoever reads the file.
#[track_caller]
fn check_opens(path: &Path, expected: &str, why: &str) {
    let people = People::open(path.to_owned());
    let opens = |text: &&&str| people.approve(&pin(text), (), at(0)).is_ok();
    let opening: Vec<&str> = [RIGHT, ANOTHER].iter().filter(opens).copied().collect();
    assert_eq!(opening, [expected], "{why}");
}

#[test]
fn a_change_cut_short_anywhere_leaves_one_pin() {
    let (people, folder) = people();
    let path = folder.path().join("till.pin");
    let beside = path.with_extension("part");
    let before = fs::read(&path).unwrap();
    people.set_pin(&pin(ANOTHER), Some(&pin(RIGHT)), at(0)).unwrap();
    let after = fs::read(&path).unwrap();
    assert!(!beside.exists(), "nothing is left over");
    check_opens(&path, ANOTHER, "changed");
    for written in [0, 1, after.len() / 2, after.len()] {
        fs::write(&path, &before).unwrap();
        fs::write(&beside, &after[..written]).unwrap();
        check_opens(&path, RIGHT, "cut short before the rename");
    }
    fs::write(&path, &before).unwrap();
    fs::write(&beside, &after).unwrap();
    fs::rename(&beside, &path).unwrap();
    check_opens(&path, ANOTHER, "cut short after it");
}

#[test]
fn a_change_that_cannot_be_written_leaves_the_pin_before() {
    let (people, folder) = people();
    let path = folder.path().join("till.pin");
    let beside = path.with_extension("part");
    fs::create_dir(&beside).unwrap();
    let refused = people.set_pin(&pin(ANOTHER), Some(&pin(RIGHT)), at(0)).unwrap_err();
    assert!(matches!(refused, PinRefusal::Unkept(_)), "{refused}");
    fs::remove_dir(&beside).unwrap();
    check_opens(&path, RIGHT, "on the disk");
    assert_eq!(said(people.approve(&pin(ANOTHER), (), at(0))), "the PIN is wrong");
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(0))), "approved");
}

thread_local! {
    /// How many times the folder is synced before it refuses once.
    static SYNCS: Cell<u32> = const { Cell::new(0) };
}

fn refuses_once(path: &Path) -> io::Result<()> {
    let left = SYNCS.get();
    SYNCS.set(left.wrapping_sub(1));
    if left == 0 { Err(io::ErrorKind::StorageFull.into()) } else { sync_folder(path) }
}

#[test]
fn a_change_whose_name_is_not_synced_is_not_said_to_be_kept_and_leaves_one_pin() {
    // The try is counted, the count cleared, the change written: each is a rename and a sync.
    for (nth, kept, counts) in [(0, false, RIGHT), (1, true, ANOTHER), (2, false, ANOTHER)] {
        let (mut people, folder) = people();
        people.sync_folder = refuses_once;
        SYNCS.set(nth);
        let changed = people.set_pin(&pin(ANOTHER), Some(&pin(RIGHT)), at(0));
        assert_eq!(changed.is_ok(), kept, "sync {nth}: {changed:?}");
        assert!(kept || matches!(changed, Err(PinRefusal::Unkept(_))), "sync {nth}: {changed:?}");
        let void = if counts == RIGHT { ANOTHER } else { RIGHT };
        assert_eq!(said(people.approve(&pin(void), (), at(0))), "the PIN is wrong", "sync {nth}");
        assert_eq!(said(people.approve(&pin(counts), (), at(0))), "approved", "sync {nth}");
        check_opens(&folder.path().join("till.pin"), counts, "after a restart");
    }
}

#[test]
fn a_try_whose_count_is_not_synced_approves_nothing() {
    let (mut people, _folder) = people();
    people.sync_folder = refuses_once;
    SYNCS.set(0);
    let tried = people.approve(&pin(RIGHT), (), at(0));
    assert!(matches!(tried, Err(PinRefusal::Unkept(_))), "{tried:?}");
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(0))), "approved");
    SYNCS.set(1);
    // A count that stays too high only ever waits longer.
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(0))), "approved");
}

#[test]
fn a_first_pin_whose_name_is_not_synced_is_there_and_not_said_to_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.pin");
    let mut people = People::open(path.clone());
    people.sync_folder = refuses_once;
    SYNCS.set(0);
    let chosen = people.set_pin(&pin(RIGHT), None, at(0));
    assert!(matches!(chosen, Err(PinRefusal::Unkept(_))), "{chosen:?}");
    assert_eq!(people.manager(at(0)), ManagerState::Set);
    let again = people.set_pin(&pin(ANOTHER), None, at(0));
    assert!(matches!(again, Err(PinRefusal::Wrong)), "nobody chooses over it: {again:?}");
    check_opens(&path, RIGHT, "after a restart");
}

#[test]
fn a_wrong_pin_before_counts_as_any_wrong_one() {
    let (people, _folder) = people();
    let change = |before: &str| people.set_pin(&pin(ANOTHER), Some(&pin(before)), at(0));
    for nth in 1..=5 {
        let refused = change("902715");
        assert!(matches!(refused, Err(PinRefusal::Wrong)), "{nth}: {refused:?}");
    }
    let until = at(30_000);
    assert_eq!(people.manager(at(0)), ManagerState::Locked { until: Some(until) });
    let refused = change(RIGHT);
    assert!(matches!(refused, Err(PinRefusal::Locked { .. })), "the right one too: {refused:?}");
    assert_eq!(said(people.approve(&pin(RIGHT), (), until)), "approved", "nothing was changed");
}

#[test]
fn without_a_pin_nothing_is_approved() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path().join("till.pin"));
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(0))), "no PIN has been set");
}

/// Tries a wrong one at each moment, in seconds, and says after each until when it is locked.
#[track_caller]
fn check_locks(people: &People, tries: &[(i64, Option<i64>)]) {
    for &(second, locked_for) in tries {
        let now = at(second * 1_000);
        let tried = people.approve(&pin("730518"), (), now);
        assert!(matches!(tried, Err(PinRefusal::Wrong)), "{second} s: {tried:?}");
        let expected = match locked_for {
            None => ManagerState::Set,
            Some(wait) => ManagerState::Locked { until: Some(at((second + wait) * 1_000)) },
        };
        assert_eq!(people.manager(now), expected, "{second} s");
        if let Some(wait) = locked_for {
            let early = people.approve(&pin(RIGHT), (), at((second + wait) * 1_000 - 1));
            assert!(
                matches!(early, Err(PinRefusal::Locked { .. })),
                "{second} s: the right one too"
            );
        }
    }
}

#[test]
fn each_wrong_pin_from_the_fifth_on_waits_longer() {
    let (people, _folder) = people();
    check_locks(
        &people,
        &[
            (0, None),
            (0, None),
            (0, None),
            (0, None),
            (0, Some(30)),
            (30, Some(60)),
            (90, Some(120)),
            (300, Some(300)),
            (700, Some(900)),
            (1_700, Some(900)),
        ],
    );
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(2_600_000))), "approved");
    check_locks(&people, &[(2_600, None)]);
}

#[test]
fn a_restart_shortens_no_wait_and_gives_no_tries() {
    let (people, folder) = people();
    let path = folder.path().join("till.pin");
    drop(people);
    for second in 0..4 {
        check_locks(&People::open(path.clone()), &[(second, None)]);
    }
    check_locks(&People::open(path.clone()), &[(4, Some(30))]);
    let again = People::open(path.clone());
    assert_eq!(again.manager(at(5_000)), ManagerState::Locked { until: Some(at(34_000)) });
    assert_eq!(again.manager(at(34_000)), ManagerState::Set);
    assert_eq!(said(again.approve(&pin(RIGHT), (), at(34_000))), "approved");
    check_locks(&People::open(path), &[(35, None)]);
}

#[test]
fn a_clock_set_back_locks_for_the_wait_and_no_longer() {
    let (people, _folder) = people();
    check_locks(&people, &[(90_000, None); 4]);
    check_locks(&people, &[(90_000, Some(30))]);
    let early = at(0);
    assert_eq!(people.manager(early), ManagerState::Locked { until: Some(at(30_000)) });
}

#[test]
fn an_approval_counts_for_its_own_request_and_a_minute() {
    let (people, _folder) = people();
    let approve = || people.approve(&pin(RIGHT), "a request", at(0)).unwrap();
    assert_eq!(approve().take(at(60_000)), Ok(("a request", MANAGER)));
    assert_eq!(approve().take(at(60_001)), Err(Outlived));
    assert_eq!(approve().take(at(-1)), Err(Outlived), "a clock that went back proves nothing");
}

#[test]
fn a_file_that_is_not_understood_locks_and_is_not_repeated() {
    let whole = {
        let (_people, folder) = people();
        fs::read_to_string(folder.path().join("till.pin")).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.pin");
    let others = [
        String::new(),
        "481927".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("argon2id", "argon2i"),
        whole.replace("m=19456", "m=4000000"),
        whole.replace("\"wrong\":0", "\"wrong\":-1"),
        format!("{}{}", " ".repeat(5_000), whole),
    ];
    for text in others {
        fs::write(&path, &text).unwrap();
        let people = People::open(path.clone());
        assert_eq!(people.manager(at(0)), ManagerState::Locked { until: None }, "{text}");
        let refused = people.approve(&pin(RIGHT), (), at(0)).unwrap_err().to_string();
        assert!(!refused.contains("481927") && !refused.contains("$"), "{refused}");
        assert!(people.set_pin(&pin("730518"), None, at(0)).is_err(), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it was");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(People::open(path).manager(at(0)), ManagerState::Set);
}

#[test]
fn a_try_that_cannot_be_kept_is_not_made() {
    let (people, folder) = people();
    fs::remove_dir_all(folder.path()).unwrap();
    let refused = people.approve(&pin(RIGHT), (), at(0)).unwrap_err();
    assert!(matches!(refused, PinRefusal::Unkept(_)), "{refused}");
}

#[test]
fn law9_a_pin_and_its_hash_do_not_print() {
    let (people, folder) = people();
    let path = folder.path().join("till.pin");
    let kept = fs::read_to_string(&path).unwrap();
    assert!(!kept.contains(RIGHT) && kept.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    let printed = format!("{:?} {:?}", pin(RIGHT), people.kept());
    assert!(!printed.contains(RIGHT) && !printed.contains("argon2id$"), "{printed}");
    people.set_pin(&pin("730518"), Some(&pin(RIGHT)), at(0)).unwrap();
    let other = fs::read_to_string(&path).unwrap();
    people.set_pin(&pin(RIGHT), Some(&pin("730518")), at(0)).unwrap();
    let again = fs::read_to_string(&path).unwrap();
    assert!(kept != other && kept != again, "each has its own salt");
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (people, folder) = people();
    let path = folder.path().join("till.pin");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path.with_extension("part"), "left over").unwrap();
    fs::set_permissions(path.with_extension("part"), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(said(people.approve(&pin(RIGHT), (), at(0))), "approved");
    assert_eq!(mode(&path), 0o600);
}
