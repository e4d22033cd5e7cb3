//! Progress of a run: a bar where someone watches, nothing where no one does. Callers report what
//! happens and never ask whether there is a bar.

mod bar;

use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use self::bar::{RunCounts, WaitNote, style};
use super::canvas::Canvas;
use super::metrics::MetricEvent;
use super::metrics::Metrics;
use super::printer::Printer;
use crate::jobs::Credits;
use crate::text::escape;

/// On lines for programs: a stage of a run begins.
pub const STARTED: &str = "started";
/// On lines for programs: nothing is sent for a while.
pub const WAITING: &str = "waiting";

/// How often what changes by itself is drawn again: time left, a wait.
const TICK: Duration = Duration::from_millis(250);
/// Pictures a second at most.
const PICTURES: u8 = 20;

/// The progress of one run, or of one stage of it.
pub struct Progress {
    counts: Arc<RunCounts>,
    bar: Option<ProgressBar>,
    lines: Option<JsonLines>,
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
struct JsonLines {
    stage: &'static str,
    total: Option<u64>,
    write: Box<dyn Fn(String) + Send + Sync>,
}

impl JsonLines {
    /// What happened; `more` has further fields.
    fn emit(&self, counts: &RunCounts, event: &str, more: &serde_json::Value) {
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
        let counts = Arc::<RunCounts>::default();
        let bar = (printer.shows_progress() && total != Some(0)).then(|| {
            let canvas = Canvas::new(printer.canvas());
            let target = ProgressDrawTarget::term_like_with_hz(Box::new(canvas), PICTURES);
            let bar = ProgressBar::with_draw_target(total, target);
            bar.set_style(style(stage, total.is_some(), counts.clone()));
            bar.set_prefix(stage);
            bar.enable_steady_tick(TICK);
            bar
        });
        let lines = printer.progress_lines().map(|write| JsonLines {
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
    pub fn conclude(&self, event: MetricEvent) {
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
    pub fn end(&self, event: MetricEvent) {
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
        self.counts.set_wait(until.map(|until| WaitNote {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutputOptions;

    #[test]
    fn counts_are_reported_without_zeros() {
        let progress = Progress::hidden();
        assert_eq!(progress.counts.words(), "");
        progress.end(MetricEvent::Unknown);
        progress.end(MetricEvent::Accepted);
        progress.end(MetricEvent::Accepted);
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
        let counts = RunCounts::default();
        for event in MetricEvent::ALL {
            counts.end(event);
        }
        assert_eq!(counts.words().matches("1 ").count(), MetricEvent::ALL.len());
    }

    #[test]
    fn without_a_bar_warnings_are_printed_all_the_same() {
        let (printer, heard) = Printer::for_test(80, OutputOptions::default());
        Progress::hidden().warn(&printer, "row 3 looks odd");
        assert_eq!(heard.err(), "warning: row 3 looks odd\n");
    }
}
