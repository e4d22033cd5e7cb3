//! Why a clip did not get onto its product, in words, and whether the rest of the run shares it.

use std::path::PathBuf;

use super::calls::{Medium, Product};
use super::client::AdminError;
use crate::delivery::fetch::Trouble;
use crate::delivery::outcome::FailureKind;

/// Why a clip did not get there.
pub(super) enum Setback {
    /// Somebody asked to stop.
    Stopped,
    /// This job's.
    Failed(FailureKind, String),
    /// Every job's.
    Ended(FailureKind, String),
    /// The clip could not be fetched into this folder.
    Clip(Trouble, PathBuf),
}

impl From<AdminError> for Setback {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::MayHelp(why) => Self::Failed(
                FailureKind::MayHelp,
                format!("{why}; run the command again"),
            ),
            AdminError::Wrong(why) => Self::Failed(FailureKind::ForGood, why),
            AdminError::Refused(why) => Self::Ended(FailureKind::Refused, why),
            AdminError::Setup(why) => Self::Ended(FailureKind::Setup, why),
            AdminError::Stopped => Self::Stopped,
        }
    }
}

pub(super) fn log_failed(why: &str) -> Setback {
    Setback::Ended(
        FailureKind::Disk,
        format!(
            "the log cannot be used: {why}; make room, then run the command again: what is on the \
             products already is recognised"
        ),
    )
}

pub(super) fn not_processed(product: &Product, medium: &Medium) -> Setback {
    let why = medium.why();
    if is_shop_limit(&why) {
        return limit(&why);
    }
    Setback::Failed(
        FailureKind::ForGood,
        format!(
            "Shopify could not process the clip: {why}; remove it from {:?} in the store's admin \
             and run the command again",
            product.title
        ),
    )
}

pub(super) fn objected(said: &str) -> Setback {
    if is_shop_limit(said) {
        return limit(said);
    }
    let is_throttled = said.to_lowercase().contains("throttle");
    let (kind, next) = if is_throttled {
        (FailureKind::MayHelp, "; run the command again later")
    } else {
        (FailureKind::ForGood, "")
    };
    Setback::Failed(kind, format!("Shopify refused the clip: {said}{next}"))
}

/// A limit of the whole store, which every further clip would meet; a product's own is its own.
fn is_shop_limit(said: &str) -> bool {
    let said = said.to_lowercase();
    said.contains("limit")
        && ["shop", "store", "plan"]
            .iter()
            .any(|word| said.contains(word))
        && !said.contains("per product")
}

fn limit(said: &str) -> Setback {
    Setback::Ended(
        FailureKind::ForGood,
        format!(
            "the store may hold no more videos ({said}); its plan limits them: remove some, or \
             change the plan, then run the command again"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_limit_is_told_from_a_products() {
        assert!(is_shop_limit("Exceeded the limit of media per shop."));
        assert!(is_shop_limit(
            "Exceeded the limit of non-image media per shop."
        ));
        assert!(is_shop_limit("You've reached your store's video limit"));
        assert!(!is_shop_limit("Exceeded the limit of media per product."));
        assert!(!is_shop_limit(
            "The alt value exceeds the maximum limit of 512 characters."
        ));
    }
}
