//! Every state in every room: no word is cut, none lies on another, in either language and in
//! one whose sentences are two fifths longer.

use mianfu_tests::window::{App, Desk, Language, Page, Room, Sentences, Stop, Tour, Wallet};

use crate::Shop;

/// The room in which every button is at hand.
const USUAL: Room = Room { width: 1280, height: 800 };

#[tokio::test]
async fn every_state_has_room_for_its_words() {
    let mut shop = Shop::of_both(Desk::with_screen("3840x2160").unwrap());
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.wait_until_offered(Wallet::Wechat).await.unwrap();
    let tour = Tour { desk: &shop.desk, app: &app, customer: &shop.customer };
    let mut found = Vec::new();
    for stop in Stop::ALL {
        let brought = tour.bring(stop).await;
        brought.unwrap_or_else(|error| panic!("{stop:?}: {error}; so far {found:#?}"));
        for page in stop.pages() {
            app.turn_to(*page).await.unwrap();
            let crowded = match page {
                Page::Counter => in_both_languages(&app).await,
                Page::Customer => in_every_room(&app).await,
            };
            found.extend(crowded.iter().map(|what| format!("{stop:?} {page:?} {what}")));
        }
        app.turn_to(Page::Counter).await.unwrap();
        let left = tour.leave().await;
        left.unwrap_or_else(|error| panic!("{stop:?}: {error}; so far {found:#?}"));
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    app.close().await.unwrap();
}

async fn in_both_languages(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    for language in [Language::English, Language::Chinese] {
        app.speak(language).await.unwrap();
        let crowded = in_every_room(app).await;
        found.extend(crowded.iter().map(|what| format!("{language:?} {what}")));
    }
    found
}

async fn in_every_room(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    for room in Room::ALL {
        app.resize(room).await.unwrap();
        for sentences in [Sentences::Own, Sentences::Longer] {
            let Room { width, height } = room;
            let crowded = app.crowded(sentences).await.unwrap();
            found.extend(
                crowded.iter().map(|what| format!("{width}x{height} {sentences:?}: {what}")),
            );
        }
    }
    app.resize(USUAL).await.unwrap();
    found
}
