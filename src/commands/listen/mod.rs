//! `listen`: keeps webhooks, and writes them to a log where one is named; forwards them, and runs a
//! command for each clip that has ended, on request.

#[cfg(feature = "postgres")]
mod database;
mod file;
mod health;
mod serve;

#[cfg(feature = "postgres")]
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::publish::refuse_early_fields;
use super::{deliver, on_one_thread, on_runtime, open};
use crate::cli::ListenArgs;
use crate::commands::sheets::shown;
use crate::engine::forward::{self, Target};
use crate::engine::receive::{CaptureFile, Ended, Event, Log, OnEnd, OnEndEvent, Report, Runs};
use crate::engine::stop::Stop;
use crate::exit::{Code, Failure};
#[cfg(feature = "postgres")]
use crate::journal::{Address, Location};
use crate::output::{Printer, Received, Receiving, report_forward};
use crate::settings::Settings;
use crate::text::escape;
use crate::webhook::VerifyKeys;

/// Runs the command: until a signal, which its exit code says (130, 143), as of every command.
/// What it was in the middle of is kept and answered first.
pub fn run(args: &ListenArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    if args.health {
        return on_runtime(async {
            health::ask(args.addr, settings).await?;
            printer.note("ready");
            Ok(Code::Success)
        });
    }
    let keys = VerifyKeys::new(&settings.verification_keys()?);
    check_keys(args, &keys)?;
    if let Some(command) = &args.exec {
        refuse_early_fields(command)?;
    }
    let place = Place::of(args, settings, printer)?;
    if keys.is_empty() {
        printer
            .note("no key: every delivery is kept, to be verified by a later `reconcile --replay`");
    }
    let (received, code) = receive(args, &place, &keys, settings, printer)?;
    if printer.options().json {
        printer.document(&received.to_json(code.number()))?;
    } else {
        printer.note(received.line(args.forward.is_some(), args.exec.is_some()));
    }
    Ok(code)
}

fn check_keys(args: &ListenArgs, keys: &VerifyKeys) -> Result<(), Failure> {
    let (option, why) = if !keys.is_empty() {
        return Ok(());
    } else if args.jobs.is_some() {
        ("--jobs", "what cannot be verified is never applied")
    } else if args.forward.is_some() {
        ("--forward", "only verified deliveries are forwarded")
    } else {
        return Ok(());
    };
    Err(
        Failure::config(format!("with {option} a key is needed: {why}")).help(format!(
            "set CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS, or leave {option} out"
        )),
    )
}

/// Where deliveries are kept.
enum Place {
    File(Arc<CaptureFile>),
    #[cfg(feature = "postgres")]
    /// With the log that has this name.
    Database(Box<Address>, PathBuf),
}

impl Place {
    fn of(args: &ListenArgs, settings: &Settings, printer: &Printer) -> Result<Self, Failure> {
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

/// What a receiver works with.
struct Reception<'a> {
    args: &'a ListenArgs,
    keys: &'a VerifyKeys,
    printer: &'a Printer,
    stop: &'a Stop,
    report: Report<'a>,
    report_forward: forward::Report<'a>,
}

/// Receives until a signal. Captures are applied on a thread of its own, and commands run on another.
fn receive(
    args: &ListenArgs,
    place: &Place,
    keys: &VerifyKeys,
    settings: &Settings,
    printer: &Printer,
) -> anyhow::Result<(Received, Code)> {
    let ledger = || settings.ledger();
    let log_at = |path| Log {
        path,
        ledger: &ledger,
        sandbox: settings.sandbox,
    };
    let log = args.jobs.as_deref().map(log_at);
    let (captures, in_database) = match place {
        Place::File(file) => (file.path(), false),
        #[cfg(feature = "postgres")]
        Place::Database(..) => (Path::new(""), true),
    };
    let commands = log.map(|log| open::commands_for(log.path, false, settings));
    let receiving = Receiving {
        printer,
        commands: commands.unwrap_or_default(),
        captures,
    };
    let target = target(args, settings, printer)?;
    let name = target.as_ref().map_or_else(String::new, |t| t.name.clone());
    let stop = Stop::default();
    let reception = Reception {
        args,
        keys,
        printer,
        stop: &stop,
        report: &|event: Event<'_>| receiving.report(&event),
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
    thread::scope(|scope| {
        let running = on_end.map(|on_end| {
            let (ended, clips) = Ended::new(&on_end.options.target);
            // It ends with its channel, which is held by what finds such clips.
            let run = move || on_one_thread(async { Ok(on_end.run(clips).await) });
            (ended, scope.spawn(run))
        });
        let (ended, running) = running.unzip();
        let served = match place {
            Place::File(file) => reception.serve_file(file, log, target, ended, scope),
            #[cfg(feature = "postgres")]
            Place::Database(address, path) => {
                reception.serve_database(address, log_at(path), target, ended, scope)
            }
        };
        // Commands that still run are waited for, however the server has ended.
        let runs = running.map(thread::ScopedJoinHandle::join);
        let (stats, forwards, code) = served?;
        let runs = runs.and_then(Result::ok).transpose()?;
        let runs = runs.unwrap_or_else(Runs::default);
        let received = Received {
            stats,
            forwards,
            runs,
        };
        Ok((received, code))
    })
}

/// Where deliveries are forwarded to, if they are. Says so.
fn target(
    args: &ListenArgs,
    settings: &Settings,
    printer: &Printer,
) -> Result<Option<Target>, Failure> {
    let Some(address) = &args.forward else {
        return Ok(None);
    };
    let network = &settings.network;
    let (connecting, asking) = (network.connect_timeout, network.request_timeout);
    let target = Target::new(address, shown(address.as_str()), connecting, asking)
        .map_err(|error| Failure::config(error.to_string()))?;
    printer.note(format_args!(
        "verified deliveries are forwarded to {}",
        escape(&target.name)
    ));
    Ok(Some(target))
}
