//! `log copy`: the lines of one log, added to another.

use std::collections::HashSet;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cli::LogCopyArgs;
use crate::commands::failure;
use crate::commands::limits::Limits;
use crate::commands::log::doubts;
use crate::commands::{damage, open};
use crate::exit::{Code, Failure};
use crate::jobs::Ledger;
use crate::journal::{self, JobLog, Location, LogError};
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// Lines that go into one transaction.
const AT_ONCE: usize = 1000;

/// What was copied.
struct Copied {
    /// Lines of the first log.
    read: u64,
    /// Those of them that the other one did not hold.
    added: u64,
    /// Jobs that both have sent, with a doubt.
    doubted: u64,
}

/// Runs the command.
pub fn run(args: &LogCopyArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let from = JobLog::read(&args.from, settings.ledger()).map_err(failure::of_log)?;
    from.unchanged().map_err(failure::of_log)?;
    open::refuse_spreadsheet(&args.from, from.ledger())?;
    if !from.damage().is_empty() {
        let refusal = damage::refusal(from.damage(), from.ledger(), from.name(), "copied");
        return Err(refusal.into());
    }
    if from.lost().is_some() {
        failure::warn_of_mismatch(&from, printer);
    }
    let copied = match location(&args.to)? {
        Location::File(path) => into_file(&from, &path, settings, printer)?,
        Location::Database(address) => into_database(&from, &address, &args.to, settings)?,
    };
    let [source, target] = [&args.from, &args.to].map(|log| log.display().to_string());
    printer.note(format_args!(
        "{} of {} copied to {}; {} there already. Use only one of the two logs from now on",
        words::count(copied.added, "line"),
        escape(&source),
        escape(&target),
        match copied.read - copied.added {
            1 => "1 was".to_owned(),
            count => format!("{} were", words::number(count)),
        },
    ));
    if copied.doubted > 0 {
        printer.warn(format_args!(
            "{} ordered from both logs, and one of the two orders is in doubt: it may be billed a \
             second time. Marked as unknown in {}; `creativeai status` shows what is known",
            match copied.doubted {
                1 => "1 job was".to_owned(),
                count => format!("{} jobs were", words::number(count)),
            },
            escape(&target),
        ));
    }
    printer.json(|| {
        serde_json::json!({
            "command": "log copy",
            "lines": copied.read,
            "added": copied.added,
            "in_doubt": copied.doubted,
            "exit_code": 0,
        })
    })?;
    Ok(Code::Success)
}

fn location(name: &Path) -> Result<Location, Failure> {
    Location::of(name).map_err(|error| Failure::config(error.message).help(error.help))
}

/// The whole lines of a log; what a crash has left of one is none.
fn lines_of(log: &JobLog, mut each: impl FnMut(&str)) -> Result<(), Failure> {
    journal::each_line_of(log.path(), log.ledger(), |line| {
        let line = line.trim_ascii();
        if Ledger::accepts(line) {
            each(line);
        }
    })
    .map_err(|error| {
        failure::of_log(LogError::Io {
            doing: "read the job log",
            path: log.name().to_owned(),
            error,
        })
    })
}

fn digest(line: &str) -> [u8; 16] {
    let whole = Sha256::digest(line.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

/// A rehearsal's jobs and live ones never share a log.
fn refuse_mixing(from: &Ledger, to: &Ledger, name: &Path) -> Result<(), Failure> {
    let is_mixed = !from.is_empty() && !to.is_empty() && from.is_rehearsal() != to.is_rehearsal();
    if !is_mixed {
        return Ok(());
    }
    Err(Failure::config(format!(
        "one log is a rehearsal's and the other, {}, is not; nothing was copied",
        name.display()
    ))
    .help("copy a rehearsal's log into one of its own"))
}

fn into_file(
    from: &JobLog,
    path: &Path,
    settings: &Settings,
    printer: &Printer,
) -> Result<Copied, Failure> {
    let limits = Limits::of_time(settings);
    let ledger = || settings.ledger();
    let writer = open::open_writer(path, ledger, settings, "log copy", &limits, printer)?;
    let is_same = same_file::is_same_file(from.path(), writer.path()).unwrap_or(false);
    if is_same {
        return Err(
            Failure::usage("both names mean the same log; nothing was copied")
                .help("name another log after it"),
        );
    }
    refuse_mixing(from.ledger(), &writer.ledger(), writer.path())?;
    let candidates = doubts::candidates(from.ledger(), &writer.ledger());
    let doubts = doubts::mark(&candidates, from, |key| writer.view(key))?;
    let to = writer.path().to_owned();
    let mut there = HashSet::new();
    journal::each_line_of(&to, &writer.ledger(), |line| {
        there.insert(digest(line.trim_ascii()));
    })
    .map_err(|error| unreadable(&to, error))?;
    // Before what they are about, so that no end in the middle leaves them out.
    let mut new = doubts.lines;
    let (mut read, mut added) = (0, 0);
    lines_of(from, |line| {
        read += 1;
        if there.insert(digest(line)) {
            added += 1;
            new.push_str(line);
            new.push('\n');
        }
    })?;
    writer.append_in_parts(&new).map_err(|error| {
        Failure::io(format!("{} cannot be written: {error}", to.display()))
            .help("make room on the disk and run the same command again; it goes on from there")
    })?;
    Ok(Copied {
        read,
        added,
        doubted: doubts.jobs,
    })
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    failure::of_log(LogError::Io {
        doing: "read the job log",
        path: path.to_owned(),
        error,
    })
}

#[cfg(feature = "postgres")]
fn into_database(
    from: &JobLog,
    address: &journal::Address,
    name: &Path,
    settings: &Settings,
) -> Result<Copied, Failure> {
    let to = JobLog::read(name, settings.ledger()).map_err(failure::of_log)?;
    refuse_mixing(from.ledger(), to.ledger(), to.name())?;
    let candidates = doubts::candidates(from.ledger(), to.ledger());
    let doubts = doubts::mark(&candidates, from, |key| to.view(key))?;
    // Before what they are about, so that no end in the middle leaves them out.
    let mut marks = journal::Merge::default();
    marks.push_all(&doubts.lines);
    let marked = marks.len() as u64;
    // Read while they are written, so that no more than a few parts are held.
    let (parts, next) = std::sync::mpsc::sync_channel(2);
    let (read, added) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || read_parts(from, marks, &parts));
        let added = journal::merge_into(address, &mut move || next.recv().ok());
        let panicked = |_| Err(Failure::io("the log was not read to its end"));
        (reading.join().unwrap_or_else(panicked), added)
    });
    let added = added.map_err(failure::of_database)?;
    Ok(Copied {
        read: read?,
        added: added.saturating_sub(marked),
        doubted: doubts.jobs,
    })
}

/// Sends the lines of a log in parts, behind those in `part`; how many there are. It ends early where
/// no one takes them any more.
#[cfg(feature = "postgres")]
fn read_parts(
    from: &JobLog,
    mut part: journal::Merge,
    parts: &std::sync::mpsc::SyncSender<journal::Merge>,
) -> Result<u64, Failure> {
    let mut read = 0;
    let mut is_taken = true;
    lines_of(from, |line| {
        read += 1;
        if part.len() >= AT_ONCE && is_taken {
            is_taken = parts.send(std::mem::take(&mut part)).is_ok();
        }
        if is_taken {
            part.push(line);
        }
    })?;
    if is_taken && !part.is_empty() {
        // The writer has reported why it takes no more.
        let _ = parts.send(part);
    }
    Ok(read)
}

#[cfg(not(feature = "postgres"))]
fn into_database(
    _: &JobLog,
    _: &journal::Address,
    name: &Path,
    settings: &Settings,
) -> Result<Copied, Failure> {
    // Reading it says why it cannot be used.
    JobLog::read(name, settings.ledger()).map_err(failure::of_log)?;
    Err(Failure::config(
        "this creativeai was built without PostgreSQL",
    ))
}
