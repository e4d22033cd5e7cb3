//! `listen`: keeps webhooks, and writes them to a log where one is named; forwards them, and runs a
//! command for each clip that has ended, on request.

mod applier;
mod captures;
#[cfg(feature = "postgres")]
mod database;
mod file_queue;
mod forward;
mod forwarded;
mod health;
mod on_end;
mod serve;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};

use serde_json::json;
#[cfg(feature = "postgres")]
use sha2::{Digest as _, Sha256};

use self::applier::Applier;
use self::captures::{Captures, Keeper};
use self::file_queue::FileQueue;
use self::forwarded::Delivered;
use self::on_end::{OnEnd, Queue, Runs};
use self::serve::{Front, Receivers, serve};
use super::publish::refuse_early_fields;
use super::{damage, on_runtime, open, signals};
use crate::cli::ListenArgs;
use crate::commands::failure;
use crate::engine::delivery::{EXEC_TARGET, ExecOptions};
#[cfg(feature = "postgres")]
use crate::engine::forward::{DatabaseQueue, Report, Waker};
use crate::engine::forward::{Event, Forwarder, Forwards, Target};
use crate::engine::stop::Stop;
use crate::exit::{Code, Failure};
#[cfg(feature = "postgres")]
use crate::journal::{Address, Location, Outbox};
use crate::journal::{JobLog, LogError};
use crate::output::{Printer, words};
use crate::settings::Settings;
#[cfg(feature = "postgres")]
use crate::text::escape;
use crate::webhook::{Stats, VerifyKeys};

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
    if let Some(jobs) = &args.jobs {
        if keys.is_empty() {
            return Err(Failure::config(
                "with --jobs a key is needed: what cannot be verified is never applied",
            )
            .help("set CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS, or leave --jobs out")
            .into());
        }
        #[cfg(feature = "postgres")]
        if let Ok(Location::Database(log)) = Location::of(jobs) {
            let done = keep_in_database(jobs, &log, args, &keys, settings, printer)?;
            report_end(args, &done, printer)?;
            return Ok(done.code);
        }
        check_log(jobs, settings, printer)?;
    }
    if let Some(command) = &args.exec {
        refuse_early_fields(command)?;
    }
    if args.forward.is_some() && keys.is_empty() {
        return Err(Failure::config(
            "with --forward a key is needed: only verified deliveries are forwarded",
        )
        .help("set CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS, or leave --forward out")
        .into());
    }
    let capture = args
        .capture
        .as_deref()
        .unwrap_or(Path::new("captures.jsonl"));
    let captures = Arc::new(Captures::open(capture, args.jobs.as_deref())?);
    if keys.is_empty() {
        printer
            .note("no key: every delivery is kept, to be verified by a later `reconcile --replay`");
    }
    let stop = Stop::default();
    signals::watch(&stop);
    let done = receive(args, &keys, &captures, settings, &stop, printer)?;
    report_end(args, &done, printer)?;
    Ok(done.code)
}

/// What was done until the end.
struct Done {
    stats: Stats,
    forwards: Forwards,
    runs: Runs,
    code: Code,
}

impl Done {
    /// Waits for the commands that still run, however the server has ended.
    fn of(
        served: anyhow::Result<(Stats, Forwards, Code)>,
        running: Option<ScopedJoinHandle<'_, Runs>>,
    ) -> anyhow::Result<Self> {
        let runs = running.map(ScopedJoinHandle::join);
        let (stats, forwards, code) = served?;
        Ok(Self {
            stats,
            forwards,
            runs: runs.and_then(Result::ok).unwrap_or_default(),
            code,
        })
    }
}

fn report_end(args: &ListenArgs, done: &Done, printer: &mut Printer) -> anyhow::Result<()> {
    let Done {
        stats,
        forwards,
        runs,
        code,
    } = done;
    if printer.options().json {
        printer.document(&json!({
            "command": "listen",
            "kept": stats.kept,
            "unsigned": stats.unsigned,
            "failed": stats.failed,
            "refused": stats.refused,
            "forwarded": forwards.taken,
            "not_forwarded": forwards.left,
            "exec_ok": runs.clips,
            "exec_failed": runs.failed,
            "exit_code": code.number(),
        }))?;
        return Ok(());
    }
    let number = words::number;
    let mut text = format!(
        "listen: {} kept, {} without a right signature, {} failed",
        number(stats.kept),
        number(stats.unsigned),
        number(stats.failed),
    );
    if args.forward.is_some() {
        let (taken, left) = (number(forwards.taken), number(forwards.left));
        text = format!("{text}; {taken} forwarded, {left} not yet");
    }
    if args.exec.is_some() {
        let (clips, failed) = (words::count(runs.clips, "clip"), number(runs.failed));
        text = format!("{text}; command run for {clips}, failed for {failed}");
    }
    printer.note(text);
    Ok(())
}

/// A log that could never be written to is reported at once, not when the first capture has come. One
/// that is not there yet may still be made by a `submit`.
fn check_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<(), Failure> {
    match JobLog::read(path, settings.ledger()) {
        Ok(log) => {
            log.unchanged().map_err(failure::of_log)?;
            damage::warn_of_damage(log.damage(), log.path(), printer);
            log.check_form().map_err(failure::of_log)?;
            open::check_rehearsal(log.path(), log.ledger(), settings)
        }
        Err(LogError::Missing(_)) => Ok(()),
        Err(error) => Err(failure::of_log(error)),
    }
}

/// Serves. Applies on a thread of its own, and runs commands on another.
fn receive(
    args: &ListenArgs,
    keys: &VerifyKeys,
    captures: &Arc<Captures>,
    settings: &Settings,
    stop: &Stop,
    printer: &Printer,
) -> anyhow::Result<Done> {
    let exec = exec_options(args, settings);
    let (target, name) = target(args, settings, printer)?;
    let report = |event: Event<'_>| forward::report(&event, &name, forward::LEFT_IN_FILE, printer);
    let (forwarding, outgoing) = match target {
        Some(target) => {
            let delivered = Delivered::open(captures.path(), keys, printer)?;
            let (queue, sender) = FileQueue::new(delivered, printer);
            (Some(Forwarder::new(target, queue, &report)), Some(sender))
        }
        None => (None, None),
    };
    thread::scope(|scope| {
        let mut apply = None;
        let mut running = None;
        if let Some(jobs) = &args.jobs {
            let (sender, incoming) = mpsc::channel();
            apply = Some(sender);
            let on_end = exec.as_ref().map(|options| OnEnd {
                options,
                jobs,
                settings,
                printer,
                stop,
            });
            let ended;
            (ended, running) = run_commands(scope, on_end);
            let applier = Applier {
                jobs,
                captures: captures.path(),
                keys,
                settings,
                printer,
                ended,
            };
            let held_before = captures.held_before();
            // It ends with its channel, which the receiver holds.
            scope.spawn(move || {
                applier.run(&incoming, held_before);
            });
        }
        let to = Receivers { apply, outgoing };
        let front = Front {
            args,
            keys,
            sink: Keeper(Arc::clone(captures)),
            place: captures.path().display().to_string(),
        };
        let served = on_runtime(serve(front, to, forwarding, stop, printer));
        Done::of(served, running)
    })
}

/// Keeps deliveries with the log, in its database.
#[cfg(feature = "postgres")]
fn keep_in_database(
    jobs: &Path,
    log: &Address,
    args: &ListenArgs,
    keys: &VerifyKeys,
    settings: &Settings,
    printer: &Printer,
) -> anyhow::Result<Done> {
    if args.capture.is_some() {
        return Err(Failure::usage(format!(
            "with {} captures are kept there, and in no file",
            escape(&jobs.display().to_string())
        ))
        .help("leave --capture out; `creativeai log captures` prints them")
        .into());
    }
    if let Some(command) = &args.exec {
        refuse_early_fields(command)?;
    }
    let exec = exec_options(args, settings);
    let stop = Stop::default();
    let (target, name) = target(args, settings, printer)?;
    let report =
        |event: Event<'_>| forward::report(&event, &name, forward::LEFT_IN_DATABASE, printer);
    thread::scope(|scope| {
        let on_end = exec.as_ref().map(|options| OnEnd {
            options,
            jobs,
            settings,
            printer,
            stop: &stop,
        });
        let (ended, running) = run_commands(scope, on_end);
        let mut recorder = database::Recorder {
            jobs,
            settings,
            printer,
            forwarder: None,
            ended,
        };
        let writer = recorder.open()?;
        // Opening only reads: a log that may not be written to is reported now, not by every delivery.
        writer
            .refresh_blocking()
            .map_err(|error| failure::of_append(&error, "check the log's address"))?;
        let address = args.forward.as_ref().map(digest);
        let (forwarding, waker) = forward_from_database(log, target.zip(address), keys, &report)?;
        recorder.forwarder = waker;
        let place = writer.name().display().to_string();
        signals::watch(&stop);
        let (sink, incoming) = database::Keeper::new(keys, address);
        // It ends with its channel, which the receiver holds.
        scope.spawn(move || recorder.run(writer, incoming));
        let to = Receivers {
            apply: None,
            outgoing: None,
        };
        let front = Front {
            args,
            keys,
            sink,
            place,
        };
        let served = on_runtime(serve(front, to, forwarding, &stop, printer));
        Done::of(served, running)
    })
}

/// How commands are run for clips that have ended, where they are.
fn exec_options(args: &ListenArgs, settings: &Settings) -> Option<ExecOptions> {
    args.exec.as_ref().map(|command| ExecOptions {
        command: command.clone(),
        target: args
            .target_name
            .as_deref()
            .unwrap_or(EXEC_TARGET)
            .to_owned(),
        concurrency: usize::from(settings.publish.concurrency),
        time_out: settings.publish.exec_timeout,
        dry_run: false,
    })
}

/// Starts a thread that runs commands for clips that have ended, where that is wanted. It ends with
/// its queue, which is held by what finds such clips.
fn run_commands<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    on_end: Option<OnEnd<'env>>,
) -> (Option<Queue>, Option<ScopedJoinHandle<'scope, Runs>>) {
    let started = on_end.map(|on_end| {
        let (queue, clips) = Queue::new(&on_end.options.target);
        (queue, scope.spawn(move || on_end.run(&clips)))
    });
    started.unzip()
}

/// Prepares to forward what waits in the log's database, where that is wanted.
#[cfg(feature = "postgres")]
fn forward_from_database<'a>(
    log: &Address,
    target: Option<(Target, [u8; 32])>,
    keys: &VerifyKeys,
    report: Report<'a>,
) -> anyhow::Result<(Option<Forwarder<'a, DatabaseQueue<'a>>>, Option<Waker>)> {
    let Some((target, address)) = target else {
        return Ok((None, None));
    };
    let (outbox, elsewhere) = on_runtime(async {
        let opened = async {
            let mut outbox = Outbox::open(log, address).await?;
            let elsewhere = outbox.waiting_elsewhere().await?;
            // The connection belongs to the runtime that has made it.
            outbox.disconnect();
            Ok((outbox, elsewhere))
        };
        Ok(opened.await.map_err(failure::of_database)?)
    })?;
    if elsewhere > 0 {
        report(Event::Elsewhere(elsewhere));
    }
    let (queue, waker) = DatabaseQueue::new(outbox, keys, report);
    Ok((Some(Forwarder::new(target, queue, report)), Some(waker)))
}

/// What an address is known by in a database, where it may hold a secret.
#[cfg(feature = "postgres")]
fn digest(address: &url::Url) -> [u8; 32] {
    Sha256::digest(address.as_str()).into()
}

/// Where deliveries are forwarded to, if they are, and its name.
fn target(
    args: &ListenArgs,
    settings: &Settings,
    printer: &Printer,
) -> Result<(Option<Target>, String), Failure> {
    let Some(address) = &args.forward else {
        return Ok((None, String::new()));
    };
    let target = forward::target(address, settings, printer)?;
    let name = target.name.clone();
    Ok((Some(target), name))
}
