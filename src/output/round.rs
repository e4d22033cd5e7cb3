//! How a round ended: for programs, and for people what is new about it.

use std::collections::BTreeSet;

use serde_json::json;

use super::{commands::Commands, job_summary::JobSummary, printer::Printer, tally::Tally, words};
use crate::engine::round::{Round, RoundNews, RoundOutcome, RoundRemainder, RoundStep, UnsentRows};
use crate::exit::{Code, Ending};
use crate::jobs::{Credits, DisplayStatus, JobKey, JobState, Rates};
use crate::journal::{JobLog, LogError};
use crate::text::escape;

/// Jobs that are named when they are given up, and rows when they are left out.
const MOST_NAMED: usize = 20;

/// The state at the end of a round.
pub struct RoundEnd {
    /// How it ended, with how the jobs stand.
    pub code: Code,
    /// The same, with all that holds beside the code.
    ending: Ending,
    /// What the steps themselves met.
    own: Ending,
    tally: Tally,
    /// What this round was charged.
    charged: Credits,
    /// Jobs that failed, or were refused for now and are in no row.
    pub failed: BTreeSet<JobKey>,
    /// Those of them that no later round like this one orders again.
    pub given_up: BTreeSet<JobKey>,
}

impl RoundEnd {
    /// Of a round on this log; `jobs` is what its jobs put on the end, `rowless` those that no row asks
    /// for, and `charged_before` what they were charged when it began.
    pub fn of(
        round: &Round,
        log: Option<&JobLog>,
        jobs: Ending,
        rowless: &BTreeSet<JobKey>,
        charged_before: Credits,
        max_attempts: u32,
    ) -> Self {
        let own = round.ending();
        let mut ending = own;
        ending.join(jobs);
        let tally = Tally::of(log.into_iter().flat_map(|log| log.ledger().jobs()));
        let is_failed = |job: &&JobState| match DisplayStatus::of(job) {
            DisplayStatus::Failed | DisplayStatus::Refused | DisplayStatus::NotAccepted => true,
            DisplayStatus::NotSent => rowless.contains(&job.key),
            _ => false,
        };
        let is_given_up =
            |job: &&JobState| rowless.contains(&job.key) || job.tries() >= max_attempts;
        let jobs = log.into_iter().flat_map(|log| log.ledger().jobs());
        let failed: Vec<&JobState> = jobs.filter(is_failed).collect();
        let given_up = failed.iter().copied().filter(is_given_up);
        Self {
            given_up: given_up.map(|job| job.key).collect(),
            failed: failed.iter().map(|job| job.key).collect(),
            code: ending.code(),
            ending,
            own,
            charged: tally.charged.beyond(charged_before),
            tally,
        }
    }

    /// Whether a person need not hear of the end with `--quiet`: all is well, or the next round
    /// carries on, or nothing but what was reported before is left to report.
    fn is_no_news(&self, news: &RoundNews) -> bool {
        match RoundOutcome::of(self.code) {
            RoundOutcome::Success => true,
            RoundOutcome::Unfinished => !news.is_overdue(),
            RoundOutcome::Attention => self.is_only_given_up() && news.given_up.is_empty(),
            RoundOutcome::Failure => false,
        }
    }

    /// What the next round carries on with.
    pub fn left(&self) -> RoundRemainder {
        // A row that waits for a person does not keep the others waiting.
        let is_unfinished = self.ending.holds(Code::Temporary);
        if is_unfinished || self.failed != self.given_up {
            RoundRemainder::Something
        } else {
            RoundRemainder::Nothing
        }
    }

    /// Whether clips that were given up are all that is wrong.
    fn is_only_given_up(&self) -> bool {
        self.code == Code::Failed
            && self.own.code() == Code::Success
            && self.failed == self.given_up
    }

    /// For programs.
    pub fn to_json(&self, round: &Round, news: &RoundNews) -> serde_json::Value {
        let mut out = json!({
            "command": "run",
            "steps": round.steps().map(RoundStep::name).collect::<Vec<_>>(),
            "submitted": round.clips(RoundStep::Submit),
            "retried": round.clips(RoundStep::Retry),
            "downloaded": round.clips(RoundStep::Download),
            "published": round.clips(RoundStep::Publish),
        });
        for (state, count) in self.tally.states() {
            out[state] = count.into();
        }
        out["given_up"] = self.given_up.iter().map(JobKey::to_string).collect();
        out["newly_given_up"] = news.given_up.len().into();
        out["unfinished_rounds"] = news.unfinished.into();
        out["credits_charged"] = json!(self.charged);
        out["exit_code"] = self.code.number().into();
        out
    }

    /// For people: the `line`, and what there is to do.
    pub fn say(
        &self,
        line: &str,
        (news, unsent): (&RoundNews, &UnsentRows),
        log: Option<&JobLog>,
        commands: &Commands,
        printer: &Printer,
    ) -> Result<(), LogError> {
        let is_quiet = self.is_no_news(news);
        if is_quiet {
            printer.settle(true);
        }
        // Where more is to be said, the warnings of this round name them.
        if is_quiet && printer.options().quiet && !news.left_out.is_empty() {
            printer.conclude(line, false);
            name_left_out(news, printer);
            return Ok(());
        }
        printer.conclude(line, is_quiet);
        if is_quiet && printer.options().quiet {
            return Ok(());
        }
        if let Some(log) = log {
            name_given_up(news, log, commands, printer)?;
        }
        if news.is_overdue() {
            printer.say(format_args!(
                "{} rounds in a row were not finished: the vendor is busy or out of reach, another \
                 command holds the log, or the time is too short (--wait, --timeout). \
                 `{}` shows what is left",
                news.unfinished,
                commands.on_log("status", "")
            ));
        }
        if let Some(next) = self.next_step(unsent, commands) {
            printer.say(format_args!("  next: {next}"));
        }
        Ok(())
    }

    /// `run: 3 ordered, 3 downloaded; the whole log: 12 ready, 1 failed; 15 credits charged`.
    pub fn line(&self, round: &Round, rates: &Rates, sandbox: bool) -> String {
        let did = [
            (RoundStep::Submit, "ordered"),
            (RoundStep::Retry, "ordered again"),
            (RoundStep::Download, "downloaded"),
            (RoundStep::Publish, "published"),
        ];
        let did = words::listed(did.map(|(step, what)| (round.clips(step), what)));
        let mut parts = vec![if did.is_empty() {
            "nothing new".to_owned()
        } else {
            did
        }];
        if self.tally.jobs > 0 {
            parts.push(format!("the whole log: {}", self.tally.listed()));
        }
        if self.charged > Credits::ZERO {
            parts.push(words::charged(rates, self.charged, sandbox));
        }
        let rehearsal = if sandbox { " (rehearsal)" } else { "" };
        format!("run{rehearsal}: {}", parts.join("; "))
    }

    fn next_step(&self, unsent: &UnsentRows, commands: &Commands) -> Option<String> {
        match self.code {
            Code::Decision if unsent.held > 0 && self.tally.count(DisplayStatus::Unknown) == 0 => {
                Some(about_held(unsent, commands))
            }
            Code::Decision => Some(commands.on_log("status", "")),
            Code::Failed if self.failed != self.given_up => {
                Some("the next round orders what failed again".to_owned())
            }
            Code::Failed if self.own.code() == Code::Failed => Some(
                "the next round tries again what could not be fetched or published; nothing is \
                 ordered for it"
                    .to_owned(),
            ),
            Code::Temporary => Some("the next round goes on with what is left".to_owned()),
            Code::Data => Some("correct what is named above, then run it again".to_owned()),
            _ => None,
        }
    }
}

/// Which clip, and why it failed.
fn clip_and_reason(summary: &JobSummary) -> String {
    let item = summary.item.as_deref().unwrap_or("a clip");
    let why = summary.reason.as_deref();
    format!(
        "{} {}, because: {}",
        escape(item),
        escape(&summary.name),
        escape(why.unwrap_or("the vendor gave no reason")).trim_end_matches('.'),
    )
}

fn exhausted(summary: &JobSummary, attempts: u32, commands: &Commands) -> String {
    let again = format!(
        "--failed --id {} --max-attempts {}",
        summary.key,
        attempts.saturating_add(1)
    );
    format!(
        "  given up after {}: {}. Another photo or prompt may help; to try again unchanged: {}",
        words::count(u64::from(attempts), "attempt"),
        clip_and_reason(summary),
        commands.on_log("retry", &again),
    )
}

fn rowless(summary: &JobSummary, commands: &Commands) -> String {
    let job = summary.key.to_string();
    format!(
        "  {}, and left alone, since no row of the sheet asks for it as it was ordered: {}. To \
         order it anyway: {}; to close it: {}",
        summary.display.words(),
        clip_and_reason(summary),
        commands.on_log("retry", &format!("--failed --id {job}")),
        commands.resolve(&job, "--dismiss"),
    )
}

/// What is to be done about rows that wait for a person. They are not in the log.
fn about_held(unsent: &UnsentRows, commands: &Commands) -> String {
    if unsent.sheets.iter().any(|sheet| sheet == "-") {
        return "decide about the rows above that were held back".to_owned();
    }
    let look = commands.submit_these("--dry-run", &unsent.sheets);
    format!("decide about the rows that were held back: `{look}` shows them again")
}

/// Each row that is left out for its mistakes is named once, also with `--quiet`.
fn name_left_out(news: &RoundNews, printer: &Printer) {
    let rows = &news.left_out;
    printer.say(format_args!(
        "{} left out for {} mistakes, and not named again until {} changed:",
        words::counted(rows.len() as u64, "row was", "rows were"),
        words::choose(rows.len() as u64, "its", "their"),
        words::choose(rows.len() as u64, "it is", "they are"),
    ));
    for row in rows.iter().take(MOST_NAMED) {
        printer.say(row);
    }
    let more = rows.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        printer.say(format_args!("and {} more", words::number(more as u64)));
    }
}

/// Each clip that no round orders again is named once, with what a person can do.
fn name_given_up(
    news: &RoundNews,
    log: &JobLog,
    commands: &Commands,
    printer: &Printer,
) -> Result<(), LogError> {
    for key in news.given_up.iter().take(MOST_NAMED) {
        let Some(view) = log.view(*key)? else {
            continue;
        };
        let attempts = view.state.tries();
        let summary = JobSummary::of(&view, commands);
        printer.say(if attempts < commands.max_attempts() {
            rowless(&summary, commands)
        } else {
            exhausted(&summary, attempts, commands)
        });
    }
    let more = news.given_up.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        printer.say(format_args!(
            "  and {} more; `{}` shows them",
            words::number(more as u64),
            commands.on_log("status", "")
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_was_not_finished_says_that_the_next_one_goes_on() {
        let end = RoundEnd {
            code: Code::Temporary,
            ending: Code::Temporary.into(),
            own: Code::Temporary.into(),
            tally: Tally::default(),
            charged: Credits::ZERO,
            failed: BTreeSet::new(),
            given_up: BTreeSet::new(),
        };
        let next = end.next_step(&UnsentRows::default(), &Commands::default());
        assert!(next.is_some_and(|next| next.contains("the next round goes on")));
        assert_eq!(end.left(), RoundRemainder::Something);
    }

    #[test]
    fn a_row_that_waits_for_a_person_does_not_keep_the_others_waiting() {
        let of = |codes: &[Code]| {
            let mut ending = Ending::default();
            for code in codes {
                ending.note(*code);
            }
            RoundEnd {
                code: ending.code(),
                ending,
                own: Ending::default(),
                tally: Tally::default(),
                charged: Credits::ZERO,
                failed: BTreeSet::new(),
                given_up: BTreeSet::new(),
            }
        };
        let left = |codes: &[Code]| of(codes).left();
        assert_eq!(
            left(&[Code::Decision, Code::Temporary]),
            RoundRemainder::Something
        );
        assert_eq!(left(&[Code::Decision]), RoundRemainder::Nothing);
        assert_eq!(left(&[]), RoundRemainder::Nothing);
    }
}
