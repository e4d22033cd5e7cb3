//! The words of a log line's `status` field.

use serde::Serialize;

/// Where an attempt stands. The order is the fold's order: within an attempt the later wins,
/// whatever the order of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The request was about to be sent. Standing alone, its outcome is not known.
    Submitting,
    /// The request may or may not have been accepted and billed.
    Unknown,
    /// Every request of the attempt is known not to have been accepted.
    SubmitFailed,
    /// Accepted, waiting for its turn.
    Pending,
    /// Accepted, being rendered.
    Processing,
    /// Accepted, ended without a clip; the vendor refunds.
    Failed,
    /// Accepted, ended with a clip.
    Completed,
}

impl Status {
    /// All of them, in the fold's order.
    pub const ALL: [Self; 7] = [
        Self::Submitting,
        Self::Unknown,
        Self::SubmitFailed,
        Self::Pending,
        Self::Processing,
        Self::Failed,
        Self::Completed,
    ];

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitting => "submitting",
            Self::Unknown => "unknown",
            Self::SubmitFailed => "submit_failed",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Failed => "failed",
            Self::Completed => "completed",
        }
    }

    /// The status a word of the log means.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// A status word as the vendor uses it (`pending`, `processing`, `failed`, `completed`);
    /// `None` for a word that is not in its documentation, the client's own words included.
    pub fn from_vendor(word: &str) -> Option<Self> {
        Self::parse(word).filter(|s| s.is_accepted())
    }

    /// Whether it proves that the vendor accepted the attempt.
    pub const fn is_accepted(self) -> bool {
        matches!(
            self,
            Self::Pending | Self::Processing | Self::Failed | Self::Completed
        )
    }

    /// Whether rendering has ended.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Failed | Self::Completed)
    }

    /// Whether it is being rendered, as far as anybody knows.
    pub const fn is_rendering(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }

    /// Its place in the fold's order, 0 to 6.
    pub const fn rank(self) -> u8 {
        self as u8
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Facts about a job, which are lines of their own and not states of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobFact {
    /// The clip is on disk: `file`, `bytes`, `sha256`.
    Downloaded,
    /// The clip was published: `target`, `reference`.
    Published,
    /// A person has settled a doubt: `verdict`, `by`.
    Resolved,
    /// An edited row replaced the job: `by_job`.
    Superseded,
    /// The job's listing, SKU or photo goes by another name: `listing_id` or `sku`, `image_url`.
    Renamed,
    /// A person has looked at the clip: `verdict`, `by`.
    Reviewed,
}

impl JobFact {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Downloaded,
        Self::Published,
        Self::Resolved,
        Self::Superseded,
        Self::Renamed,
        Self::Reviewed,
    ];

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Downloaded => "downloaded",
            Self::Published => "published",
            Self::Resolved => "resolved",
            Self::Superseded => "superseded",
            Self::Renamed => "renamed",
            Self::Reviewed => "reviewed",
        }
    }
}

/// What a line's `status` field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineStatus {
    /// A state of the attempt.
    Status(Status),
    /// A fact about it.
    Fact(JobFact),
}

impl LineStatus {
    /// Reads the field; `None` for an unknown word.
    pub fn parse(word: &str) -> Option<Self> {
        Status::parse(word).map(Self::Status).or_else(|| {
            JobFact::ALL
                .into_iter()
                .find(|f| f.as_str() == word)
                .map(Self::Fact)
        })
    }

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status(status) => status.as_str(),
            Self::Fact(fact) => fact.as_str(),
        }
    }

    /// The status, where it is one.
    pub const fn status(self) -> Option<Status> {
        match self {
            Self::Status(status) => Some(status),
            Self::Fact(_) => None,
        }
    }
}

impl From<Status> for LineStatus {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<JobFact> for LineStatus {
    fn from(fact: JobFact) -> Self {
        Self::Fact(fact)
    }
}

/// What a person decided about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It was accepted, under the id that the line names.
    Accepted,
    /// It was not accepted: a new attempt is safe.
    NotAccepted,
    /// The job is closed for good.
    Dismissed,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::NotAccepted, Self::Dismissed];

    /// Which one speaks of those with one time: what orders nothing again before what may.
    pub(super) const fn caution(self) -> u8 {
        match self {
            Self::NotAccepted => 0,
            Self::Accepted => 1,
            Self::Dismissed => 2,
        }
    }

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotAccepted => "not_accepted",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.as_str() == word)
    }
}

/// What a person thinks of a clip, from the least cautious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewVerdict {
    /// It may go out.
    Kept,
    /// It may not.
    Rejected,
}

impl ReviewVerdict {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Kept, Self::Rejected];

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|look| look.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for status in Status::ALL {
            assert_eq!(
                LineStatus::parse(status.as_str()),
                Some(LineStatus::Status(status))
            );
        }
        for fact in JobFact::ALL {
            assert_eq!(
                LineStatus::parse(fact.as_str()),
                Some(LineStatus::Fact(fact))
            );
        }
        assert_eq!(LineStatus::parse("queued"), None);
    }

    #[test]
    fn the_clients_own_words_are_none_of_the_vendors() {
        assert_eq!(Status::from_vendor("completed"), Some(Status::Completed));
        for own in ["unknown", "submitting", "submit_failed", "downloaded"] {
            assert_eq!(Status::from_vendor(own), None);
        }
    }

    #[test]
    fn the_order_is_that_of_the_list() {
        assert!(
            Status::ALL
                .windows(2)
                .all(|w| w[0] < w[1] && w[0].rank() + 1 == w[1].rank())
        );
    }
}
