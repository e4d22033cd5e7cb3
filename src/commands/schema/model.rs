//! What a schema is made of, and how it is written as JSON Schema.

use serde_json::{Map, Value, json};

use crate::exit::Code;

/// One of the documents that a schema describes.
pub struct Document {
    /// Its name within the schema.
    pub name: &'static str,
    /// When it is printed.
    pub about: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// A field of an object.
#[derive(Clone, Copy)]
pub struct Field {
    name: &'static str,
    is_always: bool,
    kind: Kind,
    about: &'static str,
}

/// A field that is always there.
pub const fn always(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field {
        name,
        is_always: true,
        kind,
        about,
    }
}

/// A field that may be missing.
pub const fn maybe(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field {
        is_always: false,
        ..always(name, kind, about)
    }
}

/// A table of fields, a line each: `always` or `maybe`, name, kind, and what it says.
macro_rules! fields {
    ($($how:ident $name:literal $kind:expr => $about:expr;)*) => {
        &[$($crate::commands::schema::model::$how($name, $kind, $about)),*]
    };
}

/// A table of documents: name, kind, and when it is printed.
macro_rules! documents {
    ($($name:literal $kind:expr => $about:expr;)*) => {
        &[$(Document { name: $name, about: $about, kind: $kind }),*]
    };
}
pub(super) use {documents, fields};

/// What a value is.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    /// A time, RFC 3339.
    Time,
    /// A whole number from 0.
    Count,
    Number,
    /// A truth value.
    Flag,
    /// Anything.
    Any,
    /// What the process ends with.
    ExitCode,
    /// Sixteen hexadecimal digits.
    Job,
    /// This very text.
    Word(&'static str),
    /// One of these.
    Words(fn() -> Vec<&'static str>),
    /// The kind, or null.
    OrNull(&'static Kind),
    List(&'static Kind),
    /// An object with these fields, in groups that several objects share.
    Object(&'static [&'static [Field]]),
    /// An object with these fields and others: a sheet's carried columns, or what the vendor adds.
    Open(&'static [&'static [Field]]),
}

impl Kind {
    /// As JSON Schema.
    pub fn to_json(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            Self::Count => json!({ "type": "integer", "minimum": 0 }),
            Self::Number => json!({ "type": "number" }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Any => json!({}),
            Self::ExitCode => json!({ "enum": Code::ALL.map(Code::number) }),
            Self::Job => json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" }),
            Self::Word(word) => json!({ "const": word }),
            Self::Words(words) => json!({ "enum": words() }),
            Self::OrNull(kind) => json!({ "anyOf": [kind.to_json(), { "type": "null" }] }),
            Self::List(kind) => json!({ "type": "array", "items": kind.to_json() }),
            Self::Object(groups) => object(groups),
            Self::Open(groups) => {
                let mut schema = object(groups);
                schema["additionalProperties"] = true.into();
                schema
            }
        }
    }
}

fn object(groups: &[&[Field]]) -> Value {
    let fields = || groups.iter().copied().flatten();
    let property = |field: &Field| {
        let mut schema = field.kind.to_json();
        schema["description"] = field.about.into();
        (field.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = fields().map(property).collect();
    let required = fields().filter(|field| field.is_always);
    let required: Vec<&str> = required.map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}
