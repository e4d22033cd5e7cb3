//! One line of a job log, read. Texts are borrowed from the line wherever it has no escapes.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::scan::{self, Field, Kind};
use super::{Credits, GenerationId, IdColumn, JobKey, Rates, Seconds, Status, Word};

/// Every name that has a meaning of its own in a log line. A manifest's carried column may not
/// have one of them, or a row could overwrite what the log knows.
pub const LOG_FIELDS: [&str; 44] = [
    "at",
    "job",
    "attempt",
    "status",
    "listing_id",
    "sku",
    "variant",
    "line",
    "request",
    "generation_id",
    "submitted_at",
    "output_url",
    "credits",
    "adjusted_credits",
    "credits_estimated",
    "failover_used",
    "model_actual",
    "phase",
    "progress",
    "eta_seconds",
    "completed_at",
    "via",
    "error",
    "http_status",
    "temporary",
    "sandbox",
    "file",
    "bytes",
    "sha256",
    "target",
    "reference",
    "verdict",
    "by",
    "by_job",
    "history",
    "attempts",
    "downloaded",
    "published",
    "resolved",
    "superseded",
    "dismissed",
    "conflict",
    "generation_ids",
    "step",
];

/// A line without the space around it, and how much of that was before it. Space is no part of a
/// line: a compacted line's history does not keep it, and what breaks a tie must be the same before
/// and after.
pub(super) fn bare(raw: &str) -> (usize, &str) {
    if raw.starts_with('{') && raw.ends_with('}') {
        return (0, raw);
    }
    let space = [' ', '\t', '\r', '\n'];
    let behind = raw.trim_start_matches(space);
    (raw.len() - behind.len(), behind.trim_end_matches(space))
}

/// A text that is borrowed where it can be.
///
/// `serde` copies inside `Option<Cow<str>>`; this newtype does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, independent of what it was read from.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Why a line says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineError {
    /// Not a whole JSON object, or a field of another type than the log's.
    Malformed(String),
    /// Names neither a job nor anything a job's key could be made of.
    Nameless,
    /// Its `status` is a word this version does not know.
    UnknownWord(String),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "not a log line: {why}"),
            Self::Nameless => f.write_str("names no job, generation id, listing or SKU"),
            Self::UnknownWord(word) => write!(f, "status {word:?} is not known to this version"),
        }
    }
}

/// A log line. Field by field as the log's format names them; its texts are `T`.
#[derive(Debug)]
pub struct Line<'a, T = Text<'a>> {
    /// The whole line, the last tie-breaker of every order.
    pub raw: &'a str,
    /// When it was written, in milliseconds since 1970; for a line of the vendor's sample scripts
    /// its `completed_at` or `submitted_at`, else 0.
    pub at: i64,
    /// The job.
    pub job: JobKey,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What it says.
    pub word: Word,
    /// Whether it is a line of the vendor's sample scripts, which name no job.
    pub keyless: bool,
    /// The listing or SKU.
    pub id: Option<(IdColumn, T)>,
    /// The vendor's id, checked.
    pub generation_id: Option<T>,
    /// The request's body, verbatim.
    pub request: Option<&'a str>,
    /// What was charged.
    pub credits: Option<f64>,
    /// What was charged after a correction.
    pub adjusted_credits: Option<f64>,
    /// What was expected when it was sent.
    pub credits_estimated: Option<f64>,
    /// On `submit_failed`: another run may try again by itself.
    pub temporary: bool,
    /// The HTTP status of the reply that the line tells of.
    pub http_status: Option<u16>,
    /// Written under `--sandbox`.
    pub sandbox: bool,
    /// On `resolved`.
    pub verdict: Option<T>,
    /// On a compacted line: the lines it stands for.
    pub history: Option<&'a str>,
    /// What was told of an end, verbatim with what is between the fields: `"credits":5,"error":"x"`.
    /// `None` when another field stands between them, or when that was not looked at.
    pub told: Option<&'a str>,
    /// Everything else that is not null, in the line's order; empty unless asked for.
    pub rest: Vec<(Text<'a>, &'a RawValue)>,
}

fn verbatim<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a str>, D::Error> {
    let raw = <Option<&'a RawValue>>::deserialize(deserializer)?;
    Ok(raw.map(RawValue::get))
}

/// The parts of a request that the fold needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestFacts<'a> {
    /// `None` on a voice request.
    #[serde(borrow)]
    pub model: Option<Text<'a>>,
    /// The photo.
    #[serde(borrow)]
    pub image_url: Option<Text<'a>>,
    /// The words of a voice request.
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    /// The language of a voice request.
    #[serde(borrow)]
    pub language: Option<Text<'a>>,
    /// As sent: `"5s"` or `5`.
    #[serde(borrow, deserialize_with = "verbatim")]
    pub duration: Option<&'a str>,
}

impl<'a> RequestFacts<'a> {
    /// Reads a request's body; `None` when it is no JSON object.
    pub fn parse(body: &'a str) -> Option<Self> {
        Self::parse_plain(body).or_else(|| serde_json::from_str(body).ok())
    }

    fn parse_plain(body: &'a str) -> Option<Self> {
        let mut facts = Self::default();
        // A name that comes twice is an error of serde's.
        let mut twice = false;
        let mut put = |place: &mut Option<Text<'a>>, field: Field<'a>| {
            twice |= place.is_some();
            *place = field.text()?.map(Text::from);
            Some(())
        };
        scan::each_field(body, |field| match field.name {
            "model" => put(&mut facts.model, field),
            "image_url" => put(&mut facts.image_url, field),
            "text" => put(&mut facts.text, field),
            "language" => put(&mut facts.language, field),
            // Rarely there in another form than these two; the rest is serde's.
            "duration" => match (field.kind, facts.duration) {
                (Kind::Text | Kind::Number, None) => {
                    facts.duration = Some(field.raw());
                    Some(())
                }
                _ => None,
            },
            _ => Some(()),
        })?;
        (!twice).then_some(facts)
    }

    /// What it is expected to cost. A video without a readable duration counts as the shortest.
    pub fn price(&self, rates: &Rates) -> Credits {
        if self.text.is_some() {
            return rates.voice;
        }
        let model = self.model.as_ref().map_or("", Text::as_str);
        rates.video(model, self.seconds().unwrap_or(Seconds::SHORTEST))
    }

    /// The duration, where one can be read.
    pub fn seconds(&self) -> Option<Seconds> {
        Seconds::parse(self.duration?.trim_matches('"'))
    }
}

impl<'a> Line<'a> {
    /// Reads a line for the compact fold: what [`Line::rest`] would hold is skipped.
    pub fn parse(raw: &'a str) -> Result<Self, LineError> {
        Self::parse_plain(raw).unwrap_or_else(|| Self::read(raw, false))
    }

    /// Reads a line with all its fields.
    pub fn parse_whole(raw: &'a str) -> Result<Self, LineError> {
        Self::read(raw, true)
    }

    /// Reads a line by serde; `keep_rest` decides about the fields that the fold does not need.
    pub(super) fn read(raw: &'a str, keep_rest: bool) -> Result<Self, LineError> {
        let (_, raw) = bare(raw);
        let mut de = serde_json::Deserializer::from_str(raw);
        let fields = Fields { keep_rest }
            .deserialize(&mut de)
            .and_then(|fields| de.end().map(|()| fields))
            .map_err(|e| LineError::Malformed(e.to_string()))?;
        fields.into_line(raw)
    }

    /// The lines a compacted line stands for, each read by `parse`; none for any other line. A
    /// history within a history, or of another job, is refused: it would say something else once
    /// the log is compacted again.
    pub fn parts(
        &self,
        parse: impl Fn(&'a str) -> Result<Self, LineError>,
    ) -> Result<Vec<Self>, LineError> {
        let read = |raw| {
            let part = parse(raw)?;
            if part.history.is_some() || part.job != self.job {
                let why = "its history has a history of its own or is another job's";
                return Err(LineError::Malformed(why.to_owned()));
            }
            Ok(part)
        };
        self.history()?.into_iter().map(read).collect()
    }

    /// The texts of the lines a compacted line stands for; empty for any other.
    fn history(&self) -> Result<Vec<&'a str>, LineError> {
        let Some(raw) = self.history else {
            return Ok(Vec::new());
        };
        serde_json::from_str::<Vec<&RawValue>>(raw)
            .map(|lines| lines.into_iter().map(RawValue::get).collect())
            .map_err(|e| LineError::Malformed(e.to_string()))
    }
}

impl<'a, T: From<&'a str>> Line<'a, T> {
    /// Reads a line without escapes and without detours; `None` leaves it to [`Line::read`].
    pub(super) fn parse_plain(raw: &'a str) -> Option<Result<Self, LineError>> {
        let (_, raw) = bare(raw);
        Found::plain(raw).map(|found| found.into_line(raw))
    }
}

impl<T: AsRef<str>> Line<'_, T> {
    /// Whether a sandbox wrote it or made its id.
    pub fn is_sandbox(&self) -> bool {
        let id = self.generation_id.as_ref().map(T::as_ref);
        self.sandbox || id.is_some_and(|id| id.starts_with(super::SANDBOX_PREFIX))
    }

    /// The credits it says were charged.
    pub fn charged(&self) -> Option<f64> {
        self.adjusted_credits.or(self.credits)
    }
}

/// Collects the fields of one object; `keep_rest` decides about those the fold does not need.
struct Fields {
    keep_rest: bool,
}

#[derive(Default)]
struct Found<'a, T> {
    at: Option<T>,
    job: Option<T>,
    attempt: Option<u32>,
    status: Option<T>,
    listing_id: Option<T>,
    sku: Option<T>,
    generation_id: Option<T>,
    request: Option<&'a str>,
    credits: Option<f64>,
    adjusted_credits: Option<f64>,
    credits_estimated: Option<f64>,
    temporary: Option<bool>,
    http_status: Option<u16>,
    sandbox: Option<bool>,
    verdict: Option<T>,
    history: Option<&'a str>,
    submitted_at: Option<T>,
    completed_at: Option<T>,
    error: Option<&'a str>,
    told: Option<&'a str>,
    rest: Vec<(Text<'a>, &'a RawValue)>,
}

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Found<'de, Text<'de>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Found<'de, Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(serde::de::Error::custom("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Found::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match name.as_str() {
                "at" => found.at = map.next_value()?,
                "job" => found.job = map.next_value()?,
                "attempt" => found.attempt = map.next_value()?,
                "status" => found.status = map.next_value()?,
                "listing_id" => found.listing_id = map.next_value()?,
                "sku" => found.sku = map.next_value()?,
                "generation_id" => found.generation_id = map.next_value()?,
                "request" => found.request = verbatim_value(&mut map)?,
                "credits" => found.credits = map.next_value()?,
                "adjusted_credits" => found.adjusted_credits = map.next_value()?,
                "credits_estimated" => found.credits_estimated = map.next_value()?,
                "temporary" => found.temporary = map.next_value()?,
                "http_status" => found.http_status = map.next_value()?,
                "sandbox" => found.sandbox = map.next_value()?,
                "verdict" => found.verdict = map.next_value()?,
                "history" => found.history = verbatim_value(&mut map)?,
                "submitted_at" | "completed_at" | "error" => {
                    let raw: &'de RawValue = map.next_value()?;
                    let text = || serde_json::from_str(raw.get()).ok();
                    match name.as_str() {
                        "submitted_at" => found.submitted_at = text(),
                        "completed_at" => found.completed_at = text(),
                        _ => found.error = Some(raw.get()),
                    }
                    if self.keep_rest && raw.get() != "null" {
                        found.rest.push((name, raw));
                    }
                }
                _ if self.keep_rest => {
                    let raw: &'de RawValue = map.next_value()?;
                    if raw.get() != "null" {
                        found.rest.push((name, raw));
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// A value as it was written; `None` for null.
fn verbatim_value<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<&'de str>, A::Error> {
    let raw: Option<&'de RawValue> = map.next_value()?;
    Ok(raw.map(RawValue::get))
}

/// Whether a field is one of those that this tool writes of an end. Two lines that hold the same
/// tell the same.
fn is_told(name: &str) -> bool {
    matches!(
        name,
        "output_url"
            | "credits"
            | "adjusted_credits"
            | "failover_used"
            | "model_actual"
            | "completed_at"
            | "error"
    )
}

/// Where the fields of an end stand in a line.
#[derive(Clone, Copy)]
enum Told {
    Nothing,
    From(usize, usize),
    Scattered,
}

impl Told {
    fn add(self, field: Field<'_>) -> Self {
        match self {
            Self::Nothing => Self::From(field.start, field.end),
            // Nothing but the comma is between them.
            Self::From(start, end) if end + 1 == field.start => Self::From(start, field.end),
            _ => Self::Scattered,
        }
    }

    fn text(self, raw: &str) -> Option<&str> {
        match self {
            Self::Nothing => Some(""),
            Self::From(start, end) => Some(&raw[start..end]),
            Self::Scattered => None,
        }
    }
}

impl<'a> Found<'a, &'a str> {
    /// Reads the fields of a plain line without serde; `None` leaves it to that.
    fn plain(raw: &'a str) -> Option<Self> {
        let mut told = Told::Nothing;
        let (mut found, start) = Self::beginning(raw).unwrap_or_default();
        let take = |field: Field<'a>| {
            if is_told(field.name) {
                told = told.add(field);
            }
            found.take(field)
        };
        match start {
            0 => scan::each_field(raw, take)?,
            start => scan::each_field_from(raw, start, take)?,
        }
        found.told = told.text(raw);
        Some(found)
    }

    /// What this tool begins each of its lines with, and where the next field starts.
    fn beginning(raw: &'a str) -> Option<(Self, usize)> {
        const AT: usize = "{\"at\":\"".len();
        const JOB: usize = AT + "2026-03-12T09:22:17.000Z\",\"job\":\"".len();
        const ATTEMPT: usize = JOB + "5b1f0c9a77d2e318\",\"attempt\":".len();
        const STATUS: usize = ATTEMPT + "1,\"status\":\"".len();
        let bytes = raw.as_bytes().get(..STATUS)?;
        let attempt = bytes[ATTEMPT];
        let is_usual = bytes.starts_with(b"{\"at\":\"")
            && bytes[AT + 24..].starts_with(b"\",\"job\":\"")
            && bytes[JOB + 16..].starts_with(b"\",\"attempt\":")
            && matches!(attempt, b'1'..=b'9')
            && bytes[ATTEMPT + 1..].starts_with(b",\"status\":\"")
            && scan::end_of_text(raw, AT)? == AT + 24
            && scan::end_of_text(raw, JOB)? == JOB + 16;
        if !is_usual {
            return None;
        }
        let end = scan::end_of_text(raw, STATUS)?;
        raw[end..].starts_with("\",").then(|| {
            let found = Self {
                at: Some(&raw[AT..AT + 24]),
                job: Some(&raw[JOB..JOB + 16]),
                attempt: Some(u32::from(attempt - b'0')),
                status: Some(&raw[STATUS..end]),
                ..Self::default()
            };
            (found, end + 2)
        })
    }

    fn take(&mut self, field: Field<'a>) -> Option<()> {
        let verbatim = || (field.kind != Kind::Null).then(|| field.raw());
        // Whatever these hold, serde reads them as a text or passes them over.
        let time = || match field.kind {
            Kind::Text => field.text(),
            Kind::Escaped | Kind::Nested => None,
            _ => Some(None),
        };
        match field.name {
            "at" => self.at = field.text()?,
            "job" => self.job = field.text()?,
            "attempt" => self.attempt = field.integer()?,
            "status" => self.status = field.text()?,
            "listing_id" => self.listing_id = field.text()?,
            "sku" => self.sku = field.text()?,
            "generation_id" => self.generation_id = field.text()?,
            "request" => self.request = verbatim(),
            "credits" => self.credits = field.number()?,
            "adjusted_credits" => self.adjusted_credits = field.number()?,
            "credits_estimated" => self.credits_estimated = field.number()?,
            "temporary" => self.temporary = field.bool()?,
            "http_status" => self.http_status = field.integer()?,
            "sandbox" => self.sandbox = field.bool()?,
            "verdict" => self.verdict = field.text()?,
            "history" => self.history = verbatim(),
            "submitted_at" => self.submitted_at = time()?,
            "completed_at" => self.completed_at = time()?,
            "error" => self.error = Some(field.raw()),
            _ => {}
        }
        Some(())
    }
}

impl<'a, T: AsRef<str>> Found<'a, T> {
    fn into_line<U: From<T>>(self, raw: &'a str) -> Result<Line<'a, U>, LineError> {
        let generation_id = self
            .generation_id
            .filter(|id| GenerationId::is_valid(id.as_ref()));
        let id = self
            .listing_id
            .map(|id| (IdColumn::Listing, id))
            .or(self.sku.map(|id| (IdColumn::Sku, id)));
        let keyless = self.job.is_none();
        let job = match &self.job {
            Some(text) => JobKey::parse(text.as_ref())
                .ok_or_else(|| LineError::Malformed(format!("job {:?}", text.as_ref())))?,
            None => JobKey::of_seed(
                generation_id
                    .as_ref()
                    .or(id.as_ref().map(|(_, id)| id))
                    .ok_or(LineError::Nameless)?
                    .as_ref(),
            ),
        };
        let word = match self.status.as_ref().map(|s| (s, Word::parse(s.as_ref()))) {
            Some((_, Some(Word::Status(Status::SubmitFailed))))
                if keyless && !is_http_refusal(self.error) =>
            {
                Word::Status(Status::Unknown)
            }
            Some((_, Some(word))) => word,
            // The sample scripts copy whatever word the vendor used; an unknown one is not an end.
            _ if keyless && generation_id.is_some() => Word::Status(Status::Pending),
            Some((word, None)) => return Err(LineError::UnknownWord(word.as_ref().to_owned())),
            None => return Err(LineError::Malformed("no status".to_owned())),
        };
        let time = |text: Option<&T>| text.and_then(|t| parse_millis(t.as_ref()));
        Ok(Line {
            raw,
            at: time(self.at.as_ref())
                .or_else(|| time(self.completed_at.as_ref()))
                .or_else(|| time(self.submitted_at.as_ref()))
                .unwrap_or(0),
            job,
            attempt: self.attempt.unwrap_or(1),
            word,
            keyless,
            id: id.map(|(column, id)| (column, id.into())),
            generation_id: generation_id.map(U::from),
            request: self.request,
            credits: self.credits,
            adjusted_credits: self.adjusted_credits,
            credits_estimated: self.credits_estimated,
            temporary: self.temporary.unwrap_or(false),
            http_status: self.http_status,
            sandbox: self.sandbox.unwrap_or(false),
            verdict: self.verdict.map(U::from),
            history: self.history,
            told: self.told,
            rest: self.rest,
        })
    }
}

/// Whether a sample script's error shows an HTTP 4xx. Its `submit_failed` also stands for
/// time-outs, which may have been billed; so do 408 and 409.
fn is_http_refusal(error: Option<&str>) -> bool {
    let Some((_, after)) = error.and_then(|e| e.split_once("HTTP ")) else {
        return false;
    };
    let digits = after.as_bytes();
    digits.len() >= 3
        && digits[0] == b'4'
        && digits[1..3].iter().all(u8::is_ascii_digit)
        && !matches!(&digits[..3], b"408" | b"409")
}

/// Milliseconds since 1970 of an RFC 3339 time.
fn parse_millis(text: &str) -> Option<i64> {
    plain_millis(text.as_bytes()).or_else(|| {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond)
    })
}

/// The same for the form in which this tool and the vendor write times: `2026-03-12T09:22:18Z`,
/// with or without three digits of a second.
fn plain_millis(text: &[u8]) -> Option<i64> {
    let (text, fraction) = match text.len() {
        20 => (text.strip_suffix(b"Z")?, &b"000"[..]),
        24 => {
            let (text, fraction) = text.strip_suffix(b"Z")?.split_at(19);
            (text, fraction.strip_prefix(b".")?)
        }
        _ => return None,
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i64, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let marks = [text[4], text[7], text[10], text[13], text[16]];
    let (year, month, day) = (
        number(&text[..4])?,
        number(&text[5..7])?,
        number(&text[8..10])?,
    );
    let (hour, minute, second) = (
        number(&text[11..13])?,
        number(&text[14..16])?,
        number(&text[17..19])?,
    );
    // Days that not every month has, leap seconds and other centuries are left to jiff.
    let is_plain = marks == *b"--T::"
        && (1970..2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_plain {
        return None;
    }
    // Years are counted from March, so that a leap day is a year's last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days_of_years = year * 365 + year / 4 - year / 100 + year / 400;
    let days = days_of_years + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1000 + number(fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_lines_are_read() {
        let line = Line::parse(
            r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"completed","listing_id":"LST-4202","generation_id":"vgen_def456","output_url":"https://x","credits":5}"#,
        )
        .unwrap();
        assert_eq!(line.at, 1_773_307_338_120);
        assert_eq!(line.job.to_string(), "5b1f0c9a77d2e318");
        assert_eq!(line.word, Word::Status(Status::Completed));
        assert_eq!(line.charged(), Some(5.0));
        assert!(line.rest.is_empty());
    }

    #[test]
    fn a_line_of_the_sample_scripts_gets_its_key_from_the_generation_id() {
        let line = Line::parse_whole(
            r#"{"listing_id":"LST-4201","generation_id":"vgen_abc123","status":"completed","error":null,"completed_at":"2026-03-12T09:22:17Z"}"#,
        )
        .unwrap();
        assert!(line.keyless);
        assert_eq!(line.job, JobKey::of_seed("vgen_abc123"));
        assert_eq!(line.at, 1_773_307_337_000);
        assert_eq!(line.rest.len(), 1, "null is absent: {:?}", line.rest);
    }

    #[test]
    fn a_sample_scripts_submit_failed_is_in_doubt_unless_it_was_refused() {
        let word = |error: &str| {
            let text = format!(
                r#"{{"listing_id":"A","status":"submit_failed","error":{}}}"#,
                serde_json::Value::from(error)
            );
            Line::parse(&text).unwrap().word.status().unwrap()
        };
        assert_eq!(word("TypeError: fetch failed"), Status::Unknown);
        assert_eq!(word("Error: HTTP 500: {}"), Status::Unknown);
        assert_eq!(word("Error: HTTP 408: {}"), Status::Unknown);
        assert_eq!(word("Error: HTTP 422: {}"), Status::SubmitFailed);
    }

    #[test]
    fn what_is_no_log_line_says_why() {
        for (text, expected) in [
            ("", "not a log line"),
            ("[1]", "not a log line"),
            ("{\"job\":", "not a log line"),
            ("{\"status\":\"pending\"}", "names no job"),
            (
                r#"{"job":"5b1f0c9a77d2e318","status":"queued"}"#,
                "not known",
            ),
            (r#"{"job":"nope","status":"pending"}"#, "not a log line"),
            (
                r#"{"job":"5b1f0c9a77d2e318","status":"pending"} {}"#,
                "not a log line",
            ),
        ] {
            let error = Line::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn plain_times_are_what_the_library_says_they_are() {
        for hours in (0..1_100_000i64).step_by(911) {
            let time = jiff::Timestamp::from_second(hours * 3607).unwrap();
            for text in [format!("{time}"), format!("{time:.3}")] {
                if let Some(millis) = plain_millis(text.as_bytes()) {
                    assert_eq!(millis, time.as_millisecond(), "{text}");
                }
            }
        }
        for odd in [
            "2026-02-30T00:00:00Z",
            "2026-03-12T24:00:00Z",
            "2026-03-12 09:22:18Z",
            "2026-03-12T09:22:18.1z",
            "2026-03-12T09:22:60Z",
            "2026-03-12T09:2x:18Z",
        ] {
            assert_eq!(plain_millis(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn a_line_reads_alike_with_and_without_serde() {
        for text in [
            r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":2,"status":"failed","sku":"S-1","generation_id":"vgen_1","credits":2.5,"completed_at":"2026-03-12T09:22:18Z","error":"a \"b\"","via":"poll","sandbox":true}"#,
            r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submit_failed","sku":null,"listing_id":"L","http_status":422,"temporary":false,"request":{"model":"m","a":[1]},"credits_estimated":5}"#,
            r#"{"listing_id":"A","status":"submit_failed","error":"Error: HTTP 422: {}"}"#,
            r#"{"generation_id":"vgen_1","status":"odd","completed_at":17,"submitted_at":"2026-03-12T09:22:17Z"}"#,
            r#"{"job":"5b1f0c9a77d2e318","status":"resolved","verdict":"dismissed","history":[{}]}"#,
        ] {
            let plain: Line<'_> = Line::parse_plain(text).expect(text).unwrap();
            let mut whole = Line::read(text, false).unwrap();
            whole.told = plain.told;
            assert_eq!(format!("{plain:?}"), format!("{whole:?}"));
        }
    }

    #[test]
    fn a_damaged_line_reads_alike_with_and_without_serde() {
        let whole = br#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"failed","sku":"S-1","generation_id":"vgen_1","credits":5,"error":"a \"b\"","request":{"a":[1]}}"#;
        let mut read = 0;
        for at in 0..whole.len() {
            for byte in [None]
                .into_iter()
                .chain(b"\"\\,:{}[] \t\x01x09-.".map(Some))
            {
                let mut text = whole.to_vec();
                text.splice(at..=at, byte);
                let text = std::str::from_utf8(&text).unwrap();
                // What the quick reader takes, serde takes for the same.
                let Some(mut plain) = Line::<Text<'_>>::parse_plain(text) else {
                    continue;
                };
                read += 1;
                if let Ok(line) = &mut plain {
                    line.told = None;
                }
                let by_serde = Line::read(text, false);
                assert_eq!(format!("{plain:?}"), format!("{by_serde:?}"), "{text}");
            }
        }
        assert!(read > 500, "{read}");
    }

    #[test]
    fn an_invalid_generation_id_is_no_id() {
        let line = Line::parse(
            r#"{"job":"5b1f0c9a77d2e318","status":"pending","generation_id":"../../etc"}"#,
        )
        .unwrap();
        assert_eq!(line.generation_id, None);
    }
}
