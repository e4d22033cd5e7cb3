//! How far a log was read.

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, GenericClient};

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
/// earlier state: there this number is not given out yet, or to a line of another transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Newest {
    /// Its number; 0 where no line was read.
    pub sequence: i64,
    /// The transaction that has added it.
    pub transaction: u64,
}

impl Newest {
    /// Whether it is still there.
    pub async fn is_in(&self, log: &LogHandle<'_>) -> Result<bool, Error> {
        let there = transaction_of(log, self.sequence).await?;
        Ok(self.was_added_by(there))
    }

    /// Whether that is the transaction which the database names for its number.
    pub fn was_added_by(&self, transaction: Option<u64>) -> bool {
        self.sequence == 0 || transaction == Some(self.transaction)
    }
}

/// The transaction that has added the line of this number.
pub(super) async fn transaction_of(
    log: &LogHandle<'_, impl GenericClient>,
    sequence: i64,
) -> Result<Option<u64>, Error> {
    let query = format!(
        "SELECT transaction::text FROM {}.lines WHERE log = $1 AND sequence = $2",
        log.schema
    );
    let row = log.query_opt(&query, &[(&sequence, Type::INT8)]).await?;
    Ok(row.and_then(|row| row.get::<_, &str>(0).parse().ok()))
}
