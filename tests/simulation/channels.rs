//! The channels of a history: Alipay, and in most of them WeChat Pay, as the till and practice have
//! them set up.

use mianfu_gateway::{
    Alipay, AlipaySettings, ApiV2Key, ApiV3Key, Channel, Scans, SignType, Wechat, WechatSettings,
};
use mianfu_practice::wechat::{Account, PlatformKey, ReverseUnknown, Secrets};
use mianfu_practice::{APP_ID, SELLER_ID};
use mianfu_till::Line;

use super::plan::{Channels, Wallet};
use super::signing::{Signing, TillKeys, boxed_signer};

/// Where every channel answers; paths tell them apart.
pub(super) const HOST: &str = "https://channel.invalid";

/// The merchant's numbers at WeChat Pay.
const WECHAT_APP_ID: &str = "wx9999000000000001";
const MCH_ID: &str = "1900009999";
const MERCHANT_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
/// The key that WeChat Pay signs with, a bare public key.
pub(super) const PLATFORM_SERIAL: &str = "PUB_KEY_ID_0119000099992026010100000001";
const V2_KEY: &str = "0123456789abcdef0123456789abcdef";
const V3_KEY: &str = "fedcba9876543210fedcba9876543210";

/// Returns who receives the money of a wallet.
pub(super) fn seller_of(wallet: Wallet) -> &'static str {
    match wallet {
        Wallet::Alipay => SELLER_ID,
        Wallet::Wechat => MCH_ID,
    }
}

/// Returns the merchant's account at WeChat Pay, as practice plays it.
pub(super) fn account(signing: Signing, reverse_unknown: ReverseUnknown) -> Account {
    let secrets = Secrets {
        v2_key: V2_KEY.to_owned(),
        v3_key: V3_KEY.as_bytes().try_into().expect("32 bytes"),
    };
    let key = PlatformKey {
        serial: PLATFORM_SERIAL.to_owned(),
        certificate: None,
        signer: boxed_signer(signing),
    };
    let mut account = Account::new(WECHAT_APP_ID, MCH_ID, MERCHANT_SERIAL, secrets, key);
    account.reverse_unknown = reverse_unknown;
    account
}

/// Returns the channels that the till of a history has.
pub(super) fn lines(channels: Channels, signing: Signing, till: u32) -> Vec<Line<TillKeys>> {
    match channels {
        Channels::Alipay => vec![Line::new(alipay(signing, till))],
        Channels::Both => {
            vec![Line::new(alipay(signing, till)), Line::new(wechat(signing, till))]
        }
    }
}

fn alipay(signing: Signing, till: u32) -> Channel<TillKeys> {
    let mut settings = AlipaySettings::new(&format!("{HOST}/gateway.do"), APP_ID);
    settings.notify_url = Some(format!("https://notify.invalid/notify/alipay/{APP_ID}/{till}"));
    settings.seller_id = Some(SELLER_ID.to_owned());
    Channel::Alipay(Alipay { settings, keys: TillKeys::new(signing), payer_key: [7; 32] })
}

fn wechat(signing: Signing, till: u32) -> Channel<TillKeys> {
    let settings = WechatSettings {
        endpoint: HOST.to_owned(),
        app_id: WECHAT_APP_ID.to_owned(),
        mch_id: MCH_ID.to_owned(),
        serial_no: MERCHANT_SERIAL.to_owned(),
        answer_serial: Some(PLATFORM_SERIAL.to_owned()),
        notify_url: format!("https://notify.invalid/notify/wechat/{MCH_ID}/{till}"),
        terminal_ip: "127.0.0.1".to_owned(),
        device: None,
        sign_type: SignType::HmacSha256,
        scans: Scans::V2,
        sub_merchant: None,
    };
    Channel::Wechat(Wechat {
        settings,
        keys: TillKeys::of_wechat(signing),
        v3_key: ApiV3Key::new(V3_KEY).expect("a key of 32 characters"),
        v2_key: ApiV2Key::new(V2_KEY).expect("a key of 32 characters"),
        payer_key: [7; 32],
    })
}
