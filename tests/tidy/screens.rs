//! Rules over TypeScript and Vue.

use crate::tree::{Breach, Source};

/// Screens ask their host; only the app's host knows what it runs in.
pub(crate) fn one_door(source: &Source) -> Vec<Breach> {
    if !is_ui(source) || source.path == "ui/src/tauri.ts" || source.is_test() {
        return Vec::new();
    }
    // Quoted, because only then is it imported; comments name it too.
    let quoted = ["\"@tauri-apps", "'@tauri-apps"];
    let named =
        source.lines().filter(|(_, text)| quoted.iter().any(|import| text.contains(import)));
    named
        .map(|(line, _)| Breach::new(line, "only ui/src/tauri.ts imports it; use host()"))
        .collect()
}

pub(crate) fn switched_off(source: &Source) -> Vec<Breach> {
    if !source.is_screen() {
        return Vec::new();
    }
    let heads = ["it", "test", "describe"];
    let marks = ["skip", "only", "todo"];
    let off = |text: &str| {
        let pairs = heads.iter().flat_map(|head| marks.iter().map(move |mark| (head, mark)));
        pairs.into_iter().any(|(head, mark)| text.contains(&format!("{head}.{mark}(")))
    };
    let found = source.lines().filter(|(_, text)| off(text));
    found
        .map(|(line, _)| Breach::new(line, "a test is switched off; mend it or take it out"))
        .collect()
}

fn is_ui(source: &Source) -> bool {
    source.is_screen() && source.path.starts_with("ui/")
}
