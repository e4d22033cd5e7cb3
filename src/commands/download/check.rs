//! `download --check`: are the clips on disk the ones that were downloaded?

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::commands::failure;
use crate::commands::{damage, filter::Filters, on_runtime, open};
use crate::engine::delivery::plan::Delivery;
use crate::engine::delivery::proof::{Flaw, Flawed, Proof, prove, prove_in_bucket};
use crate::exit::{Code, Ending, Failure};
use crate::journal::JobLog;
use crate::output::{Commands, Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// Checks the clips of the log at `path`, in `copy` where a folder was named. Sends nothing and
/// writes nothing.
pub fn run(
    path: &Path,
    copy: Option<&Path>,
    filters: &Filters,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    open::refuse_spreadsheet(path, log.ledger())?;
    open::check_rehearsal(path, log.ledger(), settings)?;
    damage::warn(log.ledger(), log.damage(), path, printer);
    if let Some(copy) = copy
        && !copy.is_dir()
    {
        return Err(Failure::io(format!("{} is not a folder", copy.display()))
            .help("name the folder that holds the clips, or leave out --dir")
            .into());
    }
    let deliveries: Vec<Delivery> = log
        .map_views(|view| Delivery::of(&view, filters.matches(&view)))
        .collect::<Result<_, _>>()
        .map_err(failure::of_log)?;
    let proof = prove(&deliveries, &log.folder(), copy);
    let proof = on_runtime(with_buckets(proof, &deliveries))?;
    if proof.whole + proof.flawed.len() == 0 {
        open::warn_of_filters(filters, log.views().flatten(), printer);
    }
    let mut ending = Ending::default();
    for flawed in &proof.flawed {
        match flawed.flaw {
            Flaw::Unreadable(_) => ending.note(Code::Io),
            // The other computer checks it.
            Flaw::Elsewhere(_) => {}
            _ => ending.note(Code::Failed),
        }
    }
    let commands = open::commands(path, log.ledger(), settings);
    report(&proof, copy.is_some(), ending.code(), &commands, printer)?;
    Ok(ending.code())
}

/// Looks at the clips that are in buckets, one after the other.
async fn with_buckets(proof: Proof, deliveries: &[Delivery]) -> anyhow::Result<Proof> {
    let saved: HashMap<_, _> = deliveries
        .iter()
        .filter_map(|delivery| Some((delivery.job, delivery.saved.as_ref()?)))
        .collect();
    let mut looked = Proof {
        flawed: Vec::new(),
        ..proof
    };
    for mut flawed in proof.flawed {
        if let (Flaw::InBucket, Some(saved)) = (&flawed.flaw, saved.get(&flawed.job)) {
            let Some(flaw) = prove_in_bucket(saved).await else {
                looked.whole += 1;
                looked.bytes += saved.bytes;
                continue;
            };
            flawed.flaw = flaw;
        }
        looked.flawed.push(flawed);
    }
    Ok(looked)
}

fn report(
    proof: &Proof,
    is_copy: bool,
    code: Code,
    commands: &Commands,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let is_wrong = |flawed: &&Flawed| !matches!(flawed.flaw, Flaw::Elsewhere(_));
    for flawed in proof.flawed.iter().filter(is_wrong) {
        let (problem, _) = words_for(flawed, is_copy);
        let problem = commands.repeat_in(&problem);
        printer.warn(format_args!(
            "{} (job {}): {}",
            escape(&flawed.item),
            flawed.job,
            escape(&problem)
        ));
    }
    if printer.options().json {
        let problems: Vec<Value> = proof
            .flawed
            .iter()
            .map(|flawed| {
                let (_, next) = words_for(flawed, is_copy);
                json!({
                    "job": flawed.job.to_string(),
                    "id": flawed.item,
                    "file": flawed.file.as_ref().map(|file| file.to_string_lossy()),
                    "problem": flawed.flaw.name(),
                    "next": commands.repeat_in(&next),
                })
            })
            .collect();
        printer.document(&json!({
            "command": "download",
            "check": true,
            "whole": proof.whole,
            "bytes": proof.bytes,
            "problems": problems,
            "exit_code": code.number(),
        }))?;
        return Ok(());
    }
    let clips = |count: usize| words::count(count as u64, "clip");
    let mut saved = vec![format!("{} whole", clips(proof.whole))];
    for (name, what) in [
        ("not_downloaded", "not downloaded yet"),
        ("elsewhere", "on other computers, and not looked at"),
        ("missing", "missing"),
        ("altered", "altered"),
        ("unproven", "without a checksum in the log"),
        ("unreadable", "not readable"),
    ] {
        let flawed = proof.flawed.iter();
        let count = flawed.filter(|flawed| flawed.flaw.name() == name).count();
        if count > 0 {
            saved.push(format!("{count} {what}"));
        }
    }
    if proof.bytes > 0 {
        saved.push(words::bytes(proof.bytes));
    }
    printer.conclude(
        format_args!("download --check: {}", saved.join("; ")),
        code == Code::Success,
    );
    Ok(())
}

/// What is wrong, in words that end with the next step; and the next step alone.
fn words_for(flawed: &Flawed, is_copy: bool) -> (String, String) {
    let file = flawed.file.as_deref().unwrap_or(Path::new(""));
    let file = failure::path_from_here(file).display();
    let again = if is_copy {
        "copy it again, or fetch it with `creativeai download`".to_owned()
    } else {
        "run `creativeai download`".to_owned()
    };
    let (what, next) = match &flawed.flaw {
        Flaw::NotDownloaded => (
            "the clip was not downloaded yet".to_owned(),
            "run `creativeai download`".to_owned(),
        ),
        Flaw::Elsewhere(host) => (
            format!("the clip is on {host}"),
            "run `creativeai download --check` there".to_owned(),
        ),
        Flaw::Missing => (format!("{file} is missing"), again),
        Flaw::Altered => (
            format!("{file} is not the clip that was downloaded"),
            format!("move it away and {again}"),
        ),
        Flaw::InBucket => (format!("{file} was not looked at"), again),
        Flaw::Unproven => (
            format!("the log holds no checksum for {file}"),
            format!("move it away and {again}"),
        ),
        Flaw::Unreadable(error) => (
            format!("{file} cannot be read: {error}"),
            "check the disk and the permissions, then check again".to_owned(),
        ),
    };
    (format!("{what}; {next}"), next)
}
