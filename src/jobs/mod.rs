//! The heart: what a job, an attempt and a log line are, and how lines fold into states.
//!
//! No I/O, no clock, no async in here. Two sentences carry the design: everything that happens
//! becomes a record, the [`Ledger`] folds records, and nothing else decides a state; whatever
//! could cost money is written down before it is done.

mod attempt_state;
mod bill;
mod clip;
mod condition;
mod damage;
mod display_status;
mod event;
mod event_kind;
mod facts;
mod id;
mod index;
mod items;
mod ledger;
mod line;
mod line_facts;
mod lines;
mod money;
mod new_attempt;
mod observation;
mod period;
#[cfg(test)]
mod properties;
pub mod recognition;
mod request;
mod spent;
mod stamp;
mod state;
mod status;
mod text;
mod time;
mod view;

pub use attempt_state::AttemptState;
pub use clip::{Clip, Seconds, Video, Voice};
pub use condition::{Comparison, Condition};
pub(crate) use damage::{AcceptedDamage, Digest};
pub use display_status::DisplayStatus;
pub use event::{Event, LOG_FIELDS};
pub use event_kind::{
    Download, EventKind, Order, Publication, PublicationStep, RecoveredOrder, Refusal, Resolution,
    Review, StatusReport, Via,
};
pub use facts::{EndFacts, Facts, ProgressFacts, ReportedFacts};
pub use id::{GenerationId, IdColumn, JobKey, SANDBOX_PREFIX};
pub use items::KnownItem;
pub use ledger::{IdMatch, Ledger, MixedLog};
pub use line::{Line, LineError};
pub(crate) use line_facts::{LineAt, ReadLines, ReadOptions};
pub use lines::Lines;
pub use money::{Credits, Rates};
pub use new_attempt::AttemptBlock;
pub use observation::{Attribution, Binding, NewObservation, Observation};
pub use period::Period;
pub use spent::Spent;
pub use stamp::Stamp;
pub use state::JobState;
pub use status::{JobFact, LineStatus, ReviewVerdict, Status, Verdict};
pub use text::Text;
pub use view::{AttemptView, FieldMap, JobView, LoggedEvent, PHOTO_FILE};
