//! A log of a database with a connection to it: what every statement about it needs.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, GenericClient, Row};

use super::session::Session;

/// A log's row.
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
pub(super) type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// A log, where statements about it go.
pub(super) struct LogHandle<'a, C = Client> {
    pub client: &'a C,
    /// The schema of the tables.
    pub schema: &'a str,
    /// The log's number: `$1` of each statement.
    pub id: i64,
}

impl<C: GenericClient> LogHandle<'_, C> {
    fn parameters<'p>(&'p self, more: &[Parameter<'p>]) -> Vec<Parameter<'p>> {
        let log: Parameter<'p> = (&self.id, Type::INT8);
        std::iter::once(log).chain(more.iter().cloned()).collect()
    }

    /// Runs a statement whose parameters from `$2` on are `more`. Returns how many rows it changed.
    pub async fn execute(&self, query: &str, more: &[Parameter<'_>]) -> Result<u64, Error> {
        let parameters = self.parameters(more);
        self.client.execute_typed(query, &parameters).await
    }

    /// The same for one that has rows.
    pub async fn query(&self, query: &str, more: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        let parameters = self.parameters(more);
        self.client.query_typed(query, &parameters).await
    }

    /// The same for one that has just one row.
    pub async fn query_one(&self, query: &str, more: &[Parameter<'_>]) -> Result<Row, Error> {
        let parameters = self.parameters(more);
        self.client.query_typed_one(query, &parameters).await
    }

    /// The same for one that may have a row.
    pub async fn query_opt(
        &self,
        query: &str,
        more: &[Parameter<'_>],
    ) -> Result<Option<Row>, Error> {
        let parameters = self.parameters(more);
        self.client.query_typed_opt(query, &parameters).await
    }
}
