//! What HTTP/1.1 puts around a body: a head before it, and the marks of a transfer in chunks.

/// What follows the request's head, where there is one.
pub(super) fn split_head(raw: &[u8]) -> Option<&[u8]> {
    let line = &raw[..memchr::memchr(b'\n', raw)?];
    memchr::memmem::find(line, b" HTTP/")?;
    // An editor may have changed the line ends.
    ["\r\n\r\n", "\n\n"].iter().find_map(|blank_line| {
        let end = memchr::memmem::find(raw, blank_line.as_bytes())?;
        Some(&raw[end + blank_line.len()..])
    })
}

/// Joins the chunks of a body and says whether the last one was there; `None` when it is not in
/// chunks (a JSON body begins with no hexadecimal digit).
pub(super) fn unchunk(mut rest: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut body = Vec::with_capacity(rest.len());
    let mut first = true;
    loop {
        let Some(end) = memchr::memmem::find(rest, b"\r\n") else {
            return (!first).then_some((body, false));
        };
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(digits, 16) else {
            return (!first).then_some((body, false));
        };
        rest = &rest[end + 2..];
        if size == 0 {
            return Some((body, true));
        }
        let Some((chunk, after)) = rest.split_at_checked(size) else {
            body.extend_from_slice(rest);
            return Some((body, false));
        };
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").unwrap_or(after);
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_a_missing_end_is_seen() {
        let joined = |text: &str| unchunk(text.as_bytes());
        let whole = "3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n";
        assert_eq!(joined(whole), Some((b"{\"a\":1}".to_vec(), true)));
        for (cut, body) in [
            (&whole[..12], "{\"a"),
            (&whole[..18], "{\"a\":1"),
            (&whole[..9], "{\"a"),
        ] {
            let (bytes, complete) = joined(cut).unwrap();
            assert!(!complete, "{cut:?}");
            assert!("{\"a\":1}".as_bytes().starts_with(&bytes), "{cut:?} {body}");
        }
        assert_eq!(joined("{\"a\":1}"), None);
        assert_eq!(joined("{\r\n}"), None);
        assert_eq!(joined("ffffffffffffffffff\r\n{"), None);
        assert_eq!(
            joined("ffffffffffffffff\r\n{"),
            Some((b"{".to_vec(), false))
        );
    }
}
