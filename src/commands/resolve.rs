//! `resolve`: a person has looked, and says what became of an attempt.

use super::failure;
use super::limits::Limits;
use super::open;
use crate::cli::{Finding, ResolveArgs};
use crate::disk;
use crate::engine::named::jobs_named;
use crate::exit::{Code, Failure};
use crate::jobs::{
    AttemptState, Event, GenerationId, JobKey, JobState, JobView, Resolution, Status, Verdict, What,
};
use crate::journal::{AppendError, Unsettled, Writer};
use crate::output::{Commands, Printer};
use crate::settings::Settings;
use crate::text::escape;

/// Runs the command.
pub fn run(args: &ResolveArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.as_deref(), None);
    let writer = open::write_log(
        &path,
        settings,
        "resolve",
        &Limits::of_time(settings),
        printer,
    )?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    let finding = args.verdict.finding();
    let job = find(&args.job, &finding, &writer, &commands)?;
    let view = writer.view(job).map_err(failure::of_log)?;
    let own_id = view.as_ref().and_then(|view| own_id(view, &writer));
    let attempt = attempt_for(job, &finding, &writer, &commands).map_err(|unfit| {
        let is_closed = view.as_ref().is_some_and(|v| v.state.is_dismissed());
        match own_id.as_ref().filter(|_| is_closed) {
            Some(id) => unfit.help(format!("`{}` reopens it", reopening(job, id, &commands))),
            None => unfit,
        }
    })?;
    let (verdict, id) = match &finding {
        Finding::Accepted(id) => {
            open::check_id(&writer, id)?;
            if let Some((owner, number)) = writer.owner_of(id)
                && (owner, number) != (job, attempt)
            {
                return Err(Failure::usage(format!(
                    "{id} is the id of job {owner}, attempt {number}; nothing was changed"
                ))
                .help("check the id on the vendor's dashboard")
                .into());
            }
            (Verdict::Accepted, Some(id))
        }
        Finding::NotAccepted => (Verdict::NotAccepted, None),
        Finding::Dismissed => (Verdict::Dismissed, None),
    };
    let sandbox = settings.sandbox || view.as_ref().is_some_and(|v| v.state.is_sandbox());
    let at = writer.ledger().stamp(job, writer.now());
    let resolution = Resolution {
        verdict,
        generation_id: id,
        by: &who(),
    };
    let line = Event::new(at, job, attempt, What::Resolved(resolution))
        .of_item(view.as_ref().and_then(|v| v.id()))
        .in_sandbox(sandbox)
        .line();
    append(&writer, job, attempt, verdict, &line)?;
    if printer.options().json {
        let view = writer.view(job).map_err(failure::of_log)?;
        printer.document(&view.map(|v| v.to_json()))?;
        return Ok(Code::Success);
    }
    let what = outcome(job, &finding, own_id.as_ref(), &writer, &commands);
    printer.note(format_args!("job {job}, attempt {attempt}, {what}"));
    Ok(Code::Success)
}

fn append(
    writer: &Writer,
    job: JobKey,
    attempt: u32,
    verdict: Verdict,
    line: &str,
) -> Result<(), Failure> {
    let unwritable = |error: &AppendError| {
        failure::of_append(
            error,
            "make room on the disk and run the same command again",
        )
    };
    if verdict != Verdict::NotAccepted {
        return writer.append_blocking(line).map_err(|e| unwritable(&e));
    }
    let settled = writer.settle(job, attempt, line);
    settled.map_err(|unsettled| match unsettled {
        Unsettled::Failed(error) => unwritable(&error),
        Unsettled::BeingSent(host) => being_sent(job, &host),
    })
}

/// What has become of the job, as the end of a sentence.
fn outcome(
    job: JobKey,
    finding: &Finding,
    own_id: Option<&GenerationId>,
    writer: &Writer,
    commands: &Commands,
) -> String {
    match finding {
        Finding::Accepted(id) => format!(
            "is bound to {}; `{}` asks what became of it",
            escape(id.as_str()),
            commands.on_log("reconcile", "")
        ),
        Finding::NotAccepted => format!(
            "counts as not accepted; `{}` sends it again",
            commands.on_log("retry", "--failed")
        ),
        Finding::Dismissed => closed(job, own_id, writer, commands),
    }
}

/// An id of the job's that the log binds to it, of the newest attempt that has one.
fn own_id(view: &JobView, writer: &Writer) -> Option<GenerationId> {
    view.attempts.values().rev().find_map(|attempt| {
        let named = attempt.resolved.text("generation_id");
        let mut ids = attempt.ids.iter().map(String::as_str).chain(named);
        let is_its = |id: &GenerationId| {
            writer
                .owner_of(id)
                .is_some_and(|(job, _)| job == view.key())
        };
        ids.find_map(|id| GenerationId::parse(id).filter(is_its))
    })
}

/// The command that takes a dismissal back by saying once more which clip is the job's.
fn reopening(job: JobKey, id: &GenerationId, commands: &Commands) -> String {
    commands.resolve(&job.to_string(), &format!("--generation-id {id}"))
}

/// What a dismissal does, what it does not undo, and what takes it back.
fn closed(
    job: JobKey,
    own_id: Option<&GenerationId>,
    writer: &Writer,
    commands: &Commands,
) -> String {
    let has = |is: fn(&AttemptState) -> bool| {
        let ledger = writer.ledger();
        ledger.job(job).is_some_and(|job| job.attempts().any(is))
    };
    let in_doubt = has(|a| a.status() == Status::Unknown);
    let money = if has(|a| a.status() == Status::Completed) {
        "its clip stays paid for"
    } else if has(AttemptState::is_under_way) {
        "its clip is paid for all the same once it is rendered"
    } else if in_doubt {
        "its order may have been paid for"
    } else {
        "it has cost nothing"
    };
    let not_accepted = commands.resolve(&job.to_string(), "--not-accepted");
    let way_back = match own_id {
        Some(id) => format!("; `{}` reopens it", reopening(job, id, commands)),
        None if in_doubt => format!(
            "; `{not_accepted}` reopens it if the vendor's dashboard does not list its clip, and \
             `{}` if it does",
            commands.resolve(&job.to_string(), "--generation-id ID")
        ),
        None if attempt_for(job, &Finding::NotAccepted, writer, commands).is_ok() => {
            format!("; `{not_accepted}` reopens it")
        }
        None => String::new(),
    };
    format!("is closed: no longer retried, polled or counted; {money}{way_back}")
}

/// Nothing is reported about an attempt that may be accepted in the next moment.
fn being_sent(job: JobKey, host: &str) -> Failure {
    Failure::temporary(format!(
        "job {job} is being sent by {} just now; nothing was changed",
        escape(host)
    ))
    .help("run the same command again in a minute")
}

/// The job that `name` means. Where a listing or SKU has several, the one the finding can be about.
fn find(
    name: &str,
    finding: &Finding,
    writer: &Writer,
    commands: &Commands,
) -> anyhow::Result<JobKey> {
    let keys = jobs_named(writer.path(), &writer.ledger(), name).map_err(failure::of_log)?;
    let ledger = writer.ledger();
    let fits = |key: &JobKey| {
        ledger
            .job(*key)
            .is_some_and(|job| can_be_about(job, finding))
    };
    let mut fitting: Vec<JobKey> = keys.iter().copied().filter(fits).collect();
    if fitting.is_empty() {
        fitting.clone_from(&keys);
    }
    match fitting.as_slice() {
        [only] => Ok(*only),
        [] => Err(
            Failure::usage(format!("no job, listing or SKU is called {}", escape(name)))
                .help(format!(
                    "`{}` lists them; nothing was changed",
                    commands.on_log("status", "")
                ))
                .into(),
        ),
        several => {
            let list: Vec<String> = several.iter().map(JobKey::to_string).collect();
            Err(Failure::usage(format!(
                "{} has {} such jobs: {}; nothing was changed",
                escape(name),
                list.len(),
                list.join(", ")
            ))
            .help(format!(
                "name one of them; `{}` shows what each is",
                commands.look_into(Some(name.trim()), several[0])
            ))
            .into())
        }
    }
}

fn can_be_about(job: &JobState, finding: &Finding) -> bool {
    match finding {
        Finding::Dismissed => job.status() != Status::Completed && !job.is_dismissed(),
        _ => job.attempts().any(|a| a.status() == Status::Unknown),
    }
}

/// The attempt in doubt; or, to take a verdict back, the one it was about.
fn attempt_for(
    key: JobKey,
    finding: &Finding,
    writer: &Writer,
    commands: &Commands,
) -> Result<u32, Failure> {
    let known = match finding {
        Finding::Accepted(id) => writer.owner_of(id).filter(|(owner, _)| *owner == key),
        _ => None,
    };
    if let Some((_, number)) = known {
        // Saying again what is known takes a verdict back, such as a dismissal.
        return Ok(number);
    }
    let ledger = writer.ledger();
    let Some(job) = ledger.job(key) else {
        return Err(Failure::usage(format!("no job is called {key}")));
    };
    if *finding == Finding::Dismissed {
        return Ok(job.newest().number);
    }
    let in_doubt = job.attempts().rfind(|a| a.status() == Status::Unknown);
    let was_in_doubt = || {
        job.attempts().rfind(|a| {
            let proved = Status::ALL
                .into_iter()
                .any(|s| s.is_accepted() && a.has_seen(s));
            a.verdict().is_some() && !proved
        })
    };
    in_doubt
        .or_else(was_in_doubt)
        .map(|a| a.number)
        .ok_or_else(|| {
            Failure::usage(format!(
                "job {key} is not in doubt; its status is {}; nothing was changed",
                job.status()
            ))
            .help(format!(
                "`{}` shows the events; --dismiss closes a job whatever its state",
                commands.look_into(None, key)
            ))
        })
}

/// User and host, as the log names who decided.
pub fn who() -> String {
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let user = var("USER")
        .or_else(|| var("LOGNAME"))
        .or_else(|| var("USERNAME"));
    format!(
        "{}@{}",
        user.as_deref().unwrap_or("unknown"),
        disk::host_name()
    )
}
