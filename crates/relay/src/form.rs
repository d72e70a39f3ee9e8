//! A form (`application/x-www-form-urlencoded`) as bytes.
//!
//! Names and values are percent-decoded and no more: a channel signs the bytes of the charset it
//! declares, so the bytes that came are what its signature covers, whatever that charset is.

use std::borrow::Cow;

use mianfu_core::mutant;

/// Fields at most; the largest notice documented has some forty.
const FIELDS_MAX: usize = 256;

type Bytes<'b> = Cow<'b, [u8]>;

/// Names and values, each name once, in the order in which they are signed. What came unescaped
/// is where it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fields<'b>(Vec<(Bytes<'b>, Bytes<'b>)>);

impl Fields<'_> {
    /// Returns the value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.binary_search_by(|(other, _)| (**other).cmp(name.as_bytes()));
        found.ok().map(|place| &*self.0[place].1)
    }

    /// Returns every name with its value, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Reads a form. `None` where a name occurs twice, for two readers might not mean the same one,
/// where a percent sign stands alone, or where there are more fields than any notice has.
pub(crate) fn read(body: &[u8]) -> Option<Fields<'_>> {
    let mut fields = Vec::with_capacity(32);
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        if fields.len() == FIELDS_MAX {
            return None;
        }
        let at = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let value = pair.get(at + 1..).unwrap_or_default();
        fields.push((decoded(&pair[..at])?, decoded(value)?));
    }
    fields.sort_unstable_by(|(name, _), (other, _)| name.cmp(other));
    let is_each_once = fields.windows(2).all(|pair| pair[0].0 != pair[1].0);
    let is_read = is_each_once || mutant::planted("relay_reads_a_name_twice");
    is_read.then_some(Fields(fields))
}

/// Says whether what is signed stands for these fields alone. It joins names and values as they
/// are, so one field of `1&b=2` has the signature of two; whoever writes them as one hides one.
pub(crate) fn reads_one_way(fields: &Fields<'_>) -> bool {
    let begins_a_field = |text: &[u8]| {
        let end = text.iter().position(|&byte| byte == b'=').unwrap_or(0);
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        end != 0 && text[..end].iter().all(is_part)
    };
    fields.iter().all(|(name, value)| {
        let parts = &mut value.split(|&byte| byte == b'&').skip(1);
        !name.iter().any(|byte| b"&=".contains(byte)) && !parts.any(begins_a_field)
    })
}

fn decoded(text: &[u8]) -> Option<Bytes<'_>> {
    let is_escaped = |byte: &u8| matches!(byte, b'%' | b'+');
    let Some(plain) = text.iter().position(is_escaped) else { return Some(text.into()) };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    bytes.extend_from_slice(&text[..plain]);
    let mut rest = text[plain..].iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(*rest.next()?)? << 4 | digit(*rest.next()?)?,
            plain => plain,
        });
    }
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_bytes() {
        let fields = read(b"b=%C4%C3%CC%FA+%2B&a=&&c").unwrap();
        let expected: [(&[u8], &[u8]); 3] =
            [(b"a", b""), (b"b", b"\xc4\xc3\xcc\xfa +"), (b"c", b"")];
        assert_eq!(fields.iter().collect::<Vec<_>>(), expected);
        assert_eq!(fields.get("b"), Some(expected[1].1));
        assert_eq!(fields.get("d"), None);
    }

    #[test]
    fn a_field_inside_another_is_told_from_a_text() {
        let one_way = |body: &str| reads_one_way(&read(body.as_bytes()).unwrap());
        for body in ["a=1&b=2", "a=x%26", "a=%26%26", "a=%E9%9D%A2%26%E8%8C%B6%3D1", "a=1%26%3D2"] {
            assert!(one_way(body), "{body}");
        }
        for body in
            ["a=1%26b=2", "a=1%26b%3D2&c=3", "a=%26b_1=", "a=1%26%26b=2", "a%26b=1", "%3D=1"]
        {
            assert!(!one_way(body), "{body}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for body in ["a=1&a=1", "a=1&b=2&a=3", "a=%", "a=%4", "a=%zz", "%=1", "a=1&%61=1"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
        let many: String = (0..=FIELDS_MAX).map(|n| format!("f{n}=1&")).collect();
        assert_eq!(read(many.as_bytes()), None);
    }
}
