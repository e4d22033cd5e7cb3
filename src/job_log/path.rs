//! Which file a log's name means.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::LogError;
use crate::disk;

/// Resolves links once. What exists must be a regular file; what does not will be made.
pub fn resolve(path: &Path) -> Result<PathBuf, LogError> {
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

/// A file to be made, perhaps through a link that leads nowhere yet.
fn resolve_absent(path: &Path) -> Result<PathBuf, LogError> {
    let path = match fs::read_link(path) {
        Ok(target) => path.parent().unwrap_or(Path::new("")).join(target),
        Err(_) => path.to_owned(),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| LogError::NotRegular(path.clone()))?;
    let folder = disk::canonicalize(folder)
        .map_err(|error| LogError::io("open the folder of the job log,", folder, error))?;
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_once_even_to_a_file_that_is_not_there_yet() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("real.jsonl", dir.path().join("link.jsonl")).unwrap();
        let path = resolve(&dir.path().join("link.jsonl")).unwrap();
        assert_eq!(path.file_name().unwrap(), "real.jsonl");
    }
}
