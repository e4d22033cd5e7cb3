//! The order in which people count: LST-9 before LST-10.

use std::cmp::Ordering;

/// Compares by words and numbers; texts that count the same are ordered by their characters, so
/// that the order is total.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(left_char), Some(right_char)) = (left.chars().next(), right.chars().next())
        else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if left_char.is_ascii_digit() && right_char.is_ascii_digit() {
            let (first, second) = (take_number(&mut left), take_number(&mut right));
            // Without leading zeros the longer number is the larger one.
            let order = first
                .len()
                .cmp(&second.len())
                .then_with(|| first.cmp(second));
            if order.is_ne() {
                return order;
            }
        } else if left_char == right_char {
            left = &left[left_char.len_utf8()..];
            right = &right[right_char.len_utf8()..];
        } else {
            let order = left_char.to_lowercase().cmp(right_char.to_lowercase());
            if order.is_ne() {
                return order;
            }
            left = &left[left_char.len_utf8()..];
            right = &right[right_char.len_utf8()..];
        }
    }
}

fn take_number<'a>(text: &mut &'a str) -> &'a str {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count() {
        let mut ids = [
            "LST-10", "lst-2", "LST-9", "SHOE", "LST-9b", "", "LST-09", "ä1",
        ];
        ids.sort_by(|a, b| compare(a, b));
        assert_eq!(
            ids,
            [
                "", "lst-2", "LST-09", "LST-9", "LST-9b", "LST-10", "SHOE", "ä1"
            ]
        );
    }

    #[test]
    fn no_number_is_too_long() {
        let long = "9".repeat(100);
        assert_eq!(compare("LST-10", &format!("LST-{long}")), Ordering::Less);
    }

    #[test]
    fn only_the_same_text_is_equal() {
        assert_eq!(compare("a01", "a01"), Ordering::Equal);
        assert_ne!(compare("a01", "a1"), Ordering::Equal);
        assert_ne!(compare("A", "a"), Ordering::Equal);
    }
}
