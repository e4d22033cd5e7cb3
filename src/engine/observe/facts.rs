//! What a payload tells that the log keeps.

use serde_json::Value;

use crate::jobs::{Status, Text};
use crate::vendor::Payload;

/// The fields of a payload that the log keeps.
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
    /// The model that served it, where it is told apart.
    pub model_actual: Option<Text<'a>>,
    /// The model that the payload names.
    pub model: Option<Text<'a>>,
    /// RFC 3339.
    pub completed_at: Option<Text<'a>>,
    /// What went wrong.
    pub error: Option<Text<'a>>,
    /// While rendering: e.g. `Encoding`.
    pub phase: Option<Text<'a>>,
    /// While rendering: of no documented unit.
    pub progress: Option<f64>,
    /// While rendering: seconds left.
    pub eta_seconds: Option<f64>,
    /// The prompt, to recognise an attempt by.
    pub prompt: Option<Text<'a>>,
}

impl<'a> Facts<'a> {
    /// Longest text kept of each field, in bytes.
    const MAX_TEXT: usize = 8192;

    /// What `payload` tells.
    pub fn of(payload: &Payload<'a>) -> Self {
        let text =
            |text: Option<Text<'a>>| text.filter(|text| text.as_str().len() <= Self::MAX_TEXT);
        let error = |error: String| Text(cap(error, Self::MAX_TEXT).into());
        Self {
            output_url: text(payload.output_url()),
            credits: payload.credits(),
            adjusted_credits: payload.adjusted_credits(),
            failover_used: payload.failover_used(),
            model_actual: text(payload.model_actual()),
            model: text(payload.model()),
            completed_at: text(payload.completed_at()),
            error: payload.error().map(error),
            phase: text(payload.phase()),
            progress: payload.progress(),
            eta_seconds: payload.eta_seconds(),
            prompt: payload.prompt(),
        }
    }

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

    /// Names and values that a line of `status` holds; `model` is the one asked for.
    pub(crate) fn fields(&self, status: Status, model: Option<&str>) -> Vec<(&'static str, Value)> {
        let mut out = Vec::new();
        self.each_field(status, model, &mut |name, value| {
            out.push((name, value.to_value()));
        });
        out
    }

    /// The same as they stand in a line: `"credits":5,"error":"x"`.
    pub(super) fn text(&self, status: Status, model: Option<&str>) -> String {
        let mut out = Vec::with_capacity(256);
        self.each_field(status, model, &mut |name, value| {
            if !out.is_empty() {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            // Writing into memory cannot fail, and these always serialise.
            let _ = match value {
                Told::Text(text) => serde_json::to_writer(&mut out, text),
                Told::Number(number) => serde_json::to_writer(&mut out, &number),
                Told::Bool(value) => serde_json::to_writer(&mut out, &value),
            };
        });
        String::from_utf8(out).unwrap_or_default()
    }

    fn each_field(
        &self,
        status: Status,
        model: Option<&str>,
        each: &mut dyn FnMut(&'static str, Told<'_>),
    ) {
        if status.is_rendering() {
            put(each, "phase", self.phase.as_ref().map(Told::text));
            put(each, "progress", number(self.progress));
            put(each, "eta_seconds", number(self.eta_seconds));
            return;
        }
        let served = self.model_actual.as_ref().or_else(|| {
            let served = self.model.as_ref()?;
            model
                .is_some_and(|asked| asked != served.as_str())
                .then_some(served)
        });
        put(each, "output_url", self.output_url.as_ref().map(Told::text));
        put(each, "credits", number(self.credits));
        put(each, "adjusted_credits", number(self.adjusted_credits));
        put(each, "failover_used", self.failover_used.map(Told::Bool));
        put(each, "model_actual", served.map(Told::text));
        put(
            each,
            "completed_at",
            self.completed_at.as_ref().map(Told::text),
        );
        put(each, "error", self.error.as_ref().map(Told::text));
    }
}

/// A field's value on its way into a line.
enum Told<'a> {
    Text(&'a str),
    Number(serde_json::Number),
    Bool(bool),
}

impl<'a> Told<'a> {
    fn text(text: &'a Text<'_>) -> Self {
        Self::Text(text.as_str())
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(*text),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Bool(value) => Value::from(*value),
        }
    }
}

fn put<'a>(
    each: &mut dyn FnMut(&'static str, Told<'a>),
    name: &'static str,
    value: Option<Told<'a>>,
) {
    if let Some(value) = value {
        each(name, value);
    }
}

fn number(number: Option<f64>) -> Option<Told<'static>> {
    json_number(number?).map(Told::Number)
}

/// A whole number as JSON writes it without a point, as the vendor does.
fn json_number(number: f64) -> Option<serde_json::Number> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Some(serde_json::Number::from(number as i64))
    } else {
        serde_json::Number::from_f64(number)
    }
}

fn cap(mut text: String, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
