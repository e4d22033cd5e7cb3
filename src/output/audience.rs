//! Words for others: where clips stand, as an agent or a buyer reads it, or as the vendor says it.

use serde_json::{Value, json};

use super::words;
use crate::jobs::{DisplayStatus, JobView};

/// For whom states are worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Agents and property managers, for whom clips of a listing are made.
    Agent,
    /// Those who sell products, for whom clips of a shop are made.
    Buyer,
    /// The vendor's own words.
    Raw,
}

/// The states that have words of their own, as the settings name them.
pub const STATES: [&str; 5] = ["queued", "rendering", "ready", "failed", "checking"];

/// Words for an audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// For whom.
    pub audience: Audience,
    /// Words of the user's own, each by its state, or by its state and a language (`ready-de`).
    pub own: Vec<(String, String)>,
    /// The language whose words come first.
    pub language: Option<String>,
}

/// A clip as an audience sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobMessage {
    /// The listing's or SKU's id.
    pub item: Option<String>,
    /// What the clip is called.
    pub name: String,
    /// Where it stands.
    pub text: String,
    job: String,
    status: &'static str,
    display: DisplayStatus,
}

impl Audience {
    /// The audience of this name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "agent" => Self::Agent,
            "buyer" => Self::Buyer,
            "raw" => Self::Raw,
            _ => return None,
        })
    }

    /// What is reported where the user has no words of their own.
    fn usual(self, state: &str) -> &'static str {
        match (self, state) {
            (Self::Buyer, "queued") => "Queued at the video service.",
            (Self::Buyer, "rendering") => "Being rendered: it will arrive automatically.",
            (Self::Buyer, "ready") => {
                "Ready: it can go on the product page, into ads and into e-mail."
            }
            (Self::Buyer, "failed") => "Not made: order it again, or ask support.",
            (_, "queued") => "Queued: you do not need to do anything.",
            (_, "rendering") => "Being rendered: you will hear when the video is ready.",
            (_, "ready") => "Ready: download it, or publish it to the MLS or your website.",
            (_, "failed") => "Not made: order it again, or give support the job's number, {job}.",
            _ => "Being checked: whether it was ordered is not certain yet.",
        }
    }
}

impl Wording {
    /// Whether others than those who pay read it: they see no costs and no commands.
    pub fn is_for_others(&self) -> bool {
        self.audience != Audience::Raw
    }

    /// Whether a clip is shown at all: others do not hear of what was replaced or closed.
    pub fn shows(&self, view: &JobView) -> bool {
        !self.is_for_others() || DisplayStatus::of(&view.state).is_counted()
    }

    /// A clip in the audience's words.
    pub fn message(&self, view: &JobView) -> JobMessage {
        let display = DisplayStatus::of(&view.state);
        let status = view.state.status().as_str();
        JobMessage {
            item: view.id().map(|(_, id)| id.to_owned()),
            name: if self.is_for_others() {
                words::title(view)
            } else {
                words::clip_name(view)
            },
            text: match self.audience {
                Audience::Raw => status.to_owned(),
                _ => self.worded(display, view),
            },
            job: view.key().to_string(),
            status,
            display,
        }
    }

    fn worded(&self, display: DisplayStatus, view: &JobView) -> String {
        let state = state_of(display);
        let own = |name: &str| {
            let found = self.own.iter().find(|(own, _)| own == name);
            found.map(|(_, text)| text.as_str())
        };
        let in_language = self.language.as_ref();
        let text = in_language
            .and_then(|language| own(&format!("{state}-{language}")))
            .or_else(|| own(state))
            .unwrap_or_else(|| self.audience.usual(state));
        let item = view.id().map_or("", |(_, id)| id);
        text.replace("{job}", &view.key().to_string())
            .replace("{listing}", item)
            .replace("{clip}", &words::title(view))
    }
}

impl JobMessage {
    /// A sign for the start of a line.
    pub const fn sign(&self) -> &'static str {
        self.display.sign()
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        json!({
            "listing": self.item,
            "clip": self.name,
            "job": self.job,
            "status": self.status,
            "copy": self.text,
        })
    }
}

/// The state in the settings' words.
const fn state_of(display: DisplayStatus) -> &'static str {
    match display {
        DisplayStatus::Ready => "ready",
        DisplayStatus::Rendering => "rendering",
        DisplayStatus::Queued | DisplayStatus::NotSent | DisplayStatus::BeingSent => "queued",
        DisplayStatus::Failed | DisplayStatus::Refused | DisplayStatus::NotAccepted => "failed",
        DisplayStatus::Unknown
        | DisplayStatus::Newer
        | DisplayStatus::Replaced
        | DisplayStatus::Closed => "checking",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobKey, Rates};

    fn view(status: &str) -> JobView {
        let raw = format!(
            r#"{{"listing_id":"LST-1","generation_id":"g1","status":"{status}","error":"HTTP 500: provider"}}"#
        );
        let view = JobView::fold(JobKey::of_seed("g1"), [&*raw], &Rates::default());
        view.unwrap().unwrap()
    }

    fn wording(audience: Audience, language: Option<&str>) -> Wording {
        let own = [
            ("ready", "Da: {clip} of {listing}"),
            ("ready-de", "Fertig!"),
        ];
        Wording {
            audience,
            own: own.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
            language: language.map(str::to_owned),
        }
    }

    #[test]
    fn each_audience_has_words_for_each_status_of_the_vendor() {
        for (status, agent, buyer) in [
            (
                "pending",
                "do not need to do anything",
                "Queued at the video service",
            ),
            ("processing", "will hear", "arrive automatically"),
            ("failed", "support the job's number", "order it again"),
        ] {
            let message = |audience| wording(audience, None).message(&view(status)).text;
            assert!(message(Audience::Agent).contains(agent), "{status}");
            assert!(message(Audience::Buyer).contains(buyer), "{status}");
            assert_eq!(message(Audience::Raw), status);
            assert!(!message(Audience::Agent).contains('{'), "{status}");
        }
    }

    #[test]
    fn own_words_come_first_in_the_language_that_was_chosen() {
        let message = |language| {
            wording(Audience::Agent, language)
                .message(&view("completed"))
                .text
        };
        assert_eq!(message(None), "Da: Video of LST-1");
        assert_eq!(message(Some("de")), "Fertig!");
        assert_eq!(message(Some("fr")), "Da: Video of LST-1");
    }
}
