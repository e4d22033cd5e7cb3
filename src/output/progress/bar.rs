//! The bar, and what stands beside it: counts, then the pace or what is waited for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressState, ProgressStyle};

use super::counts::Counts;
use super::pace::Pace;
use crate::output::terminal::width_of_stderr;
use crate::output::words;
use crate::text::shorten;

/// Columns of the bar itself.
const BAR: usize = 16;

pub(super) fn style(stage: &'static str, has_total: bool, counts: Arc<Counts>) -> ProgressStyle {
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
    counts: &Counts,
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
    use super::*;
    use crate::output::event::Event;
    use crate::output::progress::counts::Wait;

    #[test]
    fn a_wait_takes_the_place_of_the_pace_until_it_is_over() {
        let counts = Counts::default();
        counts.end(Event::Accepted);
        let story_at = |now| story(&counts, 1, Some(2), Duration::from_secs(1), now);
        let now = Instant::now();
        counts.set_wait(Some(Wait {
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
