//! What a job is: what it asks for, how it ends, and what its clip looks like.

use serde::Serialize;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Endpoint {
    /// A video.
    #[serde(rename = "/v1/video/generations")]
    Video,
    /// Spoken words.
    #[serde(rename = "/api/generate/voice")]
    Voice,
}

/// How rendering ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnding {
    /// With a clip.
    Completed,
    /// With a clip that another provider made.
    Failover,
    /// Without one.
    Failed,
}

/// A clip's length and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Seconds; never 0.
    pub seconds: u8,
    /// Width by height, as in 16:9; neither is 0.
    pub shape: (u8, u8),
}

impl Frame {
    /// `None` for what no clip can have.
    pub fn new(seconds: u8, shape: (u8, u8)) -> Option<Self> {
        let is_one = seconds > 0 && shape.0 > 0 && shape.1 > 0;
        is_one.then_some(Self { seconds, shape })
    }
}
