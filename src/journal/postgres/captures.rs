//! Deliveries that receivers keep with the log: each once, whichever receiver gets it.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};

use super::super::address::Address;
use super::super::location::DatabaseError;
use super::lines::LogRow;
use super::logs;
use super::schema::{self, Use};
use super::session::{Session, wait_for};
use crate::disk;

/// A delivery, to be kept with the log.
#[derive(Clone, Debug)]
pub struct KeptCapture {
    /// SHA-256 of what makes it the same delivery as another.
    pub digest: Vec<u8>,
    /// As it would stand in a file of captures.
    pub envelope: String,
}

/// Captures that are read at once.
const PAGE: i64 = 2000;

/// Keeps captures, those that are not there yet.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    schema: &str,
    log: &LogRow,
    captures: &[KeptCapture],
) -> Result<(), Error> {
    let query = format!(
        "INSERT INTO {schema}.captures (log, digest, receiver, envelope) \
         SELECT $1, digest, $4, envelope FROM unnest($2, $3) AS new (digest, envelope) \
         ON CONFLICT (log, digest) DO NOTHING"
    );
    let digests: Vec<&[u8]> = captures.iter().map(|c| c.digest.as_slice()).collect();
    let envelopes: Vec<&str> = captures.iter().map(|c| c.envelope.as_str()).collect();
    let host = disk::host_name();
    let columns: [(&(dyn ToSql + Sync), Type); 4] = [
        (&log.id, Type::INT8),
        (&digests, Type::BYTEA_ARRAY),
        (&envelopes, Type::TEXT_ARRAY),
        (&host, Type::TEXT),
    ];
    transaction.execute_typed(&query, &columns).await?;
    Ok(())
}

/// Some captures of the log, in the order in which they were kept, each with its number: those behind
/// the number `last`, or the first ones behind 0. None are left when there are none.
pub fn captures_behind(address: &Address, last: i64) -> Result<Vec<(i64, String)>, DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        schema::check(&session, Use::Write).await?;
        let log = logs::find(&session).await?;
        let query = format!(
            "SELECT sequence, envelope FROM {}.captures WHERE log = $1 AND sequence > $2 \
             ORDER BY sequence LIMIT $3",
            session.address.schema()
        );
        let columns: [(&(dyn ToSql + Sync), Type); 3] = [
            (&log.id, Type::INT8),
            (&last, Type::INT8),
            (&PAGE, Type::INT8),
        ];
        let rows = session.client.query_typed(&query, &columns).await;
        let rows = rows.map_err(|error| session.failed("read the captures of", &error))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    })
}
