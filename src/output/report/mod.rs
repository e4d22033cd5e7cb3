//! The HTML report: one file that needs no other, but for the photos and clips it shows.
//!
//! What stands in the log is untrusted. The template escapes all of it, only http(s) addresses and
//! files on disk become links or media, and the page's own policy forbids every script but its own.

mod address;
mod charts;
mod header;
mod shown;

use std::io::{self, Write};
use std::path::PathBuf;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rayon::slice::ParallelSliceMut;
use sha2::{Digest, Sha256};

use super::{Commands, Tally, words};
use crate::jobs::Rates;
use charts::{Chart, charts};
use header::{Notice, Segment, bar_label, headline, money, notices, segments};
use shown::Moment;

pub use shown::Shown;

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
        charts: charts(&shown),
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
    charts: Vec<Chart>,
    notices: Vec<Notice>,
    sections: Vec<Section>,
}

struct Section {
    owner: String,
    progress: String,
    cards: Vec<Shown>,
}

impl Section {
    fn needs_attention(&self) -> bool {
        self.cards.iter().any(Shown::needs_attention)
    }
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
        // What needs a person comes first.
        cards.sort_by_key(|card| !card.needs_attention());
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
    sections.sort_by_key(|section| !section.needs_attention());
    sections
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
