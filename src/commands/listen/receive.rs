//! Where deliveries are kept, in a file or with the log in its database; and a receiver, with what runs
//! beside it: captures are applied on a thread of its own, and commands run on another.

use std::path::Path;
#[cfg(feature = "postgres")]
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

#[cfg(feature = "postgres")]
use super::database;
use super::file;
use super::serve::ReceiverContext;
use crate::cli::ListenArgs;
use crate::commands::runtime::on_one_thread;
use crate::commands::sheets::shown;
use crate::commands::{deliver, open};
use crate::engine::forward::ForwardTarget;
use crate::engine::receive::{
    CaptureFile, CommandStats, EndedJobs, IntakeEvent, OnEnd, OnEndEvent, TargetLog,
};
use crate::engine::stop::Stop;
use crate::exit::{Code, Failure};
#[cfg(feature = "postgres")]
use crate::journal::{Address, Location};
use crate::output::{Printer, Received, Receiving, report_forward};
use crate::settings::Settings;
use crate::text::escape;
use crate::webhook::VerifyKeys;

/// Where deliveries are kept.
pub enum CaptureStore {
    File(Arc<CaptureFile>),
    #[cfg(feature = "postgres")]
    /// With the log that has this name.
    Database(Box<Address>, PathBuf),
}

impl CaptureStore {
    pub fn of(args: &ListenArgs, settings: &Settings, printer: &Printer) -> Result<Self, Failure> {
        if let Some(jobs) = &args.jobs {
            #[cfg(feature = "postgres")]
            if let Ok(Location::Database(address)) = Location::of(jobs) {
                database::refuse_capture_file(args)?;
                return Ok(Self::Database(Box::new(address), jobs.clone()));
            }
            file::check_log(jobs, settings, printer)?;
        }
        Ok(Self::File(Arc::new(file::open(args)?)))
    }
}

/// Receives until a signal.
pub fn receive(
    args: &ListenArgs,
    place: &CaptureStore,
    keys: &VerifyKeys,
    settings: &Settings,
    printer: &Printer,
) -> anyhow::Result<(Received, Code)> {
    let ledger = || settings.ledger();
    let log_at = |path| TargetLog {
        path,
        ledger: &ledger,
        sandbox: settings.sandbox,
    };
    let log = args.jobs.as_deref().map(log_at);
    let (captures, in_database) = match place {
        CaptureStore::File(file) => (file.path(), false),
        #[cfg(feature = "postgres")]
        CaptureStore::Database(..) => (Path::new(""), true),
    };
    let commands = log.map(|log| open::commands_for(log.path, false, settings));
    let receiving = Receiving {
        printer,
        commands: commands.unwrap_or_default(),
        captures,
        unknown: Mutex::default(),
    };
    let target = target(args, settings, printer)?;
    let name = target.as_ref().map_or_else(String::new, |t| t.name.clone());
    let stop = Stop::default();
    let reception = ReceiverContext {
        args,
        keys,
        printer,
        stop: &stop,
        report: &|event: IntakeEvent<'_>| receiving.report(&event),
        report_forward: &|event| report_forward(&event, &name, in_database, printer),
    };
    let exec = args.exec.as_deref();
    let exec = exec.map(|it| deliver::exec_options(it, args.target_name.as_deref(), settings));
    let report_on_end = |event: OnEndEvent<'_>| receiving.report_on_end(&event);
    let on_end = exec.as_ref().zip(log).map(|(options, log)| OnEnd {
        options,
        log,
        stop: &stop,
        report: &report_on_end,
    });
    let (received, code) = reception.serve_beside(place, log_at, target, on_end)?;
    let not_applied = receiving.not_applied();
    let received = Received {
        not_applied,
        ..received
    };
    Ok((received, code))
}

impl<'a> ReceiverContext<'a> {
    /// Serves, with the command for clips that have ended beside it.
    fn serve_beside(
        &self,
        place: &'a CaptureStore,
        log_at: impl Fn(&'a Path) -> TargetLog<'a>,
        target: Option<ForwardTarget>,
        on_end: Option<OnEnd<'a>>,
    ) -> anyhow::Result<(Received, Code)> {
        thread::scope(|scope| {
            let running = on_end.map(|on_end| {
                let (ended, clips) = EndedJobs::new(&on_end.options.target);
                // It ends with its channel, which is held by what finds such clips.
                let run = move || on_one_thread(async { Ok(on_end.run(clips).await) });
                (ended, scope.spawn(run))
            });
            let (ended, running) = running.unzip();
            let served = match place {
                CaptureStore::File(file) => {
                    let log = self.args.jobs.as_deref().map(log_at);
                    self.serve_file(file, log, target, ended, scope)
                }
                #[cfg(feature = "postgres")]
                CaptureStore::Database(address, path) => {
                    self.serve_database(address, log_at(path), target, ended, scope)
                }
            };
            // Commands that still run are waited for, however the server has ended.
            let runs = running.map(thread::ScopedJoinHandle::join);
            let (stats, forwards, code) = served?;
            let runs = runs.and_then(Result::ok).transpose()?;
            let received = Received {
                stats,
                not_applied: 0,
                forwards,
                runs: runs.unwrap_or_else(CommandStats::default),
            };
            Ok((received, code))
        })
    }
}

/// Where deliveries are forwarded to, if they are. Says so.
fn target(
    args: &ListenArgs,
    settings: &Settings,
    printer: &Printer,
) -> Result<Option<ForwardTarget>, Failure> {
    let Some(address) = &args.forward else {
        return Ok(None);
    };
    let network = &settings.network;
    let (connecting, asking) = (network.connect_timeout, network.request_timeout);
    let target = ForwardTarget::new(address, shown(address.as_str()), connecting, asking)
        .map_err(|error| Failure::config(error.to_string()))?;
    printer.note(format_args!(
        "verified deliveries are forwarded to {}",
        escape(&target.name)
    ));
    Ok(Some(target))
}
