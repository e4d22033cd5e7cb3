//! The first few orders of a batch: those that differ most, looked at before the rest is ordered.

mod clip_check;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

pub use clip_check::{Canary, CanaryEvent, CheckResult, CheckedClip};
use url::Url;

use super::delivery::mp4::Movie;
use crate::jobs::Clip;

/// A clip may be this much longer or shorter than what was asked for, in seconds: models make whole
/// pictures, and some add one.
const SECONDS: f64 = 0.75;
/// Its shape may differ by this share: sizes are even numbers of pixels.
const SHAPE: f64 = 0.03;

/// What makes one order unlike another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// A row that may be chosen.
pub struct CanaryRow<T> {
    pub row: T,
    /// What makes it unlike others.
    pub traits: Traits,
    /// Its listing or product.
    pub item: String,
}

/// The first rows of one kind.
struct RowGroup<T> {
    traits: Traits,
    rows: Vec<(T, String)>,
}

impl<T> RowGroup<T> {
    /// Where its next row stands: the first of a listing or product that has none yet, else the first.
    fn next(&self, items: &HashSet<String>) -> Option<(bool, usize)> {
        let fresh = |(_, item): &(T, String)| !items.contains(item);
        let place = self.rows.iter().position(fresh);
        let first = (!self.rows.is_empty()).then_some((false, 0));
        place.map(|place| (true, place)).or(first)
    }

    /// Keeps a row where it may be chosen. Rows of other items go before more of the same.
    fn offer(&mut self, row: T, item: String, most: usize) {
        let is_new = !self.rows.iter().any(|(_, known)| *known == item);
        if self.rows.len() < most {
            self.rows.push((row, item));
        } else if is_new && let Some(again) = self.repeated() {
            self.rows.remove(again);
            self.rows.push((row, item));
        }
    }

    /// The last row whose item has an earlier one.
    fn repeated(&self) -> Option<usize> {
        let is_again = |place: &usize| {
            let (_, item) = &self.rows[*place];
            self.rows[..*place].iter().any(|(_, known)| known == item)
        };
        (0..self.rows.len()).rev().find(is_again)
    }
}

/// Chooses `most` of `rows` so that as many different traits as possible are among them, then as many
/// listings or products; the earlier ones where that makes no difference.
pub fn choose<T>(rows: impl Iterator<Item = CanaryRow<T>>, most: usize) -> Vec<T> {
    let mut places: HashMap<Traits, usize> = HashMap::new();
    let mut kinds: Vec<RowGroup<T>> = Vec::new();
    for CanaryRow { row, traits, item } in rows {
        let place = *places.entry(traits.clone()).or_insert_with(|| {
            let rows = Vec::new();
            kinds.push(RowGroup { traits, rows });
            kinds.len() - 1
        });
        kinds[place].offer(row, item, most);
    }
    let mut seen = HashSet::new();
    let mut items = HashSet::new();
    let mut used = vec![0; kinds.len()];
    let mut chosen = Vec::new();
    while chosen.len() < most {
        let new = |traits: &Traits| {
            let traits = traits.0.iter().enumerate();
            traits
                .filter(|one| !seen.contains(&(one.0, one.1.clone())))
                .count()
        };
        let next = kinds.iter().enumerate().filter_map(|(kind, of_kind)| {
            let (is_fresh, place) = of_kind.next(&items)?;
            let rank = (
                usize::MAX - new(&of_kind.traits),
                !is_fresh,
                used[kind],
                kind,
            );
            Some((rank, place))
        });
        // The first of the best, so the smallest of what is turned around.
        let Some(((.., kind), place)) = next.min() else {
            break;
        };
        let (row, item) = kinds[kind].rows.remove(place);
        seen.extend(kinds[kind].traits.0.iter().cloned().enumerate());
        items.insert(item);
        chosen.push(row);
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
pub enum FailureLimit {
    /// So many.
    Count(u64),
    /// This share of the orders, from 0 to 1.
    Share(f64),
}

impl FailureLimit {
    /// Whether `failed` of `all` orders are too many.
    pub fn is_passed(self, failed: u64, all: u64) -> bool {
        match self {
            Self::Count(most) => failed > most,
            Self::Share(share) => failed as f64 > all as f64 * share,
        }
    }
}

impl fmt::Display for FailureLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

impl FromStr for FailureLimit {
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
        let owned: Vec<(&str, String)> = rows
            .iter()
            .zip(0..)
            .map(|(row, n)| (*row, format!("{n}")))
            .collect();
        chosen_of(
            &owned
                .iter()
                .map(|(row, item)| (*row, &**item))
                .collect::<Vec<_>>(),
            most,
        )
    }

    fn chosen_of(rows: &[(&str, &str)], most: usize) -> Vec<usize> {
        let rows = rows.iter().enumerate();
        let rows = rows.map(|(row, (text, item))| CanaryRow {
            row,
            traits: traits(text),
            item: (*item).to_owned(),
        });
        choose(rows, most)
    }

    #[test]
    fn rows_that_are_alike_are_of_different_listings() {
        let rows = [
            ("a", "1"),
            ("a", "1"),
            ("a", "1"),
            ("a", "2"),
            ("b", "1"),
            ("b", "3"),
        ];
        assert_eq!(chosen_of(&rows[..4], 2), [0, 3]);
        assert_eq!(chosen_of(&rows[..4], 3), [0, 3, 1], "each once, then again");
        assert_eq!(chosen_of(&rows, 2), [0, 5], "traits first, then listings");
        assert_eq!(chosen_of(&rows, 3), [0, 5, 3]);
        assert_eq!(chosen_of(&rows, 9).len(), 6);
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
        let most = |text: &str| text.parse::<FailureLimit>();
        assert_eq!(most("5"), Ok(FailureLimit::Count(5)));
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
