//! Which clips go out, and in which order.

use std::collections::HashMap;

use super::facts::Delivery;
use crate::jobs::ReviewVerdict;

/// When a clip is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// As soon as it is finished.
    #[default]
    Each,
    /// Once every counted job of its listing or SKU is finished: they go out together.
    Complete,
}

/// Finished clips that do not go out, for what a person thinks of them or does not think yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldBack {
    /// A person rejected them.
    pub rejected: usize,
    /// No person has looked at them, and only what was kept is to go out.
    pub not_looked_at: usize,
}

/// Holds back clips that were rejected; with `approved` also those that no one has looked at. For
/// their listing or SKU they count as not finished.
pub fn hold_back(deliveries: &mut [Delivery], approved: bool) -> HeldBack {
    let mut held = HeldBack::default();
    for delivery in deliveries {
        let is_due = delivery.is_due();
        let is_out = delivery
            .sent
            .iter()
            .any(|sent| sent.is_published && sent.attempt == delivery.attempt);
        let count = match delivery.look {
            Some(ReviewVerdict::Rejected) => &mut held.rejected,
            None if approved && !is_out => &mut held.not_looked_at,
            _ => continue,
        };
        *count += usize::from(is_due);
        delivery.is_completed = false;
    }
    held
}

/// Where the log's clips went until now, of the targets that begin with `kind`, when `target` is
/// another one that has none of them.
pub fn other_target<'a>(deliveries: &'a [Delivery], kind: &str, target: &str) -> Option<&'a str> {
    let sent = deliveries.iter().flat_map(|delivery| &delivery.sent);
    let mut targets = sent.map(|sent| sent.target.as_str());
    let mut other = None;
    let is_known = targets.any(|known| {
        if known.starts_with(kind) {
            other = Some(known);
        }
        known == target
    });
    other.filter(|_| !is_known)
}

/// The due jobs in the order in which they are published, and how many more wait for others of
/// their listing or SKU.
pub fn due(deliveries: &[Delivery], when: When) -> (Vec<&Delivery>, usize) {
    let mut due = Vec::new();
    let mut waiting = 0;
    for item in by_owner(deliveries) {
        let mine = item.iter().map(|&i| &deliveries[i]).filter(|d| d.is_due());
        if when == When::Complete && !is_complete(deliveries, &item) {
            waiting += mine.count();
        } else {
            due.extend(mine);
        }
    }
    (due, waiting)
}

/// Whether every counted job of a listing or SKU is finished.
pub(super) fn is_complete(deliveries: &[Delivery], item: &[usize]) -> bool {
    let mut counted = item
        .iter()
        .map(|&index| &deliveries[index])
        .filter(|delivery| delivery.is_counted);
    counted.all(|delivery| delivery.is_completed)
}

/// Indices by listing or SKU, each in the manifest's order.
pub(super) fn by_owner(deliveries: &[Delivery]) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    let mut items: Vec<Vec<usize>> = Vec::new();
    for (index, delivery) in deliveries.iter().enumerate() {
        let place = *places.entry(delivery.owner_key()).or_insert_with(|| {
            items.push(Vec::new());
            items.len() - 1
        });
        items[place].push(index);
    }
    for item in &mut items {
        item.sort_by_key(|&index| (deliveries[index].line.unwrap_or(u64::MAX), index));
    }
    items
}
