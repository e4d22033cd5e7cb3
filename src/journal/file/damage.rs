//! What cannot be read of a log: what is wrong with it, and whose it may have been.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::jobs::recognition::RequestedClip;
use crate::jobs::{
    Digest, GenerationId, IdColumn, JobKey, Ledger, Line, LineError, RecoveredOrder, Status,
};

use super::objects::{self, OpenObject};

/// Something in a log that is not whole, and no torn line either.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The file's line on which it starts, from 1.
    pub line: u64,
    /// What is wrong with it, as in "it ...".
    pub what: String,
    pub(crate) digest: Digest,
    traces: Traces,
    /// Whether a request was sent, if it is the beginning of a line.
    tells_outcome: bool,
}

/// Whom damage most likely speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suspect {
    /// A job, by its key or by an id of the vendor's that the log knows; and the attempt where that
    /// can be read.
    Job(JobKey, Option<u32>),
    /// Nothing but a listing or SKU can be read.
    Item(IdColumn, String),
}

impl Damage {
    pub(super) fn new(line: u64, what: String, text: &[u8]) -> Self {
        Self {
            line,
            what,
            digest: Digest::of(text),
            traces: Traces::of(&String::from_utf8_lossy(text)),
            tells_outcome: tells_outcome(&String::from_utf8_lossy(text)),
        }
    }

    /// The same of a torn line.
    pub(super) fn torn(line: u64, text: &[u8]) -> Self {
        Self::new(line, BROKEN_OFF.to_owned(), text)
    }

    /// Whether it is a torn line that speaks of an attempt of which the log says nothing else. What
    /// announces a request stands before what became of it, so a line is missing; left out, the row
    /// would be sent again.
    pub(super) fn is_orphan(&self, ledger: &Ledger) -> bool {
        if !self.tells_outcome {
            return false;
        }
        let traces = &self.traces;
        let knows = |id: &GenerationId| ledger.by_generation_id(id).is_some();
        let has_attempt = |(key, number): (&JobKey, &Option<u32>)| {
            let job = ledger.job(*key);
            job.is_some_and(|job| number.is_none_or(|number| job.attempt(number).is_some()))
        };
        if traces.jobs.is_empty() {
            !traces.ids.iter().any(knows)
        } else {
            !traces.jobs.iter().all(has_attempt)
        }
    }

    /// The listing or SKU that it names, where it names only one.
    pub fn item(&self) -> Option<&(IdColumn, String)> {
        match self.traces.items.as_slice() {
            [item] => Some(item),
            _ => None,
        }
    }

    /// What a job has ordered, where that stands in the damage whole: the job's key proves it.
    pub fn order_of(&self, key: JobKey) -> Option<&RecoveredOrder> {
        let mut orders = self.traces.orders.iter();
        orders.find(|(of, _)| *of == key).map(|(_, order)| order)
    }

    /// Whom it most likely speaks of. None where nothing can be read.
    pub fn suspects(&self, ledger: &Ledger) -> Vec<Suspect> {
        let traces = &self.traces;
        let mut jobs: BTreeMap<JobKey, Option<u32>> = traces.jobs.clone();
        for id in &traces.ids {
            if let Some((job, attempt)) = ledger.by_generation_id(id) {
                jobs.entry(job.key).or_insert(Some(attempt));
            }
        }
        for key in &traces.perhaps {
            if ledger.job(*key).is_some() {
                jobs.entry(*key).or_insert(None);
            }
        }
        if !jobs.is_empty() {
            let job = |(key, attempt)| Suspect::Job(key, attempt);
            return jobs.into_iter().map(job).collect();
        }
        let item = |(column, id): &(IdColumn, String)| Suspect::Item(*column, id.clone());
        traces.items.iter().map(item).collect()
    }
}

/// Names that can still be read.
#[derive(Clone, Debug, Default)]
struct Traces {
    /// Keys beside the word `job`, with the attempt.
    jobs: BTreeMap<JobKey, Option<u32>>,
    /// What looks like a key.
    perhaps: Vec<JobKey>,
    ids: Vec<GenerationId>,
    items: Vec<(IdColumn, String)>,
    /// Orders that are whole, each with its job's key.
    orders: Vec<(JobKey, RecoveredOrder)>,
}

/// Names that are looked for; more of them make no difference to anybody.
const MOST_TRACES: usize = 10_000;

impl Traces {
    fn of(text: &str) -> Self {
        let mut traces = Self::default();
        let mut attempts = values(text, "attempt").filter_map(number);
        let first = attempts.next();
        let attempt = first.filter(|first| attempts.all(|other| other == *first));
        for value in values(text, "job") {
            traces.jobs.extend(key_of(value).map(|key| (key, attempt)));
        }
        for value in values(text, "creativeai_job") {
            let number = value.get(17..).and_then(number);
            let key = key_of(value);
            traces.jobs.extend(key.map(|key| (key, number.or(attempt))));
        }
        for name in ["generation_id", "id"] {
            let ids = values(text, name).map(|value| GenerationId::parse(quoted(value)));
            traces.ids.extend(ids.flatten());
        }
        let columns = [(IdColumn::Listing, "listing_id"), (IdColumn::Sku, "sku")];
        for (column, name) in columns {
            for value in values(text, name).map(quoted) {
                let item = (column, value.to_owned());
                if !value.is_empty() && !traces.items.contains(&item) {
                    traces.items.push(item);
                }
            }
        }
        traces.orders = orders(text, &traces.items);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        traces.perhaps = words.filter_map(JobKey::parse).take(MOST_TRACES).collect();
        traces
    }
}

/// The orders whose requests stand whole in a text, each with the key of the job that makes it for
/// one of `items`. Whether there is such a job, the caller knows.
fn orders(text: &str, items: &[(IdColumn, String)]) -> Vec<(JobKey, RecoveredOrder)> {
    const NAME: &str = "\"request\":";
    let variant = values(text, "variant").next().map_or("", quoted);
    let mut found = Vec::new();
    for (at, _) in text.match_indices(NAME).take(MOST_TRACES) {
        let behind = &text[at + NAME.len()..];
        let mut objects = serde_json::Deserializer::from_str(behind).into_iter::<&RawValue>();
        let Some(Ok(request)) = objects.next() else {
            continue;
        };
        let Some(asked) = RequestedClip::parse(request.get()) else {
            continue;
        };
        let keys = items.iter().filter_map(|(_, id)| asked.key(id, variant));
        let order = |key| {
            let order = RecoveredOrder {
                variant: variant.to_owned(),
                request: request.to_owned(),
            };
            (key, order)
        };
        found.extend(keys.map(order));
    }
    found
}

/// What people's programs make of a quote.
const QUOTES: [char; 8] = ['"', '\'', '“', '”', '„', '‘', '’', '»'];

/// What stands behind each field's name, from its first sign on that is not a mark; quotes may be
/// doubled or escaped.
fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let bytes = text.as_bytes();
    let is_inner = |at: Option<&u8>| at.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let places = text.match_indices(name).take(MOST_TRACES);
    places.filter_map(move |(at, _)| {
        let end = at + name.len();
        let is_whole = !is_inner(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_inner(bytes.get(end));
        let is_mark = |c| QUOTES.contains(&c) || matches!(c, '\\' | ':' | '=' | ' ' | '\t');
        let value = text[end..].trim_start_matches(is_mark);
        let is_near = text.len() - end - value.len() <= 24;
        (is_whole && is_near).then_some(value)
    })
}

fn key_of(value: &str) -> Option<JobKey> {
    let key = JobKey::parse(value.get(..16)?)?;
    let next = value.as_bytes().get(16);
    (!next.is_some_and(u8::is_ascii_alphanumeric)).then_some(key)
}

fn number(value: &str) -> Option<u32> {
    let end = value.bytes().take_while(u8::is_ascii_digit).count();
    value[..end].parse().ok().filter(|number| *number > 0)
}

/// The start of a value up to the next quote or the like.
fn quoted(value: &str) -> &str {
    let end = value.find(|c: char| QUOTES.contains(&c) || c == '\\' || c.is_control());
    value[..end.unwrap_or(value.len())].trim()
}

/// Whether a text is a line of a log, whole in itself.
pub(super) fn is_whole(text: &str) -> bool {
    Ledger::accepts(text)
}

/// Whether a line is nothing but the beginning of an object, as a crash or a full disk leaves it.
///
/// No line of ours has space between its fields, and none ends within a text with the brace that
/// would end the object: there a byte of a whole line has been changed.
pub(super) fn is_torn(line: &[u8]) -> bool {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        // A character may be torn, too.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    if !text.starts_with('{') {
        return false;
    }
    let is_prefix =
        serde_json::from_str::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof());
    let mut open = OpenObject::default();
    let within_text = open.feed(text.as_bytes()).is_none() && open.is_in_text();
    is_prefix
        && if within_text {
            !text.ends_with('}')
        } else {
            let may_be_laid_out = text.ends_with('}') && has_space(text);
            !text.ends_with([' ', '\t']) && !may_be_laid_out
        }
}

/// Whether the beginning of a line says that a request was sent: by its status, or because nothing but
/// its last brace is missing. A line of the vendor's sample scripts, which know no jobs, says so as soon
/// as it names a listing or SKU: they write once they have a reply.
fn tells_outcome(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
    let status = values(text, "status").next().unwrap_or_default();
    let end = status.find(|c| !is_word(c)).unwrap_or(status.len());
    let is_of_script = || {
        !text.contains("\"job\"")
            && ["\"listing_id\"", "\"sku\""]
                .iter()
                .any(|n| text.contains(n))
    };
    if text.contains("\"status\":\"damaged\"") {
        // A mark of what was damaged is made again.
        return false;
    }
    !SUBMITTING.starts_with(&status[..end]) || is_whole(&format!("{text}}}")) || is_of_script()
}

/// The status that a line has before its request is sent.
const SUBMITTING: &str = Status::Submitting.as_str();

fn has_space(text: &str) -> bool {
    objects::without_space(text.as_bytes()).len() < text.len()
}

const BROKEN_OFF: &str = "it is cut off before its end";

/// What is wrong with `text`, as in "it ...".
pub(super) fn what(text: &[u8]) -> String {
    let zeros = memchr::memchr_iter(0, text).count();
    if zeros > 0 {
        let bytes = if zeros == 1 { "byte" } else { "bytes" };
        return format!("it holds {zeros} zero {bytes}, as a power cut leaves them");
    }
    let read = match std::str::from_utf8(text) {
        Ok(read) => read.trim(),
        Err(error) => {
            let column = error.valid_up_to() + 1;
            return format!("it is not text: byte {column} is not UTF-8");
        }
    };
    if read.starts_with("\"{") || read.contains("\"\"job\"\"") || read.contains("\"\"status\"\"") {
        return "its quotes are doubled, as spreadsheet programs do".to_owned();
    }
    if !read.starts_with('{') {
        return "its beginning is missing".to_owned();
    }
    match Line::parts(read) {
        Err(LineError::Malformed(error)) => why(read, &error),
        Err(error) => why(read, &error.to_string()),
        Ok(_) => "it is next to something that cannot be read".to_owned(),
    }
}

fn why(text: &str, error: &str) -> String {
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text);
    match json {
        Err(error) if error.is_eof() => BROKEN_OFF.to_owned(),
        Err(error) if objects::first(text).is_some_and(is_whole) => {
            format!("something follows its end, at column {}", error.column())
        }
        Err(error) => format!("it is no longer valid JSON at column {}", error.column()),
        Ok(_) => format!("it is not a line of this log: {error}"),
    }
}
