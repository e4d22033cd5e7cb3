//! Rewriting a log to one line a job.
//!
//! A compacted line holds the job as people read it and, in `history`, every line it stands for,
//! verbatim. The fold reads only those, so the folded state cannot change.

use std::fs;
use std::io::{BufWriter, Write};

use serde_json::Value;

use super::{HeldLog, JobLog, LogError};
use crate::disk::{Readers, Replacement};
use crate::jobs::{JobView, Ledger, Line};

/// What compacting did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Jobs, and so lines, in the new file.
    pub jobs: u64,
    /// Lines in the old file.
    pub lines_before: u64,
    /// Bytes of the old file.
    pub bytes_before: u64,
    /// Bytes of the new file.
    pub bytes_after: u64,
    /// Torn lines, which are left out.
    pub unreadable: u64,
}

/// Rewrites the log, atomically. `ledger` is empty and keeps places.
pub fn compact(held: HeldLog, ledger: Ledger) -> Result<Compacted, LogError> {
    let path = &held.path().to_owned();
    let fail = |doing| move |error| LogError::io(doing, path, error);
    let log = JobLog::read(path, ledger)?;
    let mut done = Compacted {
        lines_before: log.ledger().lines() + log.ledger().unreadable(),
        bytes_before: fs::metadata(path).map_err(fail("read the job log"))?.len(),
        ..Compacted::default()
    };
    done.unreadable = log.ledger().unreadable();
    if !log.damage().is_empty() {
        return Err(LogError::Damaged(path.to_owned()));
    }
    let new = Replacement::of(path, Readers::User);
    let mut new = new.map_err(fail("rewrite the job log"))?;
    {
        let mut out = BufWriter::new(&mut new);
        for view in log.views() {
            let line = compacted_line(&view?);
            writeln!(out, "{line}").map_err(fail("rewrite the job log"))?;
            done.jobs += 1;
            done.bytes_after += line.len() as u64 + 1;
        }
        out.flush().map_err(fail("rewrite the job log"))?;
    }
    drop(log);
    held.replace(new).map_err(fail("replace the job log"))?;
    Ok(done)
}

/// The one line that stands for a job.
fn compacted_line(view: &JobView) -> String {
    if let [only] = view.evidence.as_slice() {
        return only.to_string();
    }
    let mut line = view.to_json();
    let newest = view
        .evidence
        .iter()
        .filter_map(|raw| Line::parse(raw).ok())
        .map(|l| l.at)
        .max();
    let at = newest.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    if let Value::Object(fields) = &mut line {
        // The requests stand in the history; facts that are objects here would not be read back.
        for name in [
            "request",
            "attempts",
            "downloaded",
            "published",
            "resolved",
            "history",
        ] {
            fields.shift_remove(name);
        }
        if let Some(at) = at {
            fields.shift_insert(0, "at".to_owned(), format!("{at:.3}").into());
        }
    }
    let mut text = line.to_string();
    text.pop();
    text.push_str(",\"history\":[");
    for (i, raw) in view.evidence.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push_str(raw);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::jobs::Rates;

    fn ledger() -> Ledger {
        Ledger::new(Rates::default()).with_places()
    }

    fn states(path: &Path) -> Vec<Value> {
        let log = JobLog::read(path, ledger()).unwrap();
        let mut all: Vec<Value> = log.views().map(|v| v.unwrap().to_json()).collect();
        all.sort_by_key(|v| v["job"].to_string());
        all
    }

    fn compact(path: &Path, ledger: Ledger) -> Result<Compacted, LogError> {
        super::compact(HeldLog::open(path, "compact", Duration::ZERO)?, ledger)
    }

    const LOG: &str = concat!(
        r#"{"at":"2026-03-12T09:20:00.412Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"LST-1","room":"bath","line":3,"request":{"model":"kling-v3","prompt":"p","image_url":"https://x/a.jpg","duration":"5s"}}"#,
        "\n",
        r#"{"at":"2026-03-12T09:20:01.412Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"failed","listing_id":"LST-1","generation_id":"vgen_1","error":"no"}"#,
        "\n{\"torn\n",
        r#"{"at":"2026-03-12T09:21:00.412Z","job":"5b1f0c9a77d2e318","attempt":2,"status":"completed","listing_id":"LST-1","generation_id":"vgen_2","credits":5}"#,
        "\n",
        r#"{"listing_id":"LST-2","generation_id":"vgen_9","status":"pending","submitted_at":"2026-03-12T09:20:01Z"}"#,
        "\n",
    );

    #[test]
    fn the_folded_state_is_the_same_after_and_after_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        fs::write(&path, LOG).unwrap();
        let before = states(&path);
        let done = compact(&path, ledger()).unwrap();
        assert_eq!((done.jobs, done.lines_before, done.unreadable), (2, 5, 1));
        assert_eq!(states(&path), before);
        let once = fs::read_to_string(&path).unwrap();
        assert_eq!(once.lines().count(), 2);
        compact(&path, ledger()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), once);
    }

    #[test]
    fn space_around_a_line_does_not_decide_which_of_two_verdicts_speaks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        let verdict = |word: &str| {
            format!(
                r#"{{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","status":"resolved","verdict":"{word}"}}"#
            )
        };
        let text = format!("  {}\r\n{}\n", verdict("dismissed"), verdict("accepted"));
        fs::write(&path, text).unwrap();
        let before = states(&path);
        assert_eq!(before[0]["dismissed"], true);
        compact(&path, ledger()).unwrap();
        assert_eq!(states(&path), before);
    }
}
