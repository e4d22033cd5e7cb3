//! A JSON object, opened one level deep; its values stay raw.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::jobs::Text;
use crate::webhook::capture::Headers;

/// Names and raw values, in the object's order.
pub(super) struct RawFields<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'a> RawFields<'a> {
    pub fn of_text(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub fn of(raw: &'a RawValue) -> Option<Self> {
        Self::of_text(raw.get()).ok()
    }

    /// A value that is there and not null.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|(found, raw)| found.as_str() == name && raw.get() != "null")
            .map(|(_, raw)| *raw)
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn values(&self) -> impl Iterator<Item = &'a RawValue> {
        self.0.iter().map(|(_, raw)| *raw)
    }

    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.get(name)?)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    pub fn object(&self, name: &str) -> Option<Self> {
        Self::of(self.get(name)?)
    }

    pub fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Headers from an object of texts or lists of texts.
    pub fn headers(&self, name: &str) -> Option<Headers<'a>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Names and values, for an object of texts or lists of texts such as a parsed query.
    pub fn pairs(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let mut pairs = Vec::new();
        for (name, raw) in &self.0 {
            if let Some(value) = text(raw) {
                pairs.push((name.0.clone(), value));
            } else if let Ok(values) = serde_json::from_str::<Vec<Text<'a>>>(raw.get()) {
                pairs.extend(values.into_iter().map(|v| (name.0.clone(), v.0)));
            }
        }
        pairs
    }
}

pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get())
        .ok()
        .map(|t| t.0)
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = RawFields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(RawFields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}
