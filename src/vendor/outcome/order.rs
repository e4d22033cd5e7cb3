//! Bodies of accepted orders, whatever the status says: a gateway may have put its own on the vendor's reply.

use serde_json::{Map, Value};

use crate::jobs::GenerationId;

const IDS: [&str; 3] = ["id", "job_id", "generation_id"];
/// Fields that may hold the order, one level down.
const WITHIN: [&str; 2] = ["data", "generation"];
/// What words for the end of a request without an order have in them: small letters and no others.
const REFUSALS: [&str; 31] = [
    "fail",
    "error",
    "reject",
    "invalid",
    "denied",
    "refuse",
    "cancel",
    "forbid",
    "unauth",
    "unproc",
    "unavail",
    "limit",
    "throttl",
    "exceed",
    "toomany",
    "busy",
    "overload",
    "block",
    "badrequest",
    "notfound",
    "notallowed",
    "notaccepted",
    "notsupported",
    "unsupported",
    "paymentrequired",
    "insufficient",
    "toolarge",
    "nsfw",
    "quota",
    "expired",
    "missing",
];

/// Whether a body names an order: it has an id and a status that is none of a refusal. Of one that was cut
/// off, an id without an error will do.
pub(super) fn is_named(body: &[u8], is_cut: bool) -> bool {
    if is_cut {
        let text = String::from_utf8_lossy(body);
        let has = |name: &str| text.contains(&format!("\"{name}\""));
        return IDS.into_iter().any(has) && !has("error");
    }
    // Read as a value, a field may stand twice.
    let Ok(Value::Object(whole)) = serde_json::from_slice(body) else {
        return false;
    };
    let within = WITHIN
        .iter()
        .filter_map(|name| whole.get(*name)?.as_object());
    std::iter::once(&whole).chain(within).any(is_order)
}

fn is_order(fields: &Map<String, Value>) -> bool {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let mut ids = IDS.into_iter().filter_map(text);
    // An error may well have an id of its own, and say that something failed.
    ids.any(|id| GenerationId::parse(id).is_some()) && text("status").is_some_and(is_of_order)
}

fn is_of_order(status: &str) -> bool {
    let letters = status.chars().filter(char::is_ascii_alphabetic);
    let status: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    // Without letters it is a code.
    !status.is_empty() && !REFUSALS.iter().any(|refusal| status.contains(refusal))
}
