//! Whether the log can be used, and what its server promises.

use std::path::Path;

use crate::cli::CheckArgs;
use crate::commands::{damage, open};
use crate::engine::noted_logs::NotedLogs;
use crate::exit::Failure;
use crate::journal::{self, JobLog, Location, Lock, LockError, LogError};
use crate::output::findings::Findings;
use crate::output::{failure, words};
use crate::settings::Settings;
use crate::text::escape;

/// Goes on with a damaged log.
const ACCEPT: &str = "--accept-damage";

pub fn check(args: &CheckArgs, settings: &Settings, findings: &mut Findings) {
    let path = &settings.jobs_path(args.jobs.as_deref(), args.manifest.as_deref());
    let is_usable = findings.add("log", jobs_of(path, args, settings));
    if !is_usable {
        return;
    }
    if let Ok(Location::Database(address)) = Location::of(path) {
        return check_server(&address, findings);
    }
    let free = match Lock::holder(path) {
        Ok(None) => Ok(()),
        Ok(Some(holder)) => {
            let log = path.to_owned();
            Err(Failure::temporary(
                LockError::Held { log, holder }.to_string(),
            ))
        }
        Err(error) => Err(Failure::io(format!("its lock: {error}"))),
    };
    findings.refuse("log", free);
}

/// What a log holds.
fn jobs_of(path: &Path, args: &CheckArgs, settings: &Settings) -> Result<String, Failure> {
    let name = path.display().to_string();
    let shown = escape(&name);
    let log = match JobLog::read(path, settings.ledger()) {
        Err(LogError::Missing(log)) => {
            let log = journal::resolve(&log).map_err(failure::of_log)?;
            if let Some(gone) = NotedLogs::of_user().missed(&log) {
                return Err(failure::of_log(LogError::Changed(Box::new(gone))));
            }
            return Ok(format!("{shown} will be created by the first submit"));
        }
        read => read.map_err(failure::of_log)?,
    };
    if !log.damage().is_empty() {
        let (damage, ledger) = (log.damage(), log.ledger());
        let commands = open::commands(path, ledger, settings);
        let accepting = match &args.manifest {
            Some(sheet) => commands.submit_these(ACCEPT, &[sheet.display().to_string()]),
            None => commands.on_log("compact", ACCEPT),
        };
        let accepting = format!("run `{accepting}`");
        return Err(damage::refusal(
            damage,
            ledger,
            log.path(),
            "changed",
            &accepting,
        ));
    }
    log.unchanged().map_err(failure::of_log)?;
    let note = match log.ledger().unreadable() {
        0 => String::new(),
        bad => format!(", {} that cannot be read", words::count(bad, "line")),
    };
    let jobs = words::count(log.ledger().jobs().len() as u64, "job");
    Ok(format!("{shown}: {jobs}{note}"))
}

/// What the server of a log promises of lines that it has confirmed.
#[cfg(feature = "postgres")]
fn check_server(address: &journal::Address, findings: &mut Findings) {
    let promises = match journal::promises(address) {
        Ok(promises) => promises,
        Err(error) => return findings.failure("server", &failure::of_database(error)),
    };
    let settings = escape(&promises.settings.join(", ")).into_owned();
    if !promises.outlive_a_crash {
        findings.skip(
            "server",
            format_args!("{settings}: a server crash may lose lines that it has confirmed"),
        );
    } else if promises.has_standby {
        findings.pass("server", format_args!("{settings}"));
    } else {
        findings.pass(
            "server",
            format_args!("{settings}; after a failover the newest lines may be missing"),
        );
    }
}

#[cfg(not(feature = "postgres"))]
fn check_server(_: &journal::Address, _: &mut Findings) {}
