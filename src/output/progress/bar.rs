//! The bar of a run: its counts, its pace, and what is written beside it.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressState, ProgressStyle};

use crate::output::metrics::MetricEvent;
use crate::output::terminal::width_of_stderr;
use crate::output::words;
use crate::text::shorten;

/// What a run has done so far. Counting costs an addition; words are made when they are drawn.
#[derive(Debug, Default)]
pub(super) struct RunCounts {
    ended: [AtomicU64; MetricEvent::ALL.len()],
    pub rendering: AtomicU64,
    pub bytes: AtomicU64,
    wait: Mutex<Option<WaitNote>>,
}

#[derive(Clone, Debug)]
pub(super) struct WaitNote {
    pub until: Instant,
    pub why: String,
}

impl RunCounts {
    pub fn end(&self, event: MetricEvent) {
        self.ended[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn ended(&self) -> u64 {
        self.ended.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// `12 accepted, 1 refused; 40 rendering; 1.2 MB`.
    pub fn words(&self) -> String {
        let count = |event| self.ended[event as usize].load(Ordering::Relaxed);
        let ended = words::listed(MetricEvent::ALL.map(|event| (count(event), event.words())));
        let rendering = self.rendering.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let parts = [
            (!ended.is_empty()).then_some(ended),
            (rendering > 0).then(|| format!("{} rendering", words::number(rendering))),
            (bytes > 0).then(|| words::bytes(bytes)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    pub fn wait(&self) -> Option<WaitNote> {
        self.wait
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn set_wait(&self, wait: Option<WaitNote>) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
    }
}

/// How fast it goes, and how long it will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    per_second: f64,
    left: Option<Duration>,
}

impl Pace {
    /// `done` of `total` took `elapsed`. `None` while there is nothing to go by.
    pub fn of(done: u64, total: Option<u64>, elapsed: Duration) -> Option<Self> {
        // The first moments say nothing about the rest.
        if done == 0 || elapsed < Duration::from_millis(500) {
            return None;
        }
        let per_second = done as f64 / elapsed.as_secs_f64();
        let left = total.map(|total| total.saturating_sub(done) as f64 / per_second);
        Some(Self {
            per_second,
            left: left.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        })
    }
}

impl Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_second {
            rate if rate >= 10.0 => write!(f, "{}/s", words::number(rate.round() as u64))?,
            rate if rate >= 1.0 => write!(f, "{rate:.1}/s")?,
            rate => write!(f, "{:.1}/min", rate * 60.0)?,
        }
        match self.left {
            Some(left) if left.as_secs() > 0 => {
                write!(f, ", {} left", words::duration(rough(left.as_secs())))
            }
            _ => Ok(()),
        }
    }
}

/// Seconds of a long time say more than anybody knows.
const fn rough(seconds: u64) -> u64 {
    match seconds {
        ..120 => seconds,
        120..600 => seconds / 10 * 10,
        _ => seconds / 60 * 60,
    }
}

/// Columns of the bar itself.
const BAR: usize = 16;

pub(super) fn style(stage: &'static str, has_total: bool, counts: Arc<RunCounts>) -> ProgressStyle {
    let template = if has_total {
        "{prefix} {bar:16.cyan/dim} {pos}/{len}  {story}"
    } else {
        "{prefix} {spinner} {pos}  {story}"
    };
    let story = move |state: &ProgressState, out: &mut dyn fmt::Write| {
        let total = state.len().filter(|_| has_total);
        let (counted, pace) = story(&counts, state.pos(), total, state.elapsed(), Instant::now());
        let total = total.map_or(0, |n| n.to_string().len() + BAR);
        let before = stage.len() + total + state.pos().to_string().len() + 6;
        // A line that wraps could not be drawn over. Without the story the bar goes on.
        let _ = out.write_str(&fitted(&counted, &pace, room(before)));
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("story", story)
        .progress_chars("━━─")
}

/// Columns left on the line of the terminal after `taken` of them.
fn room(taken: usize) -> usize {
    usize::from(width_of_stderr()).saturating_sub(taken + 1)
}

/// Counts and pace in so many columns. What is left of the time is the last to be cut.
fn fitted(counted: &str, pace: &str, room: usize) -> String {
    let gap = if counted.is_empty() || pace.is_empty() {
        ""
    } else {
        "  "
    };
    let pace = shorten(pace, room);
    let left = room.saturating_sub(pace.chars().count() + gap.len());
    if left == 0 || counted.is_empty() {
        return pace.into_owned();
    }
    format!("{}{gap}{pace}", shorten(counted, left))
}

/// What stands beside the bar: counts, then the pace or what is waited for.
fn story(
    counts: &RunCounts,
    done: u64,
    total: Option<u64>,
    elapsed: Duration,
    now: Instant,
) -> (String, String) {
    let wait = counts.wait().filter(|wait| wait.until > now);
    let pace = if let Some(wait) = wait {
        let seconds = wait.until.duration_since(now).as_secs_f64().ceil() as u64;
        format!("waiting {}: {}", words::duration(seconds), wait.why)
    } else {
        let pace = Pace::of(done, total, elapsed);
        pace.map_or_else(String::new, |pace| pace.to_string())
    };
    (counts.words(), pace)
}

#[cfg(test)]
mod tests {
    use crate::output::metrics::MetricEvent;

    use super::*;

    #[test]
    fn the_pace_is_the_average_and_the_rest_follows_from_it() {
        let ten = Duration::from_secs(10);
        let pace = Pace::of(50, Some(200), ten).unwrap();
        assert_eq!(pace.left, Some(Duration::from_secs(30)));
        assert_eq!(pace.to_string(), "5.0/s, 30 s left");
        assert_eq!(Pace::of(50, None, ten).unwrap().to_string(), "5.0/s");
        assert_eq!(
            Pace::of(1, Some(20), ten).unwrap().to_string(),
            "6.0/min, 3 min 10 s left"
        );
        assert_eq!(
            Pace::of(99_000, Some(99_000), ten).unwrap().to_string(),
            "9,900/s"
        );
    }

    #[test]
    fn nothing_is_promised_before_there_is_anything_to_go_by() {
        assert_eq!(Pace::of(0, Some(5), Duration::from_secs(9)), None);
        assert_eq!(Pace::of(5, Some(50), Duration::from_millis(9)), None);
        // More than expected must not panic.
        let done = Pace::of(9, Some(5), Duration::from_secs(9)).unwrap();
        assert_eq!(done.to_string(), "1.0/s");
    }

    #[test]
    fn a_wait_takes_the_place_of_the_pace_until_it_is_over() {
        let counts = RunCounts::default();
        counts.end(MetricEvent::Accepted);
        let story_at = |now| story(&counts, 1, Some(2), Duration::from_secs(1), now);
        let now = Instant::now();
        counts.set_wait(Some(WaitNote {
            until: now + Duration::from_secs(30),
            why: "the vendor throttles".to_owned(),
        }));
        let both = |pace: &str| ("1 accepted".to_owned(), pace.to_owned());
        assert_eq!(story_at(now), both("waiting 30 s: the vendor throttles"));
        let after = now + Duration::from_secs(31);
        assert_eq!(story_at(after), both("1.0/s, 1 s left"));
        counts.set_wait(None);
        assert_eq!(story_at(now), both("1.0/s, 1 s left"));
    }

    #[test]
    fn the_time_left_is_the_last_to_be_cut() {
        let (counted, pace) = ("1,200 accepted, 3 refused", "5.0/s, 30 s left");
        let fitted = |room| fitted(counted, pace, room);
        assert_eq!(fitted(80), format!("{counted}  {pace}"));
        assert_eq!(fitted(32), format!("1,200 accepte…  {pace}"));
        assert_eq!(fitted(18), pace);
        assert_eq!(fitted(6), "5.0/s…");
        assert_eq!(super::fitted("", pace, 40), pace);
        assert_eq!(super::fitted(counted, "", 40), counted);
    }
}
