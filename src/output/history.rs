//! `status --id`: one job in full: what was asked for, what is known, and each event.

use std::io;

use jiff::Timestamp;
use serde_json::Value;

use super::columns::labeled;
use super::job_summary::can_be_repeated;
use super::{commands::Commands, job_summary::JobSummary, printer::Printer, tone::Tone, words};
use crate::jobs::{
    AttemptState, AttemptView, DisplayStatus, Fact, JobView, Line, Logged, Look, Rates, Status,
    Verdict, Word,
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
    let item = summary
        .item
        .as_deref()
        .unwrap_or("Without a listing or SKU");
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

type Rows = Vec<(String, String)>;

/// Why it stands there, and what can be done.
fn explained(view: &JobView, summary: &JobSummary, commands: &Commands) -> Rows {
    let mut rows = vec![("Means".to_owned(), summary.display.meaning().to_owned())];
    let mut row = |label: &str, text: String| rows.push((label.to_owned(), text));
    if let Some(reason) = &summary.reason {
        let label = if view.state.status().is_rendering() {
            "Soon"
        } else {
            "Reason"
        };
        row(label, reason.clone());
    }
    if !summary.billed_twice.is_empty() {
        row(
            "BILLED TWICE",
            format!(
                "one request was given the ids {}. Ask the vendor to give one charge back.",
                summary.billed_twice.join(" and ")
            ),
        );
    }
    if view.state.attempts().any(AttemptState::has_two_ends) {
        row(
            "Conflict",
            "it was reported both as failed and as completed; the finished clip counts".to_owned(),
        );
    }
    let key = summary.key.to_string();
    match summary.display {
        DisplayStatus::Unknown => {
            if let Some(sought) = &summary.sought {
                row("Look for", sought.clone());
            }
            row(
                "If you find it",
                commands.resolve(&key, "--generation-id ID"),
            );
            row(
                "If it is not there",
                commands.resolve(&key, "--not-accepted"),
            );
            if can_be_repeated(view) {
                row("Or send again", commands.on_log("retry", "--unknown"));
            }
        }
        DisplayStatus::Replaced => {
            if let Some(by) = view.fields.text("by_job") {
                row("Replaced by", format!("job {by}"));
            }
        }
        _ => {
            if let Some(next) = &summary.next {
                row("Next", next.clone());
            }
        }
    }
    rows
}

/// What was asked for and what came of it.
fn facts(view: &JobView, summary: &JobSummary, rates: &Rates) -> Rows {
    let mut rows = vec![("Job".to_owned(), summary.key.to_string())];
    let mut row = |label: &str, text: String| rows.push((label.to_owned(), text));
    if let Some(line) = view.line() {
        row("Manifest", format!("line {line}"));
    }
    if view.state.is_sandbox() {
        row("Rehearsal", "nothing was paid".to_owned());
    }
    row("Cost", cost(view, rates));
    let effective = view.effective();
    let field = |name: &str| effective.and_then(|a| a.fields.text(name));
    if let Some(link) = &summary.link {
        row("Clip", link.clone());
    }
    if let Some(downloaded) = effective
        .map(|a| &a.downloaded)
        .filter(|d| d.iter().count() > 0)
    {
        let file = downloaded.text("file").unwrap_or("somewhere");
        let size = downloaded.get("bytes").and_then(Value::as_u64);
        let size = size.map_or_else(String::new, |n| format!(", {}", words::bytes(n)));
        let host = effective.and_then(AttemptView::file_host);
        let host = host.map_or_else(String::new, |host| format!(" on {host}"));
        row("File", format!("{file}{host}{size}"));
    }
    for published in effective.into_iter().flat_map(|a| a.published.values()) {
        let target = published.text("target").unwrap_or("somewhere");
        let reference = published
            .text("reference")
            .map_or_else(String::new, |r| format!(": {r}"));
        row("Published", format!("{target}{reference}"));
    }
    if let Some(model) = field("model_actual") {
        row("Made by", model.to_owned());
    }
    let failover = effective.and_then(|a| a.fields.get("failover_used"));
    if failover == Some(&Value::Bool(true)) {
        row(
            "Failover",
            "another provider than the first choice made it".to_owned(),
        );
    }
    let requested = view
        .attempts
        .values()
        .rev()
        .find_map(AttemptView::request_fields);
    for (name, value) in requested.into_iter().flatten() {
        row(words::label_of(&name), unquoted(&value));
    }
    for (name, value) in view.carried() {
        row(name, unquoted(value));
    }
    rows
}

fn cost(view: &JobView, rates: &Rates) -> String {
    let job = &view.state;
    let mut parts = Vec::new();
    let expected = job.effective().estimate();
    for (amount, words) in [
        (job.charged(), "charged"),
        (job.reserved(), "reserved"),
        (job.refunded(), "refunded"),
    ] {
        if amount.thousandths() > 0 {
            parts.push(format!("{} {words}", words::money(rates, amount)));
        }
    }
    if parts.is_empty() {
        parts.push("nothing charged".to_owned());
    }
    let reported = [job.charged(), job.reserved(), job.refunded()];
    if expected.thousandths() > 0 && !reported.contains(&expected) {
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
    let words = |logged: &Logged| {
        let at = logged.at;
        let at = at.map_or_else(|| "no time noted".to_owned(), words::moment);
        Some((at, escape(&event(&logged.line()?)).into_owned()))
    };
    events.filter_map(words).collect()
}

/// One line of the log in plain words.
fn event(line: &Line<'_>) -> String {
    let mut text = match line.word {
        Word::Status(_) if line.other("step").is_some() => {
            let step = field(line, "step").unwrap_or_default().replace('_', " ");
            let target = field(line, "target").unwrap_or_default();
            with(line, &format!("{step}, for {target}"), "error")
        }
        Word::Status(status) => of_status(status, line),
        Word::Fact(fact) => of_fact(fact, line),
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

fn of_fact(fact: Fact, line: &Line<'_>) -> String {
    let by = || field(line, "by").unwrap_or_else(|| "someone".to_owned());
    let verdict = line.verdict.as_ref();
    match fact {
        Fact::Downloaded => with(line, "clip saved", "file"),
        Fact::Published => {
            let target = field(line, "target").unwrap_or_default();
            with(line, &format!("published to {target}"), "reference")
        }
        Fact::Renamed => {
            let id = line
                .id
                .as_ref()
                .map(|(_, id)| escape(id.as_str()).into_owned());
            let photo = field(line, "image_url").map(|photo| format!("photo {photo}"));
            let names: Vec<String> = id.into_iter().chain(photo).collect();
            format!("now goes by {}", names.join(", "))
        }
        Fact::Superseded if line.names_itself() => {
            "its row was set back to it; it counts again".to_owned()
        }
        Fact::Superseded => with(line, "replaced by an edited row, job", "by_job"),
        Fact::Reviewed => match verdict.and_then(|word| Look::parse(word.as_str())) {
            Some(Look::Kept) => by() + " kept the clip",
            Some(Look::Rejected) => by() + " rejected the clip",
            None => by() + UNKNOWN_WORD,
        },
        Fact::Resolved => match verdict.and_then(|word| Verdict::parse(word.as_str())) {
            Some(Verdict::Accepted) => format!("{} found it at the vendor's{}", by(), id(line)),
            Some(Verdict::NotAccepted) => by() + " says that it was not accepted",
            Some(Verdict::Dismissed) => by() + " closed the job",
            None => by() + UNKNOWN_WORD,
        },
    }
}

const UNKNOWN_WORD: &str = " said something this version does not know";
