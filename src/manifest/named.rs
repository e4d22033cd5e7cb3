//! Photos' addresses in a cell, with the names in front of them.

/// The addresses in a cell that holds several, with whatever stands between them left out. A
/// single address in brackets after a name, as Airtable writes attachments, is one of these, too.
/// An address within an address is none of its own.
pub(super) fn addresses_in(text: &str) -> Vec<&str> {
    let found = named_in(text).into_iter();
    found.map(|photo| photo.address).collect()
}

/// A photo's address in a cell, and the name in front of it: `kitchen.jpg (https://...)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub name: Option<&'a str>,
    pub address: &'a str,
}

/// The web addresses in a text, each with its name where it has one.
pub(super) fn named_in(text: &str) -> Vec<Named<'_>> {
    let is_between = |c: char| c.is_whitespace() || "|;,(<\"'".contains(c);
    let mut starts: Vec<usize> = ["https://", "http://"]
        .iter()
        .flat_map(|scheme| text.match_indices(scheme).map(|(at, _)| at))
        .filter(|&at| text[..at].chars().next_back().is_none_or(is_between))
        .collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut last = 0;
    let mut found = Vec::with_capacity(starts.len());
    for (&start, end) in starts.iter().zip(ends) {
        let piece = &text[start..end];
        let name = text[last..start].strip_suffix('(');
        let piece = match piece.find(')').filter(|_| name.is_some()) {
            Some(close) => &piece[..close],
            None => piece,
        };
        last = start + piece.len();
        let name = name.map(|name| {
            name.trim_start_matches(|c| c == ')' || is_between(c))
                .trim_end()
        });
        found.push(Named {
            name: name.filter(|name| !name.is_empty()),
            address: piece.trim_end_matches(|c: char| is_between(c) || c == '>'),
        });
    }
    found
}

/// The photos in a cell; at least one, which may be empty.
pub(super) fn photos_in(given: &str) -> Vec<Named<'_>> {
    let found = named_in(given);
    match found.as_slice() {
        // A name and its address, as Airtable writes an attachment.
        [_] if !given.starts_with("http") && given.ends_with(')') => found,
        [] | [_] => vec![Named {
            name: None,
            address: given,
        }],
        _ => found,
    }
}

/// The name and the address in `kitchen.jpg (https://...)`; of anything else no name.
pub fn named_photo(given: &str) -> (Option<&str>, &str) {
    match photos_in(given).as_slice() {
        [only] => (only.name, only.address),
        _ => (None, given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_addresses_are_reported_apart() {
        const A: &str = "https://e.com/a.jpg";
        const B: &str = "http://e.com/b.jpg?x=1";
        for text in [
            format!("{A}|{B}"),
            format!("{A};{B}"),
            format!("{A},{B}"),
            format!("{A}, {B},"),
            format!("{A} {B}"),
            format!("{A}\n{B}\n"),
            format!("{A} | {B}"),
            format!("a.jpg ({A}),b.jpg ({B})"),
            format!("\"{A}\",\"{B}\""),
        ] {
            assert_eq!(addresses_in(&text), [A, B], "{text}");
        }
        assert_eq!(addresses_in(&format!("a (1).jpg ({A})")), [A]);
        let text = format!("Bath, old (1).jpg ({A}), b.jpg ({B}),{A}");
        let names: Vec<_> = named_in(&text).iter().map(|photo| photo.name).collect();
        assert_eq!(names, [Some("Bath, old (1).jpg"), Some("b.jpg"), None]);
        for one in [
            A,
            "https://r.example/fetch/w_400,h_300/https://e.com/a.jpg",
            "https://r.example/?url=https://e.com/a.jpg",
            "https://e.com/a,b;c|d.jpg",
        ] {
            assert_eq!(addresses_in(one), [one]);
        }
        assert!(addresses_in("a.jpg").is_empty());
    }
}
