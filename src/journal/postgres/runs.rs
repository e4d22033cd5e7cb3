//! Who is at work: runs, the claims that they hold, and whether they are still heard of.

use std::path::Path;

use tokio_postgres::types::Type;
use tokio_postgres::{Error, GenericClient, Row};

use super::super::address::Address;
use super::super::fault::DatabaseError;
use super::handle::{LogHandle, SqlParameter};
use super::lines::{self, columns};
use super::logs;
use super::schema::{self, SchemaUse};
use super::session::{Session, wait_for};
use crate::disk;
use crate::jobs::JobKey;

/// A run that has not been heard of for so many seconds, by the database's clock, counts as gone.
pub(super) const GONE_AFTER: u32 = 60;

/// In place of a run, with claims that a person has settled: no run takes them back.
pub(super) const SETTLED: &str = "settled";

/// This process, as other computers see it.
#[derive(Clone, Debug)]
pub(super) struct RunRow {
    /// Random.
    pub id: String,
    pub command: String,
    /// Whether the database knows of it.
    pub is_known: bool,
}

impl RunRow {
    pub fn new(command: &str) -> Self {
        Self {
            id: format!("{:032x}", fastrand::u128(..)),
            command: command.to_owned(),
            is_known: false,
        }
    }

    /// Says that it is at work on a server of this history.
    pub async fn show(&self, log: &LogHandle<'_>, history: &str) -> Result<(), Error> {
        let query = format!(
            "INSERT INTO {}.runs (log, id, host, process, command, history) \
             VALUES ($1, $2, $3, $4, $5, nullif($6, '')) \
             ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp(), history = excluded.history",
            log.schema
        );
        let host = disk::host_name();
        let process = i64::from(std::process::id());
        let columns: [SqlParameter<'_>; 5] = [
            (&self.id, Type::TEXT),
            (&host, Type::TEXT),
            (&process, Type::INT8),
            (&self.command, Type::TEXT),
            (&history, Type::TEXT),
        ];
        log.execute(&query, &columns).await.map(drop)
    }

    /// Says that it is still there, on a server of this history.
    pub async fn touch(&self, session: &Session, history: &str) -> Result<(), Error> {
        let schema = session.address.schema();
        let query = format!(
            "UPDATE {schema}.runs SET seen_at = clock_timestamp(), history = nullif($2, '') \
             WHERE id = $1"
        );
        let columns: [SqlParameter<'_>; 2] = [(&self.id, Type::TEXT), (&history, Type::TEXT)];
        let touched = session.client.execute_typed(&query, &columns);
        lines::alone(&session.client, touched).await.map(drop)
    }

    /// Says that it has ended, and in which file answers were left that the log did not take in.
    pub async fn end(&self, session: &Session, kept: Option<&Path>) -> Result<(), Error> {
        let schema = session.address.schema();
        let query = format!(
            "UPDATE {schema}.runs SET seen_at = clock_timestamp(), ended_at = clock_timestamp(), \
             kept = $2 WHERE id = $1"
        );
        let kept = kept.map(|file| file.display().to_string());
        let columns: [SqlParameter<'_>; 2] = [(&self.id, Type::TEXT), (&kept, Type::TEXT)];
        let touched = session.client.execute_typed(&query, &columns);
        lines::alone(&session.client, touched).await.map(drop)
    }

    /// The host of another run that is still heard of, and that has not come back yet since the server
    /// was replaced by one of this history. It may have sent what this server has never heard of, and
    /// puts that back first.
    pub async fn not_back(
        &self,
        log: &LogHandle<'_>,
        history: &str,
    ) -> Result<Option<String>, Error> {
        if history.is_empty() {
            return Ok(None);
        }
        let query = format!(
            "SELECT host FROM {}.runs WHERE log = $1 AND id <> $2 AND history <> $3 AND {} LIMIT 1",
            log.schema,
            is_alive()
        );
        let columns: [SqlParameter<'_>; 2] = [(&self.id, Type::TEXT), (&history, Type::TEXT)];
        let row = log.query_opt(&query, &columns).await?;
        Ok(row.map(|row| row.get(0)))
    }
}

/// Who has claimed an attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct ClaimHolder {
    /// The run; empty for an attempt that came with copied lines; [`SETTLED`] where a person has given it
    /// up; none where it is not claimed.
    pub run: Option<String>,
    /// The host of a run that is still heard of.
    pub alive_on: Option<String>,
    /// Whether a run has taken it over to send the attempt again.
    pub was_resent: bool,
}

/// Who has claimed these attempts, in their order.
pub(super) async fn claims(
    log: &LogHandle<'_>,
    attempts: &[(JobKey, u32)],
) -> Result<Vec<ClaimHolder>, Error> {
    if attempts.is_empty() {
        return Ok(Vec::new());
    }
    let schema = log.schema;
    // Looked up one by one: a plan for all at once would read every claim of a table that the server
    // has not counted yet.
    let query = format!(
        "SELECT claimed.run, claimed.host, coalesce(claimed.resent, false) \
         FROM unnest($2, $3) WITH ORDINALITY AS wanted (job, attempt, place) \
         LEFT JOIN LATERAL \
             (SELECT claims.run, claims.resent, CASE WHEN {} THEN runs.host END AS host \
              FROM {schema}.claims LEFT JOIN {schema}.runs ON runs.id = claims.run \
              WHERE claims.log = $1 AND claims.job = wanted.job \
                  AND claims.attempt = wanted.attempt LIMIT 1) AS claimed ON true \
         ORDER BY wanted.place",
        is_alive()
    );
    let (jobs, numbers) = columns(attempts);
    let columns: [SqlParameter<'_>; 2] = [(&jobs, Type::TEXT_ARRAY), (&numbers, Type::INT4_ARRAY)];
    let rows = log.query(&query, &columns).await?;
    let claimed = rows.iter().map(|row| ClaimHolder {
        run: row.get(0),
        alive_on: row.get(1),
        was_resent: row.get(2),
    });
    Ok(claimed.collect())
}

/// The condition under which a run is still heard of.
pub(super) fn is_alive() -> String {
    format!(
        "runs.ended_at IS NULL AND runs.seen_at > clock_timestamp() - interval '{GONE_AFTER} seconds'"
    )
}

/// A claim as it was seen: its job and attempt, and whose it was.
pub(super) type SeenClaim = (JobKey, u32, String);

/// Gives claims to another run, or to [`SETTLED`], those that still are as they were seen; whether all
/// were.
pub(super) async fn reassign(
    log: &LogHandle<'_>,
    seen: &[SeenClaim],
    to: &str,
) -> Result<bool, Error> {
    if seen.is_empty() {
        return Ok(true);
    }
    let query = format!(
        "UPDATE {}.claims SET run = $5, claimed_at = clock_timestamp(), \
             resent = claims.resent OR $5 <> '{SETTLED}' \
         FROM unnest($2, $3, $4) AS seen (job, attempt, run) \
         WHERE claims.log = $1 AND claims.job = seen.job AND claims.attempt = seen.attempt \
             AND claims.run = seen.run",
        log.schema
    );
    let jobs: Vec<String> = seen.iter().map(|(job, ..)| job.to_string()).collect();
    let numbers: Vec<i32> = seen.iter().map(|(_, number, _)| *number as i32).collect();
    let runs: Vec<&str> = seen.iter().map(|(.., run)| run.as_str()).collect();
    let columns: [SqlParameter<'_>; 4] = [
        (&jobs, Type::TEXT_ARRAY),
        (&numbers, Type::INT4_ARRAY),
        (&runs, Type::TEXT_ARRAY),
        (&to, Type::TEXT),
    ];
    let count = log.execute(&query, &columns).await?;
    Ok(count == seen.len() as u64)
}

/// Takes away runs that were last heard of a month ago, and leases that no one has held since: nothing
/// asks for them any more. Not more than once a day, since leases are looked at one by one with the
/// log's row locked. A role that may not take anything away leaves them.
pub(super) async fn tidy(log: &LogHandle<'_>) -> Result<(), Error> {
    let schema = log.schema;
    let is_due = format!(
        "SELECT has_table_privilege('{schema}.runs', 'DELETE') \
             AND has_table_privilege('{schema}.leases', 'DELETE') \
             AND EXISTS (SELECT FROM {schema}.runs WHERE log = $1 \
                 AND seen_at < clock_timestamp() - interval '31 days')"
    );
    let row = lines::alone(log.client, log.query_one(&is_due, &[])).await?;
    if !row.get::<_, bool>(0) {
        return Ok(());
    }
    let leases = format!(
        "DELETE FROM {schema}.leases WHERE log = $1 \
             AND taken_at < clock_timestamp() - interval '30 days' AND NOT EXISTS \
             (SELECT FROM {schema}.runs WHERE runs.id = leases.run AND {})",
        is_alive()
    );
    let runs = format!(
        "DELETE FROM {schema}.runs WHERE log = $1 \
             AND seen_at < clock_timestamp() - interval '30 days'"
    );
    lines::begin(log).await?;
    log.execute(&leases, &[]).await?;
    log.execute(&runs, &[]).await?;
    lines::commit(log).await
}

/// What a run has kept on this computer's disk is in the log.
pub(super) async fn taken_in(log: &LogHandle<'_>, run: &str) -> Result<(), Error> {
    let query = format!(
        "UPDATE {}.runs SET kept = NULL WHERE log = $1 AND id = $2",
        log.schema
    );
    log.execute(&query, &[(&run, Type::TEXT)]).await.map(drop)
}

/// An attempt that another computer is sending now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeingSent {
    /// The job.
    pub job: JobKey,
    /// The attempt's number.
    pub number: u32,
    /// The computer; of a run that keeps its answers on a disk also where.
    pub on: String,
}

/// Attempts that runs which are still heard of have announced, and of which no outcome is known. Only
/// recent ones: nothing is sent for an hour. Those of a run that has kept answers on its disk count as
/// well, until they are taken in: they have been answered, and only that run's user can read how.
pub(super) async fn being_sent(
    log: &LogHandle<'_, impl GenericClient>,
    version: i32,
) -> Result<Vec<BeingSent>, Error> {
    let schema = log.schema;
    let kept = if version < schema::KEPT {
        "NULL"
    } else {
        "runs.kept"
    };
    let query = format!(
        "SELECT claims.job, claims.attempt, \
             runs.host || coalesce(', where ' || {kept} || ' holds its answer', '') \
         FROM {schema}.runs \
         JOIN {schema}.claims ON claims.run = runs.id AND claims.log = runs.log \
         WHERE runs.log = $1 AND ({kept} IS NOT NULL OR \
             {} AND claims.claimed_at > clock_timestamp() - interval '1 hour') \
         AND NOT EXISTS (SELECT FROM {schema}.lines WHERE lines.log = $1 AND lines.job = claims.job \
             AND lines.attempt = claims.attempt AND lines.status IS DISTINCT FROM 'submitting')",
        is_alive()
    );
    let rows = log.query(&query, &[]).await?;
    let sent = rows.iter().filter_map(|row| {
        let number: i32 = row.get(1);
        Some(BeingSent {
            job: JobKey::parse(row.get(0))?,
            number: number as u32,
            on: row.get(2),
        })
    });
    Ok(sent.collect())
}

/// A run, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRun {
    /// The computer.
    pub host: String,
    /// Its process there.
    pub process: i64,
    /// What it does.
    pub command: String,
    /// Since when, RFC 3339.
    pub started_at: String,
    /// When it was last heard of, RFC 3339.
    pub seen_at: String,
    /// Whether it is still heard of.
    pub is_alive: bool,
}

/// That every run of a log leaves the vendor alone for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBackoff {
    /// The computer that the vendor has asked.
    pub host: String,
    /// Until when, RFC 3339.
    pub until: String,
}

/// An expression for a time, RFC 3339.
fn time(column: &str) -> String {
    format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
}

async fn asked_to_wait(log: &LogHandle<'_>) -> Result<Option<ListedBackoff>, Error> {
    let query = format!(
        "SELECT coalesce(quiet_by, 'a computer'), {} FROM {}.logs \
         WHERE id = $1 AND quiet_until > clock_timestamp()",
        time("quiet_until"),
        log.schema
    );
    let row = lines::alone(log.client, log.query_opt(&query, &[])).await?;
    Ok(row.map(|row| ListedBackoff {
        host: row.get(0),
        until: row.get(1),
    }))
}

/// The runs of the log of `address` that have not ended, the oldest first: those of today, and those
/// that are still heard of; and whether all of them wait.
pub fn at_work(
    address: &Address,
) -> Result<(Vec<ListedRun>, Option<ListedBackoff>), DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        let version = schema::check(&session, SchemaUse::Read).await?;
        if version < schema::RUNS {
            return Ok((Vec::new(), None));
        }
        let log = logs::find(&session).await?;
        let query = format!(
            "SELECT host, process, command, {}, {}, {} FROM {}.runs WHERE log = $1 \
             AND ended_at IS NULL AND seen_at > clock_timestamp() - interval '1 day' \
             ORDER BY started_at",
            time("started_at"),
            time("seen_at"),
            is_alive(),
            address.schema()
        );
        let log = log.of(&session);
        let rows = lines::alone(&session.client, log.query(&query, &[])).await;
        let rows = rows.map_err(|error| session.failed("list the runs of", &error))?;
        let listed = rows.iter().map(|row: &Row| ListedRun {
            host: row.get(0),
            process: row.get(1),
            command: row.get(2),
            started_at: row.get(3),
            seen_at: row.get(4),
            is_alive: row.get(5),
        });
        let asked = async {
            match version {
                schema::QUIET_BY.. => asked_to_wait(&log).await,
                _ => Ok(None),
            }
        };
        let asked = asked.await;
        let asked = asked.map_err(|error| session.failed("list the runs of", &error))?;
        Ok((listed.collect(), asked))
    })
}
