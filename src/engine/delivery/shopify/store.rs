//! Which store, which version of its interface, with what credentials: checked before any of it
//! goes anywhere.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::vendor::is_loopback;

/// The version that is asked for unless a person says otherwise. Shopify serves each for about a
/// year.
pub const API_VERSION: &str = "2026-10";

/// Why a store cannot be talked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is not `NAME.myshopify.com`.
    #[error(
        "{0:?} is not a Shopify store; give it as NAME.myshopify.com, as the store's admin shows it"
    )]
    Store(String),
    /// It is not a quarter, as in `2026-10`, nor `unstable`.
    #[error("{0:?} is not a version of Shopify's Admin API; versions look like {version}", version = API_VERSION)]
    Version(String),
    /// A stand-in for the store that is not on this machine.
    #[error("{0:?} is not an address of this machine; a stand-in for Shopify must be one")]
    StandIn(String),
    /// Characters that no token or secret has.
    #[error(
        "the Shopify token, client id or client secret is empty or contains invalid characters; copy it again from the store's admin"
    )]
    Credentials,
}

/// A store's permanent name, `NAME.myshopify.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store(String);

impl Store {
    /// Checks `text`: only Shopify's own domain is ever sent a token.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let name = text.strip_suffix(".myshopify.com").unwrap_or_default();
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_store = name.bytes().next().is_some_and(fits)
            && name.len() <= 63
            && name.bytes().all(|b| fits(b) || b == b'-');
        if is_store {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::Store(text.to_owned()))
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version of Shopify's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let is_quarter = text.split_once('-').is_some_and(|(year, month)| {
            year.len() == 4
                && year.bytes().all(|b| b.is_ascii_digit())
                && matches!(month, "01" | "04" | "07" | "10")
        });
        if is_quarter || text == "unstable" {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::Version(text.to_owned()))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What proves to a store that it may be changed.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An app's static token (`SHOPIFY_ADMIN_TOKEN`).
    Token(SecretString),
    /// An app's id and secret (`SHOPIFY_CLIENT_ID`, `SHOPIFY_CLIENT_SECRET`), which are exchanged
    /// for a token that lasts a day.
    Client {
        /// The id.
        id: String,
        /// The secret.
        secret: SecretString,
    },
}

impl Credentials {
    /// A static token as it stands in an environment variable or a file.
    pub fn token(text: &str) -> Result<Self, StoreError> {
        checked(text).map(Self::Token)
    }

    /// An app's id and secret.
    pub fn client(id: &str, secret: &str) -> Result<Self, StoreError> {
        Ok(Self::Client {
            id: checked(id)?.expose_secret().to_owned(),
            secret: checked(secret)?,
        })
    }
}

/// What can be a token or a secret.
pub(super) fn checked(text: &str) -> Result<SecretString, StoreError> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(StoreError::Credentials);
    }
    Ok(SecretString::from(text))
}

/// Where the store's interface is: at the store, or at a stand-in on this machine.
pub(super) fn base(store: &Store, stand_in: Option<&str>) -> Result<String, StoreError> {
    let Some(text) = stand_in else {
        return Ok(format!("https://{store}"));
    };
    let refused = || StoreError::StandIn(text.to_owned());
    let url = Url::parse(text).map_err(|_| refused())?;
    if is_loopback(&url) && matches!(url.scheme(), "http" | "https") {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_shopifys_own_domain_only() {
        assert!(Store::parse("my-shop-2.myshopify.com").is_ok());
        for bad in [
            "",
            "my-shop",
            ".myshopify.com",
            "-x.myshopify.com",
            "x.myshopify.com.evil.example",
            "evil.example/x.myshopify.com",
            "a@b.myshopify.com",
            "a.b.myshopify.com",
            "https://x.myshopify.com",
            "X.myshopify.com",
            "x.myshopify.com\n",
        ] {
            assert!(Store::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_version_is_a_quarter() {
        assert!(Version::parse(API_VERSION).is_ok() && Version::parse("unstable").is_ok());
        for bad in ["", "2026-11", "2026", "latest", "2026-10/../x"] {
            assert!(Version::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_stand_in_is_on_this_machine() {
        let store = Store::parse("x.myshopify.com").unwrap();
        assert_eq!(base(&store, None).unwrap(), "https://x.myshopify.com");
        assert!(base(&store, Some("http://127.0.0.1:80/")).is_ok());
        for bad in [
            "http://evil.example",
            "https://10.0.0.1",
            "x",
            "file:///etc",
        ] {
            assert!(base(&store, Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = Credentials::token("shpat_1").unwrap();
        let client = Credentials::client("id", "shpss_1").unwrap();
        let text = format!("{token:?} {client:?}");
        assert!(
            !text.contains("shpat_1") && !text.contains("shpss_1"),
            "{text}"
        );
    }
}
