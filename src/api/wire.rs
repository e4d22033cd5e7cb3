//! What is sent: a clip as a request's body, the address a webhook is asked for, the idempotency
//! key.

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::jobs::{Clip, JobKey, Video, Voice};

/// The query parameter that carries `JOB.ATTEMPT` in a webhook's address.
pub const CORRELATION: &str = "creativeai_job";

/// How a duration is written: the vendor's pages show both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DurationStyle {
    /// `"5s"`
    #[default]
    Text,
    /// `5`
    Integer,
}

/// Which of the vendor's calls makes a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST {base}/v1/video/generations`
    Video,
    /// `POST {base}/api/generate/voice`
    Voice,
}

impl Endpoint {
    /// The call for a clip.
    pub const fn of(clip: &Clip) -> Self {
        match clip {
            Clip::Video(_) => Self::Video,
            Clip::Voice(_) => Self::Voice,
        }
    }

    /// The call that a logged request was made for: a voice's has a `text`. What cannot be read
    /// counts as a video's.
    pub fn of_request(body: &str) -> Self {
        #[derive(Deserialize)]
        struct Text {
            text: Option<IgnoredAny>,
        }
        match serde_json::from_str(body) {
            Ok(Text { text: Some(_) }) => Self::Voice,
            _ => Self::Video,
        }
    }

    /// The path below the base.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Video => "/v1/video/generations",
            Self::Voice => "/api/generate/voice",
        }
    }
}

/// The body of a request: compact JSON, the fields in the order in which the vendor's pages list
/// them, absent ones left out. The bytes are the attempt's for good: every repetition sends them
/// again.
pub fn request_body(clip: &Clip, webhook_url: Option<&str>, style: DurationStyle) -> String {
    let webhook_url = webhook_url.unwrap_or_default();
    // Texts and numbers always serialise.
    match clip {
        Clip::Video(video) => serde_json::to_string(&VideoBody::of(video, webhook_url, style)),
        Clip::Voice(voice) => serde_json::to_string(&VoiceBody::of(voice, webhook_url)),
    }
    .unwrap_or_default()
}

#[derive(Serialize)]
struct VideoBody<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    prompt: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image_url: &'a str,
    duration: Duration,
    #[serde(skip_serializing_if = "str::is_empty")]
    aspect_ratio: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    webhook_url: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Duration {
    Text(String),
    Integer(u16),
}

impl<'a> VideoBody<'a> {
    fn of(video: &'a Video, webhook_url: &'a str, style: DurationStyle) -> Self {
        Self {
            model: &video.model,
            prompt: &video.prompt,
            image_url: &video.image_url,
            duration: match style {
                DurationStyle::Text => Duration::Text(video.duration.to_string()),
                DurationStyle::Integer => Duration::Integer(video.duration.get()),
            },
            aspect_ratio: &video.aspect_ratio,
            webhook_url,
        }
    }
}

#[derive(Serialize)]
struct VoiceBody<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    voice: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    webhook_url: &'a str,
}

impl<'a> VoiceBody<'a> {
    fn of(voice: &'a Voice, webhook_url: &'a str) -> Self {
        let speed = voice.speed.trim().parse().ok();
        Self {
            text: &voice.text,
            voice: &voice.voice,
            language: &voice.language,
            speed: speed.filter(|speed: &f64| speed.is_finite()),
            webhook_url,
        }
    }
}

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadUrl(pub String);

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadUrl {}

/// `webhook_url` with `creativeai_job=JOB.ATTEMPT` added to its query. Path, query and fragment
/// that it has are kept byte for byte.
pub fn correlated(webhook_url: &str, job: JobKey, attempt: u32) -> Result<String, BadUrl> {
    // Spaces and control characters around an address are no part of it, but they would be once
    // something stood after them.
    let webhook_url = webhook_url.trim_matches(|c: char| c <= ' ');
    let url = Url::parse(webhook_url)
        .map_err(|e| BadUrl(format!("{webhook_url:?} is not an address ({e})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadUrl(format!("{webhook_url:?} is not http or https")));
    }
    let (address, fragment) = match webhook_url.find('#') {
        Some(at) => webhook_url.split_at(at),
        None => (webhook_url, ""),
    };
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    Ok(format!(
        "{address}{joint}{CORRELATION}={job}.{attempt}{fragment}"
    ))
}

/// A request's body for another attempt of `job`: its webhook's address, where it has a
/// [`CORRELATION`], names the new attempt; all else stays as it was.
pub fn recorrelated(body: &str, job: JobKey, attempt: u32) -> Result<String, BadUrl> {
    let bad = |e: serde_json::Error| BadUrl(format!("the logged request is not JSON ({e})"));
    let mut fields: Map<String, Value> = serde_json::from_str(body).map_err(bad)?;
    let Some(old) = fields.get("webhook_url").and_then(Value::as_str) else {
        return Ok(body.to_owned());
    };
    if correlation(old).is_none() {
        return Ok(body.to_owned());
    }
    let new = correlated(&without_correlation(old), job, attempt)?;
    fields.insert("webhook_url".to_owned(), new.into());
    Ok(Value::Object(fields).to_string())
}

/// `url` without the parameters that name a job; all else is kept byte for byte.
fn without_correlation(url: &str) -> String {
    let (address, fragment) = match url.find('#') {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    let Some((path, query)) = address.split_once('?') else {
        return url.to_owned();
    };
    let is_other = |part: &&str| part.split('=').next() != Some(CORRELATION);
    let kept: Vec<&str> = query.split('&').filter(is_other).collect();
    match kept.join("&") {
        query if query.is_empty() => format!("{path}{fragment}"),
        query => format!("{path}?{query}{fragment}"),
    }
}

/// The job and attempt that an address's query names: a whole address, or a path with a query.
/// The last one speaks, since it is the one that was added.
pub fn correlation(url: &str) -> Option<(JobKey, u32)> {
    let (_, query) = url.split_once('?')?;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == CORRELATION)
        .filter_map(|(_, value)| parse_reference(&value))
        .last()
}

fn parse_reference(text: &str) -> Option<(JobKey, u32)> {
    let (job, attempt) = text.split_once('.')?;
    // The standard library's number would also take a plus sign.
    if !attempt.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let attempt = attempt.parse().ok().filter(|&n| n >= 1)?;
    Some((JobKey::parse(job)?, attempt))
}

/// The `Idempotency-Key` of every POST of an attempt: `JOB.ATTEMPT`. No page of the vendor's says
/// that it is read, so nothing relies on it.
pub fn idempotency_key(job: JobKey, attempt: u32) -> String {
    format!("{job}.{attempt}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::jobs::Seconds;

    #[test]
    fn a_new_attempt_only_changes_the_attempt_in_the_webhooks_address() {
        let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        let url = correlated("https://x.example/h?a=1#f", job, 1).unwrap();
        let body = format!(r#"{{"model":"m","prompt":"é","webhook_url":"{url}"}}"#);
        assert_eq!(
            recorrelated(&body, job, 2).unwrap(),
            body.replace(&format!("{job}.1"), &format!("{job}.2"))
        );
        let plain = r#"{"model":"m","webhook_url":"https://x.example/h"}"#;
        assert_eq!(recorrelated(plain, job, 2).unwrap(), plain);
    }

    use super::*;

    const JOB: &str = "5b1f0c9a77d2e318";

    fn job() -> JobKey {
        JobKey::parse(JOB).unwrap()
    }

    fn video() -> Video {
        Video {
            image_url: "https://cdn.example.com/a.jpg".into(),
            prompt: "pan \"left\"\n→".into(),
            model: "kling-v3".into(),
            duration: Seconds::new(5).unwrap(),
            aspect_ratio: "16:9".into(),
        }
    }

    #[test]
    fn a_video_is_written_in_the_documented_order() {
        let clip = Clip::Video(video());
        assert_eq!(
            request_body(
                &clip,
                Some("https://me.example.com/hook"),
                DurationStyle::Text
            ),
            "{\"model\":\"kling-v3\",\"prompt\":\"pan \\\"left\\\"\\n→\",\
             \"image_url\":\"https://cdn.example.com/a.jpg\",\"duration\":\"5s\",\
             \"aspect_ratio\":\"16:9\",\"webhook_url\":\"https://me.example.com/hook\"}"
        );
        assert_eq!(Endpoint::of(&clip), Endpoint::Video);
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let clip = Clip::Video(Video {
            image_url: String::new(),
            ..video()
        });
        let body = request_body(&clip, None, DurationStyle::Integer);
        assert_eq!(
            body,
            "{\"model\":\"kling-v3\",\"prompt\":\"pan \\\"left\\\"\\n→\",\"duration\":5,\
             \"aspect_ratio\":\"16:9\"}"
        );
        assert_eq!(Endpoint::of_request(&body), Endpoint::Video);
    }

    #[test]
    fn a_voice_has_a_text_and_its_speed_is_a_number() {
        let clip = Clip::Voice(Voice {
            text: "Welcome home.".into(),
            voice: "alloy".into(),
            language: "en".into(),
            speed: "1.0".into(),
        });
        let body = request_body(&clip, None, DurationStyle::Text);
        assert_eq!(
            body,
            r#"{"text":"Welcome home.","voice":"alloy","language":"en","speed":1.0}"#
        );
        assert_eq!(Endpoint::of_request(&body), Endpoint::Voice);
        assert_eq!(Endpoint::of(&clip), Endpoint::Voice);
    }

    #[test]
    fn a_request_that_cannot_be_read_counts_as_a_videos() {
        for body in ["", "[]", "{", r#"{"text":null}"#] {
            assert_eq!(Endpoint::of_request(body), Endpoint::Video, "{body}");
        }
    }

    #[test]
    fn the_correlation_joins_a_query_and_leaves_the_rest_alone() {
        for (before, after) in [
            ("https://a.example.com/h", "https://a.example.com/h?C"),
            ("https://a.example.com", "https://a.example.com?C"),
            ("https://a.example.com/?", "https://a.example.com/?C"),
            ("https://a.example.com/??", "https://a.example.com/??&C"),
            (
                "https://A.example.com:443/h?k=a%2fb+c&&x",
                "https://A.example.com:443/h?k=a%2fb+c&&x&C",
            ),
            (
                "https://a.example.com/h?k=1&#frag?ment",
                "https://a.example.com/h?k=1&C#frag?ment",
            ),
            (
                "https://a.example.com/h#x?y",
                "https://a.example.com/h?C#x?y",
            ),
        ] {
            let url = correlated(before, job(), 2).unwrap();
            assert_eq!(url, after.replace('C', "creativeai_job=5b1f0c9a77d2e318.2"));
            assert_eq!(correlation(&url), Some((job(), 2)), "{url}");
        }
    }

    #[test]
    fn what_surrounds_an_address_does_not_get_into_its_middle() {
        for before in ["https://a.example.com\u{1b}", " https://a.example.com \n"] {
            let url = correlated(before, job(), 2).unwrap();
            assert_eq!(url, format!("https://a.example.com?creativeai_job={JOB}.2"));
        }
    }

    #[test]
    fn what_is_no_web_address_gets_no_correlation() {
        for bad in ["", "hook", "mailto:me@example.com", "https://"] {
            assert!(correlated(bad, job(), 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_correlation_is_read_from_a_path_and_the_last_one_speaks() {
        let path = format!("/webhooks/creativeai?creativeai_job={JOB}.1&x=%20");
        assert_eq!(correlation(&path), Some((job(), 1)));
        let escaped = format!("/?a=b&creativeai_job={JOB}%2E3");
        assert_eq!(correlation(&escaped), Some((job(), 3)));
        let twice = format!("/?creativeai_job=0000000000000001.1&creativeai_job={JOB}.2");
        assert_eq!(correlation(&twice), Some((job(), 2)));
        for bad in [
            "/".to_owned(),
            "/?".to_owned(),
            format!("/#?creativeai_job={JOB}"),
            format!("/?creativeai_job={JOB}"),
            format!("/?creativeai_job={JOB}.0"),
            format!("/?creativeai_job={JOB}.%2B1"),
            format!("/?creativeai_job={JOB}.-1"),
            format!("/?creativeai_job={JOB}.99999999999"),
            format!("/?creativeai_job={JOB}x.1"),
            "/?creativeai_job=.1".to_owned(),
        ] {
            assert_eq!(correlation(&bad), None, "{bad}");
        }
    }

    #[test]
    fn the_idempotency_key_names_job_and_attempt() {
        assert_eq!(idempotency_key(job(), 3), "5b1f0c9a77d2e318.3");
    }

    proptest! {
        #[test]
        fn a_correlation_that_was_added_reads_back(
            number: u64, attempt in 1u32.., rest in "[ -~é]{0,40}",
        ) {
            let job = JobKey::from_number(number);
            if let Ok(url) = correlated(&format!("https://a.example.com/{rest}"), job, attempt) {
                prop_assert_eq!(correlation(&url), Some((job, attempt)));
            }
        }

        #[test]
        fn reading_a_correlation_never_panics(url: String) {
            let _ = correlation(&url);
        }
    }
}
