//! A multipart form, taken apart.

use axum::http::{HeaderMap, header};
use memchr::memmem;

/// Names and values of a form's parts; `None` when it is not a form.
pub(super) fn parts(headers: &HeaderMap, body: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (_, boundary) = kind.split_once("boundary=")?;
    let boundary = format!("--{boundary}");
    let end = format!("\r\n{boundary}");
    let mut parts = Vec::new();
    let mut rest = body.strip_prefix(boundary.as_bytes())?;
    while !rest.starts_with(b"--") {
        let start = memmem::find(rest, b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&rest[..start]);
        let (_, name) = head.split_once("name=\"")?;
        let name = name.split('"').next()?.to_owned();
        let length = memmem::find(&rest[start..], end.as_bytes())?;
        parts.push((name, rest[start..start + length].to_vec()));
        rest = &rest[start + length + end.len()..];
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart() {
        let mut headers = HeaderMap::new();
        let kind = "multipart/form-data; boundary=XX";
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.mp4\"\r\n\
            Content-Type: video/mp4\r\n\r\n\r\n--X\r\n--XX--\r\n";
        let expected = [
            ("a".to_owned(), b"1".to_vec()),
            ("file".to_owned(), b"\r\n--X".to_vec()),
        ];
        assert_eq!(parts(&headers, body).unwrap(), expected);
        assert_eq!(parts(&headers, b"--XX\r\n"), None);
        assert_eq!(parts(&HeaderMap::new(), body), None);
    }
}
