//! The reader of XML: what it takes, and everything that it must not.

use proptest::prelude::*;

use crate::BODY_LIMIT_BYTES;
use crate::wechat::v2::xml::{read, write};

#[track_caller]
fn check(text: &str, expected: Option<&[(&str, &str)]>) {
    let elements = read(text.as_bytes(), "xml");
    let told = elements.as_ref().map(|elements| {
        elements.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>()
    });
    assert_eq!(told.as_deref(), expected, "{text:?}");
}

#[test]
fn flat_elements_with_text_or_cdata_are_read() {
    check("<xml></xml>", Some(&[]));
    check("<xml><a>1</a><b><![CDATA[二]]></b></xml>", Some(&[("a", "1"), ("b", "二")]));
    check("\u{feff}<xml>\r\n\t<a >1</a >\n</xml>\n\n", Some(&[("a", "1")]));
    check("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml><a></a></xml>", Some(&[("a", "")]));
    check("<xml><a>x<![CDATA[<b>&amp;]]>y</a></xml>", Some(&[("a", "x<b>&amp;y")]));
    check("<xml><a>&lt;&gt;&amp;&quot;&apos;</a></xml>", Some(&[("a", "<>&\"'")]));
    check("<xml><a>&#38;&#x9762;&#10;</a></xml>", Some(&[("a", "&面\n")]));
    check("<xml><a> 1\r\n2\r3 </a></xml>", Some(&[("a", " 1\n2\n3 ")]));
    check("<xml><a>&amp;lt;</a></xml>", Some(&[("a", "&lt;")]));
}

#[test]
fn whatever_xml_is_attacked_with_is_refused() {
    let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;\">]>";
    let outside = "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    for text in [
        &format!("{bomb}<xml><a>&lol2;</a></xml>"),
        &format!("<?xml version=\"1.0\"?>{outside}<xml><a>&x;</a></xml>"),
        &format!("<xml>{outside}<a>1</a></xml>"),
        "<!DOCTYPE xml SYSTEM \"http://example.com/evil.dtd\"><xml></xml>",
        "<!DOCTYPE xml><xml><a>1</a></xml>",
        "<xml><a>&lol;</a></xml>",
        "<xml><a>&nbsp;</a></xml>",
        "<xml><a>&AMP;</a></xml>",
        "<xml><a>&</a></xml>",
        "<xml><a>&;</a></xml>",
        "<xml><a>&amp</a></xml>",
        "<xml><a>&#;</a></xml>",
        "<xml><a>&#x;</a></xml>",
        "<xml><a>&#+65;</a></xml>",
        "<xml><a>&#-65;</a></xml>",
        "<xml><a>&#0;</a></xml>",
        "<xml><a>&#xD800;</a></xml>",
        "<xml><a>&#x110000;</a></xml>",
        "<xml><a>&#99999999999999999999;</a></xml>",
        "<xml><a b=\"1\">1</a></xml>",
        "<xml xmlns:xi=\"http://www.w3.org/2001/XInclude\"><a>1</a></xml>",
        "<xml><xi:include href=\"file:///etc/passwd\"/></xml>",
        "<xml><a/></xml>",
        "<xml><a><b>1</b></a></xml>",
        "<xml><!-- x --><a>1</a></xml>",
        "<xml><a>1<!-- x --></a></xml>",
        "<xml><?php echo 1 ?><a>1</a></xml>",
        "<?xml-stylesheet href=\"x\"?><xml><a>1</a></xml>",
        "<?xml version=\"1.0\" encoding=\"GBK\"?><xml><a>1</a></xml>",
    ] {
        check(text, None);
    }
}

#[test]
fn broken_and_ambiguous_texts_are_refused() {
    for text in [
        "",
        " ",
        "xml",
        "<",
        "<xml>",
        "<xml></XML>",
        "<xml><a>1</a>",
        "<xml><a>1</xml>",
        "<xml><a>1</b></xml>",
        "<xml><a>1</a></xml><xml></xml>",
        "<xml><a>1</a></xml>x",
        "x<xml><a>1</a></xml>",
        " <root><a>1</a></root>",
        "<xmlx><a>1</a></xmlx>",
        "<xml>x<a>1</a></xml>",
        "<xml><a>1</a><a>2</a></xml>",
        "<xml><a>1</a><a>1</a></xml>",
        "<xml><1a>1</1a></xml>",
        "<xml><>1</></xml>",
        "<xml>< a>1</a></xml>",
        "<xml><a>]]></a></xml>",
        "<xml><a><![CDATA[1</a></xml>",
        "<xml><a><![cdata[1]]></a></xml>",
        "<xml><![CDATA[1]]></xml>",
        "<xml><a>\u{0}</a></xml>",
        "<xml><a>\u{8}</a></xml>",
        "<xml><a>\u{ffff}</a></xml>",
        "{\"return_code\":\"SUCCESS\"}",
    ] {
        check(text, None);
    }
    assert_eq!(read(b"<xml><a>\xb2\xe2</a></xml>", "xml"), None, "another charset");
}

#[test]
fn depth_count_and_size_have_bounds() {
    let many = |count: usize| {
        let elements: String = (0..count).map(|nth| format!("<a{nth}>1</a{nth}>")).collect();
        read(format!("<xml>{elements}</xml>").as_bytes(), "xml")
    };
    assert_eq!(many(256).unwrap().len(), 256);
    assert_eq!(many(257), None);
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert_eq!(read(deep.as_bytes(), "xml"), None);
    let long =
        |bytes: usize| read(format!("<xml><a>{}</a></xml>", "x".repeat(bytes)).as_bytes(), "xml");
    assert!(long(32 * 1024).is_some());
    assert!(long(32 * 1024 + 1).is_none());
    assert!(long(BODY_LIMIT_BYTES).is_none());
    let name = |bytes: usize| {
        let name = "n".repeat(bytes);
        read(format!("<xml><{name}>1</{name}></xml>").as_bytes(), "xml")
    };
    assert!(name(64).is_some());
    assert!(name(65).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(
        value in "[ -~\u{4e00}-\u{4eff}\n\t]{0,60}",
        tail in "(\\]\\]>|<!\\[CDATA\\[|&amp;|</a>){0,4}",
    ) {
        let value = format!("{value}{tail}");
        let text = write([("a", value.as_str()), ("b", "2")]);
        let elements = read(text.as_bytes(), "xml").unwrap();
        prop_assert_eq!(&elements["a"], &value);
        prop_assert_eq!(&elements["b"], "2");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(<xml>|</xml>|<a>|</a>|<!\\[CDATA\\[|\\]\\]>|&|#|x|;|面|\\?>|<\\?xml){0,30}") {
        let _ = read(text.as_bytes(), "xml");
    }
}
