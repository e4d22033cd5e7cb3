//! `review` in a browser: what the page asks is answered here, one question after the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use serde_json::json;

use super::super::filter::Filters;
use super::super::limits::Limits;
use super::super::resolve::who;
use super::super::{damage, failure, on_runtime, open, report, retry, signals, stopped};
use super::sheet::review_failure;
use crate::cli::ReviewArgs;
use crate::clock;
use crate::engine::delivery::plan::Delivery;
use crate::engine::review::{self, Verdict};
use crate::engine::stop::Stop;
use crate::exit::{self, Code, Failure};
use crate::jobs::{AttemptState, Credits, JobKey, JobView, Look, Status};
use crate::journal::JobLog;
use crate::output::report::{Files, Looked, ReportOptions, review as write_page, review_policy};
use crate::output::{Commands, Printer, words};
use crate::review::{Answer, Ask, Question, Served, serve, token};
use crate::settings::Settings;
use crate::text::escape;

/// Serves the page until the person is done.
pub fn run(
    args: &ReviewArgs,
    path: &Path,
    filters: &Filters,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    let commands = open::commands(path, log.ledger(), settings);
    drop(log);
    let token = token().map_err(|error| {
        Failure::io("this computer gives no random numbers for the page's address").because(error)
    })?;
    let stop = Stop::default();
    signals::watch(&stop);
    let mut desk = Desk {
        args,
        path,
        filters,
        settings,
        commands,
        counts: Counts::default(),
    };
    let served = thread::scope(|scope| {
        let (questions, asked) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        let stop = &stop;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
        let secret = token.clone();
        let server = scope.spawn(move || {
            on_runtime(async {
                let listener = open::bind(at).await?;
                let address = listener.local_addr()?;
                // The thread that waits for it is there, as long as this thread is.
                let _ = bound.send(address);
                Ok(serve(listener, secret, questions, stop.wait()).await?)
            })
        });
        if let Ok(address) = address.recv() {
            printer.note(format_args!(
                "review on http://{address}/{token}/ (open it in your browser; Ctrl-C ends it)"
            ));
        }
        // It ends with the server, which holds the other end.
        for question in asked {
            let Question { ask, .. } = &question;
            let answer = desk.answer(ask, printer);
            question.answer(answer);
        }
        server
            .join()
            .unwrap_or_else(|_| Err(Failure::io("the page's server has failed").into()))
    })?;
    let code = match served {
        Served::Done => Code::Success,
        Served::Stopped => stopped::ending_of_server(&stop).code(),
    };
    desk.report(code, printer)?;
    Ok(code)
}

/// What was done on the page.
#[derive(Default)]
struct Counts {
    kept: u64,
    rejected: u64,
    ordered: u64,
}

/// Answers the page's questions. The log is read for each, and held only while it is written to, so
/// that other commands can go on.
struct Desk<'a> {
    args: &'a ReviewArgs,
    path: &'a Path,
    filters: &'a Filters,
    settings: &'a Settings,
    commands: Commands,
    counts: Counts,
}

/// What the person agreed to.
struct Agreed<'a> {
    clip: Verdict,
    prompt: &'a str,
    /// In credits, as it was shown.
    price: &'a str,
}

impl Desk<'_> {
    fn answer(&mut self, ask: &Ask, printer: &mut Printer) -> Answer {
        let answered = match ask {
            Ask::Page => self.page(),
            Ask::Clip(job, attempt) => self.clip(*job, *attempt),
            Ask::Look(job, attempt, look) => self.look(
                Verdict {
                    job: *job,
                    attempt: *attempt,
                    look: *look,
                },
                printer,
            ),
            Ask::Order {
                job,
                attempt,
                prompt,
                credits,
            } => {
                let clip = Verdict {
                    job: *job,
                    attempt: *attempt,
                    look: Look::Rejected,
                };
                let agreed = Agreed {
                    clip,
                    prompt: prompt.trim(),
                    price: credits,
                };
                self.order(&agreed, printer)
            }
            Ask::Done => Ok(Answer::Done(String::new())),
        };
        answered.unwrap_or_else(|error| {
            let why = exit::causes(&error).join(": ");
            printer.warn(escape(&why));
            let step = exit::next_step_of(&error).map(|step| format!(" ({step})"));
            Answer::Refused(format!("{why}{}", step.unwrap_or_default()))
        })
    }

    fn read(&self) -> Result<JobLog, Failure> {
        JobLog::read(self.path, self.settings.ledger()).map_err(failure::of_log)
    }

    fn page(&self) -> anyhow::Result<Answer> {
        let log = self.read()?;
        let options = self.options(&log);
        let mut clips = Vec::new();
        let mut being_made = 0;
        for view in log.views() {
            let view = view.map_err(failure::of_log)?;
            if !self.filters.matches(&view) {
                continue;
            }
            if review::has_clip(&view) {
                let is_here = file_of(&view, &options).is_some();
                clips.push(Looked::of(&view, is_here, self.price(&view), &options));
            } else {
                being_made += usize::from(view.state.attempts().any(AttemptState::is_rejected));
            }
        }
        let mut html = Vec::new();
        write_page(clips, being_made, &options, &mut html)?;
        let policy = review_policy();
        Ok(Answer::Page { html, policy })
    }

    fn options(&self, log: &JobLog) -> ReportOptions {
        ReportOptions {
            source: report::source_of(log),
            files: Files::Anywhere,
            split: None,
            wording: None,
            clip_folders: report::clip_folders(log),
            commands: self.commands.clone(),
            rates: self.settings.rates.clone(),
            now: clock::now(),
            unreadable: 0,
        }
    }

    /// What another clip like the job's costs.
    fn price(&self, view: &JobView) -> Credits {
        let attempts = view.attempts.values().rev();
        let mut requests = attempts.filter_map(|attempt| attempt.request.as_ref());
        let request = requests.next();
        request.map_or(Credits::ZERO, |request| {
            self.settings.rates.of_request(request.get())
        })
    }

    fn clip(&self, job: JobKey, attempt: u32) -> anyhow::Result<Answer> {
        let log = self.read()?;
        let options = self.options(&log);
        let view = log.view(job).map_err(failure::of_log)?;
        let view = view.filter(|view| view.state.effective().number == attempt);
        let file = view.and_then(|view| file_of(&view, &options));
        Ok(file.map_or(Answer::Missing, Answer::File))
    }

    fn look(&mut self, verdict: Verdict, printer: &Printer) -> anyhow::Result<Answer> {
        let written = self.write_down(verdict, None, printer)?;
        let count = match verdict.look {
            Look::Kept => &mut self.counts.kept,
            Look::Rejected => &mut self.counts.rejected,
        };
        *count += written as u64;
        Ok(Answer::Done(verdict.look.as_str().to_owned()))
    }

    /// Checks a verdict, and with `price` what an order is about to cost, and writes it down.
    fn write_down(
        &self,
        verdict: Verdict,
        price: Option<&str>,
        printer: &Printer,
    ) -> anyhow::Result<usize> {
        let limits = Limits::of_time(self.settings);
        let writer = open::write_log(self.path, self.settings, "review", &limits, printer)?;
        let view = writer.view(verdict.job).map_err(failure::of_log)?;
        review::check(verdict, view.as_ref()).map_err(|stray| {
            Failure::decision(format!("{stray}; nothing was changed")).help("load the page again")
        })?;
        if let (Some(agreed), Some(view)) = (price, &view) {
            self.check_order(agreed, view)?;
        }
        let written = review::write_down(&[verdict], &writer, &who(), writer.now())
            .map_err(|error| review_failure(error, "make room on the disk and try again"))?;
        Ok(written)
    }

    /// What is known before anything is sent to be no order.
    fn check_order(&self, agreed: &str, view: &JobView) -> Result<(), Failure> {
        let price = self.price(view);
        if price.to_string() != agreed {
            return Err(Failure::decision(format!(
                "this order costs {} now; nothing was ordered",
                words::credits(price)
            ))
            .help("load the page again"));
        }
        let attempts = view.state.attempts().count() as u32;
        if attempts >= self.settings.max_attempts {
            return Err(Failure::decision(format!(
                "this clip was ordered {}; nothing more was ordered",
                words::count(attempts.into(), "time")
            ))
            .help("start review with --max-attempts N to allow more"));
        }
        Ok(())
    }

    /// Orders another clip, as `retry --rejected` does.
    fn order(&mut self, agreed: &Agreed<'_>, printer: &mut Printer) -> anyhow::Result<Answer> {
        let clip = agreed.clip;
        if agreed.prompt.is_empty() {
            return Ok(Answer::Refused("the prompt is empty".to_owned()));
        }
        self.settings.require_key()?;
        let written = self.write_down(clip, Some(agreed.price), printer)?;
        self.counts.rejected += written as u64;
        let args = self
            .args
            .order(self.path.to_owned(), clip.job, agreed.prompt);
        let ended = retry::run(&args, self.settings, &mut printer.of_step())?;
        // The log says what became of it.
        let view = self.read()?.view(clip.job).map_err(failure::of_log)?;
        let newest = view
            .as_ref()
            .map(|view| view.state.newest())
            .filter(|newest| newest.number > clip.attempt);
        let Some(newest) = newest else {
            return Ok(Answer::Refused(match ended.code {
                Code::Decision => "a credit cap was reached; nothing was ordered".to_owned(),
                _ => "nothing was ordered; the terminal shows why".to_owned(),
            }));
        };
        let commands = &self.commands;
        let message = || {
            let attempt = view.as_ref()?.attempts.get(&newest.number)?;
            Some(attempt.fields.text("error")?.to_owned())
        };
        Ok(match newest.status() {
            Status::SubmitFailed => Answer::Refused(format!(
                "not accepted, and nothing was charged: {}. `{}` tries again",
                message().unwrap_or_default(),
                commands.on_log("retry", "--failed")
            )),
            Status::Unknown | Status::Submitting => Answer::Refused(format!(
                "no clear answer came back, so it may have been accepted and paid for. It is not \
                 sent again by itself; `{}` shows more",
                commands.look_into(None, clip.job)
            )),
            _ => {
                self.counts.ordered += 1;
                Answer::Done(format!(
                    "Ordered again. `{}` waits for it.",
                    commands.on_log("reconcile", "--wait")
                ))
            }
        })
    }

    fn report(&self, code: Code, printer: &mut Printer) -> anyhow::Result<()> {
        let Counts {
            kept,
            rejected,
            ordered,
        } = self.counts;
        if printer.options().json {
            printer.document(&json!({
                "command": "review",
                "kept": kept,
                "rejected": rejected,
                "ordered": ordered,
                "exit_code": code.number(),
            }))?;
            return Ok(());
        }
        let number = words::number;
        printer.note(format_args!(
            "review: {} kept, {} rejected, {} ordered again",
            number(kept),
            number(rejected),
            number(ordered)
        ));
        Ok(())
    }
}

/// The job's clip on this computer, where `download` has put it.
fn file_of(view: &JobView, options: &ReportOptions) -> Option<PathBuf> {
    let saved = Delivery::of(view, true).saved?;
    if saved.is_in_bucket() {
        return None;
    }
    let folders = options.clip_folders.iter();
    folders
        .map(|folder| saved.path(folder))
        .find(|path| path.is_file())
}
