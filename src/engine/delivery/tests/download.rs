use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use sha2::{Digest, Sha256};

use super::cdn::{Cdn, Step, clip};
use super::{Bench, job};
use crate::engine::delivery::address::{HostLookup, system_lookup};
use crate::engine::delivery::client::{FetchClient, TimeOuts};
use crate::engine::delivery::due::When;
use crate::engine::delivery::facts::{Delivery, gather};
use crate::engine::delivery::partial_download::STAGING;
use crate::engine::delivery::plan::plan;
use crate::engine::delivery::{
    DeliveryEvent, Download, DownloadOptions, DownloadSummary, FailureKind, Refresh, RefreshError,
    prepare,
};
use crate::engine::stop::{Stop, StopReason};
use crate::jobs::IdColumn;
use crate::journal::CompanionFile;

/// Answers every question with the same address.
#[derive(Default)]
struct Vendor {
    fresh: Option<String>,
    asked: AtomicUsize,
}

impl Refresh for Vendor {
    async fn fresh_url(&self, _: &Delivery) -> Result<Option<String>, RefreshError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.fresh.clone())
    }
}

/// One run as the command makes it.
struct Run<'a> {
    bench: &'a Bench,
    when: When,
    max_size: u64,
    vendor: Vendor,
    lookup: HostLookup,
    /// A signal comes once that many bytes have.
    stop_after: Option<u64>,
}

impl<'a> Run<'a> {
    fn new(bench: &'a Bench) -> Self {
        Self {
            bench,
            when: When::Each,
            max_size: 1 << 20,
            vendor: Vendor::default(),
            lookup: system_lookup(),
            stop_after: None,
        }
    }

    async fn go(&self) -> DownloadSummary {
        let writer = self.bench.writer();
        let dir = prepare(&self.bench.dir.path().join("videos")).unwrap();
        let deliveries = gather(&writer, |_| true).unwrap();
        let plan = plan(
            &deliveries,
            self.when,
            writer.path().parent().unwrap(),
            &dir,
        );
        let options = DownloadOptions {
            dir,
            bucket: None,
            concurrency: 3,
            max_size: self.max_size,
            retry_delay: Duration::from_millis(1),
            here_too: false,
        };
        let stop = Stop::default();
        let received = std::sync::atomic::AtomicU64::new(0);
        let progress = |event: DeliveryEvent| {
            if let DeliveryEvent::Received { bytes, .. } = event {
                let all = received.fetch_add(bytes, Ordering::Relaxed) + bytes;
                if self.stop_after.is_some_and(|limit| all >= limit) {
                    stop.set(StopReason::Signal(2));
                }
            }
        };
        Download {
            options: &options,
            client: &FetchClient::new(TimeOuts::default(), self.lookup.clone()),
            writer: &writer,
            refresh: &self.vendor,
            progress: &progress,
            stop: &stop,
        }
        .run(&plan)
        .await
    }
}

fn videos(bench: &Bench) -> PathBuf {
    bench.dir.path().join("videos")
}

/// Every file below the target folder, parts included, relative and sorted.
fn files(bench: &Bench) -> Vec<String> {
    fn walk(folder: &Path, base: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, base, found);
            } else {
                let path = path.strip_prefix(base).unwrap();
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    walk(&videos(bench), &videos(bench), &mut found);
    found.sort();
    found
}

#[tokio::test]
async fn clips_arrive_under_their_names_and_the_log_says_it() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let clips = [clip(5000, 1), clip(70_000, 2), clip(100, 3)];
    let url = cdn.offer("/a.mp4", clips[0].clone(), &[]);
    bench.completed(IdColumn::Listing, "LST-1", 2, &url);
    let url = cdn.offer("/b.bin", clips[1].clone(), &[]);
    let second = bench.completed(IdColumn::Listing, "LST-1", 3, &url);
    let url = cdn.offer("/c", clips[2].clone(), &[Step::Chunked]);
    bench.completed(IdColumn::Listing, "LST/2", 4, &url);

    let summary = Run::new(&bench).go().await;
    assert_eq!(summary.failures, []);
    assert_eq!((summary.downloaded, summary.bytes), (3, 75_100));
    let names = files(&bench);
    assert_eq!(names[..2], ["LST-1/01-room-2.mp4", "LST-1/02-room-3.mp4"]);
    assert!(names[2].starts_with("LST-2-") && names[2].ends_with("/01-room-4.mp4"));
    for (name, clip) in names.iter().zip(&clips) {
        assert!(
            std::fs::read(videos(&bench).join(name)).unwrap() == *clip,
            "{name}"
        );
    }
    let saved = &bench.view(second).attempts[&1].downloaded;
    assert_eq!(saved.text("file"), Some("videos/LST-1/02-room-3.mp4"));
    assert_eq!(saved.get("bytes").unwrap().as_u64(), Some(70_000));
    let sha256 = base16ct::lower::encode_string(&Sha256::digest(&clips[1]));
    assert_eq!(saved.text("sha256"), Some(sha256.as_str()));

    let again = Run::new(&bench).go().await;
    assert_eq!((again.downloaded, again.already), (0, 3));
    assert_eq!(cdn.seen().len(), 3, "nothing is fetched twice");
}

#[tokio::test]
async fn the_cdn_sees_no_key() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(100, 1), &[]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    Run::new(&bench).go().await;
    let (_, headers) = &cdn.seen()[0];
    let allowed = ["accept", "accept-encoding", "host", "user-agent"];
    for name in headers.keys() {
        assert!(allowed.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_cut_clip_is_gone_on_with_where_it_was_cut() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let whole = clip(200_000, 1);
    let steps = [Step::CutAfter(50_000), Step::CutAfter(50_000), Step::Serve];
    let url = cdn.offer("/a.mp4", whole.clone(), &steps);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let summary = Run::new(&bench).go().await;
    assert_eq!(summary.failures, []);
    let got = std::fs::read(videos(&bench).join("A/01-room-2.mp4")).unwrap();
    assert!(got == whole);
    let seen = cdn.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen[0].1.get("range").is_none());
    assert!(seen[2].1.get("range").is_some() && seen[2].1.get("if-range").is_some());
}

#[tokio::test]
async fn a_stopped_run_is_gone_on_with_by_the_next() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let whole = clip(900_000, 7);
    let url = cdn.offer("/a.mp4", whole.clone(), &[]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let mut run = Run::new(&bench);
    run.stop_after = Some(1);
    let first = run.go().await;
    assert!(first.downloaded == 0 && first.failures.is_empty());
    assert!(files(&bench).iter().all(|name| name.starts_with('.')));
    let second = Run::new(&bench).go().await;
    assert_eq!((second.downloaded, second.bytes), (1, 900_000));
    assert!(cdn.seen()[1].1.get("range").is_some());
    let got = std::fs::read(videos(&bench).join("A/01-room-2.mp4")).unwrap();
    assert!(got == whole);
}

#[tokio::test]
async fn a_clip_that_changed_meanwhile_is_fetched_anew() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(200_000, 1), &vec![Step::CutAfter(9000); 4]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let first = Run::new(&bench).go().await;
    assert_eq!(first.failures[0].kind, FailureKind::MayHelp);
    let other = clip(300_000, 9);
    cdn.offer("/a.mp4", other.clone(), &[]);
    assert_eq!(Run::new(&bench).go().await.downloaded, 1);
    let got = std::fs::read(videos(&bench).join("A/01-room-2.mp4")).unwrap();
    assert!(got == other);
}

#[tokio::test]
async fn a_server_that_sends_another_range_is_asked_for_all() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let whole = clip(20_000, 1);
    let steps = [Step::CutAfter(9000), Step::WrongRange];
    let url = cdn.offer("/a.mp4", whole.clone(), &steps);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let summary = Run::new(&bench).go().await;
    assert_eq!(summary.failures, []);
    let got = std::fs::read(videos(&bench).join("A/01-room-2.mp4")).unwrap();
    assert!(got == whole);
}

#[tokio::test]
async fn an_expired_link_is_asked_for_once() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let old = cdn.offer("/old.mp4", clip(10, 1), &[Step::Status(410)]);
    let fresh = cdn.offer("/fresh.mp4", clip(5000, 1), &[]);
    bench.completed(IdColumn::Sku, "A", 2, &old);
    let mut run = Run::new(&bench);
    run.vendor.fresh = Some(fresh);
    assert_eq!(run.go().await.downloaded, 1);
    assert_eq!(run.vendor.asked.into_inner(), 1);
}

#[tokio::test]
async fn another_run_into_the_folder_that_ends_meanwhile_does_no_harm() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let swept = Step::Swept(videos(&bench).join(STAGING));
    let url = cdn.offer("/a.mp4", clip(4000, 2), &[swept]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let summary = Run::new(&bench).go().await;
    assert_eq!(summary.failures, []);
    assert_eq!(files(&bench), ["A/01-room-2.mp4"]);
    // What was answered before is not asked for again.
    assert_eq!(cdn.seen().len(), 1);
}

#[tokio::test]
async fn a_clip_that_is_cut_at_every_try_is_asked_for_anew() {
    for steps in [vec![Step::CutAfter(9000); 9], vec![Step::Status(500); 9]] {
        let (bench, cdn) = (Bench::new(), Cdn::start().await);
        let old = cdn.offer("/old.mp4", clip(200_000, 1), &steps);
        let fresh = cdn.offer("/fresh.mp4", clip(5000, 2), &[]);
        bench.completed(IdColumn::Sku, "A", 2, &old);
        let mut run = Run::new(&bench);
        run.vendor.fresh = Some(fresh);
        assert_eq!(run.go().await.downloaded, 1);
        assert_eq!(run.vendor.asked.load(Ordering::Relaxed), 1);
        let got = std::fs::read(videos(&bench).join("A/01-room-2.mp4")).unwrap();
        assert!(got == clip(5000, 2), "no patchwork of two clips");

        // The same link again: the server may recover, so nothing is lost.
        let (bench, cdn) = (Bench::new(), Cdn::start().await);
        let same = cdn.offer("/a.mp4", clip(200_000, 1), &steps);
        bench.completed(IdColumn::Sku, "A", 2, &same);
        let mut run = Run::new(&bench);
        run.vendor.fresh = Some(same);
        assert_eq!(run.go().await.failures[0].kind, FailureKind::MayHelp);
        assert_eq!(run.vendor.asked.into_inner(), 1);
        assert_eq!(cdn.seen().len(), 4);
    }
}

#[tokio::test]
async fn a_fresh_link_that_fails_too_is_reported_plainly() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer(
        "/a.mp4",
        clip(10, 1),
        &[Step::Status(403), Step::Status(404)],
    );
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let mut run = Run::new(&bench);
    run.vendor.fresh = Some(url);
    let summary = run.go().await;
    assert_eq!(run.vendor.asked.into_inner(), 1);
    assert_eq!(summary.failures[0].kind, FailureKind::ForGood);
    let message = &summary.failures[0].message;
    assert!(
        message.contains("HTTP 404") && message.contains("vgen_A_2"),
        "{message}"
    );
}

#[tokio::test]
async fn pages_and_empty_clips_are_refused_and_leave_nothing() {
    for step in [Step::Page, Step::HiddenPage, Step::Empty] {
        let (bench, cdn) = (Bench::new(), Cdn::start().await);
        let url = cdn.offer("/a.mp4", clip(10, 1), std::slice::from_ref(&step));
        bench.completed(IdColumn::Sku, "A", 2, &url);
        let summary = Run::new(&bench).go().await;
        assert_eq!(summary.failures[0].kind, FailureKind::ForGood, "{step:?}");
        assert_eq!(files(&bench), [""; 0], "{step:?}");
        assert_eq!(bench.lines_with("downloaded"), 0);
    }
}

#[tokio::test]
async fn a_clip_over_the_cap_is_refused_announced_or_not() {
    for step in [Step::Serve, Step::Chunked] {
        let (bench, cdn) = (Bench::new(), Cdn::start().await);
        let url = cdn.offer("/a.mp4", clip(5000, 1), &[step]);
        bench.completed(IdColumn::Sku, "A", 2, &url);
        let mut run = Run::new(&bench);
        run.max_size = 4999;
        let summary = run.go().await;
        assert!(summary.failures[0].message.contains("--max-size"));
        assert_eq!(files(&bench), [""; 0]);
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_then_left_for_the_next_run() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let steps = [Step::Later(503, "0"), Step::Status(500), Step::Serve];
    let url = cdn.offer("/a.mp4", clip(5000, 1), &steps);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    let url = cdn.offer("/b.mp4", clip(5000, 1), &vec![Step::Status(502); 9]);
    bench.completed(IdColumn::Sku, "B", 3, &url);
    let url = cdn.offer("/c.mp4", clip(5000, 1), &[Step::Later(429, "86400")]);
    bench.completed(IdColumn::Sku, "C", 4, &url);
    let mut summary = Run::new(&bench).go().await;
    assert_eq!(summary.downloaded, 1);
    summary.failures.sort_by(|a, b| a.item.cmp(&b.item));
    assert!(
        summary
            .failures
            .iter()
            .all(|f| f.kind == FailureKind::MayHelp)
    );
    assert!(summary.failures[0].message.contains("HTTP 502"));
    let count = |path| cdn.seen().iter().filter(|(seen, _)| seen == path).count();
    assert_eq!(
        (count("/a.mp4"), count("/b.mp4"), count("/c.mp4")),
        (3, 4, 1)
    );
}

#[tokio::test]
async fn redirects_are_followed_but_not_to_private_places() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    cdn.offer("/a.mp4", clip(5000, 1), &[]);
    let good = cdn.offer("/good", vec![], &[Step::Redirect("/a.mp4".to_owned())]);
    bench.completed(IdColumn::Sku, "A", 2, &good);
    let turns = [
        "http://cdn.example/a.mp4",
        "https://169.254.169.254/latest",
        "https://rebind.example/a.mp4",
        "file:///etc/passwd",
    ];
    for (line, to) in (3..).zip(turns) {
        let path = format!("/bad{line}");
        let url = cdn.offer(&path, vec![], &[Step::Redirect(to.to_owned())]);
        bench.completed(IdColumn::Sku, &format!("X{line}"), line, &url);
    }
    let endless = cdn.offer(
        "/loop",
        vec![],
        &vec![Step::Redirect("/loop".to_owned()); 9],
    );
    bench.completed(IdColumn::Sku, "Z", 9, &endless);
    let mut run = Run::new(&bench);
    run.lookup = std::sync::Arc::new(|host| {
        assert_eq!(host, "rebind.example");
        async { Ok(vec!["127.0.0.1:0".parse().unwrap()]) }.boxed()
    });
    let summary = run.go().await;
    assert_eq!((summary.downloaded, summary.failures.len()), (1, 5));
    for failure in &summary.failures {
        assert_eq!(failure.kind, FailureKind::ForGood, "{}", failure.message);
        let expected = if failure.item == "Z" {
            "redirects endlessly"
        } else {
            "not allowed"
        };
        assert!(failure.message.contains(expected), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_listing_appears_only_when_all_its_clips_are_whole() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let good = cdn.offer("/a.mp4", clip(5000, 1), &[]);
    let bad = cdn.offer("/b.mp4", clip(6000, 2), &[Step::Status(400)]);
    bench.completed(IdColumn::Listing, "L", 2, &good);
    bench.completed(IdColumn::Listing, "L", 3, &bad);
    bench.completed(IdColumn::Listing, "M", 4, &good);
    let mut run = Run::new(&bench);
    run.when = When::Complete;
    let first = run.go().await;
    assert_eq!(
        (first.downloaded, first.waiting, first.failures.len()),
        (1, 1, 1)
    );
    assert!(!videos(&bench).join("L").exists() && videos(&bench).join("M").exists());
    let second = run.go().await;
    assert_eq!((second.downloaded, second.failures.len()), (2, 0));
    assert_eq!(
        files(&bench),
        ["L/01-room-2.mp4", "L/02-room-3.mp4", "M/01-room-4.mp4"],
    );
    let count = |path| cdn.seen().iter().filter(|(seen, _)| seen == path).count();
    assert_eq!(count("/a.mp4"), 2, "one for each listing");
    assert!(!videos(&bench).join(".creativeai-partial").exists());
}

#[tokio::test]
async fn a_crash_between_the_name_and_the_line_costs_no_second_fetch() {
    for when in [When::Each, When::Complete] {
        let (bench, cdn) = (Bench::new(), Cdn::start().await);
        let url = cdn.offer("/a.mp4", clip(5000, 1), &[]);
        bench.completed(IdColumn::Sku, "A", 2, &url);
        let before = std::fs::read(bench.log()).unwrap();
        let notes = videos(&bench).join(".creativeai-partial");
        // What a crash leaves: the file in its place, the notes of the part, no line.
        let mut run = Run::new(&bench);
        run.when = When::Complete;
        run.go().await;
        let line = bench.view(job("A", 2)).attempts[&1].downloaded.clone();
        std::fs::write(bench.log(), before).unwrap();
        std::fs::remove_file(CompanionFile::Lock.of(&bench.log())).unwrap();
        std::fs::create_dir_all(&notes).unwrap();
        let whole = serde_json::json!({"whole": {
            "bytes": 5000,
            "sha256": line.text("sha256").unwrap(),
            "extension": "mp4",
        }});
        let digest = base16ct::lower::encode_string(&Sha256::digest(b"vgen_A_2"));
        let name = format!("{}.1.{}.json", job("A", 2), &digest[..8]);
        std::fs::write(notes.join(name), whole.to_string()).unwrap();

        run.when = when;
        let summary = run.go().await;
        assert_eq!((summary.downloaded, summary.failures.len()), (1, 0));
        assert_eq!(cdn.seen().len(), 1);
        assert_eq!(bench.lines_with("downloaded"), 1);
        assert_eq!(files(&bench), ["A/01-room-2.mp4"]);
    }
}

#[tokio::test]
async fn what_a_crash_after_the_line_has_left_is_swept_away() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(5000, 1), &[]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    Run::new(&bench).go().await;
    let notes = videos(&bench).join(".creativeai-partial");
    std::fs::create_dir(&notes).unwrap();
    let digest = base16ct::lower::encode_string(&Sha256::digest(b"vgen_A_2"));
    for extension in ["json", "new"] {
        let name = format!("{}.1.{}.{extension}", job("A", 2), &digest[..8]);
        std::fs::write(notes.join(name), "{").unwrap();
    }
    assert_eq!(Run::new(&bench).go().await.already, 1);
    assert!(!notes.exists());
}

#[tokio::test]
async fn a_file_of_someone_else_is_never_replaced() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(5000, 1), &[]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    std::fs::create_dir_all(videos(&bench).join("A")).unwrap();
    std::fs::write(videos(&bench).join("A/01-room-2.mp4"), "mine").unwrap();
    assert_eq!(Run::new(&bench).go().await.downloaded, 1);
    let mine = std::fs::read_to_string(videos(&bench).join("A/01-room-2.mp4")).unwrap();
    assert_eq!(mine, "mine");
    assert_eq!(files(&bench).len(), 2);
    assert_eq!(Run::new(&bench).go().await.already, 1);
}

#[tokio::test]
async fn a_third_clip_of_a_job_gets_a_name_beside_the_first_two() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(5000, 1), &[]);
    let job = bench.completed(IdColumn::Sku, "A", 2, &url);
    let home = videos(&bench).join("A");
    std::fs::create_dir_all(&home).unwrap();
    let second = format!("01-room-2-{}.mp4", &job.to_string()[..8]);
    for older in ["01-room-2.mp4", &second] {
        std::fs::write(home.join(older), "an older clip").unwrap();
    }
    assert_eq!(Run::new(&bench).go().await.downloaded, 1);
    let digest = base16ct::lower::encode_string(&Sha256::digest(clip(5000, 1)));
    let third = second.replace(".mp4", &format!("-{}.mp4", &digest[..8]));
    assert!(std::fs::read(home.join(third)).unwrap() == clip(5000, 1));
    assert_eq!(files(&bench).len(), 3);
    assert_eq!(Run::new(&bench).go().await.already, 1);
}

#[tokio::test]
async fn a_file_that_is_gone_is_fetched_again_under_its_name() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(5000, 1), &[]);
    bench.completed(IdColumn::Sku, "A", 3, &url);
    Run::new(&bench).go().await;
    bench.completed(IdColumn::Sku, "A", 2, &url);
    std::fs::remove_file(videos(&bench).join("A/01-room-3.mp4")).unwrap();
    assert_eq!(Run::new(&bench).go().await.downloaded, 2);
    assert_eq!(files(&bench), ["A/01-room-2.mp4", "A/01-room-3.mp4"]);
}

#[tokio::test]
async fn a_disk_that_refuses_is_reported_as_such() {
    let (bench, cdn) = (Bench::new(), Cdn::start().await);
    let url = cdn.offer("/a.mp4", clip(5000, 1), &[]);
    bench.completed(IdColumn::Sku, "A", 2, &url);
    // A file where a folder must be made.
    std::fs::create_dir_all(videos(&bench)).unwrap();
    std::fs::write(videos(&bench).join(".creativeai-partial"), "x").unwrap();
    let summary = Run::new(&bench).go().await;
    assert!(summary.disk_failed);
    assert_eq!(summary.failures[0].kind, FailureKind::Disk);
}
