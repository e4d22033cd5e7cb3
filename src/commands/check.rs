//! `check`: is everything ready? It spends nothing: one request to the API without a key, and a
//! look at each photo.

mod api;
mod log;
mod manifest;
mod photos;

use serde_json::json;

use self::manifest::ManifestRefs;
use super::inputs::Inputs;
use super::runtime::on_runtime;
use crate::cli::CheckArgs;
use crate::engine::notify::{self, Listeners, Notice, RoundEvent};
use crate::exit::{Code, Failure};
use crate::jobs::JobKey;
use crate::output::Printer;
use crate::output::findings::Findings;
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::correlated;

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
            "no settings file, so the defaults apply (`creativeai init` writes one)".into()
        } else {
            escape(&files.join(", ")).into_owned()
        },
    );
    findings.add("key", check_key(settings));
    log::check(args, settings, findings);
    let mut named = ManifestRefs::default();
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
        let checked = api::check(settings, findings).await;
        findings.refuse("api", checked);
        let checked = photos::check_online(&named.online, settings, findings).await;
        findings.refuse("photos", checked);
        let checked = photos::check_local(named.local, settings, findings).await;
        findings.refuse("photos", checked);
        Ok(())
    })?;
    let told_later: &[&str] = if args.is_before_submit {
        &["manifest", "log"]
    } else {
        &[]
    };
    findings.report(told_later, printer)
}

fn check_key(settings: &Settings) -> Result<&'static str, Failure> {
    let key = settings.require_key()?;
    if settings.sandbox {
        Ok("the sandbox takes any")
    } else if key.is_plausible() {
        Ok("there is one, not tested before the first order; `creativeai config` shows where")
    } else {
        Err(Failure::config("what is there is too short to be a key")
            .help("replace it with `creativeai init --key-only`"))
    }
}

fn check_webhooks(named: &ManifestRefs, findings: &mut Findings) {
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
        on: vec![RoundEvent::Success],
        ..listeners.clone()
    };
    let notice = Notice {
        event: RoundEvent::Success,
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
