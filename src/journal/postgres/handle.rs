//! A log of a database with a connection to it: what every statement about it needs, how far it was read,
//! and which server and database it is in.

use std::io;

use serde::{Deserialize, Serialize};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, GenericClient, Row};

use super::super::address::Address;
use super::super::fault::{DatabaseError, DatabaseFault};
use super::session::Session;

/// Why something was not done.
pub(super) enum QueryError {
    /// A statement failed, which may mean no more than a lost connection.
    Statement(Error),
    Other(DatabaseError),
}

impl QueryError {
    /// The same for a person: what could not be done with the log of `address`, as in "cannot ...".
    pub fn when(self, doing: &str, address: &Address) -> DatabaseError {
        match self {
            Self::Statement(error) => Session::failure(address, doing, &error),
            Self::Other(error) => error,
        }
    }
}

impl From<Error> for QueryError {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

impl From<DatabaseError> for QueryError {
    fn from(error: DatabaseError) -> Self {
        Self::Other(error)
    }
}

/// Of the copy on this computer.
impl From<io::Error> for QueryError {
    fn from(error: io::Error) -> Self {
        Self::Other(DatabaseError::new(
            DatabaseFault::Io,
            format!("cannot write the local copy of the job log: {error}"),
            "make room in the cache folder and run the same command again; nothing was sent",
        ))
    }
}

#[derive(Clone, Debug)]
pub(super) struct LogRow {
    pub id: i64,
    /// Random, hexadecimal.
    pub identity: String,
}

impl LogRow {
    /// The log as a session, or a transaction of one, sees it.
    pub fn on<'a, C>(&self, client: &'a C, schema: &'a str) -> LogHandle<'a, C> {
        LogHandle {
            client,
            schema,
            id: self.id,
        }
    }

    /// The log as a session sees it.
    pub fn of<'a>(&self, session: &'a Session) -> LogHandle<'a> {
        self.on(&session.client, session.address.schema())
    }
}

/// A parameter of a statement, with its type: named statements would be lost behind a pooler.
pub(super) type SqlParameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// A log, where statements about it go.
pub(super) struct LogHandle<'a, C = Client> {
    pub client: &'a C,
    /// The schema of the tables.
    pub schema: &'a str,
    /// The log's number: `$1` of each statement.
    pub id: i64,
}

impl<C: GenericClient> LogHandle<'_, C> {
    fn parameters<'p>(&'p self, more: &[SqlParameter<'p>]) -> Vec<SqlParameter<'p>> {
        let log: SqlParameter<'p> = (&self.id, Type::INT8);
        std::iter::once(log).chain(more.iter().cloned()).collect()
    }

    /// Runs a statement whose parameters from `$2` on are `more`. Returns how many rows it changed.
    pub async fn execute(&self, query: &str, more: &[SqlParameter<'_>]) -> Result<u64, Error> {
        let parameters = self.parameters(more);
        self.client.execute_typed(query, &parameters).await
    }

    /// The same for one that has rows.
    pub async fn query(&self, query: &str, more: &[SqlParameter<'_>]) -> Result<Vec<Row>, Error> {
        let parameters = self.parameters(more);
        self.client.query_typed(query, &parameters).await
    }

    /// The same for one that has just one row.
    pub async fn query_one(&self, query: &str, more: &[SqlParameter<'_>]) -> Result<Row, Error> {
        let parameters = self.parameters(more);
        self.client.query_typed_one(query, &parameters).await
    }

    /// The same for one that may have a row.
    pub async fn query_opt(
        &self,
        query: &str,
        more: &[SqlParameter<'_>],
    ) -> Result<Option<Row>, Error> {
        let parameters = self.parameters(more);
        self.client.query_typed_opt(query, &parameters).await
    }
}

/// Which lines of the log `$1` may not have been read, by one who has read up to the horizon `$2` and
/// the line number `$3`.
///
/// Neither suffices by itself. A line may have got a low number and be committed late: then its
/// transaction was open, and is at or above the horizon. A transaction's number may be given out
/// again after a crash of the server, where the one that had it before came to nothing: then it may be
/// below the horizon. The numbers of committed lines are never given out again.
pub(super) const NOT_READ: &str = "log = $1 AND (transaction >= $2::text::xid8 OR sequence > $3)";

/// The line with the highest number that was read, by which a log is known that was put back to an
/// earlier state: there this number is not given out yet, or to another line. Numbers and transactions
/// may be given out again there, in the same pairs, so the line itself is compared as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct NewestLine {
    /// Its number; 0 where no line was read.
    pub sequence: i64,
    /// The transaction that has added it.
    pub transaction: u64,
    /// Its SHA-256, hexadecimal.
    pub digest: String,
}

impl NewestLine {
    /// What the log has by this number.
    pub async fn at(
        log: &LogHandle<'_, impl GenericClient>,
        sequence: i64,
    ) -> Result<Option<Self>, Error> {
        let query = format!(
            "SELECT sequence, transaction::text, encode(digest, 'hex') FROM {}.lines \
             WHERE log = $1 AND sequence = $2",
            log.schema
        );
        let row = log.query_opt(&query, &[(&sequence, Type::INT8)]).await?;
        Ok(row.as_ref().map(Self::of))
    }

    /// A line's number, transaction and digest, from the first columns of a row.
    pub fn of(row: &Row) -> Self {
        let transaction: &str = row.get(1);
        Self {
            sequence: row.get(0),
            transaction: transaction.parse().unwrap_or(u64::MAX),
            digest: row.get(2),
        }
    }

    /// Whether it is still there.
    pub async fn is_in(&self, log: &LogHandle<'_>) -> Result<bool, Error> {
        Ok(self.sequence == 0 || Self::at(log, self.sequence).await?.as_ref() == Some(self))
    }
}

/// The server's identity and history and the database; empty where it keeps them to itself, which
/// makes each look a whole one.
pub(super) async fn server(session: &Session) -> String {
    const QUERY: &str = "SELECT (SELECT system_identifier::text FROM pg_control_system()) || '/' || \
         CASE WHEN pg_is_in_recovery() \
              THEN (SELECT timeline_id::text FROM pg_control_checkpoint()) \
              ELSE ltrim(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), '0') END || '/' || \
         (SELECT oid::text FROM pg_database WHERE datname = current_database())";
    let row = session.client.query_typed_one(QUERY, &[]).await;
    row.ok()
        .and_then(|row| row.get::<_, Option<String>>(0))
        .unwrap_or_default()
}

/// The server and the database, without the server's history: a promoted standby continues with the same
/// log. None where the server keeps them to itself.
fn place(server: &str) -> Option<String> {
    let mut parts = server.split('/');
    let (system, _, database) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{system}-{database}"))
}

/// Whether one is another database than the other, as far as both are known.
pub(super) fn are_apart(server: &str, other: &str) -> bool {
    let places = place(server).zip(place(other));
    places.is_some_and(|(one, other)| one != other)
}

/// The name under which this computer keeps what it knows of the log of this identity in this database.
/// A copy of a database holds the same log, and goes its own way.
pub(super) fn kept_as(identity: &str, server: &str) -> String {
    let place = place(server).unwrap_or_else(|| "unknown".to_owned());
    format!("{identity}.{place}")
}
