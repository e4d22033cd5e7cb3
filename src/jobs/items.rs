//! Each job's listing or SKU and the model it was asked of, in few bytes: enough to write down what
//! became of it without looking into the log.

use super::id::IdColumn;
use super::line_facts::LineFacts;

/// What is known of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownItem<'a> {
    /// The listing or SKU.
    pub item: Option<(IdColumn, &'a str)>,
    /// The model that its requests ask for.
    pub model: Option<&'a str>,
}

/// Where a job's item and model are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ItemSlot {
    pub item: u32,
    pub model: u16,
}

impl ItemSlot {
    /// Of a job that nothing was reported of yet.
    pub const NEW: Self = Self {
        item: NOTHING,
        model: NO_MODEL,
    };
}

/// Nothing was reported yet.
const NOTHING: u32 = u32::MAX;
/// Two lines report different things, or something that does not fit in here.
const UNCLEAR: u32 = u32::MAX - 1;
/// The same for models.
const NO_MODEL: u16 = u16::MAX;
const UNCLEAR_MODEL: u16 = u16::MAX - 1;
/// Longest item kept, in bytes.
const LONGEST: usize = 200;

#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    /// One behind the other: the length, the column, the text.
    texts: Vec<u8>,
    /// The models there are; a handful.
    models: Vec<Box<str>>,
}

impl Items {
    /// Takes in a line of a job. What two lines agree upon is kept, in whatever order they come.
    pub fn note(&mut self, facts: &LineFacts, raw: &[u8], place: &mut ItemSlot) {
        if let Some((column, item)) = facts.item {
            let item = item.text(raw).filter(|text| text.len() <= LONGEST);
            place.item = match (item, place.item) {
                (None, _) | (_, UNCLEAR) => UNCLEAR,
                (Some(item), NOTHING) => self.add(column, item),
                (Some(item), at) if self.item(at) == (column, item) => at,
                _ => UNCLEAR,
            };
        }
        if let Some(model) = facts.model {
            let model = model.text(raw).and_then(|model| self.model(model));
            let old = place.model;
            place.model = match model {
                Some(model) if old == NO_MODEL || old == model => model,
                _ => UNCLEAR_MODEL,
            };
        }
    }

    /// What the lines of a job agree upon; `None` where they do not.
    pub fn known(&self, place: ItemSlot) -> Option<KnownItem<'_>> {
        let item = match place.item {
            UNCLEAR => return None,
            NOTHING => None,
            at => {
                let (column, text) = self.item(at);
                Some((column, std::str::from_utf8(text).ok()?))
            }
        };
        let model = match place.model {
            UNCLEAR_MODEL => return None,
            NO_MODEL => None,
            model => Some(&*self.models[usize::from(model)]),
        };
        Some(KnownItem { item, model })
    }

    fn add(&mut self, column: IdColumn, item: &[u8]) -> u32 {
        let at = match u32::try_from(self.texts.len()) {
            Ok(at) if at < UNCLEAR => at,
            _ => return UNCLEAR,
        };
        self.texts.push(item.len() as u8);
        self.texts.push(u8::from(column == IdColumn::Sku));
        self.texts.extend_from_slice(item);
        at
    }

    fn item(&self, at: u32) -> (IdColumn, &[u8]) {
        let at = at as usize;
        let column = match self.texts[at + 1] {
            0 => IdColumn::Listing,
            _ => IdColumn::Sku,
        };
        (column, &self.texts[at + 2..][..usize::from(self.texts[at])])
    }

    fn model(&mut self, model: &[u8]) -> Option<u16> {
        let known = self.models.iter().position(|m| m.as_bytes() == model);
        let number = known.unwrap_or(self.models.len());
        // Limit on models: more than this cannot be real model names.
        if number > 256 {
            return None;
        }
        if known.is_none() {
            self.models.push(std::str::from_utf8(model).ok()?.into());
        }
        Some(number as u16)
    }
}
