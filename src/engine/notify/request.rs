//! Notices as requests: what a service expects, made here, sent nowhere.

use std::str::FromStr;

use serde_json::json;

use super::{Notice, RoundEvent};

/// Characters of a text that services take at most; Discord refuses more than 2,000.
const LONGEST: usize = 1_900;

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A JSON object of ours.
    Json,
    /// Slack's incoming webhooks, and what takes the same (Mattermost, Rocket.Chat).
    Slack,
    /// Discord's webhooks.
    Discord,
    /// A topic of ntfy.
    Ntfy,
}

impl Shape {
    const ALL: [(&'static str, Self); 4] = [
        ("json", Self::Json),
        ("slack", Self::Slack),
        ("discord", Self::Discord),
        ("ntfy", Self::Ntfy),
    ];

    /// The shape that an address of a known service wants; JSON at any other.
    pub fn of_address(url: &str) -> Self {
        let host = url::Url::parse(url).ok();
        let host = host.as_ref().and_then(url::Url::host_str).unwrap_or("");
        match host {
            "hooks.slack.com" => Self::Slack,
            "discord.com" | "discordapp.com" => Self::Discord,
            "ntfy.sh" => Self::Ntfy,
            _ => Self::Json,
        }
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(name, _)| *name == text);
        known.map(|(_, shape)| shape).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name);
            format!(
                "{text:?} is not a format; the formats are {}",
                names.join(", ")
            )
        })
    }
}

/// A POST to be sent. The address is a secret at most services.
#[derive(Clone, PartialEq, Eq)]
pub struct NoticeRequest {
    /// Where to.
    pub url: String,
    /// What it is for, without the address.
    pub what: &'static str,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The text.
    pub body: String,
}

impl std::fmt::Debug for NoticeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("what", &self.what)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl NoticeRequest {
    /// A notice for a webhook.
    pub(super) fn webhook(url: &str, shape: Shape, notice: &Notice) -> Self {
        let text = shortened(&notice.text);
        let with_sign = format!("{} {text}", sign(notice.event));
        let as_json = |body: serde_json::Value| {
            let json = "application/json".to_owned();
            (vec![("Content-Type", json)], body.to_string())
        };
        let (headers, body) = match shape {
            Shape::Json => as_json(json!({
                "v": 1,
                "event": notice.event.name(),
                "text": text,
                "exit_code": notice.code,
                "counts": notice.counts,
            })),
            Shape::Slack => as_json(json!({ "text": with_sign })),
            Shape::Discord => as_json(json!({
                "content": with_sign,
                // Nothing in a notice calls people.
                "allowed_mentions": { "parse": [] },
            })),
            Shape::Ntfy => (
                vec![
                    ("Title", format!("creativeai: {}", notice.event)),
                    ("Priority", priority(notice.event).to_owned()),
                ],
                text,
            ),
        };
        Self {
            url: url.to_owned(),
            what: "the webhook of [notify]",
            headers,
            body,
        }
    }

    /// A sign of life: `/start` when a round begins, `/fail` when it could not go on. Whether clips
    /// came out well is not what a dead man's switch is about.
    pub(super) fn ping(url: &str, notice: &Notice) -> Self {
        let end = match notice.event {
            RoundEvent::Start => "/start",
            RoundEvent::Failure => "/fail",
            RoundEvent::Success | RoundEvent::Attention => "",
        };
        let (address, query) = match url.split_once('?') {
            Some((address, query)) => (address, format!("?{query}")),
            None => (url, String::new()),
        };
        Self {
            url: format!("{}{end}{query}", address.trim_end_matches('/')),
            what: "the ping of [notify]",
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            body: shortened(&notice.text),
        }
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

const fn sign(event: RoundEvent) -> &'static str {
    match event {
        RoundEvent::Start => "▶",
        RoundEvent::Success => "✓",
        RoundEvent::Attention => "⚠",
        RoundEvent::Failure => "✗",
    }
}

/// As ntfy grades messages: 3 is usual.
const fn priority(event: RoundEvent) -> &'static str {
    match event {
        RoundEvent::Start => "2",
        RoundEvent::Success => "3",
        RoundEvent::Attention => "4",
        RoundEvent::Failure => "5",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(event: RoundEvent) -> Notice {
        Notice {
            event,
            text: "run: 3 ordered".to_owned(),
            code: Some(1),
            counts: json!({ "failed": 1 }),
        }
    }

    fn body(shape: Shape) -> serde_json::Value {
        let request =
            NoticeRequest::webhook("https://x.example/", shape, &notice(RoundEvent::Attention));
        serde_json::from_str(&request.body).unwrap()
    }

    #[test]
    fn every_service_gets_what_it_expects() {
        assert_eq!(
            body(Shape::Json),
            json!({
                "v": 1, "event": "attention", "text": "run: 3 ordered", "exit_code": 1,
                "counts": { "failed": 1 },
            })
        );
        assert_eq!(body(Shape::Slack), json!({ "text": "⚠ run: 3 ordered" }));
        assert_eq!(body(Shape::Discord)["content"], "⚠ run: 3 ordered");
        let ntfy = NoticeRequest::webhook(
            "https://ntfy.sh/t",
            Shape::Ntfy,
            &notice(RoundEvent::Failure),
        );
        assert_eq!(ntfy.body, "run: 3 ordered");
        assert!(ntfy.headers.contains(&("Priority", "5".to_owned())));
        // ntfy takes headers of ASCII only.
        assert!(ntfy.headers.iter().all(|(_, value)| value.is_ascii()));
    }

    #[test]
    fn a_known_address_says_its_shape() {
        for (url, shape) in [
            ("https://hooks.slack.com/services/T/B/x", Shape::Slack),
            ("https://discord.com/api/webhooks/1/x", Shape::Discord),
            ("https://ntfy.sh/topic", Shape::Ntfy),
            ("https://example.com/hooks.slack.com", Shape::Json),
            ("nonsense", Shape::Json),
        ] {
            assert_eq!(Shape::of_address(url), shape, "{url}");
        }
        assert_eq!("slack".parse(), Ok(Shape::Slack));
        assert!("teams".parse::<Shape>().is_err());
    }

    #[test]
    fn a_ping_keeps_the_query_of_its_address() {
        let url =
            |event| NoticeRequest::ping("https://kuma.example/p/x/?status=up", &notice(event)).url;
        assert_eq!(
            url(RoundEvent::Start),
            "https://kuma.example/p/x/start?status=up"
        );
        assert_eq!(
            url(RoundEvent::Success),
            "https://kuma.example/p/x?status=up"
        );
    }

    #[test]
    fn an_address_is_not_shown() {
        let request = NoticeRequest::ping("https://hc.example/secret", &notice(RoundEvent::Start));
        assert!(!format!("{request:?}").contains("secret"));
    }
}
