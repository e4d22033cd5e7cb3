//! `resolve`: a person has looked, and says what became of an attempt.

use serde_json::json;

use super::limits::Limits;
use super::open::OpenLog;
use crate::cli::ResolveArgs;
use crate::disk;
use crate::engine::resolve::{
    DismissalCost, ResolveError, ResolveVerdict, attempt_of, own_id, reopens, write_down,
};
use crate::engine::retry::why_left_alone;
use crate::exit::{Code, Failure};
use crate::jobs::{GenerationId, JobKey, JobState};
use crate::journal::Writer;
use crate::output::{Commands, Printer, failure};
use crate::settings::Settings;
use crate::text::escape;

pub fn run(args: &ResolveArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.as_deref(), None);
    let limits = Limits::of_time(settings);
    let log = OpenLog::existing(path, "resolve", limits, settings, printer)?;
    log.refuse_unrecovered("nothing was changed")?;
    let (writer, commands) = (&log.writer, &log.commands);
    let finding = args.verdict.finding();
    let found = attempt_of(&args.job, &finding, writer);
    let (job, attempt) = found.map_err(|error| of_resolve(error, writer, commands))?;
    if let ResolveVerdict::Accepted(id) = &finding
        && !writer.ledger().may_bind(id)
    {
        return Err(failure::of_stray_id(id, writer.name()).into());
    }
    let view = writer.view(job).map_err(failure::of_log)?;
    let own_id = view.as_ref().and_then(|view| own_id(view, writer));
    let by = disk::user_and_host();
    write_down(&finding, (job, attempt), writer, &by, settings.sandbox)
        .map_err(|error| of_resolve(error, writer, commands))?;
    let view = writer.view(job).map_err(failure::of_log)?;
    printer.result(
        || json!(view.map(|view| view.to_json())),
        || {
            let own_id = own_id.as_ref();
            sentence(&finding, (job, attempt), own_id, writer, commands)
        },
    )?;
    Ok(Code::Success)
}

/// Why nothing is written down, as the end of the run.
fn of_resolve(error: ResolveError, writer: &Writer, commands: &Commands) -> Failure {
    let message = format!("{error}; nothing was changed");
    match error {
        ResolveError::Log(error) => failure::of_log(error),
        ResolveError::Write(error) => failure::of_append(&error, failure::MAKE_ROOM),
        ResolveError::Unknown(_) => Failure::usage(error.to_string()).help(format!(
            "`{}` lists them; nothing was changed",
            commands.on_log("status", "")
        )),
        ResolveError::Several(name, jobs) => Failure::usage(message).help(format!(
            "name one of them; `{}` shows what each is",
            commands.look_into(Some(name.trim()), jobs[0])
        )),
        ResolveError::NotInDoubt(job, _) => {
            let view = writer.view(job).ok().flatten();
            let closed = view.filter(|view| view.state.is_dismissed());
            let own_id = closed.and_then(|view| own_id(&view, writer));
            Failure::usage(message).help(match own_id {
                Some(id) => format!("`{}` reopens it", reopening(job, &id, commands)),
                None => format!(
                    "`{}` shows the events; --dismiss closes a job in any state",
                    commands.look_into(None, job)
                ),
            })
        }
        ResolveError::Owned(..) => {
            Failure::usage(message).help("check the id on the vendor's dashboard")
        }
        ResolveError::BeingSent { .. } => {
            Failure::temporary(message).help("run the same command again in a minute")
        }
        ResolveError::Outdated(job) => Failure::temporary(message).help(format!(
            "`{}` shows what; look at it and decide again",
            commands.look_into(None, job)
        )),
    }
}

fn sentence(
    finding: &ResolveVerdict,
    (job, attempt): (JobKey, u32),
    own_id: Option<&GenerationId>,
    writer: &Writer,
    commands: &Commands,
) -> String {
    let ledger = writer.ledger();
    let state = ledger.job(job);
    let what = match finding {
        ResolveVerdict::Accepted(id) => format!(
            "is bound to {}; `{}` asks what became of it",
            escape(id.as_str()),
            commands.on_log("reconcile", "")
        ),
        ResolveVerdict::NotAccepted => {
            let sent_again = state.map(|job| sent_again(job, commands));
            format!("counts as not accepted; {}", sent_again.unwrap_or_default())
        }
        ResolveVerdict::Dismissed => {
            let closed = state.map(|job| closed(job, own_id, commands));
            closed.unwrap_or_default()
        }
    };
    format!("job {job}, attempt {attempt}, {what}")
}

/// What `retry` does with a job of which an attempt was not accepted.
fn sent_again(job: &JobState, commands: &Commands) -> String {
    if job.is_counted() && job.may_be_retried() {
        let attempts = job.tries();
        return format!("`{}` sends it again", commands.retry_after(attempts));
    }
    format!(
        "nothing is sent again, since {}; `{}` shows what became of it",
        why_left_alone(job).unwrap_or("its clip was rejected"),
        commands.look_into(None, job.key)
    )
}

/// The command that takes a dismissal back by saying once more which clip is the job's.
fn reopening(job: JobKey, id: &GenerationId, commands: &Commands) -> String {
    commands.resolve(&job.to_string(), &format!("--generation-id {id}"))
}

/// What a dismissal does, what it does not undo, and what takes it back.
fn closed(job: &JobState, own_id: Option<&GenerationId>, commands: &Commands) -> String {
    let money = match DismissalCost::of(job) {
        DismissalCost::Clip => "its clip stays paid for",
        DismissalCost::UnderWay => "its clip is still paid for once it is rendered",
        DismissalCost::InDoubt => "its order may have been paid for",
        DismissalCost::Nothing => "it has cost nothing",
    };
    let key = job.key.to_string();
    let not_accepted = commands.resolve(&key, "--not-accepted");
    let way_back = match (own_id, reopens(job)) {
        (Some(id), _) => format!("; `{}` reopens it", reopening(job.key, id, commands)),
        (None, (_, true)) => format!(
            "; `{not_accepted}` reopens it if the vendor's dashboard does not list its clip, and \
             `{}` if it does",
            commands.resolve(&key, "--generation-id ID")
        ),
        (None, (true, _)) => format!("; `{not_accepted}` reopens it"),
        (None, _) => String::new(),
    };
    format!("is closed: no longer retried, polled or counted; {money}{way_back}")
}
