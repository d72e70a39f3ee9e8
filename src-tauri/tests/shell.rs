//! The shell from outside: its types, and its commands as a window calls them.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "shell/bindings.rs"]
mod bindings;
#[path = "shell/cash.rs"]
mod cash;
#[path = "shell/change.rs"]
mod change;
#[path = "shell/counter.rs"]
mod counter;
#[path = "shell/gates.rs"]
mod gates;
#[path = "shell/people.rs"]
mod people;
#[path = "shell/practice.rs"]
mod practice;

/// Before 2.11.1 a page from elsewhere could be taken for one of the program's own.
#[test]
fn the_window_is_built_on_a_tauri_that_tells_pages_apart() {
    let parts: Vec<u32> = tauri::VERSION.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts >= vec![2, 11, 1], "tauri {}", tauri::VERSION);
}
