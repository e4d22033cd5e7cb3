//! The HTML report: one file that needs no other, but for the photos and clips it shows.
//!
//! What stands in the log is untrusted. The template escapes all of it, only http(s) addresses and
//! files on disk become links or media, and the page's own policy forbids every script but its own.

mod address;
mod charts;
mod credentials;
mod files;
mod header;
mod parts;
mod public;
#[cfg(feature = "cli")]
mod review;
mod shown;

use std::io::{self, Write};
use std::path::PathBuf;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rayon::slice::ParallelSliceMut;
use sha2::{Digest, Sha256};

use super::{Commands, Tally, Wording, words};
use crate::jobs::Rates;
use address::encoded;
use charts::{Chart, charts};
use header::{Notice, Segment, bar_label, headline, money, notices, segments};
use parts::{Contents, PART, Part, write_parts};
use shown::Moment;

pub use files::{Bundle, Files};
pub use public::{PublicClip, PublicOptions, PublicPage, Rules};
#[cfg(feature = "cli")]
pub use review::{ReviewPage, review_policy};
pub use shown::Shown;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Clips that one page shows; of more there are pages, and one in front.
pub const MOST_ON_ONE_PAGE: usize = 5_000;
/// The folder of the pages, from the page in front: its name without `.html`, and this.
pub const PAGES: &str = "-pages";

/// How the page is made.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// What the page is about: the log's name.
    pub source: String,
    /// How downloaded clips are named.
    pub files: Files,
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
    /// The words for an audience.
    pub wording: Option<Wording>,
    /// Where further pages are, where one page would hold too many clips.
    pub split: Option<Split>,
}

impl ReportOptions {
    /// Whether others than those who pay read the page.
    fn is_for_others(&self) -> bool {
        self.wording.as_ref().is_some_and(Wording::is_for_others)
    }
}

/// Where the pages are, seen from each other.
#[derive(Clone, Debug)]
pub struct Split {
    /// The folder of the pages, from the page in front.
    pub folder: String,
    /// The page in front, from the others.
    pub front: String,
}

impl Split {
    /// Pages behind the page of this name.
    pub fn of(front: &str) -> Self {
        let stem = front.strip_suffix(".html").unwrap_or(front);
        Self {
            folder: encoded(&format!("{stem}{PAGES}")),
            front: format!("../{}", encoded(front)),
        }
    }
}

/// Where pages go, each by its name; the one in front has none.
pub trait Pages {
    /// Writes one page; `name` is its file's, where there are several.
    fn write(&mut self, name: Option<&str>, page: &dyn Markup) -> io::Result<()>;
}

/// What a page holds.
pub trait Markup {
    /// Renders the page.
    fn write_to(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// A single page.
pub struct Single<W>(pub W);

impl<W: Write> Pages for Single<W> {
    fn write(&mut self, _: Option<&str>, page: &dyn Markup) -> io::Result<()> {
        page.write_to(&mut self.0)?;
        self.0.flush()
    }
}

/// Writes the page over `jobs`, in whatever order they come, or several and one in front. A job that
/// is an error ends it before anything is written.
pub fn report<E: From<io::Error>>(
    jobs: impl IntoIterator<Item = Result<Shown, E>>,
    options: &ReportOptions,
    pages: &mut dyn Pages,
) -> Result<Tally, E> {
    let mut tally = Tally::default();
    let mut shown: Vec<Shown> = Vec::new();
    for job in jobs {
        let job = job?;
        tally.add(&job.state);
        shown.push(job);
    }
    tally.unreadable = options.unreadable;
    shown.par_sort_by(|one, other| one.place.cmp(&other.place));
    let mut front = Page::of(&tally, options);
    if !options.is_for_others() {
        front.money = money(&tally, &options.rates);
        front.charts = charts(&shown);
        front.notices = notices(&tally, &options.commands);
    }
    match &options.split {
        None => {
            front.sections = sections(shown, options, usize::MAX);
            // What needs a person comes first.
            front
                .sections
                .sort_by_key(|section| !section.needs_attention());
        }
        Some(split) => {
            let sections = sections(shown, options, PART);
            front.split = Some(write_parts(sections, options, split, pages)?);
        }
    }
    pages.write(None, &front)?;
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
    charts: Vec<Chart>,
    notices: Vec<Notice>,
    sections: Vec<Section>,
    /// On the page in front: the others.
    split: Option<Contents>,
    /// On the others: where they stand.
    part: Option<Part<'a>>,
}

impl<'a> Page<'a> {
    /// A page about these jobs, still without what it shows of them.
    fn of(tally: &Tally, options: &'a ReportOptions) -> Self {
        Self {
            policy: policy(),
            style: STYLE,
            script: SCRIPT,
            sandbox: tally.rehearsal,
            headline: headline(tally),
            source: &options.source,
            made_at: Moment::of(options.now),
            total: words::number(tally.jobs),
            segments: segments(tally),
            bar_label: bar_label(tally),
            money: Vec::new(),
            charts: Vec::new(),
            notices: Vec::new(),
            sections: Vec::new(),
            split: None,
            part: None,
        }
    }
}

impl Markup for Page<'_> {
    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_into(out).map_err(io::Error::other)
    }
}

struct Section {
    item: String,
    progress: String,
    tally: Tally,
    cards: Vec<Shown>,
}

impl Section {
    fn needs_attention(&self) -> bool {
        self.cards.iter().any(Shown::needs_attention)
    }
}

/// The jobs by listing or SKU, at most so many in a section.
fn sections(shown: Vec<Shown>, options: &ReportOptions, most: usize) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut rest = shown.into_iter().peekable();
    while let Some(first) = rest.next() {
        let item = first.place.item.clone();
        let mut tally = Tally::of([&first.state]);
        let mut cards = vec![first];
        while cards.len() < most
            && let Some(next) = rest.next_if(|next| next.place.item == item)
        {
            tally.add(&next.state);
            cards.push(next);
        }
        // What needs a person comes first.
        cards.sort_by_key(|card| !card.needs_attention());
        sections.push(Section {
            item: item.map_or_else(|| "Without a listing or SKU".to_owned(), |(_, id)| id),
            progress: if options.is_for_others() {
                tally.progress()
            } else {
                let money = words::money(&options.rates, tally.committed());
                format!("{}; {money}", tally.progress())
            },
            tally,
            cards,
        });
    }
    sections
}

/// The checksum by which a policy knows a text.
fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// Nothing but the page's own style and script; photos and clips from the web or this machine.
fn policy() -> String {
    format!(
        "default-src 'none'; {}; \
         img-src http: https: data: file:; media-src http: https: data: file:; \
         base-uri 'none'; form-action 'none'",
        hashes(STYLE, SCRIPT)
    )
}

/// The part of a policy that lets a page's own style and script in, and no other.
fn hashes(style: &str, script: &str) -> String {
    let (style, script) = (hash(style), hash(script));
    format!("style-src 'sha256-{style}'; script-src 'sha256-{script}'")
}

#[cfg(test)]
mod tests;
