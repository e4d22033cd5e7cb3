//! `listen`: keeps webhooks, and tells a log of them where one is named.

mod applier;
mod captures;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use serde_json::json;
use tokio::net::TcpListener;

use self::applier::Applier;
use self::captures::{Captures, Keeper};
use super::learn::observation;
use super::{damage, on_runtime, open, signals};
use crate::cli::ListenArgs;
use crate::engine::observe::Observation;
use crate::engine::stop::Stop;
use crate::exit::{Code, Ending, Failure};
use crate::journal::{JobLog, LogError};
use crate::output::{Printer, escape, words};
use crate::settings::Settings;
use crate::webhook::{self, Event, ReceiverOptions, Refusal, Stats, VerifyKeys, grade};

/// Runs the command: until a signal, which its exit code tells (130, 143), as of every command.
/// What it was in the middle of is kept and answered first.
pub fn run(args: &ListenArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let keys = VerifyKeys::new(&settings.verification_keys()?);
    if let Some(jobs) = &args.jobs {
        if keys.is_empty() {
            return Err(Failure::config(
                "with --jobs a key is needed: what cannot be verified is never applied",
            )
            .help("set CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS, or leave --jobs out")
            .into());
        }
        check_log(jobs, settings, printer)?;
    }
    let captures = Arc::new(Captures::open(&args.capture, args.jobs.as_deref())?);
    if keys.is_empty() {
        printer
            .note("no key: every delivery is kept, to be verified by a later `reconcile --replay`");
    }
    let (stats, code) = receive(args, &keys, &captures, settings, printer)?;
    if printer.voice().json {
        printer.document(&json!({
            "command": "listen",
            "kept": stats.kept,
            "unsigned": stats.unsigned,
            "failed": stats.failed,
            "refused": stats.refused,
            "exit_code": code.number(),
        }))?;
    } else {
        printer.note(format_args!(
            "listen: {} kept, {} without a right signature, {} failed",
            words::number(stats.kept),
            words::number(stats.unsigned),
            words::number(stats.failed),
        ));
    }
    Ok(code)
}

/// A log that could never be written to is told at once, not when the first capture has come. One
/// that is not there yet may still be made by a `submit`.
fn check_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<(), Failure> {
    match JobLog::read(path, open::ledger(settings)) {
        Ok(log) => {
            log.unchanged().map_err(open::log_failure)?;
            damage::warn_of_damage(log.damage(), log.path(), printer);
            log.check_form().map_err(open::log_failure)?;
            open::check_rehearsal(log.path(), log.ledger(), settings)
        }
        Err(LogError::Missing(_)) => Ok(()),
        Err(error) => Err(open::log_failure(error)),
    }
}

/// Serves, and applies on a thread of its own.
fn receive(
    args: &ListenArgs,
    keys: &VerifyKeys,
    captures: &Arc<Captures>,
    settings: &Settings,
    printer: &Printer,
) -> anyhow::Result<(Stats, Code)> {
    thread::scope(|scope| {
        let mut apply = None;
        if let Some(jobs) = &args.jobs {
            let (sender, incoming) = mpsc::channel();
            apply = Some(sender);
            let applier = Applier {
                jobs,
                captures: captures.path(),
                keys,
                settings,
                printer,
            };
            let held_before = captures.held_before();
            // It ends with its channel, which the receiver holds.
            scope.spawn(move || applier.run(&incoming, held_before));
        }
        on_runtime(serve(args, keys, captures, apply, printer))
    })
}

async fn serve(
    args: &ListenArgs,
    keys: &VerifyKeys,
    captures: &Arc<Captures>,
    apply: Option<mpsc::Sender<Observation<'static>>>,
    printer: &Printer,
) -> anyhow::Result<(Stats, Code)> {
    let stop = Stop::default();
    signals::watch(&stop);
    let listener = bind(args, captures, printer).await?;
    let options = ReceiverOptions {
        path: args.path.clone(),
        keys: keys.clone(),
        ..ReceiverOptions::default()
    };
    let (events, heard) = tokio::sync::mpsc::unbounded_channel();
    let keys = keys.clone();
    let on_event = move |event: Event<'_>| {
        let news = match event {
            Event::Kept(capture) => {
                let seen = || observation(&grade(capture, &keys), capture.correlation());
                if let Some(apply) = &apply
                    && let Some(seen) = seen()
                {
                    // The applier outlives the server; should it not, the capture is on disk.
                    let _ = apply.send(seen);
                }
                return;
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
    let sink = Keeper(Arc::clone(captures));
    let serving = webhook::serve(listener, options, sink, on_event, shutdown);
    let (stats, ()) = tokio::join!(serving, tell(heard, printer));
    let stats = stats?;
    let mut ending = Ending::default();
    ending.note_if(stats.failed > 0, Code::Io);
    ending.join(open::ending_of_server(&stop));
    Ok((stats, ending.code()))
}

async fn bind(
    args: &ListenArgs,
    captures: &Captures,
    printer: &Printer,
) -> anyhow::Result<TcpListener> {
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
        escape(&captures.path().display().to_string())
    ));
    Ok(listener)
}

/// What is worth telling of a request.
enum News {
    Refused(Refusal),
    Failed(String),
}

async fn tell(mut heard: tokio::sync::mpsc::UnboundedReceiver<News>, printer: &Printer) {
    let mut told_of_keys = false;
    while let Some(news) = heard.recv().await {
        match news {
            News::Refused(Refusal::Signature) if !told_of_keys => {
                told_of_keys = true;
                printer.warn(
                    "a delivery was refused and not kept: its signature is wrong. If the API key \
                     was changed since, give the old one in CREATIVEAI_VERIFY_KEYS; -v tells of \
                     further ones",
                );
            }
            News::Refused(refusal) => printer.detail(format_args!("refused: {refusal:?}")),
            News::Failed(error) => printer.error(format_args!(
                "a delivery could not be kept ({}); the vendor was asked to send it again",
                escape(&error)
            )),
        }
    }
}
