//! `listen`: keeps webhooks, and writes them to a log where one is named; forwards them, and runs a
//! command for each clip that has ended, on request.

mod applier;
mod captures;
#[cfg(feature = "postgres")]
mod database;
mod forward;
mod forwarded;
mod health;
mod on_end;

#[cfg(feature = "postgres")]
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};

use serde_json::json;
use tokio::net::TcpListener;

use self::applier::Applier;
use self::captures::{Captures, Keeper};
use self::forward::{Forwarder, Forwards};
use self::forwarded::{Delivered, Outgoing};
use self::on_end::{OnEnd, Queue, Runs};
use super::publish::refuse_early_fields;
use super::{damage, on_runtime, open, signals};
use crate::cli::ListenArgs;
use crate::commands::failure;
use crate::commands::stopped;
use crate::engine::delivery::{EXEC_TARGET, ExecOptions};
use crate::engine::ingest::observation;
use crate::engine::stop::Stop;
use crate::exit::{Code, Ending, Failure};
use crate::jobs::Observation;
#[cfg(feature = "postgres")]
use crate::journal::Location;
use crate::journal::{JobLog, LogError};
use crate::output::{Delivery, Printer, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::webhook::{
    self, Capture, Event, ReceiverOptions, Refusal, Sink, Stats, Verification, VerifyKeys, verify,
};

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
        if matches!(Location::of(jobs), Ok(Location::Database(_))) {
            let done = keep_in_database(jobs, args, &keys, settings, printer)?;
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
    let delivered = || Delivered::open(captures.path(), keys, printer);
    let (forwarding, outgoing) = forwarding(args, delivered, settings, printer)?;
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

/// Who is to know of deliveries.
struct Receivers {
    apply: Option<mpsc::Sender<Observation<'static>>>,
    outgoing: Option<forward::Sender>,
}

impl Receivers {
    /// Passes on what is kept. Must not block.
    fn notify(&self, capture: &Capture<'_>, keys: &VerifyKeys) {
        if self.apply.is_none() && self.outgoing.is_none() {
            return;
        }
        let verification = verify(capture, keys);
        if let Some(apply) = &self.apply
            && let Some(seen) = observation(&verification, capture.correlation())
        {
            // The applier outlives the server; should it not, the capture is on disk.
            let _ = apply.send(seen);
        }
        if let Some(outgoing) = &self.outgoing
            && matches!(verification, Verification::Verified(_))
        {
            outgoing.send(|| Outgoing::of(capture, &verification));
        }
    }
}

/// What deliveries meet first.
struct Front<'a, S> {
    args: &'a ListenArgs,
    keys: &'a VerifyKeys,
    sink: S,
    /// Where captures go, for people.
    place: String,
}

/// Keeps deliveries with the log, in its database.
#[cfg(feature = "postgres")]
fn keep_in_database(
    jobs: &Path,
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
    let delivered = || Ok(Delivered::in_memory());
    let (forwarding, outgoing) = forwarding(args, delivered, settings, printer)?;
    let exec = exec_options(args, settings);
    let stop = Stop::default();
    thread::scope(|scope| {
        let on_end = exec.as_ref().map(|options| OnEnd {
            options,
            jobs,
            settings,
            printer,
            stop: &stop,
        });
        let (ended, running) = run_commands(scope, on_end);
        let recorder = database::Recorder {
            jobs,
            settings,
            printer,
            outgoing,
            ended,
            uncertain: VecDeque::new(),
        };
        let writer = recorder.open()?;
        let place = writer.name().display().to_string();
        signals::watch(&stop);
        let (sink, incoming) = database::Keeper::new(keys);
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

/// Prepares to forward, where that is wanted, and says where to.
fn forwarding<'a>(
    args: &ListenArgs,
    delivered: impl FnOnce() -> Result<Delivered, Failure>,
    settings: &Settings,
    printer: &'a Printer,
) -> Result<(Option<Forwarder<'a>>, Option<forward::Sender>), Failure> {
    let Some(address) = &args.forward else {
        return Ok((None, None));
    };
    let (forwarder, sender) = Forwarder::new(address, delivered()?, settings, printer)?;
    printer.note(format_args!(
        "verified deliveries are forwarded to {}",
        escape(forwarder.name())
    ));
    Ok((Some(forwarder), Some(sender)))
}

async fn serve<S: Sink>(
    front: Front<'_, S>,
    to: Receivers,
    forwarding: Option<Forwarder<'_>>,
    stop: &Stop,
    printer: &Printer,
) -> anyhow::Result<(Stats, Forwards, Code)> {
    let Front {
        args,
        keys,
        sink,
        place,
    } = front;
    let listener = bind(args, &place, printer).await?;
    let options = ReceiverOptions {
        path: args.path.clone(),
        keys: keys.clone(),
        ..ReceiverOptions::default()
    };
    let (events, heard) = tokio::sync::mpsc::unbounded_channel();
    let keys = keys.clone();
    let is_verbose = printer.options().verbose > 0;
    let metrics = printer.metrics().cloned();
    let on_event = move |event: Event<'_>| {
        if let Some(metrics) = &metrics {
            metrics.delivered(counted(&event, &keys));
        }
        let news = match event {
            Event::Kept(capture) => {
                to.notify(capture, &keys);
                if !is_verbose {
                    return;
                }
                News::Kept(kept(capture, &keys))
            }
            Event::Refused(refusal) => News::Refused(refusal),
            Event::Failed(error) => News::Failed(format!("{error:#}")),
        };
        let _ = events.send(news);
    };
    let shutdown = {
        let stop = stop.clone();
        async move { stop.wait().await }
    };
    let serving = webhook::serve(listener, options, sink, on_event, shutdown);
    let forward = async {
        match forwarding {
            Some(forwarder) => forwarder.run(stop).await,
            None => Forwards::default(),
        }
    };
    let (stats, (), forwards) = tokio::join!(serving, report_news(heard, printer), forward);
    let stats = stats?;
    let mut ending = Ending::default();
    ending.note_if(stats.failed > 0, Code::Io);
    ending.join(stopped::ending_of_server(stop));
    Ok((stats, forwards, ending.code()))
}

/// As what a request is counted.
fn counted(event: &Event<'_>, keys: &VerifyKeys) -> Delivery {
    match event {
        // With keys, nothing else is kept.
        Event::Kept(_) if keys.is_empty() => Delivery::Unverified,
        Event::Kept(_) => Delivery::Verified,
        Event::Refused(Refusal::Unsigned | Refusal::Signature) => Delivery::Unsigned,
        Event::Refused(_) => Delivery::Refused,
        Event::Failed(_) => Delivery::Failed,
    }
}

async fn bind(args: &ListenArgs, place: &str, printer: &Printer) -> anyhow::Result<TcpListener> {
    let listener = open::bind(args.addr).await?;
    let addr = listener.local_addr()?;
    if !addr.ip().is_loopback() {
        printer.warn(format_args!(
            "{addr} can be reached from other computers, over plain http; put a proxy with https \
             in front of it"
        ));
    }
    printer.note(format_args!(
        "listening on http://{addr}{}; captures go to {}",
        args.path,
        escape(place)
    ));
    Ok(listener)
}

/// What is worth reporting of a request.
enum News {
    /// With `-v`: one line for a delivery.
    Kept(String),
    Refused(Refusal),
    Failed(String),
}

/// What a delivery says, in a line.
fn kept(capture: &Capture, keys: &VerifyKeys) -> String {
    let verified = verify(capture, keys);
    let proven = match &verified {
        Verification::Verified(_) => "signed",
        _ => "not proven",
    };
    let about = observation(&verified, capture.correlation());
    let about = about.map_or_else(
        || "nothing for a log".to_owned(),
        |seen| format!("{} {}", seen.id, seen.status),
    );
    format!(
        "kept a delivery of {} bytes ({proven}): {about}",
        capture.body.bytes().len()
    )
}

async fn report_news(mut heard: tokio::sync::mpsc::UnboundedReceiver<News>, printer: &Printer) {
    let mut warned_of_keys = false;
    while let Some(news) = heard.recv().await {
        match news {
            News::Refused(Refusal::Signature) if !warned_of_keys => {
                warned_of_keys = true;
                printer.warn(
                    "a delivery was refused and not kept: its signature is wrong. If the API key \
                     was changed since, give the old one in CREATIVEAI_VERIFY_KEYS; -v reports \
                     further ones",
                );
            }
            News::Kept(line) => printer.detail(escape(&line)),
            News::Refused(refusal) => printer.detail(format_args!("refused: {refusal:?}")),
            News::Failed(error) => printer.error(format_args!(
                "a delivery could not be kept ({}); the vendor was asked to send it again",
                escape(&error)
            )),
        }
    }
}
