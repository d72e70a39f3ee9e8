//! Signing in a history: keyed hashes, and for every hundredth seed the real thing.

use std::sync::{Arc, OnceLock};

use mianfu_gateway::{Keys, PlatformKey, RsaKeys, WechatKeys};
use mianfu_practice::state::{ALIPAY_PUBLIC_KEY, MERCHANT_PRIVATE_KEY, Papers};
use mianfu_practice::{KeyedHash, RsaSigner, Signer};
use tempfile::TempDir;

use super::channels::PLATFORM_SERIAL;

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
    /// The gateway's own, for Alipay.
    Rsa(Arc<RsaKeys>),
    /// The gateway's own, for WeChat Pay.
    Wechat(Arc<WechatKeys>),
}

impl TillKeys {
    /// Returns the till's side at Alipay.
    #[must_use]
    pub(super) fn new(signing: Signing) -> TillKeys {
        match signing {
            Signing::KeyedHash => TillKeys::Hash(keyed_hash()),
            Signing::Rsa => TillKeys::Rsa(Arc::clone(&pair().till)),
        }
    }

    /// Returns the till's side at WeChat Pay's v3; what v2 is signed with is no key pair.
    #[must_use]
    pub(super) fn of_wechat(signing: Signing) -> TillKeys {
        match signing {
            Signing::KeyedHash => TillKeys::Hash(keyed_hash()),
            Signing::Rsa => TillKeys::Wechat(Arc::clone(&pair().till_of_wechat)),
        }
    }
}

impl Keys for TillKeys {
    fn sign(&self, content: &[u8]) -> String {
        match self {
            TillKeys::Hash(hash) => hash.sign_as(KeyedHash::MERCHANT, content),
            TillKeys::Rsa(keys) => keys.sign(content),
            TillKeys::Wechat(keys) => keys.sign(content),
        }
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        match self {
            TillKeys::Hash(hash) => hash.sign_as(KeyedHash::ALIPAY, content) == signature_base64,
            TillKeys::Rsa(keys) => keys.verify(content, signature_base64),
            TillKeys::Wechat(keys) => keys.verify(content, signature_base64),
        }
    }

    fn knows(&self, serial: &str) -> bool {
        match self {
            TillKeys::Hash(_) => serial == PLATFORM_SERIAL,
            TillKeys::Rsa(keys) => keys.knows(serial),
            TillKeys::Wechat(keys) => keys.knows(serial),
        }
    }

    fn verify_under(&self, serial: &str, content: &[u8], signature_base64: &str) -> bool {
        match self {
            TillKeys::Hash(_) => self.knows(serial) && self.verify(content, signature_base64),
            TillKeys::Rsa(keys) => keys.verify_under(serial, content, signature_base64),
            TillKeys::Wechat(keys) => keys.verify_under(serial, content, signature_base64),
        }
    }
}

/// Returns what signs a channel's answers.
#[must_use]
pub(super) fn boxed_signer(signing: Signing) -> Box<dyn Signer> {
    match signing {
        Signing::KeyedHash => Box::new(keyed_hash()),
        Signing::Rsa => Box::new(rsa_signer()),
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
    /// The same pairs, as WeChat Pay's keys are read and named.
    till_of_wechat: Arc<WechatKeys>,
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
        let platform = PlatformKey::from_public_key(PLATFORM_SERIAL, &read(ALIPAY_PUBLIC_KEY));
        let platform = platform.expect("practice's keys are keys");
        let wechat = WechatKeys::new(&read(MERCHANT_PRIVATE_KEY), [platform])
            .expect("practice's keys are keys");
        let till_of_wechat = Arc::new(wechat);
        Pair { till: Arc::new(till), till_of_wechat, papers, _folder: folder }
    })
}
