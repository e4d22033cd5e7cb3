//! What is known of attempts in doubt, for a person who has to decide.

use std::path::{Path, PathBuf};

use super::open::OpenLog;
use crate::engine::dispatch::Attempt;
use crate::exit::Failure;
use crate::jobs::{GenerationId, Text};
use crate::journal::Writer;
use crate::output::failure;
use crate::settings::Settings;
use crate::webhook::{self, Verification, VerifiedEntry, VerifyKeys};

/// The receiver's usual file, looked for beside the log and in the current folder.
const CAPTURES: &str = "captures.jsonl";

/// A capture that might be about an attempt in doubt.
struct UnmatchedCapture {
    id: GenerationId,
    prompt: String,
    model: String,
    at: String,
}

/// For each attempt, sentences about what speaks for or against its having been accepted.
pub fn gather(attempts: &[Attempt], log: &OpenLog<'_>) -> anyhow::Result<Vec<Vec<String>>> {
    let captures = captures(&log.writer, log.settings)?;
    let mut all = Vec::new();
    for attempt in attempts {
        let mut lines = from_log(attempt, &log.writer)?;
        let body: serde_json::Value =
            serde_json::from_str(attempt.order.request.get()).unwrap_or_default();
        let asked = |name: &str| {
            body.get(name)
                .and_then(|v| v.as_str())
                .unwrap_or("")
                .to_owned()
        };
        for seen in &captures {
            let same_prompt = seen.prompt == asked("prompt") || seen.prompt == asked("text");
            if same_prompt && (seen.model.is_empty() || seen.model == asked("model")) {
                let verdict = format!("--generation-id {}", seen.id);
                lines.push(format!(
                    "a webhook of {} has the same prompt and belongs to no job: {}. `{}` binds it",
                    seen.at,
                    seen.id,
                    log.commands.resolve(&attempt.job.to_string(), &verdict)
                ));
            }
        }
        all.push(lines);
    }
    Ok(all)
}

fn from_log(attempt: &Attempt, writer: &Writer) -> Result<Vec<String>, Failure> {
    let Some(view) = writer.view(attempt.job).map_err(failure::of_log)? else {
        return Ok(Vec::new());
    };
    let mut lines = Vec::new();
    let events = view.events.iter();
    for event in events.filter(|event| event.attempt == attempt.number) {
        let at = event.at.unwrap_or_default();
        let word = event.word.as_str();
        let error = event.line().and_then(|line| line.other_text("error"));
        lines.push(match error {
            Some(error) => format!("{at:.0}  {word}: {error}"),
            None => format!("{at:.0}  {word}"),
        });
    }
    Ok(lines)
}

/// Verified captures whose id no job of the log has.
fn captures(writer: &Writer, settings: &Settings) -> anyhow::Result<Vec<UnmatchedCapture>> {
    let beside = writer.path().with_file_name(CAPTURES);
    let mut paths: Vec<PathBuf> = vec![beside];
    if let Ok(here) = crate::disk::canonicalize(Path::new(CAPTURES))
        && !paths.contains(&here)
    {
        paths.push(here);
    }
    paths.retain(|path: &PathBuf| Path::is_file(path));
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let keys = VerifyKeys::new(&settings.verification_keys()?);
    let observed = |entry: &VerifiedEntry<'_>| {
        let Verification::Verified(payload) = &entry.verification else {
            return None;
        };
        let text = |t: Option<Text<'_>>| t.map(|t| t.0.into_owned());
        Some(UnmatchedCapture {
            id: payload.id()?,
            prompt: text(payload.prompt())?,
            model: text(payload.model()).unwrap_or_default(),
            at: entry.received_at().unwrap_or("unknown time").to_owned(),
        })
    };
    let mut seen = Vec::new();
    webhook::replay(
        &paths,
        std::io::empty(),
        &keys,
        |entry: &[VerifiedEntry<'_>]| entry.iter().filter_map(observed).collect::<Vec<_>>(),
        |found| {
            let nobodys = |id: &GenerationId| writer.owner_of(id).is_none();
            seen.extend(found.into_iter().filter(|found| nobodys(&found.id)));
            Ok(())
        },
    )?;
    Ok(seen)
}
