//! Settings that belong together, resolved group by group.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keys::{MAP, MODELS};
use super::resolve::{Layers, Said, Show, amount, parsed, parsed_or_number, text, whole};
use super::{Flags, Origin, Setting};
use crate::cli::values;
use crate::exit::Failure;
use crate::jobs::{Credits, IdColumn, Rates, Seconds};
use crate::vendor::{DurationStyle, LONGEST_ASKED, Rate};

/// For video rows that leave something open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoDefaults {
    /// The vendor's model.
    pub model: String,
    /// Length of a clip.
    pub duration: Seconds,
    /// e.g. `16:9`.
    pub aspect_ratio: String,
    /// How the length is sent.
    pub duration_style: DurationStyle,
}

impl VideoDefaults {
    pub(super) fn resolve(l: &mut Layers<'_>, flags: &Flags) -> Result<Self, Failure> {
        let model = Said::flag(flags.model.clone(), "--model");
        let duration = Said::flag(flags.duration, "--duration");
        let ratio = Said::flag(flags.aspect_ratio.clone(), "--aspect-ratio");
        let style = |word: &str| match word {
            "text" => Ok(DurationStyle::Text),
            "integer" => Ok(DurationStyle::Integer),
            _ => Err(format!("{word:?} is neither \"text\" nor \"integer\"")),
        };
        let five = values::seconds("5s").map_err(Failure::config)?;
        Ok(Self {
            model: l.pick("model", model, text, "kling-v3".to_owned())?,
            duration: l.pick(
                "duration",
                duration,
                parsed_or_number(values::seconds),
                five,
            )?,
            aspect_ratio: l.pick("aspect_ratio", ratio, text, "16:9".to_owned())?,
            duration_style: l.pick(
                "duration_style",
                Said::nothing(),
                parsed(style),
                DurationStyle::Text,
            )?,
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
    pub(super) fn resolve(l: &mut Layers<'_>) -> Result<Self, Failure> {
        let none = Said::nothing;
        let speed = |text: &str| match text.trim().parse::<f64>() {
            Ok(number) if number > 0.0 && number <= 100.0 => Ok(text.trim().to_owned()),
            _ => Err(format!("{text:?} is no speed; write for example 1.0")),
        };
        let poll_path = |path: &str| match path {
            "" => Ok(None),
            path if path.starts_with('/') && path.contains("{id}") => Ok(Some(path.to_owned())),
            _ => Err("it must start with / and have {id} in it, or be empty".to_owned()),
        };
        let usual = Some("/api/generate/voice/{id}".to_owned());
        Ok(Self {
            voice: l.pick("voice.voice", none(), text, "alloy".to_owned())?,
            language: l.pick("voice.language", none(), text, "en".to_owned())?,
            speed: l.pick(
                "voice.speed",
                none(),
                parsed_or_number(speed),
                "1.0".to_owned(),
            )?,
            poll_path: l.pick("voice.poll_path", Said::nothing(), parsed(poll_path), usual)?,
        })
    }
}

/// How fast, and how patiently, the API is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Requests at once, where somebody has said so; see [`Network::concurrency_for`].
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

impl Network {
    pub(super) fn resolve(l: &mut Layers<'_>, flags: &Flags) -> Result<Self, Failure> {
        let concurrency = Said::flag(flags.concurrency, "--concurrency");
        let rate = Said::flag(flags.rate, "--rate");
        let timeout = Said::flag(flags.timeout, "--timeout");
        let connect = Said::flag(flags.connect_timeout, "--connect-timeout");
        let request = Said::flag(flags.request_timeout, "--request-timeout");
        let interval = Said::flag(flags.interval, "--interval");
        let usual_interval = if flags.sandbox { 1 } else { 10 };
        let length = || parsed_or_number(values::positive_duration);
        let seconds = Duration::from_secs;
        Ok(Self {
            concurrency: l.pick_open("concurrency", concurrency, few(1024))?,
            rate: l.pick_open(
                "rate",
                rate,
                parsed(|text| Rate::parse(text).map_err(|e| e.to_string())),
            )?,
            timeout: l.pick_open("timeout", timeout, length())?,
            connect_timeout: l.pick("connect_timeout", connect, length(), seconds(10))?,
            request_timeout: l.pick("request_timeout", request, length(), seconds(60))?,
            max_retry_wait: l.pick("max_retry_wait", Said::nothing(), length(), LONGEST_ASKED)?,
            interval: l.pick("interval", interval, length(), seconds(usual_interval))?,
        })
    }

    /// Requests at once: what somebody said, else 3 for listings and 4 for SKUs.
    pub fn concurrency_for(&self, column: IdColumn) -> usize {
        let usual = match column {
            IdColumn::Listing => 3,
            IdColumn::Sku => 4,
        };
        self.concurrency.map_or(usual, usize::from)
    }
}

/// Of `download`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Folder for clips.
    pub dir: PathBuf,
    /// Largest clip, in bytes.
    pub max_size: u64,
    /// Clips at once.
    pub concurrency: u16,
}

impl Download {
    pub(super) fn resolve(l: &mut Layers<'_>, flags: &Flags) -> Result<Self, Failure> {
        let dir = Said::flag(flags.download_dir.clone(), "--dir");
        let dir = l.find_path("download.dir", dir)?.unwrap_or(Setting {
            // A rehearsed clip never lies beside a real one.
            value: PathBuf::from(if flags.sandbox {
                "sandbox-videos"
            } else {
                "videos"
            }),
            origin: Origin::Default,
        });
        l.show("download.dir", &dir);
        let size = Said::flag(flags.download_max_size.map(Bytes), "--max-size");
        let read = parsed_or_number(|text| values::size(text).map(Bytes));
        let max_size = l.pick("download.max_size", size, read, Bytes(500_000_000))?;
        let concurrency = Said::flag(flags.download_concurrency, "--concurrency");
        Ok(Self {
            dir: dir.value,
            max_size: max_size.0,
            concurrency: l.pick("download.concurrency", concurrency, few(64), 4)?,
        })
    }
}

/// Of `publish`, whatever its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Clips at once.
    pub concurrency: u16,
    /// Longest run of `--exec`'s command.
    pub exec_timeout: Duration,
}

impl Publish {
    pub(super) fn resolve(l: &mut Layers<'_>, flags: &Flags) -> Result<Self, Failure> {
        let concurrency = Said::flag(flags.publish_concurrency, "--concurrency");
        let timeout = Said::flag(flags.exec_timeout, "--exec-timeout");
        let length = parsed_or_number(values::positive_duration);
        Ok(Self {
            concurrency: l.pick("publish.concurrency", concurrency, few(64), 2)?,
            exec_timeout: l.pick(
                "publish.exec_timeout",
                timeout,
                length,
                Duration::from_secs(600),
            )?,
        })
    }
}

/// What manifests call their columns.
pub(super) fn map(l: &mut Layers<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut map = Vec::new();
    for name in names_in(l, MAP) {
        let key = format!("{MAP}.{name}");
        let found = l.find(&key, Said::nothing(), |value, _: &Path| text(value))?;
        if let Some(setting) = found {
            l.show(&key, &setting);
            map.push((name, setting.value));
        }
    }
    Ok(map)
}

/// The keys of a table that can have any.
fn names_in(l: &Layers<'_>, table: &str) -> Vec<String> {
    let keys = l.files.iter().flat_map(|file| file.table(table));
    let mut names: Vec<String> = keys.map(|(name, _)| name.to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

/// What clips and credits cost.
pub(super) fn rates(l: &mut Layers<'_>) -> Result<Rates, Failure> {
    let usual = Rates::default();
    let credits = |value: &_| {
        let number = amount(value)?;
        Credits::from_number(number).ok_or_else(|| "is no number of credits".to_owned())
    };
    let none = Said::nothing;
    let rates = Rates {
        video_per_5s: l.pick("rates.video_per_5s", none(), credits, usual.video_per_5s)?,
        voice: l.pick("rates.voice", none(), credits, usual.voice)?,
        dollars_low: l.pick(
            "rates.dollars_low",
            Said::nothing(),
            amount,
            usual.dollars_low,
        )?,
        dollars_high: l.pick(
            "rates.dollars_high",
            Said::nothing(),
            amount,
            usual.dollars_high,
        )?,
        models: BTreeMap::new(),
    };
    if rates.dollars_low > rates.dollars_high {
        return Err(
            Failure::config("rates.dollars_low is more than rates.dollars_high")
                .help("low is the price of a credit in the largest pack; correct [rates]"),
        );
    }
    let mut models = BTreeMap::new();
    for name in names_in(l, MODELS) {
        let key = format!("{MODELS}.{name}");
        let found = l.find(&key, Said::nothing(), |value, _: &Path| credits(value))?;
        if let Some(setting) = found {
            l.show(&key, &setting);
            models.insert(name, setting.value);
        }
    }
    Ok(Rates { models, ..rates })
}

/// A small number of things at once.
fn few(max: u16) -> impl Fn(&super::file::Value) -> Result<u16, String> {
    move |value| whole(1, u32::from(max))(value).map(|n| n as u16)
}

/// A size in bytes, shown as one.
struct Bytes(u64);

impl Show for Bytes {
    fn show(&self) -> String {
        values::show_size(self.0)
    }
}

impl Show for DurationStyle {
    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Integer => "integer".to_owned(),
        }
    }
}

impl Show for Duration {
    fn show(&self) -> String {
        values::show_duration(*self)
    }
}

impl Show for PathBuf {
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> String {
        self.as_ref().map(Show::show).unwrap_or_default()
    }
}

macro_rules! shown_as_displayed {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                self.to_string()
            }
        })*
    };
}
shown_as_displayed!(String, u16, u32, f64, Rate, Seconds, Credits);
