//! A submission's body, read and checked as the vendor is taken to check it.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::job::{Endpoint, Frame};
use crate::jobs::{Seconds, Text};

/// Why a request is not accepted: a status and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// A word for programs, e.g. `invalid_request`.
    pub kind: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The field of the body that it is about.
    pub param: Option<&'static str>,
}

impl ApiError {
    /// A refusal that is about no single field.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            param: None,
        }
    }

    fn of(param: &'static str, message: &str) -> Self {
        Self {
            param: Some(param),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_request",
                format!("{param}: {message}"),
            )
        }
    }
}

/// A submission's body. The fields keep their JSON, so that a reply can quote them byte for byte.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where it was sent.
    pub endpoint: Endpoint,
    fields: RequestFields<'a>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct RequestFields<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    image_url: Option<&'a RawValue>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    aspect_ratio: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    voice: Option<&'a RawValue>,
    #[serde(borrow)]
    language: Option<&'a RawValue>,
    #[serde(borrow)]
    speed: Option<&'a RawValue>,
    #[serde(borrow)]
    webhook_url: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Reads a body; 400 for what is not a JSON object. The fields are not looked into yet.
    pub fn parse(endpoint: Endpoint, body: &'a str) -> Result<Self, ApiError> {
        let refused =
            |message: String| ApiError::new(StatusCode::BAD_REQUEST, "invalid_json", message);
        // serde would also read a struct from an array.
        if !body.trim_start().starts_with('{') {
            return Err(refused("the body is not a JSON object".to_owned()));
        }
        let fields = serde_json::from_str(body)
            .map_err(|why| refused(format!("the body is not JSON: {why}")))?;
        Ok(Self { endpoint, fields })
    }

    /// Checks every field; 422 with its name for the first that will not do.
    pub fn check(&self) -> Result<(), ApiError> {
        let fields = &self.fields;
        match self.endpoint {
            Endpoint::Video => {
                required("model", fields.model)?;
                required("prompt", fields.prompt)?;
                address("image_url", fields.image_url)?;
                if fields.duration.is_some() && self.duration().is_none() {
                    return Err(ApiError::of("duration", "expected e.g. \"5s\" or 5"));
                }
                if fields.aspect_ratio.is_some_and(|ratio| !is_ratio(ratio)) {
                    return Err(ApiError::of("aspect_ratio", "expected e.g. \"16:9\""));
                }
            }
            Endpoint::Voice => {
                required("text", fields.text)?;
                optional("voice", fields.voice)?;
                optional("language", fields.language)?;
                if fields.speed.is_some_and(|speed| !is_speed(speed)) {
                    return Err(ApiError::of("speed", "expected e.g. 1.0"));
                }
            }
        }
        address("webhook_url", fields.webhook_url)
    }

    /// The model's name, for its price.
    pub fn model(&self) -> Option<Text<'a>> {
        text(self.fields.model)
    }

    /// The model as it stands in the body.
    pub fn raw_model(&self) -> Option<&'a RawValue> {
        self.fields.model
    }

    /// The prompt, or the text to speak, as it stands in the body.
    pub fn raw_words(&self) -> Option<&'a RawValue> {
        match self.endpoint {
            Endpoint::Video => self.fields.prompt,
            Endpoint::Voice => self.fields.text,
        }
    }

    /// How long the clip shall be; `None` where nothing readable is asked for.
    pub fn duration(&self) -> Option<Seconds> {
        Seconds::parse(self.fields.duration?.get().trim_matches('"'))
    }

    /// What the clip shall look like; `None` where that is not asked for, or in larger numbers than a
    /// clip of the sandbox can have.
    pub(super) fn frame(&self) -> Option<Frame> {
        let shape = text(self.fields.aspect_ratio)?;
        let (width, height) = shape.as_str().split_once(':')?;
        let shape = (width.parse().ok()?, height.parse().ok()?);
        let seconds = self.duration()?.get();
        Frame::new(u8::try_from(seconds).ok()?, shape)
    }

    /// Where the end shall be reported.
    pub fn webhook_url(&self) -> Option<Url> {
        Url::parse(text(self.fields.webhook_url)?.as_str()).ok()
    }

    /// What the clip depends on, in a fixed order. The webhook's address is left out: it may name
    /// a port that differs from one run to the next.
    pub fn essence(&self) -> impl Iterator<Item = &'a str> {
        let fields = self.fields;
        [
            fields.model,
            fields.prompt,
            fields.image_url,
            fields.duration,
            fields.aspect_ratio,
            fields.text,
            fields.voice,
            fields.language,
            fields.speed,
        ]
        .into_iter()
        .map(|field| field.map_or("", RawValue::get))
    }
}

fn text(raw: Option<&RawValue>) -> Option<Text<'_>> {
    serde_json::from_str(raw?.get()).ok()
}

fn required(name: &'static str, field: Option<&RawValue>) -> Result<(), ApiError> {
    match text(field) {
        Some(value) if !value.as_str().trim().is_empty() => Ok(()),
        _ => Err(ApiError::of(name, "a text is required")),
    }
}

fn optional(name: &'static str, field: Option<&RawValue>) -> Result<(), ApiError> {
    if field.is_some() && text(field).is_none() {
        return Err(ApiError::of(name, "expected a text"));
    }
    Ok(())
}

fn address(name: &'static str, field: Option<&RawValue>) -> Result<(), ApiError> {
    if field.is_none() {
        return Ok(());
    }
    let url = text(field).and_then(|value| Url::parse(value.as_str()).ok());
    match url {
        Some(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err(ApiError::of(name, "expected an http or https address")),
    }
}

fn is_ratio(raw: &RawValue) -> bool {
    let number =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    text(Some(raw)).is_some_and(|value| {
        let parts = value.as_str().split_once(':');
        parts.is_some_and(|(width, height)| number(width) && number(height))
    })
}

fn is_speed(raw: &RawValue) -> bool {
    let speed = raw.get().trim_matches('"').parse::<f64>();
    speed.is_ok_and(|speed| speed.is_finite() && speed > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(endpoint: Endpoint, body: &str) -> Option<(u16, Option<&'static str>)> {
        let outcome = Request::parse(endpoint, body).and_then(|request| request.check());
        outcome.err().map(|why| (why.status.as_u16(), why.param))
    }

    #[test]
    fn what_the_vendor_documents_is_accepted() {
        for body in [
            r#"{"model":"kling-v3","prompt":"pan","image_url":"https://x.example/a.jpg","duration":"5s","aspect_ratio":"16:9","webhook_url":"http://127.0.0.1:1/w"}"#,
            r#"{"model":"auto","prompt":"pan","duration":5}"#,
            r#"{"model":"auto","prompt":"pan","image_url":null,"unheard_of":[1]}"#,
        ] {
            assert_eq!(refused(Endpoint::Video, body), None, "{body}");
        }
        let body = r#"{"text":"hello","voice":"alloy","language":"en","speed":1.0}"#;
        assert_eq!(refused(Endpoint::Voice, body), None);
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (body, param) in [
            (r#"{"prompt":"p"}"#, "model"),
            (r#"{"model":"m"}"#, "prompt"),
            (r#"{"model":"m","prompt":" "}"#, "prompt"),
            (r#"{"model":"m","prompt":7}"#, "prompt"),
            (
                r#"{"model":"m","prompt":"p","image_url":"a.jpg"}"#,
                "image_url",
            ),
            (
                r#"{"model":"m","prompt":"p","image_url":"ftp://x/a"}"#,
                "image_url",
            ),
            (
                r#"{"model":"m","prompt":"p","duration":"soon"}"#,
                "duration",
            ),
            (r#"{"model":"m","prompt":"p","duration":[5]}"#, "duration"),
            (
                r#"{"model":"m","prompt":"p","aspect_ratio":"wide"}"#,
                "aspect_ratio",
            ),
            (
                r#"{"model":"m","prompt":"p","webhook_url":"here"}"#,
                "webhook_url",
            ),
        ] {
            assert_eq!(
                refused(Endpoint::Video, body),
                Some((422, Some(param))),
                "{body}"
            );
        }
        assert_eq!(refused(Endpoint::Voice, "{}"), Some((422, Some("text"))));
    }

    #[test]
    fn what_is_no_object_is_a_bad_request() {
        for body in ["", "[]", "null", "{", "prompt=pan"] {
            assert_eq!(refused(Endpoint::Video, body), Some((400, None)), "{body}");
        }
    }
}
