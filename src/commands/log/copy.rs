//! `log copy`: the lines of one log, added to another.

use crate::cli::LogCopyArgs;
use crate::commands::damage;
use crate::commands::limits::Limits;
use crate::commands::open::{self, OpenLog};
use crate::engine::copy::{self, CopyError, CopySummary};
use crate::exit::{Code, Failure};
#[cfg(not(feature = "postgres"))]
use crate::journal::LogError;
use crate::journal::{JobLog, Location};
use crate::output::{Printer, failure, unrecovered, words};
use crate::settings::Settings;
use crate::text::escape;

pub fn run(args: &LogCopyArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let from = JobLog::read(&args.from, settings.ledger()).map_err(failure::of_log)?;
    from.unchanged().map_err(failure::of_log)?;
    open::refuse_spreadsheet(&args.from, from.ledger())?;
    let commands = open::commands(&args.from, from.ledger(), settings);
    if !from.damage().is_empty() {
        let accepting = format!("run `{}`", commands.on_log("compact", "--accept-damage"));
        let (damage, ledger) = (from.damage(), from.ledger());
        return Err(damage::refusal(damage, ledger, from.name(), "copied", &accepting).into());
    }
    failure::warn_of_mismatch(&from, printer);
    unrecovered::refuse(from.path(), &args.from, &commands, "nothing was copied")?;
    let to =
        Location::of(&args.to).map_err(|error| Failure::config(error.message).help(error.help))?;
    let copied = match to {
        Location::File(path) => {
            let limits = Limits::of_time(settings);
            let ledger = || settings.ledger();
            let to = OpenLog::for_ingest(path, ledger, "log copy", limits, settings, printer)?;
            let copied = copy::into_file(&from, &to.writer);
            to.note_orders(printer);
            copied
        }
        #[cfg(feature = "postgres")]
        Location::Database(address) => {
            let to = JobLog::read(&args.to, settings.ledger()).map_err(failure::of_log)?;
            copy::into_database(&from, &to, &address)
        }
        #[cfg(not(feature = "postgres"))]
        Location::Database(address) => Err(LogError::Database(address.unsupported()).into()),
    };
    let copied = copied.map_err(of_copy)?;
    report(args, &copied, printer);
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

fn report(args: &LogCopyArgs, copied: &CopySummary, printer: &Printer) {
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
}

/// Why a log is not copied, or not to its end.
fn of_copy(error: CopyError) -> Failure {
    let message = error.to_string();
    match error {
        CopyError::Log(error) => failure::of_log(error),
        CopyError::Same => Failure::usage(message).help("name another log after it"),
        CopyError::Mixed(_) => {
            Failure::config(message).help("copy a rehearsal's log into one of its own")
        }
        CopyError::Append { .. } => Failure::io(message)
            .help("make room on the disk and run the same command again; it continues from there"),
    }
}
