//! What the vendor says of a generation, and what of it a log line keeps.

use serde::{Serialize, Serializer};

use super::status::Status;
use super::text::Text;

/// What a payload, a reply or a poll's answer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts<'a> {
    /// Where the clip is.
    pub output_url: Option<Text<'a>>,
    /// Credits charged.
    pub credits: Option<f64>,
    /// Credits charged after a correction.
    pub adjusted_credits: Option<f64>,
    /// Whether another provider served it.
    pub failover_used: Option<bool>,
    /// The model that served it, where it is distinguished.
    pub model_actual: Option<Text<'a>>,
    /// The model that the payload names.
    pub model: Option<Text<'a>>,
    /// When it ended by the vendor's clock, RFC 3339.
    pub completed_at: Option<Text<'a>>,
    /// What went wrong.
    pub error: Option<Text<'a>>,
    /// While rendering: e.g. `Encoding`.
    pub phase: Option<Text<'a>>,
    /// While rendering: of no documented unit.
    pub progress: Option<f64>,
    /// While rendering: seconds left.
    pub eta_seconds: Option<f64>,
    /// The prompt, to recognize an attempt by.
    pub prompt: Option<Text<'a>>,
}

impl Facts<'_> {
    /// Longest text kept of each field, in bytes.
    pub const MAX_TEXT: usize = 8192;

    /// The same, independent of what they were read from.
    pub fn into_owned(self) -> Facts<'static> {
        Facts {
            output_url: self.output_url.map(Text::into_owned),
            model_actual: self.model_actual.map(Text::into_owned),
            model: self.model.map(Text::into_owned),
            completed_at: self.completed_at.map(Text::into_owned),
            error: self.error.map(Text::into_owned),
            phase: self.phase.map(Text::into_owned),
            prompt: self.prompt.map(Text::into_owned),
            ..self
        }
    }

    /// What a line of `status` keeps of it; `model` is the one that was asked for.
    pub fn report(&self, status: Status, model: Option<&str>) -> ReportedFacts<'_> {
        if status.is_rendering() {
            return ReportedFacts::Progress(ProgressFacts {
                phase: text(self.phase.as_ref()),
                progress: self.progress,
                eta_seconds: self.eta_seconds,
            });
        }
        let other = |served: &&Text<'_>| model.is_some_and(|asked| asked != served.as_str());
        let served = self.model_actual.as_ref();
        let served = served.or_else(|| self.model.as_ref().filter(other));
        ReportedFacts::End(EndFacts {
            output_url: text(self.output_url.as_ref()),
            credits: self.credits,
            adjusted_credits: self.adjusted_credits,
            failover_used: self.failover_used,
            model_actual: text(served),
            completed_at: text(self.completed_at.as_ref()),
            error: text(self.error.as_ref()),
        })
    }
}

fn text<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(Text::as_str)
}

/// What a log line keeps of the vendor's word. The fields are written in this order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReportedFacts<'a> {
    /// Of a clip that is being rendered.
    Progress(ProgressFacts<'a>),
    /// Of one that has ended.
    End(EndFacts<'a>),
}

/// How far rendering has come, as the vendor says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgressFacts<'a> {
    /// e.g. `Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<&'a str>,
    /// Of no documented unit.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub progress: Option<f64>,
    /// Seconds left.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub eta_seconds: Option<f64>,
}

/// How rendering has ended, as the vendor says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndFacts<'a> {
    /// Where the clip is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_url: Option<&'a str>,
    /// Credits charged.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub credits: Option<f64>,
    /// Credits charged after a correction.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub adjusted_credits: Option<f64>,
    /// Whether another provider than the first choice served it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover_used: Option<bool>,
    /// The model that served it, where that is not the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_actual: Option<&'a str>,
    /// When it ended by the vendor's clock, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<&'a str>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// A whole number as JSON writes it without a point, as the vendor does.
#[expect(clippy::ref_option, reason = "as serde calls it")]
fn number<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match *number {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            serializer.serialize_i64(number as i64)
        }
        number => number.serialize(serializer),
    }
}
