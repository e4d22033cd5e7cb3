//! What rounds leave for those after them: how many in a row were not finished, and which jobs and rows
//! with mistakes a person has heard of. Without it, and with one that someone has spoiled, counting starts over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::unsent::UnsentRows;
use crate::exit::Code;
use crate::jobs::JobKey;

/// Rounds in a row that were not finished after which that is reported.
pub const MOST_UNFINISHED: u32 = 3;

/// What is remembered from round to round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundMemory {
    unfinished: u32,
    given_up: BTreeSet<JobKey>,
    /// Of each sheet the rows that were left out.
    left_out: BTreeMap<String, BTreeSet<String>>,
}

/// What there is to say because of the rounds before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundNews {
    /// Jobs that were given up since a person last heard of such.
    pub given_up: Vec<JobKey>,
    /// What is wrong with rows that are left out since a person last heard of such.
    pub left_out: Vec<String>,
    /// Rounds in a row that were not finished, this one included.
    pub unfinished: u32,
}

impl RoundNews {
    /// Whether a person hears of a round that was not finished, because it never gets done.
    pub fn is_overdue(&self) -> bool {
        self.unfinished >= MOST_UNFINISHED
    }
}

impl RoundMemory {
    /// As [`RoundMemory::to_text`] wrote it.
    pub fn parse(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let keys = value["given_up"].as_array().into_iter().flatten();
        let unfinished = value["unfinished"].as_u64();
        let left_out = serde_json::from_value(value["left_out"].clone());
        Self {
            unfinished: unfinished.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            given_up: keys
                .filter_map(|key| JobKey::parse(key.as_str()?))
                .collect(),
            left_out: left_out.unwrap_or_default(),
        }
    }

    /// One line of JSON.
    pub fn to_text(&self) -> String {
        let value = json!({
            "v": 1,
            "unfinished": self.unfinished,
            "given_up": self.given_up.iter().map(JobKey::to_string).collect::<Vec<_>>(),
            "left_out": self.left_out,
        });
        format!("{value}\n")
    }

    /// Takes in a round that ended with `code`, after which these jobs stand given up, of those that
    /// have `failed`. A round of another sheet on the same log gives up others.
    pub fn after(
        &mut self,
        code: Code,
        given_up: &BTreeSet<JobKey>,
        failed: &BTreeSet<JobKey>,
        unsent: &UnsentRows,
    ) -> RoundNews {
        self.unfinished = match code {
            Code::Temporary => self.unfinished.saturating_add(1),
            _ => 0,
        };
        let news = RoundNews {
            given_up: given_up.difference(&self.given_up).copied().collect(),
            left_out: self.after_rows(unsent),
            unfinished: self.unfinished,
        };
        self.given_up.retain(|job| failed.contains(job));
        self.given_up.extend(given_up);
        news
    }

    /// Takes in the rows that a round left out, and gives what is wrong with those that are new. Rows of
    /// sheets that were not read stay as they are.
    fn after_rows(&mut self, unsent: &UnsentRows) -> Vec<String> {
        let before = self.left_out.clone();
        let rows = || unsent.left_out.iter();
        for sheet in unsent
            .sheets
            .iter()
            .map(|s| &**s)
            .chain(rows().map(|r| &*r.file))
        {
            self.left_out.remove(sheet);
        }
        let mut news = Vec::new();
        for row in rows() {
            let known = before.get(&*row.file);
            if !known.is_some_and(|known| known.contains(&row.digest)) {
                news.push(row.text.clone());
            }
            let now = self.left_out.entry(row.file.to_string()).or_default();
            now.insert(row.digest.clone());
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Problem;

    fn keys(numbers: &[u64]) -> BTreeSet<JobKey> {
        numbers.iter().map(|n| JobKey::from_number(*n)).collect()
    }

    #[test]
    fn the_third_round_in_a_row_that_is_not_finished_is_overdue() {
        let mut memory = RoundMemory::default();
        let mut overdue = |code| {
            let (none, unsent) = (keys(&[]), UnsentRows::default());
            memory.after(code, &none, &none, &unsent).is_overdue()
        };
        let codes = [Code::Temporary, Code::Temporary, Code::Temporary];
        assert_eq!(codes.map(&mut overdue), [false, false, true]);
        assert!(!overdue(Code::Success));
        assert!(!overdue(Code::Temporary), "it counts anew");
    }

    #[test]
    fn a_job_that_was_given_up_is_said_once() {
        let mut memory = RoundMemory::default();
        let mut count_new = |given_up: &[u64], failed: &[u64]| {
            let unsent = UnsentRows::default();
            let news = memory.after(Code::Failed, &keys(given_up), &keys(failed), &unsent);
            // The next process reads what this one has written.
            memory = RoundMemory::parse(&memory.to_text());
            news.given_up.len()
        };
        assert_eq!(count_new(&[1, 2], &[1, 2]), 2);
        assert_eq!(count_new(&[1, 2], &[1, 2]), 0);
        assert_eq!(count_new(&[2, 3], &[2, 3]), 1);
        // One that was tried again, and failed again.
        assert_eq!(count_new(&[1, 2, 3], &[1, 2, 3]), 1);
        // Rounds of two sheets on one log, each of which leaves the other's alone.
        assert_eq!(count_new(&[4], &[1, 4, 5]), 1);
        assert_eq!(count_new(&[5], &[1, 4, 5]), 1);
        assert_eq!(count_new(&[4], &[1, 4, 5]), 0);
        assert_eq!(count_new(&[1, 5], &[1, 4, 5]), 0);
    }

    #[test]
    fn a_row_that_is_left_out_is_news_once_until_its_mistakes_change() {
        let mut memory = RoundMemory::default();
        let mut news = |sheet: &str, rows: &[(u64, &str)]| {
            let mut unsent = UnsentRows {
                sheets: vec![sheet.to_owned()],
                ..UnsentRows::default()
            };
            for (line, cell) in rows {
                let problem = Problem {
                    file: sheet.into(),
                    line: *line,
                    column: None,
                    cell: Some((*cell).to_owned()),
                    message: "not an address".to_owned(),
                    help: None,
                };
                unsent.left_out.add(&[problem], None);
            }
            let news = memory.after_rows(&unsent);
            memory = RoundMemory::parse(&memory.to_text());
            news.len()
        };
        assert_eq!(news("a.csv", &[(2, "x"), (3, "x")]), 2, "two rows alike");
        assert_eq!(news("a.csv", &[(4, "x"), (9, "x")]), 0, "moved");
        assert_eq!(news("b.csv", &[(2, "x")]), 1, "another sheet");
        assert_eq!(news("a.csv", &[(4, "x"), (9, "y")]), 1, "another mistake");
        assert_eq!(news("a.csv", &[]), 0);
        assert_eq!(news("a.csv", &[(4, "x")]), 1, "it was right meanwhile");
        assert_eq!(news("b.csv", &[(2, "x")]), 0);
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for spoiled in ["", "x", "[]", "{\"unfinished\":-1,\"given_up\":[1,\"x\"]}"] {
            assert_eq!(
                RoundMemory::parse(spoiled),
                RoundMemory::default(),
                "{spoiled}"
            );
        }
    }
}
