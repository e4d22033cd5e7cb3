//! Deliveries that have still to be forwarded. They come into the log's database with the capture. A
//! receiver leases some of them, by the database's clock: no other one forwards these meanwhile, and
//! what a receiver that has died leaves behind, another one takes over.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::super::address::Address;
use super::super::announce::CLAIM_HOLDS;
use super::super::fault::DatabaseError;
use super::handle::{LogHandle, LogRow, SqlParameter};
use super::leases::Key;
use super::lines;
use super::logs;
use super::schema::SchemaUse;
use super::session::Session;
use crate::clock;

/// How long a delivery is a receiver's, unless it says again that it is there.
const LEASE_SECONDS: u32 = 60;
/// Deliveries that are leased at once. They are held in memory.
const PAGE: i64 = 32;
/// How long a statement may take.
const LONGEST: Duration = Duration::from_secs(10);

/// Where a delivery is to go.
#[derive(Clone, Debug)]
pub struct Forward {
    /// SHA-256 of the address.
    pub target: Key,
    /// What makes it the same delivery as another, for that address.
    pub digest: Vec<u8>,
}

/// A delivery that this receiver has leased.
#[derive(Debug)]
pub struct LeasedDelivery {
    /// The capture's number.
    pub number: i64,
    /// As it stands in a file of captures.
    pub envelope: String,
}

/// The deliveries of one log that wait for one address, as one receiver sees them.
pub struct Outbox {
    address: Address,
    target: Key,
    /// Random: what it has leased is its own.
    holder: String,
    session: Option<(Session, LogRow)>,
    /// The computer's uptime before its leases were last confirmed.
    confirmed: Duration,
}

/// A capture that is to be forwarded.
pub(super) struct Queued<'c> {
    /// The capture's digest.
    pub digest: &'c [u8],
    /// Which receiver keeps it.
    pub receiver: &'c str,
    /// Where it is to go.
    pub forward: &'c Forward,
}

/// Puts deliveries into the outbox, in the transaction that keeps them: those that their receiver has
/// kept itself. What comes again is there already.
pub(super) async fn insert(log: &LogHandle<'_>, queued: &[Queued<'_>]) -> Result<(), Error> {
    if queued.is_empty() {
        return Ok(());
    }
    let schema = log.schema;
    let insert = format!(
        "INSERT INTO {schema}.outbox (log, target, digest, capture) \
         SELECT $1, new.target, new.digest, captures.sequence \
         FROM unnest($2, $3, $4, $5) AS new (capture, receiver, target, digest) \
         JOIN {schema}.captures ON captures.log = $1 AND captures.digest = new.capture \
             AND captures.receiver = new.receiver \
         ON CONFLICT (log, target, digest) DO NOTHING"
    );
    let kept: Vec<&[u8]> = queued.iter().map(|one| one.digest).collect();
    let receivers: Vec<&str> = queued.iter().map(|one| one.receiver).collect();
    let forwards = || queued.iter().map(|one| one.forward);
    let targets: Vec<&[u8]> = forwards().map(|f| f.target.as_slice()).collect();
    let digests: Vec<&[u8]> = forwards().map(|f| f.digest.as_slice()).collect();
    let columns: [SqlParameter<'_>; 4] = [
        (&kept, Type::BYTEA_ARRAY),
        (&receivers, Type::TEXT_ARRAY),
        (&targets, Type::BYTEA_ARRAY),
        (&digests, Type::BYTEA_ARRAY),
    ];
    log.execute(&insert, &columns).await.map(drop)
}

/// What waits for the address, in the words of a query.
const WAITS: &str = "log = $1 AND target = $2 AND taken_at IS NULL";

impl Outbox {
    /// One that the database was not asked for.
    #[cfg(test)]
    pub fn unasked(address: &Address, target: Key) -> Self {
        Self::new(address, target)
    }

    fn new(address: &Address, target: Key) -> Self {
        Self {
            address: address.clone(),
            target,
            holder: format!("{:032x}", fastrand::u128(..)),
            session: None,
            confirmed: Duration::ZERO,
        }
    }

    /// Prepares to forward what the log of `address` holds for `target`. What was refused before is
    /// tried once more.
    pub async fn open(address: &Address, target: Key) -> Result<Self, DatabaseError> {
        let mut outbox = Self::new(address, target);
        let again = format!(
            "UPDATE {{schema}}.outbox SET refused_at = NULL \
             WHERE {WAITS} AND refused_at IS NOT NULL"
        );
        outbox.query(&again, &[]).await?;
        Ok(outbox)
    }

    /// Leases the next deliveries behind the number `last`: what no one forwards, in their order. Others
    /// may do so at the same time, and get others. None are left when there are none.
    pub async fn lease(&mut self, last: i64) -> Result<Vec<LeasedDelivery>, DatabaseError> {
        let lease = format!(
            "WITH due AS ( \
                 SELECT digest FROM {{schema}}.outbox \
                 WHERE {WAITS} AND refused_at IS NULL AND capture > {last} \
                     AND (holder IS NULL OR holder = $3 OR held_until < clock_timestamp()) \
                 ORDER BY capture LIMIT {PAGE} FOR UPDATE SKIP LOCKED), \
             leased AS ( \
                 UPDATE {{schema}}.outbox SET holder = $3, held_until = {} FROM due \
                 WHERE outbox.log = $1 AND outbox.target = $2 AND outbox.digest = due.digest \
                 RETURNING outbox.capture) \
             SELECT captures.sequence, captures.envelope FROM leased \
             JOIN {{schema}}.captures ON captures.log = $1 AND captures.sequence = leased.capture \
             ORDER BY captures.sequence",
            lease_end()
        );
        let before = clock::uptime();
        let rows = self.query(&lease, &[]).await?;
        self.confirmed = before;
        let waiting = rows.iter().map(|row| LeasedDelivery {
            number: row.get(0),
            envelope: row.get(1),
        });
        Ok(waiting.collect())
    }

    /// Whether its leases were confirmed so shortly ago that a request may begin.
    pub fn holds(&self) -> bool {
        clock::uptime().saturating_sub(self.confirmed) <= CLAIM_HOLDS
    }

    /// Says that it is still there. Returns those of the deliveries that are still its own.
    pub async fn renew(&mut self, numbers: &[i64]) -> Result<Vec<i64>, DatabaseError> {
        let renew = format!(
            "UPDATE {{schema}}.outbox SET held_until = {} \
             WHERE {WAITS} AND holder = $3 AND capture = ANY ($4) RETURNING capture",
            lease_end()
        );
        let before = clock::uptime();
        let rows = self.query(&renew, numbers).await?;
        self.confirmed = before;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Notes that the address has taken deliveries.
    pub async fn mark_taken(&mut self, numbers: &[i64]) -> Result<(), DatabaseError> {
        self.settle("taken_at = clock_timestamp()", numbers).await
    }

    /// Notes that the address does not want deliveries. They are left alone until a receiver begins.
    pub async fn mark_refused(&mut self, numbers: &[i64]) -> Result<(), DatabaseError> {
        self.settle("refused_at = clock_timestamp()", numbers).await
    }

    async fn settle(&mut self, what: &str, numbers: &[i64]) -> Result<(), DatabaseError> {
        let settle = format!(
            "UPDATE {{schema}}.outbox SET {what}, holder = NULL, held_until = NULL \
             WHERE {WAITS} AND capture = ANY ($4)"
        );
        self.query(&settle, numbers).await.map(drop)
    }

    /// How soon something may be taken over that another receiver has; nothing where none has any.
    pub async fn next_end(&mut self) -> Result<Option<Duration>, DatabaseError> {
        let query = format!(
            "SELECT (extract(epoch FROM min(held_until) - clock_timestamp()) * 1000)::bigint \
             FROM {{schema}}.outbox WHERE {WAITS} AND refused_at IS NULL AND holder <> $3"
        );
        let rows = self.query(&query, &[]).await?;
        let left: Option<i64> = rows.first().and_then(|row| row.get(0));
        Ok(left.map(|left| Duration::from_millis(u64::try_from(left).unwrap_or(0))))
    }

    /// Leaves to others what it has not forwarded. Returns how many deliveries wait that no other
    /// receiver forwards just now.
    pub async fn release(&mut self) -> Result<u64, DatabaseError> {
        let release = format!(
            "UPDATE {{schema}}.outbox SET holder = NULL, held_until = NULL \
             WHERE {WAITS} AND holder = $3"
        );
        self.query(&release, &[]).await?;
        let count = format!(
            "SELECT count(*) FROM {{schema}}.outbox \
             WHERE {WAITS} AND (holder IS NULL OR held_until < clock_timestamp())"
        );
        let rows = self.query(&count, &[]).await?;
        let count: i64 = rows.first().map_or(0, |row| row.get(0));
        Ok(count.unsigned_abs())
    }

    /// How many deliveries of the log wait for other addresses.
    pub async fn waiting_elsewhere(&mut self) -> Result<u64, DatabaseError> {
        let count = "SELECT count(*) FROM {schema}.outbox \
                     WHERE log = $1 AND target <> $2 AND taken_at IS NULL AND refused_at IS NULL";
        let rows = self.query(count, &[]).await?;
        let count: i64 = rows.first().map_or(0, |row| row.get(0));
        Ok(count.unsigned_abs())
    }

    /// Leaves the server alone until the next statement.
    pub fn disconnect(&mut self) {
        self.session = None;
    }

    /// Runs one statement, a transaction of its own: the log is `$1`, the target `$2`, this receiver
    /// `$3`, the deliveries `$4`.
    async fn query(&mut self, text: &str, numbers: &[i64]) -> Result<Vec<Row>, DatabaseError> {
        let done = timeout(LONGEST, self.query_at_last(text, numbers)).await;
        let done = done.unwrap_or_else(|_| Err(not_answered()));
        if done.is_err() {
            self.session = None;
        }
        done
    }

    async fn query_at_last(
        &mut self,
        text: &str,
        numbers: &[i64],
    ) -> Result<Vec<Row>, DatabaseError> {
        let (session, log) = match &mut self.session {
            Some(open) if !open.0.client.is_closed() => open,
            other => other.insert(logs::open(&self.address, SchemaUse::Write).await?),
        };
        let text = text.replace("{schema}", session.address.schema());
        let columns: [SqlParameter<'_>; 3] = [
            (&self.target.as_slice(), Type::BYTEA),
            (&self.holder, Type::TEXT),
            (&numbers, Type::INT8_ARRAY),
        ];
        let log = log.of(session);
        let rows = lines::alone(&session.client, log.query(&text, &columns)).await;
        rows.map_err(|error| session.failed("forward what waits in", &error))
    }
}

fn lease_end() -> String {
    format!("clock_timestamp() + interval '{LEASE_SECONDS} seconds'")
}

fn not_answered() -> DatabaseError {
    DatabaseError::temporary(
        format!(
            "the database has not answered for {} seconds",
            LONGEST.as_secs()
        ),
        "check that the server runs and can be reached",
    )
}
