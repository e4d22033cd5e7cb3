//! Progress of a run: a bar where someone watches, nothing where no one does. Callers report what
//! happens and never ask whether there is a bar.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::canvas::Canvas;
use super::{Metrics, Printer, words};
use crate::jobs::Credits;
use crate::text::{escape, shorten};

/// How often what changes by itself is drawn again: time left, a wait.
const TICK: Duration = Duration::from_millis(250);
/// Pictures a second at most.
const PICTURES: u8 = 20;

/// On lines for programs: a stage of a run begins.
pub const STARTED: &str = "started";
/// On lines for programs: nothing is sent for a while.
pub const WAITING: &str = "waiting";

/// Something that has come to an end for one job of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The vendor accepted it.
    Accepted,
    /// The vendor did not accept it.
    Refused,
    /// It is not known whether the vendor accepted it.
    Unknown,
    /// Its clip is ready.
    Completed,
    /// It failed.
    Failed,
    /// Its clip is on disk.
    Saved,
    /// Its clip was published.
    Published,
    /// There was nothing to do.
    Skipped,
}

impl Event {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Completed,
        Self::Saved,
        Self::Published,
        Self::Skipped,
        Self::Failed,
        Self::Refused,
        Self::Unknown,
    ];

    /// The word for people, and in lines for programs.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Completed => "ready",
            Self::Failed => "failed",
            Self::Saved => "downloaded",
            Self::Published => "published",
            Self::Skipped => "skipped",
        }
    }
}

/// What a run has done so far. Counting costs an addition; words are made when they are drawn.
#[derive(Debug, Default)]
struct Counts {
    ended: [AtomicU64; Event::ALL.len()],
    rendering: AtomicU64,
    bytes: AtomicU64,
    wait: Mutex<Option<Wait>>,
}

#[derive(Clone, Debug)]
struct Wait {
    until: Instant,
    why: String,
}

impl Counts {
    fn end(&self, event: Event) {
        self.ended[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self) -> u64 {
        self.ended.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// `12 accepted, 1 refused; 40 rendering; 1.2 MB`.
    fn words(&self) -> String {
        let count = |event| self.ended[event as usize].load(Ordering::Relaxed);
        let ended = words::listed(Event::ALL.map(|event| (count(event), event.words())));
        let rendering = self.rendering.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let parts = [
            (!ended.is_empty()).then_some(ended),
            (rendering > 0).then(|| format!("{} rendering", words::number(rendering))),
            (bytes > 0).then(|| words::bytes(bytes)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn wait(&self) -> Option<Wait> {
        self.wait
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_wait(&self, wait: Option<Wait>) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
    }
}

/// How fast it goes, and how long it will take.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    per_second: f64,
    left: Option<Duration>,
}

impl Pace {
    /// `done` of `total` took `elapsed`. `None` while there is nothing to go by.
    fn of(done: u64, total: Option<u64>, elapsed: Duration) -> Option<Self> {
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

/// The progress of one run, or of one stage of it.
pub struct Progress {
    counts: Arc<Counts>,
    bar: Option<ProgressBar>,
    lines: Option<Lines>,
    metrics: Option<Metrics>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// Progress for programs: one JSON object a line.
struct Lines {
    stage: &'static str,
    total: Option<u64>,
    write: Box<dyn Fn(String) + Send + Sync>,
}

impl Lines {
    /// What happened; `more` has further fields.
    fn emit(&self, counts: &Counts, event: &str, more: &serde_json::Value) {
        let mut line = serde_json::json!({
            "progress": self.stage,
            "event": event,
            "done": counts.ended(),
            "total": self.total,
            "rendering": counts.rendering.load(Ordering::Relaxed),
            "bytes": counts.bytes.load(Ordering::Relaxed),
        });
        if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
            line.extend(more.clone());
        }
        (self.write)(format!("{line}\n"));
    }
}

impl Progress {
    /// A run over `total` jobs, if that is known. `stage` says what is done with them, as in
    /// "Sending". Nothing is drawn where the printer shows no progress, or there is nothing to do.
    pub fn new(total: Option<u64>, stage: &'static str, printer: &Printer) -> Self {
        let counts = Arc::<Counts>::default();
        let bar = (printer.shows_progress() && total != Some(0)).then(|| {
            let canvas = Canvas::new(printer.canvas());
            let target = ProgressDrawTarget::term_like_with_hz(Box::new(canvas), PICTURES);
            let bar = ProgressBar::with_draw_target(total, target);
            bar.set_style(style(stage, total.is_some(), counts.clone()));
            bar.set_prefix(stage);
            bar.enable_steady_tick(TICK);
            bar
        });
        let lines = printer.progress_lines().map(|write| Lines {
            stage,
            total,
            write: Box::new(write),
        });
        let metrics = printer.metrics().cloned();
        let progress = Self {
            counts,
            bar,
            lines,
            metrics,
        };
        progress.emit(STARTED, &serde_json::Value::Null);
        progress
    }

    fn emit(&self, event: &str, more: &serde_json::Value) {
        if let Some(lines) = &self.lines {
            lines.emit(&self.counts, event, more);
        }
    }

    /// Progress that no one sees.
    pub fn hidden() -> Self {
        Self {
            counts: Arc::default(),
            bar: None,
            lines: None,
            metrics: None,
        }
    }

    fn count(&self, count: impl FnOnce(&Metrics)) {
        if let Some(metrics) = &self.metrics {
            count(metrics);
        }
    }

    /// One more request leaves.
    pub fn begin(&self) {
        self.count(Metrics::begin);
    }

    /// What became of one is known.
    pub fn conclude(&self, event: Event) {
        self.count(Metrics::conclude);
        self.going_on();
        self.end(event);
    }

    /// What an accepted order is expected to cost.
    pub fn estimated(&self, credits: Credits) {
        self.count(|metrics| metrics.estimated(credits));
    }

    /// What a clip that is ready has cost, if that is known.
    pub fn charged(&self, credits: Option<f64>) {
        if let Some(credits) = credits {
            self.count(|metrics| metrics.charged(credits));
        }
    }

    /// One more job has come to an end.
    pub fn end(&self, event: Event) {
        self.count(|metrics| metrics.end(event));
        self.counts.end(event);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        self.emit(event.words(), &serde_json::Value::Null);
    }

    /// How many are being rendered now.
    pub fn rendering(&self, jobs: u64) {
        self.count(|metrics| metrics.rendering(jobs));
        self.counts.rendering.store(jobs, Ordering::Relaxed);
    }

    /// So many bytes more have arrived.
    pub fn bytes(&self, more: u64) {
        self.counts.bytes.fetch_add(more, Ordering::Relaxed);
    }

    /// Everybody waits for so long.
    pub fn waiting(&self, how_long: Duration, why: &str) {
        self.count(Metrics::waiting);
        self.emit(
            WAITING,
            &serde_json::json!({ "seconds": how_long.as_secs_f64(), "why": why }),
        );
        let until = Instant::now().checked_add(how_long);
        self.counts.set_wait(until.map(|until| Wait {
            until,
            why: escape(why).into_owned(),
        }));
    }

    /// The wait is over, perhaps before its time.
    pub fn going_on(&self) {
        self.counts.set_wait(None);
    }

    /// Warns above the bar.
    pub fn warn(&self, printer: &Printer, text: impl Display) {
        self.suspend(|| printer.warn(text));
    }

    /// Does something that prints, with the bar out of the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Reports something with `-v`; without, it is not even made up.
    pub fn detail(&self, printer: &Printer, text: impl FnOnce() -> String) {
        if printer.options().verbose > 0 {
            self.suspend(|| printer.detail(text()));
        }
    }
}

impl Drop for Progress {
    /// Leaves no bar behind, whatever ended the run.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Columns of the bar itself.
const BAR: usize = 16;

fn style(stage: &'static str, has_total: bool, counts: Arc<Counts>) -> ProgressStyle {
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
    usize::from(super::printer::width_of_stderr()).saturating_sub(taken + 1)
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
    fn counts_are_reported_without_zeros() {
        let progress = Progress::hidden();
        assert_eq!(progress.counts.words(), "");
        progress.end(Event::Unknown);
        progress.end(Event::Accepted);
        progress.end(Event::Accepted);
        assert_eq!(progress.counts.words(), "2 accepted, 1 unknown");
        progress.rendering(40);
        progress.bytes(1_500_000);
        assert_eq!(
            progress.counts.words(),
            "2 accepted, 1 unknown; 40 rendering; 1.5 MB"
        );
        assert_eq!(progress.counts.ended(), 3);
    }

    #[test]
    fn every_event_has_a_counter_of_its_own() {
        let counts = Counts::default();
        for event in Event::ALL {
            counts.end(event);
        }
        assert_eq!(counts.words().matches("1 ").count(), Event::ALL.len());
    }

    #[test]
    fn a_wait_takes_the_place_of_the_pace_until_it_is_over() {
        let progress = Progress::hidden();
        progress.end(Event::Accepted);
        let story_at = |now| story(&progress.counts, 1, Some(2), Duration::from_secs(1), now);
        let now = Instant::now();
        progress.counts.set_wait(Some(Wait {
            until: now + Duration::from_secs(30),
            why: "the vendor throttles".to_owned(),
        }));
        let both = |pace: &str| ("1 accepted".to_owned(), pace.to_owned());
        assert_eq!(story_at(now), both("waiting 30 s: the vendor throttles"));
        let after = now + Duration::from_secs(31);
        assert_eq!(story_at(after), both("1.0/s, 1 s left"));
        progress.going_on();
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

    #[test]
    fn without_a_bar_warnings_are_printed_all_the_same() {
        let (printer, heard) = Printer::for_test(80, super::super::OutputOptions::default());
        Progress::hidden().warn(&printer, "row 3 looks odd");
        assert_eq!(heard.err(), "warning: row 3 looks odd\n");
    }
}
