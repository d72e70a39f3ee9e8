//! Rules over Rust: read as tokens, so that comments are free to name what code may not.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::tree::{Breach, Source};

const FUNCTION_LINES: usize = 70;
const PATTERN_NAMES: [&str; 6] = ["Manager", "Service", "Helper", "Util", "Processor", "Handler"];

/// One token, flattened, with the line it begins on.
struct Token {
    text: String,
    line: usize,
    is_literal: bool,
}

/// Domain types are plain: no serialising, no clock, no I/O, no randomness.
pub(crate) fn core_is_pure(source: &Source) -> Vec<Breach> {
    if !source.path.starts_with("crates/core/src/") || !source.is_rust() {
        return Vec::new();
    }
    let banned = ["Serialize", "Deserialize", "serde", "SystemTime", "Instant", "HashMap"];
    let mut breaches = found(source, |tokens, at| banned.contains(&tokens[at].text.as_str()));
    let modules = ["fs", "net", "io", "env", "process", "thread"];
    breaches.extend(found(source, |tokens, at| {
        let words = texts(tokens, at, 4);
        words.starts_with(&["std", ":", ":"])
            && modules.contains(words.last().unwrap_or(&""))
            && !source.is_test()
            && !is_test_line(source, tokens[at].line)
    }));
    let what = "core decides and touches nothing; move this to the crate that does the work";
    told(breaches, |name| format!("`{name}`: {what}"))
}

/// Each outside library that shapes the layout has one room.
pub(crate) fn names(source: &Source) -> Vec<Breach> {
    let rooms: [(&str, &[&str]); 3] = [
        ("reqwest", &["crates/gateway/src/transport.rs", "crates/gateway/src/transport/"]),
        ("tauri", &["src-tauri/"]),
        ("rusqlite", &["crates/db/", "crates/relay/src/db.rs", "tests/"]),
    ];
    let mut breaches = Vec::new();
    for (name, rooms) in rooms {
        if !source.is_rust() || rooms.iter().any(|room| source.path.starts_with(room)) {
            continue;
        }
        let named = found(source, |tokens, at| {
            let crate_path = texts(tokens, at + 1, 2) == [":", ":"];
            tokens[at].text == name && !tokens[at].is_literal && crate_path
        });
        breaches.extend(told(named, |name| format!("only {} knows `{name}`", rooms[0])));
    }
    breaches
}

/// SQL in a string literal outside the database's rooms. Tests may quote SQL as bad input.
pub(crate) fn sql(source: &Source) -> Vec<Breach> {
    let rooms = ["crates/db/", "crates/relay/src/db", "tests/"];
    if !source.is_rust() || source.is_test() || rooms.iter().any(|r| source.path.starts_with(r)) {
        return Vec::new();
    }
    let found = found(source, |tokens, at| {
        let token = &tokens[at];
        token.is_literal && is_sql(&token.text) && !is_test_line(source, token.line)
    });
    told(found, |_| "SQL lives in crates/db; add a method named for the question".to_owned())
}

pub(crate) fn function_lengths(source: &Source) -> Vec<Breach> {
    struct Lengths(Vec<Breach>);
    impl Lengths {
        fn measure(&mut self, name: &syn::Ident, from: usize, block: &syn::Block) {
            let lines = block.span().end().line + 1 - from;
            if lines > FUNCTION_LINES {
                let what = format!("`{name}` has {lines} lines; split it below {FUNCTION_LINES}");
                self.0.push(Breach::new(from, what));
            }
        }
    }
    impl<'ast> Visit<'ast> for Lengths {
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            let from = function.sig.span().start().line;
            self.measure(&function.sig.ident, from, &function.block);
            visit::visit_item_fn(self, function);
        }
        fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
            let from = function.sig.span().start().line;
            self.measure(&function.sig.ident, from, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
        fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
            if let Some(block) = &function.default {
                let from = function.sig.span().start().line;
                self.measure(&function.sig.ident, from, block);
            }
            visit::visit_trait_item_fn(self, function);
        }
    }
    let Some(file) = parsed(source) else { return Vec::new() };
    let mut lengths = Lengths(Vec::new());
    lengths.visit_file(&file);
    lengths.0
}

pub(crate) fn type_names(source: &Source) -> Vec<Breach> {
    let kinds = ["struct", "enum", "trait", "type"];
    let found = found(source, |tokens, at| {
        let after_kind = at > 0 && kinds.contains(&tokens[at - 1].text.as_str());
        after_kind && PATTERN_NAMES.iter().any(|ending| tokens[at].text.ends_with(ending))
    });
    let mut breaches = told(found, |name| format!("`{name}` names a pattern; name the thing"));
    let modules = self::found(source, |tokens, at| {
        at > 0 && tokens[at - 1].text == "mod" && is_utils(&tokens[at].text)
    });
    breaches.extend(told(modules, |name| format!("`mod {name}` says nothing; name the thing")));
    breaches
}

/// Work left open and tests switched off.
pub(crate) fn left_open(source: &Source) -> Vec<Breach> {
    let open = found(source, |tokens, at| {
        let text = tokens[at].text.as_str();
        let left = ["todo", "unimplemented"].contains(&text) && texts(tokens, at + 1, 1) == ["!"];
        let opened = at >= 2 && texts(tokens, at - 2, 2) == ["#", "["];
        let off = opened && ["ignore", "should_panic"].contains(&text);
        left || off
    });
    told(open, |name| format!("`{name}`: finish it, or take it out"))
}

/// A test waits for a condition with a bound; it never sleeps and hopes.
pub(crate) fn sleeps(source: &Source) -> Vec<Breach> {
    let names = ["sleep", "sleep_until", "sleep_ms"];
    let found = found(source, |tokens, at| {
        let called = texts(tokens, at + 1, 1) == ["("];
        let is_sleep = names.contains(&tokens[at].text.as_str()) && called;
        let declared = at > 0 && tokens[at - 1].text == "fn";
        is_sleep && !declared && (source.is_test() || is_test_line(source, tokens[at].line))
    });
    told(found, |name| format!("`{name}` in a test; wait for the condition with a bound"))
}

/// Money is whole fen. A lint bans float arithmetic; this bans the types and literals too.
pub(crate) fn floats(source: &Source) -> Vec<Breach> {
    if source.path.starts_with("xtask/src/bench") {
        return Vec::new();
    }
    let found = found(source, |tokens, at| {
        let token = &tokens[at];
        let is_type = ["f32", "f64"].contains(&token.text.as_str());
        let digits = token.text.starts_with(|first: char| first.is_ascii_digit());
        let is_decimal = token.is_literal && digits && token.text.contains('.');
        // `tuple.0.1` reads as one decimal token after a dot.
        let after_dot = at > 0 && tokens[at - 1].text == ".";
        is_type || (is_decimal && !after_dot)
    });
    told(found, |name| format!("`{name}` is a float; count in fen, ms or bytes"))
}

/// Every module opens with what it is.
pub(crate) fn module_docs(source: &Source) -> Vec<Breach> {
    let is_table = source.path.ends_with("/tests.rs"); // Its parent says what it is.
    if !source.is_rust() || is_table || source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![Breach::new(1, "open with `//!`: what it is, what it is not, the rules it keeps")]
}

fn is_sql(literal: &str) -> bool {
    let text = literal.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = ["INSERT INTO ", "CREATE TABLE ", "DELETE FROM ", "PRAGMA ", "ALTER TABLE "];
    let pairs = [("SELECT ", " FROM "), ("UPDATE ", " SET ")];
    whole.iter().any(|word| text.contains(word))
        || pairs.iter().any(|(first, second)| {
            text.split_once(first).is_some_and(|(_, rest)| rest.contains(second))
        })
}

fn is_utils(name: &str) -> bool {
    ["util", "utils", "helpers", "misc", "common"].contains(&name)
}

fn told(found: Vec<Breach>, what: impl Fn(&str) -> String) -> Vec<Breach> {
    found.into_iter().map(|breach| Breach::new(breach.line, what(&breach.what))).collect()
}

/// Returns the lines of tokens that match, each breach naming its token.
fn found(source: &Source, matches: impl Fn(&[Token], usize) -> bool) -> Vec<Breach> {
    if !source.is_rust() {
        return Vec::new();
    }
    let stream: TokenStream =
        source.text.parse().unwrap_or_else(|error| panic!("{}: {error}", source.path));
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    let places = (0..tokens.len()).filter(|at| matches(&tokens, *at));
    places.map(|at| Breach::new(tokens[at].line, tokens[at].text.clone())).collect()
}

/// Comments are gone from a token stream; doc comments are attributes and are dropped here.
fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let is_doc = open == "[" && begins_with_doc(&group.stream());
                push(tokens, open, line);
                if !is_doc {
                    flatten(group.stream(), tokens);
                }
                push(tokens, close, group.span_close().start().line);
            }
            TokenTree::Punct(mark) => {
                push(tokens, &mark.as_char().to_string(), line);
            }
            TokenTree::Ident(name) => push(tokens, &name.to_string(), line),
            TokenTree::Literal(literal) => {
                tokens.push(Token { text: literal.to_string(), line, is_literal: true });
            }
        }
    }
}

fn push(tokens: &mut Vec<Token>, text: &str, line: usize) {
    tokens.push(Token { text: text.to_owned(), line, is_literal: false });
}

fn begins_with_doc(stream: &TokenStream) -> bool {
    stream.clone().into_iter().next().is_some_and(|first| first.to_string() == "doc")
}

/// Returns the texts of up to `count` tokens from `at` on.
fn texts(tokens: &[Token], at: usize, count: usize) -> Vec<&str> {
    tokens.iter().skip(at).take(count).map(|token| token.text.as_str()).collect()
}

/// True inside an item marked `#[cfg(test)]` or `#[test]`.
fn is_test_line(source: &Source, line: usize) -> bool {
    struct Spans(Vec<(usize, usize)>);
    impl Spans {
        fn look(&mut self, attributes: &[syn::Attribute], span: proc_macro2::Span) {
            if attributes.iter().any(is_test_mark) {
                self.0.push((span.start().line, span.end().line));
            }
        }
    }
    impl<'ast> Visit<'ast> for Spans {
        fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
            self.look(&module.attrs, module.span());
            visit::visit_item_mod(self, module);
        }
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            self.look(&function.attrs, function.span());
        }
        fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
            self.look(&block.attrs, block.span());
        }
    }
    let Some(file) = parsed(source) else { return false };
    let mut spans = Spans(Vec::new());
    spans.visit_file(&file);
    spans.0.iter().any(|(from, to)| (*from..=*to).contains(&line))
}

fn is_test_mark(attribute: &syn::Attribute) -> bool {
    let named_test = attribute.path().segments.last().is_some_and(|last| last.ident == "test");
    let is_cfg = attribute.path().is_ident("cfg");
    let inside = match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        syn::Meta::Path(_) | syn::Meta::NameValue(_) => String::new(),
    };
    named_test || (is_cfg && inside.split([' ', '(', ')', ',']).any(|word| word == "test"))
}

fn parsed(source: &Source) -> Option<syn::File> {
    if !source.is_rust() {
        return None;
    }
    Some(syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.path)))
}
