//! What the log says of clips that went to a target: where they are, and whether they still are.

use crate::jobs::{JobFact, JobView, LineStatus, LoggedEvent, Text};

/// The shop is asked to put the clip onto the product. Whether it has is seen there.
pub(super) const ATTACHING: &str = "attaching";
/// The shop refused; nothing has changed there.
pub(super) const REFUSED: &str = "refused";
/// The clip is one of the product's media; the reference is which.
pub(super) const ATTACHED: &str = "attached";
/// The clip was removed from the product.
pub(super) const REMOVED: &str = "removed";

/// A clip that went to a target, or may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The attempt that made it.
    pub attempt: u32,
    /// The vendor's id of it.
    pub generation_id: Option<String>,
    /// Who has it.
    pub target: String,
    /// What the target calls it, where the log has that.
    pub reference: Option<String>,
    /// Whether it was published.
    pub is_published: bool,
    /// Whether the target has it, or may have it.
    pub is_there: bool,
}

/// Every clip of a job that went to a target, or may have.
pub(super) fn sent(view: &JobView) -> Vec<Sent> {
    let mut all: Vec<Sent> = Vec::new();
    for event in &view.events {
        let line = Some(event).filter(|event| event.text.contains("\"target\""));
        let Some(line) = line.and_then(LoggedEvent::line) else {
            continue;
        };
        let Some(target) = line.other_text("target") else {
            continue;
        };
        let step = line.other_text("step").unwrap_or_default();
        let is_published = line.word == LineStatus::Fact(JobFact::Published);
        let is_known = [ATTACHING, REFUSED, ATTACHED, REMOVED].contains(&&*step);
        if !is_published && !is_known {
            continue;
        }
        let id = line.generation_id.as_ref().map(Text::as_str);
        let is_it = |sent: &Sent| {
            let known = (sent.attempt, &*sent.target, sent.generation_id.as_deref());
            known == (event.attempt, &*target, id)
        };
        let place = all.iter().position(is_it).unwrap_or_else(|| {
            all.push(Sent {
                attempt: event.attempt,
                generation_id: id.map(str::to_owned),
                target: target.clone(),
                reference: None,
                is_published: false,
                is_there: false,
            });
            all.len() - 1
        });
        let sent = &mut all[place];
        match step.as_str() {
            ATTACHING => sent.is_there = true,
            REFUSED => sent.is_there = sent.reference.is_some(),
            REMOVED => (sent.is_there, sent.is_published, sent.reference) = (false, false, None),
            _ => {
                sent.is_there = true;
                sent.is_published |= is_published;
                sent.reference = line.other_text("reference");
            }
        }
    }
    all
}
