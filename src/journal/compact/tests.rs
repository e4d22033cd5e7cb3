//! Compacted logs: smaller, and nothing in them is less known than before.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::jobs::{Ledger, Rates};

const KEYS: [&str; 3] = ["5b1f0c9a77d2e318", "00000000000000aa", "00000000000000bb"];

fn read(path: &Path) -> JobLog {
    JobLog::read(path, Ledger::new(Rates::default()).with_places()).unwrap()
}

fn run(path: &Path, how: &CompactOptions<'_>) -> CompactSummary {
    attempt(path, how).unwrap()
}

fn attempt(path: &Path, how: &CompactOptions<'_>) -> Result<CompactSummary, LogError> {
    // A process that another test starts has the lock as well until it is its own program.
    let held = HeldLog::open(path, "compact", Duration::from_secs(10))?;
    compact(held, read(path), how)
}

/// Writes the log anew, without what is remembered of the old one.
fn write(path: &Path, text: impl AsRef<[u8]>) {
    let _ = fs::remove_file(CompanionFile::Lock.of(path));
    fs::write(path, text).unwrap();
}

/// How many files there are beside the lock.
fn files(dir: &Path) -> usize {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|file| !file.ends_with("jobs.jsonl.lock"))
        .count()
}

/// What people see of each job, and what a new attempt would send.
fn described(path: &Path) -> Vec<String> {
    let log = read(path);
    let mut described: Vec<String> = log
        .views()
        .map(|view| {
            let view = view.unwrap();
            let requests = view.attempts.values().map(|a| a.request.as_ref());
            let requests: Vec<_> = requests.map(|r| r.map(|r| r.get().to_owned())).collect();
            format!("{} {:?} {requests:?}", view.to_json(), view.state.bar())
        })
        .collect();
    described.sort();
    described
}

/// A log in a folder of its own.
fn log_of(text: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.jsonl");
    write(&path, text);
    (dir, path)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "written in place by each caller"
)]
fn line(n: u32, status: &str, more: Value) -> String {
    let mut line = json!({
        "at": format!("2026-03-12T09:20:{n:02}.000Z"),
        "job": KEYS[0],
        "attempt": 1,
        "status": status,
        "listing_id": "LST-1",
    });
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line.to_string()
}

/// The life of a job that was watched closely.
fn life() -> Vec<String> {
    let request = json!({"room": "bath", "line": 3, "request": {"model": "m", "prompt": "p"}});
    let id = |more: Value| {
        let mut fields = json!({"generation_id": "vgen_1"});
        for (name, value) in more.as_object().unwrap() {
            fields[name] = value.clone();
        }
        fields
    };
    vec![
        line(1, "submitting", request),
        line(
            2,
            "pending",
            id(json!({"submitted_at": "2026-03-12T09:20:02Z"})),
        ),
        line(
            3,
            "processing",
            id(json!({"phase": "queued", "progress": 0})),
        ),
        line(
            4,
            "processing",
            id(json!({"phase": "rendering", "progress": 40})),
        ),
        line(
            5,
            "processing",
            id(json!({"phase": "rendering", "progress": 90})),
        ),
        line(
            6,
            "completed",
            id(json!({"output_url": "https://x/1.mp4", "credits": 5, "via": "poll"})),
        ),
        line(
            7,
            "completed",
            id(json!({"output_url": "https://x/1.mp4", "credits": 5, "via": "webhook"})),
        ),
        line(
            8,
            "completed",
            id(json!({"target": "shopify:x", "step": "uploaded", "reference": "f/1"})),
        ),
        line(
            9,
            "published",
            id(json!({"target": "shopify:x", "reference": "m/1"})),
        ),
    ]
}

#[test]
fn progress_and_repetitions_go_and_the_rest_stays_word_for_word() {
    let life = life();
    let (_dir, path) = log_of(life.join("\n") + "\n");
    let before = described(&path);
    let done = run(&path, &CompactOptions::default());
    let kept: Vec<&String> = [0, 1, 6, 8].map(|i| &life[i]).into();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), kept);
    assert_eq!((done.jobs, done.lines_before, done.lines_after), (1, 9, 4));
    assert_eq!(done.bytes_after, text.len() as u64);
    assert_eq!(described(&path), before);
}

#[test]
fn what_a_person_needs_to_decide_stays() {
    // Two requests of one attempt, both without a clear answer; and a publication half way.
    let doubt = vec![
        line(1, "submitting", json!({"request": {"prompt": "p"}})),
        line(
            2,
            "unknown",
            json!({"error": "time-out", "http_status": 504}),
        ),
        line(3, "submitting", json!({"request": {"prompt": "p"}})),
        line(
            4,
            "unknown",
            json!({"error": "time-out", "http_status": 504}),
        ),
    ];
    let steps = life()[5..8].to_vec();
    for lines in [doubt, steps] {
        let (_dir, path) = log_of(lines.join("\n") + "\n");
        let last = lines.len() - 1;
        run(&path, &CompactOptions::default());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&lines[last]), "{text}");
        if lines[0].contains("submitting") {
            assert_eq!(text.lines().count(), 4);
        }
    }
}

#[test]
fn a_log_of_an_older_versions_compact_is_unwrapped() {
    let life = life();
    let mut wrapped: Value = serde_json::from_str(&life[6]).unwrap();
    let history = format!("[{}]", life.join(","));
    wrapped["history"] = serde_json::from_str(&history).unwrap();
    let (_dir, path) = log_of(format!("{wrapped}\n"));
    let before = described(&path);
    run(&path, &CompactOptions::default());
    assert_eq!(described(&path), before);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains("history") && text.lines().count() == 4,
        "{text}"
    );
}

#[test]
fn a_log_that_would_get_no_smaller_is_left_as_it_is() {
    let text = life()[..2].join("\n");
    let (dir, path) = log_of(&text);
    let done = run(
        &path,
        &CompactOptions {
            keep: true,
            ..CompactOptions::default()
        },
    );
    assert_eq!(done.bytes_after, done.bytes_before);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(files(dir.path()), 1);
}

#[test]
fn another_encoding_becomes_a_plain_log() {
    let text = life()[..2].join("\n") + "\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (_dir, path) = log_of(wide);
    run(&path, &CompactOptions::default());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_old_file_is_kept_when_asked_and_never_replaced() {
    let text = life().join("\n") + "\n";
    let (dir, path) = log_of(&text);
    let how = CompactOptions {
        keep: true,
        ..CompactOptions::default()
    };
    // What a killed run has left is in no one's way.
    fs::write(dir.path().join("jobs.jsonl.compact.tmp"), "half").unwrap();
    let done = run(&path, &how);
    let kept = dir.path().join("jobs.jsonl.1");
    assert_eq!(done.kept.as_ref(), Some(&kept));
    assert_eq!(fs::read_to_string(&kept).unwrap(), text);
    assert_eq!(files(dir.path()), 2);
    write(&path, &text);
    attempt(&path, &how).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

// Windows has access lists in place of modes.
#[cfg(unix)]
#[test]
fn the_mode_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, path) = log_of(life().join("\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    run(&path, &CompactOptions::default());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn damage_is_refused_or_quoted() {
    let text = format!("{}\n\0\0rubbish\n{{\"torn\n{}\n", life()[0], life()[1]);
    let (_dir, path) = log_of(&text);
    assert!(matches!(
        attempt(&path, &CompactOptions::default()),
        Err(LogError::Damaged(_))
    ));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let mark = Lines::verbatim(&line(9, "unknown", json!({"job": KEYS[1]})));
    let how = CompactOptions {
        accepted: Some(&mark),
        ..CompactOptions::default()
    };
    let done = run(&path, &how);
    assert_eq!((done.damaged, done.torn), (1, 1));
    let log = read(&path);
    assert!(log.damage().is_empty() && log.ledger().unreadable() == 0);
    assert_eq!(log.ledger().jobs().len(), 2);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains(r#""damaged_text":"\u0000\u0000rubbish""#),
        "{text}"
    );
    // The quoting line does not permit more of the same damage.
    let more = format!("{text}\0\0rubbish\n");
    write(&path, &more);
    assert_eq!(read(&path).damage().len(), 1);
    write(&path, &text);
    run(&path, &CompactOptions::default());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

fn any_line() -> impl Strategy<Value = String> {
    let status = prop::sample::select(vec![
        "submitting",
        "unknown",
        "submit_failed",
        "pending",
        "processing",
        "failed",
        "completed",
        "completed",
        "downloaded",
        "published",
        "resolved",
        "superseded",
        "reviewed",
        "archived",
    ]);
    let verdict = prop::sample::select(vec!["accepted", "not_accepted", "dismissed"]);
    (status, 0..4u32, 0..3usize, 1..3u32, 0..8u8, verdict).prop_map(
        |(status, second, job, attempt, bits, verdict)| {
            let mut line = json!({
                "at": format!("2026-03-12T09:20:0{second}.000Z"),
                "job": KEYS[job],
                "attempt": attempt,
                "status": status,
                "listing_id": format!("LST-{}", job + usize::from(bits & 1)),
            });
            if bits & 2 != 0 {
                line["generation_id"] = format!("vgen_{job}{attempt}{}", bits >> 2).into();
                line["credits"] = (5 + u32::from(bits & 1)).into();
            }
            if bits & 4 != 0 {
                line["error"] = "no".into();
                line["progress"] = second.into();
                line["temporary"] = (bits & 1 == 1).into();
            }
            match status {
                "submitting" => {
                    line["request"] = json!({"prompt": format!("p{}", bits & 1)});
                    line["room"] = u32::from(bits & 3).into();
                }
                "resolved" => line["verdict"] = verdict.into(),
                "reviewed" => {
                    line["verdict"] = if bits & 1 == 0 { "kept" } else { "rejected" }.into();
                }
                "published" => line["target"] = format!("t{}", bits & 1).into(),
                "downloaded" => line["file"] = format!("{second}.mp4").into(),
                "completed" if bits == 7 => {
                    line["target"] = "t1".into();
                    line["step"] = "uploaded".into();
                }
                _ => {}
            }
            if job == 2 && bits & 6 == 6 {
                line.as_object_mut().unwrap().shift_remove("job");
            }
            line.to_string()
        },
    )
}

proptest! {
    #[test]
    fn compacting_changes_nothing_and_never_makes_a_log_longer(
        lines in prop::collection::vec(any_line(), 1..24),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut all = lines.clone();
        all.extend(repeats.iter().map(|index| index.get(&lines).clone()));
        let (_dir, path) = log_of(all.join("\n") + "\n");
        let before = described(&path);
        let old = fs::read_to_string(&path).unwrap();
        let done = run(&path, &CompactOptions::default());
        let new = fs::read_to_string(&path).unwrap();
        prop_assert_eq!(described(&path), before.clone());
        prop_assert!(new.len() <= old.len());
        prop_assert_eq!(done.bytes_after, new.len() as u64);
        prop_assert!(new.lines().all(|line| lines.iter().any(|old| old == line)));
        // Again it is the same; and joined to the old copy it says the same.
        run(&path, &CompactOptions::default());
        prop_assert_eq!(fs::read_to_string(&path).unwrap(), new.clone());
        write(&path, format!("{new}{old}"));
        prop_assert_eq!(described(&path), before);
    }
}
