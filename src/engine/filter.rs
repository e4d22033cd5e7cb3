//! Which jobs a command is about: `--where COLUMN=VALUE`, `--since`, and jobs named one by one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::jobs::{Condition, DisplayStatus, JobView, LOG_FIELDS, ReviewVerdict};
use crate::text::{escape, format::moment, suggest};

/// Columns of a manifest that the log keeps under another name, or inside of a request.
const ELSEWHERE: [(&str, &str); 11] = [
    ("videoprompt", "prompt"),
    ("prompt", "prompt"),
    ("imageurl", "image_url"),
    ("model", "model"),
    ("duration", "duration"),
    ("aspectratio", "aspect_ratio"),
    ("webhookurl", "webhook_url"),
    ("text", "text"),
    ("voice", "voice"),
    ("language", "language"),
    ("speed", "speed"),
];

/// A condition on a column, which is matched without regard to case, spaces and underscores, as headers
/// of a manifest are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    condition: Condition,
    plain: String,
}

impl Filter {
    pub fn new(condition: Condition) -> Self {
        Self {
            plain: plain(&condition.column),
            condition,
        }
    }

    /// Whether it holds for the job's column. A column that it does not have is empty.
    fn matches(&self, view: &JobView, in_any_case: bool) -> bool {
        let value = self.value_of(view);
        let value = value.as_deref().unwrap_or_default();
        let condition = &self.condition;
        condition.holds(value)
            || (in_any_case && value.trim().to_lowercase() == condition.value.to_lowercase())
    }

    /// Whether only the spreadsheet can give a job the column.
    pub fn is_of_a_sheet(&self) -> bool {
        let is_here = |name: &str| plain(name) == self.plain;
        let elsewhere = ELSEWHERE.into_iter().map(|(name, _)| name);
        let own = ["state", "review"].into_iter().chain(elsewhere);
        !LOG_FIELDS.into_iter().chain(own).any(is_here)
    }

    /// What the job's column holds.
    pub fn value_of<'a>(&self, view: &'a JobView) -> Option<Cow<'a, str>> {
        // A carried column is the user's own word and goes first.
        let carried = view.carried().find(|(name, _)| plain(name) == self.plain);
        if let Some((_, value)) = carried {
            return Some(match value {
                Value::String(text) => Cow::Borrowed(text),
                other => Cow::Owned(other.to_string()),
            });
        }
        match self.plain.as_str() {
            "status" => return Some(view.state.status().as_str().into()),
            // As people see it: ready, failed, refused, outcome unknown, ...
            "state" => return Some(DisplayStatus::of(&view.state).words().into()),
            "job" => return Some(view.key().to_string().into()),
            // What a person thinks of a clip that is ready.
            "review" if DisplayStatus::of(&view.state) == DisplayStatus::Ready => {
                let look = view.state.effective().look();
                return Some(look.map_or("waiting", ReviewVerdict::as_str).into());
            }
            _ => {}
        }
        let field = LOG_FIELDS
            .into_iter()
            .find(|name| plain(name) == self.plain);
        let elsewhere = ELSEWHERE.into_iter().find(|(name, _)| *name == self.plain);
        let name = field.or(elsewhere.map(|(_, name)| name))?;
        view.column(name).map(Cow::Owned)
    }
}

/// Several conditions, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    all: Vec<Filter>,
    /// Whether the letter case of values counts for nothing.
    in_any_case: bool,
    /// Only jobs that have stood where they stand since then, or for a shorter time.
    since: Option<Timestamp>,
}

impl Filters {
    /// Conditions on columns.
    pub fn new(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self {
            all: conditions.into_iter().map(Filter::new).collect(),
            ..Self::default()
        }
    }

    /// That a column has a value, in whatever letter case.
    pub fn in_any_case(column: &str, value: &str) -> Self {
        Self {
            in_any_case: true,
            ..Self::new([Condition::is(column, value)])
        }
    }

    /// The same, of jobs that changed since then.
    #[must_use]
    pub fn since(self, since: Option<Timestamp>) -> Self {
        Self { since, ..self }
    }

    /// Whether every job matches.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.since.is_none()
    }

    /// Whether all of them match.
    pub fn matches(&self, view: &JobView) -> bool {
        let is_recent = |since| view.standing_since().is_some_and(|at| at >= since);
        let mut all = self.all.iter();
        all.all(|filter| filter.matches(view, self.in_any_case)) && self.since.is_none_or(is_recent)
    }

    /// What is to be reported about a column that no job has, once nothing has matched: the nearest one
    /// that there is.
    pub fn doubt(&self, views: impl IntoIterator<Item = JobView>) -> Option<String> {
        let mut missing: Vec<&Filter> = self.all.iter().collect();
        let mut columns: BTreeSet<String> = ["status", "state", "review", "job"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        for view in views {
            // A column of the sheet that has the name of a field goes by another one.
            let mut own = self.all.iter().filter_map(|filter| {
                let sheet = format!("sheet{}", filter.plain);
                let (name, _) = view.carried().find(|(name, _)| plain(name) == sheet)?;
                Some((filter.condition.column.as_str(), name.to_owned()))
            });
            if let Some((column, name)) = own.next() {
                return Some(format!(
                    "{} is a field of the log here; the sheet's column of that name is {}",
                    escape(column),
                    escape(&name)
                ));
            }
            missing.retain(|filter| filter.value_of(&view).is_none());
            if missing.is_empty() {
                return None;
            }
            columns.extend(view.carried().map(|(name, _)| name.to_owned()));
            columns.extend(view.id().map(|(column, _)| column.name().to_owned()));
        }
        let filter = missing.first()?;
        let known = columns.iter().map(String::as_str);
        let known = known.chain(ELSEWHERE.iter().map(|(_, name)| *name));
        let near = suggest::nearest(&filter.condition.column, known);
        let near = near.map(|near| format!("; did you mean {}?", escape(near)));
        Some(format!(
            "no job has a column {}{}",
            escape(&filter.condition.column),
            near.unwrap_or_default()
        ))
    }

    /// As they were typed, for messages: `a=b and c=d`.
    pub fn text(&self) -> String {
        let texts = self.all.iter().map(|filter| filter.condition.to_string());
        let since = self
            .since
            .map(|at| format!("a change since {}", moment(at)));
        let texts: Vec<String> = texts.chain(since).collect();
        texts.join(" and ")
    }
}

/// A name without what does not count in a header.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::named::jobs_named;
    use crate::jobs::{JobKey, Ledger, Rates};

    const LINE: &str = concat!(
        r#"{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","attempt":1,"#,
        r#""status":"submitting","listing_id":"LST-4201","Property Type":"residential","#,
        r#""rooms":4,"line":3,"request":{"model":"kling-v3","prompt":"pan","duration":"5s"}}"#
    );

    fn view() -> JobView {
        let key = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        JobView::fold(key, [LINE], &Rates::default())
            .unwrap()
            .unwrap()
    }

    fn filter(text: &str) -> Filter {
        Filter::new(text.parse().unwrap())
    }

    #[test]
    fn columns_match_however_their_header_is_spelled() {
        for matching in [
            "property_type=residential",
            "PropertyType= residential ",
            "Rooms=4",
            "listing id=LST-4201",
            "model=kling-v3",
            "Video Prompt=pan",
            "status=unknown",
            "line=3",
            "no such column=",
            "state=outcome unknown",
            "property_type~RESID",
            "rooms>=4",
        ] {
            assert!(filter(matching).matches(&view(), false), "{matching}");
        }
        for other in ["property_type=Residential", "rooms=40", "sku=LST-4201"] {
            assert!(!filter(other).matches(&view(), false), "{other}");
        }
    }

    #[test]
    fn a_column_is_the_sheets_or_the_logs() {
        for (column, is_of_a_sheet) in [
            ("client", true),
            ("Property Type", true),
            ("SKU", false),
            ("Video Prompt", false),
            ("state", false),
        ] {
            let filter = Filter::new(Condition::is(column, "x"));
            assert_eq!(filter.is_of_a_sheet(), is_of_a_sheet, "{column}");
        }
    }

    #[test]
    fn all_filters_must_match() {
        let filters = |pairs: [(&str, &str); 2]| {
            Filters::new(pairs.map(|(column, value)| Condition::is(column, value)))
        };
        let both = filters([("rooms", "4"), ("model", "kling-v3")]);
        assert!(both.matches(&view()));
        assert_eq!(both.text(), "rooms=4 and model=kling-v3");
        assert!(!filters([("rooms", "4"), ("model", "auto")]).matches(&view()));
        assert!(Filters::default().matches(&view()));
    }

    #[test]
    fn a_job_that_has_not_changed_since_is_left_out() {
        let since = |at: &str| Filters::default().since(Some(at.parse().unwrap()));
        let before = since("2026-03-12T09:00:00Z");
        assert!(before.matches(&view()) && !before.is_empty());
        assert!(!since("2026-03-12T10:00:00Z").matches(&view()));
    }

    #[test]
    fn a_column_that_no_job_has_is_reported_with_the_nearest() {
        let doubt = |column| Filters::new([Condition::is(column, "x")]).doubt([view()]);
        for known in ["rooms", "property type", "prompt", "status", "Listing ID"] {
            assert_eq!(doubt(known), None, "{known}");
        }
        for (typed, hint) in [
            ("property_typ", "; did you mean Property Type?"),
            ("stauts", "; did you mean status?"),
            ("promt", "; did you mean prompt?"),
            ("weather", ""),
        ] {
            let text = format!("no job has a column {typed}{hint}");
            assert_eq!(doubt(typed), Some(text));
        }
    }

    #[test]
    fn a_sheets_column_with_the_name_of_a_field_is_told_by_its_own() {
        let line = LINE.replace("\"rooms\":4", "\"sheet_status\":\"hot\"");
        let key = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        let view = JobView::fold(key, [&*line], &Rates::default())
            .unwrap()
            .unwrap();
        let doubt = Filters::new([Condition::is("Status", "hot")]).doubt([view]);
        let text =
            "Status is a field of the log here; the sheet's column of that name is sheet_status";
        assert_eq!(doubt.as_deref(), Some(text));
    }

    #[test]
    fn a_job_is_found_by_its_key_its_generation_id_and_its_owner() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let second = r#"{"status":"pending","listing_id":"LST-4201","generation_id":"vgen_1"}"#;
        std::io::Write::write_all(
            &mut file,
            format!("{LINE}\n{second}\nnonsense\n").as_bytes(),
        )
        .unwrap();
        let log = crate::journal::JobLog::read(file.path(), Ledger::new(Rates::default())).unwrap();
        let named = |name: &str| jobs_named(log.path(), log.ledger(), name).unwrap();
        let first = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        let seed = JobKey::of_seed("vgen_1");
        assert_eq!(named("5b1f0c9a77d2e318"), [first]);
        assert_eq!(named("vgen_1"), [seed]);
        assert_eq!(named(" LST-4201"), [first, seed]);
        assert_eq!(named("LST-42"), []);
    }
}
