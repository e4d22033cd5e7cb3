//! Words of libpq about the way to a server.

use std::time::Duration;

/// How a connection is protected. `allow` and `prefer` are not there: they go on in the clear
/// without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// In the clear.
    Disable,
    /// Encrypted; the server proves nothing.
    Require,
    /// Encrypted; a known authority vouches for the server.
    VerifyCa,
    /// Encrypted; a known authority vouches for the server under this name.
    VerifyFull,
}

impl SslMode {
    /// Reads libpq's word.
    pub fn parse(word: &str) -> Result<Self, String> {
        Ok(match word {
            "disable" => Self::Disable,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            "allow" | "prefer" => {
                return Err(format!(
                    "sslmode={word} is refused: it continues unencrypted if the server offers no \
                     encryption"
                ));
            }
            _ => {
                return Err("sslmode must be disable, require, verify-ca or verify-full".to_owned());
            }
        })
    }
}

/// Which server of several is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAttrs {
    /// The first that answers.
    Any,
    /// One that takes writes.
    ReadWrite,
    /// One that does not.
    ReadOnly,
}

impl SessionAttrs {
    /// Reads libpq's word.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "any" => Ok(Self::Any),
            "read-write" | "primary" => Ok(Self::ReadWrite),
            "read-only" | "standby" => Ok(Self::ReadOnly),
            _ => Err(
                "target_session_attrs must be any, read-write, read-only, primary or standby"
                    .to_owned(),
            ),
        }
    }
}

/// Reads a wait for a connection; 0 is for ever, as for libpq.
pub fn connect_timeout(text: &str) -> Result<Duration, String> {
    text.parse()
        .map(Duration::from_secs)
        .map_err(|_| "connect_timeout must be a number of seconds".to_owned())
}

/// Reads a port.
pub fn port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| "a port must be a number from 1 to 65535".to_owned())
}
