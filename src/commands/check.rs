//! `check`: is everything ready? It spends nothing: one request to the API without a key, and a
//! look at each photo.

mod findings;
mod photos;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use findings::{Findings, MOST_SHOWN};
use photos::{Photos, Wanted};
use reqwest::Response;
use reqwest::header::DATE;

use serde_json::json;

use super::failure;
use super::inputs::Inputs;
use super::inputs::manifest_failure;
use super::{damage, on_runtime};
use crate::cli::CheckArgs;
use crate::engine::notify::{self, Event, Listeners, Notice};
use crate::exit::{Code, Failure};
use crate::jobs::JobKey;
use crate::journal::{self, JobLog, Location, Lock, LogError};
use crate::manifest::RowFault;
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{BaseUrl, build_transport, correlated, root_cause, transport};

/// A clock that is further off than this makes log times and time-outs misleading.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// Runs the command.
pub fn run(args: &CheckArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let mut findings = Findings::default();
    check_settings(settings, &mut findings);
    check_key(settings, &mut findings);
    let path = settings.jobs_path(args.jobs.as_deref(), args.manifest.as_deref());
    check_log(&path, settings, &mut findings);
    let mut photos = Photos::default();
    let mut webhooks: BTreeSet<String> = settings.webhook_url.iter().cloned().collect();
    if let Some(manifest) = &args.manifest {
        let inputs = on_runtime(async {
            Ok(Inputs::fetch(std::slice::from_ref(manifest), settings).await)
        })?;
        check_manifest(
            inputs,
            args,
            settings,
            &mut photos,
            &mut webhooks,
            &mut findings,
        );
    }
    check_webhooks(&webhooks, &mut findings);
    on_runtime(async {
        if args.notify {
            check_notices(settings, &mut findings).await;
        }
        check_api(settings, &mut findings).await;
        photos::check_photos(&photos.online, settings, &mut findings).await;
        photos::check_local(photos.local, settings, &mut findings).await;
        Ok(())
    })?;
    findings.report(printer)
}

fn check_settings(settings: &Settings, findings: &mut Findings) {
    let files: Vec<String> = settings
        .files()
        .iter()
        .map(|file| escape(&file.display().to_string()).into_owned())
        .collect();
    findings.pass(
        "settings",
        if files.is_empty() {
            "no settings file, so the defaults hold (`creativeai init` writes one)".to_owned()
        } else {
            files.join(", ")
        },
    );
}

fn check_key(settings: &Settings, findings: &mut Findings) {
    match settings.require_key() {
        Ok(_) if settings.sandbox => findings.pass("key", "the sandbox takes any"),
        Ok(key) if !key.is_plausible() => findings.failure(
            "key",
            &Failure::config("what is there is too short for a key")
                .help("replace it with `creativeai init --key-only`"),
        ),
        Ok(_) => findings.pass(
            "key",
            "there is one, not tested before the first order; `creativeai config` shows where",
        ),
        Err(failure) => findings.failure("key", &failure),
    }
}

fn check_log(path: &Path, settings: &Settings, findings: &mut Findings) {
    let shown = escape(&path.display().to_string()).into_owned();
    match JobLog::read(path, settings.ledger()) {
        Ok(log) if !log.damage().is_empty() => {
            let refusal = damage::refusal(log.damage(), log.ledger(), log.path(), "changed");
            return findings.failure("log", &refusal);
        }
        Ok(log) => {
            if let Err(error) = log.unchanged() {
                return findings.failure("log", &failure::of_log(error));
            }
            let bad = log.ledger().unreadable();
            let note = if bad > 0 {
                format!(", {} that cannot be read", words::count(bad, "line"))
            } else {
                String::new()
            };
            let jobs = words::count(log.ledger().jobs().len() as u64, "job");
            findings.pass("log", format_args!("{shown}: {jobs}{note}"));
        }
        Err(LogError::Missing(_)) => {
            findings.pass(
                "log",
                format_args!("{shown} will be made by the first submit"),
            );
        }
        Err(error) => {
            return findings.failure("log", &failure::of_log(error));
        }
    }
    if let Ok(Location::Database(address)) = Location::of(path) {
        return check_server(&address, findings);
    }
    match Lock::holder(path) {
        Ok(None) => {}
        Ok(Some(holder)) => {
            let who = holder.map_or_else(
                || "another process".to_owned(),
                |h| format!("`creativeai {}` (process {})", escape(&h.command), h.pid),
            );
            findings.problem(
                "log",
                Code::Temporary,
                format_args!("{shown} is in use by {who}"),
            );
        }
        Err(error) => findings.problem("log", Code::Io, format_args!("its lock: {error}")),
    }
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

fn check_manifest(
    inputs: Result<Inputs, Failure>,
    args: &CheckArgs,
    settings: &Settings,
    photos: &mut Photos,
    webhooks: &mut BTreeSet<String>,
    findings: &mut Findings,
) {
    let opened = inputs.and_then(|inputs| inputs.open(&args.sheet.reading, settings, Vec::new()));
    let mut manifest = match opened {
        Ok(manifest) => manifest,
        Err(failure) => return findings.failure("manifest", &failure),
    };
    let name = escape(manifest.name()).into_owned();
    for (file, note) in manifest.notes() {
        findings.pass("manifest", format_args!("{}: {note}", escape(file)));
    }
    for (file, doubt) in manifest.doubts() {
        findings.skip("manifest", format_args!("{}: {doubt}", escape(file)));
    }
    let mut keys = HashSet::new();
    let (mut good, mut bad, mut repeated) = (0u64, 0usize, 0u64);
    let rows = match manifest.rows() {
        Ok(rows) => rows,
        Err(error) => {
            return findings.failure("manifest", &manifest_failure(error));
        }
    };
    for row in rows {
        match row {
            Ok(row) => {
                good += 1;
                repeated += u64::from(!keys.insert(row.key()));
                let image = row.clip.image_url();
                if let Some(photo) = &row.photo_file {
                    photos.local.insert(photo.name.clone(), Arc::clone(photo));
                } else if !image.is_empty() {
                    let first = || Wanted {
                        line: row.line,
                        id: row.id.clone(),
                        rows: 0,
                    };
                    photos
                        .online
                        .entry(image.to_owned())
                        .or_insert_with(first)
                        .rows += 1;
                }
                webhooks.extend(row.webhook_url);
            }
            Err(fault) => {
                bad += 1;
                let is_left_out = args.skip_invalid && matches!(fault, RowFault::Problems(_));
                if bad <= MOST_SHOWN && is_left_out {
                    findings.skip("manifest", format_args!("left out: {fault}"));
                } else if bad <= MOST_SHOWN {
                    findings.problem("manifest", Code::Data, &fault);
                }
                if matches!(fault, RowFault::Broken(_)) {
                    break;
                }
            }
        }
    }
    if bad > MOST_SHOWN {
        let more = format!("and {} more", bad - MOST_SHOWN);
        if args.skip_invalid {
            findings.skip("manifest", more);
        } else {
            findings.problem("manifest", Code::Data, more);
        }
    }
    if bad == 0 || args.skip_invalid {
        let rows = words::count(good, "row");
        let twice = match repeated {
            0 => String::new(),
            n => format!(", {} of them repeated and sent once", words::number(n)),
        };
        findings.pass("manifest", format_args!("{name}: {rows}{twice}"));
    }
}

fn check_webhooks(webhooks: &BTreeSet<String>, findings: &mut Findings) {
    if webhooks.is_empty() {
        findings.pass(
            "webhook",
            "none: finished clips are asked for with `creativeai reconcile`",
        );
        return;
    }
    for url in webhooks {
        match correlated(url, JobKey::from_number(0), 1) {
            Ok(_) => findings.pass("webhook", escape(url)),
            Err(error) => findings.problem("webhook", Code::Config, escape(&error.to_string())),
        }
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

async fn check_api(settings: &Settings, findings: &mut Findings) {
    let Some(url) = &settings.base_url.value else {
        return findings.pass("api", "the sandbox, inside the command");
    };
    let base = match BaseUrl::parse(url) {
        Ok(base) => base,
        Err(error) => return findings.problem("api", Code::Config, escape(&error.to_string())),
    };
    let client = transport(!base.is_https())
        .connect_timeout(settings.network.connect_timeout)
        .timeout(settings.network.request_timeout);
    let client = match build_transport(client, base.origin()) {
        Ok(client) => client,
        Err(error) => return findings.problem("api", Code::Config, escape(&error.to_string())),
    };
    match client.head(base.as_str()).send().await {
        // Whatever it says: it is there. No key was sent, so it may well refuse.
        Ok(reply) => {
            findings.pass("api", format_args!("{} answers", escape(base.as_str())));
            check_clock(&reply, findings);
        }
        Err(error) => findings.problem(
            "api",
            Code::Temporary,
            format_args!(
                "{} does not answer ({}); check the network and the address",
                escape(base.as_str()),
                escape(&root_cause(&error))
            ),
        ),
    }
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
