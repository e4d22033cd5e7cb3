//! What is reported of pages that were written.

use std::path::Path;

use serde_json::{Value, json};

use super::report::PublicClip;
use super::{commands::Commands, printer::Printer, words};
use crate::text::escape;

/// Warns of clips that a bundle does not have.
pub fn warn_of_links(clips: u64, commands: &Commands, printer: &Printer) {
    printer.warn(format_args!(
        "{} on this computer, so the bundle links to the vendor; `{}` fetches {}",
        words::counted(clips, "clip is not", "clips are not"),
        commands.on_log("download", ""),
        words::choose(clips, "it", "them"),
    ));
}

/// A report for programs; `files` are those beside it.
pub fn to_json(page: &Path, jobs: u64, files: Option<u64>) -> Value {
    json!({
        "command": "report",
        "file": page.to_string_lossy(),
        "jobs": jobs,
        "files": files,
        "exit_code": 0,
    })
}

/// A report for people.
pub fn sentence(page: &Path, jobs: u64, files: Option<u64>, is_shown: bool) -> String {
    let what = match files {
        None if is_shown => String::new(),
        None => "; open it in a browser".to_owned(),
        Some(files) => format!(", with {}", words::count(files, "file")),
    };
    let page = page.display().to_string();
    format!(
        "report: {} in {}{what}",
        words::count(jobs, "clip"),
        escape(&page)
    )
}

/// Warns of clips and photos that a page for those who buy cannot show for long.
pub fn warn_of_public(clips: &[PublicClip], commands: &Commands, printer: &Printer) {
    let away = clips.iter().filter(|clip| !clip.is_here()).count() as u64;
    if away > 0 {
        printer.warn(format_args!(
            "{} shown by the vendor's link, which expires; `{}` fetches what is missing",
            words::count(away, "clip"),
            commands.on_log("download", "")
        ));
    }
    let hidden = clips.iter().filter(|clip| !clip.has_original()).count() as u64;
    if hidden > 0 {
        printer.warn(format_args!(
            "{} without a way to the original photo, which is on this computer or has a signed \
             address that is for the vendor alone; set originals in [public] of the settings to \
             where these are online",
            words::count(hidden, "clip")
        ));
    }
}

/// A page for those who buy, for programs; `proof` is the file beside it.
pub fn public_to_json(page: &Path, clips: u64, proof: Option<&Path>) -> Value {
    json!({
        "command": "report",
        "file": page.to_string_lossy(),
        "proof": proof.map(Path::to_string_lossy),
        "jobs": clips,
        "exit_code": 0,
    })
}

/// A page for those who buy, for people.
pub fn public_sentence(page: &Path, clips: u64) -> String {
    let page = page.display().to_string();
    format!(
        "public page: {} in {}; have a lawyer read its statement",
        words::count(clips, "clip"),
        escape(&page)
    )
}
