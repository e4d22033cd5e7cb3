//! Rows whose photos' addresses name none, and the jobs that they may be.

use std::collections::{HashMap, HashSet};

/// What is known of them.
#[derive(Default)]
pub(super) struct Nameless {
    /// By [`Marks::nameless`](crate::jobs::recognition::Marks::nameless).
    pub groups: HashMap<u64, Group>,
    /// Places of the rows that were taken for those of jobs.
    pub adopted: HashSet<usize>,
}

/// Rows that nothing but their order distinguishes.
pub(super) struct Group {
    /// The rows' places, and whether each is left out.
    pub rows: Vec<(usize, bool)>,
    /// Jobs in no row that each of them may be.
    pub jobs: Vec<u32>,
    /// What the rows share with rows whose photos have other names, unless the name has found the jobs.
    pub kind: Option<u64>,
}
