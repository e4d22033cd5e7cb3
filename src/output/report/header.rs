//! The top of a page: how far all of it is, and what it costs.

use crate::jobs::{DisplayStatus, Rates};
use crate::output::{tally::Tally, words};

/// A piece of the bar, and the filter for its state.
pub(super) struct Segment {
    pub key: &'static str,
    pub words: &'static str,
    pub label: String,
    pub count: String,
    pub x: String,
    pub width: String,
}

pub(super) fn headline(tally: &Tally) -> String {
    let ready = words::number(tally.count(DisplayStatus::Ready));
    match tally.counted() {
        0 => "No clips yet".to_owned(),
        all => format!("{ready} of {} ready", words::count(all, "clip")),
    }
}

/// Narrowest piece of the bar, in thousandths of it: one failure among thousands must be seen.
const NARROWEST: f64 = 6.0;

pub(super) fn segments(tally: &Tally) -> Vec<Segment> {
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
        .map(|((display, n), width)| {
            let (start, width) = (x, width * scale);
            x += width;
            Segment {
                key: display.key(),
                words: display.words(),
                label: format!("{} {}", words::number(n), display.words()),
                count: words::number(n),
                x: format!("{start:.1}"),
                // A hair between the pieces.
                width: format!("{:.1}", (width - 2.0).max(1.0)),
            }
        })
        .collect()
}

pub(super) fn bar_label(tally: &Tally) -> String {
    format!("Progress: {}", tally.listed())
}

pub(super) fn money(tally: &Tally, rates: &Rates) -> Vec<(&'static str, String)> {
    let mut lines = tally.money(rates);
    if tally.downloaded > 0 {
        lines.push(("Saved", words::count(tally.downloaded, "clip")));
    }
    if tally.published > 0 {
        lines.push(("Published", words::count(tally.published, "clip")));
    }
    lines
}
