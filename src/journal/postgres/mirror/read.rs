//! Reading what a mirror does not know yet.

use std::collections::HashSet;
use std::io::Write;

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::Type;

use super::super::handle::{LogRow, NOT_READ, NewestLine, QueryError, SqlParameter};
use super::super::recent;
use super::super::runs::{self, BeingSent};
use super::super::schema;
use super::super::session::Session;

/// What a mirror knows of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorState {
    /// The server, its history and the database, as far as the server says so.
    pub server: String,
    /// Bytes of the mirror.
    pub length: u64,
    /// The oldest transaction that was still open.
    pub horizon: u64,
    /// Numbers of the lines at or above it that are in the mirror.
    pub open: Vec<i64>,
    /// The newest line that is in the mirror.
    pub newest: NewestLine,
    /// Where the log was: each server that its address named, with the database, the schema and its name.
    #[serde(default)]
    pub at: Vec<String>,
}

/// What a look at a log's lines takes, and what it sees beside them.
pub struct MirrorSync {
    pub log: LogRow,
    /// The tables' version.
    pub version: i32,
    pub being_sent: Vec<BeingSent>,
    /// Lines that commands on this computer have seen there before.
    pub recent: Vec<u8>,
    /// Those of them that are not there any more.
    pub lost: String,
}

/// Appends what `state` does not know to `writer`, and returns the state afterwards, its length
/// aside.
pub async fn read(
    session: &mut Session,
    look: &mut MirrorSync,
    state: &MirrorState,
    writer: &mut impl Write,
) -> Result<MirrorState, QueryError> {
    let schema = session.address.schema();
    let transaction = session
        .client
        .build_transaction()
        // One snapshot for the horizon, the lines and the claims.
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    // A log may be long; a role's limit is for other work.
    transaction
        .batch_execute("SET LOCAL statement_timeout = 0")
        .await?;
    let horizon = transaction
        .query_typed_one("SELECT pg_snapshot_xmin(pg_current_snapshot())::text", &[])
        .await?
        .get::<_, String>(0);
    let query = format!(
        "SELECT sequence, transaction >= $4::text::xid8, line FROM {schema}.lines \
         WHERE {NOT_READ} ORDER BY sequence"
    );
    let from = state.horizon.to_string();
    let parameters: [SqlParameter<'_>; 4] = [
        (&look.log.id, Type::INT8),
        (&from, Type::TEXT),
        (&state.newest.sequence, Type::INT8),
        (&horizon, Type::TEXT),
    ];
    let rows = transaction.query_typed_raw(&query, parameters).await?;
    let mut rows = std::pin::pin!(rows);
    let known: HashSet<i64> = state.open.iter().copied().collect();
    let mut next = MirrorState {
        server: state.server.clone(),
        length: state.length,
        horizon: horizon.parse().unwrap_or(0),
        open: Vec::new(),
        newest: state.newest.clone(),
        at: state.at.clone(),
    };
    while let Some(row) = rows.try_next().await? {
        let sequence: i64 = row.get(0);
        next.newest.sequence = next.newest.sequence.max(sequence);
        if row.get::<_, bool>(1) {
            next.open.push(sequence);
        }
        if known.contains(&sequence) {
            continue;
        }
        let line: &str = row.get(2);
        writer.write_all(line.as_bytes())?;
        writer.write_all(b"\n")?;
        next.length += line.len() as u64 + 1;
    }
    let log = look.log.on(&transaction, schema);
    let sequence = next.newest.sequence;
    let newest = NewestLine::at(&log, sequence).await?;
    // One that has since disappeared does not count, and everything is read again.
    next.newest = newest.unwrap_or(NewestLine {
        sequence,
        ..NewestLine::default()
    });
    // In this transaction: what follows its end at once, a pooler may give to another connection.
    look.lost = recent::lost(&look.recent, &log).await?;
    if look.version >= schema::RUNS {
        look.being_sent = runs::being_sent(&log, look.version).await?;
    }
    Ok(next)
}

/// The beginning of a line's SHA-256.
pub fn digest(line: &str) -> [u8; 16] {
    let whole = Sha256::digest(line.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}
