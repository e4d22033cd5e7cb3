//! Credits and what they cost.

use std::{fmt, iter::Sum, ops::Add};

use serde::{Serialize, Serializer};

use super::clip::{Clip, Seconds};
use super::request::RequestFacts;
use super::text::Text;

/// An amount of the vendor's credits, exact to a thousandth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(i64);

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// Larger amounts in a reply or a log are taken for nonsense.
    const MAX: f64 = 1e12;

    /// Whole credits.
    pub const fn whole(credits: u32) -> Self {
        Self(credits as i64 * 1000)
    }

    /// An amount as JSON writes it; `None` unless it is finite, not negative and plausible.
    pub fn from_number(number: f64) -> Option<Self> {
        (number.is_finite() && (0.0..=Self::MAX).contains(&number))
            .then(|| Self((number * 1000.0).round() as i64))
    }

    /// As a number of credits.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Thousandths of a credit.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// What this amount is more than `other`; nothing where it is less.
    #[must_use]
    pub const fn beyond(self, other: Self) -> Self {
        let more = self.0.saturating_sub(other.0);
        if more > 0 { Self(more) } else { Self::ZERO }
    }

    /// `times` this amount.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times as i64))
    }
}

impl Add for Credits {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for Credits {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 % 1000 == 0 {
            write!(f, "{}", self.0 / 1000)
        } else {
            let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
            f.write_str(text.trim_end_matches('0'))
        }
    }
}

impl Serialize for Credits {
    /// A whole number of credits as an integer, else as a decimal.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}

/// What clips cost and what a credit costs. The defaults are the vendor's published figures;
/// all of them are settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// Credits for each started 5 seconds of video, unless the model has its own.
    pub video_per_5s: Credits,
    /// The same for single models.
    pub models: std::collections::BTreeMap<String, Credits>,
    /// Credits for one voice job. The vendor publishes none; 1 is a placeholder of ours.
    pub voice: Credits,
    /// Dollars for a credit in the largest pack.
    pub dollars_low: f64,
    /// Dollars for a single credit.
    pub dollars_high: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            video_per_5s: Credits::whole(5),
            models: std::collections::BTreeMap::new(),
            voice: Credits::whole(1),
            dollars_low: 0.071,
            dollars_high: 0.10,
        }
    }
}

impl Rates {
    /// What a clip is expected to cost.
    pub fn estimate(&self, clip: &Clip) -> Credits {
        match clip {
            Clip::Video(video) => self.video(&video.model, video.duration),
            Clip::Voice(_) => self.voice,
        }
    }

    /// What a request's body is expected to cost.
    pub fn of_request(&self, body: &str) -> Credits {
        RequestFacts::parse(body).map_or(Credits::ZERO, |request| self.of_facts(&request))
    }

    /// The same of its facts. A video without a readable duration counts as the shortest.
    pub fn of_facts(&self, request: &RequestFacts<'_>) -> Credits {
        if request.text.is_some() {
            return self.voice;
        }
        let model = request.model.as_ref().map_or("", Text::as_str);
        self.video(model, request.seconds().unwrap_or(Seconds::SHORTEST))
    }

    /// What a video of `model` and `duration` is expected to cost.
    pub fn video(&self, model: &str, duration: Seconds) -> Credits {
        let rate = self.models.get(model).copied().unwrap_or(self.video_per_5s);
        rate.times(u64::from(duration.get()).div_ceil(5).max(1))
    }

    /// Dollars for `credits`, from the cheapest to the dearest way to buy them.
    pub fn dollars(&self, credits: Credits) -> (f64, f64) {
        (
            credits.as_f64() * self.dollars_low,
            credits.as_f64() * self.dollars_high,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_started_five_seconds_count() {
        let rates = Rates::default();
        for (seconds, credits) in [(1, 5), (5, 5), (6, 10), (10, 10), (11, 15)] {
            let duration = Seconds::new(seconds).unwrap();
            assert_eq!(rates.video("kling-v3", duration), Credits::whole(credits));
        }
    }

    #[test]
    fn amounts_print_without_needless_digits() {
        assert_eq!(Credits::whole(5).to_string(), "5");
        assert_eq!(Credits::from_number(2.5).unwrap().to_string(), "2.5");
        assert_eq!(serde_json::to_string(&Credits::whole(5)).unwrap(), "5");
        assert_eq!(
            serde_json::to_string(&Credits::from_number(0.25).unwrap()).unwrap(),
            "0.25"
        );
    }

    #[test]
    fn nonsense_is_no_amount() {
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e13] {
            assert_eq!(Credits::from_number(bad), None);
        }
    }
}
