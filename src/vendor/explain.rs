//! What a server reported, made fit for a log line and a person: without the key, without markup,
//! without control characters, and short.

use super::ApiKey;
use super::payload::message_of;
use crate::text::shorten;

/// Longest error text kept, in characters.
const MAX_ERROR: usize = 500;
/// Of a body that is not JSON only the beginning is of use, in characters.
const MAX_PROSE: usize = 200;

/// The message in an error reply's body of no documented shape, JSON or not; `None` when it says
/// nothing.
pub(crate) fn message(body: &[u8], key: Option<&ApiKey>) -> Option<String> {
    if let Ok(value) = serde_json::from_slice(body) {
        return message_of(&value)
            .map(|text| tidy(&text, key))
            .filter(|text| !text.is_empty());
    }
    let prose = without_markup(&String::from_utf8_lossy(body));
    Some(shorten(&escape(&prose, key), MAX_PROSE + 1).into_owned()).filter(|text| !text.is_empty())
}

/// `text` in one line without the key, escaped, and capped.
pub(super) fn tidy(text: &str, key: Option<&ApiKey>) -> String {
    shorten(&escape(text, key), MAX_ERROR + 1).into_owned()
}

/// The innermost cause of an error. What libraries wrap around it ("client error (Connect)") says
/// nothing to a person.
pub fn root_cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// White space runs become one space; the key is blotted out; what could act on a terminal is
/// spelled out.
fn escape(text: &str, key: Option<&ApiKey>) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(key) = key {
        line = key.blot(&line);
    }
    crate::text::escape(&line).into_owned()
}

/// The text of a page: no tags, no scripts, no styles. A `<` that begins no tag stays.
fn without_markup(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at + 1..];
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            out.push('<');
            rest = tag;
            continue;
        }
        // A tag separates words.
        out.push(' ');
        rest = match hidden_element(tag) {
            Some(name) => after_element(tag, name),
            None => tag.find('>').map_or("", |end| &tag[end + 1..]),
        };
    }
    out.push_str(rest);
    out
}

/// Elements whose content no one sees.
fn hidden_element(tag: &str) -> Option<&'static str> {
    ["script", "style"].into_iter().find(|name| {
        tag.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
            && !tag[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// What follows the end tag of element `name`; nothing when it has none.
fn after_element<'a>(tag: &'a str, name: &str) -> &'a str {
    let mut rest = tag;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        let is_end = rest
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        if is_end {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> ApiKey {
        ApiKey::new("rph_live_1").unwrap()
    }

    fn described(body: &str) -> Option<String> {
        message(body.as_bytes(), Some(&key()))
    }

    #[test]
    fn json_of_any_shape_gives_its_message() {
        for (body, text) in [
            (r#"{"error":{"message":"no photo"}}"#, "no photo"),
            (r#"{"detail":[{"msg":"too long"}]}"#, "too long"),
            (r#""plain""#, "plain"),
            (r#"{"code":7}"#, r#"{"code":7}"#),
        ] {
            assert_eq!(described(body).as_deref(), Some(text), "{body}");
        }
        for nothing in ["", "null", "\"\"", " \n ", "<html></html>"] {
            assert_eq!(described(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_page_gives_its_words() {
        let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title>\
            <style>a{color:red}</style><SCRIPT src=x>if (a<b) alert('</p>')</SCRIPT></head>\
            <body><h1>Bad  Gateway</h1>\r\n a < b</body></html>";
        assert_eq!(
            described(page).unwrap(),
            "502 Bad Gateway Bad Gateway a < b"
        );
    }

    #[test]
    fn the_key_is_blotted_out_even_where_markup_divides_it() {
        for body in [
            r#"{"error":"bad key rph_live_1"}"#,
            "<p>bad key rph_live_1</p>",
            r#"{"given":"rph_live_1"}"#,
        ] {
            let text = described(body).unwrap();
            assert!(
                text.contains("[key]") && !text.contains("rph_live"),
                "{text}"
            );
        }
        let at_the_cap = format!("{}rph_live_1", "x".repeat(MAX_PROSE - 4));
        assert!(!described(&at_the_cap).unwrap().contains("rph"));
    }

    #[test]
    fn what_could_act_on_a_terminal_is_spelled_out() {
        let text = tidy("a\u{1b}[2Jb\nc\u{202e}d\u{9b}", None);
        assert_eq!(text, "a\\u{1b}[2Jb c\\u{202e}d\\u{9b}");
    }

    #[test]
    fn texts_are_capped() {
        assert_eq!(
            tidy(&"é".repeat(9_000), None).chars().count(),
            MAX_ERROR + 1
        );
        let page = "word ".repeat(9_000);
        // Without the space at its end.
        assert_eq!(described(&page).unwrap().chars().count(), MAX_PROSE);
    }

    proptest! {
        #[test]
        fn no_body_panics_or_leaves_a_control_character(body: Vec<u8>) {
            if let Some(text) = message(&body, None) {
                prop_assert!(!text.chars().any(char::is_control));
                prop_assert!(text.chars().count() <= MAX_ERROR + 1);
            }
        }

        #[test]
        fn no_markup_panics(page in "(<|>|/|!|script|style|é|x| ){0,30}") {
            let _ = without_markup(&page);
        }
    }
}
