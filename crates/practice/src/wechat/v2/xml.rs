//! One level of XML, read strictly and written the way WeChat Pay does.
//!
//! No declaration of types, no entities but the five of XML, no attributes, no second level, no
//! name twice, and no more bytes than a request can need.

use std::collections::BTreeMap;

const MOST_BYTES: usize = 64 * 1024;

/// Text that is not one level of XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the elements inside the root.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, String>, Malformed> {
    if bytes.len() > MOST_BYTES {
        return Err(Malformed);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    if let Some(declared) = rest.strip_prefix("<?xml") {
        rest = declared.split_once("?>").ok_or(Malformed)?.1.trim_start();
    }
    let inside = rest.strip_prefix("<xml>").and_then(|rest| rest.strip_suffix("</xml>"));
    let mut rest = inside.ok_or(Malformed)?.trim_start();
    let mut fields = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) =
            rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or(Malformed)?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let (value, after) = match name.strip_suffix('/') {
            Some(_) => (String::new(), after),
            None => value(after, name)?,
        };
        let name = name.strip_suffix('/').unwrap_or(name).trim_end();
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(Malformed);
        }
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(Malformed);
        }
        rest = after.trim_start();
    }
    Ok(fields)
}

/// Writes elements inside a root, `<xml>` for most. Amounts are plain, everything else is CDATA.
pub(super) fn write(root: &str, fields: &BTreeMap<String, String>) -> String {
    let mut text = format!("<{root}>");
    for (name, value) in fields {
        let plain = name.contains("_fee") && value.bytes().all(|byte| byte.is_ascii_digit());
        match plain {
            true => text.push_str(&format!("<{name}>{value}</{name}>\n")),
            false => {
                // The end of a CDATA section inside one is written as the end of two.
                let value = value.replace("]]>", "]]]]><![CDATA[>");
                text.push_str(&format!("<{name}><![CDATA[{value}]]></{name}>\n"));
            }
        }
    }
    text.push_str(&format!("</{root}>"));
    text
}

/// Reads text and CDATA up to the end tag of a name. Returns what follows as well.
fn value<'t>(mut rest: &'t str, name: &str) -> Result<(String, &'t str), Malformed> {
    let end = format!("</{name}>");
    let mut value = String::new();
    loop {
        if let Some(after) = rest.strip_prefix(end.as_str()) {
            return Ok((value, after));
        }
        if let Some(section) = rest.strip_prefix("<![CDATA[") {
            let (text, after) = section.split_once("]]>").ok_or(Malformed)?;
            value.push_str(text);
            rest = after;
            continue;
        }
        let tag = rest.find('<').filter(|at| *at > 0).ok_or(Malformed)?;
        value.push_str(&unescaped(&rest[..tag])?);
        rest = &rest[tag..];
    }
}

fn unescaped(text: &str) -> Result<String, Malformed> {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').ok_or(Malformed)?;
        plain.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => return Err(Malformed),
        });
        plain.push_str(after);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, fields: Option<&[(&str, &str)]>) {
        let read = read(text.as_bytes()).ok();
        let expected = fields.map(|fields| {
            let owned = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            owned.collect::<BTreeMap<_, _>>()
        });
        assert_eq!(read, expected, "`{text}`");
    }

    #[test]
    fn one_level_is_read() {
        check("<xml></xml>", Some(&[]));
        check("<xml><a>1</a>\n <b><![CDATA[<2&>]]></b></xml>", Some(&[("a", "1"), ("b", "<2&>")]));
        check("<?xml version=\"1.0\"?><xml><a>1&lt;2</a></xml>\n", Some(&[("a", "1<2")]));
        check("<xml><a></a><b/></xml>", Some(&[("a", ""), ("b", "")]));
        check("<xml><a>x<![CDATA[y]]>z</a></xml>", Some(&[("a", "xyz")]));
    }

    #[test]
    fn whatever_else_xml_can_do_is_refused() {
        check("", None);
        check("{}", None);
        check("<xml><a>1</xml>", None);
        check("<xml><a>1</b></xml>", None);
        check("<xml><a>1</a>", None);
        check("<xml><a>1</a><a>2</a></xml>", None);
        check("<xml><a><b>1</b></a></xml>", None);
        check("<xml><a x=\"1\">1</a></xml>", None);
        check("<xml><a>&bomb;</a></xml>", None);
        check("<xml><a>&#65;</a></xml>", None);
        check("<!DOCTYPE xml [<!ENTITY b \"x\">]><xml><a>1</a></xml>", None);
        check("<xml><a><![CDATA[1</a></xml>", None);
        assert_eq!(read(&vec![b' '; MOST_BYTES + 1]), Err(Malformed));
        assert_eq!(read(b"<xml><a>\xff</a></xml>"), Err(Malformed));
    }

    #[test]
    fn what_is_written_is_read() {
        let texts = [("body", "面]]>&<付"), ("total_fee", "1250"), ("fee_type", "CNY")];
        let fields = texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        assert_eq!(read(write("xml", &fields).as_bytes()), Ok(fields));
    }
}
