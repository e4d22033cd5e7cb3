//! Parts of a file, as HTTP asks for them.

use std::ops::Range;

/// What a `Range` header asks for of `len` bytes; an empty range where nothing of it exists. `None` for
/// what a server may ignore, and answer with the whole: another unit, several ranges, nonsense.
pub fn bytes(header: &str, len: u64) -> Option<Range<u64>> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        return Some(len.saturating_sub(number(last)?)..len);
    }
    let first = number(first)?;
    let last = if last.is_empty() {
        u64::MAX
    } else {
        number(last)?
    };
    (first <= last).then(|| first.min(len)..last.saturating_add(1).min(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (text, range) in [
            ("bytes=0-9", Some(0..10)),
            ("bytes=5-", Some(5..100)),
            ("bytes=-10", Some(90..100)),
            ("bytes=-1000", Some(0..100)),
            ("bytes=90-1000", Some(90..100)),
            ("bytes=90-99999999999999999999999", Some(90..100)),
            ("bytes=100-", Some(100..100)),
            ("bytes=-0", Some(100..100)),
            ("bytes=9-5", None),
            ("bytes=0-1,5-6", None),
            ("items=0-1", None),
            ("bytes=", None),
            ("bytes=-", None),
        ] {
            assert_eq!(bytes(text, 100), range, "{text}");
        }
        assert_eq!(bytes("bytes=0-", 0), Some(0..0));
    }
}
