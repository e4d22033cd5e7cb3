//! One connection. It keeps nothing between transactions, so that a pooler may stand before the
//! server: no session settings, no named statements, no locks that outlive a transaction.

use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use etcetera::BaseStrategy;
use secrecy::ExposeSecret;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, NoTls};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};

use super::super::address::{Address, FORM};
use super::super::connection::{SessionAttrs, SslMode};
use super::super::fault::{DatabaseError, DatabaseFault};
use super::login::{Environment, Login, logins};
use super::tls;

const UNREACHABLE: &str = "check that the server runs and can be reached, then run the same command \
                           again; nothing was sent";

/// A connection to the server of a log.
pub(super) struct Session {
    /// Takes statements.
    pub client: Client,
    /// The log.
    pub address: Address,
    /// Each server of the address with its port, and the database.
    pub servers: Vec<String>,
    /// How many warnings the server has sent.
    warnings: Arc<AtomicU64>,
}

impl Session {
    /// How many warnings the server has sent. One that comes with a commit says that no standby has it.
    pub fn warnings(&self) -> u64 {
        self.warnings.load(Ordering::SeqCst)
    }

    /// Connects to the first server of `address` that answers as it is wanted.
    pub async fn open(address: &Address) -> Result<Self, DatabaseError> {
        let base = etcetera::choose_base_strategy().ok();
        let around = Environment {
            var: &|name| std::env::var(name).ok(),
            home: base.map(|base| PathBuf::from(base.home_dir())),
        };
        let mut failed = None;
        let warnings = Arc::<AtomicU64>::default();
        let logins = logins(address, &around)?;
        let server = |login: &Login| {
            let Login { host, port, .. } = login;
            format!("{}:{port}/{}", host.name, login.database)
        };
        let servers: Vec<String> = logins.iter().map(server).collect();
        for login in logins {
            match connect(&login, &warnings).await {
                Ok(client) => {
                    return Ok(Self {
                        client,
                        address: address.clone(),
                        servers,
                        warnings,
                    });
                }
                // A server that cannot prove who it is, or refuses the login, is not passed over.
                Err(error) if error.kind == DatabaseFault::Config => return Err(error),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed
            .unwrap_or_else(|| DatabaseError::config(format!("{address} names no server"), FORM)))
    }

    /// What a failed statement means.
    pub fn failed(&self, doing: &str, error: &Error) -> DatabaseError {
        Self::failure(&self.address, doing, error)
    }

    /// The same where the session itself is borrowed.
    pub fn failure(address: &Address, doing: &str, error: &Error) -> DatabaseError {
        let (kind, help) = judged(error);
        DatabaseError::new(
            kind,
            format!("cannot {doing} {address}: {}", described(error)),
            help,
        )
    }
}

async fn connect(login: &Login, warnings: &Arc<AtomicU64>) -> Result<Client, DatabaseError> {
    let mut config = Config::new();
    config
        .user(&login.user)
        .dbname(&login.database)
        .port(login.port)
        .application_name(&login.application_name)
        .target_session_attrs(match login.target_session_attrs {
            SessionAttrs::Any => tokio_postgres::config::TargetSessionAttrs::Any,
            SessionAttrs::ReadWrite => tokio_postgres::config::TargetSessionAttrs::ReadWrite,
            SessionAttrs::ReadOnly => tokio_postgres::config::TargetSessionAttrs::ReadOnly,
        });
    config.host(&login.host.name);
    // A server that has gone without a word is noticed within minutes.
    config.keepalives_idle(std::time::Duration::from_secs(30));
    if !login.connect_timeout.is_zero() {
        config.connect_timeout(login.connect_timeout);
    }
    if let Some(password) = &login.password {
        config.password(password.expose_secret());
    }
    let connecting = start_as_wanted(config, login, warnings);
    // What accepts a connection, and then says nothing, as a balancer without a server behind it, counts
    // as well; the library's own limit is for the socket alone.
    let limit = login.connect_timeout;
    let connected = if limit.is_zero() {
        connecting.await?
    } else if let Ok(connected) = timeout(limit, connecting).await {
        connected?
    } else {
        let why = format!("no answer within {limit:.0?}");
        let (kind, help) = (DatabaseFault::Temporary, UNREACHABLE);
        return Err(not_connected(login, kind, &why, help));
    };
    let (client, encoding) = connected.map_err(|error| {
        let (kind, help) = judged(&error);
        not_connected(login, kind, &described(&error), help)
    })?;
    // Another one cannot hold what a vendor or a sheet may say.
    if encoding.is_some_and(|encoding| !["UTF8", "SQL_ASCII"].contains(&&*encoding)) {
        let why = "its encoding does not hold every text";
        let help = "create a database with `createdb --encoding UTF8 --template template0`; nothing was sent";
        return Err(not_connected(login, DatabaseFault::Config, why, help));
    }
    Ok(client)
}

fn not_connected(login: &Login, kind: DatabaseFault, why: &str, help: &str) -> DatabaseError {
    let place = if login.host.is_socket() {
        format!("the socket in {}, port {}", login.host.name, login.port)
    } else {
        format!("{}, port {}", login.host.name, login.port)
    };
    let (database, user) = (&login.database, &login.user);
    DatabaseError::new(
        kind,
        format!("cannot connect to the database {database} at {place} as {user}: {why}"),
        help,
    )
}

/// What takes statements, and the database's encoding, where the server says so.
type Connected = (Client, Option<String>);

/// In the clear or encrypted; the outer error is the configuration's.
async fn start_as_wanted(
    mut config: Config,
    login: &Login,
    warnings: &Arc<AtomicU64>,
) -> Result<Result<Connected, Error>, DatabaseError> {
    if login.sslmode == SslMode::Disable {
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        return Ok(start(&config, NoTls, warnings).await);
    }
    config.ssl_mode(tokio_postgres::config::SslMode::Require);
    let tls = tls::connector(login.sslmode, login.sslrootcert.as_deref())?;
    Ok(start(&config, tls, warnings).await)
}

async fn start<T>(config: &Config, tls: T, warnings: &Arc<AtomicU64>) -> Result<Connected, Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    let encoding = connection.parameter("server_encoding").map(str::to_owned);
    tokio::spawn(drive(connection, Arc::clone(warnings)));
    Ok((client, encoding))
}

/// Moves bytes until the connection ends, and counts warnings. What waits for an answer learns of the
/// connection's end.
async fn drive<S, T>(connection: Connection<S, T>, warnings: Arc<AtomicU64>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut connection = pin!(connection);
    while let Some(Ok(message)) = poll_fn(|cx| connection.as_mut().poll_message(cx)).await {
        if let AsyncMessage::Notice(notice) = message
            && notice.code().code().starts_with("01")
        {
            warnings.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The server's words, or what broke the connection.
fn described(error: &Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} ({})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

fn judged(error: &Error) -> (DatabaseFault, &'static str) {
    let Some(code) = error.code() else {
        return judged_by_layer(error);
    };
    let class = &code.code()[..2];
    if *code == SqlState::INVALID_CATALOG_NAME {
        let help = "correct the database's name, or create it with `createdb`; nothing was sent";
        return (DatabaseFault::Config, help);
    }
    if *code == SqlState::UNDEFINED_OBJECT {
        // Nothing else that is named has a name that is typed.
        let help = "correct the role's name, or create it in psql with CREATE ROLE name LOGIN; nothing was changed";
        return (DatabaseFault::Config, help);
    }
    if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME {
        // They were there when the command began.
        let help = "its tables are gone, or from an older version: `creativeai log list URL` says which; nothing was sent";
        return (DatabaseFault::Config, help);
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let help = "the database's owner grants the rights with `creativeai log init URL --grant-to ROLE`; nothing was sent";
        return (DatabaseFault::Config, help);
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        // It took writes when it was connected to. The next connection shows whether it is a standby now.
        let help = "run the same command again once the server accepts writes; nothing was sent";
        return (DatabaseFault::Temporary, help);
    }
    // PgBouncer has this code for almost everything, a server that is away included.
    let words = error.as_db_error().map_or("", |refusal| refusal.message());
    if *code == SqlState::QUERY_CANCELED && words.contains("statement timeout") {
        let help = "statement_timeout is too short: set a longer one with `ALTER ROLE name SET statement_timeout = '1min'`, or RESET it there, at the database or at the server; nothing was sent";
        return (DatabaseFault::Config, help);
    }
    if *code == SqlState::PROTOCOL_VIOLATION && words.contains("statement pooling") {
        let help = "set the pooler's pool_mode to transaction, or connect to the server itself; nothing was sent";
        return (DatabaseFault::Config, help);
    }
    match class {
        "28" => (
            DatabaseFault::Config,
            "check the user, and the password in PGPASSWORD or ~/.pgpass; nothing was sent",
        ),
        // Feature not supported, syntax or names: another server than the one that is meant.
        "0A" | "42" | "3D" | "3F" => (
            DatabaseFault::Config,
            "creativeai needs PostgreSQL 14 or later; `creativeai log upgrade URL` brings the tables up to date",
        ),
        _ => (
            DatabaseFault::Temporary,
            "run the same command again once the database answers; nothing was sent",
        ),
    }
}

/// An error without a word of the server's.
fn judged_by_layer(error: &Error) -> (DatabaseFault, &'static str) {
    // The library has no other mark of it.
    let text = error.to_string();
    if text.starts_with("error performing TLS handshake") {
        return (
            DatabaseFault::Config,
            "the server could not prove who it is; name its certificate authority with sslrootcert=FILE, or correct its name in the address; nothing was sent",
        );
    }
    if text.starts_with("invalid configuration") {
        return (
            DatabaseFault::Config,
            "set PGPASSWORD, or write the password into ~/.pgpass; nothing was sent",
        );
    }
    let source = std::error::Error::source(error).map(ToString::to_string);
    if source.is_some_and(|why| why.contains("does not allow writes")) {
        let help = "wait until a standby is promoted, or look at default_transaction_read_only of the role, then run the same command again; nothing was sent";
        return (DatabaseFault::Temporary, help);
    }
    (DatabaseFault::Temporary, UNREACHABLE)
}

/// Runs `work` to its end on a thread of its own, since the caller may be on a runtime already.
pub(super) fn wait_for<T, F>(work: impl FnOnce() -> F + Send) -> Result<T, DatabaseError>
where
    T: Send,
    F: Future<Output = Result<T, DatabaseError>>,
{
    let failed = |why: String| {
        DatabaseError::new(
            DatabaseFault::Io,
            format!("cannot start the program's runtime: {why}"),
            "run the same command again; nothing was sent",
        )
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("database".to_owned());
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| failed(error.to_string()))?;
            runtime.block_on(work())
        };
        let started = thread.spawn_scoped(scope, run);
        let started = started.map_err(|error| failed(error.to_string()))?;
        started
            .join()
            .unwrap_or_else(|_| Err(failed("a thread has ended early".to_owned())))
    })
}
