//! A clip that came packed with gzip, unpacked beside the part it came in.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::partial_download::ReceivedBytes;

/// Bytes unpacked at once.
const CHUNK: usize = 1 << 18;

/// Why nothing was unpacked.
#[derive(Debug)]
pub(super) enum UnpackError {
    /// It is longer than a clip may be.
    TooLarge,
    /// It is not a whole gzip file.
    Damaged,
    /// This machine's disk.
    Disk(io::Error),
}

impl From<io::Error> for UnpackError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Unpacks the file `from` to `to`, at most `max_size` bytes of it. Blocks.
pub(super) fn unpack(from: &Path, to: &Path, max_size: u64) -> Result<ReceivedBytes, UnpackError> {
    let mut packed = MultiGzDecoder::new(BufReader::new(File::open(from)?));
    let mut file = File::create(to)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let count = match packed.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if is_damage(&error) => return Err(UnpackError::Damaged),
            Err(error) => return Err(error.into()),
        };
        bytes += count as u64;
        if bytes > max_size {
            return Err(UnpackError::TooLarge);
        }
        hasher.update(&buffer[..count]);
        file.write_all(&buffer[..count])?;
    }
    file.flush()?;
    Ok(ReceivedBytes {
        bytes,
        sha256: base16ct::lower::encode_string(&hasher.finalize()),
        is_unpacked: true,
    })
}

/// Whether the packed bytes are at fault, and not the disk they are on.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
