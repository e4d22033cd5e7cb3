//! What a person reads about where a job stands.

use super::tone::Tone;
use crate::jobs::DisplayStatus;

impl DisplayStatus {
    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ready => "The clip is finished.",
            Self::Rendering => "The vendor is making the clip.",
            Self::Queued => "The vendor has accepted it and will start soon.",
            Self::NotSent => {
                "The vendor did not take it yet, and nothing was charged. The next submit sends it again."
            }
            Self::Failed => "The vendor could not make the clip and gives the credits back.",
            Self::Refused => "The vendor did not accept it; nothing was charged.",
            Self::NotAccepted => {
                "Someone checked that the vendor did not accept it; nothing was charged."
            }
            Self::BeingSent => "A run that is at work is sending it just now.",
            Self::Unknown => {
                "It was sent, but no clear answer came back. It may have been accepted, and paid for."
            }
            Self::Newer => {
                "A newer version of creativeai wrote of it what this one cannot read. It is not sent again."
            }
            Self::Replaced => "Its row was edited; the newer clip takes its place.",
            Self::Closed => "A person closed it by hand.",
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
