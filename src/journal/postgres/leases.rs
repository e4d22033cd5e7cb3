//! Leases: which run fetches or publishes what, so that no other one does so at the same time.
//!
//! Nothing of it is an order. So, unlike a claim, a lease ends with its run: when that is not heard
//! of any more, another one gets it.

use std::collections::{HashMap, HashSet};

use futures::future::try_join;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::handle::{LogHandle, SqlParameter};
use super::runs;

/// What a lease is on: the SHA-256 of its name.
pub type Key = [u8; 32];

/// Takes leases for a run. Returns those that it does not get, each with the host that has it. The
/// log's row is locked.
pub(super) async fn take(
    log: &LogHandle<'_>,
    keys: HashSet<Key>,
    run: &str,
) -> Result<HashMap<Key, String>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<&[u8]> = keys.iter().map(<[u8; 32]>::as_slice).collect();
    let parameters: [SqlParameter<'_>; 2] = [(&keys, Type::BYTEA_ARRAY), (&run, Type::TEXT)];
    let schema = log.schema;
    let is_alive = runs::is_alive();
    let take = format!(
        "INSERT INTO {schema}.leases AS held (log, key, run) \
         SELECT $1, key, $3 FROM unnest($2) AS new (key) \
         ON CONFLICT (log, key) DO UPDATE SET run = $3, taken_at = clock_timestamp() \
         WHERE held.run = $3 OR NOT EXISTS \
             (SELECT FROM {schema}.runs WHERE runs.id = held.run AND {is_alive})"
    );
    let others = format!(
        "SELECT leases.key, runs.host FROM {schema}.leases \
         JOIN {schema}.runs ON runs.id = leases.run \
         WHERE leases.log = $1 AND leases.key = ANY ($2) AND leases.run <> $3"
    );
    let taking = log.execute(&take, &parameters);
    let (_, rows) = try_join(taking, log.query(&others, &parameters)).await?;
    let other = |row: &Row| {
        let key: &[u8] = row.get(0);
        Some((key.try_into().ok()?, row.get(1)))
    };
    Ok(rows.iter().filter_map(other).collect())
}
