//! What the store's file sets, and the manager's PIN, as the page is shown them.

use mianfu_core::money::Fen;
use mianfu_till::Settings;
use mianfu_till::people::ManagerState as Manager;

use crate::store::CounterSettings;
use crate::views::{KeyView, ManagerState, SettingsView};

pub(super) fn settings(till: &Settings, counter: &CounterSettings) -> SettingsView {
    let key = |(act, code): (&_, &String)| KeyView { act: *act, code: code.clone() };
    SettingsView {
        scanner: counter.scanner,
        implied_decimals: counter.implied_decimals,
        ask_above_fen: counter.ask_above.map(Fen::get),
        rounding_limit_fen: till.rounding_limit.get(),
        keys: counter.keys.iter().map(key).collect(),
        sound: counter.sound,
        voice: counter.voice,
    }
}

pub(super) fn manager(state: Manager) -> ManagerState {
    match state {
        Manager::Unset => ManagerState::Unset,
        Manager::Set => ManagerState::Set,
        Manager::Locked { .. } => ManagerState::Locked,
    }
}

pub(super) fn locked_until_ms(state: Manager) -> Option<i64> {
    match state {
        Manager::Locked { until } => until.map(|at| at.0),
        Manager::Unset | Manager::Set => None,
    }
}
