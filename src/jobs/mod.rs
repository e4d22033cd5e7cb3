//! The heart: what a job, an attempt and a log line are, and how lines fold into states.
//!
//! No I/O, no clock, no async in here. Two sentences carry the design: everything that happens
//! becomes a record, the [`Ledger`] folds records, and nothing else decides a state; whatever
//! could cost money is written down before it is done.

mod bill;
mod clip;
mod condition;
mod damage;
mod event;
mod facts;
mod gist;
mod id;
mod index;
mod ledger;
mod line;
mod money;
mod new_attempt;
mod observation;
mod owners;
mod period;
#[cfg(test)]
mod properties;
pub mod recognition;
mod request;
mod scan;
mod spent;
mod stamp;
mod state;
mod status;
mod text;
mod time;
mod view;

pub use clip::{Clip, Seconds, Video, Voice};
pub use condition::{Comparison, Condition};
pub(crate) use damage::{AcceptedDamage, Digest};
pub use event::{
    Download, Event, LOG_FIELDS, Order, Publication, Refusal, Resolution, Salvaged, Sighting, Step,
    Via, What,
};
pub use facts::{End, Facts, Progress, Report};
pub(crate) use gist::{Gists, LineAt, Reading};
pub use id::{GenerationId, IdColumn, JobKey, SANDBOX_PREFIX};
pub use ledger::{Found, Ledger, Mixed};
pub use line::{Line, LineError};
pub use money::{Credits, Rates};
pub use new_attempt::Bar;
pub use observation::{Attribution, Binding, News, Observation};
pub use owners::Known;
pub use period::Period;
pub use spent::Spent;
pub use stamp::Stamp;
pub use state::{AttemptState, JobState};
pub use status::{Fact, Status, Verdict, Word};
pub use text::Text;
pub use view::{AttemptView, FieldMap, JobView, PHOTO_FILE};
