//! Why a clip did not get onto its product, in words, and whether the rest of the run shares it.

use std::path::{Path, PathBuf};

use super::calls::{CallFailure, Medium, Objection, Product};
use super::client::AdminError;
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::lease::LogUnusable;
use crate::engine::delivery::outcome::FailureKind;
use crate::engine::delivery::publish::PublishOutcome;

/// Why a clip did not get there.
pub(super) enum ShopifyError {
    /// The clip is not to go out, at least for now.
    NotNow(PublishOutcome),
    /// This job's.
    Failed(FailureKind, String),
    /// Every job's.
    Ended(FailureKind, String),
    /// The clip could not be fetched into this folder.
    Clip(FetchError, PathBuf),
}

impl From<AdminError> for ShopifyError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::MayHelp(why) => Self::Failed(
                FailureKind::MayHelp,
                format!("{why}; run the command again"),
            ),
            AdminError::Throttled => Self::Failed(
                FailureKind::MayHelp,
                "Shopify is throttling this app; run the command again later".to_owned(),
            ),
            AdminError::Wrong(why) => Self::Failed(FailureKind::ForGood, why),
            AdminError::Refused(why) => Self::Ended(FailureKind::Refused, why),
            AdminError::Setup(why) => Self::Ended(FailureKind::Setup, why),
        }
    }
}

impl ShopifyError {
    /// The same, where the other clips do not share it.
    pub fn of_one_clip(self) -> Self {
        match self {
            Self::Ended(kind, why) => Self::Failed(kind, why),
            other => other,
        }
    }
}

/// The log cannot be used; `kept` keeps what it has not taken in.
pub(super) fn log_failed(unusable: LogUnusable, kept: Option<&Path>) -> ShopifyError {
    let LogUnusable { kind, why } = unusable;
    let take_back = kept.map(|file| {
        format!(
            ", take back what is kept in {} with `creativeai reconcile --recover`",
            file.display()
        )
    });
    ShopifyError::Ended(
        kind,
        format!(
            "the log cannot be used: {why}; make room{}, then run the command again: what is on the \
             products already is recognized",
            take_back.unwrap_or_default()
        ),
    )
}

pub(super) fn not_processed(product: &Product, medium: &Medium) -> ShopifyError {
    let why = medium.why();
    if medium.codes().any(is_limit_code) || is_shop_limit(&why) {
        return limit(&why);
    }
    ShopifyError::Failed(
        FailureKind::ForGood,
        format!(
            "Shopify could not process the clip: {why}; remove it from {:?} in the store's admin \
             and run the command again",
            product.title
        ),
    )
}

/// What a failed call means; `what` is what Shopify was asked.
pub(super) fn failed_call(what: &str, failure: CallFailure) -> ShopifyError {
    match failure {
        CallFailure::Admin(error) => error.into(),
        CallFailure::Objection(objection) => objected(what, &objection),
    }
}

/// What an objection to `what` means.
fn objected(what: &str, objection: &Objection) -> ShopifyError {
    let message = &objection.message;
    if objection.codes.iter().any(|code| is_limit_code(code)) || is_shop_limit(message) {
        return limit(message);
    }
    let is_throttled = message.to_lowercase().contains("throttle")
        || objection.codes.iter().any(|code| code.contains("THROTTLE"));
    let (kind, next) = if is_throttled {
        (FailureKind::MayHelp, "; run the command again later")
    } else {
        (FailureKind::ForGood, "")
    };
    ShopifyError::Failed(kind, format!("Shopify refused {what}: {message}{next}"))
}

/// The documented codes of a limit of the whole store, which every further clip would meet. A
/// product's own limit is not among them.
fn is_limit_code(code: &str) -> bool {
    matches!(
        code,
        "FILE_STORAGE_LIMIT_EXCEEDED"
            | "SHOP_MEDIA_LIMIT_EXCEEDED"
            | "NON_IMAGE_MEDIA_PER_SHOP_LIMIT_EXCEEDED"
    )
}

/// The same by its words: some mutations give no code.
fn is_shop_limit(message: &str) -> bool {
    let message = message.to_lowercase();
    let words = ["shop", "store", "plan", "cumulative file storage"];
    message.contains("limit")
        && words.iter().any(|word| message.contains(word))
        && !message.contains("per product")
}

fn limit(message: &str) -> ShopifyError {
    ShopifyError::Ended(
        FailureKind::ForGood,
        format!(
            "the store cannot hold more videos ({message}); its plan limits their number and size: \
             remove some, or change the plan, then run the command again"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_limit_is_reported_from_a_products() {
        assert!(is_shop_limit("Exceeded the limit of media per shop."));
        assert!(is_shop_limit(
            "Exceeded the limit of non-image media per shop."
        ));
        assert!(is_shop_limit("You've reached your store's video limit"));
        assert!(is_shop_limit(
            "Media could not be created because the cumulative file storage limit would be exceeded."
        ));
        assert!(is_limit_code("FILE_STORAGE_LIMIT_EXCEEDED"));
        assert!(!is_limit_code("PRODUCT_MEDIA_LIMIT_EXCEEDED"));
        assert!(!is_shop_limit("Exceeded the limit of media per product."));
        assert!(!is_shop_limit(
            "The alt value exceeds the maximum limit of 512 characters."
        ));
    }
}
