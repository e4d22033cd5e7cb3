use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::held::ChangeDoubt;
use super::*;
use crate::jobs::recognition::{LOOKED_AT, MarkFilter};
use crate::jobs::{Clip, Rates};
use crate::journal::JobLog;
use crate::manifest::{Options, PASSES, RowFault};

const COUNT: usize = 500;

fn manifest(ids: &[String]) -> Manifest {
    let rows = ids
        .iter()
        .map(|id| format!("{id},https://x.example/a.jpg,pan\n"));
    let text = format!("sku,image_url,video_prompt\n{}", rows.collect::<String>());
    Manifest::from_reader("sheet.csv", text.as_bytes(), Options::default()).unwrap()
}

fn plan_of(manifest: &mut Manifest) -> Plan {
    let mut plan = Plan::default();
    for row in manifest.rows().unwrap() {
        plan.note(&row.unwrap(), &Rates::default());
    }
    plan
}

/// A log in which each of these ids has ordered the same clip.
fn log_of(ids: &[String], end: &str) -> String {
    let mut text = String::new();
    for row in manifest(ids).rows().unwrap() {
        let row = row.unwrap();
        let (job, id) = (row.key(), &row.id);
        let line = |status: &str, more: &str| {
            format!(
                "{{\"at\":\"2026-03-12T09:20:00.000Z\",\"job\":\"{job}\",\"attempt\":1,\
                 \"status\":\"{status}\",\"sku\":\"{id}\",{more}}}\n"
            )
        };
        let Clip::Video(video) = &row.clip else {
            continue;
        };
        let request = format!(
            "\"request\":{{\"model\":\"{}\",\"prompt\":\"pan\",\
             \"image_url\":\"https://x.example/a.jpg\",\"duration\":\"{}\",\
             \"aspect_ratio\":\"{}\"}}",
            video.model, video.duration, video.aspect_ratio
        );
        text.push_str(&line("submitting", &request));
        write!(text, "{}", line(end, "\"http_status\":422")).unwrap();
    }
    text
}

#[test]
fn thousands_of_ids_with_one_clip_are_compared_with_few_jobs_each() {
    let ids = |name: &str| {
        (0..COUNT)
            .map(|n| format!("{name}-{n:04}"))
            .collect::<Vec<_>>()
    };
    let (old, new) = (ids("OLD"), ids("NEW"));
    let both = [&old[..], &new[..]].concat();
    let all = COUNT as u64;
    for (name, end, sheet, renamed, same, replaced) in [
        ("renamed", "pending", &new, all, 0, 0),
        ("refused", "submit_failed", &new, 0, 0, COUNT),
        ("still there", "pending", &both, 0, all, 0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        std::fs::write(&path, log_of(&old, end)).unwrap();
        let log = JobLog::read(&path, Ledger::new(Rates::default())).unwrap();
        let mut manifest = manifest(sheet);
        let mut plan = plan_of(&mut manifest);
        LOOKED_AT.set(0);
        let known = Some((log.path(), log.ledger()));
        decide(
            &mut manifest,
            &mut plan,
            known,
            Allowed::default(),
            MOST_LISTED,
        )
        .unwrap();
        let counts = plan.counts;
        assert_eq!(
            (counts.renamed, counts.same_clip),
            (renamed, same),
            "{name}"
        );
        let all_replaced = (0..sheet.len()).map(|index| plan.replaced(index).len());
        assert_eq!(all_replaced.sum::<usize>(), replaced, "{name}");
        let looked_at = LOOKED_AT.get();
        assert!(looked_at <= 10 * all, "{name}: {looked_at}");
    }
}

#[test]
fn rows_that_moved_are_counted_also_where_they_are_not_listed() {
    let ids: Vec<String> = (0..4).map(|n| format!("SKU-{n}")).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.jsonl");
    let ordered = log_of(&ids, "pending").replace("/a.jpg", "/old/a.jpg");
    std::fs::write(&path, ordered).unwrap();
    let log = JobLog::read(&path, Ledger::new(Rates::default())).unwrap();
    let rows = ids
        .iter()
        .map(|id| format!("{id},https://x.example/new/a.jpg,pan\n"));
    let text = format!("sku,image_url,video_prompt\n{}", rows.collect::<String>());
    let options = Options::default();
    let mut manifest = Manifest::from_reader("sheet.csv", text.as_bytes(), options).unwrap();
    let mut plan = plan_of(&mut manifest);
    let known = Some((log.path(), log.ledger()));
    let found = decide(&mut manifest, &mut plan, known, Allowed::default(), 2).unwrap();
    assert_eq!((plan.counts.changed, found.held.len()), (4, 2));
    assert!(
        found
            .held
            .iter()
            .all(|held| held.doubt == ChangeDoubt::Folder)
    );
}

#[test]
fn the_sheet_is_read_once_more_and_not_at_all_where_the_log_holds_it() {
    let ids = |name: &str| (0..20).map(|n| format!("{name}-{n}")).collect::<Vec<_>>();
    let (old, new) = (ids("OLD"), ids("NEW"));
    let both = [&old[..], &new[..]].concat();
    for (name, sheet, most) in [
        ("known", &old, 0),
        ("renamed", &new, 1),
        ("twice", &both, 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        std::fs::write(&path, log_of(&old, "pending")).unwrap();
        let log = JobLog::read(&path, Ledger::new(Rates::default())).unwrap();
        let mut manifest = manifest(sheet);
        let mut plan = plan_of(&mut manifest);
        PASSES.set(0);
        let known = Some((log.path(), log.ledger()));
        decide(
            &mut manifest,
            &mut plan,
            known,
            Allowed::default(),
            MOST_LISTED,
        )
        .unwrap();
        assert_eq!(PASSES.get(), most, "{name}");
        assert_eq!(plan.counts.held() > 0, most > 0, "{name}");
    }
}

/// Rows and jobs of few ids, photos and prompts, so that many are alike.
mod as_the_whole_log {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::manifest::RowCondition;

    const IDS: [&str; 9] = [
        "0012",
        "12",
        "12.0",
        "A-1",
        "a-1",
        "A\u{200b}-1",
        "3-12",
        "12-Mar",
        "B-2",
    ];
    const PHOTOS: [&str; 7] = [
        "https://x.example/r/a.jpg",
        "https://X.example:443/r/%61.jpg",
        "https://x.example/r/a.jpg?crop=left",
        "https://y.example/q/a.jpg",
        "https://x.example/r/s--abcdefgh--/a.jpg",
        "https://x.example/r/b.jpg",
        "https://x.example/view?id=1",
    ];
    const PROMPTS: [&str; 5] = ["pan", "pan  left", "pan left", "caf\u{e9}", "cafe\u{301}"];

    type Wish = (&'static str, &'static str, &'static str);

    fn wish() -> impl Strategy<Value = Wish> {
        (select(&IDS[..]), select(&PHOTOS[..]), select(&PROMPTS[..]))
    }

    /// What became of a job, and whether its id or photo has another name since.
    fn job() -> impl Strategy<Value = (Wish, usize, Option<Wish>)> {
        (wish(), 0..8usize, proptest::option::weighted(0.2, wish()))
    }

    fn sheet(wishes: &[(Wish, bool)], has_conditions: bool) -> Manifest {
        let mut text = "sku,image_url,video_prompt,go\n".to_owned();
        for ((id, photo, prompt), is_meant) in wishes {
            let go = if *is_meant { "y" } else { "n" };
            // A row that is left out may get its prompt from a template.
            let is_filled = !is_meant && has_conditions && photo.ends_with('1');
            let prompt = if is_filled { "" } else { prompt };
            writeln!(text, "{id},{photo},{prompt},{go}").unwrap();
        }
        let conditions = has_conditions.then(|| RowCondition {
            column: "go".into(),
            value: "y".into(),
        });
        let options = Options {
            conditions: conditions.into_iter().collect(),
            allow_odd_cells: true,
            ..Options::default()
        };
        Manifest::from_reader("sheet.csv", text.as_bytes(), options).unwrap()
    }

    fn log(jobs: &[(Wish, usize, Option<Wish>)]) -> String {
        let mut text = String::new();
        for (n, ((id, photo, prompt), end, name)) in jobs.iter().enumerate() {
            let job = sheet(&[((id, photo, prompt), true)], false);
            let row = { job }.rows().unwrap().next().unwrap();
            let Ok(row) = row else { continue };
            let Clip::Video(video) = &row.clip else {
                continue;
            };
            let head = format!(
                "{{\"at\":\"2026-03-12T09:20:00.{n:03}Z\",\"sku\":{}",
                serde_json::json!(row.id)
            );
            let keyed = format!("{head},\"job\":\"{}\",\"attempt\":1", row.key());
            let request = serde_json::json!({
                "model": video.model, "prompt": video.prompt, "image_url": video.image_url,
                "duration": video.duration.to_string(), "aspect_ratio": video.aspect_ratio,
            });
            match end {
                0 => {
                    writeln!(
                        text,
                        "{head},\"generation_id\":\"vgen_{n}\",\"status\":\"pending\"}}"
                    )
                    .unwrap();
                    continue;
                }
                // After damage nothing is known but the id.
                1 => writeln!(text, "{keyed},\"status\":\"unknown\"}}").unwrap(),
                _ => writeln!(
                    text,
                    "{keyed},\"status\":\"submitting\",\"request\":{request}}}"
                )
                .unwrap(),
            }
            let more = match end {
                2 | 3 => format!("\"status\":\"pending\",\"generation_id\":\"vgen_{n}\""),
                4 => "\"status\":\"submit_failed\",\"http_status\":422".to_owned(),
                5 => "\"status\":\"submit_failed\",\"temporary\":true".to_owned(),
                6 => "\"status\":\"superseded\",\"by_job\":\"0000000000000001\"".to_owned(),
                _ => continue,
            };
            writeln!(text, "{keyed},{more}}}").unwrap();
            if let Some((id, photo, _)) = name {
                let at = format!("\"at\":\"2026-03-13T09:20:00.{n:03}Z\"");
                writeln!(
                    text,
                    "{{{at},\"job\":\"{}\",\"attempt\":1,\"status\":\"renamed\",\"sku\":{},\
                     \"image_url\":{photo:?}}}",
                    row.key(),
                    serde_json::json!(id)
                )
                .unwrap();
            }
        }
        text
    }

    fn planned(manifest: &mut Manifest) -> Plan {
        let mut plan = Plan::default();
        for row in manifest.rows().unwrap() {
            match row {
                Ok(row) => drop(plan.note(&row, &Rates::default())),
                Err(RowFault::Problems { row, .. }) => {
                    plan.note_invalid(row.as_deref(), &Rates::default());
                }
                Err(RowFault::Broken(error)) => panic!("{error}"),
            }
        }
        plan
    }

    /// All that was decided.
    fn report(plan: &Plan, found: &RecognitionResult) -> String {
        let rows = (0..plan.rows.len()).map(|index| {
            let note = plan.rows[index]
                .as_ref()
                .map(|note| (note.key, note.decision));
            (note, plan.replaced(index))
        });
        let rows: Vec<_> = rows.collect();
        let causes: BTreeMap<_, _> = found.causes.iter().collect();
        let (held, accepted) = (&found.held, found.accepted);
        let (same, rotated) = (found.same, found.rotated);
        format!("{rows:?} {held:?} {causes:?} {same} {rotated} {accepted}")
    }

    proptest! {
        /// Only jobs that may be like a row are looked at, and rows are held in memory; that decides
        /// as comparing each row of the sheet with each job of the log does.
        #[test]
        fn few_jobs_and_rows_are_looked_at(
            jobs in proptest::collection::vec(job(), 0..10),
            wishes in proptest::collection::vec((wish(), proptest::bool::weighted(0.8)), 0..10),
            has_conditions: bool,
            same_clip: bool,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("jobs.jsonl");
            std::fs::write(&path, log(&jobs)).unwrap();
            let log = JobLog::read(&path, Ledger::new(Rates::default())).unwrap();
            let (path, ledger) = (log.path(), log.ledger());
            prop_assert_eq!(ledger.unreadable(), 0);
            let allowed = Allowed { same_clip, ..Allowed::default() };

            let mut manifest = sheet(&wishes, has_conditions);
            let mut few = planned(&mut manifest);
            let found_by_few =
                decide(&mut manifest, &mut few, Some((path, ledger)), allowed, MOST_LISTED).unwrap();

            let mut all = planned(&mut manifest);
            let (open, _) = all.decide(ledger);
            let mut found_by_all = if open == 0 || ledger.is_empty() {
                RecognitionResult::default()
            } else {
                let open = all.open(ledger).collect();
                let mut open = OpenRows::read(&mut manifest, &all, open, 0).unwrap();
                open.sought = MarkFilter::everything();
                let compared = vec![true; ledger.jobs().len()];
                let log = FoldedLog { path, ledger };
                compare(&mut manifest, &mut all, log, open, &compared, (allowed, MOST_LISTED))
                    .unwrap()
            };
            if !same_clip {
                let held = &mut found_by_all.held;
                alike::hold(&mut manifest, &mut all, ledger, MOST_LISTED, held).unwrap();
            }
            prop_assert_eq!(report(&few, &found_by_few), report(&all, &found_by_all));
        }
    }
}
