//! Who is who: merchants with their channels' keys, tills with theirs, and whose notices each
//! till may get.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_core::mutant;

use crate::keys::KeyMark;
use crate::notice::Merchant;
use crate::trust::TillKeys;

/// A merchant at a channel, as an address names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// `alipay` or `wechat`.
    pub channel: String,
    /// The application's number, or the merchant's.
    pub merchant: String,
}

/// A till that this relay serves.
#[derive(Debug, Default)]
pub struct Till {
    /// The keys that prove its requests.
    pub keys: TillKeys,
    /// Whose notices it gets.
    pub accounts: BTreeSet<Account>,
}

/// Everybody a relay knows.
#[derive(Debug, Default)]
pub struct Roster {
    /// Merchants, by their address.
    pub merchants: BTreeMap<Account, Merchant>,
    /// Tills, by their name.
    pub tills: BTreeMap<String, Till>,
}

impl Roster {
    /// Returns the merchant whose notices come to a till; `None` where there is no such address.
    #[must_use]
    pub fn merchant_of(&self, till: &str, account: &Account) -> Option<&Merchant> {
        let is_its = self.tills.get(till)?.accounts.contains(account);
        is_its.then(|| self.merchants.get(account)).flatten()
    }

    /// Says whether a till still has this key of this name.
    #[must_use]
    pub fn has_key(&self, till: &str, key_id: &str, mark: KeyMark) -> bool {
        let key = self.tills.get(till).and_then(|till| till.keys.0.get(key_id));
        key.is_some_and(|key| key.mark() == mark || mutant::planted("relay_knows_keys_by_name"))
    }
}
