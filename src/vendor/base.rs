//! The address of the API, checked: a key goes over https, or over http to this computer, and
//! nowhere else.

use std::fmt;

use url::Url;

use crate::text::is_this_computer;

/// Where a sandbox inside a command says that its clips are: where the one that listens has them.
pub const SANDBOX_ORIGIN: &str = "http://127.0.0.1:8790";

/// Why the client cannot be set up as it is configured. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The base of the API's addresses, without `/v1` and without a slash at its end.
///
/// ```
/// use creativeai::vendor::BaseUrl;
/// let base = BaseUrl::parse("https://api.creativeai.run/v1/").unwrap();
/// assert_eq!(base.as_str(), "https://api.creativeai.run");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    origin: String,
    https: bool,
    loopback: bool,
}

impl BaseUrl {
    /// Reads an https address, or an http address of this computer (`localhost`, `127.0.0.0/8`,
    /// `::1`). A `/v1` or slashes at its end mean nothing. User names, queries and fragments are
    /// refused.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| {
            // What cannot be read may still hold a password before its @.
            let shown = text.rsplit('@').next().unwrap_or_default();
            ConfigError(format!(
                "the base URL {shown:?} is not a full address; give one such as https://api.creativeai.run"
            ))
        })?;
        // The text itself may hold a password, so from here on the origin stands for it.
        let origin = url.origin().ascii_serialization();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError(format!(
                "the base URL at {origin} holds a user name or password; \
                 remove it and give the API key by environment or key file"
            )));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError(format!(
                "the base URL {text:?} has a query or fragment, which would be lost; \
                 give it without what follows the ? or #"
            )));
        }
        let loopback = is_loopback(&url);
        let https = url.scheme() == "https";
        let plain = url.scheme() == "http" && loopback;
        if !https && !plain {
            return Err(ConfigError(format!(
                "the base URL {text:?} is not https, so the API key would be sent unencrypted; \
                 use https (http works only for this computer, e.g. http://127.0.0.1:8790)"
            )));
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/v1").unwrap_or(path);
        let text = format!("{origin}{}", path.trim_end_matches('/'));
        Ok(Self {
            text,
            origin,
            https,
            loopback,
        })
    }

    /// The address as text, e.g. `https://api.creativeai.run`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, e.g. `http://127.0.0.1:8790`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether it is this computer.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The address of `path`, which begins with a slash.
    pub(super) fn join(&self, path: &str) -> Result<Url, ConfigError> {
        Url::parse(&format!("{}{path}", self.text))
            .map_err(|e| ConfigError(format!("{}{path} is not an address: {e}", self.text)))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether an address is this computer's, the only one that is called without TLS.
pub fn is_loopback(url: &Url) -> bool {
    // The client resolves this name by itself, so no name server can send it elsewhere.
    url.host_str().is_some_and(is_this_computer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_v1_and_slashes_at_the_end_mean_nothing() {
        for text in [
            "https://api.creativeai.run",
            "https://api.creativeai.run/",
            "https://api.creativeai.run//",
            "https://api.creativeai.run/v1",
            "https://api.creativeai.run/v1/",
            " HTTPS://API.creativeai.run:443/v1// ",
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(base.as_str(), "https://api.creativeai.run", "{text}");
            assert_eq!(base.origin(), "https://api.creativeai.run");
            assert!(!base.is_loopback() && base.is_https());
        }
        let base = BaseUrl::parse("https://gate.example.com/creative/v1").unwrap();
        assert_eq!(base.as_str(), "https://gate.example.com/creative");
        assert_eq!(base.origin(), "https://gate.example.com");
        let other = BaseUrl::parse("https://gate.example.com/api-v1").unwrap();
        assert_eq!(other.as_str(), "https://gate.example.com/api-v1");
    }

    #[test]
    fn http_goes_to_this_computer_only() {
        for text in [
            "http://127.0.0.1:8790",
            "http://127.8.9.1",
            "http://localhost:80/v1",
            "http://LOCALHOST",
            "http://[::1]:8790/",
        ] {
            assert!(BaseUrl::parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in [
            "http://api.creativeai.run",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0:8790",
            "http://[::]:8790",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert!(error.0.contains("is not https"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused_without_showing_a_password() {
        for text in ["", "api.creativeai.run", "https://", "//x"] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
        for text in ["https://a.example.com?x=1", "https://a.example.com/#top"] {
            assert!(BaseUrl::parse(text).unwrap_err().0.contains("query"));
        }
        for text in ["https://me:hunter2@a.example.com", "https://me:hunter2@"] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert!(!error.0.contains("hunter2"), "{error}");
        }
    }
}
