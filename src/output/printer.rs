//! Where words go: data to standard output, everything else to standard error; with or without
//! color, quiet or talkative. Chosen once, then handed to every command.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, BufRead, BufWriter, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anstream::AutoStream;
use clap::{ColorChoice, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::display_status::Tone;
use super::messages::{DrawStep, Messages, Priority};
use super::metrics::Metrics;
use super::request_log::RequestLog;
use super::terminal::{IgnoreClosed, StreamTarget, width_of_stderr, width_of_stdout};
use super::{columns, json};

/// Bytes of warnings that are kept back at most; a run of days must not fill the memory.
const MOST_HELD: usize = 1 << 20;
/// What stands for the warnings after those.
const MORE: &str = "and further warnings\n";

/// How long the end of a run waits for a standard error that takes nothing any more.
const FINAL_LIMIT: Duration = Duration::from_secs(5);

/// What was asked for on the command line.
#[derive(Clone, Copy, Debug)]
pub struct OutputOptions {
    /// Colors on a terminal, always, or never.
    pub color: ColorChoice,
    /// Nothing on success.
    pub quiet: bool,
    /// How many `-v`.
    pub verbose: u8,
    /// One JSON document on standard output.
    pub json: bool,
    /// How progress is shown on standard error.
    pub progress: ProgressStyle,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// As a bar where a person watches.
    #[default]
    Auto,
    /// As one JSON object a line, for programs.
    Json,
    /// Not at all.
    None,
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self {
            color: ColorChoice::Auto,
            quiet: false,
            verbose: 0,
            json: false,
            progress: ProgressStyle::Auto,
        }
    }
}

/// The two streams, and how to use them.
pub struct Printer {
    out: IgnoreClosed<Box<dyn Write + Send + Sync>>,
    err: Arc<Messages>,
    /// Warnings that `--quiet` keeps back until it is known how the run ends.
    held: Arc<Mutex<String>>,
    options: OutputOptions,
    metrics: Option<Metrics>,
    /// Whether the run that it speaks for is a step of a longer one.
    is_step: bool,
    /// What the steps of this round have spoken of.
    said: Arc<Mutex<BTreeSet<&'static str>>>,
    out_is: StreamTarget,
    err_is: StreamTarget,
    width: u16,
}

impl std::fmt::Debug for Printer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Printer")
            .field("options", &self.options)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl Printer {
    /// The process's own streams.
    pub fn new(options: OutputOptions) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_is, err_is) = (
            StreamTarget::of(&out, options.color),
            StreamTarget::of(&err, options.color),
        );
        // Text without color needs no filter; text with color needs one on old consoles.
        let out: Box<dyn Write + Send + Sync> = if out_is.colored {
            Box::new(BufWriter::new(AutoStream::always(out)))
        } else {
            Box::new(BufWriter::with_capacity(1 << 16, out))
        };
        let err: Box<dyn Write + Send> = if err_is.colored {
            Box::new(AutoStream::always(err))
        } else {
            Box::new(err)
        };
        let err = Arc::new(Messages::new(err));
        if options.verbose > 1 {
            RequestLog::start(&err);
        }
        Self {
            out: IgnoreClosed::of(out),
            err,
            held: Arc::default(),
            options,
            metrics: None,
            is_step: false,
            said: Arc::default(),
            out_is,
            err_is,
            width: width_of_stdout(),
        }
    }

    /// For a step of a longer run, which says itself how all ended: standard output goes nowhere, what
    /// a step would say of its own end is a detail, and `--quiet` keeps its errors back, too.
    #[must_use]
    pub fn of_step(&self) -> Self {
        Self {
            out: IgnoreClosed {
                inner: Box::new(io::sink()),
                closed: true,
                // So that no document is made up for it.
                used: true,
            },
            err: Arc::clone(&self.err),
            held: Arc::clone(&self.held),
            options: self.options,
            metrics: self.metrics.clone(),
            is_step: true,
            said: Arc::clone(&self.said),
            out_is: StreamTarget::default(),
            err_is: self.err_is,
            width: self.width,
        }
    }

    /// The same messages without progress, for what goes on beside something that shows some.
    #[must_use]
    pub fn without_progress(&self) -> Self {
        Self {
            options: OutputOptions {
                progress: ProgressStyle::None,
                ..self.options
            },
            is_step: self.is_step,
            ..self.of_step()
        }
    }

    /// Whether it speaks for a step of a longer run.
    pub fn is_step(&self) -> bool {
        self.is_step
    }

    /// Begins a round, whose steps say anew what others have said.
    pub fn begin_round(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clear();
    }

    /// Whether no step of this round has spoken of `topic` yet; always for a command by itself.
    pub fn is_first_to_say(&self, topic: &'static str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_step || said.insert(topic)
    }

    /// Standard output. That its reader has gone is not an error: writing goes on into nothing.
    pub fn out(&mut self) -> &mut (dyn Write + Send + Sync) {
        self.err.keep_order();
        &mut self.out
    }

    /// From now on standard output goes nowhere, as `--quiet` asks.
    pub fn mute(&mut self) {
        self.out.closed = true;
    }

    /// Whether anything was written to standard output.
    pub fn has_spoken(&self) -> bool {
        self.out.used
    }

    /// Whether the reader of standard output has gone, so that more work for it is pointless.
    pub fn is_closed(&self) -> bool {
        self.out.closed
    }

    /// Text on standard output; on a terminal, which would break lines anywhere, in lines that fit.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.err.keep_order();
        if self.out_is.terminal {
            let fitting = columns::wrap(text, self.width);
            return self.out.write_all(fitting.as_bytes());
        }
        self.out.write_all(text.as_bytes())
    }

    /// One JSON document on standard output.
    pub fn document(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.err.keep_order();
        json::write(&mut self.out, value)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }

    /// The same with `--json` only.
    pub fn json(&mut self, value: impl FnOnce() -> serde_json::Value) -> io::Result<()> {
        if self.options.json {
            self.document(&value())?;
        }
        Ok(())
    }

    /// Brings out what is still held back. Call it before the process ends: what is lost then
    /// would not be noticed.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Waits until every message is on standard error, or no one takes them any more. Call it
    /// before the process ends.
    pub fn finish_messages(&self) {
        self.err.drain(FINAL_LIMIT);
    }

    /// Asks for a typed yes, once every message before the question is on standard error: what it
    /// may cost stands among them. The question stays on one line with its answer.
    pub fn confirm(&self, question: impl Display) -> io::Result<bool> {
        self.ask(question)?;
        answer()
    }

    /// The same for a run that goes on meanwhile, or may be stopped: a thread waits for the answer, and
    /// the end of the process does not wait for that thread.
    pub async fn confirm_meanwhile(&self, question: impl Display) -> io::Result<bool> {
        self.ask(question)?;
        let (sender, answered) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("answer".to_owned())
            .spawn(move || {
                // It may be that no one wants to know any more.
                let _ = sender.send(answer());
            })?;
        answered.await.unwrap_or(Ok(false))
    }

    fn ask(&self, question: impl Display) -> io::Result<()> {
        self.finish_messages();
        let mut err = io::stderr().lock();
        write!(err, "{question} Type yes to agree: ")?;
        err.flush()
    }

    /// Reports on standard error, unless `--quiet`.
    pub fn note(&self, text: impl Display) {
        if self.is_step {
            self.detail(text);
        } else if !self.options.quiet {
            self.line(text, Priority::News);
        }
    }

    /// Reports on standard error how a run ended. `--quiet` silences a success only: a person who reads
    /// cron's mail wants to know why the code is not 0.
    pub fn conclude(&self, text: impl Display, is_success: bool) {
        if self.is_step {
            return self.detail(text);
        }
        if !is_success {
            self.settle(false);
        } else if self.options.quiet {
            return;
        }
        self.say(text);
    }

    /// Reports a result: with `--json` as a document for programs, else in a line for people.
    pub fn result(
        &mut self,
        document: impl FnOnce() -> Value,
        line: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.options.json {
            return self.document(&document());
        }
        self.note(line());
        Ok(())
    }

    /// Reports on standard error with `-v`.
    pub fn detail(&self, text: impl Display) {
        if self.options.verbose > 0 {
            self.line(text, Priority::News);
        }
    }

    /// Warns on standard error; with `--quiet` only once the run is known to end badly, see
    /// [`Printer::settle`].
    pub fn warn(&self, text: impl Display) {
        let text = self.with_head("warning:", Tone::Doubt, text);
        if self.options.quiet {
            self.hold(&text);
        } else {
            self.err.push(text + "\n", Priority::News);
        }
    }

    /// Keeps a message back until it is known how the run ends.
    fn hold(&self, text: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() < MOST_HELD {
            held.extend([text, "\n"]);
        } else if !held.ends_with(MORE) {
            held.push_str(MORE);
        }
    }

    /// Says what `--quiet` has kept back, unless the run is a success.
    pub fn settle(&self, success: bool) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let text = std::mem::take(&mut *held);
        if !success && !text.is_empty() {
            self.err.push(text, Priority::Kept);
        }
    }

    /// Reports an error on standard error, whatever was asked for.
    pub fn error(&self, text: impl Display) {
        let text = self.with_head("error:", Tone::Bad, text);
        if self.is_step && self.options.quiet {
            return self.hold(&text);
        }
        self.settle(false);
        self.err.push(text + "\n", Priority::Kept);
    }

    /// Reports on standard error, whatever was asked for.
    pub fn say(&self, text: impl Display) {
        self.line(text, Priority::Kept);
    }

    fn line(&self, text: impl Display, worth: Priority) {
        let text = self.wrapped(text.to_string());
        self.err.push(text + "\n", worth);
    }

    fn with_head(&self, word: &str, tone: Tone, text: impl Display) -> String {
        let text = self.wrapped(format!("{word} {text}"));
        text.replacen(word, &self.err_is.paint(word, tone), 1)
    }

    /// On a terminal, which would break lines anywhere, in lines that fit.
    fn wrapped(&self, text: String) -> String {
        if self.err_is.terminal {
            columns::wrap(&text, width_of_stderr())
        } else {
            text
        }
    }

    /// Reports on standard error what must not be lost, as it is and not even broken into lines,
    /// whatever was asked for.
    pub fn vital(&self, text: impl Display) {
        self.err.push(format!("{text}\n"), Priority::Vital);
    }

    /// Where a progress bar is drawn, in order with the messages.
    pub(super) fn canvas(&self) -> impl Fn(Vec<DrawStep>) + Send + Sync + 'static {
        let err = Arc::clone(&self.err);
        move |frame| err.draw(frame)
    }

    /// `text` for standard output in the color of `tone`, where colors are wanted.
    pub fn paint(&self, text: &str, tone: Tone) -> String {
        self.out_is.paint(text, tone)
    }

    /// Columns of the terminal behind standard output.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether standard output is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.out_is.terminal
    }

    /// Whether someone watches standard error and wants to see progress there.
    pub fn shows_progress(&self) -> bool {
        let is_auto = self.options.progress == ProgressStyle::Auto;
        is_auto && self.err_is.can_draw() && !self.options.quiet && !self.options.json
    }

    /// Where lines of progress for programs go, where they are wanted.
    pub(super) fn progress_lines(&self) -> Option<impl Fn(String) + Send + Sync + 'static> {
        let err = Arc::clone(&self.err);
        let is_wanted = self.options.progress == ProgressStyle::Json;
        is_wanted.then_some(move |line| err.push(line, Priority::News))
    }

    /// Serves what is done from now on, before anything is.
    pub fn serve_metrics(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let metrics = Metrics::new()?;
        let served = metrics.serve(address)?;
        self.note(format_args!("metrics at http://{served}/metrics"));
        self.count(metrics);
        Ok(())
    }

    /// Counts what is done from now on.
    pub fn count(&mut self, metrics: Metrics) {
        self.metrics = Some(metrics);
    }

    /// Where it is counted, on request.
    pub fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    /// What was asked for.
    pub fn options(&self) -> OutputOptions {
        self.options
    }
}

/// Whether the next line of standard input is a yes. A lone letter is typed too easily for what may
/// cost.
fn answer() -> io::Result<bool> {
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

#[cfg(test)]
pub(crate) mod tests;
