//! An attempt that is about to be made.

use crate::engine::cap::CapCharge;
use crate::jobs::{self, Credits, EventKind, IdColumn, JobKey, JobView, Order, Rates};
use crate::vendor::Endpoint;

/// One attempt to be made: one request of the user, one possible bill.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The job.
    pub job: JobKey,
    /// The attempt's number, from 1.
    pub number: u32,
    /// The listing or SKU.
    pub id: Option<(IdColumn, String)>,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What is ordered: the request's body, and what the log keeps beside it.
    pub order: Order,
    /// Jobs, and their newest attempts, that this one replaces. The log says so once it announces
    /// the attempt, and not without it.
    pub replaces: Vec<(JobKey, u32)>,
    /// An earlier POST of this attempt may have been accepted: no refusal now proves that none was.
    pub resend: bool,
    /// Whether its lines are marked as a rehearsal's.
    pub sandbox: bool,
}

impl Attempt {
    /// What it is expected to cost.
    pub fn estimate(&self) -> Credits {
        self.order.credits_estimated
    }

    /// What it adds to what is reserved: a repeated one is reserved for already.
    pub fn more(&self) -> Credits {
        if self.resend {
            Credits::ZERO
        } else {
            self.estimate()
        }
    }

    /// It, as caps count it.
    pub(super) fn candidate(&self) -> CapCharge {
        CapCharge {
            job: self.job,
            number: self.number,
            more: self.more(),
        }
    }

    /// The job as it stands once the attempt is announced, for looking at its columns.
    pub fn as_job(&self, rates: &Rates) -> Option<JobView> {
        // No column depends on the time.
        let at = jobs::Stamp::first(jiff::Timestamp::UNIX_EPOCH);
        let line = self.event(at, EventKind::Submitting(&self.order)).line();
        let view = JobView::fold(self.job, [line.trim_end()], rates);
        view.ok().flatten()
    }

    /// A line about it.
    pub(super) fn event<'e>(&'e self, at: jobs::Stamp, what: EventKind<'e>) -> jobs::Event<'e> {
        let id = self.id.as_ref().map(|(column, id)| (*column, id.as_str()));
        jobs::Event::new(at, self.job, self.number, what)
            .of_item(id)
            .in_sandbox(self.sandbox)
    }
    /// One of the job with this number, for tests.
    #[cfg(test)]
    pub(crate) fn of_test(i: usize) -> Self {
        Self {
            job: JobKey::of_seed(&i.to_string()),
            number: 1,
            id: None,
            endpoint: Endpoint::Video,
            order: Order {
                variant: None,
                photo_name: None,
                columns: Vec::new(),
                line: None,
                credits_estimated: Credits::whole(5),
                request: serde_json::from_str("{}").unwrap(),
            },
            replaces: Vec::new(),
            resend: false,
            sandbox: false,
        }
    }
}
