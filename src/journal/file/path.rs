//! Which file a log's name means.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::super::address::redacted;
use super::super::fault::DatabaseError;
use super::super::location::Location;
use super::error::LogError;
use crate::disk;

/// The job log's name where no one names another.
pub const LOG_NAME: &str = "jobs.jsonl";
/// The same for the log of a rehearsal.
pub const SANDBOX_LOG_NAME: &str = "sandbox-jobs.jsonl";

/// Resolves links once. What exists must be a regular file; what does not will be made, unless a link
/// leads to it: then a log was there, or was meant to be.
pub fn resolve(path: &Path) -> Result<PathBuf, LogError> {
    if Location::is_address(path) {
        // File operations do not apply to an address.
        return Err(LogError::Database(DatabaseError::config(
            format!(
                "{} is an address, and this works on files only",
                redacted(&path.to_string_lossy())
            ),
            "name a file; nothing was sent",
        )));
    }
    let resolved = match disk::canonicalize(path) {
        Ok(resolved) => resolved,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return resolve_absent(path),
        Err(error) => return Err(LogError::io("open the job log", path, error)),
    };
    let meta = fs::metadata(&resolved)
        .map_err(|error| LogError::io("open the job log", &resolved, error))?;
    if meta.is_file() {
        Ok(resolved)
    } else {
        Err(LogError::NotRegular(resolved))
    }
}

/// A file to be made.
fn resolve_absent(path: &Path) -> Result<PathBuf, LogError> {
    if let Ok(target) = fs::read_link(path) {
        return Err(LogError::Dangling {
            link: path.to_owned(),
            target: path.parent().unwrap_or(Path::new("")).join(target),
        });
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| LogError::NotRegular(path.to_owned()))?;
    let folder = disk::canonicalize(folder)
        .map_err(|error| LogError::io("open the folder of the job log,", folder, error))?;
    // macOS up to 13 puts this in place of a file that it has not downloaded.
    let placeholder = folder.join(format!(".{}.icloud", name.to_string_lossy()));
    if placeholder.exists() {
        return Err(LogError::InICloud(folder.join(name)));
    }
    Ok(folder.join(name))
}

/// Bytes of a file that are looked at to see what it is.
const LOOKED_AT: u64 = 1 << 20;

/// Whether a file without a single whole line may be a log all the same: each of its lines is the
/// beginning of one, as a crash leaves it.
pub fn may_be_torn(path: &Path) -> bool {
    let mut text = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut text));
    let is_begun = |line: &[u8]| {
        let whole = serde_json::from_slice::<IgnoredAny>(line);
        line.starts_with(b"{") && whole.is_err_and(|error| error.is_eof())
    };
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    read.is_ok() && lines.filter(|line| !line.is_empty()).all(is_begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_beginnings_of_lines_may_be_a_torn_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for (text, is_torn) in [
            ("", true),
            ("{", true),
            ("{\"at\":\"2026-03-12T09:20:00.4", true),
            ("{\"at\":\"2026\n{\"at\":\"2026-03\r\n", true),
            ("{\n  \"name\": \"package\"\n}\n", false),
            ("{}", false),
            ("model = \"kling-v3\"\n", false),
            ("rph_live_0123456789abcdef\n", false),
            ("\u{89}PNG\r\n", false),
            ("sku,image_url\n{", false),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(may_be_torn(&path), is_torn, "{text:?}");
        }
    }

    #[test]
    fn a_folder_is_no_log() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(resolve(dir.path()), Err(LogError::NotRegular(_))));
    }

    #[test]
    fn a_file_that_is_not_there_yet_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = resolve(&dir.path().join("jobs.jsonl")).unwrap();
        assert_eq!(
            path,
            disk::canonicalize(dir.path()).unwrap().join("jobs.jsonl")
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = resolve(&dir.path().join("no/jobs.jsonl")).unwrap_err();
        assert!(matches!(error, LogError::Io { .. }), "{error}");
    }

    // Windows lets only administrators make links.
    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_to_a_file_and_refused_where_none_is() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link.jsonl");
        std::os::unix::fs::symlink("real.jsonl", &link).unwrap();
        let error = resolve(&link).unwrap_err();
        assert!(
            matches!(&error, LogError::Dangling { target, .. } if target.ends_with("real.jsonl")),
            "{error}"
        );
        fs::write(dir.path().join("real.jsonl"), "").unwrap();
        assert_eq!(resolve(&link).unwrap().file_name().unwrap(), "real.jsonl");
    }
}
