//! One clip a user wants, as a row of a manifest describes it.

use super::id::JobKey;

/// A clip's length in whole seconds, 1 to 3600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u16);

impl Seconds {
    /// One second.
    pub const SHORTEST: Self = Self(1);
    /// Longest clip accepted.
    pub const MAX: u16 = 3600;

    /// `None` outside 1 to [`Seconds::MAX`].
    pub const fn new(seconds: u16) -> Option<Self> {
        if seconds >= 1 && seconds <= Self::MAX {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// Reads `5` and `5s`, of which the vendor's pages use both, and how people write the unit.
    pub fn parse(text: &str) -> Option<Self> {
        const UNITS: [&str; 6] = ["", "s", "sec", "secs", "second", "seconds"];
        let text = text.trim();
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text[number.len()..];
        let number = number.trim_end();
        // A column with decimals writes 5.0.
        let digits = match number.split_once(['.', ',']) {
            Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
            _ => number,
        };
        let is_unit = UNITS.iter().any(|known| unit.eq_ignore_ascii_case(known));
        if !is_unit || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().and_then(Self::new)
    }

    /// The number of seconds.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}s", self.0)
    }
}

/// What is wanted, all defaults filled in. Absent texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clip {
    /// A video from a photo (or from a prompt alone).
    Video(Video),
    /// Spoken words.
    Voice(Voice),
}

/// A video clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    /// Address of the photo; empty for a prompt-only clip.
    pub image_url: String,
    /// What should happen in the clip.
    pub prompt: String,
    /// The vendor's model, e.g. `kling-v3`.
    pub model: String,
    /// How long.
    pub duration: Seconds,
    /// e.g. `16:9`.
    pub aspect_ratio: String,
}

/// A voice clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The words.
    pub text: String,
    /// e.g. `alloy`.
    pub voice: String,
    /// e.g. `en`.
    pub language: String,
    /// Speed as a decimal text, e.g. `1.0`.
    pub speed: String,
}

impl Clip {
    /// The key of the job that wants this clip for `id` (the listing's or SKU's), in `variant`.
    ///
    /// Neither the row's place, nor carried columns, nor the webhook's address are in it.
    pub fn key(&self, id: &str, variant: &str) -> JobKey {
        match self {
            Self::Video(v) => JobKey::digest(&[
                "video",
                id,
                &v.image_url,
                &v.prompt,
                &v.model,
                &v.duration.to_string(),
                &v.aspect_ratio,
                variant,
            ]),
            Self::Voice(v) => JobKey::digest(&[
                "voice",
                id,
                &v.text,
                &v.voice,
                &v.language,
                &v.speed,
                variant,
            ]),
        }
    }

    /// What identifies the subject across edits of the prompt: the photo's address for a video
    /// (empty without one), nothing for a voice.
    pub fn image_url(&self) -> &str {
        match self {
            Self::Video(v) => &v.image_url,
            Self::Voice(_) => "",
        }
    }

    /// The same with the photo at another address; a voice has none.
    #[must_use]
    pub fn with_photo(&self, address: &str) -> Self {
        let mut clip = self.clone();
        if let Self::Video(video) = &mut clip {
            address.clone_into(&mut video.image_url);
        }
        clip
    }

    /// The prompt of a video, the text of a voice.
    pub fn words(&self) -> &str {
        match self {
            Self::Video(v) => &v.prompt,
            Self::Voice(v) => &v.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn both_spellings_of_a_duration_are_one() {
        for same in ["5", "5.0", "5,00", "5 sec", "5.0 S", "5seconds"] {
            assert_eq!(Seconds::parse(same), Seconds::parse("5s"), "{same}");
        }
        assert_eq!(Seconds::parse(" 10s ").map(Seconds::get), Some(10));
        for bad in ["", "s", "0", "5.5", "-5", "5m", "five", "99999", "3601"] {
            assert_eq!(Seconds::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_video_key_is_over_the_documented_array() {
        let clip = Clip::Video(Video {
            image_url: "https://cdn.example.com/a.jpg".into(),
            prompt: "pan \"left\"".into(),
            model: "kling-v3".into(),
            duration: Seconds::new(5).unwrap(),
            aspect_ratio: "16:9".into(),
        });
        let array = r#"["video","LST-1","https://cdn.example.com/a.jpg","pan \"left\"","kling-v3","5s","16:9",""]"#;
        let digest = base16ct::lower::encode_string(&Sha256::digest(array.as_bytes()));
        assert_eq!(clip.key("LST-1", "").to_string(), digest[..16]);
    }
}
