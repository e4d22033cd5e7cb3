//! The HTML report: one file that needs no other, but for the photos and clips it shows.
//!
//! The content of the log is untrusted. The template escapes all of it, only http(s) addresses and
//! files on disk become links or media, and the page's own policy forbids every script but its own.

mod files;
mod header;
mod options;
mod page;
mod parts;
mod public;
#[cfg(feature = "cli")]
mod review;
mod shown;

use std::io;

use rayon::slice::ParallelSliceMut;

use self::header::charts;
use self::header::money;
use self::page::{Page, ReportSection};
use self::parts::{PART, write_parts};
use super::{job_summary::DoubtfulJob, tally::Tally, words};

pub use files::{Bundle, Files};
pub use options::{MOST_ON_ONE_PAGE, PAGES, PagePaths, ReportOptions};
pub use page::{Markup, Pages, SinglePage};
pub use public::{PublicClip, PublicOptions, PublicPage, Rules};
#[cfg(feature = "cli")]
pub use review::{ReviewPage, review_policy};
pub use shown::ReportEntry;

/// Writes the page over `jobs`, in whatever order they come, or several and one in front. A job that
/// is an error ends it before anything is written.
pub fn report<E: From<io::Error>>(
    jobs: impl IntoIterator<Item = Result<ReportEntry, E>>,
    options: &ReportOptions,
    pages: &mut dyn Pages,
) -> Result<Tally, E> {
    let mut tally = Tally::default();
    let mut shown: Vec<ReportEntry> = Vec::new();
    let mut doubts: Vec<DoubtfulJob> = Vec::new();
    for job in jobs {
        let mut job = job?;
        tally.add(&job.state);
        doubts.extend(
            job.sought
                .take()
                .filter(|_| doubts.len() < tally.doubts().len()),
        );
        shown.push(job);
    }
    tally.seek(&doubts);
    tally.unreadable = options.unreadable;
    shown.par_sort_by(|one, other| one.place.cmp(&other.place));
    let mut front = Page::of(&tally, options);
    if !options.is_for_others() {
        front.money = money(&tally, &options.rates);
        front.charts = charts(&shown);
        front.notices = tally.notices(&options.commands);
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

/// The jobs by listing or SKU, at most so many in a section.
fn sections(shown: Vec<ReportEntry>, options: &ReportOptions, most: usize) -> Vec<ReportSection> {
    let mut sections: Vec<ReportSection> = Vec::new();
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
        sections.push(ReportSection {
            item: item.map_or_else(|| words::NO_ITEM.to_owned(), |(_, id)| id),
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

#[cfg(test)]
mod tests;
