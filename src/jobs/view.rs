//! One job with all its fields, folded from its own lines.
//!
//! The states in here come from the same [`JobState`] that the ledger keeps; this file only
//! chooses, field by field, which line's value to show: the one of the furthest status, then of
//! the newest time, then of the greatest text. That is a total order, so the choice does not
//! depend on the order of the lines.

mod field_map;
mod json;
mod needed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub use self::field_map::FieldMap;
use self::field_map::Precedence;
use super::id::{IdColumn, JobKey};
use super::line::{Line, LineError};
use super::line_facts::IS_TAKEN_BACK;
use super::line_facts::ReadOptions;
use super::money::Rates;
use super::state::JobState;
use super::status::{JobFact, LineStatus, Status, Verdict};
use crate::text::is_address;

/// One attempt with its fields.
#[derive(Clone, Debug, Default)]
pub struct AttemptView {
    /// What the outcome lines reported.
    pub fields: FieldMap,
    /// The request's body as it was sent, byte for byte.
    pub request: Option<Box<RawValue>>,
    request_order: Option<Precedence>,
    /// How many lines report the request.
    requests: u32,
    /// Every id it was given, ascending; more than one means that it was billed more than once.
    pub ids: BTreeSet<String>,
    /// Its `downloaded` lines' fields, newest effective.
    pub downloaded: FieldMap,
    /// Its `published` lines' fields, by target.
    pub published: BTreeMap<String, FieldMap>,
    /// Its `resolved` lines' fields, newest effective.
    pub resolved: FieldMap,
    /// Its `reviewed` lines' fields, newest effective.
    pub reviewed: FieldMap,
}

/// One job with its fields.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Where it stands.
    pub state: JobState,
    /// The listing's or SKU's id, `variant`, `line`, `by_job` and the carried columns.
    pub fields: FieldMap,
    /// The names it was given later: its `renamed` lines' fields, newest effective.
    pub renamed: FieldMap,
    /// The attempts by number.
    pub attempts: BTreeMap<u32, AttemptView>,
    /// Names of carried columns in the manifest's order, as far as one line reported them.
    columns: Vec<String>,
    columns_order: Option<Precedence>,
    /// Its events, oldest first.
    pub events: Vec<LoggedEvent>,
    /// The computer whose run is sending an attempt of it just now. No line says this.
    pub sender: Option<Box<str>>,
}

/// An event of a job, as it was read.
///
/// Its text stays beside what it says, since it breaks the ties between events of one time, is written
/// again word for word where a log is compacted, and is compared with what is taken back into one.
/// Fields that only another version knows stand in it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// When it was written; `None` for a line of the vendor's sample scripts without a time.
    pub at: Option<Timestamp>,
    /// The attempt.
    pub attempt: u32,
    /// What it says.
    pub word: LineStatus,
    /// The line, without its newline.
    pub text: Arc<str>,
}

impl LoggedEvent {
    fn of(line: &Line<'_>, text: Arc<str>) -> Self {
        let at = Some(line.at).filter(|at| *at != 0);
        Self {
            at: at.and_then(|at| Timestamp::from_millisecond(at).ok()),
            attempt: line.attempt,
            word: line.word,
            text,
        }
    }

    /// All that it says. A text that [`JobView::fold`] has kept is a line.
    pub fn line(&self) -> Option<Line<'_>> {
        Line::parse_whole(&self.text).ok()
    }
}

/// Fields that belong to the job, whatever attempt the line names.
const JOB_FIELDS: [&str; 3] = ["variant", "line", "by_job"];

impl JobView {
    /// Folds the lines of job `key`. Lines of other jobs are left out.
    pub fn fold<'a>(
        key: JobKey,
        lines: impl IntoIterator<Item = &'a str>,
        rates: &Rates,
    ) -> Result<Option<Self>, LineError> {
        // Only ids within one view are compared, so any hash will do.
        let reading = ReadOptions::new(rates.clone());
        let mut view: Option<Self> = None;
        for raw in lines {
            let parts = Line::whole_parts(raw)?;
            for part in parts.iter().filter(|part| part.job == key) {
                let view = view.get_or_insert_with(|| Self::new(key, part.attempt));
                let text = view.absorb(part, &reading);
                view.events.push(LoggedEvent::of(part, text));
            }
        }
        if let Some(view) = &mut view {
            let rank = |word: LineStatus| word.status().map_or(9, Status::rank);
            let place = |event: &LoggedEvent| (event.at, rank(event.word));
            view.events.sort_by_key(place);
            view.events.dedup();
        }
        Ok(view)
    }

    fn new(key: JobKey, attempt: u32) -> Self {
        Self {
            state: JobState::new(key, attempt),
            fields: FieldMap::default(),
            renamed: FieldMap::default(),
            attempts: BTreeMap::new(),
            columns: Vec::new(),
            columns_order: None,
            events: Vec::new(),
            sender: None,
        }
    }

    /// Takes a line in; gives its text.
    fn absorb(&mut self, line: &Line<'_>, reading: &ReadOptions) -> Arc<str> {
        let facts = reading.facts(line);
        self.state.absorb(&facts, line.raw.as_bytes());
        let raw: Arc<str> = line.raw.into();
        let order = Precedence {
            rank: line.word.status().map_or(0, Status::rank),
            at: line.at,
            caution: match facts.look {
                Some(look) => look as u8,
                None if line.word == LineStatus::Fact(JobFact::Superseded) => {
                    u8::from(facts.flags & IS_TAKEN_BACK == 0)
                }
                None => facts.verdict.map_or(0, Verdict::caution),
            },
            raw: raw.clone(),
        };
        let job_order = Precedence {
            rank: 0,
            ..order.clone()
        };
        if let Some((column, id)) = &line.id {
            let fields = match line.word {
                LineStatus::Fact(JobFact::Renamed) => &mut self.renamed,
                _ => &mut self.fields,
            };
            fields.offer(column.name(), &job_order, || Value::from(&*id.0));
        }
        let attempt = self.attempts.entry(line.attempt).or_default();
        if let Some(id) = &line.generation_id
            && line.word != LineStatus::Fact(JobFact::Resolved)
        {
            attempt.ids.insert(id.as_str().to_owned());
        }
        if let Some(request) = line.request {
            attempt.requests += 1;
            let known = attempt.request_order.as_ref();
            if known.is_none_or(|old| *old < order) {
                attempt.request = RawValue::from_string(request.to_owned()).ok();
                attempt.request_order = Some(order.clone());
            }
        }
        let fields = match line.word {
            LineStatus::Status(_) => &mut attempt.fields,
            LineStatus::Fact(JobFact::Downloaded) => &mut attempt.downloaded,
            LineStatus::Fact(JobFact::Published) => {
                let target = line.other_text("target").unwrap_or_default();
                attempt.published.entry(target).or_default()
            }
            LineStatus::Fact(JobFact::Resolved) => &mut attempt.resolved,
            LineStatus::Fact(JobFact::Reviewed) => &mut attempt.reviewed,
            LineStatus::Fact(JobFact::Superseded) => &mut self.fields,
            LineStatus::Fact(JobFact::Renamed) => &mut self.renamed,
        };
        offer_typed(fields, line, &order);
        for (name, raw) in &line.rest {
            let value = || serde_json::from_str(raw.get()).unwrap_or(Value::Null);
            if is_job_field(name.as_str()) && line.word != LineStatus::Fact(JobFact::Renamed) {
                continue;
            }
            fields.offer(name.as_str(), &order, value);
        }
        if line.word != LineStatus::Fact(JobFact::Renamed) {
            self.absorb_job_fields(line, &job_order);
        }
        raw
    }

    fn absorb_job_fields(&mut self, line: &Line<'_>, order: &Precedence) {
        let mut columns = Vec::new();
        for (name, raw) in &line.rest {
            let name = name.as_str();
            if !is_job_field(name) {
                continue;
            }
            self.fields.offer(name, order, || {
                serde_json::from_str(raw.get()).unwrap_or(Value::Null)
            });
            if !JOB_FIELDS.contains(&name) {
                columns.push(name.to_owned());
            }
        }
        if !columns.is_empty() && self.columns_order.as_ref().is_none_or(|old| old < order) {
            self.columns = columns;
            self.columns_order = Some(order.clone());
        }
    }

    /// The job's key.
    pub fn key(&self) -> JobKey {
        self.state.key
    }

    /// The listing or SKU that the job belongs to, by the name that it has now.
    pub fn id(&self) -> Option<(IdColumn, &str)> {
        let id_in = |fields: &'_ FieldMap| {
            let mut columns = [IdColumn::Listing, IdColumn::Sku].into_iter();
            columns.find(|column| fields.text(column.name()).is_some())
        };
        let fields = match id_in(&self.renamed) {
            Some(_) => &self.renamed,
            None => &self.fields,
        };
        let column = id_in(fields)?;
        Some((column, fields.text(column.name())?))
    }

    /// The photo's new address, where it was given one.
    pub fn new_photo(&self) -> Option<&str> {
        self.renamed.text("image_url")
    }

    /// The photo's address: the one that it has now, else the one that was asked for last.
    pub fn photo(&self) -> Option<String> {
        let asked = || Some(self.requested("image_url")?.as_str()?.to_owned());
        self.new_photo().map(str::to_owned).or_else(asked)
    }

    /// The photo's name, where a cell of the manifest or a person has given it one.
    pub fn photo_name(&self) -> Option<&str> {
        let mut attempts = self.attempts.values().rev();
        let ordered = || attempts.find_map(|attempt| attempt.fields.text("photo_name"));
        self.renamed.text("photo_name").or_else(ordered)
    }

    /// A field of the newest request that has it.
    pub fn requested(&self, name: &str) -> Option<Value> {
        let mut attempts = self.attempts.values().rev();
        attempts.find_map(|attempt| attempt.request_value(name))
    }

    /// The text that was asked for last: a prompt, or what is to be spoken.
    pub fn prompt(&self) -> Option<String> {
        let text = |name| Some(self.requested(name)?.as_str()?.to_owned());
        text("prompt").or_else(|| text("text"))
    }

    /// The row's line in the manifest.
    pub fn line(&self) -> Option<u64> {
        self.fields.get("line")?.as_u64()
    }

    /// Carried columns, in the manifest's order.
    pub fn carried(&self) -> impl Iterator<Item = (&str, &Value)> {
        let listed = self.columns.iter().map(String::as_str);
        let others = self
            .fields
            .iter()
            .map(|(name, _)| name)
            .filter(|name| is_carried(name) && !self.columns.iter().any(|c| c == name));
        listed
            .chain(others)
            .filter_map(|name| Some((name, self.fields.get(name)?)))
    }

    /// A column's or field's value as text, for `--where`: a carried column, the id, or a field
    /// of the attempt that speaks. A number is spelled out.
    pub fn column(&self, name: &str) -> Option<String> {
        let effective = self.attempts.get(&self.state.effective().number);
        let is_name = matches!(name, "listing_id" | "sku" | "image_url");
        let new = self.renamed.get(name).filter(|_| is_name);
        let value = new
            .or_else(|| self.fields.get(name))
            .cloned()
            .or_else(|| effective?.fields.get(name).cloned())
            .or_else(|| effective?.request_value(name))?;
        Some(match value {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    /// The attempt that speaks for the job.
    pub fn effective(&self) -> Option<&AttemptView> {
        self.attempts.get(&self.state.effective().number)
    }

    /// The attempt that a person decides about: of a job in doubt the one that is, else the one that
    /// speaks for the job.
    pub fn in_question(&self) -> u32 {
        let in_doubt = self.state.attempt_in_doubt();
        in_doubt.unwrap_or(self.state.effective()).number
    }
}

impl AttemptView {
    /// The file or object that the clip was downloaded to, as it is named on the computer `host`; none
    /// where it is on another computer.
    pub fn file_on(&self, host: &str) -> Option<&str> {
        let is_there = self.file_host().is_none_or(|other| other == host);
        self.downloaded.text("file").filter(|_| is_there)
    }

    /// The computer that the downloaded clip is on; none where the log does not say so, and for an
    /// object in a bucket.
    pub fn file_host(&self) -> Option<&str> {
        let is_object = is_address(self.downloaded.text("file")?);
        self.downloaded.text("file_host").filter(|_| !is_object)
    }

    /// The fields of the request's body.
    pub fn request_fields(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(self.request.as_ref()?.get()).ok()
    }

    /// A field of the request's body.
    pub fn request_value(&self, name: &str) -> Option<Value> {
        self.request_fields()?.remove(name)
    }

    /// The id to poll: the one a person named, unless the vendor has reported one.
    pub fn generation_id(&self) -> Option<&str> {
        self.ids.first().map(String::as_str).or_else(|| {
            let accepted = self.resolved.text("verdict") == Some("accepted");
            self.resolved.text("generation_id").filter(|_| accepted)
        })
    }

    /// Every id it is known by: more than one where the vendor has taken it more than once.
    pub fn generation_ids(&self) -> impl Iterator<Item = &str> {
        let named = self.generation_id().filter(|_| self.ids.is_empty());
        self.ids.iter().map(String::as_str).chain(named)
    }
}

fn offer_typed(fields: &mut FieldMap, line: &Line<'_>, order: &Precedence) {
    let numbers = [
        ("credits", line.credits),
        ("adjusted_credits", line.adjusted_credits),
        ("credits_estimated", line.credits_estimated),
    ];
    for (name, number) in numbers {
        if let Some(credits) = number.and_then(super::Credits::from_number) {
            fields.offer(name, order, || serde_json::json!(credits));
        }
    }
    if let Some(status) = line.http_status {
        fields.offer("http_status", order, || status.into());
    }
    if let Some(verdict) = &line.verdict {
        fields.offer("verdict", order, || verdict.as_str().into());
    }
    if let Some(id) = &line.generation_id {
        fields.offer("generation_id", order, || id.as_str().into());
    }
    if line.sandbox {
        fields.offer("sandbox", order, || true.into());
    }
}

/// The carried column that says where a photo on this computer is, from the log's folder where it lies
/// below that.
pub const PHOTO_FILE: &str = "photo_file";

fn is_carried(name: &str) -> bool {
    !super::LOG_FIELDS.contains(&name)
}

fn is_job_field(name: &str) -> bool {
    JOB_FIELDS.contains(&name) || is_carried(name)
}
