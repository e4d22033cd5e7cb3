//! The small steps that everything else is made of: a line read and written, lines folded, a
//! signature checked, a sheet read.
//!
//! `cargo bench --bench micro` measures; `cargo test --bench micro` only runs each once.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    missing_docs,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use std::hint::black_box;
use std::io::Write;

use creativeai::jobs::{
    Event, EventKind, Facts, GenerationId, IdColumn, JobKey, Ledger, Line, Rates, Stamp, Status,
    StatusReport, Via,
};
use creativeai::journal::JobLog;
use creativeai::manifest::{Manifest, Options};
use creativeai::vendor::{ApiKey, Payload};
use creativeai::webhook::{VerifyKeys, sign};
use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const SUBMITTING: &str = r#"{"at":"2026-03-12T09:20:00.412Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","sku":"SKU-0004202","category":"shoes","line":4203,"credits_estimated":5,"request":{"model":"kling-v3","prompt":"Slow orbit around the product on a clean white background, soft studio light","image_url":"https://cdn.example.com/catalog/0004202/front.jpg","duration":"5s","aspect_ratio":"16:9"}}"#;
const COMPLETED: &str = r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"completed","sku":"SKU-0004202","generation_id":"vgen_def456","output_url":"https://cdn.example.com/out/vgen_def456.mp4","credits":5,"failover_used":false,"completed_at":"2026-03-12T09:22:17Z","via":"webhook"}"#;
/// Escapes within a name that is needed are left to the general reader.
const ESCAPED: &str = r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"completed","sku":"27\" screen","generation_id":"vgen_def456","credits":5}"#;
const BODY: &str = r#"{"id":"vgen_def456","object":"video.generation","status":"completed","model":"kling-v3","prompt":"Slow orbit around the product on a clean white background, soft studio light","output_url":"https://cdn.example.com/out/vgen_def456.mp4","credits":5,"failover_used":false,"completed_at":"2026-03-12T09:22:17Z"}"#;

#[divan::bench(args = ["submitting", "completed", "escaped"])]
fn record_parse(bencher: Bencher<'_, '_>, line: &str) {
    let line = match line {
        "submitting" => SUBMITTING,
        "completed" => COMPLETED,
        _ => ESCAPED,
    };
    bencher
        .counter(BytesCount::of_str(line))
        .bench(|| Line::parse(black_box(line)).is_ok());
}

#[divan::bench]
fn record_write(bencher: Bencher<'_, '_>) {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let job = JobKey::digest(&["video", "SKU-1"]);
    let id = GenerationId::parse("vgen_def456").unwrap();
    let facts = Facts {
        output_url: Some("https://cdn.example.com/out/vgen_def456.mp4".into()),
        credits: Some(5.0),
        ..Facts::default()
    };
    bencher.bench(|| {
        let seen = StatusReport {
            status: Status::Completed,
            generation_id: &id,
            submitted_at: None,
            report: facts.report(Status::Completed, None),
            via: Some(Via::Webhook),
        };
        Event::new(
            Stamp::first(black_box(at)),
            job,
            1,
            EventKind::Reported(seen),
        )
        .of_item(Some((IdColumn::Sku, "SKU-0004202")))
        .line()
    });
}

#[divan::bench]
fn payload_parse(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(BODY))
        .bench(|| Payload::parse(black_box(BODY.as_bytes())).is_ok());
}

/// A log as it is after `jobs` clips, read from a file.
#[divan::bench(args = [1_000, 20_000])]
fn fold(bencher: Bencher<'_, '_>, jobs: u64) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for word in [SUBMITTING, COMPLETED] {
        for n in 0..jobs {
            let line = word
                .replace("5b1f0c9a77d2e318", &format!("{n:016x}"))
                .replace("vgen_def456", &format!("vgen_{n:08}"));
            writeln!(file, "{line}").unwrap();
        }
    }
    bencher.counter(ItemsCount::new(jobs * 2)).bench(|| {
        let ledger = Ledger::new(Rates::default()).with_places();
        JobLog::read(file.path(), ledger).unwrap().ledger().lines()
    });
}

#[divan::bench]
fn signature(bencher: Bencher<'_, '_>) {
    let key = ApiKey::new("rph_live_bench").unwrap();
    let header = sign(&key, BODY.as_bytes());
    let keys = VerifyKeys::new(&[key]);
    bencher
        .counter(BytesCount::of_str(BODY))
        .bench(|| keys.check(black_box(BODY.as_bytes()), Some(&header)));
}

#[divan::bench(args = [1_000])]
fn csv_read(bencher: Bencher<'_, '_>, rows: u64) {
    let mut sheet = "sku,image_url,video_prompt,category\n".to_owned();
    for n in 0..rows {
        sheet.push_str(&format!(
            "SKU-{n:07},https://cdn.example.com/{n}/front.jpg,\"Push in on the \"\"hero\"\" side, warm light\",shoes\n"
        ));
    }
    let bytes = sheet.len();
    let mut manifest =
        Manifest::from_reader("bench.csv", sheet.as_bytes(), Options::default()).unwrap();
    bencher
        .counter(ItemsCount::new(rows))
        .counter(BytesCount::new(bytes))
        .bench_local(|| {
            let rows = manifest.rows().unwrap();
            rows.map(|row| row.unwrap().key().number())
                .fold(0, u64::wrapping_add)
        });
}
