//! A request as this program first sent it, even if another program has rewritten the log since.

use serde_json::{Map, Number, Value};

use super::wire::Endpoint;

/// The fields of a request, in the order in which they are sent.
const VIDEO: [&str; 6] = [
    "model",
    "prompt",
    PHOTO,
    "duration",
    "aspect_ratio",
    "webhook_url",
];
const VOICE: [&str; 5] = ["text", "voice", "language", "speed", "webhook_url"];

/// In a new attempt with a photo where the first attempt had none, the photo comes last.
const PHOTO: &str = "image_url";

/// The body that was sent for a request that the log has as `logged`. Another program may have written the
/// log again with blanks, escapes or sorted fields, and a vendor that knows the idempotency key compares
/// bytes. A request with fields that this program does not send stays as it is logged.
pub fn as_first_sent(logged: &str) -> String {
    own_form(logged).unwrap_or_else(|| logged.to_owned())
}

fn own_form(logged: &str) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_str(logged).ok()?;
    let order = match Endpoint::of_request(logged) {
        Endpoint::Video => &VIDEO[..],
        Endpoint::Voice => &VOICE[..],
    };
    let mut placed = Vec::new();
    for (name, value) in fields {
        let place = order.iter().position(|field| **field == name)?;
        placed.push((place, own_number(&name, value)));
    }
    if !is_own_order(&placed, order) {
        placed.sort_by_key(|(place, _)| *place);
    }
    let fields = placed.into_iter();
    let fields = fields.map(|(place, value)| (order[place].to_owned(), value));
    serde_json::to_string(&fields.collect::<Map<_, _>>()).ok()
}

fn is_own_order(placed: &[(usize, Value)], order: &[&str]) -> bool {
    let before_photo = match placed.split_last() {
        Some(((last, _), before)) if order[*last] == PHOTO => before,
        _ => placed,
    };
    before_photo.is_sorted_by_key(|(place, _)| *place)
}

/// A number as this program writes it: a speed with its point, a duration without.
fn own_number(name: &str, value: Value) -> Value {
    let number = value.as_f64();
    let own = match name {
        "speed" => number.and_then(Number::from_f64),
        "duration" => number
            .filter(|seconds| seconds.fract() == 0.0 && (0.0..1e6).contains(seconds))
            .map(|seconds| Number::from(seconds as u32)),
        _ => None,
    };
    own.map_or(value, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::super::wire::{DurationStyle, request_body, with_photo};
    use super::*;
    use crate::jobs::{Clip, Seconds, Video, Voice};

    const SENT: &str = r#"{"model":"kling-v3","prompt":"a “é”\n/","image_url":"https://x/1.jpg","duration":5,"aspect_ratio":"16:9"}"#;

    #[test]
    fn a_request_is_sent_again_as_it_was_however_the_log_was_written_since() {
        let value: Value = serde_json::from_str(SENT).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let sorted = r#"{"aspect_ratio":"16:9","duration":5.0,"image_url":"https:\/\/x\/1.jpg","model":"kling-v3","prompt":"a \u201c\u00e9\u201d\n/"}"#;
        for logged in [SENT, &pretty, sorted] {
            assert_eq!(as_first_sent(logged), SENT);
        }
        let voice = r#"{"text":"Welcome.","voice":"alloy","speed":1.0}"#;
        let by_javascript = r#"{ "speed": 1, "text": "Welcome.", "voice": "alloy" }"#;
        assert_eq!(as_first_sent(by_javascript), voice);
    }

    /// Every field there is: one that the list above lacks would change the bytes of a repetition.
    #[test]
    fn what_is_sent_is_what_is_sent_again() {
        let video = Clip::Video(Video {
            image_url: "https://x/1.jpg?a=1&b=\u{e9}".to_owned(),
            prompt: "a \u{201c}pan\u{201d}\n\"/".to_owned(),
            model: "kling-v3".to_owned(),
            duration: Seconds::SHORTEST,
            aspect_ratio: "16:9".to_owned(),
        });
        let voice = |speed: &str| {
            Clip::Voice(Voice {
                text: "Welcome.".to_owned(),
                voice: "alloy".to_owned(),
                language: "en".to_owned(),
                speed: speed.to_owned(),
            })
        };
        let clips = [video, voice("1"), voice("1.25"), voice("")];
        for clip in &clips {
            for style in [DurationStyle::Text, DurationStyle::Integer] {
                for webhook_url in [None, Some("https://x/hook?creativeai_job=a.1")] {
                    let body = request_body(clip, webhook_url, style);
                    assert_eq!(own_form(&body).as_deref(), Some(&*body));
                    let photo = "https://x/2.jpg";
                    if let Some(body) = with_photo(&body, photo) {
                        let is_video = matches!(clip, Clip::Video(_));
                        assert_eq!(own_form(&body), is_video.then_some(body));
                    }
                }
            }
        }
    }

    #[test]
    fn what_another_program_has_sent_or_is_in_another_order_of_ours_stays() {
        for logged in [
            r#"{"prompt":"pan","model":"kling-v3","seed": 1}"#,
            r#"{"model":"kling-v3","prompt":"pan","duration":"5s","image_url":"https://x/2.jpg"}"#,
            "[]",
            "{",
        ] {
            assert_eq!(as_first_sent(logged), logged);
        }
    }
}
