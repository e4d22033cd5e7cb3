//! What the vendor says about a generation: the body of a webhook, and, as far as anybody knows,
//! of the status call and of the reply to a submission. Every field is optional, and a field of an
//! unexpected type is as good as absent.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::jobs::{Facts, GenerationId, Text};
use crate::text::prefix;

/// Why a body says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PayloadError(pub String);

/// A body, its fields still raw; the methods read them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Payload<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    job_id: Option<&'a RawValue>,
    #[serde(borrow)]
    generation_id: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    model_actual: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    output_url: Option<&'a RawValue>,
    #[serde(borrow)]
    credits: Option<&'a RawValue>,
    #[serde(borrow)]
    adjusted_credits: Option<&'a RawValue>,
    #[serde(borrow)]
    failover_used: Option<&'a RawValue>,
    #[serde(borrow)]
    completed_at: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    phase: Option<&'a RawValue>,
    #[serde(borrow)]
    progress: Option<&'a RawValue>,
    #[serde(borrow)]
    eta_seconds: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    /// Reads a body: a JSON object, as the vendor's pages show it.
    pub fn parse(body: &'a [u8]) -> Result<Self, PayloadError> {
        let text = std::str::from_utf8(body)
            .map_err(|_| PayloadError("the body is not UTF-8".to_owned()))?;
        // serde would also read a struct from an array.
        if !text.trim_start().starts_with('{') {
            return Err(PayloadError("the body is not a JSON object".to_owned()));
        }
        serde_json::from_str(text).map_err(|e| PayloadError(format!("the body is not JSON: {e}")))
    }

    /// The id as it was sent, unchecked: `id`, else `generation_id`; of a voice `job_id` before that.
    pub fn named_id(&self) -> Option<Text<'a>> {
        self.named_id_of(self.text.is_some())
    }

    fn named_id_of(&self, is_voice: bool) -> Option<Text<'a>> {
        let [first, second] = if is_voice {
            [self.job_id, self.generation_id]
        } else {
            [self.generation_id, self.job_id]
        };
        [self.id, first, second].into_iter().find_map(text)
    }

    /// The id in the reply to an order, checked.
    pub fn id_of_order(&self, is_voice: bool) -> Option<GenerationId> {
        GenerationId::parse(self.named_id_of(is_voice)?.as_str())
    }

    /// Whether it may be about a generation: it names that, or none.
    pub fn may_be_about(&self, asked: &GenerationId) -> bool {
        let ids = [self.id, self.job_id, self.generation_id];
        let mut named = ids.into_iter().filter_map(text).peekable();
        named.peek().is_none() || named.any(|id| id.as_str() == asked.as_str())
    }

    /// The id, checked.
    pub fn id(&self) -> Option<GenerationId> {
        GenerationId::parse(self.named_id()?.as_str())
    }

    /// The status word as it was sent.
    pub fn status(&self) -> Option<Text<'a>> {
        text(self.status)
    }

    /// The model, as the payload names it.
    pub fn model(&self) -> Option<Text<'a>> {
        text(self.model)
    }

    /// The model that served the request, where it is distinguished from the one asked for.
    pub fn model_actual(&self) -> Option<Text<'a>> {
        text(self.model_actual)
    }

    /// The prompt of a video, or the text of a voice.
    pub fn prompt(&self) -> Option<Text<'a>> {
        text(self.prompt).or_else(|| text(self.text))
    }

    /// Where the clip is.
    pub fn output_url(&self) -> Option<Text<'a>> {
        text(self.output_url).filter(|url| !url.as_str().is_empty())
    }

    /// Credits charged.
    pub fn credits(&self) -> Option<f64> {
        value(self.credits)
    }

    /// Credits charged after a correction.
    pub fn adjusted_credits(&self) -> Option<f64> {
        value(self.adjusted_credits)
    }

    /// Whether another provider served it.
    pub fn failover_used(&self) -> Option<bool> {
        value(self.failover_used)
    }

    /// RFC 3339, as it was sent.
    pub fn completed_at(&self) -> Option<Text<'a>> {
        text(self.completed_at)
    }

    /// What went wrong: the text, or the message inside of an object or array, or its JSON.
    pub fn error(&self) -> Option<String> {
        self.error
            .and_then(|raw| message_of(&serde_json::from_str(raw.get()).ok()?))
    }

    /// e.g. `Rendering`.
    pub fn phase(&self) -> Option<Text<'a>> {
        text(self.phase)
    }

    /// A number, of no documented unit.
    pub fn progress(&self) -> Option<f64> {
        value(self.progress)
    }

    /// Seconds left.
    pub fn eta_seconds(&self) -> Option<f64> {
        value(self.eta_seconds)
    }

    /// All that the log can keep of it. Texts that no vendor would send are left out or cut.
    pub fn facts(&self) -> Facts<'a> {
        let text =
            |text: Option<Text<'a>>| text.filter(|text| text.as_str().len() <= Facts::MAX_TEXT);
        let error = |error: String| Text(prefix(&error, Facts::MAX_TEXT).to_owned().into());
        Facts {
            output_url: text(self.output_url()),
            credits: self.credits(),
            adjusted_credits: self.adjusted_credits(),
            failover_used: self.failover_used(),
            model_actual: text(self.model_actual()),
            model: text(self.model()),
            completed_at: text(self.completed_at()),
            error: self.error().map(error),
            phase: text(self.phase()),
            progress: self.progress(),
            eta_seconds: self.eta_seconds(),
            prompt: self.prompt(),
        }
    }
}

/// The message in an error value of no documented shape: a text, `error.message`, `message`,
/// `detail`, the first of an array; else the value's JSON. `None` for null and empty texts.
pub(super) fn message_of(error: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match error {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.iter().find_map(message_of),
        Value::Object(fields) => ["error", "message", "detail", "msg"]
            .into_iter()
            .find_map(|name| fields.get(name).and_then(message_of))
            .or_else(|| Some(error.to_string())),
        other => Some(other.to_string()),
    }
}

fn text(raw: Option<&RawValue>) -> Option<Text<'_>> {
    value(raw)
}

fn value<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_payload_is_read() {
        let body = br#"{"id":"vgen_abc123","object":"video.generation","status":"completed",
            "model":"kling-v3","prompt":"reveal","output_url":"https://cdn/x.mp4","credits":3,
            "failover_used":false,"completed_at":"2026-03-10T14:23:01Z"}"#;
        let payload = Payload::parse(body).unwrap();
        assert_eq!(payload.id().unwrap().as_str(), "vgen_abc123");
        assert_eq!(payload.credits(), Some(3.0));
        assert_eq!(payload.failover_used(), Some(false));
        assert_eq!(payload.error(), None);
    }

    #[test]
    fn a_field_of_another_type_is_absent() {
        let payload = Payload::parse(br#"{"id":7,"generation_id":"gen_1","credits":"x"}"#).unwrap();
        assert_eq!(payload.id().unwrap().as_str(), "gen_1");
        assert_eq!(payload.credits(), None);
    }

    #[test]
    fn errors_of_any_shape_have_a_message() {
        for (error, message) in [
            (r#""out of memory""#, Some("out of memory")),
            (r#"{"message":"no"}"#, Some("no")),
            (r#"{"error":{"message":"deep"}}"#, Some("deep")),
            (r#"[{"detail":"first"},"second"]"#, Some("first")),
            (r#"{"code":7}"#, Some(r#"{"code":7}"#)),
            ("null", None),
            ("\"\"", None),
        ] {
            let body = format!(r#"{{"error":{error}}}"#);
            let payload = Payload::parse(body.as_bytes()).unwrap();
            assert_eq!(payload.error().as_deref(), message, "{error}");
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_no_payload() {
        assert!(Payload::parse(br#"{"id":"gen_1","id":"gen_2"}"#).is_err());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in [&b""[..], b"[]", b"<html>", b"{", b"\xff{}"] {
            assert!(Payload::parse(bad).is_err());
        }
    }
}
