//! One line of a job log, read. Texts are borrowed from the line wherever it has no escapes.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::id::{GenerationId, IdColumn, JobKey};
use super::status::{JobFact, LineStatus, ReviewVerdict, Status, Verdict};
use super::text::Text;
use super::time::parse_millis;

/// A line without the space around it, and how much of that was before it. Space is not part of a
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

/// Why a line says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not a whole JSON object, or a field of another type than the log's.
    #[error("not a log line: {0}")]
    Malformed(String),
    /// Names neither a job nor anything a job's key could be made of.
    #[error("names no job, generation id, listing or SKU")]
    Nameless,
}

/// A log line. Field by field as the log's format names them.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "fields of the log, independent of each other"
)]
pub struct Line<'a> {
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
    pub word: LineStatus,
    /// Whether it is a line of the vendor's sample scripts, which name no job.
    pub keyless: bool,
    /// The listing or SKU.
    pub id: Option<(IdColumn, Text<'a>)>,
    /// The vendor's id, checked.
    pub generation_id: Option<Text<'a>>,
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
    /// The HTTP status of the reply that the line reports.
    pub http_status: Option<u16>,
    /// Written under `--sandbox`.
    pub sandbox: bool,
    /// Its `status` or `verdict` is a word that only a newer version knows. The line counts for its
    /// job as a doubt: `word` is `unknown`.
    pub newer: bool,
    /// On `resolved` and `reviewed`.
    pub verdict: Option<Text<'a>>,
    /// On a compacted line: the lines it stands for.
    pub history: Option<&'a str>,
    /// What was reported of an end beside the credits.
    pub(crate) end: EndFields<'a>,
    /// Everything else that is not null, in the line's order; empty unless asked for.
    pub rest: Vec<(Text<'a>, &'a RawValue)>,
}

impl<'a> Line<'a> {
    /// Reads a line for the compact fold: what [`Line::rest`] would hold is skipped.
    pub fn parse(raw: &'a str) -> Result<Self, LineError> {
        Self::read(raw, false)
    }

    /// Reads a line with all its fields.
    pub fn parse_whole(raw: &'a str) -> Result<Self, LineError> {
        Self::read(raw, true)
    }

    /// `keep_rest` decides about the fields that the fold does not need.
    fn read(raw: &'a str, keep_rest: bool) -> Result<Self, LineError> {
        let (_, raw) = bare(raw);
        let mut de = serde_json::Deserializer::from_str(raw);
        let fields = RawLineSeed { keep_rest }
            .deserialize(&mut de)
            .and_then(|fields| de.end().map(|()| fields));
        match fields {
            Ok(fields) => fields.into_line(raw),
            Err(error) => NewerLine::read(raw)
                .ok_or_else(|| LineError::Malformed(error.to_string()))?
                .into_line(raw),
        }
    }

    /// The lines that a line stands for: itself, or a compacted one's, as [`Line::parse`] reads them.
    pub fn parts(raw: &'a str) -> Result<Vec<Self>, LineError> {
        Self::parse(raw)?.into_parts(Self::parse)
    }

    /// The same with all their fields.
    pub fn whole_parts(raw: &'a str) -> Result<Vec<Self>, LineError> {
        Self::parse_whole(raw)?.into_parts(Self::parse_whole)
    }

    /// A history within a history, or of another job, is refused: it would say something else once
    /// the log is compacted again.
    fn into_parts(
        self,
        parse: impl Fn(&'a str) -> Result<Self, LineError>,
    ) -> Result<Vec<Self>, LineError> {
        let history = self.history.map_or(Ok(Vec::new()), serde_json::from_str);
        let history: Vec<&RawValue> = history.map_err(|e| LineError::Malformed(e.to_string()))?;
        if history.is_empty() {
            return Ok(vec![self]);
        }
        let read = |raw: &'a RawValue| {
            let part = parse(raw.get())?;
            if part.history.is_some() || part.job != self.job {
                let why = "its history has a history of its own or is another job's";
                return Err(LineError::Malformed(why.to_owned()));
            }
            Ok(part)
        };
        history.into_iter().map(read).collect()
    }

    /// One of [`Line::rest`], as it is written.
    pub fn other(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.rest.iter();
        let (_, raw) = rest.find(|(other, _)| other.as_str() == name)?;
        Some(raw.get())
    }

    /// Whether a `superseded` line names its own job: it takes its place again.
    pub fn names_itself(&self) -> bool {
        let by = self.other_text("by_job");
        by.and_then(|by| JobKey::parse(&by)) == Some(self.job)
    }

    /// One of [`Line::rest`] that is a text.
    pub fn other_text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.other(name)?).ok()
    }
}

impl Line<'_> {
    /// Whether a sandbox wrote it or made its id.
    pub fn is_sandbox(&self) -> bool {
        let id = self.generation_id.as_ref().map(Text::as_str);
        self.sandbox || id.is_some_and(|id| id.starts_with(super::SANDBOX_PREFIX))
    }

    /// The credits it says were charged.
    pub fn charged(&self) -> Option<f64> {
        self.adjusted_credits.or(self.credits)
    }
}

/// A whole line whose status only a newer version knows, so that any field may be of a kind that
/// this version does not expect. What identifies its job is still read.
#[derive(Deserialize)]
struct NewerLine<'a> {
    #[serde(borrow)]
    at: Option<&'a RawValue>,
    #[serde(borrow)]
    job: Text<'a>,
    attempt: Option<u32>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    listing_id: Option<&'a RawValue>,
    #[serde(borrow)]
    sku: Option<&'a RawValue>,
    #[serde(borrow)]
    generation_id: Option<&'a RawValue>,
    #[serde(borrow)]
    sandbox: Option<&'a RawValue>,
}

impl<'a> NewerLine<'a> {
    fn read(raw: &'a str) -> Option<RawLine<'a>> {
        let line: Self = serde_json::from_str(raw).ok()?;
        if LineStatus::parse(line.status.as_str()).is_some() {
            return None;
        }
        let text = |raw: Option<&'a RawValue>| serde_json::from_str(raw?.get()).ok();
        Some(RawLine {
            at: text(line.at),
            job: Some(line.job),
            attempt: line.attempt,
            status: Some(line.status),
            listing_id: text(line.listing_id),
            sku: text(line.sku),
            generation_id: text(line.generation_id),
            sandbox: line.sandbox.map(|raw| raw.get() == "true"),
            ..RawLine::default()
        })
    }
}

/// Collects the fields of one object; `keep_rest` decides about those the fold does not need.
struct RawLineSeed {
    keep_rest: bool,
}

/// Fields of an end that the fold only compares, as they were written; none of them is null.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(crate) struct EndFields<'a> {
    pub output_url: Option<&'a str>,
    pub failover_used: Option<&'a str>,
    pub model_actual: Option<&'a str>,
    pub completed_at: Option<&'a str>,
    pub error: Option<&'a str>,
}

#[derive(Default)]
struct RawLine<'a> {
    at: Option<Text<'a>>,
    job: Option<Text<'a>>,
    attempt: Option<u32>,
    status: Option<Text<'a>>,
    listing_id: Option<Text<'a>>,
    sku: Option<Text<'a>>,
    generation_id: Option<Text<'a>>,
    request: Option<&'a str>,
    credits: Option<f64>,
    adjusted_credits: Option<f64>,
    credits_estimated: Option<f64>,
    temporary: Option<bool>,
    http_status: Option<u16>,
    sandbox: Option<bool>,
    verdict: Option<Text<'a>>,
    history: Option<&'a str>,
    submitted_at: Option<&'a str>,
    end: EndFields<'a>,
    rest: Vec<(Text<'a>, &'a RawValue)>,
}

impl<'de> DeserializeSeed<'de> for RawLineSeed {
    type Value = RawLine<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RawLineSeed {
    type Value = RawLine<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(serde::de::Error::custom("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = RawLine::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match name.as_str() {
                "at" => once(&name, &mut found.at, map.next_value()?)?,
                "job" => once(&name, &mut found.job, map.next_value()?)?,
                "attempt" => once(&name, &mut found.attempt, map.next_value()?)?,
                "status" => once(&name, &mut found.status, map.next_value()?)?,
                "listing_id" => once(&name, &mut found.listing_id, map.next_value()?)?,
                "sku" => once(&name, &mut found.sku, map.next_value()?)?,
                "generation_id" => once(&name, &mut found.generation_id, map.next_value()?)?,
                "request" => once(&name, &mut found.request, verbatim_value(&mut map)?)?,
                "credits" => once(&name, &mut found.credits, map.next_value()?)?,
                "adjusted_credits" => once(&name, &mut found.adjusted_credits, map.next_value()?)?,
                "credits_estimated" => {
                    once(&name, &mut found.credits_estimated, map.next_value()?)?;
                }
                "temporary" => once(&name, &mut found.temporary, map.next_value()?)?,
                "http_status" => once(&name, &mut found.http_status, map.next_value()?)?,
                "sandbox" => once(&name, &mut found.sandbox, map.next_value()?)?,
                "verdict" => once(&name, &mut found.verdict, map.next_value()?)?,
                "history" => once(&name, &mut found.history, verbatim_value(&mut map)?)?,
                "submitted_at" | "completed_at" | "error" | "output_url" | "failover_used"
                | "model_actual" => {
                    let raw: Option<&'de RawValue> = map.next_value()?;
                    let value = raw.map(RawValue::get);
                    match name.as_str() {
                        "submitted_at" => once(&name, &mut found.submitted_at, value)?,
                        "completed_at" => once(&name, &mut found.end.completed_at, value)?,
                        "error" => once(&name, &mut found.end.error, value)?,
                        "output_url" => found.end.output_url = value,
                        "failover_used" => found.end.failover_used = value,
                        _ => found.end.model_actual = value,
                    }
                    if self.keep_rest {
                        found.rest.extend(raw.map(|raw| (name, raw)));
                    }
                }
                _ if self.keep_rest => {
                    let raw: Option<&'de RawValue> = map.next_value()?;
                    found.rest.extend(raw.map(|raw| (name, raw)));
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Takes in a field's value. A field that stands twice in a line must hold the same both times:
/// else one of the two is damage, and it is not known which.
fn once<V: PartialEq, E: serde::de::Error>(
    name: &Text<'_>,
    place: &mut Option<V>,
    value: Option<V>,
) -> Result<(), E> {
    if place.is_some() && *place != value {
        let name = name.as_str();
        return Err(E::custom(format_args!("the field {name} appears twice")));
    }
    *place = value;
    Ok(())
}

/// A value as it was written; `None` for null.
fn verbatim_value<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<&'de str>, A::Error> {
    let raw: Option<&'de RawValue> = map.next_value()?;
    Ok(raw.map(RawValue::get))
}

impl<'a> RawLine<'a> {
    fn into_line(self, raw: &'a str) -> Result<Line<'a>, LineError> {
        let generation_id = self
            .generation_id
            .filter(|id| GenerationId::is_valid(id.as_str()));
        let id = self
            .listing_id
            .map(|id| (IdColumn::Listing, id))
            .or(self.sku.map(|id| (IdColumn::Sku, id)));
        let keyless = self.job.is_none();
        let job = match &self.job {
            Some(text) => JobKey::parse(text.as_str())
                .ok_or_else(|| LineError::Malformed(format!("job {:?}", text.as_str())))?,
            None => JobKey::of_seed(
                generation_id
                    .as_ref()
                    .or(id.as_ref().map(|(_, id)| id))
                    .ok_or(LineError::Nameless)?
                    .as_str(),
            ),
        };
        let mut newer = false;
        let word = match self
            .status
            .as_ref()
            .map(|s| (s, LineStatus::parse(s.as_str())))
        {
            Some((_, Some(LineStatus::Status(Status::SubmitFailed))))
                if keyless && !is_http_refusal(self.end.error) =>
            {
                LineStatus::Status(Status::Unknown)
            }
            Some((_, Some(word))) => word,
            // The sample scripts copy whatever word the vendor used; an unknown one is not an end.
            _ if keyless && generation_id.is_some() => LineStatus::Status(Status::Pending),
            Some((_, None)) => {
                newer = true;
                LineStatus::Status(Status::Unknown)
            }
            None => return Err(LineError::Malformed("no status".to_owned())),
        };
        if word == LineStatus::Fact(JobFact::Resolved) {
            let verdict = self.verdict.as_ref().map(Text::as_str);
            newer = verdict.is_some_and(|verdict| Verdict::parse(verdict).is_none());
        }
        if word == LineStatus::Fact(JobFact::Reviewed) {
            let look = self.verdict.as_ref().map(Text::as_str);
            newer = look.is_some_and(|look| ReviewVerdict::parse(look).is_none());
        }
        let time = |text: Text<'_>| parse_millis(text.as_str());
        let time_in = |raw: Option<&str>| time(serde_json::from_str(raw?).ok()?);
        Ok(Line {
            raw,
            at: (self.at.and_then(time))
                .or_else(|| time_in(self.end.completed_at))
                .or_else(|| time_in(self.submitted_at))
                .unwrap_or(0),
            job,
            attempt: self.attempt.unwrap_or(1),
            word,
            keyless,
            id,
            generation_id,
            request: self.request,
            credits: self.credits,
            adjusted_credits: self.adjusted_credits,
            credits_estimated: self.credits_estimated,
            temporary: self.temporary.unwrap_or(false),
            http_status: self.http_status,
            sandbox: self.sandbox.unwrap_or(false),
            newer,
            verdict: self.verdict,
            history: self.history,
            end: self.end,
            rest: self.rest,
        })
    }
}

/// Whether a sample script's error shows an HTTP 4xx, as in `Error: HTTP 422: ...`. Its
/// `submit_failed` also stands for time-outs, which may have been billed; so do 408 and 409. The code
/// stands alone: `HTTP 4000 ms` and `HTTP 404.example` are not codes, and where the first number is
/// not one, nothing is certain.
fn is_http_refusal(error: Option<&str>) -> bool {
    let first = error.and_then(|error| {
        let mut found = error.match_indices("HTTP ");
        found.find_map(|(at, word)| {
            let after = &error[at + word.len()..];
            let is_number = after.starts_with(|c: char| c.is_ascii_digit());
            is_number.then_some((&error[..at], after))
        })
    });
    let Some((before, (code, after))) =
        first.and_then(|(before, after)| Some((before, after.split_at_checked(3)?)))
    else {
        return false;
    };
    let is_of_word = |c: char| c.is_alphanumeric() || "_-/".contains(c);
    let after = after.strip_prefix([':', ',', ';', '.']).unwrap_or(after);
    let stands_alone = !before.ends_with(is_of_word) && !after.starts_with(is_of_word);
    let is_refusal = code.starts_with('4') && code.bytes().all(|b| b.is_ascii_digit());
    is_refusal && stands_alone && !matches!(code, "408" | "409")
}

#[cfg(test)]
mod tests;
