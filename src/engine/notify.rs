//! Notices of a round to people and programs elsewhere: a webhook, a dead man's switch, e-mail, the
//! desktop.
//! They hold counts and codes; no key, no prompt and no address of a photo ever gets into one.

mod desktop;
mod email;
mod mail_server;
mod request;
mod send;
mod smtp;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use mail_server::{Email, MailLogin, Security};
pub use request::{NoticeRequest, Shape};
pub use send::send;

use crate::engine::round::RoundOutcome;

/// Longest time for one notice. A round is not kept waiting for longer.
pub const TIME_OUT: Duration = Duration::from_secs(10);

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoundEvent {
    /// A round begins.
    Start,
    /// All is well, or the next round carries on.
    Success,
    /// Something wants a person.
    Attention,
    /// The round could not go on.
    Failure,
}

impl RoundEvent {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Start, Self::Success, Self::Attention, Self::Failure];

    /// As in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Success => "success",
            Self::Attention => "attention",
            Self::Failure => "failure",
        }
    }

    /// What a round that ended so is. One that was not finished is a reason for attention only once
    /// several in a row were not.
    pub const fn of(verdict: RoundOutcome, is_overdue: bool) -> Self {
        match verdict {
            RoundOutcome::Unfinished if is_overdue => Self::Attention,
            RoundOutcome::Success | RoundOutcome::Unfinished => Self::Success,
            RoundOutcome::Attention => Self::Attention,
            RoundOutcome::Failure => Self::Failure,
        }
    }
}

impl FromStr for RoundEvent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|event| event.name() == text.trim());
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            format!(
                "{text:?} is not an event; the events are {}",
                names.join(", ")
            )
        })
    }
}

impl fmt::Display for RoundEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something to be reported.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What it is about.
    pub event: RoundEvent,
    /// One line for people.
    pub text: String,
    /// The round's code; `None` when it begins.
    pub code: Option<u8>,
    /// Counts for programs; an object.
    pub counts: serde_json::Value,
}

/// Who hears of it, and of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// The events that webhook, e-mail and desktop hear of. The dead man's switch hears of every round, or it
    /// would be of no use.
    pub on: Vec<RoundEvent>,
    /// Where notices are posted.
    pub webhook: Option<String>,
    /// How they look there; `None` where the address says so.
    pub format: Option<Shape>,
    /// The dead man's switch.
    pub ping: Option<String>,
    /// Who gets them as e-mail.
    pub email: Option<Email>,
    /// Whether notices are shown on this computer's desktop.
    pub desktop: bool,
}

impl Listeners {
    /// What has to be sent for a notice.
    pub fn requests(&self, notice: &Notice) -> Vec<NoticeRequest> {
        let hears = self.on.contains(&notice.event);
        let webhook = self.webhook.as_deref().filter(|_| hears);
        let shape = |url: &str| self.format.unwrap_or_else(|| Shape::of_address(url));
        let webhook = webhook.map(|url| NoticeRequest::webhook(url, shape(url), notice));
        let ping = self
            .ping
            .as_deref()
            .map(|url| NoticeRequest::ping(url, notice));
        webhook.into_iter().chain(ping).collect()
    }

    /// By which e-mail it is sent.
    pub fn email(&self, notice: &Notice) -> Option<&Email> {
        let email = self.email.as_ref();
        email.filter(|_| self.on.contains(&notice.event))
    }

    /// Whether the desktop shows it.
    pub fn shows(&self, notice: &Notice) -> bool {
        self.desktop && self.on.contains(&notice.event)
    }

    /// Whether anybody hears of anything.
    pub fn is_empty(&self) -> bool {
        self.webhook.is_none() && self.ping.is_none() && self.email.is_none() && !self.desktop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(event: RoundEvent) -> Notice {
        Notice {
            event,
            text: "run: nothing new".to_owned(),
            code: None,
            counts: serde_json::json!({}),
        }
    }

    #[test]
    fn a_webhook_hears_of_what_it_asked_for_and_the_switch_of_every_round() {
        let listeners = Listeners {
            on: vec![RoundEvent::Attention],
            webhook: Some("https://example.com/hook".to_owned()),
            ping: Some("https://hc.example.com/uuid".to_owned()),
            desktop: true,
            ..Listeners::default()
        };
        let urls = |event| {
            let requests = listeners.requests(&notice(event));
            let urls = requests.iter().map(|request| request.url.clone());
            urls.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(urls(RoundEvent::Start), "https://hc.example.com/uuid/start");
        assert_eq!(urls(RoundEvent::Success), "https://hc.example.com/uuid");
        assert_eq!(
            urls(RoundEvent::Attention),
            "https://example.com/hook https://hc.example.com/uuid"
        );
        assert_eq!(
            urls(RoundEvent::Failure),
            "https://hc.example.com/uuid/fail"
        );
        assert!(listeners.shows(&notice(RoundEvent::Attention)));
        assert!(!listeners.shows(&notice(RoundEvent::Success)));
        assert!(Listeners::default().is_empty());
    }

    #[test]
    fn a_round_that_was_not_finished_is_news_only_when_that_goes_on() {
        assert_eq!(
            RoundEvent::of(RoundOutcome::Unfinished, false),
            RoundEvent::Success
        );
        assert_eq!(
            RoundEvent::of(RoundOutcome::Unfinished, true),
            RoundEvent::Attention
        );
        for event in RoundEvent::ALL {
            assert_eq!(event.name().parse(), Ok(event));
        }
        assert!("always".parse::<RoundEvent>().is_err());
    }
}
