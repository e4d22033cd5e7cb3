//! Lines of the log that this computer knows from another database alone.
//!
//! A copy of a database holds the same log, and so does one that was made of a backup. Whether what was
//! ordered with the other one belongs to this one, too, only a person knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::recent::files_of;
use super::super::spool::spools_of;
use super::place::{Lost, Place, besides, digests, replace};

/// What is known of another database with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Other {
    /// All its lines were here when this computer's files of it had so many bytes.
    Held(u64),
    /// A file keeps those that were not, until a person has decided.
    Asked,
    /// The person has removed the file: what is there does not belong here.
    Apart,
}

impl Place {
    /// Lines that are not here, from the first other database that has such; once the mirror was caught up.
    pub fn elsewhere(&self) -> io::Result<Option<Lost>> {
        let Some(path) = files_of(&self.name) else {
            return Ok(None);
        };
        let list = path("others");
        let before = fs::read(&list).unwrap_or_default();
        let mut others: BTreeMap<String, Other> =
            serde_json::from_slice(&before).unwrap_or_default();
        let mut here = None;
        let mut found = None;
        let mut settled = Vec::new();
        for name in self.other_names(&list)? {
            let files = files_with(&name)?;
            let bytes = files
                .iter()
                .filter_map(|file| Some(fs::metadata(file).ok()?.len()));
            let bytes = bytes.sum();
            let known = others.get(&name).copied();
            if [Some(Other::Apart), Some(Other::Held(bytes))].contains(&known) {
                continue;
            }
            let here = match &mut here {
                Some(here) => here,
                none => none.insert(digests(&mut File::open(&self.lines)?)?),
            };
            let (text, lines) = besides(&files, here)?;
            let file = path(&format!(
                "from.{}.jsonl",
                name.rsplit('.').next().unwrap_or_default()
            ));
            let now = if lines == 0 {
                settled.push(file);
                Other::Held(bytes)
            } else if known == Some(Other::Asked) && !file.exists() {
                Other::Apart
            } else {
                replace(&file, text.as_bytes())?;
                found.get_or_insert(Lost { lines, file });
                Other::Asked
            };
            others.insert(name, now);
        }
        let after = serde_json::to_vec(&others)?;
        if after != before && !others.is_empty() {
            replace(&list, &after)?;
        }
        // Not before that: without its file one that was asked about is apart.
        for file in settled.into_iter().filter(|file| file.exists()) {
            fs::remove_file(file)?;
        }
        Ok(found)
    }

    /// The names under which this computer keeps what it knows of the log in other databases.
    fn other_names(&self, beside: &Path) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let identity = self.name.split('.').next();
        for entry in fs::read_dir(beside.parent().unwrap_or(beside))? {
            let file = entry?.file_name();
            let parts: Vec<&str> = file.to_str().unwrap_or_default().split('.').collect();
            if let [of, place, "jsonl" | "recent"] = parts.as_slice()
                && Some(*of) == identity
            {
                names.insert(format!("{of}.{place}"));
            }
        }
        names.remove(&self.name);
        Ok(names)
    }
}

/// All files with lines of the log of this name; not all of them need to be there.
fn files_with(name: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = spools_of(name)?;
    if let Some(path) = files_of(name) {
        files.extend(["jsonl", "recent", "lost.jsonl"].map(path));
    }
    Ok(files)
}
