//! `submit --canary`: a few orders first, looked at before the rest is ordered.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Seek, SeekFrom, Write};

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::cli::SubmitArgs;
use crate::commands::failure;
use crate::commands::inputs::manifest_failure;
use crate::commands::open::Api;
use crate::engine::canary::{Candidate, MostFailed, Traits, choose, judge};
use crate::engine::delivery::address::system_lookup;
use crate::engine::delivery::client::{Client, TimeOuts};
use crate::engine::delivery::mp4;
use crate::engine::plan::Plan;
use crate::engine::stop::Stop;
use crate::exit::Failure;
use crate::jobs::{JobKey, JobView, Seconds, Status};
use crate::journal::Writer;
use crate::manifest::Manifest;
use crate::output::{Commands, Printer, words};
use crate::sandbox::SANDBOX_ORIGIN;
use crate::settings::Settings;
use crate::text::escape;

/// The rows that are ordered first, by their places in the manifest.
pub type Rows = BTreeMap<u32, JobKey>;

/// Chooses `few` of the first `most` rows that are sent.
pub fn rows(plan: &Plan, manifest: &mut Manifest, most: u64, few: usize) -> Result<Rows, Failure> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let sent = plan.sent().take(most);
    let rows = manifest.rows_at(sent).map_err(manifest_failure)?;
    // A row that changed meanwhile ends the run when it is about to be sent.
    let rows = rows.filter_map(|(index, row)| {
        let row = row.ok()?;
        let place = u32::try_from(index).ok()?;
        Some(Candidate {
            traits: Traits::of(&row.clip),
            owner: row.id.clone(),
            row: (place, plan.key_of(index, &row)),
        })
    });
    Ok(choose(rows, few).into_iter().collect())
}

/// What a look at the clips needs.
pub struct Look<'a> {
    pub api: &'a Api,
    pub writer: &'a Writer,
    pub settings: &'a Settings,
    pub stop: &'a Stop,
    pub commands: &'a Commands,
    pub printer: &'a Printer,
}

/// What became of one clip.
pub struct Seen {
    job: JobKey,
    /// The clip as a person knows it.
    name: String,
    /// Why it is not as it should be.
    fault: Option<String>,
}

/// What the look came to.
pub struct Verdict {
    pub seen: Vec<Seen>,
    /// Whether the rest is to be ordered.
    pub goes_on: bool,
}

impl Verdict {
    /// As a field of the summary for programs.
    pub fn to_json(&self) -> (String, Value) {
        let seen = self
            .seen
            .iter()
            .map(|seen| json!({ "job": seen.job, "name": seen.name, "fault": seen.fault }));
        let seen: Vec<Value> = seen.collect();
        let canary = json!({ "clips": seen, "goes_on": self.goes_on });
        ("canary".to_owned(), canary)
    }
}

impl Look<'_> {
    /// Looks at the clips of `jobs`, which have been waited for, says what it finds, and asks whether
    /// the `rest` is to be ordered. `None` when the run is stopped meanwhile.
    pub async fn judge(
        &self,
        jobs: impl Iterator<Item = JobKey>,
        rest: u64,
        args: &SubmitArgs,
    ) -> anyhow::Result<Option<Verdict>> {
        let client = Client::new(
            TimeOuts {
                connect: self.settings.network.connect_timeout,
                idle: self.settings.network.request_timeout,
            },
            system_lookup(),
        );
        let mut seen = Vec::new();
        for job in jobs {
            let Some(view) = self.writer.view(job).map_err(failure::of_log)? else {
                let (name, fault) = (job.to_string(), "it was not ordered".to_owned());
                self.printer.warn(format_args!("canary {name}: {fault}"));
                seen.push(Seen {
                    job,
                    name,
                    fault: Some(fault),
                });
                continue;
            };
            let owner = view.id().map(|(_, id)| format!("{} ", escape(id)));
            let name = owner.unwrap_or_default() + &escape(&words::clip_name(&view));
            let Some(fault) = self.stop.or(self.fault(&view, &client)).await else {
                return Ok(None);
            };
            let fault = fault?;
            match &fault {
                Some(fault) => self
                    .printer
                    .warn(format_args!("canary {name}: {}", escape(fault))),
                None => self.printer.note(format_args!(
                    "canary {name}: plays, and has the length and shape that were asked for"
                )),
            }
            seen.push(Seen { job, name, fault });
        }
        let Some(goes_on) = self.stop.or(self.asks(&seen, rest, args)).await else {
            // The question stands on a line that is not finished.
            self.printer.say("");
            return Ok(None);
        };
        let goes_on = goes_on?;
        Ok(Some(Verdict { seen, goes_on }))
    }

    /// What is wrong with a clip.
    async fn fault(&self, view: &JobView, client: &Client) -> anyhow::Result<Option<String>> {
        let speaking = view.effective();
        let text = |name| speaking.and_then(|attempt| attempt.fields.text(name));
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
        let mut file = match self.fetch(link, client).await? {
            Ok(file) => file,
            Err(why) => return Ok(Some(why)),
        };
        let asked = |name| speaking.and_then(|attempt| attempt.request_value(name));
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
    async fn fetch(
        &self,
        link: &str,
        client: &Client,
    ) -> anyhow::Result<Result<std::fs::File, String>> {
        let here = match (&self.api.stand_in, link.strip_prefix(SANDBOX_ORIGIN)) {
            (Some(stand_in), Some(path)) => format!("{}{path}", stand_in.base_url()),
            _ => link.to_owned(),
        };
        let mut reply = match client.get(&here, &HeaderMap::new()).await {
            Ok(reply) if reply.status().is_success() => reply,
            Ok(reply) => return Ok(Err(format!("its address answers {}", reply.status()))),
            Err(error) => return Ok(Err(format!("it cannot be fetched: {error}"))),
        };
        let failed = |error| {
            Failure::io("a clip cannot be kept in a temporary file")
                .because(error)
                .help("make room on the disk; the clips that were ordered are in the log")
        };
        let mut file = tempfile::tempfile().map_err(failed)?;
        let mut length = 0;
        loop {
            match reply.chunk().await {
                Ok(Some(bytes)) => {
                    length += bytes.len() as u64;
                    if length > self.settings.download.max_size {
                        return Ok(Err("it is larger than download.max_size".to_owned()));
                    }
                    file.write_all(&bytes).map_err(failed)?;
                }
                Ok(None) => break,
                Err(_) => {
                    return Ok(Err(
                        "it cannot be fetched: the connection was cut".to_owned()
                    ));
                }
            }
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Ok(file))
    }

    /// Whether the rest is ordered: not when too many have failed; else if a person agrees.
    async fn asks(&self, seen: &[Seen], rest: u64, args: &SubmitArgs) -> anyhow::Result<bool> {
        let failed = seen.iter().filter(|seen| seen.fault.is_some()).count() as u64;
        let most = args.max_failed.unwrap_or(MostFailed::Count(0));
        let rows = words::count(rest, "row");
        let again = self.commands.on_log("status", "");
        if most.is_passed(failed, seen.len() as u64) {
            self.printer.warn(format_args!(
                "{failed} of {} not as they should be; {rows} not ordered. Look at `{again}`, \
                 correct the sheet, and run the same command again; without --canary it orders the \
                 rest",
                words::count(seen.len() as u64, "canary clip"),
            ));
            return Ok(false);
        }
        if args.yes || rest == 0 {
            return Ok(true);
        }
        if std::io::stdin().is_terminal() {
            let good = words::count(seen.len() as u64, "canary clip");
            let question = format!("{good} looked at. Order the other {rows}?");
            if self.printer.confirm_meanwhile(question).await? {
                return Ok(true);
            }
        }
        self.printer.warn(format_args!(
            "{rows} not ordered. Look at the clips that are ready (`{again}`); then run the same \
             command again without --canary to order the rest, or with --yes to go on by itself"
        ));
        Ok(false)
    }
}
