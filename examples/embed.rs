//! A platform that orders clips with the library in place of the command.
//!
//! It plans the rows of a manifest, sends them to a sandbox, takes in a webhook and asks the log
//! where the jobs stand. Run it with `cargo run --example embed --no-default-features --features
//! server`; `-- FOLDER` behind that names the folder for its job log.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example says what it does"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use creativeai::clock;
use creativeai::engine::dispatch::{DispatchEvent, Dispatcher};
use creativeai::engine::ingest::observation;
use creativeai::engine::observe::{Ingested, Observer};
use creativeai::engine::photos::PhotoUploads;
use creativeai::engine::plan::{self, Allowed, Plan};
use creativeai::engine::stop::Stop;
use creativeai::engine::submit::Orders;
use creativeai::jobs::{Ledger, Rates};
use creativeai::journal::{JobLog, Writer};
use creativeai::manifest::{Manifest, Options};
use creativeai::sandbox::{self, Sandbox};
use creativeai::vendor::{ApiKey, BaseUrl, Client, ClientOptions, DurationStyle, Throttle};
use creativeai::webhook::{self, Body, Capture, Headers, SIGNATURE_HEADER, VerifyKeys};

/// Requests in flight at most.
const CONCURRENCY: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1);
    run(&folder.map_or(PathBuf::from("."), PathBuf::from)).await
}

/// Everything that this example does, with a job log in `folder`.
pub async fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let log = folder.join("embed-jobs.jsonl");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/listings.csv");

    // The stand-in for the vendor. For the real one: its address, and your key.
    let key = ApiKey::sandbox();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let vendor = sandbox::start(listener, sandbox::Options::default()).await?;

    submit(&manifest, &log, &vendor, &key).await?;
    ingest(&log, &key).await?;
    report(&log)
}

/// Orders each row that the log does not hold yet.
async fn submit(
    manifest: &Path,
    log: &Path,
    vendor: &Sandbox,
    key: &ApiKey,
) -> Result<(), Box<dyn Error>> {
    let rates = Rates::default();
    let mut manifest = Manifest::open(manifest, Options::default())?;
    let mut plan = Plan::of(&mut manifest, &rates)?;
    if let Some(row) = manifest.rows()?.find_map(Result::err) {
        return Err(row.to_string().into());
    }

    // Holds the log's lock until it is dropped: there is one writer at a time.
    let writer = Writer::open(
        log,
        Ledger::new(rates.clone()),
        "embed",
        Duration::from_secs(5),
    )?;
    if !writer.damage().is_empty() {
        return Err("a line of the log cannot be read; nothing is sent".into());
    }
    {
        let ledger = writer.ledger();
        let known = Some((writer.path(), &*ledger));
        plan::decide(&mut manifest, &mut plan, known, Allowed::default(), 100)?;
    }

    let client = Client::new(ClientOptions {
        base: BaseUrl::parse(&vendor.base_url())?,
        key: Some(key.clone()),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        voice_poll_path: None,
    })?;
    let throttle = Throttle::new(CONCURRENCY, None, None);
    let (stop, now) = (Stop::default(), clock::now);
    // What happens on the way: a platform would count it, or show it.
    let on_event = |event: DispatchEvent<'_>| {
        if let DispatchEvent::Recover(line) = event {
            eprintln!("not in the log: {line}");
        }
    };
    let dispatcher = Dispatcher::new(&client, &writer, &throttle, &stop, &now, &on_event);
    let photos = PhotoUploads::default();
    let orders = Orders {
        plan: &plan,
        writer: &writer,
        stop: &stop,
        rates: &rates,
        duration_style: DurationStyle::default(),
        photos: &photos,
        correlate: true,
        sandbox: true,
    };
    let attempts = orders.attempts(&mut manifest, &|_| true)?;
    let tally = dispatcher.run(attempts, CONCURRENCY).await;
    println!("{} sent, {} known", tally.accepted, plan.counts.skip);
    Ok(())
}

/// What the vendor would say of the first job's clip.
fn delivery(log: &Path) -> Result<String, Box<dyn Error>> {
    let log = JobLog::read(log, Ledger::new(Rates::default()).with_places())?;
    let first = log.views().next().ok_or("the log has no job")??;
    let attempt = first.attempts.values().next();
    let id = attempt.and_then(|attempt| attempt.generation_id());
    let id = id.ok_or("the first job was not accepted")?;
    Ok(format!(
        r#"{{"id":"{id}","status":"completed","output_url":"https://cdn.example.com/clip.mp4","credits":5}}"#
    ))
}

/// Takes in a delivery as a web server has received it: the bytes and headers as they came.
async fn ingest(log: &Path, key: &ApiKey) -> Result<(), Box<dyn Error>> {
    let body = delivery(log)?;
    let mut headers = Headers::default();
    headers.push(SIGNATURE_HEADER, webhook::sign(key, body.as_bytes()));
    let capture = Capture {
        received_at: None,
        method: Some("POST".into()),
        url: Some("/webhooks/creativeai".into()),
        headers,
        body: Body::Raw(body.as_bytes().into()),
    };
    // Nothing that is not proven changes the log.
    let verification = webhook::verify(&capture, &VerifyKeys::new(std::slice::from_ref(key)));
    let seen = observation(&verification, capture.correlation());
    let seen = seen.ok_or("the delivery proves nothing of a clip")?;
    // With the places of its lines, so that what they say can be read again.
    let ledger = Ledger::new(Rates::default()).with_places();
    let writer = Writer::open(log, ledger, "embed", Duration::from_secs(5))?;
    let observer = Observer {
        writer: &writer,
        clock: &clock::now,
        sandbox: true,
    };
    match observer.decide(&seen)? {
        Ingested::New { line, .. } => {
            writer.append(&line).await?;
            println!("1 webhook applied");
        }
        Ingested::Known => println!("1 webhook already known"),
        Ingested::UnknownId(why) => println!("1 webhook of an unknown clip: {why}"),
    }
    Ok(())
}

/// Where each job stands. Readers need no lock.
fn report(log: &Path) -> Result<(), Box<dyn Error>> {
    let log = JobLog::read(log, Ledger::new(Rates::default()))?;
    for job in log.ledger().jobs() {
        println!("{} {}", job.key, job.status());
    }
    Ok(())
}
