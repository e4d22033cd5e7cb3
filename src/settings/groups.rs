//! Settings that belong together, resolved group by group.

use std::path::PathBuf;
use std::time::Duration;

use lettre::Address;

use super::resolve::{Show, Sources, amount, parsed, parsed_or_number, text, whole};
use super::table::{AGENT, BUYER, MAP, MODELS};
use super::value::Value;
use super::{Flags, Origin, Setting, email, values};
use crate::engine::notify::{Event, Listeners, Security, Shape};
use crate::engine::round::{Step, TimeOfDay};
use crate::exit::Failure;
use crate::jobs::{Credits, IdColumn, Rates, Seconds};
use crate::manifest::check_address;
use crate::output::audience::STATES;
use crate::output::{Audience, Wording};
use crate::vendor::{DurationStyle, Rate};

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
        let speed = |text: &str| match text.trim().parse::<f64>() {
            Ok(number) if number > 0.0 && number <= 100.0 => Ok(text.trim().to_owned()),
            _ => Err(format!("{text:?} is not a speed; write for example 1.0")),
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
pub struct Network {
    /// Requests at once, where it is set; see [`Network::concurrency_for`].
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
pub struct Download {
    /// Folder for clips.
    pub dir: PathBuf,
    /// Largest clip, in bytes.
    pub max_size: u64,
    /// Clips at once.
    pub concurrency: u16,
}

impl Download {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &Flags) -> Result<Self, Failure> {
        let found = l.find_path("download.dir", flags.download_dir.clone())?;
        // A rehearsed clip never lies beside a real one.
        let usual = || {
            l.default("download.dir", |value| {
                Ok(PathBuf::from(l.usual_name(&text(value)?)))
            })
        };
        let dir = found.map_or_else(usual, Ok)?;
        l.show("download.dir", &dir);
        let size = parsed_or_number(|text| values::size(text).map(Bytes));
        let typed = flags.download_max_size.map(Bytes);
        Ok(Self {
            dir: dir.value,
            max_size: l.pick("download.max_size", typed, size)?.0,
            concurrency: l.pick("download.concurrency", flags.download_concurrency, few(64))?,
        })
    }
}

/// Words for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The language whose words come first.
    pub language: Option<String>,
    /// For agents, by state.
    pub agent: Vec<(String, String)>,
    /// For buyers, by state.
    pub buyer: Vec<(String, String)>,
}

impl Words {
    pub(super) fn resolve(l: &mut Sources<'_>) -> Result<Self, Failure> {
        Ok(Self {
            language: l.pick_open("copy.language", None, text)?,
            agent: Self::table(l, AGENT)?,
            buyer: Self::table(l, BUYER)?,
        })
    }

    /// The words for an audience; `None` for one that is not known, or without one.
    pub fn wording(&self, audience: Option<&str>) -> Option<Wording> {
        let audience = Audience::of(audience?)?;
        let own = match audience {
            Audience::Agent => &self.agent[..],
            Audience::Buyer => &self.buyer,
            Audience::Raw => &[],
        };
        Some(Wording {
            audience,
            own: own.to_vec(),
            language: self.language.clone(),
        })
    }

    fn table(l: &mut Sources<'_>, table: &str) -> Result<Vec<(String, String)>, Failure> {
        let words = open_table(l, table, text)?;
        let is_state = |name: &str| STATES.contains(&name.split('-').next().unwrap_or(name));
        match words.iter().find(|(name, _)| !is_state(name)) {
            None => Ok(words),
            Some((name, _)) => Err(Failure::config(format!("[{table}] has no state {name:?}"))
                .help(format!(
                    "the states are {}; {}-de is for German",
                    STATES.join(", "),
                    STATES[2]
                ))),
        }
    }
}

/// Of `report --public`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// `ab723`, `eu-ai-act` or `both`.
    pub rules: String,
    /// What the page says, in the user's own words.
    pub statement: Option<String>,
    /// Where original photos are online; a slash is its end.
    pub originals: Option<String>,
}

impl Public {
    pub(super) fn resolve(l: &mut Sources<'_>) -> Result<Self, Failure> {
        let rules = |word: &str| match word {
            "ab723" | "eu-ai-act" | "both" => Ok(word.to_owned()),
            _ => Err(format!("{word:?} is not ab723, eu-ai-act or both")),
        };
        let address = |text: &str| {
            check_address(text)?;
            Ok(format!("{}/", text.trim_end_matches('/')))
        };
        Ok(Self {
            rules: l.pick("public.rules", None, parsed(rules))?,
            statement: l.pick_open("public.statement", None, text)?,
            originals: l.pick_open("public.originals", None, parsed(address))?,
        })
    }
}

/// Photos on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photos {
    /// The bucket that they are uploaded to.
    pub upload: Option<String>,
    /// The largest that is uploaded, in bytes.
    pub max_size: u64,
}

impl Photos {
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
        let size = parsed_or_number(|text| values::size(text).map(Bytes));
        Ok(Self {
            upload: l.pick_open("photos.upload", None, parsed(bucket))?,
            max_size: l.pick("photos.max_size", None, size)?.0,
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
    /// Whether only clips go out that a person has looked at and kept.
    pub approved: bool,
}

impl Publish {
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

/// Who hears of rounds.
pub(super) fn notify(l: &mut Sources<'_>) -> Result<Listeners, Failure> {
    let events = |value: &Value| {
        let words = value.list()?;
        words.iter().map(|word| word.parse()).collect()
    };
    let on: Option<Vec<Event>> = l.pick_open("notify.on", None, events)?;
    let format = l.find(
        "notify.format",
        None,
        parsed(|text: &str| text.parse::<Shape>()),
    )?;
    let (shown, origin) = match &format {
        Some(setting) => (setting.value.name(), setting.origin.clone()),
        None => ("", Origin::Default),
    };
    l.show_as("notify.format", shown.to_owned(), origin);
    Ok(Listeners {
        on: on.unwrap_or_else(|| vec![Event::Attention, Event::Failure]),
        webhook: secret_address(l, "notify.webhook")?,
        format: format.map(|setting| setting.value),
        ping: secret_address(l, "notify.ping")?,
        email: email::email(l)?,
        desktop: l
            .pick_open("notify.desktop", None, Value::truth)?
            .unwrap_or(false),
    })
}

/// An address by which anybody can write there, so that only its beginning is shown.
fn secret_address(l: &mut Sources<'_>, name: &str) -> Result<Option<String>, Failure> {
    let address = |value: &Value| {
        let address = text(value)?;
        let url = url::Url::parse(&address).ok();
        let is_web = url.is_some_and(|url| matches!(url.scheme(), "https" | "http"));
        if is_web {
            Ok(address)
        } else {
            Err("must be an address that begins with https://".to_owned())
        }
    };
    let setting = Setting::open(l.find(name, None, address)?);
    let origin = setting
        .value
        .as_deref()
        .and_then(|address| url::Url::parse(address).ok());
    let shown = origin.map(|url| format!("{}/...", url.origin().ascii_serialization()));
    l.show_as(name, shown.unwrap_or_default(), setting.origin.clone());
    Ok(setting.value)
}

/// What manifests call their columns.
pub(super) fn map(l: &mut Sources<'_>) -> Result<Vec<(String, String)>, Failure> {
    open_table(l, MAP, text)
}

/// The keys of a table that can have any, with their values.
fn open_table<T: Show>(
    l: &mut Sources<'_>,
    table: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<(String, T)>, Failure> {
    let mut entries = Vec::new();
    for name in l.names_in(table) {
        let value = l.pick_open(&format!("{table}.{name}"), None, &read)?;
        entries.extend(value.map(|value| (name, value)));
    }
    Ok(entries)
}

/// What clips and credits cost.
pub(super) fn rates(l: &mut Sources<'_>) -> Result<Rates, Failure> {
    let credits = |value: &Value| {
        let number = amount(value)?;
        Credits::from_number(number).ok_or_else(|| "is not a number of credits".to_owned())
    };
    let rates = Rates {
        video_per_5s: l.pick("rates.video_per_5s", None, credits)?,
        voice: l.pick("rates.voice", None, credits)?,
        dollars_low: l.pick("rates.dollars_low", None, amount)?,
        dollars_high: l.pick("rates.dollars_high", None, amount)?,
        models: open_table(l, MODELS, credits)?.into_iter().collect(),
    };
    if rates.dollars_low > rates.dollars_high {
        return Err(
            Failure::config("rates.dollars_low is more than rates.dollars_high")
                .help("low is the price of a credit in the largest pack; correct [rates]"),
        );
    }
    Ok(rates)
}

/// A small number of things at once.
fn few(max: u16) -> impl Fn(&Value) -> Result<u16, String> {
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

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> String {
        let texts: Vec<String> = self.iter().map(Show::show).collect();
        texts.join(", ")
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
shown_as_displayed!(
    String, bool, u16, u32, f64, Rate, Seconds, Credits, Event, Step, TimeOfDay, Security, Address
);
