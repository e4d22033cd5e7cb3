//! The lines and claims of one log, written with the lock on its row.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{try_join, try_join3};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, GenericClient};

use super::super::announce::{AnnounceRefusal, VendorBackoff};
use super::handle::{LogHandle, NewestLine, SqlParameter};
use crate::disk;
use crate::jobs::{GenerationId, JobKey, Line, LineStatus, Status};

/// A line on its way into a log, and what it says, which is read once.
#[derive(Clone, Debug)]
pub(super) struct NewLine {
    /// Without its newline.
    pub text: String,
    digest: Vec<u8>,
    /// Of which attempt it says what: one for each line that it stands for.
    says: Vec<(JobKey, u32, LineStatus)>,
    id: Option<String>,
}

impl NewLine {
    fn of(text: &str) -> Self {
        let parts = Line::parts(text).unwrap_or_default();
        let id = match parts.as_slice() {
            [part] => part.generation_id.as_ref(),
            _ => None,
        };
        Self {
            digest: digest(text),
            id: id.map(|id| id.as_str().to_owned()),
            says: parts.iter().map(|p| (p.job, p.attempt, p.word)).collect(),
            text: text.to_owned(),
        }
    }

    fn job(&self) -> Option<String> {
        self.says.first().map(|(job, ..)| job.to_string())
    }

    /// What it says, where that is one thing.
    fn single(&self) -> Option<&(JobKey, u32, LineStatus)> {
        self.says.first().filter(|_| self.says.len() == 1)
    }

    /// An attempt, and the id that it gives it.
    pub fn named(&self) -> Option<((JobKey, u32), GenerationId)> {
        let (job, attempt, _) = self.single()?;
        let id = GenerationId::parse(self.id.as_deref()?)?;
        Some(((*job, *attempt), id))
    }

    /// The attempt that it says was not accepted.
    pub fn refused(&self) -> Option<(JobKey, u32)> {
        let (job, attempt, word) = self.single()?;
        (word.status() == Some(Status::SubmitFailed)).then_some((*job, *attempt))
    }
}

/// Lines on their way into a log.
#[derive(Debug, Default)]
pub struct LineBatch {
    lines: Vec<NewLine>,
    /// Attempts that the lines speak of.
    claims: BTreeSet<(JobKey, u32)>,
}

impl LineBatch {
    /// Of whole lines, each with its newline.
    pub fn of(lines: &str) -> Self {
        let mut merge = Self::default();
        let lines = lines.lines().filter(|line| !line.is_empty());
        lines.for_each(|line| merge.push(line));
        merge
    }

    /// Adds a line, without its newline.
    pub fn push(&mut self, line: &str) {
        self.add(NewLine::of(line));
    }

    pub(super) fn add(&mut self, line: NewLine) {
        // Whatever is known of an attempt, no one may make it again.
        let known = line
            .says
            .iter()
            .filter(|(.., word)| word.status().is_some());
        self.claims
            .extend(known.map(|(job, attempt, _)| (*job, *attempt)));
        self.lines.push(line);
    }

    /// Leaves out the claims of attempts that are known to be claimed.
    pub(super) fn skip_claims(&mut self, is_claimed: impl Fn(&(JobKey, u32)) -> bool) {
        self.claims.retain(|attempt| !is_claimed(attempt));
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &NewLine> {
        self.lines.iter()
    }

    /// The digests of the lines.
    pub(super) fn digests(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.lines.iter().map(|line| &line.digest)
    }

    /// The jobs that the lines speak of.
    pub(super) fn jobs(&self) -> impl Iterator<Item = JobKey> {
        let says = self.lines.iter().flat_map(|line| &line.says);
        says.map(|(job, ..)| *job)
    }

    /// The lines, each with its newline.
    pub(super) fn text(&self) -> String {
        let lines = self.lines.iter();
        lines.flat_map(|line| [line.text.as_str(), "\n"]).collect()
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
pub(super) async fn add(log: &LogHandle<'_>, part: &LineBatch) -> Result<(), Error> {
    begin(log).await?;
    insert(log, part).await?;
    commit(log).await
}

/// Begins a transaction. The server's own settings do not matter: each statement sees what was committed
/// before it, and a commit is confirmed once it is on the server's disk. A computer that falls asleep in
/// the middle does not hold up all others.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = 0; \
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
pub(super) async fn insert(
    log: &LogHandle<'_>,
    part: &LineBatch,
) -> Result<Vec<NewestLine>, Error> {
    if part.is_empty() {
        return Ok(Vec::new());
    }
    let schema = log.schema;
    let lines = format!(
        "INSERT INTO {schema}.lines (log, digest, job, attempt, status, generation_id, line) \
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7) ON CONFLICT (log, digest) DO NOTHING \
         RETURNING sequence, transaction::text, encode(digest, 'hex')"
    );
    let all = &part.lines;
    let column = |of: fn(&NewLine) -> Option<&str>| all.iter().map(of).collect::<Vec<_>>();
    let digests: Vec<_> = part.digests().collect();
    let jobs: Vec<_> = all.iter().map(NewLine::job).collect();
    let attempts = all
        .iter()
        .map(|line| line.single().map(|(_, n, _)| *n as i32));
    let attempts: Vec<_> = attempts.collect();
    let statuses = column(|line| line.single().map(|(.., word)| word.as_str()));
    let ids = column(|line| line.id.as_deref());
    let texts = column(|line| Some(&line.text));
    let columns: [SqlParameter<'_>; 6] = [
        (&digests, Type::BYTEA_ARRAY),
        (&jobs, Type::TEXT_ARRAY),
        (&attempts, Type::INT4_ARRAY),
        (&statuses, Type::TEXT_ARRAY),
        (&ids, Type::TEXT_ARRAY),
        (&texts, Type::TEXT_ARRAY),
    ];
    let adding = log.query(&lines, &columns);
    let claiming = claim(log, &part.claims, "", false);
    let (added, ()) = try_join(adding, claiming).await?;
    Ok(added.iter().map(NewestLine::of).collect())
}

/// All lines of the jobs whose attempts `part` announces.
pub(super) async fn of_announced(
    log: &LogHandle<'_>,
    part: &LineBatch,
) -> Result<Vec<String>, Error> {
    // One that stands for several lines may announce as well.
    let announces = |line: &&NewLine| {
        let single = line.single();
        single.is_none_or(|(.., word)| word.status() == Some(Status::Submitting))
    };
    let jobs: BTreeSet<String> = part
        .lines()
        .filter(announces)
        .filter_map(NewLine::job)
        .collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT line FROM {}.lines WHERE log = $1 AND job = ANY ($2) ORDER BY sequence",
        log.schema
    );
    let jobs: Vec<String> = jobs.into_iter().collect();
    let rows = log.query(&query, &[(&jobs, Type::TEXT_ARRAY)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Claims attempts for a run, those that no one has claimed; those that are claimed for no run as well
/// where these `were_its`.
pub(super) async fn claim(
    log: &LogHandle<'_>,
    attempts: impl IntoIterator<Item = &(JobKey, u32)>,
    run: &str,
    were_its: bool,
) -> Result<(), Error> {
    let (jobs, attempts) = columns(attempts);
    let conflict = if were_its {
        "(log, job, attempt) DO UPDATE SET run = excluded.run WHERE claims.run = ''"
    } else {
        "DO NOTHING"
    };
    if jobs.is_empty() {
        return Ok(());
    }
    let claims = format!(
        "INSERT INTO {}.claims (log, job, attempt, run) \
         SELECT $1, job, attempt, $4 FROM unnest($2, $3) AS new (job, attempt) \
         ON CONFLICT {conflict}",
        log.schema
    );
    let columns: [SqlParameter<'_>; 3] = [
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

/// Why nothing may be claimed right now.
#[derive(Debug, Default)]
pub(super) struct ClaimHalt {
    /// By whom the log is paused, and since when.
    pub paused: Option<String>,
    /// That the vendor wants to be left alone.
    pub quiet: Option<VendorBackoff>,
}

impl ClaimHalt {
    /// Why an attempt is not claimed; nothing where it may be.
    pub fn refusal(&self) -> Option<AnnounceRefusal> {
        let paused = self.paused.clone().map(AnnounceRefusal::Paused);
        paused.or_else(|| self.not_before())
    }

    /// The same for those that a pause of the log does not concern.
    pub fn not_before(&self) -> Option<AnnounceRefusal> {
        self.quiet.clone().map(AnnounceRefusal::NotBefore)
    }
}

/// Whether anything may be claimed.
pub(super) async fn halted(log: &LogHandle<'_>) -> Result<ClaimHalt, Error> {
    let query = format!(
        "SELECT paused_by, to_char(paused_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         (extract(epoch FROM quiet_until - clock_timestamp()) * 1000)::bigint, \
         coalesce(quiet_by, '') FROM {}.logs WHERE id = $1",
        log.schema
    );
    let row = log.query_one(&query, &[]).await?;
    let by: Option<String> = row.get(0);
    let since: Option<String> = row.get(1);
    let left: Option<i64> = row.get(2);
    let left = left.and_then(|left| u64::try_from(left).ok());
    Ok(ClaimHalt {
        paused: since.map(|since| format!("by {} since {since}", by.unwrap_or_default())),
        quiet: left.filter(|left| *left > 0).map(|left| VendorBackoff {
            left: Duration::from_millis(left),
            asked: row.get(3),
        }),
    })
}

/// Lets nothing be claimed for some time, by the database's clock.
pub(super) async fn keep_quiet(log: &LogHandle<'_>, time: Duration) -> Result<(), Error> {
    let query = format!(
        "UPDATE {}.logs SET quiet_until = new.until, quiet_by = $3 \
         FROM (SELECT clock_timestamp() + $2 * interval '1 millisecond') AS new (until) \
         WHERE id = $1 AND (quiet_until IS NULL OR quiet_until < new.until)",
        log.schema
    );
    let millis = time.as_millis() as f64;
    let host = disk::host_name();
    let columns: [SqlParameter<'_>; 2] = [(&millis, Type::FLOAT8), (&host, Type::TEXT)];
    log.execute(&query, &columns).await?;
    Ok(())
}
