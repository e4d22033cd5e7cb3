//! Which job of the log a row means although its key is in no line: its id, its photo or its words
//! are spelled in another way.
//!
//! Only hashes are kept of a job, some hundred bytes, and only of a job that may be like a row in
//! question: see [`Sought`]. They are made when a manifest has rows that the log does not hold; a
//! known manifest costs nothing.

mod asked;
mod cause;
mod differences;
mod known;
mod marks;
mod moment;
pub mod normal;
mod number;
mod outline;
mod photo;
mod place;
mod query;
mod sought;
mod spelling;

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;

pub use asked::Asked;
pub use cause::Cause;
pub use differences::differences;
#[cfg(test)]
pub use known::LOOKED_AT;
pub use known::{Like, Recognition};
pub use marks::{Marks, PhotoNotes};
pub use moment::MONTHS;
pub use outline::Outline;
pub use photo::Photo;
pub use query::is_signed;
pub use sought::Sought;

/// Chosen once for the process, so that a manifest's rows and a log's jobs hash alike.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// A hash that holds for this process.
pub fn hash_of(value: impl Hash) -> u64 {
    HASHER.hash_one(value)
}
