//! What is reported about a job, in replies and webhooks alike.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::job::{Endpoint, JobEnding};
use super::request::{ApiError, Request};
use super::token::{Stage, Token};
use crate::jobs::Credits;

/// Where failovers go, and where those go that asked for it themselves.
pub(super) const BACKUP_MODELS: [&str; 2] = ["seedance-1.5-pro", "kling-v3"];

/// The vendor's payload. What an id alone does not hold (`model`, `prompt`, `text`) is there only
/// in the process that has accepted the job.
#[derive(Debug, Serialize)]
pub(super) struct JobReply<'a> {
    id: String,
    object: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_actual: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a RawValue>,
    #[serde(flatten)]
    under_way: Option<UnderWay>,
    #[serde(flatten)]
    end: Option<JobEnd>,
}

#[derive(Debug, Serialize)]
struct UnderWay {
    phase: &'static str,
    progress: u8,
    eta_seconds: u64,
}

#[derive(Debug, Serialize)]
struct JobEnd {
    #[serde(skip_serializing_if = "Option::is_none")]
    output_url: Option<String>,
    credits: Credits,
    failover_used: bool,
    completed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

impl<'a> JobReply<'a> {
    /// What is reported at `stage`. `request` is what was asked for, where it is still known;
    /// `output_url` is where the clip is.
    pub fn new(
        token: &Token,
        stage: Stage,
        request: Option<&Request<'a>>,
        output_url: String,
    ) -> Self {
        let words = request.and_then(Request::raw_words);
        let is_video = token.endpoint == Endpoint::Video;
        let ended = stage == Stage::Ended;
        let failover = ended && is_video && token.ending == JobEnding::Failover;
        Self {
            id: token.to_string(),
            object: object(token.endpoint),
            status: status(token, stage),
            model: request.and_then(Request::raw_model),
            model_actual: failover.then(|| BACKUP_MODELS[usize::from(token.asked_for_backup)]),
            prompt: words.filter(|_| is_video),
            text: words.filter(|_| !is_video),
            under_way: UnderWay::at(token, stage),
            end: ended.then(|| JobEnd::of(token, output_url)),
        }
    }

    /// The name of the event that a webhook reports.
    pub fn event(&self) -> String {
        format!("{}.{}", self.object, self.status)
    }

    /// The body.
    pub fn json(&self) -> Vec<u8> {
        // Texts, numbers and JSON that was read before: there is nothing to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl UnderWay {
    fn at(token: &Token, stage: Stage) -> Option<Self> {
        let whole = Duration::from_millis(token.render_ms.into());
        let (phase, done, left) = match stage {
            Stage::Ended => return None,
            Stage::Pending => ("Queued", 0.0, whole),
            Stage::Processing { done, left } => {
                let phase = match done {
                    ..0.3 => "Preparing",
                    ..0.8 => "Rendering",
                    ..0.95 => "Encoding",
                    _ => "Finishing",
                };
                (phase, done, left)
            }
        };
        Some(Self {
            phase,
            progress: (done * 100.0) as u8,
            eta_seconds: left.as_secs_f64().ceil() as u64,
        })
    }
}

impl JobEnd {
    fn of(token: &Token, output_url: String) -> Self {
        let failed = token.ending == JobEnding::Failed;
        Self {
            output_url: (!failed).then_some(output_url),
            credits: token.charged,
            failover_used: token.ending == JobEnding::Failover,
            completed_at: format!("{:.3}", token.ends_at()),
            error: failed.then(|| complaint(token.complaint)),
        }
    }
}

fn object(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Video => "video.generation",
        Endpoint::Voice => "voice.generation",
    }
}

/// The status word at `stage`.
pub(super) fn status(token: &Token, stage: Stage) -> &'static str {
    match (stage, token.ending) {
        (Stage::Pending, _) => "pending",
        (Stage::Processing { .. }, _) => "processing",
        (Stage::Ended, JobEnding::Failed) => "failed",
        (Stage::Ended, _) => "completed",
    }
}

/// Errors come as a text in the vendor's samples; one is an object here, as nothing promises that
/// they stay texts.
fn complaint(which: u8) -> Value {
    match which {
        0 => json!("provider timeout after retry budget"),
        1 => json!("the source image could not be fetched"),
        2 => json!("content moderation rejected the output"),
        _ => json!({"code": "provider_error", "message": "all providers failed"}),
    }
}

/// The body of a refusal.
pub(super) fn refusal(refusal: &ApiError) -> Vec<u8> {
    let mut error = json!({"type": refusal.kind, "message": refusal.message});
    if let Some(param) = refusal.param {
        error["param"] = param.into();
    }
    json!({ "error": error }).to_string().into_bytes()
}
