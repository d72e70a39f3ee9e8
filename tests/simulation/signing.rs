//! Signing in a history: keyed hashes, and for every hundredth seed the real thing.

use std::sync::{Arc, OnceLock};

use mianfu_gateway::{Keys, RsaKeys};
use mianfu_practice::state::{ALIPAY_PUBLIC_KEY, MERCHANT_PRIVATE_KEY, Papers};
use mianfu_practice::{KeyedHash, RsaSigner};
use tempfile::TempDir;

/// How a history's two sides sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    /// A hash over a shared secret: sixty real signatures would cost a history fifty times over.
    KeyedHash,
    /// RSA2 on both sides.
    Rsa,
}

impl Signing {
    /// Returns how the history of a seed signs.
    #[must_use]
    pub(super) fn of(seed: u64) -> Signing {
        if seed % 100 == 99 { Signing::Rsa } else { Signing::KeyedHash }
    }
}

/// The till's keys.
pub(super) enum TillKeys {
    /// A keyed hash in the merchant's role.
    Hash(KeyedHash),
    /// The gateway's own.
    Rsa(Arc<RsaKeys>),
}

impl TillKeys {
    /// Returns the till's side.
    #[must_use]
    pub(super) fn new(signing: Signing) -> TillKeys {
        match signing {
            Signing::KeyedHash => TillKeys::Hash(keyed_hash()),
            Signing::Rsa => TillKeys::Rsa(Arc::clone(&pair().till)),
        }
    }
}

impl Keys for TillKeys {
    fn sign(&self, content: &[u8]) -> String {
        match self {
            TillKeys::Hash(hash) => hash.sign_as(KeyedHash::MERCHANT, content),
            TillKeys::Rsa(keys) => keys.sign(content),
        }
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        match self {
            TillKeys::Hash(hash) => hash.sign_as(KeyedHash::ALIPAY, content) == signature_base64,
            TillKeys::Rsa(keys) => keys.verify(content, signature_base64),
        }
    }
}

/// Returns the channel's side as keyed hashes.
#[must_use]
pub(super) fn keyed_hash() -> KeyedHash {
    KeyedHash::new(b"simulation")
}

/// Returns the channel's side as RSA.
#[must_use]
pub(super) fn rsa_signer() -> RsaSigner {
    pair().papers.signer().expect("practice wrote these keys")
}

struct Pair {
    till: Arc<RsaKeys>,
    papers: Papers,
    /// The papers' files; gone with the process.
    _folder: TempDir,
}

/// Keys are made once a process. Nothing that is compared between runs depends on them.
fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder for the keys");
        let papers = Papers::open(folder.path()).expect("practice makes keys");
        let read = |name: &str| {
            std::fs::read_to_string(papers.file(name)).expect("practice wrote its keys")
        };
        let till = RsaKeys::from_keys(&read(MERCHANT_PRIVATE_KEY), &read(ALIPAY_PUBLIC_KEY))
            .expect("practice's keys are keys");
        Pair { till: Arc::new(till), papers, _folder: folder }
    })
}
