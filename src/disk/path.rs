//! Resolved paths, as people and other programs write them.

use std::io;
use std::path::{Path, PathBuf};

/// The absolute path with all links resolved. Windows itself puts `\\?\` in front, which most
/// programs cannot read; that is left out wherever the rest means the same file.
pub fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let resolved = std::fs::canonicalize(path)?;
    let plain = resolved.to_str().filter(|_| cfg!(windows)).and_then(plain);
    Ok(plain.map_or(resolved, PathBuf::from))
}

/// A verbatim path of Windows without its prefix: of a drive, or of a share. `None` for anything
/// else, and where the plain form would mean another file. Its length is not an obstacle: the standard
/// library puts the prefix back where Windows needs it.
fn plain(verbatim: &str) -> Option<String> {
    let rest = verbatim.strip_prefix(r"\\?\")?;
    let (prefix, names) = match rest.strip_prefix(r"UNC\") {
        Some(share) => (r"\\", share),
        None => match rest.as_bytes() {
            [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic() => rest.split_at(3),
            _ => return None,
        },
    };
    let mut each = names.trim_end_matches('\\').split('\\');
    let is_root = names.is_empty();
    (is_root || each.all(is_ordinary)).then(|| format!("{prefix}{names}"))
}

/// Whether Windows takes a name as it stands, rather than for a device or without its end.
fn is_ordinary(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is_numbered = |device: &str| {
        let end = stem.get(device.len()..).unwrap_or_default();
        stem.get(..device.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(device))
            && matches!(
                end,
                "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
            )
    };
    let is_device = ["con", "prn", "aux", "nul", "conin$", "conout$"]
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device))
        || is_numbered("com")
        || is_numbered("lpt");
    !is_device
        && !name.is_empty()
        && !name.ends_with(['.', ' '])
        && !name.contains(|c: char| c.is_control() || r#"<>:"/|?*"#.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verbatim_path_is_made_plain_where_that_means_the_same_file() {
        let long = "long-name\\".repeat(40);
        for (verbatim, expected) in [
            (r"\\?\C:\clips\jobs.jsonl", Some(r"C:\clips\jobs.jsonl")),
            (r"\\?\d:\", Some(r"d:\")),
            (r"\\?\C:\Ü b\café.mp4", Some(r"C:\Ü b\café.mp4")),
            (
                r"\\?\C:\contact\nullable.txt",
                Some(r"C:\contact\nullable.txt"),
            ),
            (r"\\?\UNC\nas\clips\june", Some(r"\\nas\clips\june")),
            (r"\\?\UNC\nas\clips\", Some(r"\\nas\clips\")),
            // These mean something else without the prefix.
            (r"\\?\C:\clips\con", None),
            (r"\\?\C:\clips\Nul.txt", None),
            (r"\\?\C:\clips\aux .txt", None),
            (r"\\?\C:\com1\a", None),
            (r"\\?\C:\lpt¹", None),
            (r"\\?\C:\ends with a dot.", None),
            (r"\\?\C:\ends with a space ", None),
            (r"\\?\C:\a\\b", None),
            (r"\\?\UNC\nas\clips\prn", None),
            // No drive and no share.
            (r"\\?\Volume{b75e2c83-0000-0000-0000-602f00000000}\a", None),
            (r"\\?\GLOBALROOT\Device", None),
            (r"C:\clips", None),
            (r"\\nas\clips", None),
            ("/home/clips", None),
            ("", None),
        ] {
            assert_eq!(plain(verbatim).as_deref(), expected, "{verbatim}");
        }
        let verbatim = format!(r"\\?\C:\{long}a");
        assert_eq!(plain(&verbatim), Some(format!(r"C:\{long}a")));
    }

    #[test]
    fn a_resolved_path_can_be_shown_and_used() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "x").unwrap();
        let path = canonicalize(&dir.path().join(".").join("a")).unwrap();
        assert!(path.is_absolute());
        assert!(!path.to_str().unwrap().starts_with(r"\\?\"), "{path:?}");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "x");
    }
}
