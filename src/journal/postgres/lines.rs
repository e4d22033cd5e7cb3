//! The lines and claims of one log, written with the lock on its row.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{try_join, try_join3};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, GenericClient};

use super::super::announce::Refused;
use super::handle::{LogHandle, Parameter};
use super::position::Newest;
use crate::jobs::{JobKey, Line};

/// Lines on their way into a log, as columns.
#[derive(Debug, Default)]
pub struct Merge {
    digests: Vec<Vec<u8>>,
    jobs: Vec<Option<String>>,
    attempts: Vec<Option<i32>>,
    statuses: Vec<Option<String>>,
    ids: Vec<Option<String>>,
    lines: Vec<String>,
    /// Attempts that the lines speak of.
    claims: BTreeSet<(JobKey, u32)>,
}

impl Merge {
    /// Adds a line, without its newline.
    pub fn push(&mut self, line: &str) {
        let parts = Line::parts(line).unwrap_or_default();
        for part in &parts {
            // Whatever is known of an attempt, no one may make it again.
            if part.word.status().is_some() {
                self.claims.insert((part.job, part.attempt));
            }
        }
        let single = (parts.len() == 1).then(|| &parts[0]);
        self.digests.push(digest(line));
        self.jobs
            .push(parts.first().map(|part| part.job.to_string()));
        self.attempts.push(single.map(|part| part.attempt as i32));
        self.statuses
            .push(single.map(|part| part.word.as_str().to_owned()));
        let id = single.and_then(|part| part.generation_id.as_ref());
        self.ids.push(id.map(|id| id.as_str().to_owned()));
        self.lines.push(line.to_owned());
    }

    /// Adds whole lines, each with its newline.
    pub fn push_all(&mut self, lines: &str) {
        let lines = lines.lines().filter(|line| !line.is_empty());
        lines.for_each(|line| self.push(line));
    }

    /// Leaves out the claims of attempts that are known to be claimed.
    pub(super) fn skip_claims(&mut self, is_claimed: impl Fn(&(JobKey, u32)) -> bool) {
        self.claims.retain(|attempt| !is_claimed(attempt));
    }

    /// The digests of the lines.
    pub(super) fn digests(&self) -> &[Vec<u8>] {
        &self.digests
    }

    /// The lines, each with its newline.
    pub(super) fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// By what a line is known in the table.
pub(super) fn digest(line: &str) -> Vec<u8> {
    Sha256::digest(line.as_bytes()).to_vec()
}

/// Which of these digests no line of the log has, by their places.
pub(super) async fn missing(
    log: &LogHandle<'_, impl GenericClient>,
    digests: &[Vec<u8>],
) -> Result<Vec<usize>, Error> {
    let query = format!(
        "SELECT place - 1 FROM unnest($2) WITH ORDINALITY AS sought (digest, place) \
         WHERE NOT EXISTS (SELECT FROM {}.lines WHERE log = $1 AND lines.digest = sought.digest)",
        log.schema
    );
    let rows = log.query(&query, &[(&digests, Type::BYTEA_ARRAY)]).await?;
    Ok(rows
        .iter()
        .map(|row| row.get::<_, i64>(0) as usize)
        .collect())
}

/// Adds lines in a transaction of their own.
pub(super) async fn add(log: &LogHandle<'_>, part: &Merge) -> Result<(), Error> {
    begin(log).await?;
    insert(log, part).await?;
    commit(log).await
}

/// Begins a transaction. The server's own settings do not matter: each statement sees what was committed
/// before it, and a commit is confirmed once it is on the server's disk. A computer that falls asleep in
/// the middle does not hold up all others.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL lock_timeout = '15s'; \
     SET LOCAL idle_in_transaction_session_timeout = '10s'; \
     SELECT set_config('synchronous_commit', 'on', true) \
         WHERE current_setting('synchronous_commit') = 'off'";

/// Makes a transaction of one statement, which must not have been sent yet; the network is waited for once.
pub(super) async fn alone<T>(
    client: &Client,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // They go out in this order, since they are polled in it.
    let (begin, commit) = (client.batch_execute(BEGIN), client.batch_execute("COMMIT"));
    let ((), done, ()) = try_join3(begin, statement, commit).await?;
    Ok(done)
}

/// Begins a transaction and locks a log's row, for the rest of it: a writer that claims attempts of the
/// log decides before or after this, not meanwhile. A statement that waited for the lock must not read
/// the log as it was before that. After an error the session is closed, and the server rolls back.
pub(super) async fn begin(log: &LogHandle<'_>) -> Result<(), Error> {
    let begin = format!(
        "{BEGIN}; SELECT FROM {}.logs WHERE id = {} FOR UPDATE",
        log.schema, log.id
    );
    log.client.batch_execute(&begin).await
}

/// Commits what [`begin`] has begun.
pub(super) async fn commit(log: &LogHandle<'_>) -> Result<(), Error> {
    log.client.batch_execute("COMMIT").await
}

/// Adds lines, and claims what they speak of, where that is not there yet. Returns where the new lines
/// are.
pub(super) async fn insert(log: &LogHandle<'_>, part: &Merge) -> Result<Vec<Newest>, Error> {
    if part.is_empty() {
        return Ok(Vec::new());
    }
    let schema = log.schema;
    let lines = format!(
        "INSERT INTO {schema}.lines (log, digest, job, attempt, status, generation_id, line) \
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7) ON CONFLICT (log, digest) DO NOTHING \
         RETURNING sequence, transaction::text, encode(digest, 'hex')"
    );
    let columns: [Parameter<'_>; 6] = [
        (&part.digests, Type::BYTEA_ARRAY),
        (&part.jobs, Type::TEXT_ARRAY),
        (&part.attempts, Type::INT4_ARRAY),
        (&part.statuses, Type::TEXT_ARRAY),
        (&part.ids, Type::TEXT_ARRAY),
        (&part.lines, Type::TEXT_ARRAY),
    ];
    let adding = log.query(&lines, &columns);
    let claiming = claim(log, &part.claims, "");
    let (added, ()) = try_join(adding, claiming).await?;
    Ok(added.iter().map(Newest::of).collect())
}

/// All lines of the jobs whose attempts `part` announces.
pub(super) async fn of_announced(log: &LogHandle<'_>, part: &Merge) -> Result<Vec<String>, Error> {
    let announces = |status: &Option<String>| {
        // One that stands for several lines may announce as well.
        status.as_ref().is_none_or(|status| status == "submitting")
    };
    let jobs = part.jobs.iter().zip(&part.statuses);
    let jobs = jobs.filter(|(_, status)| announces(status));
    let jobs: BTreeSet<&str> = jobs.filter_map(|(job, _)| job.as_deref()).collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT line FROM {}.lines WHERE log = $1 AND job = ANY ($2) ORDER BY sequence",
        log.schema
    );
    let jobs: Vec<&str> = jobs.into_iter().collect();
    let rows = log.query(&query, &[(&jobs, Type::TEXT_ARRAY)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Claims attempts for a run, those that no one has claimed.
pub(super) async fn claim(
    log: &LogHandle<'_>,
    attempts: impl IntoIterator<Item = &(JobKey, u32)>,
    run: &str,
) -> Result<(), Error> {
    let (jobs, attempts) = columns(attempts);
    if jobs.is_empty() {
        return Ok(());
    }
    let claims = format!(
        "INSERT INTO {}.claims (log, job, attempt, run) \
         SELECT $1, job, attempt, $4 FROM unnest($2, $3) AS new (job, attempt) \
         ON CONFLICT DO NOTHING",
        log.schema
    );
    let columns: [Parameter<'_>; 3] = [
        (&jobs, Type::TEXT_ARRAY),
        (&attempts, Type::INT4_ARRAY),
        (&run, Type::TEXT),
    ];
    log.execute(&claims, &columns).await.map(drop)
}

/// Attempts as two columns: jobs and numbers.
pub(super) fn columns<'a>(
    attempts: impl IntoIterator<Item = &'a (JobKey, u32)>,
) -> (Vec<String>, Vec<i32>) {
    let attempts = attempts.into_iter();
    attempts
        .map(|(job, number)| (job.to_string(), *number as i32))
        .unzip()
}

/// Why nothing may be claimed just now.
#[derive(Debug, Default)]
pub(super) struct Halted {
    /// By whom the log is paused, and since when.
    pub paused: Option<String>,
    /// How long the vendor wants to be left alone yet.
    pub quiet: Option<Duration>,
}

impl Halted {
    /// Why an attempt is not claimed; nothing where it may be.
    pub fn refusal(&self) -> Option<Refused> {
        let paused = self.paused.clone().map(Refused::Paused);
        paused.or_else(|| self.not_before())
    }

    /// The same for those that a pause of the log does not concern.
    pub fn not_before(&self) -> Option<Refused> {
        self.quiet.map(Refused::NotBefore)
    }
}

/// Whether anything may be claimed.
pub(super) async fn halted(log: &LogHandle<'_>) -> Result<Halted, Error> {
    let query = format!(
        "SELECT paused_by, to_char(paused_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         (extract(epoch FROM quiet_until - clock_timestamp()) * 1000)::bigint \
         FROM {}.logs WHERE id = $1",
        log.schema
    );
    let row = log.query_one(&query, &[]).await?;
    let by: Option<String> = row.get(0);
    let since: Option<String> = row.get(1);
    let left: Option<i64> = row.get(2);
    let left = left.and_then(|left| u64::try_from(left).ok());
    Ok(Halted {
        paused: since.map(|since| format!("by {} since {since}", by.unwrap_or_default())),
        quiet: left.filter(|left| *left > 0).map(Duration::from_millis),
    })
}

/// Lets nothing be claimed for some time, by the database's clock.
pub(super) async fn keep_quiet(log: &LogHandle<'_>, time: Duration) -> Result<(), Error> {
    let query = format!(
        "UPDATE {}.logs SET quiet_until = \
         greatest(quiet_until, clock_timestamp() + $2 * interval '1 millisecond') WHERE id = $1",
        log.schema
    );
    let millis = time.as_millis() as f64;
    log.execute(&query, &[(&millis, Type::FLOAT8)]).await?;
    Ok(())
}
