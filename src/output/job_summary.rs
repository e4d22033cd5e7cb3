//! One job boiled down to what a person reads about it: the table's row, the report's summary.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{commands::Commands, words};
use crate::disk;
use crate::jobs::{
    Credits, DisplayStatus, JobKey, JobView, LineStatus, LoggedEvent, ReviewVerdict, Status,
};
use crate::text::shorten;
use crate::vendor::SANDBOX_ORIGIN;

/// What a person reads about a job. Texts are as the server and the manifest wrote them: what
/// shows them escapes them.
#[derive(Clone, Debug)]
pub struct JobSummary {
    /// The job.
    pub key: JobKey,
    /// The listing's or SKU's id.
    pub item: Option<String>,
    /// What the clip is called among its item's.
    pub name: String,
    /// Where it stands.
    pub display: DisplayStatus,
    /// Where it stands, in a few words, with what has been done with the clip.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When it was last ordered.
    pub sent: Option<Timestamp>,
    /// How many seconds the vendor took, of a clip that is ready.
    pub took: Option<i64>,
    /// What it cost, or may cost, in a few words.
    pub cost: String,
    /// Where the clip is on this machine.
    pub file: Option<String>,
    /// Where the clip is at the vendor's.
    pub link: Option<String>,
    /// What went wrong.
    pub reason: Option<String>,
    /// What to do next, where something can be done: a command, or a sentence.
    pub next: Option<String>,
    /// How to find it in the vendor's account, where that is the question: the clip, the prompt, when
    /// it was sent.
    pub sought: Option<String>,
    /// Every id of an attempt that was given several: the vendor charged it more than once.
    pub billed_twice: Vec<String>,
}

impl JobSummary {
    /// The summary of a job; `commands` words what to do next.
    pub fn of(view: &JobView, commands: &Commands) -> Self {
        let display = DisplayStatus::of(&view.state);
        let effective = view.effective();
        let host = disk::host_name();
        let downloaded = effective.and_then(|a| a.file_on(&host));
        let link = effective.and_then(|a| a.fields.text("output_url"));
        let has_clip = view.state.status() == Status::Completed;
        let billed_twice = view
            .attempts
            .values()
            .filter(|a| a.ids.len() > 1)
            .flat_map(|a| a.ids.iter().cloned())
            .collect();
        let mut summary = Self {
            key: view.key(),
            item: view.id().map(|(_, id)| id.to_owned()),
            name: words::clip_name(view),
            display,
            state: state(view, display),
            since: view.standing_since(),
            sent: sent(view, in_question(view)),
            took: None,
            cost: cost(view),
            file: downloaded.filter(|_| has_clip).map(str::to_owned),
            link: link.filter(|_| has_clip).map(str::to_owned),
            reason: reason(view, display),
            next: None,
            sought: (display == DisplayStatus::Unknown).then(|| sought(view, view.in_question())),
            billed_twice,
        };
        summary.took = summary.seconds_taken();
        summary.next = summary.next_step(view, commands);
        summary
    }

    /// How many seconds passed between the last request for a clip and its completion.
    fn seconds_taken(&self) -> Option<i64> {
        let completed = self
            .since
            .filter(|_| self.display == DisplayStatus::Ready)?;
        let took = completed.duration_since(self.sent?).as_secs();
        (took >= 0).then_some(took)
    }

    /// Whether the clip is where no one answers once the command of a rehearsal has ended.
    pub(super) fn is_at_stand_in(&self) -> bool {
        let link = self.link.as_deref();
        link.and_then(|link| link.strip_prefix(SANDBOX_ORIGIN))
            .is_some_and(|path| path.starts_with('/'))
    }

    fn next_step(&self, view: &JobView, commands: &Commands) -> Option<String> {
        Some(match self.display {
            DisplayStatus::Ready if self.file.is_none() && self.is_at_stand_in() => {
                commands.on_log("download", "")
            }
            DisplayStatus::Ready if self.file.is_none() && self.link.is_none() => {
                format!("no link reported yet: {}", commands.on_log("download", ""))
            }
            DisplayStatus::Failed | DisplayStatus::NotAccepted => {
                commands.retry_after(view.state.tries())
            }
            DisplayStatus::Refused => "fix its row and submit again".to_owned(),
            // The account at the vendor comes first, then a decision.
            DisplayStatus::Unknown => commands.look_into(self.item.as_deref(), self.key),
            DisplayStatus::Newer => "update creativeai".to_owned(),
            DisplayStatus::NotSent => "the next creativeai submit sends it".to_owned(),
            DisplayStatus::Queued | DisplayStatus::Rendering => commands.on_log("reconcile", ""),
            DisplayStatus::Ready
            | DisplayStatus::BeingSent
            | DisplayStatus::Replaced
            | DisplayStatus::Closed => {
                return None;
            }
        })
    }
}

fn state(view: &JobView, display: DisplayStatus) -> String {
    let mut text = display.words().to_owned();
    match display {
        DisplayStatus::Ready => {
            match view.state.effective().look() {
                Some(ReviewVerdict::Kept) => text.push_str(", kept"),
                Some(ReviewVerdict::Rejected) => text.push_str(", rejected"),
                None => {}
            }
            if view.state.effective().is_downloaded() {
                text.push_str(", downloaded");
            }
            if view.state.effective().is_published() {
                text.push_str(", published");
            }
            for target in targets(view) {
                text.push_str(" to ");
                text.push_str(&shorten(&target, LONGEST_TARGET));
            }
        }
        DisplayStatus::BeingSent => {
            let sender = view.sender.as_deref().unwrap_or("an active run");
            text.push_str(" by ");
            text.push_str(sender);
        }
        DisplayStatus::Rendering | DisplayStatus::Queued => {
            let phase = view.effective().and_then(|a| a.fields.text("phase"));
            // The phase is a word of the server's; it may say what the state says already.
            let phase = phase.map(str::to_lowercase);
            let phase = phase.filter(|p| !p.trim().is_empty() && p != "queued" && *p != text);
            if let Some(phase) = phase {
                text.push_str(": ");
                text.push_str(&shorten(&phase, 16));
            }
        }
        _ => {}
    }
    text
}

/// Longest name of a receiver beside a state, in characters.
const LONGEST_TARGET: usize = 24;

/// Where the clip was published to.
fn targets(view: &JobView) -> Vec<String> {
    let published = view
        .effective()
        .into_iter()
        .flat_map(|a| a.published.values());
    let targets = published.filter_map(|fields| fields.text("target"));
    // A shop goes by its own name.
    let own = |target: &str| target.strip_prefix("shopify:").unwrap_or(target).to_owned();
    targets.map(own).collect()
}

/// Whether an order in doubt can be sent again: the log holds what was sent.
pub fn can_be_repeated(view: &JobView) -> bool {
    let mut attempts = view.state.attempts();
    attempts.any(|attempt| {
        let logged = view.attempts.get(&attempt.number);
        attempt.status() == Status::Unknown && logged.is_some_and(|logged| logged.request.is_some())
    })
}

/// Longest beginning of a prompt by which a person finds an order, in characters.
const LONGEST_PROMPT: usize = 60;

/// How a person finds a job in doubt in the vendor's account.
pub struct DoubtfulJob {
    /// The job.
    pub job: JobKey,
    /// What it is called there.
    pub name: String,
    /// Whether it can be sent again.
    pub can_be_repeated: bool,
}

impl DoubtfulJob {
    /// Of a job's attempt in doubt.
    pub fn of(view: &JobView) -> Self {
        Self {
            job: view.key(),
            name: sought(view, view.in_question()),
            can_be_repeated: can_be_repeated(view),
        }
    }
}

/// How a person finds an attempt's order in the vendor's account, which knows no keys of ours.
pub fn sought(view: &JobView, number: u32) -> String {
    let request = view.attempts.get(&number);
    let request = request.or_else(|| view.attempts.values().next_back());
    let asked = |name: &str| {
        let value = request?.request_value(name)?;
        let text = value.as_str()?.split_whitespace().collect::<Vec<_>>();
        (!text.is_empty()).then(|| text.join(" "))
    };
    let item = view.id().map(|(_, id)| id.to_owned());
    let mut parts: Vec<String> = item.into_iter().collect();
    let name = words::clip_name(view);
    // A log of the vendor's sample scripts knows no more than the id.
    parts.extend((name != view.key().to_string()).then_some(name));
    if let Some(prompt) = asked("prompt").or_else(|| asked("text")) {
        parts.push(format!("“{}”", shorten(&prompt, LONGEST_PROMPT)));
    }
    // Each request may be the one that was accepted.
    let mut times: Vec<_> = sendings(view, number).map(words::moment).collect();
    times.dedup();
    parts.extend((!times.is_empty()).then(|| format!("sent {}", times.join(" and "))));
    parts.join(", ")
}

/// What it cost: the vendor's word; `~` marks an estimate.
fn cost(view: &JobView) -> String {
    let job = &view.state;
    let (charged, reserved) = (job.charged(), job.reserved());
    let unreported = job.unreported();
    if charged > Credits::ZERO || unreported > Credits::ZERO {
        let about = if unreported > Credits::ZERO { "~" } else { "" };
        return about.to_owned() + &words::credits(charged + unreported);
    }
    if reserved > Credits::ZERO {
        let is_doubtful =
            job.status() == Status::Unknown || DisplayStatus::of(job) == DisplayStatus::Unknown;
        return if is_doubtful {
            format!("{reserved} at stake")
        } else {
            "~".to_owned() + &words::credits(reserved)
        };
    }
    if job.refunded() > Credits::ZERO {
        return "refunded".to_owned();
    }
    match job.status() {
        Status::Unknown | Status::Pending | Status::Processing => "not known".to_owned(),
        Status::Completed if job.effective().charged().is_none() => "not known".to_owned(),
        _ => "no charge".to_owned(),
    }
}

/// Why it is not ready, where it should be.
fn reason(view: &JobView, display: DisplayStatus) -> Option<String> {
    let given_reason = || {
        let fields = &view.attempts.get(&in_question(view))?.fields;
        let text = match fields.get("error")? {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!text.trim().is_empty()).then_some(text)
    };
    match display {
        DisplayStatus::Unknown => Some(doubts(view).or_else(given_reason).unwrap_or_else(|| {
            "no answer is in the log: the run was stopped before it came, or could not write it"
                .to_owned()
        })),
        DisplayStatus::Failed => {
            given_reason().or_else(|| Some("the vendor gave no reason".to_owned()))
        }
        DisplayStatus::Refused | DisplayStatus::NotSent => given_reason(),
        DisplayStatus::NotAccepted => {
            let by = view.effective()?.resolved.text("by");
            Some(format!("{} said so", by.unwrap_or("a person")))
        }
        DisplayStatus::Queued | DisplayStatus::Rendering => {
            let eta = view.effective()?.fields.get("eta_seconds")?.as_f64()?;
            let seconds = eta.round();
            (1.0..1e6)
                .contains(&seconds)
                .then(|| format!("about {} left", words::duration(seconds as u64)))
        }
        DisplayStatus::Ready
        | DisplayStatus::BeingSent
        | DisplayStatus::Newer
        | DisplayStatus::Replaced
        | DisplayStatus::Closed => None,
    }
}

/// The attempt that a summary is about: of a job in doubt the one that is.
fn in_question(view: &JobView) -> u32 {
    match DisplayStatus::of(&view.state) {
        DisplayStatus::Unknown => view.in_question(),
        _ => view.state.effective().number,
    }
}

/// When an attempt was last sent.
fn sent(view: &JobView, number: u32) -> Option<Timestamp> {
    sendings(view, number).last()
}

/// The times at which an attempt was sent, ascending. More than one, where it was sent again while in doubt.
fn sendings(view: &JobView, number: u32) -> impl Iterator<Item = Timestamp> {
    let sent = logged(view, number, Status::Submitting);
    let times: BTreeSet<_> = sent.filter_map(|line| line.at).collect();
    times.into_iter()
}

/// The lines that say that an attempt has this status.
fn logged(view: &JobView, number: u32, status: Status) -> impl Iterator<Item = &LoggedEvent> {
    let lines = view
        .events
        .iter()
        .filter(move |line| line.attempt == number);
    lines.filter(move |line| line.word == LineStatus::Status(status))
}

/// Why it is not known whether an attempt was accepted: of each request in turn, as a refusal of the second
/// one says nothing of the first.
fn doubts(view: &JobView) -> Option<String> {
    let mut unclear: Vec<_> = logged(view, in_question(view), Status::Unknown).collect();
    unclear.sort_by_key(|line| line.at);
    let errors = unclear.into_iter().filter_map(|logged| {
        let error = logged.line()?.other_text("error")?;
        Some(error.trim().to_owned()).filter(|error| !error.is_empty())
    });
    let mut errors: Vec<String> = errors.collect();
    errors.dedup();
    (!errors.is_empty()).then(|| errors.join("; sent again: "))
}
