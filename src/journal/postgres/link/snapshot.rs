//! What the database holds that a batch depends on, read with the lock on the log's row.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::future::{try_join3, try_join4};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::super::handle::{LogHandle, NOT_READ, NewestLine, SqlParameter};
use super::super::leases::{self, Key};
use super::super::lines::{self, ClaimHalt};
use super::super::mirror::MirrorSource;
use super::super::runs::{self, BeingSent, ClaimHolder, RunRow};
use super::super::schema::VERSION;
use super::super::task::{Task, TaskKind};
use crate::jobs::JobKey;

/// In place of a line's number, with the row that names the horizon.
pub(super) const HORIZON: i64 = 0;
/// In place of its number, with the row of the newest known line where that is still there.
pub(super) const NEWEST: i64 = -1;

/// What is known of the log: how far it was read, which lines at or above the horizon are known, and the
/// newest one of all.
type KnownLines<'a> = (&'a MirrorSource, &'a BTreeMap<i64, u64>, &'a NewestLine);

/// What the database holds that a batch depends on.
pub(super) struct Snapshot {
    /// Lines that were not read yet, and the horizon.
    pub unread: Vec<Row>,
    /// Of each attempt, in the tasks' order.
    pub claimed: Vec<ClaimHolder>,
    /// The host of a run that has not come back yet since the server was replaced.
    pub missing: Option<String>,
    pub halted: ClaimHalt,
    /// Leases that other runs have, with their hosts.
    pub leased: HashMap<Key, String>,
    /// Of each attempt that was not accepted, in the order of [`refusals`].
    pub resent: Vec<ClaimHolder>,
    /// What other runs are sending now, where that was asked.
    pub being_sent: Option<Vec<BeingSent>>,
}

/// Begins a transaction with the lock on the log's row, and reads what the decisions need.
pub(super) async fn read(
    log: &LogHandle<'_>,
    tasks: &[Task],
    run: &RunRow,
    known: KnownLines<'_>,
) -> Result<Snapshot, Error> {
    let asks = |kind: fn(&TaskKind) -> bool| tasks.iter().any(|task| kind(&task.kind));
    let begin = lines::begin(log);
    // Always: lines that were lost must be known before this adds any.
    let unread = unread(log, known);
    let attempts: Vec<_> = tasks.iter().filter_map(|t| t.kind.attempt()).collect();
    let claimed = runs::claims(log, &attempts);
    let announces = asks(|kind| matches!(kind, TaskKind::Announce(_)));
    let (source, ..) = known;
    let missing = when(announces, run.not_back(log, &source.server));
    let may_be_halted = asks(TaskKind::may_be_halted);
    let halted = when(may_be_halted, lines::halted(log));
    let keys = tasks.iter().filter_map(|task| match &task.kind {
        TaskKind::Lease(key) => Some(*key),
        _ => None,
    });
    let leased = leases::take(log, keys.collect(), &run.id);
    let refused: Vec<_> = refusals(tasks).map(|(attempt, _)| attempt).collect();
    let resent = runs::claims(log, &refused);
    let refreshes = asks(|kind| matches!(kind, TaskKind::Refresh));
    let being_sent = when(refreshes, runs::being_sent(log, VERSION));
    // The transaction begins first, since these are polled in this order.
    let ((), unread, (claimed, missing, halted), (leased, resent, being_sent)) = try_join4(
        begin,
        unread,
        try_join3(claimed, missing, halted),
        try_join3(leased, resent, being_sent),
    )
    .await?;
    Ok(Snapshot {
        unread,
        claimed,
        missing: missing.flatten(),
        halted: halted.unwrap_or_default(),
        leased,
        resent,
        being_sent,
    })
}

/// Lines that this process has not read yet, behind the transaction of the newest one that it has
/// and the horizon.
async fn unread(
    log: &LogHandle<'_>,
    (source, open, newest): KnownLines<'_>,
) -> Result<Vec<Row>, Error> {
    let schema = log.schema;
    // One statement, and so one snapshot, for the lines and the horizon. Where a transaction of
    // anyone's stays open for long, many lines are at or above the horizon: they are joined, since
    // older servers compare a line with an array's elements one by one.
    let query = format!(
        "SELECT sequence, transaction::text, encode(digest, 'hex'), line FROM {schema}.lines \
         WHERE {NOT_READ} AND NOT EXISTS \
             (SELECT FROM unnest($4) AS open (number) WHERE open.number = lines.sequence) \
         UNION ALL SELECT {HORIZON}, pg_snapshot_xmin(pg_current_snapshot())::text, '', NULL \
         UNION ALL SELECT {NEWEST}, transaction::text, encode(digest, 'hex'), NULL \
             FROM {schema}.lines WHERE log = $1 AND sequence = $5 ORDER BY 1"
    );
    let from = source.horizon.to_string();
    let read_to = source.newest.sequence;
    let known: Vec<i64> = open.keys().copied().collect();
    let parameters: [SqlParameter<'_>; 4] = [
        (&from, Type::TEXT),
        (&read_to, Type::INT8),
        (&known, Type::INT8_ARRAY),
        (&newest.sequence, Type::INT8),
    ];
    log.query(&query, &parameters).await
}

/// Lines that say that an attempt was not accepted, each with the attempt.
fn refusals(tasks: &[Task]) -> impl Iterator<Item = ((JobKey, u32), &str)> {
    let tasks = tasks
        .iter()
        .filter(|task| matches!(task.kind, TaskKind::Lines | TaskKind::TakeIn(_)));
    let lines = tasks.flat_map(|task| task.lines.lines());
    lines.filter_map(|line| Some((line.refused()?, line.text.as_str())))
}

/// Those of them that are not true any more: someone has had the attempt sent again meanwhile, which
/// may have been accepted.
pub(super) fn outdated<'t>(tasks: &'t [Task], claimed: &[ClaimHolder]) -> HashSet<&'t str> {
    let lines = refusals(tasks).zip(claimed);
    let outdated = lines.filter(|(_, claimed)| claimed.was_resent);
    outdated.map(|((_, line), _)| line).collect()
}

/// What `work` comes to, where it is to be done.
pub(super) async fn when<T, E>(
    is_due: bool,
    work: impl Future<Output = Result<T, E>>,
) -> Result<Option<T>, E> {
    if is_due {
        work.await.map(Some)
    } else {
        Ok(None)
    }
}
