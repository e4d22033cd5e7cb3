//! `status --id`: one job in full: what was asked for, what is known, and each event.

use std::io;

use jiff::Timestamp;
use serde_json::Value;

use super::columns::labeled;
use super::job_summary::can_be_repeated;
use super::{
    commands::Commands, display_status::Tone, job_summary::JobSummary, printer::Printer, words,
};
use crate::jobs::{
    AttemptState, AttemptView, DisplayStatus, JobFact, JobView, Line, LineStatus, LoggedEvent,
    Rates, ReviewVerdict, Status, Verdict,
};
use crate::text::{escape, unquoted};

/// Columns before a label.
const INDENT: u16 = 2;

/// Prints everything about a job.
pub fn history(
    view: &JobView,
    rates: &Rates,
    commands: &Commands,
    now: Timestamp,
    printer: &mut Printer,
) -> io::Result<()> {
    let summary = JobSummary::of(view, commands);
    let width = printer.width();
    let item = summary.item.as_deref().unwrap_or(words::NO_ITEM);
    let title = printer.paint(&escape(&format!("{item}: {}", summary.name)), Tone::Strong);
    let sign = printer.paint(summary.display.sign(), summary.display.tone());
    let state = printer.paint(&escape(&summary.state), summary.display.tone());
    let since = summary.since.map_or_else(String::new, |at| {
        format!(" since {} ({})", words::moment(at), words::ago(now, at))
    });
    writeln!(printer.out(), "{title}\n{sign} {state}{since}")?;
    write_rows(&explained(view, &summary, commands), width, printer)?;
    writeln!(printer.out())?;
    write_rows(&facts(view, &summary, rates), width, printer)?;
    for (number, attempt) in &view.attempts {
        let status = view
            .state
            .attempt(*number)
            .map_or(Status::Unknown, AttemptState::status);
        let ids: Vec<&str> = attempt.ids.iter().map(String::as_str).collect();
        let mut headline = format!("Attempt {number}: {}", as_of_job(status).words());
        if !ids.is_empty() {
            headline = format!("{headline}, as {}", ids.join(" and "));
        }
        let headline = printer.paint(&escape(&headline), Tone::Strong);
        writeln!(printer.out(), "\n{headline}")?;
        let events = events(view, *number);
        let rows = events.iter().map(|(at, text)| (&**at, &**text));
        writeln!(printer.out(), "{}", labeled(rows, INDENT, width))?;
    }
    Ok(())
}

fn write_rows(rows: &[(String, String)], width: u16, printer: &mut Printer) -> io::Result<()> {
    // A link that is broken over two lines cannot be followed; it stands on a line of its own
    // however long that gets.
    let label_width = rows
        .iter()
        .map(|(label, _)| label.chars().count())
        .max()
        .unwrap_or(0);
    for (label, text) in rows {
        let label = escape(label);
        let text = escape(text);
        let padded = format!("{label:label_width$}");
        if text.contains("://") || text.starts_with("creativeai ") {
            writeln!(
                printer.out(),
                "{:1$}{padded}  {text}",
                "",
                usize::from(INDENT)
            )?;
        } else {
            let shown = labeled([(&*padded, &*text)], INDENT, width);
            writeln!(printer.out(), "{shown}")?;
        }
    }
    Ok(())
}

type HistoryRows = Vec<(String, String)>;

/// Rows of which there is something to say.
fn rows_of<'a>(rows: impl IntoIterator<Item = (&'a str, Option<String>)>) -> HistoryRows {
    let rows = rows.into_iter();
    rows.filter_map(|(label, text)| Some((label.to_owned(), text?)))
        .collect()
}

/// Why it stands there, and what can be done.
fn explained(view: &JobView, summary: &JobSummary, commands: &Commands) -> HistoryRows {
    let reason = if view.state.status().is_rendering() {
        "Soon"
    } else {
        "Reason"
    };
    let ids = summary.billed_twice.join(" and ");
    let twice =
        format!("one request was given the ids {ids}. Ask the vendor to refund one charge.");
    let conflict = "it was reported both as failed and as completed; the finished clip counts";
    let has_two_ends = view.state.attempts().any(AttemptState::has_two_ends);
    let mut rows = vec![
        ("Means", Some(summary.display.meaning().to_owned())),
        (reason, summary.reason.clone()),
        ("BILLED TWICE", (!ids.is_empty()).then_some(twice)),
        ("Conflict", has_two_ends.then(|| conflict.to_owned())),
    ];
    let key = summary.key.to_string();
    let resolve = |verdict| Some(commands.resolve(&key, verdict));
    let again = || commands.on_log("retry", "--unknown");
    let by = |by: &str| format!("job {by}");
    match summary.display {
        DisplayStatus::Unknown => rows.extend([
            ("Look for", summary.sought.clone()),
            ("If you find it", resolve("--generation-id ID")),
            ("If it is not there", resolve("--not-accepted")),
            ("Or send again", can_be_repeated(view).then(again)),
        ]),
        DisplayStatus::Replaced => rows.push(("Replaced by", view.fields.text("by_job").map(by))),
        _ => rows.push(("Next", summary.next.clone())),
    }
    rows_of(rows)
}

/// What was asked for and what came of it.
fn facts(view: &JobView, summary: &JobSummary, rates: &Rates) -> HistoryRows {
    let effective = view.effective();
    let field = |name: &str| Some(effective?.fields.text(name)?.to_owned());
    let is_failover =
        effective.and_then(|a| a.fields.get("failover_used")) == Some(&Value::Bool(true));
    let failover = "made by a provider other than the first choice";
    let rehearsal = "nothing was paid";
    let mut rows = rows_of([
        ("Job", Some(summary.key.to_string())),
        ("Manifest", view.line().map(|line| format!("line {line}"))),
        (
            "Rehearsal",
            (view.state.is_sandbox() && !view.state.is_live()).then(|| rehearsal.to_owned()),
        ),
        ("Cost", Some(cost(view, rates))),
        ("Clip", summary.link.clone()),
        ("File", effective.and_then(file)),
    ]);
    let published = effective.into_iter().flat_map(|a| a.published.values());
    rows.extend(rows_of(published.map(|published| {
        let target = published.text("target").unwrap_or("somewhere");
        let reference = published.text("reference").map(|r| format!(": {r}"));
        (
            "Published",
            Some(format!("{target}{}", reference.unwrap_or_default())),
        )
    })));
    rows.extend(rows_of([
        ("Made by", field("model_actual")),
        ("Failover", is_failover.then(|| failover.to_owned())),
    ]));
    let mut attempts = view.attempts.values().rev();
    let requested = attempts.find_map(AttemptView::request_fields);
    let requested = requested.into_iter().flatten();
    rows.extend(
        requested.map(|(name, value)| (words::label_of(&name).to_owned(), unquoted(&value))),
    );
    rows.extend(
        view.carried()
            .map(|(name, value)| (name.to_owned(), unquoted(value))),
    );
    rows
}

/// Where the clip was saved, and its size.
fn file(attempt: &AttemptView) -> Option<String> {
    let downloaded = &attempt.downloaded;
    downloaded.iter().next()?;
    let file = downloaded.text("file").unwrap_or("somewhere");
    let host = attempt.file_host().map(|host| format!(" on {host}"));
    let size = downloaded.get("bytes").and_then(Value::as_u64);
    let size = size.map(|n| format!(", {}", words::bytes(n)));
    Some(format!(
        "{file}{}{}",
        host.unwrap_or_default(),
        size.unwrap_or_default()
    ))
}

fn cost(view: &JobView, rates: &Rates) -> String {
    let job = &view.state;
    let figures = [
        (job.charged(), "charged"),
        (job.reserved(), "reserved"),
        (job.refunded(), "refunded"),
    ];
    let reported = figures
        .iter()
        .filter(|(amount, _)| amount.thousandths() > 0);
    let reported =
        reported.map(|(amount, what)| format!("{} {what}", words::money(rates, *amount)));
    let mut parts: Vec<String> = reported.collect();
    if parts.is_empty() {
        parts.push("nothing charged".to_owned());
    }
    let expected = job.effective().estimate();
    if expected.thousandths() > 0 && figures.iter().all(|(amount, _)| *amount != expected) {
        parts.push(format!("{} expected", words::credits(expected)));
    }
    parts.join("; ")
}

/// A job whose only attempt stands there.
const fn as_of_job(status: Status) -> DisplayStatus {
    match status {
        Status::Submitting | Status::Unknown => DisplayStatus::Unknown,
        Status::SubmitFailed => DisplayStatus::Refused,
        Status::Pending => DisplayStatus::Queued,
        Status::Processing => DisplayStatus::Rendering,
        Status::Failed => DisplayStatus::Failed,
        Status::Completed => DisplayStatus::Ready,
    }
}

/// Each event of an attempt, as time and plain words, oldest first.
fn events(view: &JobView, attempt: u32) -> Vec<(String, String)> {
    let events = view.events.iter().filter(|event| event.attempt == attempt);
    let words = |logged: &LoggedEvent| {
        let at = logged.at;
        let at = at.map_or_else(|| "no time noted".to_owned(), words::moment);
        Some((at, escape(&event(&logged.line()?)).into_owned()))
    };
    events.filter_map(words).collect()
}

/// One line of the log in plain words.
fn event(line: &Line<'_>) -> String {
    let mut text = match line.word {
        LineStatus::Status(_) if line.other("step").is_some() => {
            let step = field(line, "step").unwrap_or_default().replace('_', " ");
            let target = field(line, "target").unwrap_or_default();
            with(line, &format!("{step}, for {target}"), "error")
        }
        LineStatus::Status(status) => of_status(status, line),
        LineStatus::Fact(fact) => of_fact(fact, line),
    };
    if let Some(status) = line.http_status {
        text = format!("{text} (HTTP {status})");
    }
    if let Some(via) = field(line, "via") {
        text = format!("{text} [{via}]");
    }
    if line.is_sandbox() {
        text.push_str(" [sandbox]");
    }
    text
}

/// A field of the line, if it says anything.
fn field(line: &Line<'_>, name: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line.other(name)?).ok()?;
    Some(unquoted(&value)).filter(|text| !text.is_empty())
}

/// `text`, and what the field says beside it.
fn with(line: &Line<'_>, text: &str, name: &str) -> String {
    match field(line, name) {
        Some(more) => format!("{text}: {more}"),
        None => text.to_owned(),
    }
}

/// ` as vgen_1`, where the line has an id.
fn id(line: &Line<'_>) -> String {
    let id = line.generation_id.as_ref();
    id.map_or_else(String::new, |id| format!(" as {}", id.as_str()))
}

fn of_status(status: Status, line: &Line<'_>) -> String {
    let id = id(line);
    match status {
        Status::Submitting => "about to send the request".to_owned(),
        Status::Unknown => with(line, "sent, but no clear answer came back", "error"),
        Status::SubmitFailed if line.temporary => with(line, "refused for the time being", "error"),
        Status::SubmitFailed => with(line, "refused", "error"),
        Status::Pending => format!("accepted{id}, in the queue"),
        Status::Processing => with(line, &format!("rendering{id}"), "phase"),
        Status::Failed => with(line, &format!("failed{id}"), "error"),
        Status::Completed => {
            let credits = line.charged().map(|c| format!(", {c} credits charged"));
            format!("completed{id}{}", credits.unwrap_or_default())
        }
    }
}

fn of_fact(fact: JobFact, line: &Line<'_>) -> String {
    let by = || field(line, "by").unwrap_or_else(|| "someone".to_owned());
    let verdict = line.verdict.as_ref();
    match fact {
        JobFact::Downloaded => with(line, "clip saved", "file"),
        JobFact::Published => {
            let target = field(line, "target").unwrap_or_default();
            with(line, &format!("published to {target}"), "reference")
        }
        JobFact::Renamed => {
            let id = line
                .id
                .as_ref()
                .map(|(_, id)| escape(id.as_str()).into_owned());
            let photo = field(line, "image_url").map(|photo| format!("photo {photo}"));
            let names: Vec<String> = id.into_iter().chain(photo).collect();
            format!("now goes by {}", names.join(", "))
        }
        JobFact::Superseded if line.names_itself() => {
            "its row was changed back to it; it counts again".to_owned()
        }
        JobFact::Superseded => with(line, "replaced by an edited row, job", "by_job"),
        JobFact::Reviewed => match verdict.and_then(|word| ReviewVerdict::parse(word.as_str())) {
            Some(ReviewVerdict::Kept) => by() + " kept the clip",
            Some(ReviewVerdict::Rejected) => by() + " rejected the clip",
            None => by() + UNKNOWN_WORD,
        },
        JobFact::Resolved => match verdict.and_then(|word| Verdict::parse(word.as_str())) {
            Some(Verdict::Accepted) => format!("{} found it at the vendor's{}", by(), id(line)),
            Some(Verdict::NotAccepted) => by() + " says that it was not accepted",
            Some(Verdict::Dismissed) => by() + " closed the job",
            None => by() + UNKNOWN_WORD,
        },
    }
}

const UNKNOWN_WORD: &str = " wrote something that this version does not know";
