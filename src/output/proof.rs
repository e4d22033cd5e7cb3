//! What is reported of clips that were compared with what was downloaded.

use std::path::Path;

use serde_json::{Value, json};

use super::{commands::Commands, printer::Printer, words};
use crate::disk::path_from_here;
use crate::engine::delivery::proof::{Flaw, FlawedClip, Proof};
use crate::text::escape;

/// Warns of each clip that is not whole; `is_copy` says that a copy was looked at.
pub fn warn(proof: &Proof, is_copy: bool, commands: &Commands, printer: &Printer) {
    let is_wrong = |flawed: &&FlawedClip| !matches!(flawed.flaw, Flaw::Elsewhere(_));
    for flawed in proof.flawed.iter().filter(is_wrong) {
        let (problem, _) = words_for(flawed, is_copy);
        printer.warn(format_args!(
            "{} (job {}): {}",
            escape(&flawed.item),
            flawed.job,
            escape(&commands.repeat_in(&problem))
        ));
    }
}

/// The result for programs.
pub fn to_json(proof: &Proof, is_copy: bool, commands: &Commands, exit_code: u8) -> Value {
    let problems = proof.flawed.iter().map(|flawed| {
        let (_, next) = words_for(flawed, is_copy);
        json!({
            "job": flawed.job.to_string(),
            "id": flawed.item,
            "file": flawed.file.as_ref().map(|file| file.to_string_lossy()),
            "problem": flawed.flaw.name(),
            "next": commands.repeat_in(&next),
        })
    });
    json!({
        "command": "download",
        "check": true,
        "whole": proof.whole,
        "bytes": proof.bytes,
        "problems": problems.collect::<Value>(),
        "exit_code": exit_code,
    })
}

/// The result for people.
pub fn sentence(proof: &Proof) -> String {
    let mut parts = vec![format!(
        "{} whole",
        words::count(proof.whole as u64, "clip")
    )];
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
            parts.push(format!("{count} {what}"));
        }
    }
    if proof.bytes > 0 {
        parts.push(words::bytes(proof.bytes));
    }
    format!("download --check: {}", parts.join("; "))
}

/// What is wrong, in words that end with the next step; and the next step alone.
fn words_for(flawed: &FlawedClip, is_copy: bool) -> (String, String) {
    let file = flawed.file.as_deref().unwrap_or(Path::new(""));
    let file = path_from_here(file).display();
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
            format!(
                "{file} differs from the clip that was downloaded; a clip that you trimmed is kept and published as it is"
            ),
            format!("for the vendor's clip, move it away and {again}"),
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
