//! How a job's status is shown: its color, and its position in a list.

use std::cmp::Ordering;

use rayon::slice::ParallelSliceMut;

use crate::jobs::{DisplayStatus, IdColumn, JobKey, JobView};
use crate::text::natural_sort;

/// What a piece of text is about; its color follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Done.
    Good,
    /// Under way.
    Busy,
    /// Failed.
    Bad,
    /// Waits for a decision.
    Doubt,
    /// Less important than the rest.
    Quiet,
    /// A headline.
    Strong,
}

impl DisplayStatus {
    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ready => "The clip is finished.",
            Self::Rendering => "The vendor is making the clip.",
            Self::Queued => "The vendor has accepted it and will start soon.",
            Self::NotSent => {
                "The vendor has not accepted it yet, and nothing was charged. The next submit sends it again."
            }
            Self::Failed => "The vendor could not make the clip and gives the credits back.",
            Self::Refused => "The vendor did not accept it; nothing was charged.",
            Self::NotAccepted => {
                "Someone checked that the vendor did not accept it; nothing was charged."
            }
            Self::BeingSent => "An active run is sending it right now.",
            Self::Unknown => {
                "It was sent, but no clear answer came back. It may have been accepted, and paid for."
            }
            Self::Newer => {
                "A newer version of creativeai wrote something about it that this one cannot read. It is not sent again."
            }
            Self::Replaced => "Its row was edited; the newer clip takes its place.",
            Self::Closed => "Someone closed it by hand.",
        }
    }

    /// A sign for the start of a line.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Ready => "✓",
            Self::Rendering | Self::Queued => "•",
            Self::NotSent | Self::BeingSent => "○",
            Self::Failed | Self::Refused | Self::NotAccepted => "✗",
            Self::Unknown | Self::Newer => "?",
            Self::Replaced | Self::Closed => "–",
        }
    }

    /// Its name in the style and the filters of pages.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Rendering => "rendering",
            Self::Queued => "queued",
            Self::NotSent => "not-sent",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::NotAccepted => "not-accepted",
            Self::BeingSent => "being-sent",
            Self::Unknown => "unknown",
            Self::Newer => "newer",
            Self::Replaced => "replaced",
            Self::Closed => "closed",
        }
    }

    /// Its color.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Ready => Tone::Good,
            Self::Rendering | Self::Queued | Self::NotSent | Self::BeingSent => Tone::Busy,
            Self::Failed | Self::Refused | Self::NotAccepted => Tone::Bad,
            Self::Unknown | Self::Newer => Tone::Doubt,
            Self::Replaced | Self::Closed => Tone::Quiet,
        }
    }
}

/// A job's place among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSortKey {
    /// Whose the job is.
    pub item: Option<(IdColumn, String)>,
    line: u64,
    /// The job.
    pub key: JobKey,
}

impl JobSortKey {
    /// Of a job.
    pub fn of(view: &JobView) -> Self {
        Self {
            item: view.id().map(|(column, id)| (column, id.to_owned())),
            line: view.line().unwrap_or(u64::MAX),
            key: view.key(),
        }
    }
}

impl Ord for JobSortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let items = match (&self.item, &other.item) {
            (Some((column, id)), Some((other_column, other_id))) => {
                natural_sort::compare(id, other_id).then_with(|| column.cmp(other_column))
            }
            // What belongs to no one comes last.
            (mine, other) => other.is_some().cmp(&mine.is_some()),
        };
        items.then_with(|| (self.line, self.key).cmp(&(other.line, other.key)))
    }
}

impl PartialOrd for JobSortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Things with their jobs' places, in order.
pub fn in_order<T: Send>(mut listed: Vec<(JobSortKey, T)>) -> Vec<(JobSortKey, T)> {
    listed.par_sort_by(|(one, _), (other, _)| one.cmp(other));
    listed
}
