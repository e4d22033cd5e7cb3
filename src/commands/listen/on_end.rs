//! `listen --exec`: a command of the user's for each clip that has ended.
//!
//! The log is not held while commands run, so that other commands get at it. What became of a clip
//! is written afterwards; after a crash in between `publish` runs the command again.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use futures::StreamExt;

use crate::commands::{failure, on_one_thread, open};
use crate::engine::delivery::plan::{Delivery, When};
use crate::engine::delivery::{Exec, ExecOptions, Failure as Missed, Ran, is_published};
use crate::engine::stop::Stop;
use crate::jobs::{JobView, Status};
use crate::journal::{Location, LogError, Writer};
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// Clips for which the command runs before the log is written.
const AT_ONCE: usize = 64;
/// How often a log that is in use is tried again.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long such a log is waited for once the command is to end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// A clip that has ended, as the log had it then.
pub struct Clip {
    view: JobView,
    delivery: Delivery,
}

impl Clip {
    /// A job as a clip to run the command for: it counts, has ended, and `target` does not have it.
    pub fn ended(view: JobView, target: &str) -> Option<Self> {
        let delivery = Delivery::of(&view, true);
        let has_ended = matches!(view.state.status(), Status::Completed | Status::Failed);
        let is_due = has_ended && delivery.is_counted && !is_published(&view, &delivery, target);
        is_due.then_some(Self { view, delivery })
    }

    /// The attempt that ended.
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt
    }
}

/// Where ended clips are put.
pub struct Queue {
    clips: Sender<Clip>,
    target: String,
}

impl Queue {
    /// A queue for the receiver of that name.
    pub fn new(target: &str) -> (Self, Receiver<Clip>) {
        let (clips, ended) = mpsc::channel();
        let target = target.to_owned();
        (Self { clips, target }, ended)
    }

    /// The receiver's name in the log.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Adds a clip.
    pub fn put(&self, clip: Clip) {
        // The other side outlives this one; should it not, `publish` finds the clip in the log.
        let _ = self.clips.send(clip);
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Runs {
    /// Clips for which the command ended well.
    pub clips: u64,
    /// Clips for which it failed.
    pub failed: u64,
    /// Clips for which it was not started, since the end came first.
    pub left: u64,
}

/// Runs the command.
pub struct OnEnd<'a> {
    /// The command.
    pub options: &'a ExecOptions,
    /// The log.
    pub jobs: &'a Path,
    /// For the ledger.
    pub settings: &'a Settings,
    /// Shows what fails.
    pub printer: &'a Printer,
    /// Once set, no further command is started; those that run are waited for.
    pub stop: &'a Stop,
}

impl OnEnd<'_> {
    /// Runs the command for what comes until the other side has gone.
    pub fn run(&self, ended: &Receiver<Clip>) -> Runs {
        let mut done = Runs::default();
        while let Ok(first) = ended.recv() {
            let clips: Vec<Clip> = std::iter::once(first)
                .chain(ended.try_iter())
                .take(AT_ONCE)
                .collect();
            if Location::is_address(self.jobs) {
                self.run_leased(&clips, &mut done);
                continue;
            }
            let ran = match on_one_thread(async { Ok(self.run_all(clips.iter()).await) }) {
                Ok(ran) => ran,
                Err(error) => {
                    self.printer.error(escape(&format!("--exec: {error:#}")));
                    done.left += clips.len() as u64;
                    continue;
                }
            };
            self.count(&ran, &mut done);
            self.write_down(&ran);
        }
        if done.left > 0 {
            let commands = open::commands_for(self.jobs, false, self.settings);
            self.printer.warn(format_args!(
                "{} ended and not published yet; `{}` does that",
                words::count(done.left, "clip"),
                commands.on_log("publish", "--exec CMD")
            ));
        }
        done
    }

    /// The same on a log of many computers. A clip that is ready is leased, as `publish` does it, so
    /// that no other computer runs the command for it.
    fn run_leased(&self, clips: &[Clip], done: &mut Runs) {
        let is_ready = |clip: &&Clip| clip.delivery.is_completed;
        let ready: Vec<Delivery> = clips
            .iter()
            .filter(is_ready)
            .map(|clip| clip.delivery.clone())
            .collect();
        let failed = clips.iter().filter(|clip| !is_ready(clip));
        let published = on_one_thread(async {
            let writer = self.writer().map_err(failure::of_log)?;
            self.count(&self.run_all(failed).await, done);
            let exec = Exec {
                options: self.options,
                writer: &writer,
                progress: &|_| {},
                stop: self.stop,
            };
            Ok(exec.run(&ready, When::Each).await)
        });
        match published {
            Ok(summary) => {
                let tried = summary.published + summary.already + summary.failures.len();
                done.clips += summary.published as u64;
                done.failed += summary.failures.len() as u64;
                done.left += ready.len().saturating_sub(tried + summary.left.len()) as u64;
                for missed in &summary.failures {
                    self.warn_of(missed);
                }
            }
            Err(error) => {
                self.printer.error(escape(&format!("--exec: {error:#}")));
                done.left += ready.len() as u64;
            }
        }
    }

    fn warn_of(&self, failure: &Missed) {
        self.printer.warn(format_args!(
            "{} (job {}): {}",
            escape(&failure.item),
            failure.job,
            escape(&failure.message)
        ));
    }

    /// Each clip with what became of it; without that when it was not come to.
    async fn run_all<'c>(
        &self,
        clips: impl Iterator<Item = &'c Clip>,
    ) -> Vec<(&'c Clip, Option<Ran>)> {
        let folder = self.jobs.parent().unwrap_or(Path::new(""));
        let each = clips.map(|clip| async move {
            if self.stop.is_set() {
                return (clip, None);
            }
            let ran = self.options.run_for(&clip.view, &clip.delivery, folder);
            (clip, Some(ran.await))
        });
        let concurrency = self.options.concurrency.max(1);
        futures::stream::iter(each)
            .buffer_unordered(concurrency)
            .collect()
            .await
    }

    fn count(&self, ran: &[(&Clip, Option<Ran>)], done: &mut Runs) {
        for (clip, ran) in ran {
            match ran.as_ref().map(Ran::failure) {
                // `publish` runs nothing for a clip that failed.
                None => done.left += u64::from(clip.delivery.is_completed),
                Some(None) => done.clips += 1,
                Some(Some(failure)) => {
                    done.failed += 1;
                    self.warn_of(failure);
                }
            }
        }
    }

    /// Writes to the log. Only clips that are ready can be marked.
    fn write_down(&self, ran: &[(&Clip, Option<Ran>)]) {
        let finished = ran.iter().filter(|(clip, _)| clip.delivery.is_completed);
        let finished: Vec<(&Clip, &Ran)> = finished
            .filter_map(|(clip, ran)| Some((*clip, ran.as_ref()?)))
            .collect();
        if finished.is_empty() {
            return;
        }
        let written = self.writer().map_err(|error| error.to_string());
        let written = written.and_then(|writer| {
            let line = |(clip, ran): &(&Clip, &Ran)| {
                ran.line(&writer, &clip.view, &clip.delivery, &self.options.target)
            };
            let lines: String = finished.iter().filter_map(line).collect();
            writer.append_blocking(&lines).map_err(|e| e.to_string())
        });
        if let Err(why) = written {
            self.printer.warn(format_args!(
                "it cannot be written to the log that the command ran for {} ({}); `publish --exec` would \
                 run it for {} again, with the same CREATIVEAI_PUBLISH_ID",
                words::count(finished.len() as u64, "clip"),
                escape(&why),
                if finished.len() == 1 { "it" } else { "them" },
            ));
        }
    }

    /// The log, once no other command has it.
    fn writer(&self) -> Result<Writer, LogError> {
        let mut ends = None;
        loop {
            let ledger = self.settings.ledger();
            match Writer::open(self.jobs, ledger, "listen", Duration::ZERO) {
                Err(LogError::Locked(held)) => {
                    if self.stop.is_set() {
                        let until = *ends.get_or_insert_with(|| Instant::now() + LAST_WAIT);
                        if Instant::now() >= until {
                            return Err(LogError::Locked(held));
                        }
                    }
                    // The system has no event for "the lock is free" that could be given up on.
                    thread::sleep(PATIENCE);
                }
                other => return other,
            }
        }
    }
}
