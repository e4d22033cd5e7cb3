//! Rewriting a log to the lines that its jobs need, as they were written.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::file::{CompanionFile, HeldLog, LogError, LogPart, each_part};
use super::log::JobLog;
use crate::disk::{self, Readers, Replacement};
use crate::jobs::{AcceptedDamage, Digest, Lines};

/// How a log is rewritten.
#[derive(Clone, Debug, Default)]
pub struct CompactOptions<'a> {
    /// Whether the old file is kept, as `JOBS.1`.
    pub keep: bool,
    /// Damaged lines are quoted, in lines that can be read; these lines are added, which keep the
    /// jobs they speak of from being sent. Without it a damaged log is refused.
    pub accepted: Option<&'a Lines>,
}

/// What compacting did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactSummary {
    /// Jobs.
    pub jobs: u64,
    /// Lines in the old file.
    pub lines_before: u64,
    /// Lines in the new file.
    pub lines_after: u64,
    /// Bytes of the old file.
    pub bytes_before: u64,
    /// Bytes of the new file.
    pub bytes_after: u64,
    /// Torn lines, which are left out.
    pub torn: u64,
    /// Damaged lines, which are quoted.
    pub damaged: u64,
    /// Where the old file is kept.
    pub kept: Option<PathBuf>,
}

/// Rewrites a log, atomically. The log was read with places, while it was
/// held. Where that would make it no shorter it is left as it is.
pub fn compact(
    held: HeldLog,
    log: JobLog,
    how: &CompactOptions<'_>,
) -> Result<CompactSummary, LogError> {
    let path = log.path().to_owned();
    let fail = |doing| {
        let path = path.clone();
        move |error| LogError::io(doing, &path, error)
    };
    if how.accepted.is_none() && !log.damage().is_empty() {
        return Err(LogError::Damaged(path));
    }
    held.refuse_second_name()?;
    let kept = how.keep.then(|| CompanionFile::Old.of(&path));
    if let Some(kept) = kept.as_ref().filter(|kept| kept.symlink_metadata().is_ok()) {
        return Err(LogError::Kept(kept.clone()));
    }
    let old = fs::metadata(&path).map_err(fail("read the job log"))?.len();
    let mut done = CompactSummary {
        jobs: log.ledger().jobs().len() as u64,
        lines_before: log.ledger().lines() + log.ledger().unreadable(),
        bytes_before: old,
        ..CompactSummary::default()
    };
    // The caller holds the lock, so that no other run writes a copy of this name.
    let name = CompanionFile::Compacted.of(&path);
    let new = Replacement::by_name(&path, name, Readers::User);
    let mut new = new.map_err(fail("rewrite the job log"))?;
    let mut out = CountingWriter::new(&mut new);
    write_jobs(&log, &mut out).map_err(|error| match error {
        CompactError::Log(error) => error,
        CompactError::Copy(error) => fail("rewrite the job log")(error),
    })?;
    if log.ledger().unreadable() > 0 || log.ledger().has_accepted_damage() {
        done.damaged = write_damage(&log, &mut out).map_err(fail("rewrite the job log"))?;
        done.torn = log.ledger().unreadable() - done.damaged;
    }
    out.write(how.accepted.map_or("", Lines::as_str))
        .and_then(|()| out.out.flush())
        .map_err(fail("rewrite the job log"))?;
    (done.lines_after, done.bytes_after) = (out.lines, out.bytes);
    drop(out);
    let must_be_written = log.check_form().is_err() || done.damaged > 0;
    drop(log);
    if done.bytes_after >= done.bytes_before && !must_be_written {
        (done.lines_after, done.bytes_after) = (done.lines_before, done.bytes_before);
        return Ok(done);
    }
    // Root's run on a user's log leaves it the user's.
    new.keep_owner()
        .map_err(fail("keep the owner of the job log"))?;
    if let Some(kept) = kept {
        keep_old(&path, &kept).map_err(fail("keep the old job log beside"))?;
        done.kept = Some(kept);
    }
    held.replace(new).map_err(fail("replace the job log"))?;
    Ok(done)
}

/// Copies the old file. A second name would do, too, but then another writer could go on with the
/// old log under that name.
fn keep_old(path: &Path, kept: &Path) -> io::Result<()> {
    let mut options = disk::options_of_user();
    options.write(true).create_new(true);
    let mut copy = options.open(kept)?;
    io::copy(&mut File::open(path)?, &mut copy)?;
    copy.set_permissions(fs::metadata(path)?.permissions())?;
    disk::sync_file(&copy)
}

/// Lines on their way to the new file.
struct CountingWriter<W: Write> {
    out: BufWriter<W>,
    lines: u64,
    bytes: u64,
}

impl<W: Write> CountingWriter<W> {
    fn new(file: W) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 20, file),
            lines: 0,
            bytes: 0,
        }
    }

    /// Writes lines, each with its newline.
    fn write(&mut self, lines: &str) -> io::Result<()> {
        self.lines += memchr::memchr_iter(b'\n', lines.as_bytes()).count() as u64;
        self.bytes += lines.len() as u64;
        self.out.write_all(lines.as_bytes())
    }
}

/// Which side has failed.
enum CompactError {
    Log(LogError),
    Copy(io::Error),
}

fn write_jobs(log: &JobLog, out: &mut CountingWriter<impl Write>) -> Result<(), CompactError> {
    let rates = log.ledger().rates();
    let lines_of = |view: crate::jobs::JobView| {
        let mut text = String::new();
        for line in view.needed_lines(rates) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    };
    for text in log.map_views(lines_of) {
        out.write(&text.map_err(CompactError::Log)?)
            .map_err(CompactError::Copy)?;
    }
    Ok(())
}

/// Quotes the damaged lines, and keeps the lines that quote others. Gives how many are quoted now.
fn write_damage(log: &JobLog, out: &mut CountingWriter<impl Write>) -> io::Result<u64> {
    let mut damaged = 0;
    let mut quote = |digest, text: &[u8], out: &mut CountingWriter<_>| {
        damaged += 1;
        let text = Some(text.to_vec());
        let quoted = AcceptedDamage { digest, text };
        out.write(&quoted.line(crate::clock::now()))
    };
    let is_damage = |digest| log.damage().iter().any(|found| found.digest == digest);
    each_part(log.path(), |part| match part {
        LogPart::Damaged(found, text) => quote(found.digest, text, out),
        LogPart::Torn(_, text) if is_damage(Digest::of(text)) => quote(Digest::of(text), text, out),
        LogPart::Line(line) => match AcceptedDamage::parse(line) {
            Some(AcceptedDamage { text: Some(_), .. }) => out.write(&format!("{line}\n")),
            // The damaged line that it speaks of is quoted now.
            _ => Ok(()),
        },
        LogPart::Torn(..) => Ok(()),
    })?;
    Ok(damaged)
}

#[cfg(test)]
mod tests;
