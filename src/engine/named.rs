//! Jobs by the names that people have for them.

use std::path::Path;

use crate::jobs::{GenerationId, JobKey, Ledger, Line};
use crate::journal::{LogError, each_line_of};

/// The jobs that `name` means: a job's key, a generation id, or the id of a listing or SKU, all of
/// whose jobs are meant. Empty where the log holds none. The log at `path` is read once more
/// for listings and SKUs, since the ledger does not keep them.
pub fn jobs_named(path: &Path, ledger: &Ledger, name: &str) -> Result<Vec<JobKey>, LogError> {
    let name = name.trim();
    let by_key = JobKey::parse(name).filter(|key| ledger.job(*key).is_some());
    if let Some(key) = by_key {
        return Ok(vec![key]);
    }
    let by_id = GenerationId::parse(name).and_then(|id| Some(ledger.by_generation_id(&id)?.0.key));
    if let Some(key) = by_id {
        return Ok(vec![key]);
    }
    let mut keys = Vec::new();
    each_line_of(path, ledger, |line| {
        let Ok(line) = Line::parse(line) else {
            return;
        };
        let is_meant = line
            .id
            .as_ref()
            .is_some_and(|(_, id)| id.as_str().trim() == name);
        if is_meant && ledger.job(line.job).is_some() {
            keys.push(line.job);
        }
    })?;
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(*key));
    Ok(keys)
}
