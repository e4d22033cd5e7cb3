//! What a page holds, and the template that renders it.

use std::io::{self, Write};

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::header::{Chart, Segment, bar_label, headline, segments};
use super::options::ReportOptions;
use super::shown::{Moment, ReportEntry};
use crate::output::{
    tally::{Tally, TallyNotice},
    words,
};

pub(super) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

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
pub struct SinglePage<W>(pub W);

impl<W: Write> Pages for SinglePage<W> {
    fn write(&mut self, _: Option<&str>, page: &dyn Markup) -> io::Result<()> {
        page.write_to(&mut self.0)?;
        self.0.flush()
    }
}

#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'a> {
    pub policy: String,
    pub style: &'a str,
    pub script: &'a str,
    pub sandbox: bool,
    pub headline: String,
    pub source: &'a str,
    pub made_at: Moment,
    pub total: String,
    pub segments: Vec<Segment>,
    pub bar_label: String,
    pub money: Vec<(&'static str, String)>,
    pub charts: Vec<Chart>,
    pub notices: Vec<TallyNotice>,
    pub sections: Vec<ReportSection>,
    /// On the page in front: the others.
    pub split: Option<Contents>,
    /// On the others: where they stand.
    pub part: Option<PageLinks<'a>>,
}

impl<'a> Page<'a> {
    /// A page about these jobs, still without what it shows of them.
    pub fn of(tally: &Tally, options: &'a ReportOptions) -> Self {
        Self {
            policy: policy(),
            style: STYLE,
            script: SCRIPT,
            sandbox: tally.is_rehearsal(),
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

pub(super) struct ReportSection {
    pub item: String,
    pub progress: String,
    pub tally: Tally,
    pub cards: Vec<ReportEntry>,
}

impl ReportSection {
    pub fn needs_attention(&self) -> bool {
        self.cards.iter().any(ReportEntry::needs_attention)
    }
}

/// What the page in front leads to.
pub(super) struct Contents {
    /// Listings in which something went wrong.
    pub attention: Vec<Link>,
    /// How many more of those there are.
    pub more: u64,
    pub parts: Vec<Link>,
}

/// A way to a page, or to a listing on it.
pub(super) struct Link {
    pub address: String,
    pub label: String,
    pub progress: String,
    pub needs_attention: bool,
}

/// Where a page stands among the others.
pub(super) struct PageLinks<'a> {
    pub front: &'a str,
    pub label: String,
    pub previous: Option<String>,
    pub next: Option<String>,
}

/// The checksum by which a policy knows a text.
pub(super) fn hash(text: &str) -> String {
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
pub(super) fn hashes(style: &str, script: &str) -> String {
    let (style, script) = (hash(style), hash(script));
    format!("style-src 'sha256-{style}'; script-src 'sha256-{script}'")
}
