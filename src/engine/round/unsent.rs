//! Rows that a round's `submit` did not send: how many wait for a person, and which were left out for their
//! mistakes. Of the latter each is news once, and again when its mistakes change.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::manifest::{Problem, Row};

/// Rows that are told apart; of further ones a round does not say which are new.
const MOST_TOLD_APART: usize = 1000;

/// What became of the rows that were not sent.
#[derive(Clone, Debug, Default)]
pub struct UnsentRows {
    /// The sheets, as they were named.
    pub sheets: Vec<String>,
    /// How many are held back.
    pub held: u64,
    /// Those with mistakes.
    pub left_out: LeftOutRows,
}

/// Rows with mistakes, in the order of the sheets.
#[derive(Clone, Debug, Default)]
pub struct LeftOutRows {
    rows: Vec<LeftOutRow>,
    /// How often the same mistakes were met.
    met: HashMap<String, u32>,
}

/// A row with mistakes.
#[derive(Clone, Debug)]
pub struct LeftOutRow {
    /// What messages call its file.
    pub file: Arc<str>,
    /// Stays as it is wherever the row moves, until its mistakes change.
    pub digest: String,
    /// Its mistakes, as people read them.
    pub text: String,
}

impl LeftOutRows {
    /// Takes in a row; `row` is what could be read of it.
    pub fn add(&mut self, problems: &[Problem], row: Option<&Row>) {
        let Some(first) = problems.first() else {
            return;
        };
        if self.rows.len() >= MOST_TOLD_APART {
            return;
        }
        let digest = digest(problems, row);
        let times = self.met.entry(digest.clone()).or_default();
        *times += 1;
        let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
        self.rows.push(LeftOutRow {
            file: Arc::clone(&first.file),
            digest: format!("{digest}{times}"),
            text: texts.join("\n"),
        });
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &LeftOutRow> {
        self.rows.iter()
    }
}

/// Of everything but the line, which changes when others are added or sorted.
fn digest(problems: &[Problem], row: Option<&Row>) -> String {
    let mut hash = Sha256::new();
    let mut take = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    take(row.map_or("", |row| &row.id));
    for problem in problems {
        let header = problem.column.as_ref().map(|column| &*column.header);
        take(header.unwrap_or_default());
        take(problem.cell.as_deref().unwrap_or_default());
        take(&problem.message);
    }
    base16ct::lower::encode_string(&hash.finalize()[..8])
}
