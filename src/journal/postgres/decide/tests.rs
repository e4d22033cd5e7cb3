//! What is let through, and what is left for the next run.

use super::*;
use crate::jobs::{Clip, Lines, Rates, Seconds, Video};

#[path = "../../../../tests/it/submit/renamings.rs"]
mod renamings;

const NEW: &str = "aaaa000000000001";
const OTHER: &str = "bbbb000000000002";

fn line(job: &str, status: &str, id: &str, more: &str) -> String {
    format!(
        "{{\"at\":\"2026-03-12T09:00:00.000Z\",\"job\":\"{job}\",\"attempt\":1,\
         \"status\":\"{status}\",\"listing_id\":\"{id}\"{more}}}"
    )
}

fn order(job: &str, id: &str, photo: &str) -> String {
    let request = format!(
        ",\"request\":{{\"model\":\"kling-v3\",\"prompt\":\"pan\",\
         \"image_url\":\"https://c.example/{photo}.jpg\",\"duration\":5}}"
    );
    line(job, "submitting", id, &request)
}

fn ledger(lines: &[String]) -> Ledger {
    let mut ledger = Ledger::new(Rates::default());
    for line in lines {
        ledger.absorb(line, 0);
    }
    ledger
}

/// Whether attempt `number` of the clip `L1` is let through after others have written `theirs`.
fn is_let_through(known: &[String], theirs: &[String], number: u32) -> bool {
    let ledger = ledger(known);
    let mut others = ForeignLines::default();
    let rows = HashSet::from([JobKey::parse(NEW).unwrap()]);
    for line in theirs {
        others.note(line, &rows, &ledger);
    }
    others.sort();
    let what = Announcement {
        job: JobKey::parse(NEW).unwrap(),
        number,
        resend: false,
        sandbox: false,
        more: Credits::ZERO,
        replaces: Vec::new(),
        lines: Lines::verbatim(&order(NEW, "L1", "a")),
    };
    let (mut claims, claimed) = (Claims::default(), ClaimHolder::default());
    let refused = claims.announce(&what, &claimed, "run", &others, &ledger, (None, &[]));
    assert!(matches!(refused, None | Some(AnnounceRefusal::Later(_))));
    refused.is_none()
}

#[test]
fn what_was_never_ordered_is_left_once_another_computer_has_renamed_anything() {
    let known = [order(OTHER, "L9", "z")];
    let renamed = [line(OTHER, "renamed", "L1", ",\"by\":\"ann\"")];
    let progress = [line(OTHER, "processing", "L9", "")];
    assert!(is_let_through(&known, &progress, 1));
    assert!(!is_let_through(&known, &renamed, 1));
    let compacted = format!(
        ",\"history\":[{},{}]",
        order(OTHER, "L9", "z"),
        line(OTHER, "renamed", "L8", "")
    );
    assert!(!is_let_through(
        &[],
        &[line(OTHER, "renamed", "L8", &compacted)],
        1
    ));
    // One that was refused was never ordered; one that has failed was.
    let refused = [order(NEW, "L1", "a"), line(NEW, "submit_failed", "L1", "")];
    assert!(is_let_through(&refused, &progress, 2));
    assert!(!is_let_through(&refused, &renamed, 2));
    let failed = [order(NEW, "L1", "a"), line(NEW, "failed", "L1", "")];
    assert!(is_let_through(&failed, &renamed, 2));
}

#[test]
fn what_others_have_ordered_is_recognized_however_little_their_lines_say() {
    for theirs in [
        order(OTHER, "L7", "a"),
        // A job whose order was damaged, one of a newer version, one of a sample script.
        line(OTHER, "unknown", "L1", ",\"error\":\"damaged\""),
        line(OTHER, "paused", "L1", ""),
        "{\"listing_id\":\"L1\",\"generation_id\":\"vgen_1\",\"status\":\"pending\"}".to_owned(),
        "{\"at\":".to_owned(),
    ] {
        assert!(
            !is_let_through(&[], std::slice::from_ref(&theirs), 1),
            "{theirs}"
        );
    }
    // A listing may have many clips: what is said of a known one says nothing of the others.
    for theirs in [order(OTHER, "L1", "z"), line(OTHER, "unknown", "L9", "")] {
        assert!(
            is_let_through(&[], std::slice::from_ref(&theirs), 1),
            "{theirs}"
        );
    }
    let both = [
        order(OTHER, "L1", "z"),
        line(OTHER, "completed", "L1", ",\"generation_id\":\"vgen_1\""),
    ];
    assert!(is_let_through(&[], &both, 1));
    assert!(is_let_through(&both[..1], &both[1..], 1));
}

/// The marks of a row of the table.
fn marks((id, cell, prompt): renamings::Row) -> Marks {
    let (name, photo) = match cell
        .strip_suffix(')')
        .and_then(|cell| cell.split_once(" ("))
    {
        Some((name, photo)) => (Some(name), photo),
        None => (None, cell),
    };
    let clip = Clip::Video(Video {
        image_url: photo.to_owned(),
        prompt: prompt.to_owned(),
        model: "kling-v3".to_owned(),
        duration: Seconds::SHORTEST,
        aspect_ratio: "16:9".to_owned(),
    });
    Marks::of(id, &clip, "", PhotoNotes { name, file: None })
}

/// What one computer takes for the row of a job, or holds, another one does not send meanwhile.
#[test]
fn what_a_later_run_would_not_send_is_not_sent_beside_it_either() {
    use renamings::{Outcome, RENAMINGS};
    for renaming in RENAMINGS {
        let mut others = ForeignLines::default();
        for row in renaming.before {
            others
                .foreign
                .add(others.count, &marks(*row), &MarkFilter::everything());
            others.count += 1;
        }
        others.sort();
        let is_new = |row: &&renamings::Row| !renaming.before.contains(*row);
        let is_alike = |row: &renamings::Row| others.foreign.has_like(&marks(*row));
        let is_sent = matches!(renaming.outcome, Outcome::Sent(_));
        let mut rows = renaming.after.iter().filter(is_new);
        assert!(is_sent || rows.all(is_alike), "{}", renaming.name);
    }
}
