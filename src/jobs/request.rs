//! What the fold needs of a request's body.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::clip::Seconds;
use super::text::Text;

fn verbatim<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a str>, D::Error> {
    let raw = <Option<&'a RawValue>>::deserialize(deserializer)?;
    Ok(raw.map(RawValue::get))
}

/// The parts of a request that the fold needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestFacts<'a> {
    /// `None` on a voice request.
    #[serde(borrow)]
    pub model: Option<Text<'a>>,
    /// The words of a voice request.
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    /// As sent: `"5s"` or `5`.
    #[serde(borrow, deserialize_with = "verbatim")]
    pub duration: Option<&'a str>,
}

impl<'a> RequestFacts<'a> {
    /// Reads a request's body; `None` when it is not a JSON object.
    pub fn parse(body: &'a str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// The duration, where one can be read.
    pub fn seconds(&self) -> Option<Seconds> {
        Seconds::parse(self.duration?.trim_matches('"'))
    }
}
