//! `--max-credits`: a limit on what the whole log may have charged and reserved.

use std::cell::{Cell, RefCell};

use crate::dispatch::Attempt;
use crate::job_log::Writer;
use crate::jobs::{Credits, JobKey, Status};

/// Decides, attempt by attempt, whether the next one still fits.
///
/// An attempt that was let through reserves its estimate from that moment on, before its line is
/// in the log: several are let through before the first is written.
#[derive(Debug)]
pub struct Cap<'a> {
    most: Option<Credits>,
    writer: &'a Writer,
    /// Thousandths committed by the whole log, [`Cap::open`] left out.
    settled: Cell<i64>,
    open: RefCell<Vec<Open>>,
    reached: Cell<bool>,
}

/// An attempt that was let through and has no outcome yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    job: JobKey,
    number: u32,
    /// What it adds to what its job had committed, in thousandths.
    estimate: i64,
    /// What its job had committed before it.
    before: i64,
}

impl<'a> Cap<'a> {
    /// A limit of `most`, if there is one, on the log that `writer` holds.
    pub fn new(most: Option<Credits>, writer: &'a Writer) -> Self {
        let settled = most.map_or(Credits::ZERO, |_| writer.ledger().committed());
        Self {
            most,
            writer,
            settled: Cell::new(settled.thousandths()),
            open: RefCell::default(),
            reached: Cell::new(false),
        }
    }

    /// Whether `attempt` fits; if so it has to be sent.
    pub fn admits(&self, attempt: &Attempt) -> bool {
        let Some(most) = self.most else {
            return true;
        };
        self.settle();
        // A repeated attempt is reserved for already.
        let estimate = if attempt.resend {
            0
        } else {
            attempt.estimate.thousandths()
        };
        let in_flight: i64 = self.open.borrow().iter().map(|o| o.estimate).sum();
        if self.settled.get() + in_flight + estimate > most.thousandths() {
            self.reached.set(true);
            return false;
        }
        self.open.borrow_mut().push(Open {
            job: attempt.job,
            number: attempt.number,
            estimate,
            before: self.committed_by(attempt.job),
        });
        true
    }

    /// Whether anything was kept back.
    pub fn is_reached(&self) -> bool {
        self.reached.get()
    }

    /// Takes over what the log knows of the attempts that have an outcome.
    fn settle(&self) {
        let has_outcome = |open: &Open| {
            let ledger = self.writer.ledger();
            let attempt = ledger.job(open.job).and_then(|j| j.attempt(open.number));
            attempt.is_some_and(|a| {
                Status::ALL
                    .into_iter()
                    .any(|s| s != Status::Submitting && a.has_seen(s))
            })
        };
        self.open.borrow_mut().retain(|open| {
            if !has_outcome(open) {
                return true;
            }
            let change = self.committed_by(open.job) - open.before;
            self.settled.set(self.settled.get() + change);
            false
        });
    }

    fn committed_by(&self, job: JobKey) -> i64 {
        let ledger = self.writer.ledger();
        ledger.job(job).map_or(0, |j| j.committed().thousandths())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::api::Endpoint;
    use crate::jobs::{Ledger, Rates, Record};

    fn attempt(job: u64, resend: bool) -> Attempt {
        Attempt {
            job: JobKey::from_number(job),
            number: 1,
            id: None,
            endpoint: Endpoint::Video,
            body: String::new(),
            opening: String::new(),
            resend,
            estimate: Credits::whole(5),
        }
    }

    fn log(dir: &tempfile::TempDir) -> Writer {
        let ledger = Ledger::new(Rates::default());
        Writer::open(
            &dir.path().join("jobs.jsonl"),
            ledger,
            "test",
            Duration::ZERO,
        )
        .unwrap()
    }

    fn write(writer: &Writer, job: u64, status: Status) {
        let line = Record::new(jiff::Timestamp::now(), JobKey::from_number(job), 1, status)
            .with("credits_estimated", Credits::whole(5));
        writer.append_blocking(line.finish()).unwrap();
    }

    #[test]
    fn attempts_count_from_the_moment_they_are_let_through() {
        let dir = tempfile::tempdir().unwrap();
        let writer = log(&dir);
        let cap = Cap::new(Some(Credits::whole(14)), &writer);
        assert!(cap.admits(&attempt(1, false)));
        assert!(cap.admits(&attempt(2, false)));
        assert!(!cap.admits(&attempt(3, false)));
        assert!(cap.is_reached());
    }

    #[test]
    fn they_count_once_when_they_are_in_the_log_and_not_at_all_when_they_were_refused() {
        let dir = tempfile::tempdir().unwrap();
        let writer = log(&dir);
        let cap = Cap::new(Some(Credits::whole(14)), &writer);
        for job in [1, 2] {
            assert!(cap.admits(&attempt(job, false)));
            write(&writer, job, Status::Submitting);
        }
        assert!(!cap.admits(&attempt(3, false)));
        write(&writer, 1, Status::Pending);
        assert!(!cap.admits(&attempt(3, false)));
        write(&writer, 2, Status::SubmitFailed);
        assert!(cap.admits(&attempt(3, false)));
        assert!(!cap.admits(&attempt(4, false)));
    }

    #[test]
    fn an_attempt_in_doubt_is_reserved_once_however_often_it_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let writer = log(&dir);
        for job in [1, 2] {
            write(&writer, job, Status::Unknown);
        }
        let cap = Cap::new(Some(Credits::whole(10)), &writer);
        assert!(cap.admits(&attempt(1, true)));
        write(&writer, 1, Status::Pending);
        assert!(cap.admits(&attempt(2, true)));
        assert!(!cap.admits(&attempt(3, false)));
    }

    #[test]
    fn without_a_limit_everything_fits() {
        let dir = tempfile::tempdir().unwrap();
        let writer = log(&dir);
        let cap = Cap::new(None, &writer);
        assert!((0..100).all(|job| cap.admits(&attempt(job, false))));
        assert!(!cap.is_reached());
    }
}
