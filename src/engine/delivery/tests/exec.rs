use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Bench;
use crate::engine::delivery::due::When;
use crate::engine::delivery::facts::gather;
use crate::engine::delivery::{DeliveryEvent, Exec, ExecOptions, FailureKind, PublishSummary};
use crate::engine::stop::Stop;
use crate::jobs::{IdColumn, JobKey};

async fn exec(bench: &Bench, command: &str, change: impl Fn(&mut ExecOptions)) -> PublishSummary {
    let writer = bench.writer();
    let deliveries = gather(&writer, |_| true).unwrap();
    let mut options = ExecOptions {
        command: command.to_owned(),
        target: "exec".to_owned(),
        concurrency: 2,
        time_out: Duration::from_secs(60),
        approved: false,
        dry_run: false,
    };
    change(&mut options);
    let stop = Stop::default();
    Exec {
        options: &options,
        writer: &writer,
        progress: &|_: DeliveryEvent| {},
        stop: &stop,
    }
    .run(&deliveries, When::Each)
    .await
}

fn out(bench: &Bench) -> PathBuf {
    bench.dir.path().join("out")
}

/// A command that adds its input to a file.
fn keep(bench: &Bench) -> String {
    format!("cat >> '{}'", out(bench).display())
}

fn lines(bench: &Bench) -> Vec<Value> {
    let text = std::fs::read_to_string(out(bench)).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn job_of(summary: &PublishSummary) -> JobKey {
    summary.failures[0].job
}

#[tokio::test]
async fn each_finished_clip_is_handed_on_once() {
    let bench = Bench::new();
    let first = bench.completed(IdColumn::Listing, "L", 2, "https://cdn.example/1.mp4");
    bench.completed(IdColumn::Listing, "L", 3, "https://cdn.example/2.mp4");
    let summary = exec(&bench, &keep(&bench), |_| {}).await;
    assert_eq!((summary.published, summary.failures.len()), (2, 0));
    let mut handed = lines(&bench);
    handed.sort_by_key(|job| job["line"].as_u64());
    assert_eq!(handed[0]["job"], first.to_string());
    assert_eq!(handed[0]["output_url"], "https://cdn.example/1.mp4");
    assert_eq!(handed[0]["surface"], "shopify-pdp");

    let again = exec(&bench, &keep(&bench), |_| {}).await;
    assert_eq!((again.published, again.already), (0, 2));
    assert_eq!(lines(&bench).len(), 2);
    let saved = bench.view(first).attempts[&1].published["exec"].clone();
    assert_eq!(saved.text("reference"), handed[0]["publish_id"].as_str());

    let other = exec(&bench, &keep(&bench), |o| o.target = "exec:crm".to_owned()).await;
    assert_eq!(other.published, 2, "another target has its own");
}

#[tokio::test]
async fn the_command_sees_the_fields_and_no_key() {
    let bench = Bench::new();
    bench.completed(IdColumn::Listing, "L", 2, "https://cdn.example/1.mp4");
    let command = format!("env > '{}'", out(&bench).display());
    let summary = exec(&bench, &command, |_| {}).await;
    assert_eq!(summary.published, 1);
    let env = std::fs::read_to_string(out(&bench)).unwrap();
    for line in [
        "CREATIVEAI_LISTING_ID=L",
        "CREATIVEAI_SURFACE=shopify-pdp",
        "CREATIVEAI_OUTPUT_URL=https://cdn.example/1.mp4",
        "CREATIVEAI_GENERATION_ID=vgen_L_2",
        "CREATIVEAI_STATUS=completed",
        "CREATIVEAI_LINE=2",
    ] {
        assert!(env.lines().any(|have| have == line), "{line} in\n{env}");
    }
    assert!(env.contains("CREATIVEAI_PUBLISH_ID="));
    assert!(!env.contains("API_KEY") && !env.contains("CREATIVEAI_FILE="));
}

#[tokio::test]
async fn columns_cannot_take_the_names_of_settings_and_fields() {
    let bench = Bench::new();
    let job = bench.completed(IdColumn::Sku, "A", 2, "https://cdn.example/1.mp4");
    bench.write(&format!(
        "{{\"at\":\"2026-03-13T09:20:00Z\",\"job\":\"{job}\",\"attempt\":1,\
         \"status\":\"completed\",\"Api Key\":\"mine\",\"JOB\":\"other\",\
         \"file.\":\"mine\",\"(file url)\":\"mine\",\"Notify webhook\":\"mine\",\
         \"profile\":\"mine\",\"sha256 \":\"mine\",\"Größe in m²\":\"80\"}}\n"
    ));
    let command = format!("env > '{}'", out(&bench).display());
    exec(&bench, &command, |_| {}).await;
    let env = std::fs::read_to_string(out(&bench)).unwrap();
    assert!(!env.contains("CREATIVEAI_API_KEY"), "{env}");
    let ours = ["FILE", "FILE_URL", "NOTIFY_WEBHOOK", "PROFILE", "SHA256"];
    for name in ours {
        assert!(!env.contains(&format!("CREATIVEAI_{name}=mine")), "{env}");
    }
    assert!(env.contains(&format!("CREATIVEAI_JOB={job}\n")), "{env}");
    assert!(env.contains("CREATIVEAI_GR__E_IN_M=80\n"), "{env}");
}

#[tokio::test]
async fn a_downloaded_file_is_reported() {
    let bench = Bench::new();
    let job = bench.completed(IdColumn::Sku, "A", 2, "https://cdn.example/1.mp4");
    std::fs::create_dir(bench.dir.path().join("videos")).unwrap();
    std::fs::write(bench.dir.path().join("videos/a.mp4"), "1234").unwrap();
    bench.downloaded(job, "videos/a.mp4", 4);
    let command = format!("cp \"$CREATIVEAI_FILE\" '{}'", out(&bench).display());
    assert_eq!(exec(&bench, &command, |_| {}).await.published, 1);
    assert_eq!(std::fs::read_to_string(out(&bench)).unwrap(), "1234");
}

#[tokio::test]
async fn a_failure_is_kept_in_the_log_changes_no_state_and_is_tried_again() {
    let bench = Bench::new();
    let job = bench.completed(IdColumn::Sku, "A", 2, "https://cdn.example/1.mp4");
    let before = bench.view(job).to_json();
    let summary = exec(&bench, "echo no such product >&2; exit 9", |_| {}).await;
    assert_eq!((summary.published, job_of(&summary)), (0, job));
    assert_eq!(summary.failures[0].kind, FailureKind::ForGood);
    let message = &summary.failures[0].message;
    assert!(
        message.contains("code 9") && message.contains("no such product"),
        "{message}"
    );
    assert_eq!(bench.lines_with("no such product"), 1);
    assert_eq!(bench.view(job).to_json(), before);
    assert!(!bench.view(job).state.effective().is_published());

    exec(&bench, "echo no such product >&2; exit 9", |_| {}).await;
    assert_eq!(
        bench.lines_with("no such product"),
        1,
        "the same is kept once"
    );
    let long = "date +%N; head -c 6000 /dev/zero | tr '\\0' x; exit 9";
    exec(&bench, long, |_| {}).await;
    assert_eq!(bench.lines_with("publish_failed"), 1);
    assert_eq!(exec(&bench, &keep(&bench), |_| {}).await.published, 1);
    assert_eq!(lines(&bench).len(), 1);
}

#[tokio::test]
async fn the_publish_id_is_the_same_after_a_failure() {
    let bench = Bench::new();
    bench.completed(IdColumn::Sku, "A", 2, "https://cdn.example/1.mp4");
    let command = format!(
        "echo $CREATIVEAI_PUBLISH_ID >> '{}'; exit 1",
        out(&bench).display()
    );
    for _ in 0..2 {
        exec(&bench, &command, |_| {}).await;
    }
    let text = std::fs::read_to_string(out(&bench)).unwrap();
    let ids: Vec<&str> = text.lines().collect();
    assert!(ids[0].len() == 32 && ids[0] == ids[1], "{ids:?}");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_a_failure() {
    let bench = Bench::new();
    bench.completed(IdColumn::Sku, "A", 2, "https://cdn.example/1.mp4");
    let brief = |o: &mut ExecOptions| o.time_out = Duration::from_millis(20);
    let summary = exec(&bench, "sleep 500", brief).await;
    assert!(summary.failures[0].message.contains("killed"));
}

#[tokio::test]
async fn a_dry_run_runs_and_writes_nothing() {
    let bench = Bench::new();
    bench.completed(IdColumn::Sku, "A", 2, "https://cdn.example/1.mp4");
    let before = std::fs::read(bench.log()).unwrap();
    let summary = exec(&bench, &keep(&bench), |o| o.dry_run = true).await;
    assert_eq!(summary.would.len(), 1);
    assert!(!out(&bench).exists());
    assert_eq!(std::fs::read(bench.log()).unwrap(), before);
}
