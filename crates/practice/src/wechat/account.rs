//! A merchant's account at WeChat Pay: its numbers, its secrets, and the keys that sign answers.

use crate::signer::Signer;

/// What the merchant and WeChat Pay both know and nobody else.
#[derive(Clone)]
pub struct Secrets {
    /// The APIv2 key (API密钥): 32 characters.
    pub v2_key: String,
    /// The APIv3 key (APIv3密钥): 32 bytes, as they are typed.
    pub v3_key: [u8; 32],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(\"***\")")
    }
}

/// A platform certificate (平台证书) as the merchant downloads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub pem: String,
    pub effective_ms: i64,
    pub expire_ms: i64,
}

/// A key of WeChat Pay's and the name by which answers call it (`Wechatpay-Serial`).
pub struct PlatformKey {
    /// 40 hex digits of a certificate, or `PUB_KEY_ID_…` of a bare public key (微信支付公钥).
    pub serial: String,
    /// None for a bare public key, which the merchant takes from the portal by hand.
    pub certificate: Option<Certificate>,
    /// Signs with this key, and checks the merchant's requests.
    pub signer: Box<dyn Signer>,
}

/// What a reverse of a number that nobody ever paid with is told. Published: not found; seen once
/// in the community: success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseUnknown {
    NotFound,
    Succeeds,
}

/// One merchant at WeChat Pay.
pub struct Account {
    pub appid: String,
    pub mchid: String,
    /// The serial of the merchant's API certificate, in upper-case hex.
    pub merchant_serial: String,
    pub reverse_unknown: ReverseUnknown,
    /// How long after the payment call a reverse is refused, in ms. Advice or rule: not known.
    pub reverse_after_ms: i64,
    /// How long a refund is PROCESSING, in ms.
    pub refund_takes_ms: i64,
    /// Where the addresses of files begin: scheme and host.
    pub address: String,
    /// Where the merchant hears of refunds for which no address was named.
    pub portal_url: Option<String>,
    /// So many first notices in a thousand carry one of WeChat Pay's own probes for a signature.
    pub probes_per_mille: u64,
    pub(crate) secrets: Secrets,
    keys: Vec<PlatformKey>,
    /// The place of the key that signs where a request names none.
    signs: usize,
}

impl Account {
    /// Holds numbers and secrets, with one key that signs.
    pub fn new(
        appid: &str,
        mchid: &str,
        merchant_serial: &str,
        secrets: Secrets,
        key: PlatformKey,
    ) -> Account {
        Account {
            appid: appid.to_owned(),
            mchid: mchid.to_owned(),
            merchant_serial: merchant_serial.to_owned(),
            reverse_unknown: ReverseUnknown::NotFound,
            reverse_after_ms: 15_000,
            refund_takes_ms: 5_000,
            address: "https://api.mch.weixin.qq.com".to_owned(),
            portal_url: None,
            probes_per_mille: 0,
            secrets,
            keys: vec![key],
            signs: 0,
        }
    }

    /// Adds a key beside those there are: a certificate among them can be downloaded from then on.
    pub fn add_key(&mut self, key: PlatformKey) {
        self.keys.push(key);
    }

    /// Signs with another of the keys from then on. False if there is none of this serial.
    pub fn sign_with(&mut self, serial: &str) -> bool {
        let Some(place) = self.keys.iter().position(|key| key.serial == serial) else {
            return false;
        };
        self.signs = place;
        true
    }

    /// Takes every key away but the one that signs: the change-over is done.
    pub fn drop_other_keys(&mut self) {
        let signing = self.keys.swap_remove(self.signs);
        self.keys = vec![signing];
        self.signs = 0;
    }

    /// Returns the key that signs an answer: a public key that the request names, else the one
    /// whose turn it is (4012154180).
    pub(crate) fn key(&self, wanted: Option<&str>) -> &PlatformKey {
        let named = self.keys.iter().find(|key| {
            key.certificate.is_none() && wanted.is_some_and(|wanted| key.serial == wanted)
        });
        named.unwrap_or(&self.keys[self.signs])
    }

    /// Returns the keys whose certificates can be downloaded.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = (&str, &Certificate)> {
        self.keys.iter().filter_map(|key| Some((key.serial.as_str(), key.certificate.as_ref()?)))
    }
}
