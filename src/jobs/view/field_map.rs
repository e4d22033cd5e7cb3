//! Values by field name, each chosen from the lines that report it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// What a value is chosen by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Precedence {
    pub rank: u8,
    pub at: i64,
    /// Of a verdict; as the state decides between verdicts of one time.
    pub caution: u8,
    pub raw: Arc<str>,
}

/// Values by field name, each with what it was chosen by.
#[derive(Clone, Debug, Default)]
pub struct FieldMap {
    fields: BTreeMap<String, FieldValue>,
}

#[derive(Clone, Debug)]
struct FieldValue {
    value: Value,
    /// What it was chosen by.
    order: Precedence,
    /// How many lines reported it.
    lines: u32,
}

impl FieldMap {
    pub(super) fn offer(&mut self, name: &str, order: &Precedence, value: impl FnOnce() -> Value) {
        let Some(field) = self.fields.get_mut(name) else {
            let field = FieldValue {
                value: value(),
                order: order.clone(),
                lines: 1,
            };
            self.fields.insert(name.to_owned(), field);
            return;
        };
        field.lines += 1;
        if field.order < *order {
            field.value = value();
            field.order = order.clone();
        }
    }

    /// Lines that are the only ones to report one of the fields.
    pub(super) fn sole_sources(&self) -> impl Iterator<Item = &str> {
        self.sole_sources_of(|_| true)
    }

    /// The same of the fields that are meant.
    pub(super) fn sole_sources_of(
        &self,
        is_meant: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = &str> {
        let meant = self.fields.iter().filter(move |(name, _)| is_meant(name));
        let sole = meant.filter(|(_, field)| field.lines == 1);
        sole.map(|(_, field)| &*field.order.raw)
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).map(|field| &field.value)
    }

    /// The line that a field is from.
    pub(super) fn source(&self, name: &str) -> Option<&str> {
        Some(&self.fields.get(name)?.order.raw)
    }

    /// A field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields
            .iter()
            .map(|(name, field)| (name.as_str(), &field.value))
    }
}
