//! A merchant's keys, of whichever channel they are.

use mianfu_core::money::Timestamp;

use crate::{CertSerials, Keys, PlatformKey, RsaKeys, WechatKeys};

/// The keys of one merchant at one channel.
#[derive(Debug)]
pub enum MerchantKeys {
    /// At Alipay (支付宝).
    Alipay(RsaKeys),
    /// At WeChat Pay (微信支付).
    Wechat(WechatKeys),
}

impl Keys for MerchantKeys {
    fn sign(&self, content: &[u8]) -> String {
        match self {
            MerchantKeys::Alipay(keys) => keys.sign(content),
            MerchantKeys::Wechat(keys) => keys.sign(content),
        }
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        match self {
            MerchantKeys::Alipay(keys) => keys.verify(content, signature_base64),
            MerchantKeys::Wechat(keys) => keys.verify(content, signature_base64),
        }
    }

    fn knows(&self, serial: &str) -> bool {
        match self {
            MerchantKeys::Alipay(keys) => keys.knows(serial),
            MerchantKeys::Wechat(keys) => keys.knows(serial),
        }
    }

    fn verify_under(&self, serial: &str, content: &[u8], signature_base64: &str) -> bool {
        match self {
            MerchantKeys::Alipay(keys) => keys.verify_under(serial, content, signature_base64),
            MerchantKeys::Wechat(keys) => keys.verify_under(serial, content, signature_base64),
        }
    }

    fn holds_certificates(&self) -> bool {
        match self {
            MerchantKeys::Alipay(keys) => keys.holds_certificates(),
            MerchantKeys::Wechat(keys) => keys.holds_certificates(),
        }
    }

    fn trust(&mut self, keys: Vec<PlatformKey>, now: Timestamp) {
        match self {
            MerchantKeys::Alipay(own) => own.trust(keys, now),
            MerchantKeys::Wechat(own) => own.trust(keys, now),
        }
    }

    fn serials(&self) -> Option<&CertSerials> {
        match self {
            MerchantKeys::Alipay(keys) => keys.serials(),
            MerchantKeys::Wechat(_) => None,
        }
    }
}
