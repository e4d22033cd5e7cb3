//! A job as the page shows it.

use jiff::Timestamp;

use super::files::{file_there, web_address};
use super::options::ReportOptions;
use crate::jobs::{DisplayStatus, JobState, JobView, PHOTO_FILE};
use crate::output::{
    display_status::JobSortKey,
    display_status::Tone,
    job_summary::{DoubtfulJob, JobSummary},
    words,
};
use crate::text::unquoted;

/// A clip that can be played.
pub(super) struct PlayableClip {
    pub address: String,
    pub is_local: bool,
}

/// A time; the page's script turns it into the reader's own.
pub(super) struct Moment {
    pub iso: String,
    pub words: String,
}

impl Moment {
    pub fn of(at: Timestamp) -> Self {
        Self {
            iso: format!("{at:.0}"),
            words: at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        }
    }
}

/// A job as the page shows it.
pub struct ReportEntry {
    pub(super) card: JobSummary,
    pub(super) state: JobState,
    pub(super) place: JobSortKey,
    /// The clip's shape, one that the page's style knows.
    pub(super) shape: Option<&'static str>,
    pub(super) is_voice: bool,
    pub(super) since: Option<Moment>,
    pub(super) photo: Option<String>,
    pub(super) clip: Option<PlayableClip>,
    pub(super) facts: Vec<(String, String)>,
    pub(super) links: Vec<(&'static str, String)>,
    /// How it is found in the vendor's account, where its outcome is unknown.
    pub(super) sought: Option<DoubtfulJob>,
}

impl ReportEntry {
    /// Boils a job down to it.
    pub fn of(view: &JobView, options: &ReportOptions) -> Self {
        let mut card = JobSummary::of(view, &options.commands);
        if let Some(wording) = &options.wording {
            let message = wording.message(view);
            card.name = message.name;
            card.state = message.text;
        }
        if options.is_for_others() {
            card.cost = String::new();
            (card.reason, card.next) = (None, None);
            card.billed_twice = Vec::new();
        }
        let asked = |name: &str| Some(view.requested(name)?.as_str()?.to_owned());
        let here = |file: &str, kind: &str| {
            let file = file_there(file, &options.clip_folders)?;
            options.files.address(&file, kind, card.item.as_deref())
        };
        // An address that was signed for the vendor is for no one else.
        let photo = match view.column(PHOTO_FILE) {
            Some(file) => here(&file, "photos"),
            None => view.photo().as_deref().and_then(web_address),
        };
        // No one answers there once the command of a rehearsal has ended.
        let link = card.link.as_deref().filter(|_| !card.is_at_stand_in());
        let link = link.and_then(web_address);
        let file = card.file.as_deref();
        let file = file.and_then(|file| here(file, "clips"));
        let clip = match (&file, &link) {
            (Some(file), _) => Some((file.clone(), true)),
            (None, link) => link.clone().map(|link| (link, false)),
        };
        let links = [("Photo", photo.clone()), ("File", file), ("Clip", link)];
        Self {
            state: view.state.clone(),
            place: JobSortKey::of(view),
            shape: asked("aspect_ratio").as_deref().and_then(shape),
            is_voice: asked("text").is_some(),
            since: card.since.map(Moment::of),
            photo,
            clip: clip.map(|(address, is_local)| PlayableClip { address, is_local }),
            facts: if options.is_for_others() {
                Vec::new()
            } else {
                facts(view)
            },
            sought: (card.display == DisplayStatus::Unknown).then(|| DoubtfulJob::of(view)),
            links: links
                .into_iter()
                .filter_map(|(label, address)| Some((label, address?)))
                .collect(),
            card,
        }
    }

    /// Whether it went wrong, or may have.
    pub(super) fn needs_attention(&self) -> bool {
        matches!(self.card.display.tone(), Tone::Bad | Tone::Doubt)
    }

    /// The placeholder for a clip that cannot be played.
    pub(super) fn placeholder(&self) -> &'static str {
        match self.card.display {
            DisplayStatus::Ready if self.card.is_at_stand_in() => "ready; download fetches it",
            DisplayStatus::Ready => "ready, but no link was reported yet",
            other => other.words(),
        }
    }

    pub(super) fn billed_twice(&self) -> String {
        self.card.billed_twice.join(" and ")
    }

    /// What to do next. What is under way needs nothing of its own.
    pub(super) fn next(&self) -> Option<&str> {
        let next = self.card.next.as_deref();
        next.filter(|_| !self.card.display.is_under_way())
    }

    pub(super) fn next_is_command(&self) -> bool {
        self.next()
            .is_some_and(|next| next.starts_with("creativeai "))
    }
}

/// What was asked for, as far as it is shown.
const ASKED: [&str; 7] = [
    "prompt",
    "text",
    "model",
    "duration",
    "aspect_ratio",
    "voice",
    "language",
];

/// What was asked for and what came of it, for those who open the details.
fn facts(view: &JobView) -> Vec<(String, String)> {
    let asked = ASKED.iter().filter_map(|name| {
        let value = view.requested(name)?;
        Some((words::label_of(name), unquoted(&value)))
    });
    let effective = view.effective();
    let made_by = || Some(unquoted(effective?.fields.get("model_actual")?));
    let id = effective.and_then(|attempt| attempt.generation_id());
    let published = effective.into_iter().flat_map(|a| a.published.keys());
    let published: Vec<&str> = published.map(String::as_str).collect();
    let attempts = view.attempts.len();
    let known = [
        ("Made by", made_by()),
        (
            "Published",
            (!published.is_empty()).then(|| published.join(", ")),
        ),
        ("Generation", id.map(str::to_owned)),
        ("Attempts", (attempts > 1).then(|| attempts.to_string())),
        ("Job", Some(view.key().to_string())),
    ];
    let known = known
        .into_iter()
        .filter_map(|(label, text)| Some((label, text?)));
    let carried = view.carried().map(|(name, value)| (name, unquoted(value)));
    let carried = carried.filter(|(_, text)| !text.is_empty());
    let facts = asked.chain(known).chain(carried);
    facts
        .map(|(label, text)| (label.to_owned(), text))
        .collect()
}

/// The shape of a clip that the page's style knows.
pub(super) fn shape(asked: &str) -> Option<&'static str> {
    const SHAPES: [&str; 7] = ["16:9", "9:16", "1:1", "4:3", "3:4", "4:5", "21:9"];
    let asked = asked.trim();
    SHAPES.into_iter().find(|shape| *shape == asked)
}
