//! Notices of Alipay as a relay gets them: distinct, and signed beforehand with one key.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Failure;
use crate::rounds::worked;

pub(crate) const MERCHANT: &str = "2021000000000001";
/// More than a body may have, at any of the relays that are compared.
const OVERSIZE_BYTES: usize = 64 * 1024 + 1;

/// A channel's key, and how often it was used.
pub(crate) struct Signer {
    key: KeyPair,
    random: SystemRandom,
    made: u64,
}

/// A notice before it is a request.
pub(crate) struct Notice {
    signed_text: String,
    signature: Vec<u8>,
    form: String,
}

/// What becomes of a notice on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Genuine,
    /// Somebody changed the amount.
    Forged,
    /// Somebody padded it.
    Oversize,
}

impl Signer {
    pub(crate) fn new() -> Result<Signer, Failure> {
        let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| "no key could be made")?;
        Ok(Signer { key, random: SystemRandom::new(), made: 0 })
    }

    /// Returns the public key, its DER as base64: relays read it in that form.
    pub(crate) fn public_key(&self) -> Result<String, Failure> {
        Ok(STANDARD.encode(self.public_der()?.as_ref()))
    }

    fn public_der(&self) -> Result<PublicKeyX509Der<'_>, Failure> {
        self.key.public_key().as_der().map_err(|_| "the key could not be written".into())
    }

    /// Signs the next notice; no two are alike.
    pub(crate) fn notice(&mut self) -> Result<Notice, Failure> {
        let place = self.made;
        self.made += 1;
        let fields = fields(place);
        let pairs = fields.iter().map(|(name, value)| format!("{name}={value}"));
        let signed_text = pairs.collect::<Vec<_>>().join("&");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &self.random, signed_text.as_bytes(), &mut signature)
            .map_err(|_| "a notice could not be signed")?;
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(2048));
        form.extend_pairs(fields.iter().map(|(name, value)| (*name, value.as_str())));
        form.append_pair("sign", &STANDARD.encode(&signature)).append_pair("sign_type", "RSA2");
        Ok(Notice { signed_text, signature, form: form.finish() })
    }

    /// Returns the processor's ns for one check of a signature over these notices, the key read
    /// beforehand, as the relay has it.
    pub(crate) fn verify_ns(&self, notices: &[Notice]) -> Result<u64, Failure> {
        let der = self.public_der()?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref())
            .map_err(|_| "the key could not be read")?;
        let (time, genuine) = worked(|| {
            let one = |notice: &&Notice| {
                key.verify_sig(notice.signed_text.as_bytes(), &notice.signature).is_ok()
            };
            notices.iter().filter(one).count()
        });
        let is_right = genuine == notices.len() && !notices.is_empty();
        let count = u64::try_from(notices.len())?;
        if is_right { Ok(time / count) } else { Err("a genuine notice was doubted".into()) }
    }
}

impl Notice {
    /// Returns the whole request by which the channel brings it to a till's address.
    pub(crate) fn request(&self, till: &str, fate: Fate) -> Vec<u8> {
        let body = match fate {
            Fate::Genuine => self.form.clone(),
            Fate::Forged => self.form.replace("total_amount=12.34", "total_amount=12.35"),
            Fate::Oversize => {
                let padding = "x".repeat(OVERSIZE_BYTES.saturating_sub(self.form.len()));
                format!("{}&passback_params={padding}", self.form)
            }
        };
        format!(
            "POST /notify/alipay/{MERCHANT}/{till} HTTP/1.1\r\nHost: relay\r\n\
             Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// What a notice of a payment says, in the order in which it is signed.
fn fields(place: u64) -> Vec<(&'static str, String)> {
    let funds = r#"[{"amount":"12.34","fundChannel":"ALIPAYACCOUNT"}]"#;
    let plain = |text: &str| text.to_owned();
    vec![
        ("app_id", plain(MERCHANT)),
        ("auth_app_id", plain(MERCHANT)),
        ("buyer_id", plain("2088000000000000")),
        ("buyer_logon_id", plain("159****0000")),
        ("buyer_pay_amount", plain("12.34")),
        ("charset", plain("utf-8")),
        ("fund_bill_list", plain(funds)),
        ("gmt_create", plain("2026-11-21 18:02:37")),
        ("gmt_payment", plain("2026-11-21 18:02:41")),
        ("invoice_amount", plain("12.34")),
        ("notify_id", format!("2026112100222{place:022}")),
        ("notify_time", plain("2026-11-21 18:02:42")),
        ("notify_type", plain("trade_status_sync")),
        ("out_trade_no", format!("till07-{place:016}")),
        ("point_amount", plain("0.00")),
        ("receipt_amount", plain("12.34")),
        ("seller_email", plain("shop@example.com")),
        ("seller_id", plain("2088100000000000")),
        ("subject", plain("拿铁咖啡")),
        ("total_amount", plain("12.34")),
        ("trade_no", format!("20261121220014{place:014}")),
        ("trade_status", plain("TRADE_SUCCESS")),
        ("version", plain("1.0")),
    ]
}
