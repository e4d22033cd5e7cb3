//! Why a transaction was not made.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::super::announce::ClaimCap;
use super::super::super::fault::DatabaseError;
use super::super::task::{Answer, Task};
use super::Link;
use crate::jobs::JobKey;

impl Link {
    /// Makes one transaction of `tasks`: what each has come to, once the commit is confirmed.
    pub async fn transact(
        &mut self,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
        caps: &Arc<[ClaimCap]>,
    ) -> Result<Vec<Answer>, DatabaseError> {
        let done = self.try_to_transact(tasks, rows, caps).await;
        // What it has claimed it may have sent.
        let has_sent = !self.own.is_empty();
        done.map_err(|error| {
            if has_sent {
                error.after_orders()
            } else {
                error
            }
        })
    }

    /// To be tried again on a new connection, where what is known is put back first.
    pub(super) fn restored(&self) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "{} does not hold any more what was read of it",
                self.address
            ),
            "run the same command again; nothing was sent",
        )
    }

    pub(super) fn changed(&self) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "the claims of {} were changed although its row is locked",
                self.address
            ),
            "run the same command again; nothing was sent",
        )
    }

    pub(super) fn not_back(&self, host: &str) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "the server of {} was replaced, and a run on {host} that was at work has not come \
                 back to it yet",
                self.address
            ),
            "run the same command again in a minute; nothing was sent",
        )
    }

    pub(super) fn unconfirmed(&self) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "{} has not confirmed that a standby has what was written",
                self.address
            ),
            "check the database's standbys, then run the same command again",
        )
    }
}
