//! How far a log was read.

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, GenericClient, Row};

use super::handle::LogHandle;

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
pub(super) struct Newest {
    /// Its number; 0 where no line was read.
    pub sequence: i64,
    /// The transaction that has added it.
    pub transaction: u64,
    /// Its SHA-256, hexadecimal.
    pub digest: String,
}

impl Newest {
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
