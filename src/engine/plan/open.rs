//! The rows that cannot be decided by their key alone; reread, and held in memory if they fit.

use super::marks::marks_of;
use super::{Plan, PlanError};
use crate::jobs::Clip;
use crate::jobs::recognition::MarkFilter;
use crate::manifest::{Manifest, ManifestError, Row, RowFault};

/// Bytes of rows that are held at most. Where there are more, the manifest is read again for each
/// step, so that a million new rows take no room.
pub const MOST_HELD: usize = 8 << 20;

/// Rows that may be ones that the log, or the sheet, holds under other keys.
pub struct OpenRows {
    rows: RowSet,
    /// What they ask for.
    pub sought: MarkFilter,
}

enum RowSet {
    Held(Vec<(u32, Row)>),
    /// Only their places, each with the row's digest, to notice that the file was changed meanwhile.
    InManifest(Vec<(u32, u32)>),
}

impl OpenRows {
    /// Reads those at some places, ascending; at most `most_held` bytes of them are held.
    pub fn read(
        manifest: &mut Manifest,
        plan: &Plan,
        places: Vec<u32>,
        most_held: usize,
    ) -> Result<Self, PlanError> {
        let mut sought = MarkFilter::with_room_for(places.len());
        let mut held = Some(Vec::new());
        let mut room = most_held;
        let name = manifest.name().to_owned();
        for found in rows_at(manifest, places.iter().copied())? {
            let (place, mut row) = found?;
            plan.decided(place as usize, &row)
                .ok_or_else(|| ManifestError::Changed(name.as_str().into()))?;
            sought.add(&marks_of(&row));
            row.carried = Vec::new();
            match room.checked_sub(size(&row)) {
                Some(rest) => room = rest,
                None => held = None,
            }
            if let Some(held) = &mut held {
                held.push((place, row));
            }
        }
        let digest = |place: u32| (place, plan.digest(place));
        Ok(Self {
            rows: held.map_or_else(
                || RowSet::InManifest(places.into_iter().map(digest).collect()),
                RowSet::Held,
            ),
            sought,
        })
    }

    /// Goes through the rows in their order, and keeps those for which `is_kept` says so.
    pub fn keep_if(
        &mut self,
        manifest: &mut Manifest,
        mut is_kept: impl FnMut(usize, &Row) -> bool,
    ) -> Result<(), PlanError> {
        match &mut self.rows {
            RowSet::Held(rows) => rows.retain(|(place, row)| is_kept(*place as usize, row)),
            RowSet::InManifest(rows) => {
                let name = manifest.name().to_owned();
                let mut kept = Vec::new();
                let places = rows.iter().map(|(place, _)| *place);
                for (found, &(_, digest)) in rows_at(manifest, places)?.zip(rows.iter()) {
                    let (place, row) = found?;
                    if row.digest as u32 != digest {
                        return Err(ManifestError::Changed(name.as_str().into()).into());
                    }
                    if is_kept(place as usize, &row) {
                        kept.push((place, digest));
                    }
                }
                *rows = kept;
            }
        }
        Ok(())
    }
}

/// The rows at some places, all of which could be read before, if perhaps with mistakes.
pub(super) fn rows_at(
    manifest: &mut Manifest,
    places: impl IntoIterator<Item = u32>,
) -> Result<impl Iterator<Item = Result<(u32, Row), ManifestError>>, ManifestError> {
    let name = manifest.name().to_owned();
    let rows = manifest.rows_at(places)?;
    Ok(rows.map(move |(place, row)| match row {
        Ok(row) => Ok((place as u32, row)),
        Err(RowFault::Problems { row: Some(row), .. }) => Ok((place as u32, *row)),
        Err(RowFault::Problems { row: None, .. }) => {
            Err(ManifestError::Changed(name.as_str().into()))
        }
        Err(RowFault::Broken(error)) => Err(error),
    }))
}

/// About what a row takes, in bytes.
fn size(row: &Row) -> usize {
    let texts = match &row.clip {
        Clip::Video(video) => {
            video.image_url.len()
                + video.prompt.len()
                + video.model.len()
                + video.aspect_ratio.len()
        }
        Clip::Voice(voice) => voice.text.len() + voice.voice.len() + voice.language.len(),
    };
    let name = row.photo_name.as_ref().map_or(0, String::len);
    let webhook = row.webhook_url.as_ref().map_or(0, String::len);
    size_of::<(u32, Row)>() + row.id.len() + row.variant.len() + texts + name + webhook
}
