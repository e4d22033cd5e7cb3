//! Hashes by which rows and jobs are compared.

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;

/// Chosen once for the process, so that a manifest's rows and a log's jobs hash alike.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// A hash that holds for this process.
pub fn hash_of(value: impl Hash) -> u64 {
    HASHER.hash_one(value)
}
