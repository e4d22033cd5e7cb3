//! What is sent for each listing or SKU.

use super::Plan;
use super::decision::Decision;
use crate::jobs::Credits;

/// What is to be sent for one listing or SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share<'a> {
    /// The listing's or SKU's id.
    pub id: &'a str,
    /// Rows to be sent.
    pub clips: u64,
    /// What they are expected to cost.
    pub credits: Credits,
}

impl Plan {
    /// What is to be sent for each listing or SKU, once that is decided, in the manifest's order;
    /// those for which nothing is sent are left out.
    pub fn shares(&self) -> Vec<Share<'_>> {
        let Some(items) = &self.items else {
            return Vec::new();
        };
        let mut shares: Vec<Share<'_>> = items
            .ids
            .iter()
            .map(|id| Share {
                id,
                clips: 0,
                credits: Credits::ZERO,
            })
            .collect();
        let sent = self.rows.iter().flatten();
        for note in sent.filter(|note| note.decision == Decision::Send) {
            let place = items.places.get(&note.item);
            if let Some(share) = place.and_then(|place| shares.get_mut(*place as usize)) {
                share.clips += 1;
                share.credits += self.prices[note.price as usize];
            }
        }
        shares.retain(|share| share.clips > 0);
        shares
    }
}
