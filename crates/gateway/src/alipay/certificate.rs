//! The certificates of certificate mode (公钥证书模式): their numbers, keys and times.
//!
//! A number is the lower-case hexadecimal MD5 of the issuer's name, innermost part first, followed
//! by the decimal serial number. It names a certificate and proves nothing.

use md5::{Digest as _, Md5};
use mianfu_core::money::Timestamp;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;
use x509_parser::x509::X509Name;

use crate::alipay::keys::{KeyError, KeyPart, hex, pem_blocks};

/// The beginning of the object identifiers of RSA signatures (RFC 8017).
const RSA_SIGNATURES: &str = "1.2.840.113549.1.1.";

/// What is needed of a certificate.
pub(crate) struct Certificate {
    pub(crate) public: RsaPublicKey,
    pub(crate) serial: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// Reads a certificate.
pub(crate) fn read(part: KeyPart, der: &[u8]) -> Result<Certificate, KeyError> {
    let (_, certificate) = parse_x509_certificate(der).map_err(|_| KeyError::NotAKey { part })?;
    let public = RsaPublicKey::from_public_key_der(certificate.public_key().raw)
        .map_err(|_| KeyError::NotRsa { part })?;
    let validity = certificate.validity();
    Ok(Certificate {
        public,
        serial: serial(&certificate).ok_or(KeyError::NotAKey { part })?,
        from: Timestamp(validity.not_before.timestamp().saturating_mul(1_000)),
        until: Timestamp(validity.not_after.timestamp().saturating_mul(1_000)),
    })
}

/// Says whether bytes are a certificate.
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    parse_x509_certificate(der).is_ok()
}

/// Returns the number of a file of root certificates: those of its RSA members, joined with `_`;
/// `None` where it has none. Members that cannot be read are skipped: one in the file that Alipay
/// hands out is not strict ASN.1.
pub(crate) fn root_serial(pem: &str) -> Option<String> {
    let serials: Vec<String> = pem_blocks(pem)
        .filter_map(|der| {
            let (_, certificate) = parse_x509_certificate(&der).ok()?;
            let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
            algorithm.starts_with(RSA_SIGNATURES).then(|| serial(&certificate)).flatten()
        })
        .collect();
    (!serials.is_empty()).then(|| serials.join("_"))
}

fn serial(certificate: &X509Certificate<'_>) -> Option<String> {
    let named = format!("{}{}", name(certificate.issuer())?, certificate.tbs_certificate.serial);
    Some(hex(&Md5::digest(named)))
}

/// Writes a name as Java's `X500Principal` does: innermost part first, no blanks.
fn name(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for attribute in name.iter_attributes() {
        let id = attribute.attr_type().to_id_string();
        let short = match id.as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.9" => "STREET",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "0.9.2342.19200300.100.1.25" => "DC",
            "0.9.2342.19200300.100.1.1" => "UID",
            other => other,
        };
        parts.push(format!("{short}={}", attribute.as_str().ok()?));
    }
    parts.reverse();
    Some(parts.join(","))
}

#[cfg(test)]
pub(crate) fn serial_of_pem(pem: &str) -> Option<String> {
    let der = pem_blocks(pem).next()?;
    let (_, certificate) = parse_x509_certificate(&der).ok()?;
    serial(&certificate)
}
