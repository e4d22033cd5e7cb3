//! Lines of the log that this computer knows from another database alone, or from an earlier log that stood
//! where this one stands.
//!
//! A copy of a database holds the same log, and so does one that was made of a backup. Whether what was
//! ordered with the other one belongs to this one, too, only a person knows. The same holds where a log was
//! made anew at its old address, as after its tables or its server were lost: it is another one, and what
//! was ordered with the first one would be ordered again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::recent::{files_of, has_live, was_at};
use super::super::spool::spools_of;
use super::files::{LostLines, MirrorFiles, besides, digests, replace};

/// What is known of another database with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum OtherDatabase {
    /// All its lines were here when this computer's files of it had so many bytes.
    Held(u64),
    /// A file keeps those that were not, until a person has decided.
    Asked,
    /// The person has removed the file: what is there does not belong here.
    Apart,
}

impl MirrorFiles {
    /// Lines that are not here, from the first other database that has such, or from an earlier log that was
    /// at one of the places where this one is; once the mirror was caught up.
    pub fn elsewhere(&self, here: &[String]) -> io::Result<Option<LostLines>> {
        let Some(path) = files_of(&self.name) else {
            return Ok(None);
        };
        let list = path("others");
        let before = fs::read(&list).unwrap_or_default();
        let mut others: BTreeMap<String, OtherDatabase> =
            serde_json::from_slice(&before).unwrap_or_default();
        let mut held = None;
        let mut found = None;
        let mut settled = Vec::new();
        let identity = identity_of(&self.name).to_owned();
        for name in self.other_names(&list, here)? {
            let is_earlier = identity_of(&name) != identity;
            let files = files_with(&name)?;
            let bytes = files
                .iter()
                .filter_map(|file| Some(fs::metadata(file).ok()?.len()));
            let bytes = bytes.sum();
            let known = others.get(&name).copied();
            if [Some(OtherDatabase::Apart), Some(OtherDatabase::Held(bytes))].contains(&known) {
                continue;
            }
            let held = match &mut held {
                Some(held) => held,
                none => none.insert(digests(&mut File::open(&self.lines)?)?),
            };
            let (text, lines) = besides(&files, held)?;
            let from = if is_earlier {
                name.as_str()
            } else {
                name.rsplit('.').next().unwrap_or_default()
            };
            let file = path(&format!("from.{from}.jsonl"));
            let now = if lines == 0 || is_earlier && !has_live(&text) {
                settled.push(file);
                OtherDatabase::Held(bytes)
            } else if known == Some(OtherDatabase::Asked) && !file.exists() {
                OtherDatabase::Apart
            } else {
                replace(&file, text.as_bytes())?;
                found.get_or_insert(LostLines {
                    lines,
                    file,
                    is_earlier,
                });
                OtherDatabase::Asked
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

    /// The names under which this computer keeps what it knows of the log in other databases, and of others
    /// at its address.
    fn other_names(&self, beside: &Path, here: &[String]) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let identity = identity_of(&self.name);
        for entry in fs::read_dir(beside.parent().unwrap_or(beside))? {
            let file = entry?.file_name();
            let parts: Vec<&str> = file.to_str().unwrap_or_default().split('.').collect();
            let [of, place, "jsonl" | "recent"] = parts.as_slice() else {
                continue;
            };
            let name = format!("{of}.{place}");
            let was_here = || was_at(&beside.with_file_name(format!("{name}.state")), here);
            if !names.contains(&name) && (*of == identity || was_here()) {
                names.insert(name);
            }
        }
        names.remove(&self.name);
        Ok(names)
    }
}

/// The log's identity, of the name under which this computer keeps what it knows of it.
fn identity_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(identity, _)| identity)
}

/// All files with lines of the log of this name; not all of them need to be there.
fn files_with(name: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = spools_of(name)?;
    if let Some(path) = files_of(name) {
        files.extend(["jsonl", "recent", "lost.jsonl"].map(path));
    }
    Ok(files)
}
