//! Which job of the log a row means although its key is in no line: its id, its photo or its words
//! are spelled in another way.
//!
//! Only hashes are kept of a job, some hundred bytes, and only of a job that may be like a row in
//! question: see [`MarkFilter`]. They are made when a manifest has rows that the log does not hold; a
//! known manifest costs nothing.

mod cause;
mod differences;
mod hash;
mod known;
mod mark_filter;
mod marks;
mod moment;
pub mod normal;
mod number;
mod outline;
mod photo;
mod photo_folder;
mod query;
mod requested_clip;
mod spelling;
mod token;

pub use cause::SpellingCause;
pub use differences::differences;
pub use hash::hash_of;
#[cfg(test)]
pub use known::LOOKED_AT;
pub use known::{Recognition, Similarity};
pub use mark_filter::MarkFilter;
pub use marks::{Marks, PhotoNotes};
pub use moment::MONTHS;
pub use outline::Outline;
pub use photo::PhotoAddress;
pub use query::is_signed;
pub use requested_clip::RequestedClip;
