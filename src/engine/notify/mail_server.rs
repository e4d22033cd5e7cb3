//! The mail server that notices are sent by, and how it is spoken to.

use std::path::PathBuf;
use std::str::FromStr;

use lettre::address::Address;

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// After a plain greeting; a server that cannot do it gets nothing.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all, for a server on this computer.
    None,
}

impl Security {
    const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::None];

    /// As in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }

    /// Where servers usually listen for it.
    pub const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

impl FromStr for Security {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|known| known.name() == text);
        known.ok_or_else(|| format!("{text:?} is not starttls, tls or none"))
    }
}

/// Who logs in at a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLogin {
    /// The name.
    pub user: String,
    /// The file with the password, which is read for each notice.
    pub password_file: PathBuf,
}

/// How notices become e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The mail server.
    pub server: String,
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// The login, where the server wants one.
    pub login: Option<MailLogin>,
    /// Who it is from.
    pub from: Address,
    /// Who gets it.
    pub to: Vec<Address>,
}
