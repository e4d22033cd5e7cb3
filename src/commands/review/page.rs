//! `review` in a browser: the page is served until the person is done, and what it asks is answered, one
//! question after the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::super::limits::Limits;
use super::super::open::{self, OpenLog};
use super::super::runtime::{bind, on_runtime};
use super::super::{retry, signals};
use super::session::{ReviewSession, read_log, write_down};
use crate::cli::ReviewArgs;
use crate::engine::filter::Filters;
use crate::engine::review::{self, ClipReview, OrderOutcome};
use crate::engine::stop::Stop;
use crate::exit::{self, Code, Failure};
use crate::jobs::{Credits, JobKey, ReviewVerdict};
use crate::manifest::check_prompt;
use crate::output::review::PageSummary;
use crate::output::{self, Printer, failure, stopped};
use crate::review::{Answer, Ask, Question, ServerEnd, serve, token};
use crate::settings::Settings;
use crate::text::escape;

/// Answers the page's questions. The log is read for each, and held only while it is written to, so
/// that other commands can go on.
pub struct PageHandler<'a> {
    pub args: &'a ReviewArgs,
    pub shelf: ReviewSession<'a>,
    pub done: PageSummary,
}

/// What the person agreed to.
struct AgreedOrder<'a> {
    clip: ClipReview,
    prompt: &'a str,
    /// As it was shown.
    price: Credits,
}

impl PageHandler<'_> {
    pub fn answer(&mut self, ask: &Ask, printer: &mut Printer) -> Answer {
        let answered = match ask {
            Ask::Page => self.shelf.page(),
            Ask::Clip(job, attempt) => self.shelf.clip(*job, *attempt),
            Ask::Look(job, attempt, look) => self.look(verdict(*job, *attempt, *look), printer),
            Ask::Order {
                job,
                attempt,
                prompt,
                credits,
            } => {
                let agreed = AgreedOrder {
                    clip: verdict(*job, *attempt, ReviewVerdict::Rejected),
                    prompt: prompt.trim(),
                    price: *credits,
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

    fn look(&mut self, verdict: ClipReview, printer: &Printer) -> anyhow::Result<Answer> {
        let written = self.write_down(verdict, None, printer)?;
        let count = match verdict.look {
            ReviewVerdict::Kept => &mut self.done.kept,
            ReviewVerdict::Rejected => &mut self.done.rejected,
        };
        *count += written as u64;
        Ok(Answer::Done(verdict.look.as_str().to_owned()))
    }

    /// Checks a verdict, and with `price` what an order is about to cost, and writes it down.
    fn write_down(
        &self,
        verdict: ClipReview,
        price: Option<Credits>,
        printer: &Printer,
    ) -> anyhow::Result<usize> {
        let (path, limits) = (
            self.shelf.path.to_owned(),
            Limits::of_time(self.shelf.settings),
        );
        let log = OpenLog::existing(path, "review", limits, self.shelf.settings, printer)?;
        let writer = &log.writer;
        let view = writer.view(verdict.job).map_err(failure::of_log)?;
        review::check(verdict, view.as_ref()).map_err(|stray| {
            Failure::decision(format!("{stray}; nothing was changed")).help("load the page again")
        })?;
        if let (Some(agreed), Some(view)) = (price, &view) {
            let (rates, most) = (&self.shelf.settings.rates, self.shelf.settings.max_attempts);
            review::check_order(view, agreed, rates, most).map_err(|why| {
                let (why, next) = output::review::not_ordered(why);
                Failure::decision(why).help(next)
            })?;
        }
        let next = "make room on the disk and try again";
        Ok(write_down(&[verdict], writer, next)?)
    }

    /// Orders another clip, as `retry --rejected` does.
    fn order(&mut self, agreed: &AgreedOrder<'_>, printer: &mut Printer) -> anyhow::Result<Answer> {
        let clip = agreed.clip;
        if let Err(why) = check_prompt(agreed.prompt) {
            return Ok(Answer::Refused(format!("{why} (nothing was ordered)")));
        }
        self.shelf.settings.require_key()?;
        let written = self.write_down(clip, Some(agreed.price), printer)?;
        self.done.rejected += written as u64;
        let args = self
            .args
            .order(self.shelf.path.to_owned(), clip.job, agreed.prompt);
        let ended = retry::run(&args, self.shelf.settings, &mut printer.of_step())?;
        // The log says what became of it.
        let view = self.shelf.read()?.view(clip.job).map_err(failure::of_log)?;
        let ordered = view.and_then(|view| review::ordered_after(&view, clip.attempt));
        let Some(ordered) = ordered else {
            return Ok(Answer::Refused(match ended.code {
                Code::Decision => {
                    "a credit cap was reached; nothing was ordered. The clip counts as \
                                   rejected"
                        .to_owned()
                }
                _ => "nothing was ordered; the terminal shows why".to_owned(),
            }));
        };
        self.done.ordered += u64::from(ordered == OrderOutcome::Accepted);
        let said = output::review::ordered(&ordered, clip.job, &self.shelf.commands);
        Ok(said.map_or_else(Answer::Refused, Answer::Done))
    }
}

fn verdict(job: JobKey, attempt: u32, look: ReviewVerdict) -> ClipReview {
    ClipReview { job, attempt, look }
}

/// Serves the page until the person is done.
pub fn run(
    args: &ReviewArgs,
    path: &Path,
    filters: &Filters,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = read_log(path, settings, printer)?;
    let commands = open::commands(path, log.ledger(), settings);
    drop(log);
    let stop = Stop::default();
    signals::watch(&stop);
    let shelf = ReviewSession {
        path,
        filters,
        settings,
        commands,
    };
    let mut desk = PageHandler {
        args,
        shelf,
        done: PageSummary::default(),
    };
    let code = match served(&mut desk, &stop, printer)? {
        ServerEnd::Done => Code::Success,
        ServerEnd::Stopped => stopped::ending_of_server(&stop).code(),
    };
    let done = desk.done;
    printer.result(|| done.to_json(code.number()), || done.sentence())?;
    Ok(code)
}

/// Serves the page. Its questions are answered on this thread.
fn served(
    desk: &mut PageHandler<'_>,
    stop: &Stop,
    printer: &mut Printer,
) -> anyhow::Result<ServerEnd> {
    let token = token().map_err(|error| {
        Failure::io("this computer provides no random numbers for the page's address")
            .because(error)
    })?;
    thread::scope(|scope| {
        let (questions, asked) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, desk.args.port));
        let secret = token.clone();
        let server = scope.spawn(move || {
            on_runtime(async {
                let listener = bind(at).await?;
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
    })
}
