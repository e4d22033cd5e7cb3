//! Files that commands write over or add to: never one that holds something else, whatever name or
//! link leads to it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::exit::Failure;
use crate::journal::{self, CompanionFile};

/// Bytes of a file that are looked at to see what it is.
const LOOKED_AT: u64 = 4096;

/// A kind of file that commands make.
pub struct OutputFormat {
    /// As in "it holds something else than ...".
    what: &'static str,
    /// Whether a file that begins so is one.
    begins: fn(&[u8]) -> bool,
}

/// What `report` makes.
pub const PAGE: OutputFormat = OutputFormat {
    what: "a web page",
    begins: |start| {
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let start = start.trim_ascii_start().to_ascii_lowercase();
        start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
    },
};

/// What `report --bundle` makes.
pub const ARCHIVE: OutputFormat = OutputFormat {
    what: "a zip archive",
    begins: |start| start.starts_with(b"PK"),
};

/// What `report --public` writes beside its page.
pub const PROOF: OutputFormat = OutputFormat {
    what: "checksums and times of a public page",
    begins: |start| {
        let start = start.trim_ascii_start();
        start.starts_with(b"{") && start.windows(11).any(|part| part == b"\"statement\"")
    },
};

/// What `man --dir` makes.
pub const MANUAL: OutputFormat = OutputFormat {
    what: "a manual page",
    begins: |start| start.windows(4).any(|window| window == b".TH "),
};

/// What `listen` adds to.
pub const CAPTURES: OutputFormat = OutputFormat {
    what: "captures",
    begins: |start| {
        const ENVELOPE: &[u8] = b"{\"v\":";
        let start = start.trim_ascii_start();
        // A crash may have left no more than its beginning.
        start.starts_with(ENVELOPE) || ENVELOPE.starts_with(start)
    },
};

/// What `listen --forward` notes beside its captures.
pub const FORWARDED: OutputFormat = OutputFormat {
    what: "notes of what was forwarded",
    begins: |start| {
        let line = start
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        line.len() <= 32 && line.iter().all(u8::is_ascii_hexdigit)
    },
};

impl OutputFormat {
    /// Refuses `path` if a file is there that holds something else, or if it is the log or one of
    /// the files beside it.
    pub fn check(&self, path: &Path, log: Option<&Path>) -> Result<(), Failure> {
        let shown = path.display();
        let refused = |why: String| {
            Err(Failure::config(why).help("name another file; this one was left as it was"))
        };
        if log.is_some_and(|log| is_of_log(path, log)) {
            return refused(format!("{shown} belongs to the job log"));
        }
        match fs::metadata(path) {
            // It is made, or what opens it says what is wrong.
            Err(_) => return Ok(()),
            Ok(meta) if !meta.is_file() => {
                return refused(format!("{shown} is not a regular file"));
            }
            Ok(_) => {}
        }
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut start));
        match read {
            Ok(_) if start.is_empty() || (self.begins)(&start) => Ok(()),
            Ok(_) => refused(format!("{shown} holds something else than {}", self.what)),
            Err(error) => Err(Failure::io(format!("cannot read {shown}"))
                .because(error)
                .help("name another file; this one was left as it was")),
        }
    }
}

/// Refuses a folder for clips that is a file, or that has the name of the log or of a file beside it.
/// Clips in a folder take only names that are free.
pub fn check_folder(dir: &Path, log: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    let why = if is_of_log(dir, log) {
        format!("{shown} belongs to the job log")
    } else if fs::metadata(dir).is_ok_and(|meta| !meta.is_dir()) {
        format!("{shown} is a file, not a folder")
    } else {
        return Ok(());
    };
    Err(Failure::config(why).help("choose another folder with --dir; nothing there was changed"))
}

/// Whether `path` leads to the log or to a file beside it, there or not.
fn is_of_log(path: &Path, log: &Path) -> bool {
    let Ok(log) = journal::resolve(log) else {
        return false;
    };
    let beside = CompanionFile::ALL.map(|file| file.of(&log));
    beside.into_iter().chain([log]).any(|own| {
        same_file::is_same_file(path, &own).unwrap_or(false)
            || journal::resolve(path).is_ok_and(|path| path == own)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_its_kind_is_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let page = "<!DOCTYPE html>\n<title>Clips</title>";
        let manual = ".ie \\n(.g .ds Aq\n.TH creativeai 1";
        let capture = "{\"v\":1,\"headers\":{},\"body\":\"{}\"}\n";
        let log = "{\"at\":\"2026-03-12T09:20:00Z\",\"job\":\"5b1f0c9a77d2e318\"}\n";
        let all = [
            (page, [true, false, false]),
            (manual, [false, true, false]),
            (capture, [false, false, true]),
            ("{\"v", [false, false, true]),
            ("", [true; 3]),
            (log, [false; 3]),
            ("rph_live_0123456789abcdef\n", [false; 3]),
            ("sku,image_url\n", [false; 3]),
            ("model = \"kling-v3\"\n", [false; 3]),
        ];
        for (text, may_be) in all {
            fs::write(&path, text).unwrap();
            let checked = [PAGE, MANUAL, CAPTURES].map(|kind| kind.check(&path, None).is_ok());
            assert_eq!(checked, may_be, "{text}");
        }
        assert!(PAGE.check(dir.path(), None).is_err(), "a folder");
        PAGE.check(&dir.path().join("new"), None).unwrap();
    }

    #[test]
    fn an_empty_log_and_what_is_beside_it_are_refused_under_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("jobs.jsonl");
        let refused = |path: &Path| PAGE.check(path, Some(&log)).is_err();
        // Not there yet.
        assert!(refused(&log));
        assert!(refused(&dir.path().join("./jobs.jsonl.lock")));
        fs::write(&log, "").unwrap();
        let linked = dir.path().join("page.html");
        fs::hard_link(&log, &linked).unwrap();
        assert!(refused(&linked));
        assert!(refused(&dir.path().join("jobs.jsonl.recover")));
        for file in CompanionFile::ALL {
            let name = file.of(&log);
            assert!(refused(&name), "{}", name.display());
        }
        assert!(!refused(&dir.path().join("report.html")));
    }

    #[test]
    fn clips_go_into_no_file_and_take_no_name_of_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("jobs.jsonl");
        fs::write(&log, "").unwrap();
        fs::write(dir.path().join("key"), "rph_live_0123456789abcdef\n").unwrap();
        for (name, may_be) in [
            ("jobs.jsonl", false),
            ("jobs.jsonl.lock", false),
            ("jobs.jsonl.recover", false),
            ("jobs.jsonl.paused", false),
            ("key", false),
            ("videos", true),
            (".", true),
        ] {
            let checked = check_folder(&dir.path().join(name), &log);
            assert_eq!(checked.is_ok(), may_be, "{name}");
        }
    }
}
