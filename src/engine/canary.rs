//! The first few orders of a batch: those that differ most, looked at before the rest is ordered.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use url::Url;

use super::delivery::mp4::Movie;
use crate::jobs::Clip;

/// A clip may be this much longer or shorter than what was asked for, in seconds: models make whole
/// pictures, and some add one.
const SECONDS: f64 = 0.75;
/// Its shape may differ by this share: sizes are even numbers of pixels.
const SHAPE: f64 = 0.03;

/// What makes one order unlike another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traits([String; 4]);

impl Traits {
    /// Of a clip: its model, its length, its shape, and the host of its photo.
    pub fn of(clip: &Clip) -> Self {
        Self(match clip {
            Clip::Video(video) => [
                video.model.clone(),
                video.duration.to_string(),
                video.aspect_ratio.clone(),
                host(&video.image_url),
            ],
            Clip::Voice(voice) => [
                voice.voice.clone(),
                voice.language.clone(),
                voice.speed.clone(),
                String::new(),
            ],
        })
    }
}

fn host(address: &str) -> String {
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

/// Chooses `most` of `rows` so that as many different traits as possible are among them; the earlier
/// ones where that makes no difference.
pub fn choose<T: Clone>(rows: impl Iterator<Item = (T, Traits)>, most: usize) -> Vec<T> {
    // The first rows of each kind; more than are chosen need not be kept.
    let mut kinds: BTreeMap<Traits, (usize, Vec<T>)> = BTreeMap::new();
    for (place, (row, traits)) in rows.enumerate() {
        let (_, rows) = kinds.entry(traits).or_insert_with(|| (place, Vec::new()));
        if rows.len() < most {
            rows.push(row);
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, (place, _))| *place);
    let mut seen = HashSet::new();
    let mut used = vec![0; kinds.len()];
    let mut chosen = Vec::new();
    while chosen.len() < most {
        let new = |traits: &Traits| {
            let traits = traits.0.iter().enumerate();
            traits
                .filter(|one| !seen.contains(&(one.0, one.1.clone())))
                .count()
        };
        let open = (0..kinds.len()).filter(|&kind| used[kind] < kinds[kind].1.1.len());
        // The first of the best, so the smallest of what is turned around.
        let best = open.min_by_key(|&kind| (usize::MAX - new(&kinds[kind].0), used[kind], kind));
        let Some(kind) = best else { break };
        let (traits, (_, rows)) = &kinds[kind];
        seen.extend(traits.0.iter().cloned().enumerate());
        chosen.push(rows[used[kind]].clone());
        used[kind] += 1;
    }
    chosen
}

/// Whether a movie is what was asked for: `seconds` long, of the shape `W:H`. What cannot be read of
/// either is not judged.
pub fn judge(movie: Movie, seconds: Option<u16>, shape: Option<&str>) -> Result<(), String> {
    if let Some(asked) = seconds.map(f64::from)
        && movie.seconds > 0.0
        && (movie.seconds - asked).abs() > SECONDS
    {
        return Err(format!(
            "it is {:.1} s long, and {asked} s were asked for",
            movie.seconds
        ));
    }
    if let Some(asked) = shape
        && let Some(wanted) = ratio(asked)
        && (movie.width / movie.height / wanted - 1.0).abs() > SHAPE
    {
        return Err(format!(
            "it is {} by {} pixels, and {asked} was asked for",
            movie.width, movie.height
        ));
    }
    Ok(())
}

/// Width by height of `16:9`.
fn ratio(shape: &str) -> Option<f64> {
    let (width, height) = shape.split_once(':')?;
    let (width, height): (f64, f64) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
    (width > 0.0 && height > 0.0).then(|| width / height)
}

/// How many orders may fail before a batch stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MostFailed {
    /// So many.
    Count(u64),
    /// This share of the orders, from 0 to 1.
    Share(f64),
}

impl MostFailed {
    /// Whether `failed` of `all` orders are too many.
    pub fn is_passed(self, failed: u64, all: u64) -> bool {
        match self {
            Self::Count(most) => failed > most,
            Self::Share(share) => failed as f64 > all as f64 * share,
        }
    }
}

impl fmt::Display for MostFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

impl FromStr for MostFailed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number, such as 5, or a share, such as 10%".to_owned();
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
                let is_share = (0.0..=100.0).contains(&percent);
                is_share
                    .then_some(Self::Share(percent / 100.0))
                    .ok_or_else(wrong)
            }
            None => text.parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(text: &str) -> Traits {
        let mut words = text.split(' ').map(str::to_owned);
        Traits(std::array::from_fn(|_| words.next().unwrap_or_default()))
    }

    fn chosen(rows: &[&str], most: usize) -> Vec<usize> {
        choose(rows.iter().map(|row| traits(row)).enumerate(), most)
    }

    #[test]
    fn the_rows_that_differ_most_are_chosen() {
        let rows = [
            "kling 5s 16:9 a",
            "kling 5s 16:9 a",
            "kling 5s 9:16 a",
            "kling 5s 16:9 b",
            "seedance 10s 1:1 c",
            "kling 5s 9:16 b",
        ];
        assert_eq!(chosen(&rows, 1), [0]);
        assert_eq!(chosen(&rows, 2), [0, 4]);
        assert_eq!(chosen(&rows, 3), [0, 4, 5], "a shape and a host at once");
        assert_eq!(chosen(&rows, 9).len(), 6, "no more than there are");
        assert_eq!(chosen(&["a", "a", "a"], 2), [0, 1]);
        assert_eq!(chosen(&[], 2), [0; 0]);
    }

    #[test]
    fn a_clip_of_another_length_or_shape_is_reported() {
        let movie = Movie {
            seconds: 5.04,
            width: 1280.0,
            height: 720.0,
        };
        assert_eq!(judge(movie, Some(5), Some("16:9")), Ok(()));
        assert_eq!(judge(movie, None, None), Ok(()));
        assert_eq!(judge(movie, Some(5), Some("auto")), Ok(()));
        assert_eq!(
            judge(movie, Some(10), None).unwrap_err(),
            "it is 5.0 s long, and 10 s were asked for"
        );
        assert_eq!(
            judge(movie, Some(5), Some("9:16")).unwrap_err(),
            "it is 1280 by 720 pixels, and 9:16 was asked for"
        );
        let fragments = Movie {
            seconds: 0.0,
            ..movie
        };
        assert_eq!(judge(fragments, Some(10), None), Ok(()));
    }

    #[test]
    fn failures_are_counted_or_shared() {
        let most = |text: &str| text.parse::<MostFailed>();
        assert_eq!(most("5"), Ok(MostFailed::Count(5)));
        assert!(!most("5").unwrap().is_passed(5, 10));
        assert!(most("5").unwrap().is_passed(6, 10));
        assert!(!most("10%").unwrap().is_passed(20, 200));
        assert!(most("10%").unwrap().is_passed(21, 200));
        assert!(most("0").unwrap().is_passed(1, 3));
        for wrong in ["", "-1", "101%", "x%", "1.5"] {
            assert!(most(wrong).is_err(), "{wrong}");
        }
        assert_eq!(most("10%").unwrap().to_string(), "10%");
    }
}
