//! Rows that are held back, and what else is found.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::decision::{Decision, RowLocation};
use crate::jobs::JobKey;
use crate::jobs::recognition::SpellingCause;
use crate::manifest::Row;

/// What a person has let through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// Rows that were edited, or renamed, after their clip was ordered.
    pub changed: bool,
    /// Rows that ask for a clip that was ordered under another id.
    pub same_clip: bool,
    /// Rows that the spreadsheet program does not show.
    pub hidden: bool,
}

/// A row that is held back.
#[derive(Clone, Debug)]
pub struct Held {
    /// Where it starts.
    pub place: RowLocation,
    /// The listing's or SKU's id.
    pub id: String,
    /// The photo's address.
    pub photo: String,
    /// Its name, where the cell has one in front of that.
    pub photo_name: Option<String>,
    /// Why.
    pub reason: Decision,
    /// The job that stands for it.
    pub job: JobKey,
    /// That one's listing or SKU.
    pub job_id: String,
    /// The row that asks for the clip, or for another version of it.
    pub other: Option<RowLocation>,
    /// Of a row that is held as changed: what a person has to know.
    pub doubt: ChangeDoubt,
    /// The jobs whose photo it may be, as far as only the photo's address differs.
    pub moved: Vec<MovedPhoto>,
    /// Whether that job failed, and was given back what it would have cost.
    pub is_refunded: bool,
    /// Why the ids are likely to differ.
    pub cause: Option<SpellingCause>,
    /// The columns in which a changed row differs from that job, as far as the log holds what it asked
    /// for.
    pub differs: Vec<&'static str>,
}

impl Held {
    /// A row that is held for this reason. The rest is for who knows more of it.
    pub(super) fn of(row: &Row, reason: Decision, job: JobKey) -> Self {
        Self {
            place: RowLocation {
                file: Arc::clone(&row.file),
                line: row.line,
            },
            id: row.id.clone(),
            photo: row.clip.image_url().to_owned(),
            photo_name: row.photo_name.clone(),
            reason,
            job,
            job_id: String::new(),
            other: None,
            doubt: ChangeDoubt::Edited,
            is_refunded: false,
            moved: Vec::new(),
            cause: None,
            differs: Vec::new(),
        }
    }
}

/// What is in doubt about a row that is held as changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeDoubt {
    /// It differs in what a person can see.
    Edited,
    /// The log holds of the job only what the vendor's sample scripts write: no request, so that nothing
    /// can be compared.
    Bare,
    /// The photo is in another folder.
    Folder,
    /// The photo of this name was on this computer and is online, or the reverse, or with a service whose
    /// addresses name none.
    Place,
    /// The photo's address ends in another token.
    Token,
    /// The photo's address names none, and the log has more or fewer jobs of this kind than the sheet rows.
    Nameless,
    /// The photo's file on this computer has another content.
    File,
    /// The job's row is in another file, likely an older version of the sheet.
    Version,
}

/// A job of which a row may have the photo, elsewhere.
#[derive(Clone, Debug)]
pub struct MovedPhoto {
    /// Its key.
    pub job: JobKey,
    /// The address of the photo that was ordered.
    pub photo: String,
}

/// What recognition found.
#[derive(Debug, Default)]
pub struct RecognitionResult {
    /// The first held rows.
    pub held: Vec<Held>,
    /// Rows taken for those of jobs although a person cannot see a difference.
    pub same: u64,
    /// Rows matched to jobs whose photo's address was regenerated.
    pub rotated: u64,
    /// Jobs that were accepted, or may have been.
    pub accepted: u64,
    /// The places of listed rows that are held as changed and ask for other words.
    pub reworded: HashSet<u32>,
    /// Of the listed rows that look renamed, how many for which cause.
    pub causes: HashMap<SpellingCause, u64>,
}
