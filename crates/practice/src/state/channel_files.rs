//! The files by which a till finds practice: one for each channel, beside the keys they name.

use std::path::PathBuf;

use super::{
    ALIPAY_PUBLIC_KEY, MERCHANT_PRIVATE_KEY, Papers, StateError, WECHAT_MERCHANT_CERT,
    WECHAT_PLATFORM_CERT, WECHAT_PUBLIC_KEY, WECHAT_ROOT_CERT, WECHAT_V2_KEY, WECHAT_V3_KEY,
    WechatPapers, write,
};

/// A till's file for Alipay.
pub const CHANNEL_FILE: &str = "channel.toml";
/// A till's file for WeChat Pay.
pub const WECHAT_CHANNEL_FILE: &str = "wechat.toml";

impl Papers {
    /// Writes a till's file for Alipay anew, which answers at `gateway`, and returns where it is.
    pub fn write_channel_file(&self, gateway: &str) -> Result<PathBuf, StateError> {
        let Papers { app_id, seller_id, .. } = self;
        let text = format!(
            "channel = \"alipay\"\n\
             environment = \"practice\"\n\
             gateway = \"{gateway}\"\n\
             app_id = \"{app_id}\"\n\
             seller_id = \"{seller_id}\"\n\
             private_key_file = \"{MERCHANT_PRIVATE_KEY}\"\n\
             alipay_public_key_file = \"{ALIPAY_PUBLIC_KEY}\"\n"
        );
        let path = self.file(CHANNEL_FILE);
        write(&path, &text)?;
        Ok(path)
    }
}

impl WechatPapers {
    /// Writes a till's file for WeChat Pay anew, which answers over TLS at `address`, and returns
    /// where it is. It names both of the channel's keys, as during a change-over.
    pub fn write_channel_file(&self, address: &str) -> Result<PathBuf, StateError> {
        let WechatPapers { appid, mchid, merchant_serial, public_key_id, .. } = self;
        let text = format!(
            "channel = \"wechat\"\n\
             environment = \"practice\"\n\
             gateway = \"https://{address}\"\n\
             app_id = \"{appid}\"\n\
             merchant_id = \"{mchid}\"\n\
             merchant_serial = \"{merchant_serial}\"\n\
             private_key_file = \"{MERCHANT_PRIVATE_KEY}\"\n\
             certificate_file = \"{WECHAT_MERCHANT_CERT}\"\n\
             v2_key_file = \"{WECHAT_V2_KEY}\"\n\
             v3_key_file = \"{WECHAT_V3_KEY}\"\n\
             platform_certificate_file = \"{WECHAT_PLATFORM_CERT}\"\n\
             public_key_file = \"{WECHAT_PUBLIC_KEY}\"\n\
             public_key_id = \"{public_key_id}\"\n\
             root_certificates_file = \"{WECHAT_ROOT_CERT}\"\n\
             notify_url = \"https://notify.invalid/wechat\"\n\
             terminal_ip = \"127.0.0.1\"\n"
        );
        let path = self.dir.join(WECHAT_CHANNEL_FILE);
        write(&path, &text)?;
        Ok(path)
    }
}
