//! The house's rules that a machine can see, as tests over manifests and sources.
//!
//! Each rule is a function from one file to the lines that break it. Every rule is also shown a
//! planted breach, because a rule that finds nothing in nothing proves nothing.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "tidy/manifests.rs"]
mod manifests;
#[path = "tidy/planted.rs"]
mod planted;
#[path = "tidy/rust.rs"]
mod rust;
#[path = "tidy/screens.rs"]
mod screens;
#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/tree.rs"]
mod tree;

use std::process::Command;

use tree::{Breach, Source};

/// Shows every breach at once, so that one run is enough to mend them all.
#[track_caller]
fn keep(rule: fn(&Source) -> Vec<Breach>) {
    let breaches: Vec<String> = tree::sources()
        .iter()
        .flat_map(|source| rule(source).into_iter().map(|breach| breach.at(&source.path)))
        .collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn crates_know_only_whom_they_may() {
    keep(manifests::directions);
}

#[test]
fn every_member_takes_the_workspace_lints() {
    keep(manifests::lints);
}

#[test]
fn no_shipping_manifest_enables_mutants() {
    keep(manifests::mutants);
}

#[test]
fn one_sqlite_and_one_tls_are_locked() {
    keep(manifests::lock);
}

#[test]
fn the_core_depends_on_nothing_that_touches_the_world() {
    keep(rust::core_is_pure);
}

#[test]
fn only_the_transport_names_reqwest_and_only_the_shell_tauri() {
    keep(rust::names);
}

#[test]
fn sql_stays_in_the_database_crate() {
    keep(rust::sql);
}

#[test]
fn functions_fit_on_a_screen() {
    keep(rust::function_lengths);
}

#[test]
fn types_are_not_named_after_patterns() {
    keep(rust::type_names);
}

#[test]
fn nothing_is_left_open_or_switched_off() {
    keep(rust::left_open);
    keep(screens::switched_off);
}

#[test]
fn tests_do_not_sleep() {
    keep(rust::sleeps);
}

#[test]
fn nothing_near_money_is_a_float() {
    keep(rust::floats);
}

#[test]
fn modules_say_what_they_are() {
    keep(rust::module_docs);
}

#[test]
fn files_stay_rooms_not_halls() {
    keep(text::file_lengths);
}

#[test]
fn there_is_no_utils() {
    keep(text::file_names);
}

#[test]
fn no_file_names_a_registry_or_this_machine() {
    keep(text::hosts_and_paths);
}

#[test]
fn the_screen_has_one_door() {
    keep(screens::one_door);
}

#[test]
fn the_readme_shows_both_commands_and_the_changelog_has_an_entry() {
    let sources = tree::sources();
    for name in ["README.md", "README.zh-CN.md"] {
        let readme = sources.iter().find(|source| source.path == name);
        let text = readme.map_or("", |source| source.text.as_str());
        for command in ["cargo xtask run", "cargo xtask test"] {
            assert!(text.contains(command), "{name} does not show `{command}`");
        }
    }
    let changelog = sources.iter().find(|source| source.path == "CHANGELOG.md");
    let entries = changelog.map_or(0, |source| source.text.matches("\n- ").count());
    assert!(entries > 0, "CHANGELOG.md has no entry");
}

#[test]
fn the_programs_that_ship_are_built_without_mutants() {
    for package in ["mianfu", "mianfu-till", "mianfu-relay", "mianfu-practice"] {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--edges", "normal,build,features", "--package", package])
            .current_dir(tree::root())
            .output()
            .unwrap();
        let graph = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && graph.contains(package),
            "cargo tree has no graph of {package}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!graph.contains("feature \"mutants\""), "{package} is built with mutants");
    }
}

#[test]
fn every_rule_catches_its_breach() {
    planted::every_rule_catches_its_breach();
}
