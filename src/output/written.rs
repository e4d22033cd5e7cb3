//! What is reported of pages, and of the files of `init`, that were written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::commands::Commands;
use super::printer::Printer;
use super::report::PublicClip;
use super::words;
use crate::disk;
use crate::text::escape;
use crate::vendor::{ApiKey, KEY_PREFIX};

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
            "{} without a link to the original photo, which is on this computer or has a signed \
             address that only the vendor may use; set originals in [public] of the settings to \
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

/// What became of a file.
pub enum FileOutcome {
    /// It is new.
    Written(PathBuf),
    /// There already, and left alone.
    Kept(PathBuf),
    /// There was nothing to write.
    None,
}

impl FileOutcome {
    /// For programs.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Written(path) => json!({ "file": path.display().to_string(), "written": true }),
            Self::Kept(path) => json!({ "file": path.display().to_string(), "written": false }),
            Self::None => Value::Null,
        }
    }
}

/// Reports that a key was written, in place of `old`.
pub fn report_key(
    path: &Path,
    key: &ApiKey,
    old: Option<&ApiKey>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let ending = |key: &ApiKey| key.ending().map(|ending| format!(" that ends in {ending}"));
    let new = ending(key).unwrap_or_default();
    write!(out, "Wrote the API key{new} into {}", shown(path))?;
    if let Some(old) = old {
        let old = ending(old).unwrap_or_default();
        write!(out, ", in place of the one{old}")?;
    }
    writeln!(out, "; {}", readers_of(path))?;
    if !key.is_usual() {
        writeln!(
            out,
            "It does not begin with {KEY_PREFIX}, as the vendor's keys do."
        )?;
    }
    if old.is_some() {
        writeln!(
            out,
            "Webhooks about earlier orders may be signed with the old key: set \
             CREATIVEAI_VERIFY_KEYS to it until they have arrived."
        )?;
    }
    writeln!(out, "The first order will test it. Next: creativeai check")
}

/// Reports what became of both files. `key_is_elsewhere` where the settings have to name the key's.
pub fn report(
    settings: &FileOutcome,
    key: &FileOutcome,
    key_is_elsewhere: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    match settings {
        FileOutcome::Written(path) => {
            writeln!(out, "Wrote {}: every setting, commented out.", shown(path))?;
        }
        FileOutcome::Kept(path) => {
            let next = if key_is_elsewhere {
                "; name the key file in it as api_key_file"
            } else {
                ""
            };
            writeln!(out, "{} already exists and was kept{next}.", shown(path))?;
        }
        FileOutcome::None => {}
    }
    match key {
        FileOutcome::Written(path) => {
            let readers = readers_of(path);
            writeln!(out, "Wrote the API key into {}; {readers}", shown(path))?;
        }
        FileOutcome::Kept(path) => {
            let path = shown(path);
            writeln!(out, "The key file {path} already exists and was kept.")?;
        }
        FileOutcome::None => writeln!(
            out,
            "No API key yet: set CREATIVEAI_API_KEY, or run `creativeai init` again on a \
             terminal, or `creativeai init --key-stdin < FILE`."
        )?,
    }
    writeln!(out, "Next: creativeai check")
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string()).into_owned()
}

/// Who can read the key file, and what to do about it.
fn readers_of(path: &Path) -> String {
    match disk::other_readers(path) {
        Ok(others) if others.is_empty() => "only you can read it.".to_owned(),
        Ok(others) => {
            let others = escape(&others.join(", ")).into_owned();
            let shown = shown(path);
            let user = std::env::var("USERNAME").unwrap_or_else(|_| "NAME".to_owned());
            let advice = if cfg!(windows) {
                format!("icacls \"{shown}\" /inheritance:r /grant:r \"{user}:F\"")
            } else {
                format!("chmod 600 {shown}")
            };
            format!("others can read it, too: {others}. To keep it to yourself: {advice}")
        }
        Err(error) => format!("could not find out who else can read it: {error}."),
    }
}
