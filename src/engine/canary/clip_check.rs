//! A look at the clips of the canary: that they play, and are what was asked for.

use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom, Write};
use std::pin::Pin;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{CanaryRow, FailureLimit, Traits, choose, judge};
use crate::engine::delivery::client::FetchClient;
use crate::engine::delivery::mp4;
use crate::engine::plan::Plan;
use crate::engine::stop::Stop;
use crate::jobs::{JobKey, JobView, Seconds, Status};
use crate::manifest::{Manifest, ManifestError};

/// What became of one clip.
pub struct CheckedClip {
    pub job: JobKey,
    /// The job as the log has it; none when it was not ordered.
    pub view: Option<JobView>,
    /// Why it is not as it should be.
    pub fault: Option<String>,
}

/// What the look reports while it goes on.
pub enum CanaryEvent<'a> {
    /// A clip was looked at.
    Seen(&'a CheckedClip),
    /// Too many are not as they should be: so many of so many, and so many rows are not ordered.
    TooManyFaults(u64, u64, u64),
    /// The clips are good, and the rest is not wanted: so many rows are not ordered, and so many others
    /// were ordered by another computer meanwhile.
    Declined(u64, u64),
    /// The run was stopped while a person was asked.
    Unanswered,
}

/// What a look came to.
pub struct CheckResult {
    pub seen: Vec<CheckedClip>,
    /// Whether the rest is ordered.
    pub goes_on: bool,
    /// Whether it is not, although the clips are as they should be.
    pub is_declined: bool,
}

/// Asks whether, after so many good clips, so many further rows are ordered.
pub type ConfirmFn<'a> = &'a dyn Fn(u64, u64) -> Pin<Box<dyn Future<Output = bool> + 'a>>;

/// The first few orders, and what looking at their clips takes.
pub struct Canary<'a> {
    /// How many.
    pub few: usize,
    /// Fetches clips.
    pub client: &'a FetchClient,
    /// Where a clip's address leads from here.
    pub here: &'a dyn Fn(&str) -> String,
    /// Longest clip, in bytes.
    pub max_size: u64,
    /// Decides whether the rest is ordered when the clips are good.
    pub agrees: ConfirmFn<'a>,
}

impl Canary<'_> {
    /// Chooses among the first `most` rows that are sent. They come by their places in the manifest.
    pub fn rows(
        &self,
        plan: &Plan,
        manifest: &mut Manifest,
        most: u64,
    ) -> Result<BTreeMap<u32, JobKey>, ManifestError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let rows = manifest.rows_at(plan.sent().take(most))?;
        // A row that changed meanwhile ends the run when it is about to be sent.
        let rows = rows.filter_map(|(index, row)| {
            let row = row.ok()?;
            let place = u32::try_from(index).ok()?;
            Some(CanaryRow {
                traits: Traits::of(&row.clip),
                item: row.id.clone(),
                row: (place, plan.key_of(index, &row)),
            })
        });
        Ok(choose(rows, self.few).into_iter().collect())
    }

    /// Looks at `clips`, which have been waited for, each of a job as the log has it, and decides
    /// whether the `rest` is ordered: not when more than `most` are bad; else if a person agrees.
    /// `None` when the run is stopped meanwhile.
    pub async fn look(
        &self,
        clips: Vec<(JobKey, Option<JobView>)>,
        rest: u64,
        most: FailureLimit,
        stop: &Stop,
        report: &dyn Fn(CanaryEvent<'_>),
    ) -> io::Result<Option<CheckResult>> {
        let mut seen = Vec::new();
        for (job, view) in clips {
            let fault = match &view {
                None => Some("it was not ordered".to_owned()),
                Some(view) => match stop.or(self.fault(view)).await {
                    None => return Ok(None),
                    Some(fault) => fault?,
                },
            };
            let clip = CheckedClip { job, view, fault };
            report(CanaryEvent::Seen(&clip));
            seen.push(clip);
        }
        let all = seen.len() as u64;
        let faults = seen.iter().filter(|seen| seen.fault.is_some()).count() as u64;
        let is_bad = most.is_passed(faults, all);
        let goes_on = if is_bad {
            report(CanaryEvent::TooManyFaults(faults, all, rest));
            false
        } else if rest == 0 {
            true
        } else if let Some(agrees) = stop.or((self.agrees)(all, rest)).await {
            agrees
        } else {
            report(CanaryEvent::Unanswered);
            return Ok(None);
        };
        Ok(Some(CheckResult {
            seen,
            goes_on,
            is_declined: !goes_on && !is_bad,
        }))
    }

    /// What is wrong with a clip.
    async fn fault(&self, view: &JobView) -> io::Result<Option<String>> {
        let effective = view.effective();
        let text = |name| effective.and_then(|attempt| attempt.fields.text(name));
        match view.state.status() {
            Status::Completed => {}
            Status::Failed | Status::SubmitFailed => {
                let why = text("error").unwrap_or("the vendor gave no reason");
                return Ok(Some(format!("it failed: {why}")));
            }
            _ => return Ok(Some("it is not ready".to_owned())),
        }
        let Some(link) = text("output_url") else {
            return Ok(Some("the vendor reported no link to it".to_owned()));
        };
        let mut file = match self.fetch(link).await? {
            Ok(file) => file,
            Err(why) => return Ok(Some(why)),
        };
        let asked = |name| effective.and_then(|attempt| attempt.request_value(name));
        if asked("text").is_some() && asked("prompt").is_none() {
            // A voice has no pictures; that it came is all that is looked at.
            return Ok(None);
        }
        let movie = match mp4::read(&mut file)? {
            Ok(movie) => movie,
            Err(why) => return Ok(Some(format!("it does not play: {why}"))),
        };
        let seconds = asked("duration").and_then(|asked| match asked {
            Value::String(text) => Seconds::parse(&text),
            other => Seconds::parse(&other.to_string()),
        });
        let shape = asked("aspect_ratio");
        let shape = shape.as_ref().and_then(Value::as_str);
        Ok(judge(movie, seconds.map(Seconds::get), shape).err())
    }

    /// Fetches a clip to a file that is gone with the process. The inner error is the network's.
    async fn fetch(&self, link: &str) -> io::Result<Result<std::fs::File, String>> {
        let reply = self.client.get(&(self.here)(link), &HeaderMap::new()).await;
        let mut reply = match reply {
            Ok(reply) if reply.status().is_success() => reply,
            Ok(reply) => return Ok(Err(format!("its address answers {}", reply.status()))),
            Err(error) => return Ok(Err(format!("it cannot be fetched: {error}"))),
        };
        let mut file = tempfile::tempfile()?;
        let mut length = 0;
        loop {
            match reply.chunk().await {
                Ok(Some(bytes)) => {
                    length += bytes.len() as u64;
                    if length > self.max_size {
                        return Ok(Err("it is larger than download.max_size".to_owned()));
                    }
                    file.write_all(&bytes)?;
                }
                Ok(None) => break,
                Err(_) => {
                    return Ok(Err(
                        "it cannot be fetched: the connection was cut".to_owned()
                    ));
                }
            }
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Ok(file))
    }
}
