//! Which marks rows ask for, in few bits each.

use super::marks::Marks;

/// Bits for each row: it asks for five marks or seven, so that few others seem to be among them.
const BITS_OF_A_ROW: usize = 64;

/// A set of marks that may also seem to hold others: about one in sixteen. What is found by it is
/// compared again, so it decides nothing but what is kept of a log.
#[derive(Debug)]
pub struct MarkFilter {
    /// A power of two of them.
    words: Vec<u64>,
}

impl Default for MarkFilter {
    fn default() -> Self {
        Self { words: vec![0] }
    }
}

impl MarkFilter {
    /// Room for the marks of so many rows.
    pub fn with_room_for(rows: usize) -> Self {
        let words = (rows * BITS_OF_A_ROW).div_ceil(64);
        Self {
            words: vec![0; words.next_power_of_two()],
        }
    }

    /// Everything, so that all jobs of a log are kept.
    pub fn everything() -> Self {
        Self {
            words: vec![u64::MAX],
        }
    }

    /// Adds what a row asks for.
    pub fn add(&mut self, marks: &Marks) {
        for key in marks.sought() {
            let (word, bit) = self.place(key);
            self.words[word] |= bit;
        }
    }

    /// Whether a job with these marks may be like one of the rows in question.
    pub fn may_be(&self, job: &Marks) -> bool {
        job.kept().any(|key| self.may_hold(key))
    }

    pub(super) fn may_hold(&self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        self.words[word] & bit != 0
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let word = (key >> 6) as usize & (self.words.len() - 1);
        (word, 1 << (key & 63))
    }
}
