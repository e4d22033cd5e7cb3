//! Opening the logs that commands work on. What fails is reported in words, with the next step.

use std::path::{Path, PathBuf};

use super::api::Api;
use super::limits::Limits;
use crate::clock;
use crate::engine::filter::Filters;
use crate::engine::noted_logs::NotedLogs;
use crate::engine::observe::Observer;
use crate::engine::open::{check_rehearsal, is_foreign, is_spreadsheet};
use crate::engine::poll::{PollEvent, Poller};
use crate::exit::Failure;
use crate::jobs::{JobView, Ledger};
use crate::journal::{Location, LogError, Writer, redacted};
use crate::output::{Commands, Printer, TypedOptions, damage, failure, unrecovered};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{BaseUrl, Throttle};

/// A log that a command writes to, and what the command goes by.
pub struct OpenLog<'a> {
    /// The log as it was typed.
    pub path: PathBuf,
    pub writer: Writer,
    /// Commands that people are shown for it.
    pub commands: Commands,
    pub limits: Limits,
    pub settings: &'a Settings,
}

impl<'a> OpenLog<'a> {
    /// Locks and reads a log that must exist.
    pub fn existing(
        path: PathBuf,
        command: &str,
        limits: Limits,
        settings: &'a Settings,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        refuse_absent(&path)?;
        let ledger = || settings.ledger();
        Self::for_ingest(path, ledger, command, limits, settings, printer)
    }

    /// Locks and reads a log, or makes it, for commands that learn.
    pub fn for_ingest(
        path: PathBuf,
        ledger: impl Fn() -> Ledger,
        command: &str,
        limits: Limits,
        settings: &'a Settings,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let log = Self::to_send(path, ledger, command, limits, settings, printer)?;
        let writer = &log.writer;
        writer.check_form().map_err(failure::of_log)?;
        damage::warn(&writer.ledger(), writer.damage(), writer.name(), printer);
        Ok(log)
    }

    /// The same for commands that send: what of the log cannot be read, and whether it can be added
    /// to, is theirs to check. A run that has nothing to send needs neither.
    pub fn to_send(
        path: PathBuf,
        ledger: impl Fn() -> Ledger,
        command: &str,
        limits: Limits,
        settings: &'a Settings,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let writer = limits.lock(&path, ledger, command, settings, printer)?;
        refuse_spreadsheet(&path, &writer.ledger())?;
        if is_foreign(&path, &writer) {
            return Err(failure::of_foreign(&path));
        }
        failure::warn_of_lost(&writer, printer);
        refuse_live(writer.name(), &writer.ledger(), settings)?;
        let commands = commands(&path, &writer.ledger(), settings);
        let log = Self {
            path,
            writer,
            commands,
            limits,
            settings,
        };
        log.note_orders(printer);
        Ok(log)
    }

    /// Refuses to go on while replies of an earlier run wait to be taken back into the log.
    pub fn refuse_unrecovered(&self, untouched: &str) -> Result<(), Failure> {
        unrecovered::refuse(self.writer.path(), &self.path, &self.commands, untouched)
    }

    /// A sandbox's jobs and live ones never share a log.
    pub fn check_mixing(&self, base: &BaseUrl) -> Result<(), Failure> {
        let (writer, sandbox) = (&self.writer, self.settings.sandbox);
        refuse_live(writer.name(), &writer.ledger(), self.settings)?;
        let mixed = writer.ledger().check_mixing(sandbox, base.is_loopback());
        mixed.map_err(|_| failure::of_mixing(writer.name()))
    }

    /// Notes on this computer that the log holds live orders. A stand-in's do not count.
    pub fn note_orders(&self, printer: &Printer) {
        let is_live = || {
            let ledger = self.writer.ledger();
            !ledger.is_empty() && !ledger.is_rehearsal()
        };
        if self.settings.calls_this_computer() || !is_live() {
            return;
        }
        let log = if Location::is_address(&self.path) {
            Path::new(&redacted(&self.path.to_string_lossy())).to_owned()
        } else {
            self.writer.path().to_owned()
        };
        let noted = NotedLogs::of_user();
        if let Err(error) = noted.add(&log) {
            printer.warn(format_args!(
                "{} cannot be noted in {} ({error}): should this log be lost or another one be used by \
                 mistake, that may go unnoticed",
                escape(&log.to_string_lossy()),
                escape(&noted.path().unwrap_or(Path::new("")).to_string_lossy()),
            ));
        }
    }

    /// The API, where it may be called for this log.
    pub async fn api(&self) -> Result<Api, Failure> {
        let api = Api::open(self.settings).await?;
        self.check_mixing(&api.base)?;
        Ok(api)
    }

    /// Reads what other computers have written meanwhile, so that the report at the end is right.
    /// Where that fails, the end is reported as far as it is known.
    pub async fn look_at_others(&self, printer: &Printer) {
        if let Err(error) = self.writer.refresh().await {
            printer.detail(escape(&error.to_string()));
        }
    }

    /// Asks the vendor for clips.
    pub fn poller<'b>(
        &'b self,
        api: &'b Api,
        throttle: &'b Throttle,
        concurrency: usize,
        report: &'b dyn Fn(PollEvent<'_>),
    ) -> Poller<'b> {
        Poller {
            client: &api.client,
            observer: self.observer(),
            stop: &self.limits.stop,
            throttle,
            interval: self.settings.network.interval,
            concurrency,
            report,
        }
    }

    /// Takes in what the vendor reports.
    pub fn observer(&self) -> Observer<'_> {
        Observer {
            writer: &self.writer,
            clock: &clock::now,
            sandbox: self.settings.sandbox,
        }
    }
}

/// Refuses a path without a file. What stands at an address is only known once it is opened.
pub fn refuse_absent(path: &Path) -> Result<(), Failure> {
    if Location::is_address(path) || path.symlink_metadata().is_ok() {
        return Ok(());
    }
    Err(failure::of_log(LogError::Missing(path.to_owned())))
}

/// Refuses a spreadsheet that was named as a log.
pub fn refuse_spreadsheet(path: &Path, ledger: &Ledger) -> Result<(), Failure> {
    if is_spreadsheet(path, ledger) {
        return Err(failure::of_spreadsheet(path));
    }
    Ok(())
}

/// A rehearsal never writes to a log of live jobs.
pub fn refuse_live(path: &Path, ledger: &Ledger, settings: &Settings) -> Result<(), Failure> {
    let checked = check_rehearsal(path, ledger, settings.sandbox);
    checked.map_err(|error| failure::of_rehearsal(&error))
}

/// Warns of a column that no job has, when nothing has matched.
pub fn warn_of_filters(filters: &Filters, views: impl Iterator<Item = JobView>, printer: &Printer) {
    if let Some(doubt) = filters.doubt(views) {
        printer.warn(doubt);
    }
}

/// Commands that people are shown for the log at `path`, as it was typed. It is named where the
/// command would else take another.
pub fn commands(path: &Path, ledger: &Ledger, settings: &Settings) -> Commands {
    commands_for(path, ledger.is_rehearsal(), settings)
}

/// A round also leaves out rows with mistakes where its settings say so, which `submit` does not read.
const LEAVE_OUT: &str = "--skip-invalid";

/// The same before the log is read; `rehearsal` when it is known to be a sandbox's.
pub fn commands_for(path: &Path, rehearsal: bool, settings: &Settings) -> Commands {
    let becomes_one = rehearsal && !settings.sandbox;
    let is_usual = !becomes_one && path == settings.jobs_path(None, None);
    let name = path.display().to_string();
    let mut typed = TypedOptions {
        log: (!is_usual).then_some(name),
        sandbox: rehearsal || settings.sandbox,
        ..settings.typed.clone()
    };
    if let Some(options) = &mut typed.for_submit
        && settings.run.skip_invalid
        && !options.iter().any(|option| option == LEAVE_OUT)
    {
        options.push(LEAVE_OUT.to_owned());
    }
    Commands::new(typed, settings.max_attempts)
}
