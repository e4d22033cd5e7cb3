//! What `listen --forward` has forwarded: a digest for each delivery, in a file beside the captures.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::commands::outputs::FORWARDED;
use crate::exit::Failure;
use crate::output::{Printer, words};
use crate::webhook::{self, Capture, Grade, Graded, VerifyKeys};

/// The first half of the SHA-256 of a delivery's query and body.
type Digest = [u8; 16];

/// A delivery on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    digest: Digest,
    /// What the address that it came to had behind the question mark.
    pub query: Option<String>,
    /// As they came.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
    /// The vendor's id, for messages.
    pub id: String,
}

impl Outgoing {
    /// Of a delivery, if it is verified.
    pub fn of(capture: &Capture<'_>, grade: &Grade<'_>) -> Option<Self> {
        let Grade::Verified(payload) = grade else {
            return None;
        };
        let query = capture.url.as_deref().and_then(|url| url.split_once('?'));
        let query = query.map(|(_, query)| query.to_owned());
        let body = capture.body.bytes().to_vec();
        let mut hasher = Sha256::new();
        hasher.update(query.as_deref().unwrap_or_default());
        hasher.update(b"\n");
        hasher.update(&body);
        let mut digest = Digest::default();
        digest.copy_from_slice(&hasher.finalize()[..16]);
        let headers = capture.headers.iter();
        Some(Self {
            digest,
            query,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body,
            id: payload
                .id()
                .map_or_else(|| "no id".to_owned(), |id| id.to_string()),
        })
    }
}

/// The deliveries that were forwarded.
pub struct Delivered {
    captures: PathBuf,
    keys: VerifyKeys,
    digests: HashSet<Digest>,
    file: File,
}

impl Delivered {
    /// Opens the file beside the captures. Where there is none yet, what was captured until now
    /// counts as forwarded: only what comes from now on is meant.
    pub fn open(captures: &Path, keys: &VerifyKeys, printer: &Printer) -> Result<Self, Failure> {
        let mut path = captures.as_os_str().to_owned();
        path.push(".forwarded");
        let path = PathBuf::from(path);
        FORWARDED.check(&path, None)?;
        let failed = |error: io::Error| {
            Failure::io(format!("cannot write to {}", path.display()))
                .because(error)
                .help("check that you may write there, or name another file with --capture")
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        let mut delivered = Self {
            captures: captures.to_owned(),
            keys: keys.clone(),
            digests: HashSet::new(),
            file,
        };
        if let Some(text) = text {
            delivered.read(&text).map_err(failed)?;
            return Ok(delivered);
        }
        let older = delivered.waiting();
        delivered.note_all(&older).map_err(failed)?;
        if !older.is_empty() {
            printer.note(format_args!(
                "{} captured earlier: only new ones are forwarded",
                deliveries(older.len() as u64)
            ));
        }
        Ok(delivered)
    }

    fn read(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            let mut digest = Digest::default();
            if base16ct::lower::decode(line, &mut digest).is_ok_and(|bytes| bytes.len() == 16) {
                self.digests.insert(digest);
            }
        }
        // A last line that a crash has cut off is no digest.
        if text.is_empty() || text.ends_with('\n') {
            Ok(())
        } else {
            self.file.write_all(b"\n")
        }
    }

    /// Whether a delivery was forwarded.
    pub fn has(&self, one: &Outgoing) -> bool {
        self.digests.contains(&one.digest)
    }

    /// Notes that a delivery was forwarded.
    pub fn note(&mut self, one: &Outgoing) -> io::Result<()> {
        self.digests.insert(one.digest);
        self.file.write_all(line(one).as_bytes())
    }

    fn note_all(&mut self, all: &[Outgoing]) -> io::Result<()> {
        self.digests.extend(all.iter().map(|one| one.digest));
        let mut out = BufWriter::new(&self.file);
        for one in all {
            out.write_all(line(one).as_bytes())?;
        }
        out.flush()
    }

    /// The verified deliveries of the capture file that were not forwarded, in its order.
    pub fn waiting(&self) -> Vec<Outgoing> {
        let outgoing = |graded: &Graded<'_>| {
            let one = Outgoing::of(graded.capture()?, &graded.grade)?;
            (!self.has(&one)).then_some(one)
        };
        let mut all = Vec::new();
        // What cannot be read is no delivery that was answered with 200.
        let _ = webhook::replay(
            std::slice::from_ref(&self.captures),
            io::empty(),
            &self.keys,
            |graded: &[Graded<'_>]| graded.iter().filter_map(outgoing).collect::<Vec<_>>(),
            |some| {
                all.extend(some);
                Ok(())
            },
        );
        all
    }
}

fn line(one: &Outgoing) -> String {
    let mut line = base16ct::lower::encode_string(&one.digest);
    line.push('\n');
    line
}

/// `1 delivery`, `2 deliveries`.
pub fn deliveries(count: u64) -> String {
    let noun = if count == 1 { "delivery" } else { "deliveries" };
    format!("{} {noun}", words::number(count))
}
