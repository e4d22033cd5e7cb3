//! Handing clips to a person's command, each once it is finished.

use std::path::Path;
use std::time::Duration;

use crate::jobs::{JobView, Lines};
use crate::journal::Writer;
use tokio::sync::OnceCell;

use super::due::{When, due};
use super::facts::Delivery;
use super::fields::{INPUT_FILE, JobFields};
use super::group_guard::GroupGuard;
use super::lease::{self, ClipLease, LeasedWork, LogUnusable};
use super::outcome::{DeliveryEvent, DeliveryFailure, FailureKind};
use super::process::{self, ProcessEnd, ProcessResult};
use super::publish::{
    LoggedStep, PublicationLog, PublishOutcome, PublishSummary, is_published, object_of,
    publish_all, publish_id, published_line, step_line, steps,
};
use super::target_dir::file_of;
use crate::engine::stop::{Stop, StopReason};

/// The target that [`ExecOptions::target`] names unless a person says otherwise.
pub const EXEC_TARGET: &str = "exec";

/// Variables the command does not see: keys, and what leads to them.
pub const HIDDEN: [&str; 6] = [
    "CREATIVEAI_API_KEY",
    "CREATIVEAI_API_KEY_FILE",
    "CREATIVEAI_VERIFY_KEYS",
    "SHOPIFY_ADMIN_TOKEN",
    "SHOPIFY_CLIENT_ID",
    "SHOPIFY_CLIENT_SECRET",
];

/// Bytes of a command's last words in a message; the log has more.
const LAST_WORDS: usize = 300;
/// The same in the log.
const KEPT_WORDS: usize = 1000;
/// How long the output of what a command left running is waited for.
const DRAIN: Duration = Duration::from_secs(1);
/// What a failed command's line is called.
const FAILED_STEP: &str = "publish_failed";
/// What the line is called that says that the command ran for a clip that failed, well or not.
const REPORTED_STEP: &str = "failure_reported";

/// A field that `command` names as `%CREATIVEAI_...%`, if there is one. Windows fills such names in
/// before it reads the line as commands: a cell of a spreadsheet could then be one.
pub fn filled_in_too_early(command: &str) -> Option<&str> {
    const START: &str = "%CREATIVEAI_";
    let at = command.char_indices().find_map(|(at, _)| {
        let start = command.get(at..at + START.len())?;
        start.eq_ignore_ascii_case(START).then_some(at)
    })?;
    let name = &command[at + 1..];
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    Some(&name[..end.unwrap_or(name.len())])
}

/// How to publish.
#[derive(Clone, Debug)]
pub struct ExecOptions {
    /// A line for the shell.
    pub command: String,
    /// What the log calls the receiver: a clip goes to each target once.
    pub target: String,
    /// Commands at the same time, at least 1.
    pub concurrency: usize,
    /// How long one may take.
    pub time_out: Duration,
    /// Only clips that a person has kept.
    pub approved: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Everything that publishing to a command needs.
pub struct Exec<'a> {
    /// How.
    pub options: &'a ExecOptions,
    /// The log; its ledger must keep places.
    pub writer: &'a Writer,
    /// Takes what happens.
    pub progress: &'a (dyn Fn(DeliveryEvent) + Sync),
    /// Turns true when the run is to end: no further command starts, running ones are waited for.
    pub stop: &'a Stop,
}

/// What a run of the command for one clip came to. Nothing of it is written yet.
#[derive(Debug)]
pub struct CommandResult(Option<(LoggedStep, DeliveryFailure)>);

impl CommandResult {
    /// Why the command failed, if it did.
    pub fn failure(&self) -> Option<&DeliveryFailure> {
        self.0.as_ref().map(|(_, failure)| failure)
    }

    /// The line that keeps it: that the clip was published, or what the command reported (none when an
    /// earlier run kept the same). Of a clip that failed, only that the command ran: another error
    /// would hide the vendor's. The job must have ended, as the delivery says.
    pub fn line(
        &self,
        writer: &Writer,
        view: &JobView,
        delivery: &Delivery,
        target: &str,
    ) -> Option<Lines> {
        if !delivery.is_completed {
            let ran = LoggedStep {
                name: REPORTED_STEP.to_owned(),
                reference: String::new(),
                error: String::new(),
            };
            return Some(step_line(writer, delivery, target, &ran));
        }
        let Some((step, _)) = &self.0 else {
            let id = publish_id(delivery, target);
            return Some(published_line(writer, delivery, target, &id));
        };
        // Other words of the same failure are none: a time in them would make the log grow each night.
        let (steps, what) = (steps(view, delivery, target), |step: &LoggedStep| {
            let error = step.error.split_once(": ");
            error.map_or(step.error.clone(), |(what, _)| what.to_owned())
        });
        let last = steps.last().filter(|last| last.name == step.name);
        let is_news = last.is_none_or(|last| what(last) != what(step));
        is_news.then(|| step_line(writer, delivery, target, step))
    }
}

impl ExecOptions {
    /// Runs the command for a clip, and waits for its end. `log_folder` is where the log is.
    pub async fn run_for(
        &self,
        view: &JobView,
        delivery: &Delivery,
        log_folder: &Path,
    ) -> CommandResult {
        let report = process::run(self.job(view, delivery, log_folder)).await;
        match &report.ended {
            ProcessEnd::With(status) if status.success() => CommandResult(None),
            _ => CommandResult(Some(self.failed(delivery, &report))),
        }
    }

    fn job(
        &self,
        view: &JobView,
        delivery: &Delivery,
        log_folder: &Path,
    ) -> process::CommandSpec<'_> {
        let saved = delivery.saved.as_ref();
        let file = saved.and_then(|saved| Some(file_of(saved, log_folder)?.0));
        let fields = JobFields::of(
            view,
            publish_id(delivery, &self.target),
            file.as_deref(),
            object_of(delivery),
        );
        let mut input = fields.json().into_bytes();
        input.push(b'\n');
        process::CommandSpec {
            command: &self.command,
            input,
            input_file: INPUT_FILE,
            variables: fields.variables(),
            hidden: &HIDDEN,
            time_out: self.time_out,
            drain: DRAIN,
        }
    }

    /// What the log keeps of a command that failed, and the failure.
    fn failed(&self, delivery: &Delivery, report: &ProcessResult) -> (LoggedStep, DeliveryFailure) {
        let what = match &report.ended {
            ProcessEnd::With(status) => match status.code() {
                Some(code) => format!("the command ended with code {code}"),
                None => format!("the command was killed ({status})"),
            },
            ProcessEnd::TimedOut => format!(
                "the command took longer than {} s and was killed",
                self.time_out.as_secs_f64()
            ),
            ProcessEnd::NotRun(error) => format!("the command could not be run: {error}"),
        };
        let step = LoggedStep {
            name: FAILED_STEP.to_owned(),
            reference: String::new(),
            error: match end_of(&report.output, KEPT_WORDS) {
                "" => what.clone(),
                output => format!("{what}: {output}"),
            },
        };
        let words = match end_of(&report.output, LAST_WORDS) {
            "" => "and said nothing".to_owned(),
            words => format!("and said: {words}"),
        };
        let then = if delivery.is_completed {
            "; the clip is not marked as published, the next `publish` tries again"
        } else {
            ""
        };
        let failure = DeliveryFailure {
            job: delivery.job,
            item: delivery.owner_name(),
            kind: FailureKind::ForGood,
            message: format!("{what} {words}{then}"),
        };
        (step, failure)
    }
}

/// Whether the command ran for the clip's end, well or not, as the log says.
pub fn has_run(view: &JobView, delivery: &Delivery, target: &str) -> bool {
    let mark = if delivery.is_completed {
        FAILED_STEP
    } else {
        REPORTED_STEP
    };
    let steps = || steps(view, delivery, target);
    is_published(view, delivery, target) || steps().iter().any(|step| step.name == mark)
}

/// Whether nothing is to be done for a clip and a target any more.
type IsDone = fn(&JobView, &Delivery, &str) -> bool;

impl Exec<'_> {
    /// Publishes what is due.
    pub async fn run(&self, deliveries: &[Delivery], when: When) -> PublishSummary {
        let stop = self.stop.part();
        let marking = self.marking(deliveries, when);
        let (due, waiting) = due(deliveries, when);
        let each = due.into_iter();
        let each = each.map(|delivery| self.one(delivery, is_published, &marking, &stop));
        let mut summary = publish_all(each, waiting, self.options.concurrency, &stop).await;
        summary.look_again(self.writer, &self.options.target).await;
        summary
    }

    /// Runs the command once for clips that have ended, also for those that failed. Those that it was
    /// not started for are left.
    pub async fn run_ended(&self, deliveries: &[Delivery]) -> PublishSummary {
        let (stop, marking) = (&self.stop.part(), &self.marking(&[], When::Each));
        let each = deliveries.iter().map(|delivery| async move {
            let outcome = self.one(delivery, has_run, marking, stop).await;
            outcome.or_else(|| Some(PublishOutcome::Another(Box::new(delivery.clone()))))
        });
        publish_all(each, 0, self.options.concurrency, stop).await
    }

    fn marking<'a>(&'a self, all: &'a [Delivery], when: When) -> PublicationLog<'a> {
        let target = &self.options.target;
        PublicationLog {
            writer: self.writer,
            target,
            together: GroupGuard::of(self.writer, all, when, LeasedWork::Publish(target)),
            progress: self.progress,
            has_room: OnceCell::new(),
        }
    }

    /// What became of one clip; `None` when the run stops before. A command that runs is waited for.
    async fn one(
        &self,
        delivery: &Delivery,
        is_done: IsDone,
        marking: &PublicationLog<'_>,
        stop: &Stop,
    ) -> Option<PublishOutcome> {
        if stop.is_set() {
            return None;
        }
        let view = match self.writer.view(delivery.job) {
            Ok(view) => view?,
            Err(error) => return Some(self.unusable(delivery, stop, error.into())),
        };
        Some(self.publish(delivery, &view, is_done, marking, stop).await)
    }

    async fn publish(
        &self,
        delivery: &Delivery,
        view: &JobView,
        is_done: IsDone,
        marking: &PublicationLog<'_>,
        stop: &Stop,
    ) -> PublishOutcome {
        let target = &self.options.target;
        if is_done(view, delivery, target) {
            return PublishOutcome::Already;
        }
        if self.options.dry_run {
            return PublishOutcome::Would(format!("{}: the command would run", name(delivery)));
        }
        let view = match lease::begin(self.writer, LeasedWork::Publish(target), delivery).await {
            Ok(ClipLease::Mine(view)) => view,
            Ok(ClipLease::Another) => return PublishOutcome::Another(Box::new(delivery.clone())),
            Err(error) => return self.unusable(delivery, stop, error),
        };
        if is_done(&view, delivery, target) {
            return PublishOutcome::Already;
        }
        if delivery.is_withdrawn(&view) {
            return PublishOutcome::Withdrawn;
        }
        match marking.together.is_complete(delivery) {
            Ok(true) => {}
            Ok(false) => return PublishOutcome::Waiting,
            Err(error) => return self.unusable(delivery, stop, error.into()),
        }
        // Others have written that it ended in another way.
        if !delivery.is_of(&view) {
            return PublishOutcome::Another(Box::new(delivery.clone()));
        }
        if let Err(error) = marking.begin(delivery, &view).await {
            return self.unusable(delivery, stop, error.into());
        }
        let log_folder = self.writer.folder();
        let ran = self.options.run_for(&view, delivery, &log_folder).await;
        let line = ran.line(self.writer, &view, delivery, target);
        let Some((_, failure)) = ran.0 else {
            (self.progress)(DeliveryEvent::Done { job: delivery.job });
            return match line {
                Some(line) => marking.mark(delivery, &line).await,
                None => PublishOutcome::Published,
            };
        };
        if let Some(line) = line
            && let Err(error) = self.writer.append(&line).await
        {
            return self.unusable(delivery, stop, error.into());
        }
        (self.progress)(DeliveryEvent::Failed { job: delivery.job });
        PublishOutcome::Failed(failure)
    }

    fn unusable(&self, delivery: &Delivery, stop: &Stop, unusable: LogUnusable) -> PublishOutcome {
        let LogUnusable { kind, why } = unusable;
        stop.set(StopReason::Shared);
        (self.progress)(DeliveryEvent::Failed { job: delivery.job });
        PublishOutcome::Failed(DeliveryFailure {
            job: delivery.job,
            item: delivery.owner_name(),
            kind,
            message: format!(
                "the log cannot be used: {why}; the clip was not published, and the next `publish` \
                 tries again"
            ),
        })
    }
}

fn name(delivery: &Delivery) -> String {
    match delivery.line {
        Some(line) => format!("{} (line {line})", delivery.owner_name()),
        None => delivery.owner_name(),
    }
}

/// At most so many bytes of the end of an output.
fn end_of(output: &str, longest: usize) -> &str {
    let mut start = output.len().saturating_sub(longest);
    while !output.is_char_boundary(start) {
        start += 1;
    }
    output[start..].trim()
}

#[cfg(test)]
mod tests {
    use super::filled_in_too_early;

    #[test]
    fn a_field_that_windows_would_read_as_commands_is_found() {
        for (command, found) in [
            ("upload.cmd", None),
            ("copy \"!CREATIVEAI_FILE!\" clips", None),
            ("echo 100% CREATIVEAI_FILE", None),
            ("echo %PATH% %CREATIVEAI% größe%", None),
            ("copy %CREATIVEAI_FILE% clips", Some("CREATIVEAI_FILE")),
            ("größe %creativeai_title:~0,3%", Some("creativeai_title")),
            ("echo %%CREATIVEAI_X", Some("CREATIVEAI_X")),
        ] {
            assert_eq!(filled_in_too_early(command), found, "{command}");
        }
    }
}
