//! In what one order differs from another, as a person sees it.

use super::normal::{self, language_tag, number};
use super::photo::PhotoAddress;
use super::query;
use crate::jobs::clip::{Clip, Voice};

/// The columns in which two clips, each with its variant, differ.
pub fn differences(one: (&Clip, &str), other: (&Clip, &str)) -> Vec<&'static str> {
    let (one, other) = (columns(one), columns(other));
    let differing = one.iter().zip(&other).filter(|(one, other)| one != other);
    differing.map(|((column, _), _)| *column).collect()
}

fn columns((clip, variant): (&Clip, &str)) -> Vec<(&'static str, String)> {
    let text = |text: &str| normal::text(text).into_owned();
    let mut columns = match clip {
        Clip::Video(video) => vec![
            ("image_url", photo(&video.image_url)),
            ("prompt", text(&video.prompt)),
            ("model", text(&video.model)),
            ("duration", video.duration.to_string()),
            ("aspect_ratio", text(&video.aspect_ratio)),
        ],
        Clip::Voice(Voice {
            text: words,
            voice,
            language,
            speed,
        }) => vec![
            ("text", text(words)),
            ("voice", text(voice)),
            ("language", text(&language_tag(language))),
            ("speed", number(speed)),
        ],
    };
    columns.push(("variant", normal::id(variant)));
    columns
}

fn photo(address: &str) -> String {
    PhotoAddress::of(address).address + &query::identifying(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Seconds, Video};

    fn video(image_url: &str, prompt: &str, model: &str) -> Clip {
        Clip::Video(Video {
            image_url: image_url.to_owned(),
            prompt: prompt.to_owned(),
            model: model.to_owned(),
            duration: Seconds::SHORTEST,
            aspect_ratio: "16:9".to_owned(),
        })
    }

    fn voice(language: &str) -> Clip {
        Clip::Voice(Voice {
            text: "Welcome".to_owned(),
            voice: "alloy".to_owned(),
            language: language.to_owned(),
            speed: "1.0".to_owned(),
        })
    }

    #[test]
    fn a_language_is_compared_as_rows_are_recognized() {
        let differing = |one, other| differences((&voice(one), ""), (&voice(other), ""));
        assert!(differing("de-AT", "DE-at").is_empty());
        assert_eq!(differing("Ä", "ä"), ["language"]);
    }

    #[test]
    fn only_what_a_person_sees_is_a_difference() {
        let old = video("https://a.example/p/1.jpg?sig=1", "Slow pan", "kling-v3");
        let cases: [(Clip, &str, &[&str]); 5] = [
            (old.clone(), "", &[]),
            (
                video(
                    "http://A.example/p/1.jpg?sig=2",
                    "Slow\u{a0}pan",
                    "kling-v3",
                ),
                "",
                &[],
            ),
            (
                video("https://a.example/p/1.jpg", "Slow pan", "kling-v4"),
                "",
                &["model"],
            ),
            (
                video("https://a.example/p/1.jpg", "Fast pan", "kling-v4"),
                "",
                &["prompt", "model"],
            ),
            (
                video("https://a.example/q/1.jpg", "Slow pan", "kling-v3"),
                "b",
                &["image_url", "variant"],
            ),
        ];
        for (new, variant, expected) in cases {
            assert_eq!(
                differences((&new, variant), (&old, "")),
                expected,
                "{new:?}"
            );
        }
    }
}
