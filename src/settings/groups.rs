//! Settings that belong together, resolved group by group.

use std::path::PathBuf;
use std::time::Duration;

use super::flags::{Flags, RunFlags};
use super::resolve::{Sources, parsed, parsed_or_number, text, whole};
use super::value::Value;
use super::values;
use crate::engine::round::{RoundStep, Schedule, TimeOfDay};
use crate::exit::Failure;
use crate::jobs::{IdColumn, Seconds};
use crate::manifest::is_speed;
use crate::vendor::{DurationStyle, Rate};

/// For video rows that leave something open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoDefaults {
    pub model: String,
    pub duration: Seconds,
    /// e.g. `16:9`.
    pub aspect_ratio: String,
    /// How the length is sent.
    pub duration_style: DurationStyle,
}

impl VideoDefaults {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &Flags) -> Result<Self, Failure> {
        let style = |word: &str| match word {
            "text" => Ok(DurationStyle::Text),
            "integer" => Ok(DurationStyle::Integer),
            _ => Err(format!("{word:?} is neither \"text\" nor \"integer\"")),
        };
        let seconds = parsed_or_number(values::seconds);
        Ok(Self {
            model: l.pick("model", flags.model.clone(), text)?,
            duration: l.pick("duration", flags.duration, seconds)?,
            aspect_ratio: l.pick("aspect_ratio", flags.aspect_ratio.clone(), text)?,
            duration_style: l.pick("duration_style", None, parsed(style))?,
        })
    }
}

/// For voice rows that leave something open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceDefaults {
    /// e.g. `alloy`.
    pub voice: String,
    /// e.g. `en`.
    pub language: String,
    /// A decimal.
    pub speed: String,
    /// Path of the status call, with `{id}` in it; `None` when voice jobs are not polled.
    pub poll_path: Option<String>,
}

impl VoiceDefaults {
    pub(super) fn resolve(l: &mut Sources<'_>) -> Result<Self, Failure> {
        let speed = |text: &str| {
            let speed = text.trim();
            let refused =
                || format!("{text:?} is not a speed from 0.25 to 4; write for example 1.0");
            is_speed(speed)
                .then(|| speed.to_owned())
                .ok_or_else(refused)
        };
        let poll_path = |path: &str| match path {
            "" => Ok(None),
            path if path.starts_with('/') && path.contains("{id}") => Ok(Some(path.to_owned())),
            _ => Err("it must start with / and have {id} in it, or be empty".to_owned()),
        };
        Ok(Self {
            voice: l.pick("voice.voice", None, text)?,
            language: l.pick("voice.language", None, text)?,
            speed: l.pick("voice.speed", None, parsed_or_number(speed))?,
            poll_path: l.pick("voice.poll_path", None, parsed(poll_path))?,
        })
    }
}

/// How fast, and how patiently, the API is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Requests at once, where it is set; see [`NetworkSettings::concurrency_for`].
    pub concurrency: Option<u16>,
    /// Most requests in a stretch of time.
    pub rate: Option<Rate>,
    /// Longest run.
    pub timeout: Option<Duration>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for a reply.
    pub request_timeout: Duration,
    /// Longest single wait that the API may ask for.
    pub max_retry_wait: Duration,
    /// Between two polls of a job; 1 s by default under `--sandbox`.
    pub interval: Duration,
}

impl NetworkSettings {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &Flags) -> Result<Self, Failure> {
        let length = || parsed_or_number(values::positive_duration);
        let rate = parsed(|text| Rate::parse(text).map_err(|e| e.to_string()));
        Ok(Self {
            concurrency: l.pick_open("concurrency", flags.concurrency, few(1024))?,
            rate: l.pick_open("rate", flags.rate, rate)?,
            timeout: l.pick_open("timeout", flags.timeout, length())?,
            connect_timeout: l.pick("connect_timeout", flags.connect_timeout, length())?,
            request_timeout: l.pick("request_timeout", flags.request_timeout, length())?,
            max_retry_wait: l.pick("max_retry_wait", None, length())?,
            interval: l.pick("interval", flags.interval, length())?,
        })
    }

    /// Requests at once: the value that is set, else 3 for listings and 4 for SKUs.
    pub fn concurrency_for(&self, column: IdColumn) -> usize {
        let usual = match column {
            IdColumn::Listing => 3,
            IdColumn::Sku => 4,
        };
        self.concurrency.map_or(usual, usize::from)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadSettings {
    /// Folder for clips.
    pub dir: PathBuf,
    /// Largest clip, in bytes.
    pub max_size: u64,
    /// Clips in transfer at once.
    pub concurrency: u16,
}

impl DownloadSettings {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &Flags) -> Result<Self, Failure> {
        let found = l.find_path("download.dir", flags.download_dir.clone())?;
        // A rehearsed clip never lies beside a real one.
        let usual = || {
            l.default("download.dir", |value| {
                Ok(PathBuf::from(l.usual_name(&text(value)?)))
            })
        };
        let dir = found.map_or_else(usual, Ok)?;
        l.show("download.dir", dir.value.display().to_string(), dir.origin);
        let (typed, size) = (flags.download_max_size, parsed_or_number(values::size));
        Ok(Self {
            dir: dir.value,
            max_size: l.pick("download.max_size", typed, size)?,
            concurrency: l.pick("download.concurrency", flags.download_concurrency, few(64))?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoSettings {
    /// The bucket that they are uploaded to.
    pub upload: Option<String>,
    /// The largest that is uploaded, in bytes.
    pub max_size: u64,
}

impl PhotoSettings {
    pub(super) fn resolve(l: &mut Sources<'_>) -> Result<Self, Failure> {
        let bucket = |text: &str| {
            let schemes = ["s3://", "gs://", "az://"];
            if schemes.iter().any(|scheme| text.starts_with(scheme)) {
                Ok(text.trim_end_matches('/').to_owned())
            } else {
                Err(
                    "write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
                        .to_owned(),
                )
            }
        };
        Ok(Self {
            upload: l.pick_open("photos.upload", None, parsed(bucket))?,
            max_size: l.pick("photos.max_size", None, parsed_or_number(values::size))?,
        })
    }
}

/// Of `publish`, whatever its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishSettings {
    /// Clips in transfer at once.
    pub concurrency: u16,
    /// Longest run of `--exec`'s command.
    pub exec_timeout: Duration,
    /// Whether only clips go out that a person has looked at and kept.
    pub approved: bool,
}

impl PublishSettings {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &Flags) -> Result<Self, Failure> {
        let length = parsed_or_number(values::positive_duration);
        Ok(Self {
            concurrency: l.pick("publish.concurrency", flags.publish_concurrency, few(64))?,
            exec_timeout: l.pick("publish.exec_timeout", flags.exec_timeout, length)?,
            approved: l
                .pick_open("publish.approved", flags.publish_approved, Value::truth)?
                .unwrap_or(false),
        })
    }
}

/// A small number of things at once.
fn few(max: u16) -> impl Fn(&Value) -> Result<u16, String> {
    move |value| whole(1, u32::from(max))(value).map(|n| n as u16)
}

/// `[run]`: what a round is made of, and when one begins.
///
/// A command to publish with is not among it: a settings file may lie beside a sheet that came from
/// someone else, and no file of theirs may run a program here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Steps that are left out.
    pub skip: Vec<RoundStep>,
    /// Whether rows with mistakes are left out, in place of ordering nothing.
    pub skip_invalid: bool,
    /// Longest wait for the clips of a round.
    pub wait: Duration,
    /// Whether clips go to the shop, unless a command takes them.
    pub to_shop: bool,
    /// When rounds begin, where nothing is watched; `None` where the settings give two answers.
    schedule: Option<Schedule>,
}

impl RunSettings {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &RunFlags) -> Result<Self, Failure> {
        let steps = |value: &Value| {
            let words = value.list()?;
            words.iter().map(|word| word.parse::<RoundStep>()).collect()
        };
        let service = |word: &str| match word {
            SHOPIFY => Ok(word.to_owned()),
            _ => Err(format!(
                "{word:?} is not a service; the only one is {SHOPIFY}"
            )),
        };
        let length = || parsed_or_number(values::positive_duration);
        let skip = l.pick_open("run.skip", flags.skip.clone(), steps)?;
        let skip_invalid = l.pick_open("run.skip_invalid", flags.skip_invalid, Value::truth)?;
        let to = flags.to_shop.then(|| SHOPIFY.to_owned());
        let to = l.pick_open("run.to", to, parsed(service))?;
        let every = l.pick_open("run.every", flags.every, length())?;
        let time = |text: &str| text.parse::<TimeOfDay>();
        let at = l.pick_open("run.at", flags.at, parsed(time))?;
        // What was typed goes before what a settings file says.
        let typed = flags.every.map(Schedule::Every);
        let typed = typed.or_else(|| flags.at.map(Schedule::At));
        let schedule = match (typed, every, at) {
            _ if flags.once => Some(Schedule::Once),
            (Some(typed), ..) => Some(typed),
            (None, Some(_), Some(_)) => None,
            (None, Some(every), None) => Some(Schedule::Every(every)),
            (None, None, Some(at)) => Some(Schedule::At(at)),
            (None, None, None) => Some(Schedule::Once),
        };
        Ok(Self {
            skip: skip.unwrap_or_default(),
            skip_invalid: skip_invalid.unwrap_or(false),
            wait: l.pick("run.wait", flags.wait, length())?,
            to_shop: to.is_some(),
            schedule,
        })
    }

    /// When rounds begin, where nothing is watched.
    pub fn schedule(&self) -> Result<&Schedule, Failure> {
        self.schedule.as_ref().ok_or_else(|| {
            Failure::config("run.every and run.at exclude each other; nothing was sent")
                .help("keep one of them in [run], or type --once for a round now")
        })
    }
}

const SHOPIFY: &str = "shopify";
