//! What a request asks for.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::jobs::clip::{Clip, Seconds, Video, Voice};
use crate::jobs::id::JobKey;
use crate::jobs::text::Text;

/// What a request asks for, as far as clips are recognized by it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestedClip<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    #[serde(borrow)]
    image_url: Option<Text<'a>>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    aspect_ratio: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    voice: Option<Text<'a>>,
    #[serde(borrow)]
    language: Option<Text<'a>>,
    #[serde(borrow)]
    speed: Option<&'a RawValue>,
}

impl<'a> RequestedClip<'a> {
    /// Reads a request's body; `None` when it is none.
    pub fn parse(body: &'a str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// The photo's address; empty where there is none.
    pub fn photo(&self) -> &str {
        text_of(self.image_url.as_ref())
    }

    /// The key of the job that asks for this under an id; `None` for a request that no row makes.
    pub fn key(&self, id: &str, variant: &str) -> Option<JobKey> {
        Some(self.clip()?.key(id, variant))
    }

    /// The clip that is asked for; `None` for a request that no row makes.
    pub fn clip(&self) -> Option<Clip> {
        let text = |value: Option<&Text<'_>>| text_of(value).to_owned();
        Some(if self.text.is_some() {
            Clip::Voice(Voice {
                text: text(self.text.as_ref()),
                voice: text(self.voice.as_ref()),
                language: text(self.language.as_ref()),
                speed: raw(self.speed),
            })
        } else {
            Clip::Video(Video {
                image_url: text(self.image_url.as_ref()),
                prompt: text(self.prompt.as_ref()),
                model: text(self.model.as_ref()),
                duration: Seconds::parse(&raw(self.duration))?,
                aspect_ratio: text(self.aspect_ratio.as_ref()),
            })
        })
    }
}

fn text_of<'t>(text: Option<&'t Text<'_>>) -> &'t str {
    text.map_or("", Text::as_str)
}

/// A number, or a text that needs no escapes, as it is written.
fn raw(value: Option<&RawValue>) -> String {
    let raw = value.map_or("", RawValue::get);
    raw.trim_matches('"').to_owned()
}
