//! Nearest names: for a word that is not known, the one that was probably meant.

/// The candidate that `name` most likely stands for, if one is near enough. Case, spaces, hyphens
/// and underscores do not count.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((likeness(&name, &plain(candidate))?, candidate)))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// How alike two words are, up to 1; `None` when they are different words. Typing errors are
/// counted in relation to the length; the beginning of a longer word is alike as well.
fn likeness(name: &str, candidate: &str) -> Option<f64> {
    if name.is_empty() || candidate.is_empty() {
        return None;
    }
    let (length, other) = (name.chars().count(), candidate.chars().count());
    // The distance is quadratic, and no one means a short name by a very long one.
    if length > 64 {
        return None;
    }
    let typos = strsim::damerau_levenshtein(name, candidate);
    let alike = 1.0 - typos as f64 / length.max(other) as f64;
    let near = typos <= 1.max(length.min(other) / 3);
    let begins = length >= 4 && (candidate.starts_with(name) || name.starts_with(candidate));
    (near || begins).then_some(alike)
}

fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, ' ' | '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 6] = [
        "listing_id",
        "sku",
        "image_url",
        "video_prompt",
        "model",
        "duration",
    ];

    #[test]
    fn slips_of_the_finger_are_seen_through() {
        for (name, meant) in [
            ("listingid", "listing_id"),
            ("Listing ID", "listing_id"),
            ("imgae_url", "image_url"),
            ("image", "image_url"),
            ("skus", "sku"),
            ("durration", "duration"),
        ] {
            assert_eq!(nearest(name, COLUMNS), Some(meant), "{name}");
        }
    }

    #[test]
    fn other_words_get_no_hint() {
        for name in [
            "",
            "price",
            "xy",
            "target",
            "zzzzzzzzzzzz",
            &"a".repeat(100_000),
        ] {
            assert_eq!(nearest(name, COLUMNS), None, "{name}");
        }
    }

    #[test]
    fn among_equals_the_first_by_name_is_taken() {
        assert_eq!(nearest("ab", ["ac", "aa"]), Some("aa"));
    }
}
