//! What a command has written, as text.

/// The end of a command's output as text. What is not UTF-8 is in the console's code page on
/// Windows.
#[cfg_attr(unix, expect(clippy::unused_async, reason = "Windows has to ask"))]
pub async fn decode(bytes: &[u8]) -> String {
    let whole = from_whole_character(bytes);
    if let Ok(text) = std::str::from_utf8(whole) {
        return text.to_owned();
    }
    #[cfg(windows)]
    if let Some(text) = code_page::get()
        .await
        .and_then(|page| code_page::decode(bytes, page))
    {
        return text;
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// Without what may be the rest of a character whose beginning was not kept.
fn from_whole_character(bytes: &[u8]) -> &[u8] {
    let is_rest = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    let rest = bytes.iter().take(3).take_while(is_rest).count();
    &bytes[rest..]
}

#[cfg(windows)]
mod code_page {
    use encoding_rs::Encoding;
    use oem_cp::code_table::DECODING_TABLE_CP_MAP;
    use tokio::process::Command;
    use tokio::sync::OnceCell;

    static PAGE: OnceCell<Option<u16>> = OnceCell::const_new();

    /// The console's code page, where it can be had. There is no safe call for it; `chcp` prints
    /// a sentence in the user's language that ends with the number.
    pub async fn get() -> Option<u16> {
        let ask = async || {
            let asked = Command::new("cmd").args(["/D", "/C", "chcp"]).output();
            number_in(&asked.await.ok()?.stdout)
        };
        *PAGE.get_or_init(ask).await
    }

    fn number_in(sentence: &[u8]) -> Option<u16> {
        let digits: Vec<u8> = sentence
            .iter()
            .copied()
            .filter(u8::is_ascii_digit)
            .collect();
        str::from_utf8(&digits).ok()?.parse().ok()
    }

    /// `None` for a code page that is not known.
    pub fn decode(bytes: &[u8], page: u16) -> Option<String> {
        if let Some(table) = DECODING_TABLE_CP_MAP.get(&page) {
            return Some(table.decode_string_lossy(bytes));
        }
        let label = match page {
            // Without a console there is none.
            0 => "windows-1252".to_owned(),
            932 => "shift_jis".to_owned(),
            936 | 54936 => "gb18030".to_owned(),
            949 => "euc-kr".to_owned(),
            950 => "big5".to_owned(),
            _ => format!("windows-{page}"),
        };
        let encoding = Encoding::for_label(label.as_bytes())?;
        Some(encoding.decode_without_bom_handling(bytes).0.into_owned())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_number_is_found_in_any_language() {
            for (sentence, page) in [
                (&b"Active code page: 437\r\n"[..], Some(437)),
                (b"Aktive Codepage: 850.\r\n", Some(850)),
                (b"\x8c\xbb\x8d\xdd\x82\xcc: 932\r\n", Some(932)),
                (b"", None),
                (b"none", None),
            ] {
                assert_eq!(number_in(sentence), page);
            }
        }

        #[test]
        fn what_consoles_write_is_read() {
            for (bytes, page, text) in [
                (&b"caf\x82"[..], 437, "café"),
                (b"Gr\x94\xe1e", 850, "Größe"),
                (b"Gr\xf6\xdfe", 1252, "Größe"),
                (b"Gr\xf6\xdfe", 0, "Größe"),
                (b"\x8c\xb3", 932, "元"),
                (b"\xd4\xaa", 936, "元"),
                (b"\x8f\xe0\xa8\xa2\xa5\xe2", 866, "Привет"),
            ] {
                assert_eq!(decode(bytes, page).as_deref(), Some(text), "{page}");
            }
            assert_eq!(decode(b"x", 1), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_character_that_was_cut_off_does_not_spoil_the_rest() {
        for cut in 0..3 {
            assert_eq!(
                decode(&"€ Größe".as_bytes()[cut..])
                    .await
                    .trim_start_matches('€'),
                " Größe"
            );
        }
    }
}
