//! What a reply, or none, means. This is the one place that decides it.
//!
//! The question behind every row is about money: has the vendor provably accepted the request,
//! provably not, or is it unknown? Whatever could have been accepted is [`Outcome::Unknown`],
//! and that is never sent again unless a person asks for it.

mod order;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};

use super::{ApiKey, Endpoint, Payload, explain, parse_retry_after};
use crate::jobs::{GenerationId, Status};

/// A body that has been read as a JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// Its fields.
    pub fn payload(&self) -> Payload<'_> {
        Payload::parse(&self.0).unwrap_or_default()
    }

    /// The bytes as they came.
    #[cfg(test)]
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a POST came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted: it will be rendered and is paid for.
    Accepted {
        /// The vendor's id.
        id: GenerationId,
        /// Where it stands already; `Pending` when the reply does not say or says it in a word
        /// no one knows.
        status: Status,
        /// What was odd about the reply.
        warning: Option<String>,
        /// The reply itself, for whatever else it says.
        body: Body,
    },
    /// Refused for a reason that lies in the request. Nothing was charged.
    Refused {
        /// The reply's status, 400 to 499.
        http_status: u16,
        /// What the vendor reported.
        error: String,
    },
    /// The key or the credits were refused (401, 402, 403): so will be every other request.
    Denied {
        /// The reply's status.
        http_status: u16,
        /// What the vendor reported.
        error: String,
    },
    /// Not accepted now (429, or 503 with `Retry-After`): everybody waits.
    Throttled {
        /// The reply's status.
        http_status: u16,
        /// How long the vendor asks to wait.
        retry_after: Option<Duration>,
        /// What the vendor reported.
        error: String,
    },
    /// No connection came about, so nothing was sent.
    NotSent {
        /// Why.
        error: String,
    },
    /// It may or may not have been accepted and billed.
    Unknown {
        /// The reply's status, where there was one.
        http_status: Option<u16>,
        /// What happened.
        error: String,
    },
}

/// What a poll came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollOutcome {
    /// The vendor reported where the generation stands.
    Seen {
        /// The status, one of the vendor's four.
        status: Status,
        /// The reply, for its other fields.
        body: Body,
    },
    /// Nothing was learned: no state changes, a later poll may do better.
    Unavailable {
        /// The reply's status, where there was one.
        http_status: Option<u16>,
        /// How long the vendor asks to wait.
        retry_after: Option<Duration>,
        /// What happened.
        error: String,
    },
    /// The key was refused (401, 402, 403): so will be every other poll.
    Denied {
        /// The reply's status.
        http_status: u16,
        /// What the vendor reported.
        error: String,
    },
}

/// A reply as far as it was read.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    retry_after: Option<Duration>,
    location: Option<String>,
    body: Bytes,
    cut: Option<String>,
}

impl Reply {
    /// Takes a reply. `cut` says why `body` is not all of it, if it is not; `now` stands in for
    /// a `Date` that the reply lacks.
    pub fn new(
        status: StatusCode,
        headers: &HeaderMap,
        body: Bytes,
        cut: Option<String>,
        now: SystemTime,
    ) -> Self {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok();
        Self {
            status,
            retry_after: text(RETRY_AFTER)
                .and_then(|value| parse_retry_after(value, text(DATE), now)),
            location: text(LOCATION).map(str::to_owned),
            body,
            cut,
        }
    }

    /// One line: the status and what the body says.
    fn explain(&self, key: Option<&ApiKey>) -> String {
        let code = self.status.as_u16();
        if let Some(to) = self
            .location
            .as_deref()
            .filter(|_| self.status.is_redirection())
        {
            return explain::tidy(
                &format!("HTTP {code}: redirects to {to}, which is not followed"),
                key,
            );
        }
        let message = explain::message(&self.body, key)
            .or_else(|| self.status.canonical_reason().map(str::to_owned));
        match message {
            Some(message) => format!("HTTP {code}: {message}"),
            None => format!("HTTP {code}"),
        }
    }
}

/// What a POST to `endpoint` came to that was answered by `reply`. `key` is blotted out of what the server
/// reported.
pub fn classify_submission(reply: &Reply, endpoint: Endpoint, key: Option<&ApiKey>) -> Outcome {
    let http_status = reply.status.as_u16();
    match http_status {
        200..=299 => accepted(reply, endpoint, key),
        400..=599 if order::is_named(&reply.body, reply.cut.is_some()) => unknown(reply, key),
        401..=403 => Outcome::Denied {
            http_status,
            error: reply.explain(key),
        },
        // 503 alone may come from a proxy, after the vendor has accepted.
        429 => throttled(reply, key),
        503 if reply.retry_after.is_some() => throttled(reply, key),
        // The vendor may have gone on after a 408; a 409 may mean "I have this one already".
        408 | 409 => unknown(reply, key),
        400..=499 => Outcome::Refused {
            http_status,
            error: reply.explain(key),
        },
        _ => unknown(reply, key),
    }
}

fn throttled(reply: &Reply, key: Option<&ApiKey>) -> Outcome {
    Outcome::Throttled {
        http_status: reply.status.as_u16(),
        retry_after: reply.retry_after,
        error: reply.explain(key),
    }
}

fn unknown(reply: &Reply, key: Option<&ApiKey>) -> Outcome {
    Outcome::Unknown {
        http_status: Some(reply.status.as_u16()),
        error: reply.explain(key),
    }
}

fn accepted(reply: &Reply, endpoint: Endpoint, key: Option<&ApiKey>) -> Outcome {
    let http_status = reply.status.as_u16();
    let unknown = |why: &str| Outcome::Unknown {
        http_status: Some(http_status),
        error: explain::tidy(
            &format!("HTTP {http_status}, but {why}{}", quote(&reply.body, key)),
            key,
        ),
    };
    if let Some(why) = &reply.cut {
        return unknown(why);
    }
    let payload = match Payload::parse(&reply.body) {
        Ok(payload) => payload,
        Err(e) => return unknown(&e.to_string()),
    };
    let Some(id) = payload.id_of_order(endpoint == Endpoint::Voice) else {
        return unknown("the reply names no valid id");
    };
    let word = payload.status();
    let known = word.as_ref().map(|word| Status::from_vendor(word.as_str()));
    let warning = match (&word, known) {
        (Some(word), Some(None)) => Some(explain::tidy(
            &format!(
                "the vendor calls its state {:?}, an unknown status; it counts as pending",
                word.as_str()
            ),
            key,
        )),
        _ => None,
    };
    Outcome::Accepted {
        id,
        status: known.flatten().unwrap_or(Status::Pending),
        warning,
        body: Body(reply.body.clone()),
    }
}

/// The beginning of a body, as proof; nothing for an empty one.
fn quote(body: &[u8], key: Option<&ApiKey>) -> String {
    let text = String::from_utf8_lossy(body);
    let text = explain::tidy(&text, key);
    if text.is_empty() {
        String::new()
    } else {
        format!("; it begins: {text}")
    }
}

/// What a poll for `asked` came to that was answered by `reply`. `key` is blotted out of what the
/// server reported.
pub fn classify_poll(reply: &Reply, asked: &GenerationId, key: Option<&ApiKey>) -> PollOutcome {
    let http_status = reply.status.as_u16();
    match http_status {
        200..=299 => match seen(reply, asked) {
            Ok(status) => PollOutcome::Seen {
                status,
                body: Body(reply.body.clone()),
            },
            Err(why) => PollOutcome::Unavailable {
                http_status: Some(http_status),
                retry_after: None,
                error: explain::tidy(&format!("HTTP {http_status}, but {why}"), key),
            },
        },
        401..=403 => PollOutcome::Denied {
            http_status,
            error: reply.explain(key),
        },
        _ => PollOutcome::Unavailable {
            http_status: Some(http_status),
            retry_after: reply.retry_after,
            error: reply.explain(key),
        },
    }
}

fn seen(reply: &Reply, asked: &GenerationId) -> Result<Status, String> {
    if let Some(why) = &reply.cut {
        return Err(why.clone());
    }
    let payload = Payload::parse(&reply.body).map_err(|e| e.to_string())?;
    if let Some(named) = payload.named_id()
        && !payload.may_be_about(asked)
    {
        return Err(format!(
            "the reply is about {:?}, not about {asked}",
            named.as_str()
        ));
    }
    let word = payload
        .status()
        .ok_or_else(|| "the reply names no status".to_owned())?;
    Status::from_vendor(word.as_str())
        .ok_or_else(|| format!("the status {:?} is unknown to this version", word.as_str()))
}

#[cfg(test)]
mod tests;
