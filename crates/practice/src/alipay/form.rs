//! The parameters of a request, wherever in it they are.
//!
//! The real gateway takes GET and POST, parameters in the query, in a urlencoded body and in the
//! text parts of a multipart body. Values stay bytes, because the signature covers bytes of the
//! request's charset.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, GBK, UTF_8};

use crate::practice::Request;

/// The charset of an exchange. The gateway knows these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8,
    Gbk,
}

impl Charset {
    pub(crate) fn from_name(name: &str) -> Option<Charset> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Charset::Utf8),
            "gbk" | "gb2312" => Some(Charset::Gbk),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Charset::Utf8 => "utf-8",
            Charset::Gbk => "GBK",
        }
    }

    /// Writes text in this charset. What it cannot hold becomes a JSON escape.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Gbk => {
                let mut bytes = Vec::with_capacity(text.len());
                for symbol in text.chars() {
                    let one = symbol.to_string();
                    let (encoded, _, unmappable) = GBK.encode(&one);
                    if unmappable {
                        let mut units = [0; 2];
                        for unit in symbol.encode_utf16(&mut units) {
                            bytes.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                        }
                    } else {
                        bytes.extend_from_slice(&encoded);
                    }
                }
                bytes
            }
        }
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Charset::Utf8 => UTF_8,
            Charset::Gbk => GBK,
        }
    }
}

/// The parameters of a request, merged.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    values: BTreeMap<String, Vec<u8>>,
    /// A name came twice with different values.
    contradicts_itself: bool,
}

impl Form {
    /// Merges query and body.
    pub(crate) fn read(request: &Request) -> Form {
        let mut form = Form { values: BTreeMap::new(), contradicts_itself: false };
        form.add_urlencoded(request.query.as_bytes());
        let content_type = request
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map_or("", |(_, value)| value.as_str());
        if content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
            if let Some(boundary) = boundary(content_type) {
                form.add_multipart(&request.body, &boundary);
            }
        } else {
            form.add_urlencoded(&request.body);
        }
        form
    }

    pub(crate) fn contradicts_itself(&self) -> bool {
        self.contradicts_itself
    }

    /// Returns the method as it was sent; empty where there was none.
    pub(crate) fn method(&self) -> String {
        self.text("method").unwrap_or_default()
    }

    /// Returns the charset, where the request names one that is known.
    pub(crate) fn charset(&self) -> Option<Charset> {
        Charset::from_name(std::str::from_utf8(self.values.get("charset")?).ok()?)
    }

    /// Returns a value as text. An empty value counts as none; a value that is not text in the
    /// charset of the request is none either.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let bytes = self.values.get(name).filter(|bytes| !bytes.is_empty())?;
        let encoding = self.charset().unwrap_or(Charset::Utf8).encoding();
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(text.into_owned())
    }

    /// Returns what the merchant's signature covers: every parameter but `sign`, without empty
    /// ones, sorted by name (opendocs 057k53). `sign_type` belongs to it.
    pub(crate) fn signed_content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        for (name, value) in &self.values {
            if name == "sign" || value.is_empty() {
                continue;
            }
            if !content.is_empty() {
                content.push(b'&');
            }
            content.extend_from_slice(name.as_bytes());
            content.push(b'=');
            content.extend_from_slice(value);
        }
        content
    }

    fn add(&mut self, name: String, value: Vec<u8>) {
        match self.values.get(&name) {
            Some(known) if *known != value => self.contradicts_itself = true,
            Some(_) => {}
            None => {
                self.values.insert(name, value);
            }
        }
    }

    fn add_urlencoded(&mut self, text: &[u8]) {
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(place) => (&pair[..place], &pair[place + 1..]),
                None => (pair, &[][..]),
            };
            let name = String::from_utf8_lossy(&percent_decoded(name)).into_owned();
            self.add(name, percent_decoded(value));
        }
    }

    /// Takes the text parts; files are not signed and mean nothing here.
    fn add_multipart(&mut self, body: &[u8], boundary: &str) {
        let fence = format!("--{boundary}");
        for part in split_bytes(body, fence.as_bytes()) {
            let Some(blank) = find_bytes(part, b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&part[..blank]).into_owned();
            let value = &part[blank + 4..];
            let value = value.strip_suffix(b"\r\n").unwrap_or(value);
            if head.contains("filename=") {
                continue;
            }
            let Some(name) = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            self.add(name.to_owned(), value.to_vec());
        }
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let start = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let boundary = content_type.get(start..)?.split(';').next()?.trim().trim_matches('"');
    if boundary.is_empty() { None } else { Some(boundary.to_owned()) }
}

pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escaped = match byte {
            b'%' => hex(text.get(at + 1)).zip(hex(text.get(at + 2))),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            None => {
                bytes.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    bytes
}

fn find_bytes(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn split_bytes<'t>(text: &'t [u8], fence: &[u8]) -> Vec<&'t [u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(place) = find_bytes(rest, fence) {
        parts.push(&rest[..place]);
        rest = &rest[place + fence.len()..];
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str, content_type: &str, body: &[u8]) -> Request {
        Request {
            method: "POST".to_owned(),
            path: "/gateway.do".to_owned(),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.to_vec(),
        }
    }

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn parameters_are_found_in_query_and_body() {
        let form = Form::read(&request("method=a&b=1%2B2+3", URLENCODED, b"c=%E9%9D%A2&d="));
        assert_eq!(form.signed_content(), "b=1+2 3&c=面&method=a".as_bytes());
        assert!(!form.contradicts_itself());
    }

    #[test]
    fn parameters_are_found_in_the_text_parts_of_a_multipart_body() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"biz_content\"\r\n\r\n{}\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nf\r\n\
                    --x--\r\n";
        let form = Form::read(&request("a=1", "multipart/form-data; boundary=x", body.as_bytes()));
        assert_eq!(form.signed_content(), b"a=1&biz_content={}");
    }

    #[test]
    fn one_name_with_two_values_contradicts_itself() {
        assert!(Form::read(&request("a=1", URLENCODED, b"a=2")).contradicts_itself());
        assert!(!Form::read(&request("a=1", URLENCODED, b"a=1")).contradicts_itself());
    }

    #[test]
    fn gbk_is_read_and_written() {
        let form = Form::read(&request("charset=GBK", URLENCODED, b"s=%C3%E6%B8%B6"));
        assert_eq!(form.text("s").as_deref(), Some("面付"));
        assert_eq!(Charset::Gbk.encode("面付"), [0xC3, 0xE6, 0xB8, 0xB6]);
        assert_eq!(Charset::Gbk.encode("🍜"), b"\\ud83c\\udf5c");
        let broken = Form::read(&request("", URLENCODED, b"s=%FF"));
        assert_eq!(broken.text("s"), None, "bytes that are no text are not made into some");
    }
}
