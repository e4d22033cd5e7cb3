//! What is sent: a clip as a request's body, and the idempotency key.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::jobs::{Clip, JobKey, Video, Voice};

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
    // Texts and numbers always serialize.
    match clip {
        Clip::Video(video) => serde_json::to_string(&VideoBody::of(video, webhook_url, style)),
        Clip::Voice(voice) => serde_json::to_string(&VoiceBody::of(voice, webhook_url)),
    }
    .unwrap_or_default()
}

/// The photo's address in a request's body.
pub fn photo_of(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Photo {
        image_url: Option<String>,
    }
    serde_json::from_str::<Photo>(body).ok()?.image_url
}

/// A request's body with another photo; `None` for one that is not a JSON object. A new attempt asks
/// for the photo where it is now.
pub fn with_photo(body: &str, photo: &str) -> Option<String> {
    with_field(body, "image_url", photo)
}

/// The same with another prompt; of a voice's, with other words.
pub fn with_prompt(body: &str, prompt: &str) -> Option<String> {
    let name = match Endpoint::of_request(body) {
        Endpoint::Video => "prompt",
        Endpoint::Voice => "text",
    };
    with_field(body, name, prompt)
}

fn with_field(body: &str, name: &str, value: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(body).ok()?;
    fields.insert(name.to_owned(), value.into());
    serde_json::to_string(&fields).ok()
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

/// The `Idempotency-Key` of every POST of an attempt: `JOB.ATTEMPT`. No page of the vendor's says
/// that it is read, so nothing relies on it.
pub fn idempotency_key(job: JobKey, attempt: u32) -> String {
    format!("{job}.{attempt}")
}

#[cfg(test)]
mod tests {
    use crate::jobs::Seconds;

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
    fn the_idempotency_key_names_job_and_attempt() {
        assert_eq!(idempotency_key(job(), 3), "5b1f0c9a77d2e318.3");
    }
}
