//! What commands tell while they run and when they end.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Ended;
use crate::engine::dispatch::{self, Attempt};
use crate::engine::plan::{Counts, Share};
use crate::engine::round::Done;
use crate::exit::{Code, Ending, Failure};
use crate::jobs::{Credits, Facts, GenerationId, IdColumn, JobState, Rates, Status};
use crate::output::{
    Commands, Event, Printer, Progress, Standing, Summary, Tally, aligned, words, wrap,
};
use crate::settings::Settings;
use crate::text::{escape, shorten};

/// What jobs were charged, as far as the log tells.
pub fn charged<'a>(jobs: impl Iterator<Item = &'a JobState>) -> Credits {
    jobs.map(JobState::charged).sum()
}

/// Tells what a run did and where the jobs it covers stand, and gives the code. `charged_before`
/// is what those jobs were charged when the run began: that is not of its doing.
pub fn finish<'a>(
    summary: Summary,
    charged_before: Credits,
    jobs: impl Iterator<Item = &'a JobState>,
    mut ending: Ending,
    settings: &Settings,
    commands: &Commands,
    printer: &mut Printer,
) -> anyhow::Result<Ended> {
    let done = Done {
        own: ending,
        clips: summary.submitted,
    };
    // At once: finding each of a million jobs takes longer than looking at it.
    let mut tally = Tally::default();
    for job in jobs {
        tally.add(job);
        ending.join(ending_of_job(job));
    }
    let code = ending.code();
    let mut summary = summary.with_states(&tally);
    summary.rehearsal |= settings.sandbox;
    summary.credits_charged = tally.charged.beyond(charged_before);
    summary.exit_code = code.number();
    if printer.voice().json {
        printer.document(&summary.to_json())?;
    } else {
        let mut text = summary.line(&settings.rates);
        if code == Code::Decision && summary.unknown > 0 {
            text = format!("{text}\n  next: {}", commands.on_log("status", ""));
        } else if printer.shows_progress()
            && let Some(next) = next_step(&tally, commands)
        {
            text = format!("{text}\n  next: {next}");
        }
        printer.conclude(text, code == Code::Success);
    }
    Ok(Ended { code, done })
}

/// What a person who watches types next: clips that are ready are fetched first, since their links
/// expire.
fn next_step(tally: &Tally, commands: &Commands) -> Option<String> {
    let is_left = |standing| tally.count(standing) > 0;
    if tally.ready() > tally.downloaded {
        Some(commands.on_log("download", ""))
    } else if is_left(Standing::Queued) || is_left(Standing::Rendering) {
        Some(commands.on_log("reconcile", "--wait"))
    } else if is_left(Standing::Failed) {
        Some(commands.on_log("status", ""))
    } else {
        None
    }
}

/// The conditions that jobs, as they stand, put on a run's end.
pub fn ending_of_jobs<'a>(jobs: impl Iterator<Item = &'a JobState>) -> Ending {
    let mut ending = Ending::default();
    jobs.for_each(|job| ending.join(ending_of_job(job)));
    ending
}

fn ending_of_job(job: &JobState) -> Ending {
    let mut ending = Ending::default();
    if !job.is_counted() || Standing::of(job) == Standing::Newer {
        return ending;
    }
    match job.status() {
        Status::Unknown | Status::Submitting => ending.note(Code::Decision),
        Status::SubmitFailed if job.speaking().is_refused() => ending.note(Code::Refused),
        Status::SubmitFailed if job.speaking().is_temporary() => ending.note(Code::Temporary),
        Status::SubmitFailed | Status::Failed => ending.note(Code::Failed),
        Status::Pending | Status::Processing | Status::Completed => {}
    }
    ending
}

/// Says which key pays for what is about to be sent, if anything is, where a person reads it or has
/// chosen a profile. Gives the same as fields of the summary for programs.
pub fn payer(
    sends: bool,
    settings: &Settings,
    printer: &Printer,
) -> Result<Map<String, Value>, Failure> {
    let mut fields = Map::new();
    if settings.sandbox || !sends {
        return Ok(fields);
    }
    let profile = settings.profile.as_deref();
    let key = settings.require_key()?;
    let ending = key.ending();
    if printer.shows_progress() || profile.is_some() {
        let ending = ending.map(|ending| format!(" that ends in {ending}"));
        let profile = profile.map(|name| format!(" (profile {name})"));
        printer.note(format_args!(
            "paid with the key{}{}",
            ending.unwrap_or_default(),
            profile.unwrap_or_default()
        ));
    }
    fields.insert("key_ending".to_owned(), ending.into());
    fields.insert("profile".to_owned(), profile.into());
    Ok(fields)
}

/// Tells how sending goes.
pub struct Sending<'a> {
    printer: &'a Printer,
    commands: &'a Commands,
    /// The manifest's name, where rows of one are sent.
    manifest: Option<String>,
    progress: Progress,
    /// Attempts that failed for a reason that was said already.
    alike: RefCell<BTreeMap<Alike, Vec<String>>>,
}

/// What makes two warnings one: what became of the attempts, and why.
type Alike = (&'static str, String);

/// Attempts that a warning names when it stands for several.
const MOST_ALIKE: usize = 10;

impl<'a> Sending<'a> {
    /// Tells of `total` attempts.
    pub fn new(printer: &'a Printer, total: u64, commands: &'a Commands) -> Self {
        let progress = Progress::new(Some(total), "sending", printer);
        Self {
            printer,
            commands,
            manifest: None,
            progress,
            alike: RefCell::default(),
        }
    }

    /// Warns of an attempt; of further ones with the same end and reason only in one line together,
    /// when sending is over.
    fn warn_once(&self, end: &'static str, error: &str, attempt: &Attempt, text: String) {
        let mut alike = self.alike.borrow_mut();
        if let Some(further) = alike.get_mut(&(end, error.to_owned())) {
            further.push(name_in_row(attempt));
            self.detail(|| text);
            return;
        }
        alike.insert((end, error.to_owned()), Vec::new());
        self.progress.warn(self.printer, text);
    }

    /// Says of how many more attempts the warnings were true.
    pub fn finish(self) {
        for ((end, error), further) in self.alike.take() {
            if further.is_empty() {
                continue;
            }
            let (named, rest) = further.split_at(further.len().min(MOST_ALIKE));
            let rest = match rest.len() {
                0 => String::new(),
                n => format!(" and {} more", words::number(n as u64)),
            };
            let more = format!(
                "{} {end} for the same reason ({}): {}{rest}",
                words::count(further.len() as u64, "more clip"),
                shorten(&escape(&error), LONGEST_REASON),
                named.join(", "),
            );
            self.progress.warn(self.printer, more);
        }
    }

    /// Also says in which row of `manifest` something is to be corrected.
    #[must_use]
    pub fn of_manifest(self, manifest: &str) -> Self {
        Self {
            manifest: Some(manifest.to_owned()),
            ..self
        }
    }

    /// Where the row of an attempt stands.
    fn row_of(&self, attempt: &Attempt) -> String {
        let line = attempt.order.line;
        match (&self.manifest, line) {
            (Some(manifest), Some(line)) => format!("{}:{line}", escape(manifest)),
            (None, Some(line)) => format!("its row (line {line})"),
            (_, None) => "its row".to_owned(),
        }
    }

    /// Takes an event.
    pub fn tell(&self, event: &dispatch::Event<'_>) {
        use dispatch::Event as E;
        let warn = |text: String| self.progress.warn(self.printer, text);
        match event {
            E::Begun(_) => self.progress.begin(),
            E::Accepted(attempt) => {
                self.end(Event::Accepted);
                self.progress.estimated(attempt.estimate());
                self.detail(|| format!("{}: accepted", name(attempt)));
            }
            E::Refused(attempt, http_status, error) => {
                self.end(Event::Refused);
                let text = format!(
                    "{}: refused, nothing was charged: {}{}",
                    name(attempt),
                    escape(error).trim_end_matches('.'),
                    match http_status {
                        // It lies in what was asked for.
                        400 | 413 | 415 | 422 =>
                            format!(". Correct {}, then submit again", self.row_of(attempt)),
                        _ => String::new(),
                    }
                );
                self.warn_once("refused", error, attempt, text);
            }
            E::GaveUp(attempt, error) => {
                self.end(Event::Refused);
                let text = format!(
                    "{}: not sent yet, nothing was charged: {}. The next submit sends it \
                     again",
                    name(attempt),
                    escape(error)
                );
                self.warn_once("not sent yet", error, attempt, text);
            }
            E::Denied(attempt, error) => {
                self.end(Event::Refused);
                self.detail(|| format!("{}: {}", name(attempt), escape(error)));
            }
            E::Unknown(attempt, error) => {
                self.end(Event::Unknown);
                let text = format!(
                    "{}: no clear answer, it may have been accepted and paid for: {}. It is not \
                     sent again by itself; `{}` shows more",
                    name(attempt),
                    escape(error),
                    self.commands.look_into(None, attempt.job),
                );
                self.warn_once("without a clear answer", error, attempt, text);
            }
            E::Waiting(wait, error) => {
                self.progress.waiting(*wait, error);
                self.detail(|| {
                    format!(
                        "waiting {}: {}",
                        words::duration(wait.as_secs()),
                        escape(error)
                    )
                });
            }
            E::Warning(attempt, warning) => {
                warn(format!("{}: {}", name(attempt), escape(warning)));
            }
            E::Draining(count) => warn(format!(
                "stopping: {} in flight, waited for and logged. The same signal again stops at \
                 once and leaves {} in doubt",
                words::count(*count as u64, "request"),
                if *count == 1 { "it" } else { "them" },
            )),
            // Not escaped: it is JSON, which has no control characters, and must read back.
            E::Recover(line) => self.progress.suspend(|| {
                self.printer
                    .vital(format_args!("{}{line}", super::recover::MARK));
            }),
        }
    }

    fn end(&self, event: Event) {
        self.progress.going_on();
        self.progress.end(event);
    }

    fn detail(&self, text: impl FnOnce() -> String) {
        self.progress.detail(self.printer, text);
    }
}

/// What a person calls an attempt.
fn name(attempt: &Attempt) -> String {
    match &attempt.id {
        Some((_, id)) => format!("{} (job {})", escape(id), attempt.job),
        None => format!("job {}", attempt.job),
    }
}

/// The same, shorter where many are named.
fn name_in_row(attempt: &Attempt) -> String {
    let name = match &attempt.id {
        Some((_, id)) => escape(id).into_owned(),
        None => format!("job {}", attempt.job),
    };
    match attempt.order.line {
        Some(line) => format!("{name} (line {line})"),
        None => name,
    }
}

/// Longest reason in a warning that stands for several, in characters.
const LONGEST_REASON: usize = 100;

/// Tells how polling goes.
pub struct Polling<'a> {
    printer: &'a Printer,
    progress: Progress,
    /// What went wrong in this round, and with which clips.
    troubles: RefCell<BTreeMap<String, Vec<String>>>,
}

impl<'a> Polling<'a> {
    /// Tells of `total` generations.
    pub fn new(printer: &'a Printer, total: u64) -> Self {
        let progress = Progress::new(Some(total), "rendering", printer);
        progress.rendering(total);
        Self {
            printer,
            progress,
            troubles: RefCell::default(),
        }
    }

    /// One was asked for; `left` are not known to have ended.
    pub fn seen(&self, id: &GenerationId, status: Status, facts: &Facts<'_>, left: u64) {
        match status {
            Status::Completed => {
                self.progress.end(Event::Completed);
                self.progress
                    .charged(facts.adjusted_credits.or(facts.credits));
            }
            Status::Failed => self.progress.end(Event::Failed),
            _ => {}
        }
        self.progress.rendering(left);
        self.progress.detail(self.printer, || {
            let phase = facts
                .phase
                .as_ref()
                .map(|p| format!(", {}", escape(p.as_str())))
                .unwrap_or_default();
            let left = facts.eta_seconds.filter(|s| (0.0..1e6).contains(s));
            let left = left.map(|s| format!(", about {} left", words::duration(s as u64)));
            format!("{id}: {status}{phase}{}", left.unwrap_or_default())
        });
    }

    /// A clip could not be asked for. It is told at the end of the round, since all of them mostly
    /// share one reason.
    pub fn trouble(&self, clip: String, error: &str) {
        let mut troubles = self.troubles.borrow_mut();
        let clips = troubles.entry(plain_reason(error).to_owned()).or_default();
        clips.push(clip);
    }

    /// Tells the troubles of the round that ends.
    pub fn end_round(&self) {
        for (error, clips) in self.troubles.take() {
            let (whose, are) = match clips.as_slice() {
                [only] => (only.clone(), "it is"),
                several => (words::count(several.len() as u64, "clip"), "they are"),
            };
            self.warn(format_args!(
                "{whose}: the vendor could not be asked: {}. Nothing changes; {are} asked for \
                 again later",
                escape(&error)
            ));
        }
    }

    /// Something went wrong that changes nothing.
    pub fn warn(&self, text: impl std::fmt::Display) {
        self.progress.warn(self.printer, text);
    }
}

/// A reason without the system's number for it, which helps no one here.
fn plain_reason(error: &str) -> &str {
    match error.rfind(" (os error ") {
        Some(at) if error.ends_with(')') => &error[..at],
        _ => error,
    }
}

/// What a dry run tells.
pub struct DryRun<'a> {
    /// The manifest's name.
    pub manifest: &'a str,
    /// Its columns that are carried along.
    pub carried: &'a [String],
    /// Rows by what would become of them.
    pub counts: &'a Counts,
    /// Where the jobs of its rows stand.
    pub states: Tally,
    /// Whether rows are listings or products.
    pub id_column: IdColumn,
    /// What would be spent for each of them.
    pub shares: &'a [Share<'a>],
    /// What is wrong with rows, for the JSON document.
    pub invalid_rows: Vec<Value>,
    /// Further fields of the JSON document.
    pub more: Map<String, serde_json::Value>,
    /// What is left of the caps, for people and for programs.
    pub caps: Vec<(String, Value)>,
    /// How it ends.
    pub code: Code,
}

/// Tells what a run would do. Nothing was sent or written.
pub fn dry_run(run: DryRun<'_>, settings: &Settings, printer: &mut Printer) -> anyhow::Result<()> {
    let counts = run.counts;
    let rates = &settings.rates;
    if printer.voice().json {
        let mut summary = Summary::new("submit").with_states(&run.states);
        summary.dry_run = true;
        summary.skipped = counts.skip;
        summary.changed = counts.changed;
        summary.renamed = counts.renamed;
        summary.same_clip = counts.same_clip;
        summary.duplicates = counts.duplicate;
        summary.invalid = counts.invalid;
        summary.credits_estimated = counts.credits;
        summary.exit_code = run.code.number();
        let share = |share: &Share<'_>| {
            json!({
                run.id_column.name(): share.id,
                "new": share.clips,
                "credits_estimated": share.credits,
                "dollars": words::dollars_json(rates, share.credits),
            })
        };
        summary.more = Map::from_iter([
            ("new".to_owned(), json!(counts.send)),
            (
                "dollars".to_owned(),
                words::dollars_json(rates, counts.credits),
            ),
            ("per_id".to_owned(), run.shares.iter().map(share).collect()),
            ("invalid_rows".to_owned(), run.invalid_rows.into()),
        ]);
        summary.more.extend(run.more.clone());
        if !run.caps.is_empty() {
            let caps = run.caps.into_iter().map(|(_, cap)| cap).collect();
            summary.more.insert("caps".to_owned(), caps);
        }
        printer.document(&summary.to_json())?;
        return Ok(());
    }
    let rows = [
        ("new", counts.send),
        ("already submitted", counts.skip),
        ("changed", counts.changed),
        ("duplicate", counts.duplicate),
        ("invalid", counts.invalid),
    ];
    let width = printer.width();
    let mut carried = format!("  carried along: {}", escape(&run.carried.join(", ")));
    if printer.is_terminal() {
        carried = wrap::wrap(&carried, width);
    }
    let out = printer.out();
    writeln!(out, "{}", escape(run.manifest))?;
    let rare = [
        ("renamed", counts.renamed),
        ("the same clip", counts.same_clip),
        ("left out", counts.left_out),
    ];
    let rows = rows
        .into_iter()
        .chain(rare.into_iter().filter(|(_, n)| *n > 0));
    for (what, n) in rows {
        writeln!(out, "  {what:<18} {:>9}", words::number(n))?;
    }
    if !run.carried.is_empty() {
        writeln!(out, "{carried}")?;
    }
    for line in costs(&run, rates, width.saturating_sub(2)) {
        writeln!(out, "  {line}")?;
    }
    for (cap, _) in &run.caps {
        writeln!(out, "  {cap}")?;
    }
    let cost = words::money(rates, counts.credits);
    writeln!(
        out,
        "  would cost {cost}\nNothing was sent, nothing was written."
    )?;
    printer.flush()?;
    Ok(())
}

/// Listings or products of a dry run that get a line each.
const MOST_SHARES: usize = 20;

/// What each listing or product would cost, in columns.
fn costs(run: &DryRun<'_>, rates: &Rates, width: u16) -> Vec<String> {
    let (shown, rest) = run.shares.split_at(run.shares.len().min(MOST_SHARES));
    let row = |name: String, clips: u64, amount: Credits| {
        [
            name,
            words::count(clips, "clip"),
            words::credits(amount),
            words::dollars(rates, amount),
        ]
    };
    let mut rows: Vec<[String; 4]> = shown
        .iter()
        .map(|share| row(escape(share.id).into_owned(), share.clips, share.credits))
        .collect();
    if !rest.is_empty() {
        rows.push(row(
            format!("{} more", words::number(rest.len() as u64)),
            rest.iter().map(|share| share.clips).sum(),
            rest.iter().map(|share| share.credits).sum(),
        ));
    }
    let rows: Vec<[&str; 4]> = rows
        .iter()
        .map(|row| row.each_ref().map(String::as_str))
        .collect();
    aligned(&rows, width)
}
