//! Where a job stands, as people see it: the log's statuses and flags boiled down to one word.

use jiff::Timestamp;

use super::new_attempt::AttemptBlock;
use super::state::JobState;
use super::status::{JobFact, LineStatus, Status, Verdict};
use super::view::{JobView, LoggedEvent};

/// Where a job stands. The order is that of a summary: good news first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisplayStatus {
    /// The clip is there.
    Ready,
    /// The vendor is making it.
    Rendering,
    /// The vendor has it in the queue.
    Queued,
    /// Not accepted for the time being; the next run sends it again by itself.
    NotSent,
    /// The vendor tried and failed; the credits come back.
    Failed,
    /// The vendor refused it; nothing was charged.
    Refused,
    /// Someone has checked that the vendor did not accept it; nothing was charged.
    NotAccepted,
    /// An active run is sending it right now.
    BeingSent,
    /// It is not known whether it was accepted.
    Unknown,
    /// A newer version wrote of it what this one does not understand.
    Newer,
    /// An edited row took its place.
    Replaced,
    /// A person closed it.
    Closed,
}

impl DisplayStatus {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 12] = [
        Self::Ready,
        Self::Rendering,
        Self::Queued,
        Self::NotSent,
        Self::Failed,
        Self::Refused,
        Self::NotAccepted,
        Self::BeingSent,
        Self::Unknown,
        Self::Newer,
        Self::Replaced,
        Self::Closed,
    ];

    /// Where `job` stands. What no longer counts says so, whatever became of it.
    pub fn of(job: &JobState) -> Self {
        if job.is_dismissed() {
            return Self::Closed;
        }
        if job.is_superseded() {
            return Self::Replaced;
        }
        match job.status() {
            Status::Completed => Self::Ready,
            Status::Processing => Self::Rendering,
            Status::Pending => Self::Queued,
            _ if job.is_newer() => Self::Newer,
            status @ (Status::Failed | Status::SubmitFailed) => {
                Self::of_older(job).unwrap_or(match status {
                    Status::Failed => Self::Failed,
                    _ if job.is_sent_by_itself() => Self::NotSent,
                    _ if job.effective().verdict() == Some(Verdict::NotAccepted) => {
                        Self::NotAccepted
                    }
                    _ => Self::Refused,
                })
            }
            _ if job.effective().is_being_sent() => Self::BeingSent,
            Status::Unknown | Status::Submitting => Self::Unknown,
        }
    }

    /// Where a job stands whose newest attempt brings no clip, while an older one still may: no run
    /// orders it again before that has ended.
    fn of_older(job: &JobState) -> Option<Self> {
        match job.bar()? {
            AttemptBlock::BeingSent => Some(Self::BeingSent),
            AttemptBlock::InDoubt => Some(Self::Unknown),
            AttemptBlock::UnderWay if job.attempts().any(|a| a.status() == Status::Processing) => {
                Some(Self::Rendering)
            }
            AttemptBlock::UnderWay => Some(Self::Queued),
            AttemptBlock::NewerVersion | AttemptBlock::Dismissed | AttemptBlock::Completed => None,
        }
    }

    /// In a word or two, as in "2 clips *in the queue*".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Rendering => "rendering",
            Self::Queued => "in the queue",
            Self::NotSent => "not sent yet",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::NotAccepted => "not accepted",
            Self::BeingSent => "being sent",
            Self::Unknown => "outcome unknown",
            Self::Newer => "written by a newer version",
            Self::Replaced => "replaced",
            Self::Closed => "closed",
        }
    }

    /// Whether the vendor has accepted it and it has not ended.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Queued | Self::Rendering)
    }

    /// Whether it counts among a listing's clips.
    pub const fn is_counted(self) -> bool {
        !matches!(self, Self::Replaced | Self::Closed)
    }
}

impl JobView {
    /// Since when the job stands where it stands: for a clip that is ready, when the vendor completed
    /// it, however late the log heard of that; else the oldest line that says so.
    pub fn standing_since(&self) -> Option<Timestamp> {
        let effective = self.state.effective();
        let status = effective.status();
        if DisplayStatus::of(&self.state) == DisplayStatus::Ready
            && let Some(completed) = self.effective().and_then(|a| a.fields.text("completed_at"))
            && let Ok(at) = completed.parse()
        {
            return Some(at);
        }
        let says_so = |event: &&LoggedEvent| match (DisplayStatus::of(&self.state), event.word) {
            (DisplayStatus::Replaced, word) => word == LineStatus::Fact(JobFact::Superseded),
            (DisplayStatus::Closed, word) => word == LineStatus::Fact(JobFact::Resolved),
            _ if event.attempt != effective.number => false,
            (_, LineStatus::Status(Status::Submitting)) => status == Status::Unknown,
            (_, LineStatus::Status(reported)) => reported == status,
            // A person's decision stands where no line of the vendor's does.
            (_, LineStatus::Fact(fact)) => fact == JobFact::Resolved && !effective.has_seen(status),
        };
        let events = self.events.iter().filter(says_so);
        events.filter_map(|event| event.at).min()
    }
}
