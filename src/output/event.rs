//! What comes to an end in a run, one job after the other.

/// Something that has come to an end for one job of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The vendor accepted it.
    Accepted,
    /// The vendor did not accept it.
    Refused,
    /// It is not known whether the vendor accepted it.
    Unknown,
    /// Its clip is ready.
    Completed,
    /// It failed.
    Failed,
    /// Its clip is on disk.
    Saved,
    /// Its clip was published.
    Published,
    /// There was nothing to do.
    Skipped,
}

impl Event {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Completed,
        Self::Saved,
        Self::Published,
        Self::Skipped,
        Self::Failed,
        Self::Refused,
        Self::Unknown,
    ];

    /// The word for people, and in lines for programs.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Completed => "ready",
            Self::Failed => "failed",
            Self::Saved => "downloaded",
            Self::Published => "published",
            Self::Skipped => "skipped",
        }
    }
}
