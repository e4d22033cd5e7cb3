//! The HTML report: one file that needs no other, but for the photos and clips it shows.
//!
//! What stands in the log is untrusted. The template escapes all of it, only http(s) addresses and
//! files on disk become links or media, and the page's own policy forbids every script but its own.

mod address;

use std::io::{self, Write};
use std::path::PathBuf;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rayon::slice::ParallelSliceMut;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Card, Commands, Standing, Tally, Tone, natural, words};
use crate::jobs::{AttemptView, IdColumn, JobView, Rates};
use address::{file_address, web_address};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How the page is made.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// What the page is about: the log's name.
    pub source: String,
    /// The page's own folder, to which downloaded clips are named relatively; `None` where it has
    /// none, as on standard output.
    pub folder: Option<PathBuf>,
    /// Folders in which a relative file name of the log is looked for, in this order.
    pub clip_folders: Vec<PathBuf>,
    /// Words what to do next.
    pub commands: Commands,
    /// What credits cost.
    pub rates: Rates,
    /// The present.
    pub now: Timestamp,
    /// Lines of the log that say nothing.
    pub unreadable: u64,
}

/// Writes the page over `jobs`, in whatever order they come. A job that is an error ends it before
/// anything is written.
pub fn report<E: From<io::Error>>(
    jobs: impl IntoIterator<Item = Result<Shown, E>>,
    options: &ReportOptions,
    out: &mut impl Write,
) -> Result<Tally, E> {
    let mut tally = Tally::default();
    let mut sandbox = false;
    let mut shown: Vec<Shown> = Vec::new();
    for job in jobs {
        let job = job?;
        tally.add(&job.state);
        sandbox |= job.state.is_sandbox();
        shown.push(job);
    }
    tally.unreadable = options.unreadable;
    shown.par_sort_by(Shown::compare);
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        sandbox,
        headline: headline(&tally),
        source: &options.source,
        made_at: Moment::of(options.now),
        total: words::number(tally.jobs),
        segments: segments(&tally),
        bar_label: bar_label(&tally),
        money: money(&tally, &options.rates),
        notices: notices(&tally, &options.commands),
        sections: sections(shown, &options.rates),
    };
    page.write_into(out).map_err(io::Error::other)?;
    out.flush()?;
    Ok(tally)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: String,
    style: &'a str,
    script: &'a str,
    sandbox: bool,
    headline: String,
    source: &'a str,
    made_at: Moment,
    total: String,
    segments: Vec<Segment>,
    bar_label: String,
    money: Vec<(&'static str, String)>,
    notices: Vec<Notice>,
    sections: Vec<Section>,
}

/// A piece of the bar, and the filter for its state.
struct Segment {
    key: &'static str,
    words: &'static str,
    label: String,
    count: String,
    x: String,
    width: String,
}

struct Notice {
    key: &'static str,
    text: String,
    commands: Vec<String>,
}

struct Section {
    owner: String,
    progress: String,
    cards: Vec<Shown>,
}

struct Clip {
    address: String,
    is_local: bool,
}

/// A time; the page's script turns it into the reader's own.
struct Moment {
    iso: String,
    words: String,
}

impl Moment {
    fn of(at: Timestamp) -> Self {
        Self {
            iso: format!("{at:.0}"),
            words: at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        }
    }
}

/// A job as the page shows it.
pub struct Shown {
    card: Card,
    state: crate::jobs::JobState,
    column: Option<IdColumn>,
    line: Option<u64>,
    key: &'static str,
    sign: &'static str,
    placeholder: &'static str,
    no_photo: &'static str,
    is_voice: bool,
    since: Option<Moment>,
    photo: Option<String>,
    clip: Option<Clip>,
    facts: Vec<(String, String)>,
    links: Vec<(&'static str, String)>,
}

impl Shown {
    /// Boils a job down to it.
    pub fn of(view: &JobView, options: &ReportOptions) -> Self {
        let card = Card::of(view, &options.commands);
        let standing = card.standing;
        let asked = Asked::of(view);
        let photo = view.photo();
        let photo = photo.as_deref().and_then(web_address);
        let link = card.link.as_deref().and_then(web_address);
        let file = card
            .file
            .as_deref()
            .and_then(|file| file_address(file, &options.clip_folders, options.folder.as_deref()));
        let clip = match (&file, &link) {
            (Some(file), _) => Some((file.clone(), true)),
            (None, link) => link.clone().map(|link| (link, false)),
        };
        let is_voice = asked.text("text").is_some();
        let links = [("Photo", photo.clone()), ("File", file), ("Clip", link)];
        Self {
            state: view.state.clone(),
            column: view.id().map(|(column, _)| column),
            line: view.line(),
            key: key_of(standing),
            sign: standing.sign(),
            placeholder: match standing {
                Standing::Ready => "ready, but no link was reported yet",
                other => other.words(),
            },
            no_photo: if is_voice { "spoken words" } else { "no photo" },
            is_voice,
            since: card.since.map(Moment::of),
            photo,
            clip: clip.map(|(address, is_local)| Clip { address, is_local }),
            facts: facts(view, &asked),
            links: links
                .into_iter()
                .filter_map(|(label, address)| Some((label, address?)))
                .collect(),
            card,
        }
    }

    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let owners = match (&self.card.owner, &other.card.owner) {
            (Some(mine), Some(other_owner)) => {
                natural::compare(mine, other_owner).then_with(|| self.column.cmp(&other.column))
            }
            (mine, other_owner) => other_owner.is_some().cmp(&mine.is_some()),
        };
        let line = |shown: &Self| shown.line.unwrap_or(u64::MAX);
        owners
            .then_with(|| line(self).cmp(&line(other)))
            .then_with(|| self.card.key.cmp(&other.card.key))
    }

    fn billed_twice(&self) -> String {
        self.card.billed_twice.join(" and ")
    }

    /// What to do next. What is under way needs nothing of its own.
    fn next(&self) -> Option<&str> {
        let is_under_way = matches!(self.card.standing, Standing::Queued | Standing::Rendering);
        self.card.next.as_deref().filter(|_| !is_under_way)
    }

    fn next_is_command(&self) -> bool {
        self.next()
            .is_some_and(|next| next.starts_with("creativeai "))
    }
}

/// The requests of a job, the latest first.
struct Asked(Vec<Map<String, Value>>);

impl Asked {
    fn of(view: &JobView) -> Self {
        let attempts = view.attempts.values().rev();
        Self(attempts.filter_map(AttemptView::request_fields).collect())
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.iter().find_map(|request| request.get(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find_map(|request| request.get(name)?.as_str())
    }
}

/// What was asked for and what came of it, for those who open the details.
fn facts(view: &JobView, asked: &Asked) -> Vec<(String, String)> {
    let text_of = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut facts = Vec::new();
    for (label, name) in [
        ("Prompt", "prompt"),
        ("Text", "text"),
        ("Model", "model"),
        ("Length", "duration"),
        ("Shape", "aspect_ratio"),
        ("Voice", "voice"),
        ("Language", "language"),
    ] {
        if let Some(value) = asked.value(name) {
            facts.push((label.to_owned(), text_of(value)));
        }
    }
    let told = |name: &str| Some(text_of(view.speaking()?.fields.get(name)?));
    let id = view.speaking().and_then(|a| a.generation_id());
    let published: Vec<&str> = view
        .speaking()
        .into_iter()
        .flat_map(|a| a.published.keys().map(String::as_str))
        .collect();
    for (label, text) in [
        ("Made by", told("model_actual")),
        (
            "Published",
            (!published.is_empty()).then(|| published.join(", ")),
        ),
        ("Generation", id.map(str::to_owned)),
        (
            "Attempts",
            (view.attempts.len() > 1).then(|| view.attempts.len().to_string()),
        ),
        ("Job", Some(view.key().to_string())),
    ] {
        if let Some(text) = text {
            facts.push((label.to_owned(), text));
        }
    }
    for (name, value) in view.carried() {
        let text = text_of(value);
        if !text.is_empty() {
            facts.push((name.to_owned(), text));
        }
    }
    facts
}

fn sections(shown: Vec<Shown>, rates: &Rates) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut rest = shown.into_iter().peekable();
    while let Some(first) = rest.next() {
        let (column, owner) = (first.column, first.card.owner.clone());
        let mut tally = Tally::of([&first.state]);
        let mut cards = vec![first];
        while let Some(next) =
            rest.next_if(|next| next.card.owner == owner && next.column == column)
        {
            tally.add(&next.state);
            cards.push(next);
        }
        sections.push(Section {
            owner: owner.unwrap_or_else(|| "Without a listing or SKU".to_owned()),
            progress: format!(
                "{}; {}",
                tally.progress(),
                words::money(rates, tally.committed())
            ),
            cards,
        });
    }
    sections
}

/// The name of a standing in the page's style and filters.
const fn key_of(standing: Standing) -> &'static str {
    match standing {
        Standing::Ready => "ready",
        Standing::Rendering => "rendering",
        Standing::Queued => "queued",
        Standing::NotSent => "not-sent",
        Standing::Failed => "failed",
        Standing::Refused => "refused",
        Standing::Unknown => "unknown",
        Standing::Newer => "newer",
        Standing::Replaced => "replaced",
        Standing::Closed => "closed",
    }
}

fn headline(tally: &Tally) -> String {
    let ready = words::number(tally.count(Standing::Ready));
    match tally.counted() {
        0 => "No clips yet".to_owned(),
        all => format!("{ready} of {} ready", words::count(all, "clip")),
    }
}

/// Narrowest piece of the bar, in thousandths of it: one failure among thousands must be seen.
const NARROWEST: f64 = 6.0;

fn segments(tally: &Tally) -> Vec<Segment> {
    let counts = tally.counts();
    let wanted: Vec<f64> = counts
        .iter()
        .map(|(_, n)| (*n as f64 / tally.jobs as f64 * 1000.0).max(NARROWEST))
        .collect();
    let scale = 1000.0 / wanted.iter().sum::<f64>();
    let mut x = 0.0;
    counts
        .into_iter()
        .zip(wanted)
        .map(|((standing, n), width)| {
            let (start, width) = (x, width * scale);
            x += width;
            Segment {
                key: key_of(standing),
                words: standing.words(),
                label: format!("{} {}", words::number(n), standing.words()),
                count: words::number(n),
                x: format!("{start:.1}"),
                // A hair between the pieces.
                width: format!("{:.1}", (width - 2.0).max(1.0)),
            }
        })
        .collect()
}

fn bar_label(tally: &Tally) -> String {
    let counts: Vec<String> = tally
        .counts()
        .into_iter()
        .map(|(standing, n)| format!("{} {}", words::number(n), standing.words()))
        .collect();
    format!("Progress: {}", counts.join(", "))
}

fn money(tally: &Tally, rates: &Rates) -> Vec<(&'static str, String)> {
    let mut lines = tally.money(rates);
    if tally.downloaded > 0 {
        lines.push(("Saved", words::count(tally.downloaded, "clip")));
    }
    if tally.published > 0 {
        lines.push(("Published", words::count(tally.published, "clip")));
    }
    lines
}

fn notices(tally: &Tally, commands: &Commands) -> Vec<Notice> {
    let notices = tally.notices(commands).into_iter();
    notices
        .map(|notice| Notice {
            key: match notice.tone {
                Tone::Bad => "bad",
                Tone::Doubt => "doubt",
                _ => "busy",
            },
            text: notice.text,
            commands: notice.commands,
        })
        .collect()
}

/// Nothing but the page's own style and script; photos and clips from the web or this machine.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         img-src http: https: data: file:; media-src http: https: data: file:; \
         base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests;
