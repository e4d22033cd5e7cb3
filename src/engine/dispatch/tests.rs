//! Attempts made against a transport that says what a test wants.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::jobs::{Ledger, Line, Status};
use crate::vendor::{Endpoint, MaySend, Outcome};

/// Looks into the log whenever a request is sent.
struct Watcher {
    log: PathBuf,
    concurrency: usize,
    /// The most attempts without an outcome that it ever saw.
    most: Cell<usize>,
    sent: Cell<u32>,
}

impl Transport for Watcher {
    async fn submit(&self, _: Endpoint, key: &str, _: &str, _: Option<MaySend>) -> Option<Outcome> {
        let open = in_doubt(&self.log);
        assert!(
            open.iter().any(|job| key.contains(job.as_str())),
            "{key} is sent before the log holds it"
        );
        assert!(open.len() <= self.concurrency, "{open:?} are all in doubt");
        self.most.set(self.most.get().max(open.len()));
        self.sent.set(self.sent.get() + 1);
        let error = "no".to_owned();
        // Others are sent meanwhile.
        tokio::task::yield_now().await;
        Some(Outcome::Refused {
            http_status: 400,
            error,
        })
    }
}

/// The jobs that a log announces and holds no outcome of, as another process reads it.
fn in_doubt(log: &Path) -> Vec<String> {
    let mut newest = HashMap::new();
    let text = std::fs::read_to_string(log).unwrap();
    // The last line may be on its way just now.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for line in whole.lines() {
        let line = Line::parse_whole(line).unwrap();
        newest.insert(line.job.to_string(), line.word.status());
    }
    newest.retain(|_, status| *status == Some(Status::Submitting));
    newest.into_keys().collect()
}

fn writer(log: &Path) -> Writer {
    let ledger = Ledger::new(crate::jobs::Rates::default());
    Writer::open(log, ledger, "submit", Duration::ZERO).unwrap()
}

#[tokio::test]
async fn a_request_is_sent_once_its_line_and_the_outcome_before_it_are_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("jobs.jsonl");
    let writer = writer(&log);
    let concurrency = 4;
    let transport = Watcher {
        log: log.clone(),
        concurrency,
        most: Cell::default(),
        sent: Cell::default(),
    };
    let throttle = Throttle::new(concurrency, None, None);
    let stop = Stop::default();
    let reported = Cell::new(0);
    let report = |event: DispatchEvent<'_>| {
        let attempt = match event {
            DispatchEvent::Begun(_) => return,
            DispatchEvent::Refused(attempt, 400, _) => attempt,
            _ => panic!("{event:?}"),
        };
        let job = attempt.job.to_string();
        assert!(
            !in_doubt(&log).contains(&job),
            "{job} is reported too early"
        );
        reported.set(reported.get() + 1);
    };
    let now = jiff::Timestamp::now;
    let dispatcher = Dispatcher::new(&transport, &writer, &throttle, &stop, &now, &report);
    let tally = dispatcher
        .run((0..200).map(Attempt::of_test), concurrency)
        .await;
    assert_eq!((tally.made(), tally.refused), (200, 200));
    assert_eq!((transport.sent.get(), reported.get()), (200, 200));
    assert!(transport.most.get() > 1, "all were sent one by one");
    assert_eq!(in_doubt(&log), [""; 0]);
}

/// Replies one after the other.
struct Scripted(RefCell<VecDeque<Option<Outcome>>>);

impl Transport for Scripted {
    async fn submit(&self, _: Endpoint, _: &str, _: &str, _: Option<MaySend>) -> Option<Outcome> {
        self.0.borrow_mut().pop_front().unwrap()
    }
}

/// Sends one attempt a reply, one after the other; says why the run ended early.
async fn reasons(replies: impl IntoIterator<Item = Outcome>) -> Vec<StopReason> {
    let dir = tempfile::tempdir().unwrap();
    let writer = writer(&dir.path().join("jobs.jsonl"));
    let transport = Scripted(RefCell::new(replies.into_iter().map(Some).collect()));
    let (throttle, stop) = (Throttle::new(1, None, None), Stop::default());
    let now = jiff::Timestamp::now;
    let dispatcher = Dispatcher::new(&transport, &writer, &throttle, &stop, &now, &|_| {});
    let attempts = 0..transport.0.borrow().len();
    dispatcher.run(attempts.map(Attempt::of_test), 1).await;
    stop.reasons()
}

#[tokio::test]
async fn only_replies_in_a_row_end_a_run() {
    let no_page = || Outcome::Refused {
        http_status: 404,
        error: "no such page".to_owned(),
    };
    let cut = || Outcome::Unknown {
        http_status: None,
        error: "cut".to_owned(),
    };
    let denied = || Outcome::Refused {
        http_status: 400,
        error: "bad".to_owned(),
    };
    assert_eq!(reasons([no_page(), cut(), no_page(), no_page()]).await, []);
    assert_eq!(reasons([cut(), no_page(), cut(), cut()]).await, []);
    assert_eq!(
        reasons([no_page(), no_page(), denied(), no_page()]).await,
        []
    );
    let pages = reasons([cut(), no_page(), no_page(), no_page()]).await;
    assert_eq!(pages, [StopReason::WrongAddress]);
    let cuts = reasons([no_page(), cut(), cut(), cut()]).await;
    assert_eq!(cuts, [StopReason::ThreeUnknown]);
}

#[tokio::test]
async fn a_withdrawn_attempt_is_in_doubt_if_it_was_sent_before() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("jobs.jsonl");
    let writer = writer(&log);
    let transport = Scripted(RefCell::new([None, None].into()));
    let (throttle, stop) = (Throttle::new(1, None, None), Stop::default());
    let now = jiff::Timestamp::now;
    let reported = RefCell::new(Vec::new());
    let report = |event: DispatchEvent<'_>| {
        reported.borrow_mut().push(match event {
            DispatchEvent::Begun(_) => return,
            DispatchEvent::GaveUp(attempt, error) => (attempt.resend, "gave up", error),
            DispatchEvent::Unknown(attempt, error) => (attempt.resend, "unknown", error),
            _ => panic!("{event:?}"),
        });
    };
    let dispatcher = Dispatcher::new(&transport, &writer, &throttle, &stop, &now, &report);
    let attempts = [false, true].into_iter().enumerate();
    let attempts = attempts.map(|(i, resend)| Attempt {
        resend,
        ..Attempt::of_test(i)
    });
    let tally = dispatcher.run(attempts, 1).await;
    let why = "the run was stopped before the request was sent";
    let expected = [
        (false, "gave up", why.to_owned()),
        (true, "unknown", format!("it was not sent again: {why}")),
    ];
    assert_eq!(reported.take(), expected);
    assert_eq!((tally.gave_up, tally.unknown), (1, 1));
    let text = std::fs::read_to_string(&log).unwrap();
    let status = |line| Line::parse_whole(line).unwrap().word.status();
    let words: Vec<_> = text.lines().map(status).collect();
    assert_eq!(
        words[1..],
        [
            Some(Status::SubmitFailed),
            Some(Status::Submitting),
            Some(Status::Unknown)
        ]
    );
}
