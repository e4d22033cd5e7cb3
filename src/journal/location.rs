//! What a log's name means: a file, or a log in a database.

use std::path::{Path, PathBuf};

use super::address::{self, Address, FORM, SCHEME_END};
use super::fault::DatabaseError;

/// Where a log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file.
    File(PathBuf),
    /// A log in a `PostgreSQL` database.
    Database(Address),
}

/// The schemes of `PostgreSQL`.
const SCHEMES: [&str; 2] = ["postgres", "postgresql"];

#[cfg(not(feature = "postgres"))]
impl Address {
    /// That it cannot be used by this program.
    pub(crate) fn unsupported(&self) -> DatabaseError {
        DatabaseError::config(
            format!("this creativeai was built without PostgreSQL and cannot use {self}"),
            "install one that was built with the feature `postgres`",
        )
    }
}

impl Location {
    /// What `name` means. Whatever looks like an address is one, and one that is not understood is
    /// refused: taken for a path it could end up in messages with its password, and make a new log.
    pub fn of(name: &Path) -> Result<Self, DatabaseError> {
        if !Self::is_address(name) {
            return Ok(Self::File(name.to_owned()));
        }
        let Some(text) = name.to_str() else {
            return Err(DatabaseError::config(
                "the address of the job log is not valid UTF-8",
                FORM,
            ));
        };
        // Nothing more is shown: a password may stand anywhere in what is not understood.
        let is_plain = |scheme: &str| {
            scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '+')
        };
        Err(match text.split_once(SCHEME_END) {
            Some((scheme, rest)) if SCHEMES.contains(&scheme) => {
                return Address::parse(rest).map(Self::Database);
            }
            Some((scheme, _)) if is_plain(scheme) => DatabaseError::config(
                format!("a job log is a file or postgres://...; {scheme}://*** is neither"),
                FORM,
            ),
            _ => DatabaseError::config(
                "the address of the job log does not begin with postgres://, and is not shown since \
                 it may hold a password",
                FORM,
            ),
        })
    }

    /// Whether `name` is meant as an address rather than a path.
    pub fn is_address(name: &Path) -> bool {
        address::is_meant(&name.to_string_lossy())
    }
}

/// The folder that names of files in a log are meant from; `file` is the log's, or mirrors it.
pub(super) fn folder_of(file: &Path, is_in_database: bool) -> PathBuf {
    if is_in_database {
        return std::env::current_dir().unwrap_or_default();
    }
    file.parent().unwrap_or(Path::new("")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::address::redacted;
    use super::*;

    #[test]
    fn a_name_without_a_scheme_is_a_file() {
        for name in [
            "jobs.jsonl",
            "C:/logs/june.jsonl",
            "postgres/june.jsonl",
            "/var/lib/postgresql//a:b@c",
            "./postgres:june",
            "a//b",
        ] {
            assert_eq!(
                Location::of(Path::new(name)),
                Ok(Location::File(PathBuf::from(name)))
            );
        }
    }

    #[test]
    fn an_address_that_is_not_understood_is_refused_without_its_password() {
        for name in [
            "mysql://me:secret@db/logs",
            "POSTGRES://me:secret@db/logs",
            "postgres://me:secret@db/logs?log=a",
            "postgres://me@db/logs?password=secret",
            "postgres://me@db/logs?pasword=secret",
            "postgres+ssl://me:secret@db",
            "postgres:/me:secret@db/logs",
            "postgres//me:secret@db/logs",
            "POSTGRESQL:me:secret@db/logs",
            "postgresql:/me:se://secret@db/logs",
            " 'Postgres:///me:secret@db/logs",
            "me:secret@db postgres://db",
        ] {
            let error = Location::of(Path::new(name)).unwrap_err();
            let shown = format!("{error}; {}", error.help);
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn only_what_may_be_secret_is_taken_out_of_a_text() {
        for (text, shown) in [
            ("no address", "no address"),
            ("see https://example.com/a", "see https://example.com/a"),
            ("'postgres://u:p@h/d' twice", "'postgres://***' twice"),
            ("postgres://u@h/d?password=x y", "postgres://*** y"),
            ("postgres://u@h/d?log=a", "postgres://u@h/d?log=a"),
            ("a://b:c@d e://f:g@h", "a://*** e://***"),
            ("'Postgres:/u:p@h/d' once", "'Postgres:/***' once"),
            ("postgresql//u:p@h a", "postgresql//*** a"),
            ("postgres: no such role", "postgres: no such role"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }
}
