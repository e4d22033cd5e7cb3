//! How a server is logged in to: the address, then what libpq's service file, variables and password
//! file say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::super::address::{Address, Host, OF_LIBPQ};
use super::super::connection::{self, SessionAttrs, SslMode};
use super::super::fault::DatabaseError;

/// The port of `PostgreSQL`.
const PORT: u16 = 5432;
/// Longest wait for a connection where no one says anything.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What surrounds the process. Tests make their own.
pub(super) struct Environment<'a> {
    /// Looks an environment variable up.
    pub var: &'a dyn Fn(&str) -> Option<String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

impl Environment<'_> {
    fn var(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|value| !value.is_empty())
    }

    /// A file of libpq's below the home folder.
    fn home_file(&self, name: &str) -> Option<PathBuf> {
        if cfg!(windows) {
            let folder = self.var("APPDATA")?;
            return Some(Path::new(&folder).join("postgresql").join(name));
        }
        Some(self.home.as_ref()?.join(format!(".{name}")))
    }

    fn certificates(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) {
            "root.crt"
        } else {
            "postgresql/root.crt"
        };
        self.home_file(name).filter(|file| file.is_file())
    }
}

/// A server, and everything that is needed to log in to it.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub host: Host,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub password: Option<SecretString>,
    pub sslmode: SslMode,
    pub sslrootcert: Option<PathBuf>,
    pub connect_timeout: Duration,
    pub application_name: String,
    pub target_session_attrs: SessionAttrs,
}

/// The logins that `address` means, in the order in which they are tried.
pub(super) fn logins(
    address: &Address,
    around: &Environment<'_>,
) -> Result<Vec<Login>, DatabaseError> {
    let open = LoginSources::of(address, around)?;
    let user = open.text("user", "PGUSER");
    let names = ["USER", "LOGNAME", "USERNAME"];
    let user = user.or_else(|| names.into_iter().find_map(|name| around.var(name)));
    let user = user.ok_or_else(|| {
        DatabaseError::config(
            "the address of the job log names no user",
            "write postgres://USER@HOST/...",
        )
    })?;
    let database = open.text("dbname", "PGDATABASE");
    let database = database.unwrap_or_else(|| user.clone());
    let sslmode = open.parsed("sslmode", "PGSSLMODE", SslMode::parse)?;
    let connect_timeout = open.parsed(
        "connect_timeout",
        "PGCONNECT_TIMEOUT",
        connection::connect_timeout,
    )?;
    let target_session_attrs = open.parsed(
        "target_session_attrs",
        "PGTARGETSESSIONATTRS",
        SessionAttrs::parse,
    )?;
    let sslrootcert = open.text("sslrootcert", "PGSSLROOTCERT").map(PathBuf::from);
    let sslrootcert = sslrootcert.or_else(|| around.certificates());
    let application_name = open.text("application_name", "PGAPPNAME");
    let mut logins = Vec::new();
    for (host, port) in hosts(address, &open)? {
        let explicit = address.given.get("sslmode");
        let explicit = explicit.is_some_and(|mode| mode != "disable");
        if host.is_socket() && explicit {
            return Err(DatabaseError::config(
                "a socket has no TLS, so sslmode does not apply to it",
                "leave sslmode out of the address",
            ));
        }
        let usual = if host.is_here() {
            SslMode::Disable
        } else {
            SslMode::VerifyFull
        };
        logins.push(Login {
            sslmode: if host.is_socket() {
                SslMode::Disable
            } else {
                sslmode.unwrap_or(usual)
            },
            password: password(&open, around, &host, port, &database, &user)?,
            host,
            port,
            user: user.clone(),
            database: database.clone(),
            sslrootcert: sslrootcert.clone(),
            connect_timeout: connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            application_name: application_name
                .clone()
                .unwrap_or_else(|| "creativeai".to_owned()),
            target_session_attrs: target_session_attrs.unwrap_or(SessionAttrs::Any),
        });
    }
    Ok(logins)
}

/// What the address says, then the service file, then the variables.
struct LoginSources<'a> {
    address: &'a Address,
    service: BTreeMap<String, String>,
    around: &'a Environment<'a>,
}

impl<'a> LoginSources<'a> {
    fn of(address: &'a Address, around: &'a Environment<'a>) -> Result<Self, DatabaseError> {
        let service = match around.var("PGSERVICE") {
            Some(name) => service(&name, around)?,
            None => BTreeMap::new(),
        };
        // The variable would send statements' defaults that a pooler forgets.
        if around.var("PGOPTIONS").is_some() {
            return Err(DatabaseError::config(
                format!("PGOPTIONS is set, and {address} cannot be used with it"),
                "unset PGOPTIONS and run the same command again",
            ));
        }
        Ok(Self {
            address,
            service,
            around,
        })
    }

    fn text(&self, key: &str, variable: &str) -> Option<String> {
        let said = self
            .address
            .given
            .get(key)
            .or_else(|| self.service.get(key));
        said.cloned().or_else(|| self.around.var(variable))
    }

    fn parsed<T>(
        &self,
        key: &str,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, DatabaseError> {
        let found = self.text(key, variable);
        let parsed = found.map(|text| parse(&text)).transpose();
        parsed.map_err(|why| {
            DatabaseError::config(
                format!("{variable} or the service file: {why}"),
                "correct it, or unset it; nothing was sent",
            )
        })
    }
}

fn hosts(address: &Address, open: &LoginSources<'_>) -> Result<Vec<(Host, u16)>, DatabaseError> {
    let mut hosts = address.hosts.clone();
    if hosts.is_empty() {
        let named = open.text("host", "PGHOST").unwrap_or_else(usual_host);
        hosts = named
            .split(',')
            .map(|name| Host {
                name: name.to_owned(),
                port: None,
            })
            .collect();
    }
    let ports = open.text("port", "PGPORT").unwrap_or_default();
    let ports: Result<Vec<u16>, String> = ports
        .split(',')
        .filter(|text| !text.is_empty())
        .map(connection::port)
        .collect();
    let ports = ports.map_err(|why| {
        DatabaseError::config(
            format!("PGPORT or the service file: {why}"),
            "correct it, or unset it",
        )
    })?;
    let usual = |i: usize| *ports.get(i).or(ports.first()).unwrap_or(&PORT);
    let place = |(i, host): (usize, Host)| {
        let port = host.port.unwrap_or_else(|| usual(i));
        (host, port)
    };
    Ok(hosts.into_iter().enumerate().map(place).collect())
}

fn usual_host() -> String {
    const SOCKETS: &str = "/var/run/postgresql";
    if cfg!(unix) && Path::new(SOCKETS).is_dir() {
        SOCKETS.to_owned()
    } else {
        "localhost".to_owned()
    }
}

/// The section of the service file.
fn service(
    name: &str,
    around: &Environment<'_>,
) -> Result<BTreeMap<String, String>, DatabaseError> {
    let named = around.var("PGSERVICEFILE").map(PathBuf::from);
    let own = named.or_else(|| around.home_file("pg_service.conf"));
    let system = around
        .var("PGSYSCONFDIR")
        .map(|folder| Path::new(&folder).join("pg_service.conf"));
    for file in [own, system].into_iter().flatten() {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let Some(section) = section(&text, name) else {
            continue;
        };
        let unknown = section.keys().find(|key| !OF_LIBPQ.contains(&key.as_str()));
        if let Some(key) = unknown {
            return Err(DatabaseError::config(
                format!(
                    "the service {name} in {} sets {key}, which is not supported",
                    file.display()
                ),
                "define a separate service for this tool",
            ));
        }
        if section.contains_key("password") {
            check_private(&file)?;
        }
        return Ok(section);
    }
    Err(DatabaseError::config(
        format!("PGSERVICE names {name}, which is in no service file"),
        "correct PGSERVICE or ~/.pg_service.conf; nothing was sent",
    ))
}

fn section(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            is_inside = title == name;
            if is_inside {
                found.get_or_insert_default();
            }
        } else if is_inside && let Some((key, value)) = line.split_once('=') {
            let section = found.get_or_insert_default();
            section.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

fn password(
    open: &LoginSources<'_>,
    around: &Environment<'_>,
    host: &Host,
    port: u16,
    database: &str,
    user: &str,
) -> Result<Option<SecretString>, DatabaseError> {
    if let Some(password) = open.text("password", "PGPASSWORD") {
        return Ok(Some(password.into()));
    }
    let named = around.var("PGPASSFILE").map(PathBuf::from);
    let name = if cfg!(windows) {
        "pgpass.conf"
    } else {
        "pgpass"
    };
    let Some(file) = named.or_else(|| around.home_file(name)) else {
        return Ok(None);
    };
    let Ok(text) = std::fs::read_to_string(&file) else {
        return Ok(None);
    };
    check_private(&file)?;
    let host = if host.is_socket() && host.name == "/var/run/postgresql" {
        "localhost"
    } else {
        &host.name
    };
    let wanted = [host, &port.to_string(), database, user];
    Ok(text
        .lines()
        .find_map(|line| password_of(line, &wanted))
        .map(SecretString::from))
}

/// The password of a line `host:port:database:user:password`, where it is meant.
fn password_of(line: &str, wanted: &[&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut characters = line.trim_end_matches('\r').chars();
    while let Some(c) = characters.next() {
        let c = match c {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => characters.next()?,
            c => c,
        };
        fields.last_mut()?.push(c);
    }
    let password = (fields.len() == 5).then(|| fields.pop())??;
    let is_meant = |(field, wanted): (&String, &&str)| field == "*" || field == wanted;
    fields.iter().zip(wanted).all(is_meant).then_some(password)
}

/// A password's file, as libpq wants it.
#[cfg(unix)]
fn check_private(file: &Path) -> Result<(), DatabaseError> {
    use std::os::unix::fs::MetadataExt;
    let shown = file.display();
    let mode = std::fs::metadata(file).map(|meta| meta.mode() & 0o777);
    if mode.is_ok_and(|mode| [0o600, 0o400, 0o700].contains(&mode)) {
        return Ok(());
    }
    Err(DatabaseError::config(
        format!("others can read or change the password file {shown}"),
        format!("chmod 600 {shown}"),
    ))
}

#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature on every platform"
)]
fn check_private(_: &Path) -> Result<(), DatabaseError> {
    Ok(())
}

#[cfg(test)]
mod tests;
