//! What Shopify says about errors, as one text.

use serde_json::Value;

use crate::text::shorten;

/// Characters of a server's words that are shown.
const LONGEST_WORDS: usize = 500;

/// What errors say, whatever their shape: GraphQL's list, or the one text of a refusal.
pub(super) fn messages(errors: &Value) -> String {
    let list: Vec<&str> = match errors {
        Value::Array(list) => list
            .iter()
            .filter_map(|error| error.get("message")?.as_str())
            .collect(),
        Value::String(text) => vec![text],
        _ => vec![],
    };
    if list.is_empty() {
        return "it did not say why".to_owned();
    }
    joined(&list)
}

/// A server's words as one text that is short enough to be read.
pub(super) fn joined<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    shorten(&words.join("; "), LONGEST_WORDS).into_owned()
}
