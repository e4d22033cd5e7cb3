//! What an MP4 or `QuickTime` file says of itself in its tables (ISO/IEC 14496-12): how long it plays,
//! which shape it has, and whether its pictures are all there. Nothing is decoded.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of the largest table that is read. A clip of a few seconds has a few kilobytes.
const LARGEST_TABLE: u64 = 32 << 20;

/// A movie, as its tables describe it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Movie {
    /// How long it plays, in seconds; 0 where the tables say nothing, as in a movie of fragments.
    pub seconds: f64,
    /// The picture's width, in pixels, as it is to be shown.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// Why it would not play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplayable {
    /// It is another kind of file.
    #[error("it is not an MP4 file")]
    Other,
    /// It has no tables, or they cannot be read.
    #[error("its tables are missing or damaged")]
    Tables,
    /// It has no pictures.
    #[error("it has no frames")]
    NoPicture,
    /// Its pictures should stand behind its end.
    #[error("it ends before its last frame")]
    CutShort,
}

/// Reads the tables. The outer error is the disk's.
pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Result<Movie, Unplayable>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut at = 0;
    let mut is_first = true;
    let mut table = None;
    while length - at >= 8 {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        let have = (length - at).min(16) as usize;
        file.read_exact(&mut head[..have])?;
        let kind = [head[4], head[5], head[6], head[7]];
        if std::mem::take(&mut is_first) && !matches!(&kind, b"ftyp" | b"moov" | b"wide" | b"free")
        {
            return Ok(Err(Unplayable::Other));
        }
        let (begin, size) = match number(&head[..4]) {
            0 => (8, length - at),
            1 if have == 16 => (16, number(&head[8..])),
            size => (8, size),
        };
        let Some(end) = at.checked_add(size).filter(|_| size >= begin) else {
            return Ok(Err(Unplayable::Tables));
        };
        if end > length {
            return Ok(Err(Unplayable::CutShort));
        }
        if &kind == b"moov" {
            if size > LARGEST_TABLE {
                return Ok(Err(Unplayable::Tables));
            }
            let mut bytes = vec![0; (size - begin) as usize];
            file.seek(SeekFrom::Start(at + begin))?;
            file.read_exact(&mut bytes)?;
            table = Some(bytes);
        }
        at = end;
    }
    Ok(match table {
        Some(table) => movie(&table, length),
        None if is_first => Err(Unplayable::Other),
        None => Err(Unplayable::Tables),
    })
}

/// A number with the most significant byte first.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The boxes in `bytes`, each as its kind and what it holds; ends at what is not one.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = number(rest.get(..4)?) as usize;
        let size = if size == 0 { rest.len() } else { size };
        let one = rest.get(..size).filter(|one| one.len() >= 8)?;
        rest = &rest[size..];
        Some((&one[4..8], &one[8..]))
    })
}

/// What the box at the end of `path` holds.
fn inside<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        boxes(bytes).find_map(|(found, inner)| (found == *kind).then_some(inner))
    })
}

fn movie(table: &[u8], length: u64) -> Result<Movie, Unplayable> {
    let seconds = inside(table, &[b"mvhd"])
        .and_then(seconds)
        .ok_or(Unplayable::Tables)?;
    let tracks = boxes(table).filter(|(kind, _)| *kind == b"trak");
    let mut pictures = tracks.map(|(_, track)| track).filter(|track| {
        inside(track, &[b"mdia", b"hdlr"]).and_then(|h| h.get(8..12)) == Some(b"vide")
    });
    let track = pictures.next().ok_or(Unplayable::NoPicture)?;
    let samples = inside(track, &[b"mdia", b"minf", b"stbl"]).ok_or(Unplayable::Tables)?;
    let is_fragmented = inside(table, &[b"mvex"]).is_some();
    let count = inside(samples, &[b"stsz"]).and_then(|sizes| sizes.get(8..12));
    if !is_fragmented && count.is_none_or(|count| number(count) == 0) {
        return Err(Unplayable::NoPicture);
    }
    if last_chunk(samples).is_some_and(|offset| offset >= length) {
        return Err(Unplayable::CutShort);
    }
    let (width, height) = inside(track, &[b"tkhd"])
        .and_then(shape)
        .ok_or(Unplayable::Tables)?;
    Ok(Movie {
        seconds,
        width,
        height,
    })
}

/// How long a movie plays, by its header, in one of two versions.
fn seconds(header: &[u8]) -> Option<f64> {
    let (scale, duration) = match header.first()? {
        1 => (header.get(20..24)?, header.get(24..32)?),
        _ => (header.get(12..16)?, header.get(16..20)?),
    };
    let scale = number(scale);
    (scale > 0).then(|| number(duration) as f64 / scale as f64)
}

/// Width and height at the end of a track's header, in 65536ths of a pixel. The matrix before them may
/// turn the picture, as phones do.
fn shape(header: &[u8]) -> Option<(f64, f64)> {
    let at = header.len().checked_sub(8)?;
    let pixels = |bytes: &[u8]| number(bytes) as f64 / 65536.0;
    let (width, height) = (pixels(&header[at..at + 4]), pixels(&header[at + 4..]));
    let matrix = header.get(at.checked_sub(36)?..at)?;
    let is_turned = number(&matrix[..4]) == 0 && number(&matrix[4..8]) != 0;
    let shown = if is_turned {
        (height, width)
    } else {
        (width, height)
    };
    (width > 0.0 && height > 0.0).then_some(shown)
}

/// Where the last pictures stand.
fn last_chunk(samples: &[u8]) -> Option<u64> {
    let offsets = |kind: &[u8; 4], width: usize| {
        let table = inside(samples, &[kind])?;
        let count = number(table.get(4..8)?) as usize;
        let last = count.checked_sub(1)?.checked_mul(width)?;
        Some(number(table.get(8..)?.get(last..)?.get(..width)?))
    };
    offsets(b"stco", 4).or_else(|| offsets(b"co64", 8))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// One second, 160 by 90.
    const CLIP: &[u8] = include_bytes!("../../sandbox/clip.mp4");

    fn read_bytes(bytes: &[u8]) -> Result<Movie, Unplayable> {
        read(&mut Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn length_and_shape_are_read() {
        let movie = read_bytes(CLIP).unwrap();
        assert!((movie.seconds - 1.0).abs() < 0.1, "{movie:?}");
        assert!(
            (movie.width / movie.height - 16.0 / 9.0).abs() < 0.01,
            "{movie:?}"
        );
    }

    #[test]
    fn a_picture_that_is_turned_has_the_shape_that_is_shown() {
        let mut bytes = CLIP.to_vec();
        let at = bytes.windows(4).position(|four| four == b"tkhd").unwrap();
        // The matrix of version 0 is 40 bytes into the header.
        let matrix = at + 4 + 40;
        bytes.copy_within(matrix..matrix + 4, matrix + 4);
        bytes[matrix..matrix + 4].fill(0);
        let (turned, movie) = (read_bytes(&bytes).unwrap(), read_bytes(CLIP).unwrap());
        assert_eq!(
            Movie {
                width: movie.height,
                height: movie.width,
                ..movie
            },
            turned
        );
    }

    #[test]
    fn what_does_not_play_says_why() {
        assert_eq!(read_bytes(b""), Err(Unplayable::Other));
        assert_eq!(
            read_bytes(b"<html>not found</html>"),
            Err(Unplayable::Other)
        );
        let first = number(&CLIP[..4]) as usize;
        assert_eq!(read_bytes(&CLIP[..first]), Err(Unplayable::Tables));
        assert_eq!(read_bytes(&CLIP[..first - 1]), Err(Unplayable::CutShort));
        assert_eq!(
            read_bytes(&CLIP[..CLIP.len() - 10]),
            Err(Unplayable::CutShort)
        );
        let renamed = |from: &[u8; 4], to: &[u8; 4]| {
            let mut bytes = CLIP.to_vec();
            let at = bytes.windows(4).position(|four| four == from).unwrap();
            bytes[at..at + 4].copy_from_slice(to);
            read_bytes(&bytes)
        };
        assert_eq!(renamed(b"vide", b"soun"), Err(Unplayable::NoPicture));
        assert_eq!(renamed(b"mvhd", b"free"), Err(Unplayable::Tables));
        assert_eq!(renamed(b"stbl", b"free"), Err(Unplayable::Tables));
        assert_eq!(renamed(b"stsz", b"free"), Err(Unplayable::NoPicture));
    }

    #[test]
    fn no_bytes_are_too_odd_to_be_judged() {
        for end in 0..CLIP.len().min(1500) {
            let _ = read_bytes(&CLIP[..end]);
            let mut bytes = CLIP.to_vec();
            bytes[end] ^= 0xff;
            let _ = read_bytes(&bytes);
        }
    }
}
