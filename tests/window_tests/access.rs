//! What everyone must be able to read and reach, by axe-core in the real window: no breach of
//! WCAG 2.2 AA in any state, in either language, light and dark.

use std::path::Path;

use mianfu_tests::window::{App, Desk, Language, Page, Start, Stop, Tour, Wallet};
use serde_json::{Value, json};

use crate::Shop;

const AXE: &str = "../ui/node_modules/axe-core/axe.min.js";
/// The pale word behind what is written is pure decoration, which WCAG 1.4.3 leaves out.
/// The rules of WCAG 2.2, levels A and AA, with those of its earlier versions.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const still = document.getAnimations().map((each) => each.finished.catch(() => null));
    const late = new Promise((go) => setTimeout(go, 600));
    Promise.race([Promise.all(still), late])
        .then(() => axe.run({ exclude: ['.ghost'] }, { runOnly, resultTypes: ['violations'] }))
        .then((ran) => done(ran.violations.map((one) => ({
            rule: one.id,
            at: one.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`),
        }))), (error) => done([{ rule: 'axe-core itself', at: [String(error)] }]));
";

#[tokio::test]
async fn every_state_can_be_read_in_the_light() {
    every_state_can_be_read("Adwaita", "light").await;
}

#[tokio::test]
async fn every_state_can_be_read_in_the_dark() {
    every_state_can_be_read("Adwaita:dark", "dark").await;
}

async fn every_state_can_be_read(theme: &str, scheme: &str) {
    let mut shop = Shop::of_both(Desk::new().unwrap());
    let data = shop.fresh();
    let mut start: Start = shop.channel.window(&data);
    start.variables.push(("GTK_THEME".to_owned(), theme.to_owned()));
    let app = App::open(&shop.desk, &start).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.wait_until_ready().await.unwrap();
    app.wait_until_offered(Wallet::Wechat).await.unwrap();
    let asked = format!("return matchMedia('(prefers-color-scheme: {scheme})').matches");
    assert_eq!(app.run(&asked).await.unwrap(), json!(true), "the page is not {scheme}");
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
    let axe = std::fs::read_to_string(axe).unwrap();

    let tour = Tour { desk: &shop.desk, app: &app, customer: &shop.customer };
    let mut breaches = Vec::new();
    for stop in Stop::ALL {
        let brought = tour.bring(stop).await;
        brought.unwrap_or_else(|error| panic!("{stop:?}: {error}; so far {breaches:?}"));
        for page in stop.pages() {
            app.turn_to(*page).await.unwrap();
            for language in [Language::Chinese, Language::English] {
                if *page == Page::Counter && stop != Stop::Silent {
                    app.speak(language).await.unwrap();
                } else if language == Language::English {
                    continue;
                }
                let found = look(&app, &axe).await;
                breaches.extend(
                    found
                        .into_iter()
                        .map(|breach| format!("{stop:?} {page:?} {language:?} {scheme}: {breach}")),
                );
            }
        }
        app.turn_to(Page::Counter).await.unwrap();
        let left = tour.leave().await;
        left.unwrap_or_else(|error| panic!("{stop:?}: {error}; so far {breaches:?}"));
    }
    breaches.sort();
    breaches.dedup();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
    app.close().await.unwrap();
}

async fn look(app: &App, axe: &str) -> Vec<String> {
    if app.run("return typeof axe === 'undefined'").await.unwrap() == json!(true) {
        app.run(&format!("{axe}; window.axe = axe;")).await.unwrap();
    }
    let found = app.run_until_done(RUN, Vec::new()).await.unwrap();
    let found: Vec<Value> = found.as_array().cloned().unwrap();
    found.iter().map(|breach| format!("{} at {}", breach["rule"], breach["at"])).collect()
}
