//! `listen --exec`: a command of the user's for each clip that has ended.
//!
//! The log is not held while commands run, so that other commands get at it; the right to run commands for
//! the target is. What became of a clip is written afterwards; after a crash in between `publish` runs the
//! command again.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep, sleep_until};

use super::retry_schedule::RetrySchedule;
use super::{COMMAND, TargetLog};
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::{self, CommandResult, DeliveryFailure, Exec, ExecOptions, has_run};
use crate::engine::open::{self, LockWait, OpenError};
use crate::engine::stop::Stop;
use crate::jobs::{JobKey, JobView, Lines, ReviewVerdict as LookAtClip};
use crate::journal::{JobLog, Location, Lock, LogError, Writer};

/// Jobs that are come to with one look into the log.
const AT_ONCE: usize = 64;
/// How long a log that is in use is waited for once the command is to end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// Where jobs are put of which a clip has ended.
pub struct EndedJobs {
    jobs: UnboundedSender<JobKey>,
    target: String,
}

impl EndedJobs {
    /// For the receiver with that name in the log, and the other side.
    pub fn new(target: &str) -> (Self, UnboundedReceiver<JobKey>) {
        let (jobs, ended) = mpsc::unbounded_channel();
        let target = target.to_owned();
        (Self { jobs, target }, ended)
    }

    /// Whether the command may have to run for the job's clip.
    pub fn is_due(&self, view: &JobView) -> bool {
        due(view, &self.target, false).is_some()
    }

    /// Adds a job. Whether the command is to run is decided when its turn comes.
    pub fn put(&self, job: JobKey) {
        // The other side outlives this one; should it not, `publish` finds the clip in the log.
        let _ = self.jobs.send(job);
    }
}

/// A job's clip, if the command is to run for it: it counts, has ended, was not rejected, and no line says
/// that the command ran for that end. With `approved`, a person must have kept a clip that is ready.
fn due(view: &JobView, target: &str, approved: bool) -> Option<Delivery> {
    let delivery = Delivery::of(view, true);
    let is_wanted = match delivery.look {
        Some(LookAtClip::Rejected) => false,
        Some(LookAtClip::Kept) => true,
        None => !(approved && delivery.is_completed),
    };
    let is_due = view.state.status().is_terminal()
        && delivery.is_counted
        && is_wanted
        && !has_run(view, &delivery, target);
    is_due.then_some(delivery)
}

/// A clip that is due.
type DueClip = (JobView, Delivery);

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandStats {
    /// Clips for which the command ended well.
    pub clips: u64,
    /// Clips for which it failed.
    pub failed: u64,
    /// Clips for which it was not started: the end came first, others had leased them, or the log could
    /// not be used.
    pub left: u64,
}

/// What a person may want to know.
pub enum CommandEvent<'e> {
    /// The command failed for a clip, or the log does not have that it went well.
    Failed(&'e DeliveryFailure),
    /// It does not run for now, since the log cannot be used.
    NotRun(&'e OpenError),
    /// It ran for so many clips, this is why the log does not say so, and this file keeps it.
    Unwritten(usize, &'e str, Option<&'e Path>),
    /// These lines say what became of clips, and the log did not take them in.
    Recover(&'e str),
    /// So many clips were not come to.
    Left(u64),
}

/// Runs the command.
pub struct OnEnd<'a> {
    /// The command.
    pub options: &'a ExecOptions,
    pub log: TargetLog<'a>,
    /// Once set, no further command is started; those that run are waited for.
    pub stop: &'a Stop,
    /// Takes what a person may want to know.
    pub report: &'a (dyn Fn(CommandEvent<'_>) + Sync),
}

impl OnEnd<'_> {
    /// Runs the command for what comes until the other side has gone. What cannot be come to waits.
    pub async fn run(&self, mut ended: UnboundedReceiver<JobKey>) -> CommandStats {
        let mut runs = CommandStats::default();
        let (mut new, mut waiting) = (Vec::new(), HashSet::new());
        let mut look = RetrySchedule::default();
        let mut is_said = false;
        loop {
            let may_look = look.at().filter(|_| !self.stop.is_set());
            let (jobs, is_look): (HashSet<JobKey>, _) = tokio::select! {
                count = ended.recv_many(&mut new, AT_ONCE) => match count {
                    0 => break,
                    _ => (new.drain(..).collect(), false),
                },
                () = sleep_until(may_look.unwrap_or_else(Instant::now)), if may_look.is_some() => {
                    (std::mem::take(&mut waiting), true)
                }
            };
            // Nothing begins any more; what has been done of it by others is looked at once, below.
            if self.stop.is_set() {
                waiting.extend(jobs);
                continue;
            }
            let left = self.come_to(&jobs, &mut runs).await;
            if let Err(error) = &left
                && !is_said
            {
                (self.report)(CommandEvent::NotRun(error));
            }
            is_said = left.is_err();
            waiting.extend(left.unwrap_or_else(|_| jobs.into_iter().collect()));
            look.plan(is_look, !waiting.is_empty());
        }
        if !waiting.is_empty() {
            let left = self.come_to(&waiting, &mut runs).await;
            runs.left = left.map_or(waiting.len(), |left| left.len()) as u64;
        }
        if runs.left > 0 {
            (self.report)(CommandEvent::Left(runs.left));
        }
        runs
    }

    /// Runs the command for those jobs whose clips are due, by the log as it is now. Returns those that
    /// still are.
    async fn come_to(
        &self,
        jobs: &HashSet<JobKey>,
        runs: &mut CommandStats,
    ) -> Result<Vec<JobKey>, OpenError> {
        if Location::is_address(self.log.path) {
            return self.run_leased(jobs, runs).await;
        }
        let (mut left, mut rest) = (Vec::new(), jobs.clone());
        while !rest.is_empty() {
            let target = match self.target() {
                Err(OpenError::Stopped(..)) => {
                    left.extend(rest);
                    break;
                }
                target => target?,
            };
            // Commands take long: what others did meanwhile counts.
            let mut clips = self.read_due(&rest)?;
            let later = clips.split_off(clips.len().min(self.options.concurrency.max(1)));
            rest = later.iter().map(|(_, clip)| clip.job).collect();
            let (ran, not_begun) = self.run_all(&clips, runs).await;
            self.write_down(&ran).await;
            left.extend(not_begun);
            drop(target);
            if !ran.is_empty() {
                // Who waits for the target has its turn.
                sleep(2 * open::RETRY).await;
            }
        }
        Ok(left)
    }

    /// The right to run commands for the target: no other one runs them for the same clips meanwhile.
    /// None once the end has come, since then none are started.
    fn target(&self) -> Result<Option<Lock>, OpenError> {
        if self.stop.is_set() {
            return Ok(None);
        }
        let patience = LockWait {
            limit: Duration::MAX,
            stop: self.stop,
            deadline: None,
        };
        open::open_target(
            self.log.path,
            &self.options.target,
            COMMAND,
            &patience,
            |_| {},
        )
    }

    fn read_due(&self, jobs: &HashSet<JobKey>) -> Result<Vec<DueClip>, OpenError> {
        let log = JobLog::read(self.log.path, (self.log.ledger)())?;
        Ok(self.due(jobs, |job| log.view(job))?)
    }

    fn due(
        &self,
        jobs: &HashSet<JobKey>,
        view: impl Fn(JobKey) -> Result<Option<JobView>, LogError>,
    ) -> Result<Vec<DueClip>, LogError> {
        let mut clips = Vec::new();
        for &job in jobs {
            if let Some(view) = view(job)?
                && let Some(delivery) = due(&view, &self.options.target, self.options.approved)
            {
                clips.push((view, delivery));
            }
        }
        Ok(clips)
    }

    /// On a log of many computers. A clip is leased, as `publish` does it, so that no other computer
    /// runs the command for it.
    async fn run_leased(
        &self,
        jobs: &HashSet<JobKey>,
        runs: &mut CommandStats,
    ) -> Result<Vec<JobKey>, OpenError> {
        let writer = self.writer()?;
        let clips = self.due(jobs, |job| writer.view(job))?.into_iter();
        let deliveries: Vec<_> = clips.map(|(_, delivery)| delivery).collect();
        let exec = Exec {
            options: self.options,
            writer: &writer,
            progress: &|event| {
                if let delivery::DeliveryEvent::Recover(lines) = event {
                    (self.report)(CommandEvent::Recover(&lines));
                }
            },
            stop: self.stop,
        };
        let summary = exec.run_ended(&deliveries).await;
        runs.clips += summary.published as u64;
        runs.failed += summary.failures.len() as u64;
        let unmarked = summary.unmarked.iter().map(|unmarked| &unmarked.failure);
        for failure in summary.failures.iter().chain(unmarked) {
            (self.report)(CommandEvent::Failed(failure));
        }
        Ok(summary.left.iter().map(|left| left.job).collect())
    }

    /// On a log in a file, which is not held meanwhile. Each clip for which the command ran, with what
    /// became of it, and the jobs of those that it was not started for.
    async fn run_all<'c>(
        &self,
        clips: &'c [DueClip],
        runs: &mut CommandStats,
    ) -> (Vec<(&'c DueClip, CommandResult)>, Vec<JobKey>) {
        let folder = self.log.path.parent().unwrap_or(Path::new(""));
        let each = clips.iter().map(|clip| async move {
            if self.stop.is_set() {
                return (clip, None);
            }
            let (view, delivery) = clip;
            (
                clip,
                Some(self.options.run_for(view, delivery, folder).await),
            )
        });
        let concurrency = self.options.concurrency.max(1);
        let mut each = futures::stream::iter(each).buffer_unordered(concurrency);
        let (mut all, mut left) = (Vec::new(), Vec::new());
        while let Some((clip, ran)) = each.next().await {
            let Some(ran) = ran else {
                left.push(clip.1.job);
                continue;
            };
            match ran.failure() {
                None => runs.clips += 1,
                Some(failure) => {
                    runs.failed += 1;
                    (self.report)(CommandEvent::Failed(failure));
                }
            }
            all.push((clip, ran));
        }
        (all, left)
    }

    /// Writes what ran to the log.
    async fn write_down(&self, ran: &[(&DueClip, CommandResult)]) {
        if ran.is_empty() {
            return;
        }
        let written = match self.writer() {
            Ok(writer) => {
                let line = |((view, delivery), ran): &(&DueClip, CommandResult)| {
                    ran.line(&writer, view, delivery, &self.options.target)
                };
                let lines: Lines = ran.iter().filter_map(line).collect();
                writer.append(&lines).await.map_err(|error| {
                    (self.report)(CommandEvent::Recover(&error.lines));
                    let kept = writer.keep_for_recovery(&error).ok();
                    (error.to_string(), kept)
                })
            }
            Err(error) => Err((error.to_string(), None)),
        };
        if let Err((why, kept)) = written {
            (self.report)(CommandEvent::Unwritten(ran.len(), &why, kept.as_deref()));
        }
    }

    /// The log, once no other command has it.
    fn writer(&self) -> Result<Writer, OpenError> {
        let open = |lock_wait, stop: &Stop| {
            let patience = LockWait {
                limit: lock_wait,
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::jobs::{Ledger, Rates};

    /// Runs a command for these jobs by the log in `folder`, one at a time.
    async fn run_for(
        folder: &Path,
        jobs: &[JobKey],
        command: &str,
        approved: bool,
    ) -> CommandStats {
        let options = ExecOptions {
            command: command.to_owned(),
            target: "exec".to_owned(),
            concurrency: 1,
            time_out: Duration::from_secs(600),
            approved,
            dry_run: false,
        };
        let (ended, other_side) = EndedJobs::new("exec");
        for &job in jobs {
            ended.put(job);
        }
        drop(ended);
        let on_end = OnEnd {
            options: &options,
            log: TargetLog {
                path: &folder.join("jobs.jsonl"),
                ledger: &|| Ledger::new(Rates::default()).with_places(),
                sandbox: false,
            },
            stop: &Stop::default(),
            report: &|_| {},
        };
        on_end.run(other_side).await
    }

    fn log_of(folder: &Path) -> [JobKey; 2] {
        let jobs = ["a", "b"].map(|name| JobKey::digest(&[name]));
        let mut log = String::new();
        for job in jobs {
            let line = |more: &str| {
                let at = "2026-03-12T09:20:00Z";
                format!("{{\"at\":\"{at}\",\"job\":\"{job}\",\"attempt\":1,{more}}}\n")
            };
            log +=
                &line("\"status\":\"submitting\",\"sku\":\"A\",\"request\":{\"prompt\":\"pan\"}");
            log += &line("\"status\":\"completed\",\"generation_id\":\"vgen_1\"")
                .replace("vgen_1", &format!("vgen_{job}"));
            let rejected = line("\"status\":\"reviewed\",\"verdict\":\"rejected\",\"by\":\"ann\"");
            let others = jobs.iter().find(|other| **other != job).unwrap();
            let file = folder.join(others.to_string());
            std::fs::write(file, rejected.replace("T09:20", "T09:30")).unwrap();
        }
        std::fs::write(folder.join("jobs.jsonl"), log).unwrap();
        jobs
    }

    #[tokio::test]
    async fn a_clip_that_is_rejected_while_others_are_handed_on_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = log_of(folder.path());
        let command = format!(
            "cd '{}'; cat $CREATIVEAI_JOB >> jobs.jsonl; echo $CREATIVEAI_JOB >> ran",
            folder.path().display()
        );
        let runs = run_for(folder.path(), &jobs, &command, false).await;
        assert_eq!((runs.clips, runs.failed, runs.left), (1, 0, 0));
        let ran = std::fs::read_to_string(folder.path().join("ran")).unwrap();
        assert_eq!(ran.lines().count(), 1);
    }

    #[tokio::test]
    async fn with_approved_what_no_one_has_kept_is_not_handed_on() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = log_of(folder.path());
        let runs = run_for(folder.path(), &jobs, "true", true).await;
        assert_eq!((runs.clips, runs.failed, runs.left), (0, 0, 0));
        let runs = run_for(folder.path(), &jobs, "true", false).await;
        assert_eq!(runs.clips, 2);
    }
}
