//! `listen`: keeps webhooks, and tells a log of them where one is named.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{on_runtime, open};
use crate::cli::ListenArgs;
use crate::exit::{Code, Failure};
use crate::job_log::{self, Appender, LogError, Writer};
use crate::jobs::Status;
use crate::observe::{Facts, Learned, Observation, Observer, Via};
use crate::output::{Printer, escape, words};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::webhook::{self, Event, Grade, ReceiverOptions, Sink, VerifyKeys, grade};

/// How long to leave a log alone that another command is writing to.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn run(args: &ListenArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let keys = settings.verification_keys()?;
    if keys.is_empty() {
        printer
            .note("no key: every delivery is kept, to be verified by a later `reconcile --replay`");
    }
    let keys = VerifyKeys::new(&keys);
    if args.jobs.is_some() && keys.is_empty() {
        return Err(Failure::config(
            "with --jobs a key is needed: what cannot be verified is never applied",
        )
        .help("set CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS, or leave --jobs out")
        .into());
    }
    let capture = job_log::resolve(&args.capture).map_err(|e| capture_failure(&e))?;
    let appender = Appender::open(&capture).map_err(|e| {
        Failure::io(format!("cannot write {}", capture.display()))
            .because(e)
            .help("name another file with --capture")
    })?;
    let options = ReceiverOptions {
        path: args.path.clone(),
        keys: keys.clone(),
        ..ReceiverOptions::default()
    };
    let printer = &*printer;
    thread::scope(|scope| {
        let (sender, captures) = mpsc::channel::<Observation>();
        let applying = args.jobs.as_ref().map(|jobs| {
            scope.spawn(move || {
                Applier {
                    jobs,
                    settings,
                    printer,
                }
                .run(&captures);
            })
        });
        let apply = applying.is_some().then_some(sender);
        let served = on_runtime(serve(args, options, appender, apply, &keys, printer));
        if let Some(applying) = applying {
            // It ends with its channel; a panic of it was printed already.
            let _ = applying.join();
        }
        served
    })
}

fn capture_failure(error: &LogError) -> Failure {
    Failure::config(format!("captures cannot be kept there: {error}"))
        .help("name a regular file with --capture")
}

async fn serve(
    args: &ListenArgs,
    options: ReceiverOptions,
    appender: Appender,
    apply: Option<mpsc::Sender<Observation>>,
    keys: &VerifyKeys,
    printer: &Printer,
) -> anyhow::Result<Code> {
    let stop = Stop::default();
    open::watch_signals(&stop);
    let listener = TcpListener::bind(args.addr).await.map_err(|e| {
        Failure::io(format!("cannot listen on {}", args.addr))
            .because(e)
            .help("another program may use that port; choose one with --addr 127.0.0.1:PORT")
    })?;
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
        escape(&args.capture.display().to_string())
    ));
    let (events, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let keys = keys.clone();
    let on_event = move |event: Event<'_>| {
        let told = match event {
            Event::Kept(capture) => {
                if let (Some(apply), Some(seen)) = (&apply, observation(capture, &keys)) {
                    // The receiver outlives the server; should it not, the capture is on disk.
                    let _ = apply.send(seen);
                }
                Told::Kept
            }
            Event::Refused(refusal) => Told::Detail(format!("refused: {refusal:?}")),
            Event::Failed(error) => Told::Failed(format!("{error:#}")),
        };
        let _ = events.send(told);
    };
    let shutdown = {
        let stop = stop.clone();
        async move { stop.wait().await }
    };
    let telling = async {
        while let Some(told) = heard.recv().await {
            match told {
                Told::Kept => {}
                Told::Detail(text) => printer.detail(text),
                Told::Failed(error) => printer.error(format_args!(
                    "a delivery could not be kept ({}); the vendor was asked to send it again",
                    escape(&error)
                )),
            }
        }
    };
    let serving = webhook::serve(listener, options, Kept(appender), on_event, shutdown);
    let (stats, ()) = tokio::join!(serving, telling);
    let stats = stats?;
    printer.note(format_args!(
        "listen: {} kept, {} without a right signature, {} failed",
        words::number(stats.kept),
        words::number(stats.unsigned),
        words::number(stats.failed),
    ));
    Ok(if stats.failed > 0 {
        Code::Io
    } else {
        Code::Success
    })
}

enum Told {
    Kept,
    Detail(String),
    Failed(String),
}

/// The capture file.
struct Kept(Appender);

impl Sink for Kept {
    async fn keep(&self, mut line: String) -> anyhow::Result<()> {
        line.push('\n');
        self.0.append(line).await?;
        Ok(())
    }
}

/// What a capture proves about a generation.
fn observation(capture: &webhook::Capture<'_>, keys: &VerifyKeys) -> Option<Observation> {
    let Grade::Verified(payload) = grade(capture, keys) else {
        return None;
    };
    Some(Observation {
        id: payload.id()?,
        status: Status::from_vendor(payload.status()?.as_str())?,
        facts: Facts::of(&payload),
        via: Via::Webhook,
        correlation: capture.correlation(),
    })
}

/// Tells a log what was captured. It holds the lock only while it appends.
struct Applier<'a> {
    jobs: &'a PathBuf,
    settings: &'a Settings,
    printer: &'a Printer,
}

impl Applier<'_> {
    fn run(&self, captures: &mpsc::Receiver<Observation>) {
        let mut waiting: Vec<Observation> = Vec::new();
        let mut told = false;
        loop {
            let next = if waiting.is_empty() {
                captures.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                captures.recv_timeout(PATIENCE)
            };
            let open = !matches!(next, Err(RecvTimeoutError::Disconnected));
            waiting.extend(next.ok());
            waiting.extend(captures.try_iter());
            if !waiting.is_empty() {
                match self.apply(&mut waiting) {
                    Ok(()) => told = false,
                    Err(error) if !told => {
                        told = true;
                        self.printer
                            .warn(format_args!("{error}; captures are kept and applied later"));
                    }
                    Err(_) => {}
                }
            }
            if !open {
                if !waiting.is_empty() {
                    self.printer.warn(format_args!(
                        "{} could not be applied to the log and {} in the capture file; run \
                         `creativeai reconcile --replay` with it",
                        words::count(waiting.len() as u64, "capture"),
                        if waiting.len() == 1 { "is" } else { "are" },
                    ));
                }
                return;
            }
        }
    }

    /// Applies what waits, first come first served; what could not be applied stays.
    fn apply(&self, waiting: &mut Vec<Observation>) -> Result<(), Failure> {
        let path: &Path = self.jobs;
        let ledger = open::ledger(self.settings);
        let writer =
            Writer::open(path, ledger, "listen", Duration::ZERO).map_err(open::log_failure)?;
        let observer = Observer {
            writer: &writer,
            clock: &jiff::Timestamp::now,
            sandbox: self.settings.sandbox,
        };
        let mut done = 0;
        let result = waiting.iter().try_for_each(|seen| {
            match observer.decide(seen).map_err(open::log_failure)? {
                Learned::New {
                    job,
                    attempt,
                    line,
                    binding,
                } => {
                    writer
                        .append_blocking(line)
                        .map_err(|e| Failure::io(format!("the job log cannot be written: {e}")))?;
                    super::replay::tell_binding(&binding, job, attempt, &seen.id, self.printer);
                }
                Learned::Known { .. } => {}
                Learned::UnknownId(why) => self.printer.detail(format_args!("{}: {why}", seen.id)),
            }
            done += 1;
            Ok(())
        });
        waiting.drain(..done);
        result
    }
}
