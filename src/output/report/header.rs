//! The top of the report: a headline, a bar, charts.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::shown::ReportEntry;
use crate::jobs::{Credits, DisplayStatus, Rates};
use crate::output::tally::Tally;
use crate::output::words;

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

/// Days that are shown: the newest.
const MOST_DAYS: usize = 30;
/// The drawing's size, in points: about what it takes on a screen, so that its letters can be read.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 96.0;
/// Longest times of the bars of times, in seconds, and their names.
const TIMES: [(i64, &str); 6] = [
    (60, "1 min"),
    (120, "2 min"),
    (300, "5 min"),
    (600, "10 min"),
    (1800, "30 min"),
    (i64::MAX, "longer"),
];

/// A chart of bars.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: String,
    /// All of its numbers in words.
    pub about: String,
    pub bars: Vec<Bar>,
    /// What stands below it, from left to right.
    pub labels: Vec<String>,
}

pub(super) struct Bar {
    pub label: String,
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
}

/// The charts that say something.
pub(super) fn charts(shown: &[ReportEntry]) -> Vec<Chart> {
    [per_day(shown), times(shown)]
        .into_iter()
        .flatten()
        .collect()
}

/// What was charged for the orders of each day. A single day needs no chart.
fn per_day(shown: &[ReportEntry]) -> Option<Chart> {
    let mut days: BTreeMap<Date, Credits> = BTreeMap::new();
    for job in shown {
        let Some(sent) = job.card.sent else { continue };
        let day = sent.to_zoned(TimeZone::UTC).date();
        *days.entry(day).or_default() += job.state.charged() + job.state.unreported();
    }
    if days
        .values()
        .filter(|credits| **credits > Credits::ZERO)
        .count()
        < 2
    {
        return None;
    }
    let last = *days.last_key_value()?.0;
    let first = *days.first_key_value()?.0;
    let mut all: Vec<(Date, Credits)> = Vec::new();
    let mut day = last;
    while day >= first && all.len() < MOST_DAYS {
        all.push((day, days.get(&day).copied().unwrap_or_default()));
        day = day.yesterday().ok()?;
    }
    all.reverse();
    let labels = [all.first()?.0, all.last()?.0];
    let named = all
        .iter()
        .map(|(day, credits)| (format!("{day}: {}", words::credits(*credits)), *credits));
    let named: Vec<(String, f64)> = named.map(|(name, n)| (name, n.as_f64())).collect();
    Some(chart(
        "per-day",
        "Credits by day of order (UTC)".to_owned(),
        &named,
        labels.iter().map(Date::to_string).collect(),
    ))
}

/// How many clips took how long, from the order to the finished clip.
fn times(shown: &[ReportEntry]) -> Option<Chart> {
    let mut took: Vec<i64> = shown.iter().filter_map(|job| job.card.took).collect();
    if took.len() < 2 {
        return None;
    }
    took.sort_unstable();
    let median = words::duration(took[took.len() / 2].unsigned_abs());
    let mut from = 0;
    let bars = TIMES.map(|(to, name)| {
        let end = took.partition_point(|seconds| *seconds < to);
        let count = end - from;
        from = end;
        let until = if to == i64::MAX { "" } else { "up to " };
        let clips = words::count(count as u64, "clip");
        (format!("{until}{name}: {clips}"), count as f64)
    });
    Some(chart(
        "times",
        format!("Time from order to clip: half took at most {median}"),
        &bars,
        TIMES.iter().map(|(_, name)| (*name).to_owned()).collect(),
    ))
}

fn chart(id: &'static str, title: String, values: &[(String, f64)], labels: Vec<String>) -> Chart {
    let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let step = WIDTH / values.len().max(1) as f64;
    let bars = values.iter().enumerate().map(|(n, (label, value))| {
        // Anything at all must be seen.
        let height = match value / most.max(f64::MIN_POSITIVE) * HEIGHT {
            height if height > 0.0 => height.max(2.0),
            _ => 0.0,
        };
        Bar {
            label: label.clone(),
            x: format!("{:.1}", n as f64 * step + step * 0.1),
            y: format!("{:.1}", HEIGHT - height),
            width: format!("{:.1}", step * 0.8),
            height: format!("{height:.1}"),
        }
    });
    let names: Vec<&str> = values.iter().map(|(label, _)| label.as_str()).collect();
    Chart {
        id,
        title,
        about: names.join("; "),
        bars: bars.collect(),
        labels,
    }
}
