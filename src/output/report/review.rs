//! The page on which a person looks at clips: the report's cards, one below the other, with what can
//! be done about each.

use std::io::{self, Write};

use askama::Template;

use super::options::ReportOptions;
use super::page::hashes;
use super::shown::ReportEntry;
use crate::engine::review::{has_clip, price};
use crate::jobs::{AttemptState, Credits, JobView, ReviewVerdict};
use crate::output::words;

const STYLE: &str = concat!(include_str!("page.css"), include_str!("review.css"));
const SCRIPT: &str = include_str!("review.js");

/// A clip that waits for a verdict, or has one.
struct ReviewClip {
    shown: ReportEntry,
    job: String,
    attempt: u32,
    look: &'static str,
    photo: Option<String>,
    address: Option<String>,
    prompt: String,
    credits: String,
    bill: String,
}

impl ReviewClip {
    /// Boils a job with a clip down to it. `is_here` says that the clip is on this computer, and is
    /// served beside the page; `price` is what another one would cost.
    fn of(view: &JobView, is_here: bool, price: Credits, options: &ReportOptions) -> Self {
        let shown = ReportEntry::of(view, options);
        let attempt = view.state.effective().number;
        let link = shown.clip.as_ref().filter(|clip| !clip.is_local);
        Self {
            job: view.key().to_string(),
            attempt,
            // One on this computer has no address that a served page could show.
            photo: shown
                .photo
                .clone()
                .filter(|photo| photo.starts_with("http")),
            look: match view.state.effective().look() {
                Some(ReviewVerdict::Kept) => "kept",
                Some(ReviewVerdict::Rejected) => "rejected",
                None => "waiting",
            },
            address: if is_here {
                Some(format!("clip/{}/{attempt}", view.key()))
            } else {
                link.map(|clip| clip.address.clone())
            },
            prompt: view.prompt().unwrap_or_default(),
            credits: price.to_string(),
            bill: words::money(&options.rates, price),
            shown,
        }
    }

    fn item(&self) -> &str {
        self.shown.card.item.as_deref().unwrap_or(words::NO_ITEM)
    }
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewTemplate<'a> {
    style: &'a str,
    script: &'a str,
    source: &'a str,
    is_rehearsal: bool,
    clips: &'a [ReviewClip],
    being_made: usize,
}

/// The page on which clips are looked at.
pub struct ReviewPage<'a> {
    options: &'a ReportOptions,
    clips: Vec<ReviewClip>,
    /// Clips that were ordered again and are not there yet.
    being_made: usize,
}

impl<'a> ReviewPage<'a> {
    /// Without clips.
    pub fn new(options: &'a ReportOptions) -> Self {
        Self {
            options,
            clips: Vec::new(),
            being_made: 0,
        }
    }

    /// Puts a job on it, in whatever order they come. `is_here` says whether its clip is on this
    /// computer, and is served beside the page.
    pub fn add(&mut self, view: &JobView, is_here: impl FnOnce() -> bool) {
        if has_clip(view) {
            let price = price(view, &self.options.rates);
            let clip = ReviewClip::of(view, is_here(), price, self.options);
            self.clips.push(clip);
        } else {
            let is_rejected = view.state.attempts().any(AttemptState::is_rejected);
            self.being_made += usize::from(is_rejected);
        }
    }

    /// Writes it.
    pub fn write(mut self, out: &mut impl Write) -> io::Result<()> {
        let clips = &mut self.clips;
        clips.sort_by(|one, other| one.shown.place.cmp(&other.shown.place));
        let page = ReviewTemplate {
            style: STYLE,
            script: SCRIPT,
            source: &self.options.source,
            is_rehearsal: clips.iter().any(|clip| clip.shown.state.is_sandbox()),
            clips,
            being_made: self.being_made,
        };
        page.write_into(out).map_err(io::Error::other)?;
        out.flush()
    }
}

/// Nothing but the page's own style and script; photos and clips from the web or from this server,
/// and questions to this server alone.
pub fn review_policy() -> String {
    format!(
        "default-src 'none'; {}; img-src http: https: data:; media-src 'self' http: https:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hashes(STYLE, SCRIPT)
    )
}
