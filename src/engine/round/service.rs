//! Rounds by a schedule, until the process is to stop.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::Zoned;
use jiff::civil::DateTime;
use tokio::time::Instant;

use super::schedule::{Schedule, Watch, WatchedFiles};
use crate::engine::stop::Stop;
use crate::exit::Failure;
use crate::manifest::sheets_in;

/// How often what is watched is looked at. Looking works on every drive and every system; their
/// notices of changes do not.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A wait is cut in pieces, after each of which the computer's clock is asked: it may have been set,
/// or the computer may have slept.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// After how long a round is made again that left something, though what is watched has not changed;
/// the last one holds from then on.
const AGAIN_AFTER: [Duration; 3] = [
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
];

/// What the next round waits for.
pub enum NextRound<'a> {
    /// A change of what is watched; at this moment a round is made without one.
    Change(&'a Path, Option<Zoned>),
    /// A moment.
    At(Zoned),
}

/// What a round has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundRemainder {
    /// Another round would do nothing more.
    Nothing,
    /// The next round carries on with it.
    Something,
}

/// Makes rounds until the process is to stop, or until one gives an error; `round` is given whether it
/// is the first. `say` is given what the next one waits for, and `wait` waits.
pub fn serve<E: From<Failure>>(
    schedule: &Schedule,
    stop: &Stop,
    say: impl Fn(&NextRound<'_>),
    wait: impl Fn(LocalBoxFuture<'_, ()>) -> Result<(), E>,
    mut round: impl FnMut(bool) -> Result<RoundRemainder, E>,
) -> Result<(), E> {
    let mut watch = match schedule {
        Schedule::Watch(path) => Some((Watch::new(look(path)), path)),
        _ => None,
    };
    let mut began = Zoned::now();
    let start = Instant::now();
    let mut is_first = true;
    // Rounds in a row that left something.
    let mut unfinished = 0;
    let mut round = |is_first: bool, unfinished: &mut usize| {
        *unfinished = match round(is_first)? {
            RoundRemainder::Nothing => 0,
            RoundRemainder::Something => *unfinished + 1,
        };
        Ok::<(), E>(())
    };
    // Without a spreadsheet a round would order failed clips again that no row may ask for any more.
    let is_there = watch
        .as_ref()
        .is_none_or(|(_, path)| !look(path).is_empty());
    if schedule.begins_now() && is_there {
        round(is_first, &mut unfinished)?;
        is_first = false;
    }
    while !stop.is_set() {
        if let Some((watch, path)) = &mut watch {
            let again = again_after(unfinished);
            let at = again.and_then(|again| Zoned::now().checked_add(again).ok());
            say(&NextRound::Change(path, at));
            wait(Box::pin(until_changed(watch, path, start, again, stop)))?;
        } else if let Some(next) = next_of(schedule, &began, &Zoned::now()) {
            say(&NextRound::At(next.clone()));
            wait(Box::pin(until(next, schedule, stop, Zoned::now)))?;
        } else {
            return Err(Failure::usage("no further round can begin").into());
        }
        if !stop.is_set() {
            began = Zoned::now();
            round(is_first, &mut unfinished)?;
            is_first = false;
        }
    }
    Ok(())
}

/// The spreadsheets that are at `path` now.
pub fn sheets(path: &Path) -> Vec<PathBuf> {
    look(path).into_iter().map(|(sheet, ..)| sheet).collect()
}

/// When the next round begins. A clock that was set back since the last one began counts from now on.
fn next_of(schedule: &Schedule, began: &Zoned, now: &Zoned) -> Option<Zoned> {
    schedule.next(began.min(now), now)
}

/// How long a change is waited for after so many rounds in a row that left something; `None` for as long
/// as it takes.
fn again_after(unfinished: usize) -> Option<Duration> {
    let last = unfinished.checked_sub(1)?;
    AGAIN_AFTER.get(last).or(AGAIN_AFTER.last()).copied()
}

/// Returns at `next`, or when the process is to stop. A clock that is set back brings the next round
/// nearer: it would be waited for as long as the clock was set back.
async fn until(mut next: Zoned, schedule: &Schedule, stop: &Stop, clock: impl Fn() -> Zoned) {
    let mut before = clock();
    loop {
        let now = clock();
        if now < before
            && let Some(sooner) = next_of(schedule, &now, &now)
        {
            next = next.min(sooner);
        }
        before = now.clone();
        let left = now.duration_until(&next);
        let Ok(left) = Duration::try_from(left) else {
            return;
        };
        if left.is_zero() {
            return;
        }
        let sleep = tokio::time::sleep(left.min(LONGEST_SLEEP));
        if stop.or(sleep).await.is_none() {
            return;
        }
    }
}

/// Returns once a round is due because of what `path` holds, once it is to be made again, or when the
/// process is to stop.
async fn until_changed(
    watch: &mut Watch,
    path: &Path,
    start: Instant,
    again: Option<Duration>,
    stop: &Stop,
) {
    let again = again.map(|again| Instant::now() + again);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    while stop.or(ticks.tick()).await.is_some() {
        let seen = look(path);
        // One that is being written to is waited for.
        let is_again = again.is_some_and(|again| Instant::now() >= again) && watch.is_done(&seen);
        if watch.see(seen, start.elapsed()) || is_again {
            return;
        }
    }
}

/// Whether a file is named as a sheet is that was fetched and kept beside the log.
fn is_kept(name: &str) -> bool {
    let date = name
        .strip_prefix("manifest-")
        .and_then(|rest| rest.get(..18));
    date.is_some_and(|date| DateTime::strptime("%Y-%m-%dT%H%M%SZ", date).is_ok())
}

/// The name of the file that a file manager has made a copy of, as `a.csv` of `a - Copy (2).csv`.
fn original_of(name: &str) -> Option<String> {
    if let Some(original) = name.strip_prefix("Copy of ") {
        return Some(original.to_owned());
    }
    let (stem, ending) = name.rsplit_once('.')?;
    let (original, number) = stem.rsplit_once(" - Copy")?;
    let is_number = |text: &str| text.starts_with(" (") && text.ends_with(')');
    (number.is_empty() || is_number(number)).then(|| format!("{original}.{ending}"))
}

/// What is there now: a spreadsheet, or every spreadsheet of a folder. Whatever else is in it, the log
/// and the clips perhaps, is not a reason for a round.
fn look(path: &Path) -> WatchedFiles {
    let of_file = |path: PathBuf| {
        let meta = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        Some((path, meta.len(), meta.modified().ok()))
    };
    if !path.is_dir() {
        return of_file(path.to_owned()).into_iter().collect();
    }
    let is_own = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !is_kept(&name)
            && !original_of(&name).is_some_and(|original| path.with_file_name(original).is_file())
    };
    let sheets = sheets_in(path).into_iter();
    sheets.filter(is_own).filter_map(of_file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_round_left_is_tried_again_less_and_less_often() {
        let minutes = |unfinished| again_after(unfinished).map(|again| again.as_secs() / 60);
        assert_eq!(minutes(0), None);
        assert_eq!([1, 2, 3, 9].map(minutes), [15, 30, 60, 60].map(Some));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_round_left_is_tried_again_though_nothing_changed() {
        let dir = tempfile::tempdir().unwrap();
        let sheet = dir.path().join("a.csv");
        fs::write(&sheet, "x").unwrap();
        let mut watch = Watch::new(look(&sheet));
        let (start, stop) = (Instant::now(), Stop::default());
        let again = Duration::from_secs(900);
        until_changed(&mut watch, &sheet, start, Some(again), &stop).await;
        assert_eq!(start.elapsed(), again);
        // A sheet that is being saved is not read half.
        fs::write(&sheet, "xy").unwrap();
        until_changed(&mut watch, &sheet, start, Some(Duration::ZERO), &stop).await;
        assert_eq!(start.elapsed().as_secs(), again.as_secs() + 10);
        fs::remove_file(&sheet).unwrap();
        assert!(!watch.is_done(&look(&sheet)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_brings_the_next_round_nearer() {
        let start: Zoned = "2026-03-12T09:00:00+00:00[UTC]".parse().unwrap();
        let day = Duration::from_secs(24 * 3600);
        for (schedule, minutes) in [
            (Schedule::Every(Duration::from_secs(3600)), 10 + 60),
            (Schedule::At("9:30".parse().unwrap()), 30),
        ] {
            let (began, stop) = (Instant::now(), Stop::default());
            // A day back, ten minutes after the wait began.
            let clock = || {
                let gone = began.elapsed();
                let now = start.checked_add(gone).unwrap();
                if gone < Duration::from_secs(600) {
                    now
                } else {
                    now.checked_sub(day).unwrap()
                }
            };
            let next = schedule.next(&start, &start).unwrap();
            until(next, &schedule, &stop, clock).await;
            assert_eq!(began.elapsed().as_secs() / 60, minutes, "{schedule:?}");
        }
    }

    #[test]
    fn kept_sheets_and_copies_of_a_sheet_are_none() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "a.csv",
            "manifest-spring.csv",
            "Copy of gone.csv",
            "gone - Copy.csv",
            "a - Copy room.csv",
            "manifest-2026-03-12T092000Z.csv",
            "manifest-2026-03-12T092000Z-2.xlsx",
            "Copy of a.csv",
            "a - Copy.csv",
            "a - Copy (2).csv",
            "a.csv~",
            "~$a.xlsx",
            ".~lock.a.csv#",
        ] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        let names = sheets(dir.path());
        let names: Vec<_> = names.iter().map(|p| p.file_name().unwrap()).collect();
        assert_eq!(
            names,
            [
                "Copy of gone.csv",
                "a - Copy room.csv",
                "a.csv",
                "gone - Copy.csv",
                "manifest-spring.csv"
            ]
        );
    }
}
