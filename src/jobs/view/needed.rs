//! Which lines of a job are needed to say all that is known of it.

use std::collections::HashSet;
use std::sync::Arc;

use super::{AttemptView, FieldMap, JobView, LoggedEvent};
use crate::jobs::attempt_state::AttemptState;
use crate::jobs::line::Line;
use crate::jobs::line_facts::ReadOptions;
use crate::jobs::money::Rates;
use crate::jobs::state::JobState;
use crate::jobs::status::{JobFact, LineStatus, Status};

/// Lines taken in again, at most, to find those that are not needed, for each line of a job: a job
/// with very many lines keeps some too many.
const MOST_WORK: usize = 256;

impl JobView {
    /// The lines without which something would no longer be known of the job, oldest first; the
    /// others repeat what these say, or report a progress that has come to its end.
    pub(crate) fn needed_lines(&self, rates: &Rates) -> Vec<Arc<str>> {
        let sole = self.sole_sources();
        let texts = || self.events.iter().map(|event| event.text.clone());
        if self.events.iter().all(|event| sole.contains(&*event.text)) {
            return texts().collect();
        }
        let mut seen = HashSet::new();
        let events = self.events.iter().filter(|event| seen.insert(&*event.text));
        let events: Vec<&LoggedEvent> = events.collect();
        let lines: Vec<Line<'_>> = events.iter().filter_map(|event| event.line()).collect();
        if lines.len() != events.len() {
            return texts().collect();
        }
        let open: Vec<usize> = (0..lines.len())
            .filter(|&i| !sole.contains(lines[i].raw) && !self.is_kept(&lines[i]))
            .collect();
        let mut search = LineSearch {
            lines: &lines,
            kept: vec![true; lines.len()],
            whole: ReportedFields::of(self),
            reading: ReadOptions::new(rates.clone()),
            work: MOST_WORK * lines.len(),
        };
        search.drop_what_is_not_needed(open);
        let kept = events.into_iter().zip(&search.kept);
        kept.filter(|(_, is_kept)| **is_kept)
            .map(|(event, _)| event.text.clone())
            .collect()
    }

    /// Lines that are the only ones to report something that is seen.
    fn sole_sources(&self) -> HashSet<&str> {
        let mut sole: HashSet<&str> = self.fields.sole_sources().collect();
        for (number, attempt) in &self.attempts {
            let status = self.state.attempt(*number).map(AttemptState::status);
            let seen = |name: &str| is_seen(name, status);
            sole.extend(attempt.fields.sole_sources_of(seen));
            sole.extend(attempt.downloaded.sole_sources());
            sole.extend(attempt.resolved.sole_sources());
            sole.extend(attempt.reviewed.sole_sources());
            sole.extend(attempt.published.values().flat_map(FieldMap::sole_sources));
            let is_only_request = attempt.requests == 1;
            let request = attempt.request_order.as_ref().filter(|_| is_only_request);
            sole.extend(request.map(|order| &*order.raw));
        }
        sole
    }

    /// Lines that stay although others may say the same: those that no other reader may miss.
    fn is_kept(&self, line: &Line<'_>) -> bool {
        let status = self.state.attempt(line.attempt).map(AttemptState::status);
        // A person who has to decide about a doubt wants to see each request and each reply.
        let is_evidence = status == Some(Status::Unknown);
        // Steps of a publication that has not come to its end are taken up where it stopped.
        let is_step =
            line.other("step").is_some() && line.word != LineStatus::Fact(JobFact::Published);
        // It takes a publication back.
        let is_removal = is_step && line.other_text("step").as_deref() == Some("removed");
        let is_published = || {
            let target = line.other_text("target");
            let attempt = self.attempts.get(&line.attempt);
            target.is_some_and(|target| {
                attempt.is_some_and(|attempt| attempt.published.contains_key(&target))
            })
        };
        let is_renaming = line.word == LineStatus::Fact(JobFact::Renamed);
        line.keyless
            || line.newer
            || is_renaming
            || is_evidence
            || is_removal
            || (is_step && !is_published())
    }
}

/// Whether a field of an attempt is shown; what reports progress is not, once it has
/// ended.
fn is_seen(name: &str, status: Option<Status>) -> bool {
    match name {
        // Reported by the state, by the ids, or by facts.
        "sandbox" | "temporary" | "generation_id" | "step" | "target" | "reference" => false,
        "phase" | "progress" | "eta_seconds" => !status.is_some_and(Status::is_terminal),
        "error" => status != Some(Status::Completed),
        _ => true,
    }
}

/// All that is reported about a job, by the lines that are taken in.
#[derive(PartialEq)]
struct ReportedFields {
    json: String,
    job: String,
    attempts: Vec<String>,
}

impl ReportedFields {
    fn of(view: &JobView) -> Self {
        let attempts = view.attempts.iter();
        Self {
            json: view.to_json().to_string(),
            job: of_job(&view.state) + of_fields(&view.fields, |_| true).as_str(),
            attempts: attempts
                .map(|(number, attempt)| of_attempt(*number, attempt, &view.state))
                .collect(),
        }
    }
}

fn of_job(job: &JobState) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {} {} {} {} {:?}",
        job.charged(),
        job.reserved(),
        job.refunded(),
        job.committed(),
        job.is_dismissed(),
        job.is_superseded(),
        job.is_keyless(),
        job.is_newer(),
        job.bar(),
    )
}

fn of_attempt(number: u32, view: &AttemptView, job: &JobState) -> String {
    let state = job.attempt(number);
    let status = state.map(AttemptState::status);
    let request = view.request.as_ref().map(|request| request.get());
    let published: Vec<_> = view
        .published
        .iter()
        .map(|(target, fields)| (target, of_fields(fields, |_| true)))
        .collect();
    format!(
        "{number} {:?} {:?} {:?} {request:?} {} {} {} {} {published:?}",
        state.map(AttemptState::summary),
        view.ids,
        view.generation_id(),
        of_fields(&view.fields, |name| is_seen(name, status)),
        of_fields(&view.downloaded, |_| true),
        of_fields(&view.resolved, |_| true),
        of_fields(&view.reviewed, |_| true),
    )
}

fn of_fields(fields: &FieldMap, is_seen: impl Fn(&str) -> bool) -> String {
    let seen = fields.iter().filter(|(name, _)| is_seen(name));
    format!("{:?}", seen.collect::<Vec<_>>())
}

/// The search for lines that can be left out.
struct LineSearch<'a> {
    lines: &'a [Line<'a>],
    kept: Vec<bool>,
    whole: ReportedFields,
    reading: ReadOptions,
    /// How many lines may still be taken in again.
    work: usize,
}

impl LineSearch<'_> {
    /// Drops of `open`, places of lines, what is not needed. What is not needed beside one line may
    /// be needed without it, so they are left out one after the other, until each is needed.
    fn drop_what_is_not_needed(&mut self, mut open: Vec<usize>) {
        loop {
            let before = open.len();
            self.drop_some(&open);
            open.retain(|&line| self.kept[line]);
            if open.len() == before || open.is_empty() {
                return;
            }
        }
    }

    /// Drops all of `some` at once where that changes nothing, else the halves one by one.
    fn drop_some(&mut self, some: &[usize]) {
        if some.is_empty() || self.work < self.lines.len() {
            return;
        }
        self.keep(some, false);
        if self.says_the_same() {
            return;
        }
        self.keep(some, true);
        if some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            self.drop_some(first);
            self.drop_some(second);
        }
    }

    fn keep(&mut self, some: &[usize], is_kept: bool) {
        for line in some {
            self.kept[*line] = is_kept;
        }
    }

    fn says_the_same(&mut self) -> bool {
        let mut view: Option<JobView> = None;
        let kept = self.lines.iter().zip(&self.kept);
        for (line, _) in kept.filter(|(_, is_kept)| **is_kept) {
            self.work = self.work.saturating_sub(1);
            let view = view.get_or_insert_with(|| JobView::new(line.job, line.attempt));
            view.absorb(line, &self.reading);
        }
        view.is_some_and(|view| ReportedFields::of(&view) == self.whole)
    }
}
