//! Content Credentials in a clip: what C2PA embeds in MP4 files to say how they were made.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The type of the box that holds them, as the C2PA specification gives it for MP4.
const C2PA: [u8; 16] = [
    0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81,
];
/// First bytes of that box in which the manifest store begins.
const LOOKED_AT: u64 = 4096;

/// Whether a clip has Content Credentials. They are not verified.
pub fn has_credentials(clip: &Path) -> io::Result<bool> {
    let mut file = File::open(clip)?;
    let len = file.metadata()?.len();
    let mut at = 0u64;
    while len.saturating_sub(at) >= 8 {
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; 8];
        file.read_exact(&mut header)?;
        let [a, b, c, d, kind @ ..] = header;
        let (size, head) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (len - at, 8),
            1 if len - at >= 16 => {
                let mut large = [0; 8];
                file.read_exact(&mut large)?;
                (u64::from_be_bytes(large), 16)
            }
            size => (u64::from(size), 8),
        };
        if size < head {
            return Ok(false);
        }
        if &kind == b"uuid" && is_manifest(&mut file, size - head)? {
            return Ok(true);
        }
        at = match at.checked_add(size) {
            Some(next) => next,
            None => return Ok(false),
        };
    }
    Ok(false)
}

/// Whether the content of a `uuid` box is a manifest store of C2PA.
fn is_manifest(file: &mut File, size: u64) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(size.min(LOOKED_AT)).read_to_end(&mut start)?;
    let content = start.strip_prefix(&C2PA);
    Ok(content.is_some_and(|content| content.windows(4).any(|four| four == b"jumb")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8], content: &[u8]) -> Vec<u8> {
        let size = (content.len() as u32 + 8).to_be_bytes();
        [&size[..], kind, content].concat()
    }

    #[test]
    fn credentials_are_found_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.mp4");
        let manifest = [
            &C2PA[..],
            b"\0\0\0\0manifest\0",
            &[0; 8],
            &boxed(b"jumb", b"jumd"),
        ]
        .concat();
        let other = [&[7; 16][..], b"jumb"].concat();
        let plain = [boxed(b"ftyp", b"isom"), boxed(b"mdat", b"jumb")].concat();
        for (content, expected) in [
            (plain.clone(), false),
            ([plain.clone(), boxed(b"uuid", &other)].concat(), false),
            (
                [
                    boxed(b"ftyp", b"isom"),
                    boxed(b"uuid", &manifest),
                    plain.clone(),
                ]
                .concat(),
                true,
            ),
            ([plain, boxed(b"uuid", &manifest)].concat(), true),
            (b"".to_vec(), false),
            (b"\0\0\0\x02ftyp".to_vec(), false),
        ] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(has_credentials(&file).unwrap(), expected);
        }
    }
}
