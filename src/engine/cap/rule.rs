//! Which jobs count against a cap, and what they count.

use std::sync::Arc;

use jiff::Timestamp;

use super::Limit;
use crate::engine::filter::Filters;
use crate::jobs::{Credits, JobView};
use crate::journal::{CapCount, ClaimCap, LogError};

/// What a cap counts.
#[derive(Clone, Debug)]
pub struct Rule {
    /// As people know it.
    pub name: String,
    /// What may be charged and reserved.
    pub most: Credits,
    /// Which jobs count.
    pub filters: Filters,
    /// Since when; from the beginning without it.
    pub since: Option<Timestamp>,
}

impl Rule {
    /// Whether all orders of all time count. What older orders come to changes that sum, and not what
    /// a period holds.
    fn is_of_all(&self) -> bool {
        self.filters.is_empty() && self.since.is_none()
    }

    fn counted(&self, view: &JobView) -> Credits {
        if self.filters.matches(view) {
            view.spent_since(self.since).committed()
        } else {
            Credits::ZERO
        }
    }

    /// The cap for a log that counts what all computers order.
    pub fn for_claims(self) -> ClaimCap {
        ClaimCap {
            most: self.most,
            counts: (!self.is_of_all())
                .then(|| Arc::new(move |view: &JobView| self.counted(view)) as CapCount),
        }
    }

    /// The caps on a log of these jobs, in which `committed` is charged and reserved.
    pub fn limits(
        rules: Vec<Self>,
        committed: Credits,
        views: impl Iterator<Item = Result<JobView, LogError>>,
    ) -> Result<Vec<Limit<'static>>, LogError> {
        let (mut sums, mut parts) = (vec![committed; rules.len()], Vec::new());
        for (rule, sum) in rules.iter().zip(&mut sums) {
            if !rule.is_of_all() {
                *sum = Credits::ZERO;
                parts.push((rule, sum));
            }
        }
        // Without such caps the log need not be read.
        let views = (!parts.is_empty()).then_some(views);
        for view in views.into_iter().flatten() {
            let view = view?;
            for (rule, sum) in &mut parts {
                **sum += rule.counted(&view);
            }
        }
        let limits = rules.into_iter().zip(sums).map(|(rule, sum)| {
            let is_of_all = rule.is_of_all();
            let limit = Limit::new(rule.name, rule.most, sum);
            if is_of_all {
                limit
            } else {
                limit.of(move |view| rule.filters.matches(view))
            }
        });
        Ok(limits.collect())
    }
}
