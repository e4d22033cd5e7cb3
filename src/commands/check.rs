//! `check`: is everything ready? It spends nothing: one request to the API without a key, and a
//! look at each photo.

mod manifest;
mod photos;

use std::path::Path;
use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::DATE;
use reqwest::redirect::Policy;

use serde_json::json;

use self::manifest::Named;
use super::inputs::Inputs;
use super::sheets::web_client;
use super::{damage, on_runtime};
use crate::cli::CheckArgs;
use crate::engine::notify::{self, Event, Listeners, Notice};
use crate::exit::{Code, Failure};
use crate::jobs::JobKey;
use crate::journal::{self, JobLog, Location, Lock, LockError, LogError};
use crate::output::{Printer, words};
use crate::output::{failure, findings::Findings};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{BaseUrl, correlated, root_cause};

/// A clock that is further off than this makes log times and time-outs misleading.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// Runs the command.
pub fn run(args: &CheckArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let findings = &mut Findings::default();
    let files: Vec<_> = settings
        .files()
        .iter()
        .map(|f| f.display().to_string())
        .collect();
    findings.pass(
        "settings",
        if files.is_empty() {
            "no settings file, so the defaults hold (`creativeai init` writes one)".into()
        } else {
            escape(&files.join(", ")).into_owned()
        },
    );
    findings.add("key", check_key(settings));
    check_log(args, settings, findings);
    let mut named = Named::default();
    named.webhooks.extend(settings.webhook_url.clone());
    on_runtime(async {
        if let Some(manifest) = &args.manifest {
            let inputs = Inputs::fetch(std::slice::from_ref(manifest), settings).await;
            let checked = inputs
                .and_then(|inputs| manifest::check(&inputs, args, settings, &mut named, findings));
            findings.refuse("manifest", checked);
        }
        check_webhooks(&named, findings);
        if args.notify {
            check_notices(settings, findings).await;
        }
        let checked = check_api(settings, findings).await;
        findings.refuse("api", checked);
        let checked = photos::check_online(&named.online, settings, findings).await;
        findings.refuse("photos", checked);
        let checked = photos::check_local(named.local, settings, findings).await;
        findings.refuse("photos", checked);
        Ok(())
    })?;
    findings.report(printer)
}

fn check_key(settings: &Settings) -> Result<&'static str, Failure> {
    let key = settings.require_key()?;
    if settings.sandbox {
        Ok("the sandbox takes any")
    } else if key.is_plausible() {
        Ok("there is one, not tested before the first order; `creativeai config` shows where")
    } else {
        Err(Failure::config("what is there is too short for a key")
            .help("replace it with `creativeai init --key-only`"))
    }
}

fn check_log(args: &CheckArgs, settings: &Settings, findings: &mut Findings) {
    let path = &settings.jobs_path(args.jobs.as_deref(), args.manifest.as_deref());
    let is_usable = findings.add("log", jobs_of(path, settings));
    if !is_usable {
        return;
    }
    if let Ok(Location::Database(address)) = Location::of(path) {
        return check_server(&address, findings);
    }
    let free = match Lock::holder(path) {
        Ok(None) => Ok(()),
        Ok(Some(holder)) => {
            let log = path.to_owned();
            Err(Failure::temporary(
                LockError::Held { log, holder }.to_string(),
            ))
        }
        Err(error) => Err(Failure::io(format!("its lock: {error}"))),
    };
    findings.refuse("log", free);
}

/// What a log holds.
fn jobs_of(path: &Path, settings: &Settings) -> Result<String, Failure> {
    let name = path.display().to_string();
    let shown = escape(&name);
    let log = match JobLog::read(path, settings.ledger()) {
        Err(LogError::Missing(_)) => {
            return Ok(format!("{shown} will be made by the first submit"));
        }
        read => read.map_err(failure::of_log)?,
    };
    if !log.damage().is_empty() {
        return Err(damage::refusal(
            log.damage(),
            log.ledger(),
            log.path(),
            "changed",
        ));
    }
    log.unchanged().map_err(failure::of_log)?;
    let note = match log.ledger().unreadable() {
        0 => String::new(),
        bad => format!(", {} that cannot be read", words::count(bad, "line")),
    };
    let jobs = words::count(log.ledger().jobs().len() as u64, "job");
    Ok(format!("{shown}: {jobs}{note}"))
}

/// What the server of a log promises of lines that it has confirmed.
#[cfg(feature = "postgres")]
fn check_server(address: &journal::Address, findings: &mut Findings) {
    let promises = match journal::promises(address) {
        Ok(promises) => promises,
        Err(error) => return findings.failure("server", &failure::of_database(error)),
    };
    let settings = escape(&promises.settings.join(", ")).into_owned();
    if !promises.outlive_a_crash {
        findings.skip(
            "server",
            format_args!("{settings}: a crash of the server may take lines that it has confirmed"),
        );
    } else if promises.has_standby {
        findings.pass("server", format_args!("{settings}"));
    } else {
        findings.pass(
            "server",
            format_args!("{settings}; after a failover the newest lines may be missing"),
        );
    }
}

#[cfg(not(feature = "postgres"))]
fn check_server(_: &journal::Address, _: &mut Findings) {}

fn check_webhooks(named: &Named, findings: &mut Findings) {
    if named.webhooks.is_empty() {
        findings.pass(
            "webhook",
            "none: finished clips are asked for with `creativeai reconcile`",
        );
    }
    for url in &named.webhooks {
        let found = correlated(url, JobKey::from_number(0), 1);
        let found = found.map(|_| escape(url));
        findings.add("webhook", found.map_err(|e| Failure::config(e.to_string())));
    }
}

/// Sends a notice of each kind that is heard of, as a test.
async fn check_notices(settings: &Settings, findings: &mut Findings) {
    let listeners = &settings.notify;
    if listeners.is_empty() {
        let text =
            "the settings name no one to notify: add webhook, ping, email or desktop to [notify]";
        return findings.problem("notify", Code::Config, text);
    }
    // All hear of it, and the dead man's switch is not alarmed.
    let listeners = &Listeners {
        on: vec![Event::Success],
        ..listeners.clone()
    };
    let notice = Notice {
        event: Event::Success,
        text: "check: a test notice; nothing has happened".to_owned(),
        code: None,
        counts: json!({}),
    };
    let failed = notify::send(listeners, &notice).await;
    if failed.is_empty() {
        findings.pass("notify", "a test notice was sent");
    }
    for why in failed {
        findings.problem("notify", Code::Temporary, escape(&why));
    }
}

async fn check_api(settings: &Settings, findings: &mut Findings) -> Result<(), Failure> {
    let Some(url) = &settings.base_url.value else {
        findings.pass("api", "the sandbox, inside the command");
        return Ok(());
    };
    let base = BaseUrl::parse(url).map_err(|error| Failure::config(error.to_string()))?;
    let client = web_client(!base.is_https(), Policy::none(), base.origin(), settings)?;
    let asked = client.head(base.as_str()).send().await;
    let reply = asked.map_err(|error| {
        Failure::temporary(format!(
            "{} does not answer ({}); check the network and the address",
            base.as_str(),
            root_cause(&error)
        ))
    })?;
    // Whatever it says: it is there. No key was sent, so it may well refuse.
    findings.pass("api", format_args!("{} answers", escape(base.as_str())));
    check_clock(&reply, findings);
    Ok(())
}

fn check_clock(reply: &Response, findings: &mut Findings) {
    let date = reply
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return;
    };
    let ours = SystemTime::now();
    let off = ours
        .duration_since(theirs)
        .or_else(|_| theirs.duration_since(ours))
        .unwrap_or_default();
    if off > CLOCK_TOLERANCE {
        findings.problem(
            "clock",
            Code::Config,
            format_args!(
                "this computer's clock is {} off; set it, or times in the log will mislead",
                words::duration(off.as_secs())
            ),
        );
    } else {
        findings.pass("clock", "right");
    }
}
