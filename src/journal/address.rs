//! The address of a log in a database, taken apart. Nothing in it is ignored, and it never holds a
//! password.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::connection::{SessionAttrs, SslMode, connect_timeout, port};
use super::fault::DatabaseError;
use crate::text::{is_this_computer, suggest};

/// The log that is meant where an address names none.
pub const DEFAULT_LOG: &str = "default";
/// The schema that holds the tables where an address names none.
pub const DEFAULT_SCHEMA: &str = "creativeai";
/// Longest name of a log, in bytes.
const LONGEST_LOG: usize = 100;

/// How an address looks.
pub(super) const FORM: &str =
    "an address looks like postgres://USER@HOST/DATABASE?log=NAME; nothing was sent";

/// What separates an address from a path.
pub(super) const SCHEME_END: &str = "://";

/// What an address of `PostgreSQL` begins with, also where one of its slashes or the colon is missing.
const BEGINNINGS: [&str; 4] = ["postgres:", "postgresql:", "postgres//", "postgresql//"];

/// Whether `text` is meant as an address, rightly spelled or not, and not as a path.
pub(super) fn is_meant(text: &str) -> bool {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '\'' | '"');
    let begin = text.trim_start_matches(is_around).to_ascii_lowercase();
    text.contains(SCHEME_END) || BEGINNINGS.iter().any(|known| begin.starts_with(known))
}

/// Where the first address within `text` goes on behind its slashes.
fn behind_slashes(text: &str) -> Option<usize> {
    // Its bytes stand where those of `text` do.
    let lower = text.to_ascii_lowercase();
    let begins = BEGINNINGS.iter().chain([&SCHEME_END]);
    let ends = begins.filter_map(|begin| Some(lower.find(begin)? + begin.len()));
    let rest = &text[ends.min()?..];
    Some(text.len() - rest.trim_start_matches('/').len())
}

/// `text` without what may be secret in addresses within it: only the scheme is left of an address
/// that carries a user and a password, or a `password` parameter.
pub fn redacted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = behind_slashes(rest) {
        let (before, address) = rest.split_at(at);
        shown.push_str(before);
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`'))
            .unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        let lower = address.to_lowercase();
        let has_secret = lower
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
            || lower.contains("password=");
        shown.push_str(if has_secret { "***" } else { address });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// A log in a `PostgreSQL` database, as typed. What it leaves open comes from the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Servers, tried in turn; a name, a number or a socket's folder.
    pub hosts: Vec<Host>,
    /// Which of the database's logs; `default` where the address names none.
    pub log: Option<String>,
    /// The schema of the tables; `creativeai` where the address names none.
    pub schema: Option<String>,
    /// What else it says of the way to the server, by libpq's names; all of it can be read.
    pub given: BTreeMap<&'static str, String>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, its number, or the folder of its socket.
    pub name: String,
    pub port: Option<u16>,
}

impl Host {
    /// Whether it is reached by a socket of this machine.
    pub fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }

    /// Whether it is this machine.
    pub fn is_here(&self) -> bool {
        self.is_socket() || is_this_computer(&self.name)
    }
}

/// What libpq knows, too.
pub(super) const OF_LIBPQ: [&str; 10] = [
    "host",
    "port",
    "user",
    "dbname",
    "sslmode",
    "sslrootcert",
    "connect_timeout",
    "application_name",
    "target_session_attrs",
    "password",
];

impl Address {
    /// Reads what stands behind `postgres://`.
    pub(super) fn parse(rest: &str) -> Result<Self, DatabaseError> {
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (servers, database) = place.split_once('/').unwrap_or((place, ""));
        let (user, servers) = match servers.rsplit_once('@') {
            Some((user, servers)) => (Some(user), servers),
            None => (None, servers),
        };
        let mut address = Self {
            hosts: hosts(servers)?,
            ..Self::default()
        };
        if let Some(user) = user {
            if user.contains(':') {
                return Err(password());
            }
            address.fill("user", &decoded(user)?);
        }
        address.fill("dbname", &decoded(database)?);
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let Some((name, value)) = parameter.split_once('=') else {
                return Err(DatabaseError::config(
                    "a parameter in the address of the job log has no value",
                    FORM,
                ));
            };
            address.set(&decoded(name)?, &decoded(value)?)?;
        }
        Ok(address)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), DatabaseError> {
        let wrong = |why: String| DatabaseError::config(format!("in the address: {why}"), FORM);
        let is_new = match name {
            "log" => once(&mut self.log, log_name(value).map_err(wrong)?),
            "schema" => once(&mut self.schema, schema_name(value).map_err(wrong)?),
            "host" => self.set_hosts(value)?,
            "port" => self.set_ports(value)?,
            "password" => return Err(password()),
            _ => {
                let known = OF_LIBPQ.into_iter().find(|known| *known == name);
                let known = known.ok_or_else(|| unknown_parameter(name))?;
                match known {
                    "sslmode" => SslMode::parse(value).map(drop),
                    "connect_timeout" => connect_timeout(value).map(drop),
                    "target_session_attrs" => SessionAttrs::parse(value).map(drop),
                    _ => Ok(()),
                }
                .map_err(wrong)?;
                self.given.insert(known, value.to_owned()).is_none()
            }
        };
        if !is_new {
            return Err(wrong(format!("{name} is given twice")));
        }
        if value.is_empty() {
            return Err(wrong(format!("{name} is empty")));
        }
        Ok(())
    }

    fn fill(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.given.insert(name, value.to_owned());
        }
    }

    fn set_hosts(&mut self, value: &str) -> Result<bool, DatabaseError> {
        if !self.hosts.is_empty() {
            return Ok(false);
        }
        let named = value.split(',').map(|name| Host {
            name: name.to_owned(),
            port: None,
        });
        self.hosts = named.collect();
        if self.hosts.iter().any(|host| host.name.is_empty()) {
            return Err(DatabaseError::config(
                "in the address: a host is empty",
                FORM,
            ));
        }
        Ok(true)
    }

    /// Ports count for the hosts in their order, so they come after them.
    fn set_ports(&mut self, value: &str) -> Result<bool, DatabaseError> {
        let wrong = |why: &str| DatabaseError::config(format!("in the address: {why}"), FORM);
        let ports: Result<Vec<_>, _> = value.split(',').map(port).collect();
        let ports = ports.map_err(|why| wrong(&why))?;
        if self.hosts.iter().any(|host| host.port.is_some()) {
            return Ok(false);
        }
        if ports.len() != 1 && ports.len() != self.hosts.len() || self.hosts.is_empty() {
            return Err(wrong("port comes after host, with one port for each host"));
        }
        for (host, port) in self.hosts.iter_mut().zip(ports.iter().cycle()) {
            host.port = Some(*port);
        }
        Ok(true)
    }

    /// Which of the database's logs it is.
    pub fn log(&self) -> &str {
        self.log.as_deref().unwrap_or(DEFAULT_LOG)
    }

    /// The schema that holds the tables.
    pub fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
    }
}

/// Characters that stand for themselves in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'/');

/// The address without what only says how the server is reached.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        f.write_str("postgres://")?;
        if let Some(user) = self.given.get("user") {
            write!(f, "{}@", plain(user))?;
        }
        let (sockets, servers): (Vec<_>, Vec<_>) = self.hosts.iter().partition(|h| h.is_socket());
        let servers: Vec<_> = servers.into_iter().map(ToString::to_string).collect();
        f.write_str(&servers.join(","))?;
        write!(
            f,
            "/{}",
            plain(self.given.get("dbname").map_or("", String::as_str))
        )?;
        let mut separator = '?';
        for socket in sockets {
            write!(f, "{separator}host={}", plain(&socket.name))?;
            if let Some(port) = socket.port {
                write!(f, "&port={port}")?;
            }
            separator = '&';
        }
        if let Some(schema) = &self.schema {
            write!(f, "{separator}schema={}", plain(schema))?;
            separator = '&';
        }
        write!(f, "{separator}log={}", plain(self.log()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.name),
            (true, None) => write!(f, "[{}]", self.name),
            (false, Some(port)) => write!(f, "{}:{port}", self.name),
            (false, None) => f.write_str(&self.name),
        }
    }
}

fn hosts(text: &str) -> Result<Vec<Host>, DatabaseError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(host).collect()
}

fn host(text: &str) -> Result<Host, DatabaseError> {
    let wrong = || DatabaseError::config("in the address: a host is not valid", FORM);
    let (name, port_text) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, after) = rest.split_once(']').ok_or_else(wrong)?;
            let port = match after {
                "" => None,
                after => Some(after.strip_prefix(':').ok_or_else(wrong)?),
            };
            (name.to_owned(), port)
        }
        None => match text.split_once(':') {
            Some((name, port)) => (decoded(name)?, Some(port)),
            None => (decoded(text)?, None),
        },
    };
    if name.is_empty() {
        return Err(wrong());
    }
    let port = port_text.map(|text| {
        port(text).map_err(|why| DatabaseError::config(format!("in the address: {why}"), FORM))
    });
    Ok(Host {
        name,
        port: port.transpose()?,
    })
}

fn once<T>(slot: &mut Option<T>, value: T) -> bool {
    slot.replace(value).is_none()
}

fn decoded(text: &str) -> Result<String, DatabaseError> {
    let decoded = percent_decode_str(text).decode_utf8();
    let text =
        decoded.map_err(|_| DatabaseError::config("the address is not valid UTF-8", FORM))?;
    if text.contains(char::is_control) {
        return Err(DatabaseError::config(
            "the address holds a control character",
            FORM,
        ));
    }
    Ok(text.into_owned())
}

/// A log's name is shown in messages and typed again, so that it keeps to plain characters.
pub(super) fn log_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > LONGEST_LOG || !text.chars().all(is_plain) {
        return Err(format!(
            "a log's name contains only letters, digits, - _ and ., at most {LONGEST_LOG} of them"
        ));
    }
    Ok(text.to_owned())
}

/// A schema's name is written into statements, so that it keeps to what needs no quotes.
fn schema_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if !begins || text.len() > 63 || !text.chars().all(is_plain) || text.starts_with("pg_") {
        return Err("a schema's name contains only lowercase letters, digits and _".to_owned());
    }
    Ok(text.to_owned())
}

fn password() -> DatabaseError {
    DatabaseError::config(
        "the address of the job log carries a password, which others can read; nothing was sent",
        "leave it out of the address, and set PGPASSWORD or write it into ~/.pgpass",
    )
}

/// The name alone: a value may be a secret.
fn unknown_parameter(name: &str) -> DatabaseError {
    let known = OF_LIBPQ.into_iter().filter(|known| *known != "password");
    let help = suggest::nearest(name, known.chain(["log", "schema"]));
    DatabaseError::config(
        format!(
            "the address of the job log has an unknown parameter: {}",
            redacted(name)
        ),
        help.map_or_else(
            || FORM.to_owned(),
            |known| format!("did you mean {known}? Nothing was sent"),
        ),
    )
}

#[cfg(test)]
mod tests;
