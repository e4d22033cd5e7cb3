//! One webhook delivery as it was kept, whatever kept it.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::jobs::{GenerationId, JobKey, Text};
use crate::vendor::correlation;

/// The header that carries the signature, in lower case.
pub const SIGNATURE_HEADER: &str = "x-creativeai-signature";
/// The header that repeats the generation's id, in lower case. It names no delivery.
pub const DELIVERY_ID_HEADER: &str = "x-creativeai-delivery-id";

/// A delivery: what is known of the request, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture<'a> {
    /// When it came, RFC 3339 where the format has it so.
    pub received_at: Option<Cow<'a, str>>,
    /// The HTTP method.
    pub method: Option<Cow<'a, str>>,
    /// Path and query, or the whole address.
    pub url: Option<Cow<'a, str>>,
    /// The request's headers.
    pub headers: Headers<'a>,
    /// The request's body.
    pub body: Body<'a>,
}

/// A body, and how far it can be trusted to be the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// The very bytes, kept by this tool or in its envelope: a signature that does not hold is wrong,
    /// however they look.
    Exact(Cow<'a, [u8]>),
    /// The bytes as another program kept them. Where they look rewritten, a signature that does not
    /// hold proves nothing.
    Raw(Cow<'a, [u8]>),
    /// Their beginning: what kept it says that more was sent.
    Cut(Cow<'a, [u8]>),
    /// The same JSON, reserialized: no signature can be checked against it.
    Reserialized(Cow<'a, [u8]>),
}

impl<'a> Body<'a> {
    /// The body of a format that keeps text. Where bytes were replaced because they were no
    /// text, the original is lost.
    pub(super) fn of_text(text: Cow<'a, str>) -> Self {
        let replaced = text.contains(char::REPLACEMENT_CHARACTER);
        let bytes = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        if replaced {
            Self::Reserialized(bytes)
        } else {
            Self::Raw(bytes)
        }
    }

    /// Marks a body as cut when it is shorter than `sent`, the length in bytes that its keeper
    /// says it had.
    pub(super) fn expect_len(self, sent: Option<u64>) -> Self {
        match self {
            Self::Raw(bytes) if sent.is_some_and(|sent| sent > bytes.len() as u64) => {
                Self::Cut(bytes)
            }
            other => other,
        }
    }

    /// The bytes, however true.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Exact(bytes)
            | Self::Raw(bytes)
            | Self::Cut(bytes)
            | Self::Reserialized(bytes) => bytes,
        }
    }
}

/// Headers in the order they came; names are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Headers<'a> {
    /// Adds a header; several of one name are kept.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.0.push((name.into(), value.into()));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter();
        found
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }

    /// Every value of a header.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0
            .iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))
    }

    /// The same, independent of what it was read from.
    pub(super) fn into_owned(self) -> Headers<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        Headers(
            self.0
                .into_iter()
                .map(|(name, value)| (owned(name), owned(value)))
                .collect(),
        )
    }
}

impl<'a> Capture<'a> {
    /// The job and attempt that the address names, if it names exactly one.
    pub fn correlation(&self) -> Option<(JobKey, u32)> {
        correlation(self.url.as_deref()?)
    }

    /// The generation's id as the delivery header repeats it. No signature covers it.
    pub fn delivery_id(&self) -> Option<GenerationId> {
        GenerationId::parse(self.headers.get(DELIVERY_ID_HEADER)?.trim())
    }

    /// The envelope of this capture: one line of JSON, without the newline.
    pub fn to_envelope_line(&self) -> String {
        // A struct of texts always serializes.
        serde_json::to_string(&Envelope(self)).unwrap_or_default()
    }

    /// The same, independent of what it was read from.
    pub fn into_owned(self) -> Capture<'static> {
        let owned = |text: Option<Cow<'a, str>>| text.map(|t| Cow::Owned(t.into_owned()));
        Capture {
            received_at: owned(self.received_at),
            method: owned(self.method),
            url: owned(self.url),
            headers: self.headers.into_owned(),
            body: match self.body {
                Body::Exact(bytes) => Body::Exact(Cow::Owned(bytes.into_owned())),
                Body::Raw(bytes) => Body::Raw(Cow::Owned(bytes.into_owned())),
                Body::Cut(bytes) => Body::Cut(Cow::Owned(bytes.into_owned())),
                Body::Reserialized(bytes) => Body::Reserialized(Cow::Owned(bytes.into_owned())),
            },
        }
    }
}

/// A capture as its envelope writes it.
struct Envelope<'c, 'a>(&'c Capture<'a>);

impl Serialize for Envelope<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let capture = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("v", &1)?;
        for (name, value) in [
            ("received_at", &capture.received_at),
            ("method", &capture.method),
            ("url", &capture.url),
        ] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        map.serialize_entry("headers", &capture.headers)?;
        if let Ok(text) = std::str::from_utf8(capture.body.bytes()) {
            map.serialize_entry("body", text)?;
        } else {
            let text = BASE64_STANDARD.encode(capture.body.bytes());
            map.serialize_entry("body_b64", &text)?;
        }
        map.end()
    }
}

impl Serialize for Headers<'_> {
    /// An object; the values of a repeated name become a list.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            if self.0[..at]
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name))
            {
                continue;
            }
            let repeated = self.0[at + 1..]
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name));
            if repeated {
                map.serialize_entry(name, &self.all(name).collect::<Vec<_>>())?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    /// From an object whose values are texts or lists of texts; a value of another kind is no
    /// header.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeadersVisitor;
        impl<'de> Visitor<'de> for HeadersVisitor {
            type Value = Headers<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of headers")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Headers::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut headers = Headers(Vec::with_capacity(8));
                while let Some(Text(name)) = map.next_key()? {
                    match map.next_value()? {
                        Values::One(value) => headers.0.push((name, value)),
                        Values::Many(values) => {
                            for value in values {
                                headers.0.push((name.clone(), value));
                            }
                        }
                    }
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_any(HeadersVisitor)
    }
}

/// A header's value or values.
enum Values<'a> {
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;
        impl<'de> Visitor<'de> for ValuesVisitor {
            type Value = Values<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a header's value or values")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Values::One(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Values::One(Cow::Owned(v.to_owned())))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
                Ok(Values::One(Cow::Owned(v.to_string())))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
                Ok(Values::One(Cow::Owned(v.to_string())))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
                Ok(Values::One(Cow::Owned(v.to_string())))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Values::Many(Vec::new()))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Values::Many(Vec::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<Values<'de>>()? {
                    match value {
                        Values::One(value) => values.push(value),
                        Values::Many(more) => values.extend(more),
                    }
                }
                Ok(Values::Many(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Values::Many(Vec::new()))
            }
        }
        deserializer.deserialize_any(ValuesVisitor)
    }
}

/// Why an entry says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A recording holds other traffic too: this entry has neither a signature nor a payload.
    /// It is nothing to worry about.
    #[error("it is not a webhook of the vendor")]
    NotAWebhook,
    /// Larger than any webhook; the limit in bytes.
    #[error("it is larger than {} MiB, which no webhook is", .0 >> 20)]
    TooLarge(u64),
    /// Anything else, as a sentence without a full stop.
    #[error("{0}")]
    Because(String),
}

impl Unreadable {
    /// For a reason in words.
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Because(reason.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_one_line_with_repeated_headers_as_a_list() {
        let mut headers = Headers::default();
        headers.push("a", "1");
        headers.push("b", "x\ny");
        headers.push("A", "2");
        let capture = Capture {
            received_at: Some("2026-03-12T09:22:18Z".into()),
            method: Some("POST".into()),
            url: None,
            headers,
            body: Body::Raw(b"{}\n".as_slice().into()),
        };
        assert_eq!(
            capture.to_envelope_line(),
            r#"{"v":1,"received_at":"2026-03-12T09:22:18Z","method":"POST","headers":{"a":["1","2"],"b":"x\ny"},"body":"{}\n"}"#
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_in_base64() {
        let capture = Capture {
            received_at: None,
            method: None,
            url: None,
            headers: Headers::default(),
            body: Body::Raw(b"\xff\x00".as_slice().into()),
        };
        assert_eq!(
            capture.to_envelope_line(),
            r#"{"v":1,"headers":{},"body_b64":"/wA="}"#
        );
    }

    #[test]
    fn headers_of_any_shape_are_read() {
        let headers: Headers =
            serde_json::from_str(r#"{"A":"1","b":["2","3",null],"C":4,"d":null,"e":{"x":[1]}}"#)
                .unwrap();
        let read: Vec<_> = headers.iter().collect();
        assert_eq!(read, [("A", "1"), ("b", "2"), ("b", "3"), ("C", "4")]);
        assert_eq!(headers.get("a"), Some("1"));
        assert_eq!(headers.all("B").collect::<Vec<_>>(), ["2", "3"]);
    }
}
