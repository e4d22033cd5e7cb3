//! `listen --exec`: a command of the user's for each clip that has ended.
//!
//! The log is not held while commands run, so that other commands get at it. What became of a clip
//! is written afterwards; after a crash in between `publish` runs the command again.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{COMMAND, Log};
use crate::engine::delivery::plan::{Delivery, When};
use crate::engine::delivery::{Exec, ExecOptions, Failure, Ran, is_published};
use crate::engine::open::{self, OpenError, Patience};
use crate::engine::stop::Stop;
use crate::jobs::JobView;
use crate::journal::{Location, Writer};

/// Clips for which the command runs before the log is written.
const AT_ONCE: usize = 64;
/// How long a log that is in use is waited for once the command is to end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// A clip that has ended, as the log had it then.
pub struct Clip {
    view: JobView,
    delivery: Delivery,
}

impl Clip {
    /// The attempt that ended.
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt
    }
}

/// Where clips are put that have ended.
pub struct Ended {
    clips: UnboundedSender<Clip>,
    target: String,
}

impl Ended {
    /// For the receiver with that name in the log, and the other side.
    pub fn new(target: &str) -> (Self, UnboundedReceiver<Clip>) {
        let (clips, ended) = mpsc::unbounded_channel();
        let target = target.to_owned();
        (Self { clips, target }, ended)
    }

    /// A job as a clip to run the command for: it counts, has ended, and the target does not have it.
    pub fn due(&self, view: JobView) -> Option<Clip> {
        let delivery = Delivery::of(&view, true);
        let is_due = view.state.status().is_terminal()
            && delivery.is_counted
            && !is_published(&view, &delivery, &self.target);
        is_due.then_some(Clip { view, delivery })
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

/// What a person may want to know.
pub enum Event<'e> {
    /// The command failed for a clip.
    Failed(&'e Failure),
    /// It was not run, since the log cannot be used.
    NotRun(&'e OpenError),
    /// It ran for so many clips, and this is why the log does not say so.
    Unwritten(usize, &'e str),
    /// So many clips were not come to.
    Left(u64),
}

/// Runs the command.
pub struct OnEnd<'a> {
    /// The command.
    pub options: &'a ExecOptions,
    /// The log.
    pub log: Log<'a>,
    /// Once set, no further command is started; those that run are waited for.
    pub stop: &'a Stop,
    /// Takes what a person may want to know.
    pub report: &'a (dyn Fn(Event<'_>) + Sync),
}

impl OnEnd<'_> {
    /// Runs the command for what comes until the other side has gone.
    pub async fn run(&self, mut ended: UnboundedReceiver<Clip>) -> Runs {
        let mut runs = Runs::default();
        let mut clips = Vec::new();
        while ended.recv_many(&mut clips, AT_ONCE).await > 0 {
            let all = std::mem::take(&mut clips);
            if Location::is_address(self.log.path) {
                self.run_leased(&all, &mut runs).await;
            } else {
                let ran = self.run_all(all.iter(), &mut runs).await;
                self.write_down(&ran).await;
            }
        }
        if runs.left > 0 {
            (self.report)(Event::Left(runs.left));
        }
        runs
    }

    /// On a log of many computers. A clip that is ready is leased, as `publish` does it, so that no
    /// other computer runs the command for it.
    async fn run_leased(&self, clips: &[Clip], runs: &mut Runs) {
        let is_ready = |clip: &&Clip| clip.delivery.is_completed;
        let ready = clips.iter().filter(is_ready);
        let ready: Vec<Delivery> = ready.map(|clip| clip.delivery.clone()).collect();
        let writer = match self.writer() {
            Ok(writer) => writer,
            Err(error) => {
                (self.report)(Event::NotRun(&error));
                runs.left += ready.len() as u64;
                return;
            }
        };
        self.run_all(clips.iter().filter(|clip| !is_ready(clip)), runs)
            .await;
        let exec = Exec {
            options: self.options,
            writer: &writer,
            progress: &|_| {},
            stop: self.stop,
        };
        let summary = exec.run(&ready, When::Each).await;
        let tried = summary.published + summary.already + summary.failures.len();
        runs.clips += summary.published as u64;
        runs.failed += summary.failures.len() as u64;
        runs.left += ready.len().saturating_sub(tried + summary.left.len()) as u64;
        for failure in &summary.failures {
            (self.report)(Event::Failed(failure));
        }
    }

    /// Each clip for which the command ran, with what became of it.
    async fn run_all<'c>(
        &self,
        clips: impl Iterator<Item = &'c Clip>,
        runs: &mut Runs,
    ) -> Vec<(&'c Clip, Ran)> {
        let folder = self.log.path.parent().unwrap_or(Path::new(""));
        let each = clips.map(|clip| async move {
            if self.stop.is_set() {
                return (clip, None);
            }
            let ran = self.options.run_for(&clip.view, &clip.delivery, folder);
            (clip, Some(ran.await))
        });
        let each = futures::stream::iter(each).buffer_unordered(self.options.concurrency.max(1));
        let ended: Vec<_> = each.collect().await;
        for (clip, ran) in &ended {
            match ran.as_ref().map(Ran::failure) {
                // `publish` runs nothing for a clip that failed.
                None => runs.left += u64::from(clip.delivery.is_completed),
                Some(None) => runs.clips += 1,
                Some(Some(failure)) => {
                    runs.failed += 1;
                    (self.report)(Event::Failed(failure));
                }
            }
        }
        let ran = ended.into_iter().map(|(clip, ran)| Some((clip, ran?)));
        ran.flatten().collect()
    }

    /// Writes to the log. Only clips that are ready can be marked.
    async fn write_down(&self, ran: &[(&Clip, Ran)]) {
        let ready = ran.iter().filter(|(clip, _)| clip.delivery.is_completed);
        let ready: Vec<_> = ready.collect();
        if ready.is_empty() {
            return;
        }
        let written = match self.writer() {
            Ok(writer) => {
                let line = |(clip, ran): &&(&Clip, Ran)| {
                    ran.line(&writer, &clip.view, &clip.delivery, &self.options.target)
                };
                let lines: String = ready.iter().filter_map(line).collect();
                writer.append(&lines).await.map_err(|e| e.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = written {
            (self.report)(Event::Unwritten(ready.len(), &why));
        }
    }

    /// The log, once no other command has it.
    fn writer(&self) -> Result<Writer, OpenError> {
        let open = |lock_wait, stop: &Stop| {
            let patience = Patience {
                lock_wait,
                stop,
                deadline: None,
            };
            open::open(self.log.path, self.log.ledger, COMMAND, &patience, |_| {})
        };
        match open(Duration::MAX, self.stop) {
            // What ran is written down, if that is possible soon.
            Err(OpenError::Stopped(..)) => open(LAST_WAIT, &Stop::default()),
            opened => opened,
        }
    }
}
