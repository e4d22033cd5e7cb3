//! When rounds begin: once, again and again, at a time of day, or when a spreadsheet was saved.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Time;
use jiff::{ToSpan, Zoned};

/// When rounds begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// One, now.
    Once,
    /// One now, then one each time so much time has passed since the last one began.
    Every(Duration),
    /// One each day at this time.
    At(TimeOfDay),
    /// One now, then one whenever what is there has changed.
    Watch(PathBuf),
}

impl Schedule {
    /// Whether the first round begins at once.
    pub fn begins_now(&self) -> bool {
        !matches!(self, Self::At(_))
    }

    /// When the next round begins, where time decides that: after the one that began at `began`, or at
    /// the next chance from `now` on. A round that took longer than the time between two is followed
    /// by the next one at once, and by only one.
    pub fn next(&self, began: &Zoned, now: &Zoned) -> Option<Zoned> {
        match self {
            Self::Once | Self::Watch(_) => None,
            Self::Every(every) => {
                let next = began.checked_add(*every).ok()?;
                Some(if next < *now { now.clone() } else { next })
            }
            Self::At(at) => {
                let today = now
                    .date()
                    .to_datetime(at.0)
                    .to_zoned(now.time_zone().clone());
                let today = today.ok()?;
                if today > *now {
                    return Some(today);
                }
                let tomorrow = now.date().checked_add(1.day()).ok()?;
                let tomorrow = tomorrow.to_datetime(at.0);
                tomorrow.to_zoned(now.time_zone().clone()).ok()
            }
        }
    }
}

/// A time of day, as in `02:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(Time);

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (hour, minute) = text.split_once(':')?;
            let is_number = |part: &str| {
                (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            };
            if !is_number(hour) || minute.len() != 2 || !is_number(minute) {
                return None;
            }
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        parse()
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a time of day such as 02:30"))
    }
}

/// What was seen of a spreadsheet or a folder: every file's name, length and time of change. Two that
/// are equal mean that nothing happened in between.
pub type WatchedFiles = Vec<(PathBuf, u64, Option<std::time::SystemTime>)>;

/// How long something has to be still: a spreadsheet program writes a file in several goes.
const STILL: Duration = Duration::from_secs(10);

/// Watches what is seen, and says when a round begins.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What the last round worked on.
    done: WatchedFiles,
    /// What was seen last, and since when it is as it is.
    last: WatchedFiles,
    since: Duration,
}

impl Watch {
    /// The last round worked on `seen`.
    pub fn new(seen: WatchedFiles) -> Self {
        Self {
            done: seen.clone(),
            last: seen,
            since: Duration::ZERO,
        }
    }

    /// Whether there is just what the last round worked on.
    pub fn is_done(&self, seen: &WatchedFiles) -> bool {
        *seen == self.done && !seen.is_empty()
    }

    /// Takes in what is seen at `now`, on a clock that only goes forward. `true` when a round begins.
    /// An empty folder does not trigger a round.
    pub fn see(&mut self, seen: WatchedFiles, now: Duration) -> bool {
        if seen != self.last {
            self.last = seen;
            self.since = now;
            return false;
        }
        let is_new = self.last != self.done && !self.last.is_empty();
        let begins = is_new && now.saturating_sub(self.since) >= STILL;
        if begins {
            self.done.clone_from(&self.last);
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        text.parse().unwrap()
    }

    #[test]
    fn rounds_begin_so_much_time_after_another() {
        let every = Schedule::Every(Duration::from_secs(3600));
        let began = at("2026-03-12T09:00:00+00:00[UTC]");
        let next = |now: &str| every.next(&began, &at(now)).unwrap().to_string();
        assert_eq!(
            next("2026-03-12T09:10:00+00:00[UTC]"),
            "2026-03-12T10:00:00+00:00[UTC]"
        );
        // One that was missed is made up for, and only one.
        let late = "2026-03-12T12:10:00+00:00[UTC]";
        assert_eq!(next(late), late);
        assert!(every.begins_now());
    }

    #[test]
    fn rounds_begin_at_a_time_of_day() {
        let schedule = Schedule::At("2:30".parse().unwrap());
        let next = |now: &str| {
            let now = at(now);
            schedule.next(&now, &now).unwrap().to_string()
        };
        assert_eq!(
            next("2026-03-12T01:00:00+00:00[UTC]"),
            "2026-03-12T02:30:00+00:00[UTC]"
        );
        assert_eq!(
            next("2026-03-12T02:30:00+00:00[UTC]"),
            "2026-03-13T02:30:00+00:00[UTC]"
        );
        assert!(!schedule.begins_now());
        for wrong in ["", "2", "24:00", "2:3", "2:60", "02:30:00", "a:00", "+2:00"] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
    }

    fn sheet(bytes: u64) -> WatchedFiles {
        vec![("listings.csv".into(), bytes, None)]
    }

    #[test]
    fn a_round_begins_once_a_changed_sheet_is_still() {
        let mut watch = Watch::new(sheet(1));
        let mut see = |bytes, seconds| watch.see(sheet(bytes), Duration::from_secs(seconds));
        assert!(!see(1, 100), "nothing changed");
        assert!(!see(2, 101), "it has just changed");
        assert!(!see(2, 110));
        assert!(!see(3, 111), "it is written on");
        assert!(!see(3, 120));
        assert!(see(3, 121));
        assert!(!see(3, 200), "once");
        assert!(!see(1, 201));
        assert!(see(1, 211), "also when it is as it was before");
    }

    #[test]
    fn a_sheet_that_is_gone_is_waited_for() {
        let mut watch = Watch::new(sheet(1));
        let mut see = |seen, seconds| watch.see(seen, Duration::from_secs(seconds));
        assert!(!see(WatchedFiles::new(), 1));
        assert!(!see(WatchedFiles::new(), 60));
        assert!(!see(sheet(1), 61));
        assert!(!see(sheet(1), 90), "it came back as it was");
        assert!(!see(sheet(2), 91));
        assert!(see(sheet(2), 101));
    }
}
