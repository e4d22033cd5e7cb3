//! Deliveries that receivers keep with the log: each once, whichever receiver gets it.

use futures::future::try_join;
use tokio_postgres::Error;
use tokio_postgres::types::Type;

use super::super::address::Address;
use super::super::fault::DatabaseError;
use super::handle::{LogHandle, SqlParameter};
use super::logs;
use super::outbox::{self, Forward, Queued};
use super::schema::SchemaUse;
use super::session::wait_for;

/// A delivery, to be kept with the log.
#[derive(Clone, Debug)]
pub struct KeptCapture {
    /// SHA-256 of what makes it the same delivery as another.
    pub digest: Vec<u8>,
    /// Which receiver keeps it: its host, and something of its own.
    pub receiver: String,
    /// As it would stand in a file of captures.
    pub envelope: String,
    /// Where it is to go, if it is to be forwarded.
    pub forward: Option<Forward>,
}

/// Captures that are read at once.
const PAGE: i64 = 2000;

/// Keeps captures, those that are not there yet, and queues those that are to be forwarded.
pub(super) async fn insert(log: &LogHandle<'_>, captures: &[KeptCapture]) -> Result<(), Error> {
    let insert = format!(
        "INSERT INTO {}.captures (log, digest, receiver, envelope) \
         SELECT $1, new.* FROM unnest($2, $3, $4) AS new (digest, receiver, envelope) \
         ON CONFLICT (log, digest) DO NOTHING",
        log.schema
    );
    let digests: Vec<&[u8]> = captures.iter().map(|c| c.digest.as_slice()).collect();
    let receivers: Vec<&str> = captures.iter().map(|c| c.receiver.as_str()).collect();
    let envelopes: Vec<&str> = captures.iter().map(|c| c.envelope.as_str()).collect();
    let columns: [SqlParameter<'_>; 3] = [
        (&digests, Type::BYTEA_ARRAY),
        (&receivers, Type::TEXT_ARRAY),
        (&envelopes, Type::TEXT_ARRAY),
    ];
    let inserting = log.execute(&insert, &columns);
    let queued = captures.iter().filter_map(|capture| {
        Some(Queued {
            digest: &capture.digest,
            receiver: &capture.receiver,
            forward: capture.forward.as_ref()?,
        })
    });
    let queued: Vec<Queued<'_>> = queued.collect();
    // Polled in this order: the second one finds what the first one has added.
    try_join(inserting, outbox::insert(log, &queued)).await?;
    Ok(())
}

/// Some captures of the log, in the order in which they were kept, each with its number: those behind
/// the number `last`, or the first ones behind 0. None are left when there are none.
pub fn captures_behind(address: &Address, last: i64) -> Result<Vec<(i64, String)>, DatabaseError> {
    wait_for(|| async {
        let (session, log) = logs::open(address, SchemaUse::ReadNewest).await?;
        let query = format!(
            "SELECT sequence, envelope FROM {}.captures WHERE log = $1 AND sequence > $2 \
             ORDER BY sequence LIMIT $3",
            session.address.schema()
        );
        let columns: [SqlParameter<'_>; 2] = [(&last, Type::INT8), (&PAGE, Type::INT8)];
        let rows = log.of(&session).query(&query, &columns).await;
        let rows = rows.map_err(|error| session.failed("read the captures of", &error))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    })
}
