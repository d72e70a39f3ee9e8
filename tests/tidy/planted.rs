//! A breach of every rule, to see it caught; and beside it what the rule must let pass.

use crate::tree::{Breach, Source};
use crate::{manifests, rust, screens, text};

type Rule = fn(&Source) -> Vec<Breach>;

#[track_caller]
fn catches(rule: Rule, path: &str, planted: &str, line: usize) {
    let found: Vec<usize> = rule(&Source::new(path, planted)).iter().map(|b| b.line).collect();
    assert_eq!(found, [line], "{path}: {planted}");
}

#[track_caller]
fn passes(rule: Rule, path: &str, planted: &str) {
    assert_eq!(rule(&Source::new(path, planted)), [], "{path}: {planted}");
}

pub(crate) fn every_rule_catches_its_breach() {
    who_knows_whom();
    mutants_stay_out();
    one_of_each_is_locked();
    rooms_in_rust();
    shape_of_rust();
    nothing_left_open();
    files_of_any_kind();
    the_screens();
}

fn manifest(package: &str, rest: &str) -> String {
    format!("[package]\nname = \"{package}\"\n[dependencies]\n{rest}\n")
}

fn who_knows_whom() {
    let rule = manifests::directions;
    let path = "crates/x/Cargo.toml";
    let breach = |package, rest| catches(rule, path, &manifest(package, rest), 4);
    breach("mianfu-gateway", "mianfu-db.workspace = true");
    breach("mianfu-db", "mianfu-gateway = { path = \"../gateway\" }");
    breach("mianfu-practice", "mianfu-core.workspace = true");
    breach("mianfu-till", "reqwest.workspace = true");
    breach("mianfu-till", "tauri-utils = \"2\"");
    breach("mianfu-practice", "core = { package = \"mianfu-core\", path = \"../core\" }");
    let elsewhere = "[target.'cfg(unix)'.dev-dependencies]\nmianfu-db.workspace = true";
    catches(rule, path, &manifest("mianfu-gateway", elsewhere), 5);
    catches(rule, path, &manifest("mianfu-core", "serde = \"1\""), 4);
    catches(rule, path, &manifest("mianfu-stray", ""), 1);
    passes(rule, path, &manifest("mianfu-till", "mianfu-db.workspace = true"));
    catches(manifests::lints, path, &manifest("mianfu-core", ""), 1);
    let taken = manifest("mianfu-core", "[lints]\nworkspace = true");
    passes(manifests::lints, path, &taken);
}

fn mutants_stay_out() {
    let rule = manifests::mutants;
    let path = "crates/till/Cargo.toml";
    let on = "mianfu-core = { workspace = true, features = [\"mutants\"] }";
    catches(rule, path, &manifest("mianfu-till", on), 4);
    let default = "[features]\ndefault = [\"mutants\"]\nmutants = []";
    catches(rule, path, &manifest("mianfu-core", default), 5);
    let forwarded = "[features]\nmutants = [\"mianfu-core/mutants\"]";
    catches(rule, path, &manifest("mianfu", forwarded), 5);
    passes(rule, path, &manifest("mianfu-tests", forwarded));
}

fn one_of_each_is_locked() {
    let package = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1\"\n");
    let twice = package("libsqlite3-sys").repeat(2);
    catches(manifests::lock, "Cargo.lock", &twice, 1);
    catches(manifests::lock, "Cargo.lock", &package("openssl-sys"), 1);
    passes(manifests::lock, "Cargo.lock", &package("libsqlite3-sys"));
}

fn rooms_in_rust() {
    let core = "crates/core/src/order.rs";
    catches(rust::core_is_pure, core, "#[derive(Debug, Serialize)]\nstruct Order;", 1);
    catches(rust::core_is_pure, core, "fn f() {\n    std::fs::read(\"x\");\n}", 2);
    catches(rust::core_is_pure, core, "use std::time::Instant;", 1);
    passes(rust::core_is_pure, core, "/// Not Serialize.\nuse std::fmt;");
    passes(rust::core_is_pure, "crates/wire/src/lib.rs", "#[derive(Serialize)]\nstruct S;");

    let till = "crates/till/src/cashier.rs";
    catches(rust::names, till, "use reqwest::Client;", 1);
    catches(rust::names, till, "fn f() {\n    tauri::async_runtime::spawn(x);\n}", 2);
    catches(rust::names, till, "use rusqlite::Connection;", 1);
    passes(rust::names, till, "/// As reqwest::Client does.\nfn f() {} // reqwest::Client");
    passes(rust::names, "crates/gateway/src/transport.rs", "use reqwest::Client;");

    catches(rust::sql, till, "const Q: &str = \"SELECT phase\n  FROM payment_attempt\";", 1);
    catches(rust::sql, till, "fn f() {\n    g(\"UPDATE a SET b = 1\");\n}", 2);
    catches(rust::sql, till, "const Q: &str = \"INSERT INTO a VALUES (1)\";", 1);
    passes(rust::sql, till, "const TEXT: &str = \"Select a row from the list\";");
    passes(
        rust::sql,
        till,
        "#[cfg(test)]\nmod tests {\n    const BAD: &str = \"DELETE FROM a\";\n}",
    );
    passes(rust::sql, "crates/db/src/orders.rs", "const Q: &str = \"DELETE FROM a\";");
}

fn shape_of_rust() {
    let till = "crates/till/src/cashier.rs";
    let function = |lines: usize| format!("\nfn long() {{\n{}}}", "    f();\n".repeat(lines - 2));
    catches(rust::function_lengths, till, &function(71), 2);
    passes(rust::function_lengths, till, &function(70));
    let method = format!("impl A {{{}\n}}", function(71));
    catches(rust::function_lengths, till, &method, 2);
    catches(rust::function_lengths, "tests/crash.rs", &function(71), 2);

    catches(rust::type_names, till, "pub struct QueueManager;", 1);
    catches(rust::type_names, till, "trait NoticeHandler {}", 1);
    catches(rust::type_names, till, "mod utils;", 1);
    passes(rust::type_names, till, "struct Manager2; struct Handled; enum Utility {}");

    catches(rust::floats, till, "const RATE: f64 = RATIO;", 1);
    catches(rust::floats, till, "fn f() {\n    g(0.5);\n}", 2);
    passes(rust::floats, till, "fn f() { g(x.0.1, \"1.5\", 0..5) }");

    catches(rust::module_docs, till, "use std::fmt;", 1);
    passes(rust::module_docs, till, "//! Drives attempts.\n");
}

fn nothing_left_open() {
    let till = "crates/till/src/cashier.rs";
    // Written apart, so that a search for the words does not end here.
    let open = format!("fn f() {{\n    {}!();\n}}", "todo");
    catches(rust::left_open, till, &open, 2);
    catches(rust::left_open, till, &format!("#[test]\n#[{}]\nfn f() {{}}", "ignore"), 2);
    let panics = format!("#[{}(expected = \"x\")]\nfn f() {{}}", "should_panic");
    catches(rust::left_open, till, &panics, 1);
    passes(rust::left_open, till, "fn ignore() { /* not a mark */ }");

    let slept = "#[cfg(test)]\nmod tests {\n    fn f() {\n        std::thread::sleep(D);\n    }\n}";
    catches(rust::sleeps, till, slept, 4);
    catches(rust::sleeps, "tests/crash.rs", "async fn f() {\n    sleep(D).await;\n}", 2);
    passes(rust::sleeps, till, "async fn f() { tokio::time::sleep(D).await; }");
}

fn files_of_any_kind() {
    let long = "fn f() {}\n".repeat(601);
    catches(text::file_lengths, "crates/till/src/cashier.rs", &long, 601);
    catches(text::file_lengths, "ui/src/screens/Sell.vue", &long, 601);
    passes(text::file_lengths, "crates/till/src/cashier/tests.rs", &long);
    passes(text::file_lengths, "crates/till/src/cashier.rs", &"fn f() {}\n".repeat(600));

    catches(text::file_names, "crates/till/src/utils.rs", "", 1);
    catches(text::file_names, "ui/src/utils.ts", "", 1);
    passes(text::file_names, "crates/till/src/utility_bill.rs", "");

    let host = format!("a\nsee https://{}.{}/x", "crates", "io");
    catches(text::hosts_and_paths, "README.md", &host, 2);
    let path = format!("a\nb\ncd /{}/main", "work");
    catches(text::hosts_and_paths, "README.md", &path, 3);
    let quoted = format!("let path = \"/{}/x\";", "tmp");
    catches(text::hosts_and_paths, "tests/crash.rs", &quoted, 1);
    let inside = format!("see frame/{}/x and https://host/{}/x", "work", "tmp");
    passes(text::hosts_and_paths, "README.md", &inside);
}

fn the_screens() {
    let import = "import { invoke } from \"@tauri-apps/api/core\";";
    catches(screens::one_door, "ui/src/screens/Sell.vue", import, 1);
    passes(screens::one_door, "ui/src/tauri.ts", import);
    passes(screens::one_door, "ui/src/host.ts", "// Screens never import `@tauri-apps/*`.\n");
    let off = format!("a\n{}.skip(\"x\", () => {{}})", "it");
    catches(screens::switched_off, "ui/tests/sell.test.ts", &off, 2);
    passes(screens::switched_off, "ui/tests/sell.test.ts", "const it = list.only(1);");
}
