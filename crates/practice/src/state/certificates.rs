//! Throw-away certificates for certificate mode (公钥证书模式) and for WeChat Pay, and their
//! numbers.
//!
//! A root of our own issues one for the merchant's side and one for the channel's. The keys stay in `rsa`;
//! `rcgen` only lays out the bytes to be signed.

use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyUsagePurpose,
    PKCS_RSA_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::{OsRng, RngCore};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{SignatureEncoding, Signer};
use rsa::{RsaPrivateKey, RsaPublicKey};

use crate::options::{APP_ID, CertificateNumbers, SELLER_ID};

const COUNTRY: &str = "CN";
const ORGANISATION: &str = "Mianfu Practice";
const UNIT: &str = "Not for payment";
const ROOT_NAME: &str = "Mianfu Practice Root";
const WECHAT_ROOT_NAME: &str = "Mianfu Practice WeChat Root";

/// Three certificates as PEM, and the numbers by which they are named on the wire.
pub(super) struct Issued {
    pub(super) app: String,
    pub(super) alipay: String,
    pub(super) root: String,
    pub(super) numbers: CertificateNumbers,
}

/// WeChat Pay's certificates as PEM, and the serials by which headers name two of them.
pub(super) struct IssuedWechat {
    pub(super) merchant: String,
    pub(super) platform: String,
    pub(super) root: String,
    /// For the TLS port, on the platform's key.
    pub(super) tls: String,
    pub(super) merchant_serial: String,
    pub(super) platform_serial: String,
}

/// Issues WeChat Pay's certificates: the merchant's, for signatures and TLS, and the platform's.
pub(super) fn issue_wechat(
    merchant: &RsaPrivateKey,
    platform: &RsaPrivateKey,
    root: &RsaPrivateKey,
    mchid: &str,
) -> Result<IssuedWechat, rcgen::Error> {
    let (merchant, platform, root) = (Key::new(merchant)?, Key::new(platform)?, Key::new(root)?);
    let (merchant_serial, platform_serial) = (long_serial(), long_serial());

    let mut root_params = params(WECHAT_ROOT_NAME, long_serial());
    root_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root_params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_pem = pem(root_params.self_signed(&root)?.der());
    let issuer = Issuer::from_params(&root_params, &root);
    let leaf = |name: &str, serial: &[u8], key: &Key| {
        let mut params = params(name, serial.to_vec());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        Ok::<String, rcgen::Error>(pem(params.signed_by(key, &issuer)?.der()))
    };
    let mut tls_params = params("localhost", long_serial());
    tls_params.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
    ];
    Ok(IssuedWechat {
        tls: pem(tls_params.signed_by(&platform, &issuer)?.der()),
        merchant: leaf(mchid, &merchant_serial, &merchant)?,
        platform: leaf("Mianfu Practice WeChat Pay", &platform_serial, &platform)?,
        root: root_pem,
        merchant_serial: hex(&merchant_serial),
        platform_serial: hex(&platform_serial),
    })
}

/// Draws a serial of 20 bytes that starts with neither a sign nor a zero: 40 digits in hex.
fn long_serial() -> Vec<u8> {
    let mut serial = vec![0; 20];
    OsRng.fill_bytes(&mut serial);
    serial[0] = (serial[0] & 0x7F) | 0x40;
    serial
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Issues the three certificates.
pub(super) fn issue(
    merchant: &RsaPrivateKey,
    alipay: &RsaPrivateKey,
    root: &RsaPrivateKey,
) -> Result<Issued, rcgen::Error> {
    let (merchant, alipay, root) = (Key::new(merchant)?, Key::new(alipay)?, Key::new(root)?);
    let serials = [OsRng.next_u64() >> 1, OsRng.next_u64() >> 1, OsRng.next_u64() >> 1];
    let [root_serial, app_serial, alipay_serial] = serials;

    let mut root_params = params(ROOT_NAME, root_serial);
    root_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root_params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_pem = pem(root_params.self_signed(&root)?.der());
    let issuer = Issuer::from_params(&root_params, &root);
    let leaf = |name: &str, serial: u64, key: &Key| {
        let mut params = params(name, serial);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        Ok::<String, rcgen::Error>(pem(params.signed_by(key, &issuer)?.der()))
    };
    Ok(Issued {
        app: leaf(&format!("{SELLER_ID}-{APP_ID}"), app_serial, &merchant)?,
        alipay: leaf("Mianfu Practice Alipay", alipay_serial, &alipay)?,
        root: root_pem,
        numbers: CertificateNumbers {
            app_cert_sn: number(app_serial),
            alipay_root_cert_sn: number(root_serial),
            alipay_cert_sn: number(alipay_serial),
        },
    })
}

/// An RSA key in the form in which `rcgen` asks for signatures.
struct Key {
    signing: SigningKey<Sha256>,
    public_der: Vec<u8>,
}

impl Key {
    fn new(key: &RsaPrivateKey) -> Result<Key, rcgen::Error> {
        let public = RsaPublicKey::from(key).to_pkcs1_der();
        let public_der = public.map_err(|_| rcgen::Error::RemoteKeyError)?.into_vec();
        Ok(Key { signing: SigningKey::new(key.clone()), public_der })
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public_der
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, msg: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signing.sign(msg).to_vec())
    }
}

fn params(name: &str, serial: impl Into<SerialNumber>) -> CertificateParams {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CountryName, COUNTRY);
    distinguished.push(DnType::OrganizationName, ORGANISATION);
    distinguished.push(DnType::OrganizationalUnitName, UNIT);
    distinguished.push(DnType::CommonName, name);
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished;
    params.serial_number = Some(serial.into());
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    params
}

/// Returns the number of a certificate of our root: MD5 over the issuer's name, last part first,
/// and the decimal serial (opendocs 02kf5p).
fn number(serial: u64) -> String {
    let named = format!("CN={ROOT_NAME},OU={UNIT},O={ORGANISATION},C={COUNTRY}{serial}");
    Md5::digest(named).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}
