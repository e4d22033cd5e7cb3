//! The logs of a database: found, made, listed, and merged into.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::super::address::Address;
use super::super::location::{DatabaseError, DatabaseFault};
use super::schema::{self, Rights, Use};
use super::session::{Session, wait_for};
use crate::jobs::{JobKey, Reading};
use crate::output::hint;

/// A log's row.
#[derive(Clone, Debug)]
pub(super) struct LogRow {
    pub id: i64,
    /// Random, hexadecimal.
    pub identity: String,
}

/// The log of the session's address. One that is not there is not made: its name may be a slip.
pub(super) async fn find(session: &Session) -> Result<LogRow, DatabaseError> {
    if let Some(row) = look_up(session).await? {
        return Ok(row);
    }
    let names: Vec<String> = list(session)
        .await?
        .into_iter()
        .map(|log| log.name)
        .collect();
    let address = &session.address;
    let make = format!("make it with `creativeai log init '{address}'`; nothing was sent");
    let help = match hint::nearest(address.log(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean log={near}? Otherwise {make}"),
        None => make,
    };
    Err(DatabaseError::new(
        DatabaseFault::Config,
        format!(
            "there is no job log {} in the database of {address}",
            address.log()
        ),
        help,
    ))
}

async fn look_up(session: &Session) -> Result<Option<LogRow>, DatabaseError> {
    let query = format!(
        "SELECT id, identity FROM {}.logs WHERE name = $1",
        session.address.schema()
    );
    let name = session.address.log();
    let row = session
        .client
        .query_typed_opt(&query, &[(&name, Type::TEXT)])
        .await
        .map_err(|error| session.failed("read", &error))?;
    Ok(row.map(|row| LogRow {
        id: row.get(0),
        identity: row.get(1),
    }))
}

/// A log, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its lines.
    pub lines: i64,
    /// Their length, newlines included.
    pub bytes: i64,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

async fn list(session: &Session) -> Result<Vec<Listed>, DatabaseError> {
    let schema = session.address.schema();
    let query = format!(
        "SELECT name, count(lines.log), coalesce(sum(octet_length(line) + 1), 0)::bigint, \
         to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM {schema}.logs LEFT JOIN {schema}.lines ON lines.log = logs.id \
         GROUP BY logs.id ORDER BY name"
    );
    let rows = session
        .client
        .query_typed(&query, &[])
        .await
        .map_err(|error| session.failed("list the logs of", &error))?;
    let listed = rows.iter().map(|row| Listed {
        name: row.get(0),
        lines: row.get(1),
        bytes: row.get(2),
        created_at: row.get(3),
    });
    Ok(listed.collect())
}

/// The logs beside the one that `address` names, that one included.
pub fn list_logs(address: &Address) -> Result<Vec<Listed>, DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        schema::check(&session, Use::Read).await?;
        list(&session).await
    })
}

/// Pauses the log of `address`. Returns by whom it was paused already, and since when; then nothing
/// changes. What is claimed at this moment is done first.
pub fn pause_log(address: &Address, by: &str) -> Result<Option<String>, DatabaseError> {
    set_pause(address, Some(by))
}

/// Lets the log of `address` go on. Returns by whom it was paused, and since when, if it was.
pub fn resume_log(address: &Address) -> Result<Option<String>, DatabaseError> {
    set_pause(address, None)
}

fn set_pause(address: &Address, by: Option<&str>) -> Result<Option<String>, DatabaseError> {
    wait_for(|| async {
        let mut session = Session::open(address).await?;
        schema::check(&session, Use::Write).await?;
        let log = find(&session).await?;
        let before = change_pause(&mut session, &log, by).await;
        before.map_err(|error| Session::failure(address, "change", &error))
    })
}

async fn change_pause(
    session: &mut Session,
    log: &LogRow,
    by: Option<&str>,
) -> Result<Option<String>, tokio_postgres::Error> {
    let schema = session.address.schema().to_owned();
    let transaction = session.client.transaction().await?;
    lock(&transaction, &schema, log).await?;
    let before = super::decide::paused(&transaction, &schema, log).await?;
    if before.is_some() != by.is_some() {
        let at = if by.is_some() {
            "clock_timestamp()"
        } else {
            "NULL"
        };
        let update =
            format!("UPDATE {schema}.logs SET paused_at = {at}, paused_by = $2 WHERE id = $1");
        let columns: [(&(dyn ToSql + Sync), Type); 2] = [(&log.id, Type::INT8), (&by, Type::TEXT)];
        transaction.execute_typed(&update, &columns).await?;
        transaction.commit().await?;
    }
    Ok(before)
}

/// The other log of the database of `address` that holds the most of these jobs, and how many.
pub fn rows_elsewhere(
    address: &Address,
    jobs: &[JobKey],
) -> Result<Option<(String, u64)>, DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        let schema = session.address.schema();
        let query = format!(
            "SELECT logs.name, count(DISTINCT lines.job) FROM {schema}.logs \
             JOIN {schema}.lines ON lines.log = logs.id \
             WHERE logs.name <> $1 AND lines.job = ANY ($2) \
             GROUP BY logs.name ORDER BY 2 DESC LIMIT 1"
        );
        let name = session.address.log();
        let jobs: Vec<String> = jobs.iter().map(JobKey::to_string).collect();
        let columns: [(&(dyn ToSql + Sync), Type); 2] =
            [(&name, Type::TEXT), (&jobs, Type::TEXT_ARRAY)];
        let row = session.client.query_typed_opt(&query, &columns).await;
        let row = row.map_err(|error| session.failed("look at the logs of", &error))?;
        Ok(row.map(|row| (row.get(0), row.get::<_, i64>(1) as u64)))
    })
}

/// What a server promises of lines that it has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promises {
    /// Its settings that decide about it, as `name value`.
    pub settings: Vec<String>,
    /// Whether a crash of the server may take confirmed lines.
    pub outlive_a_crash: bool,
    /// Whether a standby has a line before it is confirmed.
    pub has_standby: bool,
}

/// Asks the server of `address` what it promises.
pub fn promises(address: &Address) -> Result<Promises, DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        let query = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', \
             'full_page_writes', 'synchronous_commit', 'synchronous_standby_names') ORDER BY name";
        let rows = session.client.query_typed(query, &[]).await;
        let rows = rows.map_err(|error| session.failed("look at the settings of", &error))?;
        let settings: Vec<(String, String)> =
            rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let has = |name: &str, value: &str| settings.iter().any(|(n, v)| n == name && v == value);
        let is_off = ["fsync", "full_page_writes", "synchronous_commit"]
            .into_iter()
            .any(|name| has(name, "off"));
        let waits = !has("synchronous_commit", "local") && !has("synchronous_commit", "off");
        Ok(Promises {
            outlive_a_crash: !settings.is_empty() && !is_off,
            has_standby: waits
                && settings
                    .iter()
                    .any(|(name, value)| name == "synchronous_standby_names" && !value.is_empty()),
            settings: settings
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name} {value}"))
                .collect(),
        })
    })
}

/// What [`init_log`] and [`upgrade_tables`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The tables' version before; 0 where there were none.
    pub from: i32,
    /// Their version now.
    pub to: i32,
    /// Whether the log is new.
    pub log: bool,
}

/// Makes the tables, the log and a role's rights, as far as they are not there.
pub fn init_log(address: &Address, grant: Option<(&str, Rights)>) -> Result<Made, DatabaseError> {
    wait_for(|| async {
        let mut session = Session::open(address).await?;
        let tables = schema::upgrade(&mut session).await?;
        if let Some((role, rights)) = grant {
            let grants = schema::grants(address.schema(), role, rights);
            let granted = session.client.batch_execute(&grants).await;
            granted.map_err(|error| session.failed("give rights on", &error))?;
        }
        let log = look_up(&session).await?.is_none() && make(&session).await?;
        Ok(Made {
            from: tables.from,
            to: tables.to,
            log,
        })
    })
}

/// Brings the tables up to date.
pub fn upgrade_tables(address: &Address) -> Result<Made, DatabaseError> {
    wait_for(|| async {
        let mut session = Session::open(address).await?;
        // Where there are none, a typing error in the address is likelier than a wish for them.
        schema::check(&session, Use::Read).await?;
        let tables = schema::upgrade(&mut session).await?;
        Ok(Made {
            from: tables.from,
            to: tables.to,
            log: false,
        })
    })
}

/// The statements that [`init_log`] runs, for a person who runs them by hand.
pub fn init_statements(address: &Address, grant: Option<(&str, Rights)>) -> String {
    let schema = address.schema();
    let mut text = schema::statements(schema);
    if let Some((role, rights)) = grant {
        text.push('\n');
        text.push_str(&schema::grants(schema, role, rights));
    }
    text
}

/// Whether it was made here, and not by another computer at the same time.
async fn make(session: &Session) -> Result<bool, DatabaseError> {
    let query = format!(
        "INSERT INTO {}.logs (name, identity) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        session.address.schema()
    );
    let identity = format!("{:032x}", fastrand::u128(..));
    let name = session.address.log();
    let count = session
        .client
        .execute_typed(&query, &[(&name, Type::TEXT), (&identity, Type::TEXT)])
        .await
        .map_err(|error| session.failed("make", &error))?;
    Ok(count > 0)
}

/// Lines on their way into a log, as columns.
#[derive(Debug, Default)]
pub struct Merge {
    digests: Vec<Vec<u8>>,
    jobs: Vec<Option<String>>,
    attempts: Vec<Option<i32>>,
    statuses: Vec<Option<String>>,
    ids: Vec<Option<String>>,
    lines: Vec<String>,
    claims: BTreeSet<(String, i32)>,
}

impl Merge {
    /// Adds a line, without its newline.
    pub fn push(&mut self, line: &str) {
        let parts = Reading::parts(line).unwrap_or_default();
        for part in &parts {
            // Whatever is known of an attempt, no one may make it again.
            if part.word.status().is_some() {
                let claim = (part.job.to_string(), part.attempt as i32);
                self.claims.insert(claim);
            }
        }
        let single = (parts.len() == 1).then(|| &parts[0]);
        self.digests.push(Sha256::digest(line.as_bytes()).to_vec());
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

    /// The digests of the lines.
    pub(super) fn digests(&self) -> &[Vec<u8>] {
        &self.digests
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

/// Adds lines to the log of `address`, part by part, as `next` gives them; what is there already is
/// not added again. Returns how many were added. Stopped at any instant it can be done again.
pub fn merge_into(
    address: &Address,
    next: &mut (dyn FnMut() -> Option<Merge> + Send),
) -> Result<u64, DatabaseError> {
    wait_for(|| async {
        let mut session = Session::open(address).await?;
        schema::check(&session, Use::Write).await?;
        let log = find(&session).await?;
        let mut added = 0;
        while let Some(part) = next() {
            let address = session.address.clone();
            added += add(&mut session, &log, &part)
                .await
                .map_err(|error| Session::failure(&address, "write to", &error))?;
        }
        Ok(added)
    })
}

pub(super) async fn add(
    session: &mut Session,
    log: &LogRow,
    part: &Merge,
) -> Result<u64, tokio_postgres::Error> {
    let schema = session.address.schema().to_owned();
    let transaction = session.client.transaction().await?;
    lock(&transaction, &schema, log).await?;
    let added = insert(&transaction, &schema, log, part).await?;
    transaction.commit().await?;
    Ok(added.len() as u64)
}

/// Locks a log's row, for the rest of the transaction: whoever claims attempts of the log decides
/// before or after this, not meanwhile.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    schema: &str,
    log: &LogRow,
) -> Result<(), tokio_postgres::Error> {
    // A computer that falls asleep in the middle of a transaction must not hold up all others.
    let limits = "SET LOCAL lock_timeout = '30s'; \
                  SET LOCAL idle_in_transaction_session_timeout = '10s'";
    transaction.batch_execute(limits).await?;
    let lock = format!("SELECT id FROM {schema}.logs WHERE id = $1 FOR UPDATE");
    let id = [(&log.id as &(dyn ToSql + Sync), Type::INT8)];
    transaction.query_typed_one(&lock, &id).await?;
    Ok(())
}

/// Adds lines, and claims what they speak of, where that is not there yet. Returns the new lines'
/// numbers, each with the transaction that has added it.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    schema: &str,
    log: &LogRow,
    part: &Merge,
) -> Result<Vec<(i64, u64)>, tokio_postgres::Error> {
    if part.is_empty() {
        return Ok(Vec::new());
    }
    let lines = format!(
        "INSERT INTO {schema}.lines (log, digest, job, attempt, status, generation_id, line) \
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7) ON CONFLICT (log, digest) DO NOTHING \
         RETURNING sequence, transaction::text"
    );
    let columns: [(&(dyn ToSql + Sync), Type); 7] = [
        (&log.id, Type::INT8),
        (&part.digests, Type::BYTEA_ARRAY),
        (&part.jobs, Type::TEXT_ARRAY),
        (&part.attempts, Type::INT4_ARRAY),
        (&part.statuses, Type::TEXT_ARRAY),
        (&part.ids, Type::TEXT_ARRAY),
        (&part.lines, Type::TEXT_ARRAY),
    ];
    let added = transaction.query_typed(&lines, &columns).await?;
    claim(transaction, schema, log, part.claims.iter().cloned(), "").await?;
    let number = |row: &tokio_postgres::Row| {
        let transaction: &str = row.get(1);
        (row.get(0), transaction.parse().unwrap_or(u64::MAX))
    };
    Ok(added.iter().map(number).collect())
}

/// Claims attempts for a run, those that no one has claimed.
pub(super) async fn claim(
    transaction: &Transaction<'_>,
    schema: &str,
    log: &LogRow,
    attempts: impl Iterator<Item = (String, i32)>,
    run: &str,
) -> Result<(), tokio_postgres::Error> {
    let (jobs, attempts): (Vec<_>, Vec<_>) = attempts.unzip();
    if jobs.is_empty() {
        return Ok(());
    }
    let claims = format!(
        "INSERT INTO {schema}.claims (log, job, attempt, run) \
         SELECT $1, job, attempt, $4 FROM unnest($2, $3) AS new (job, attempt) \
         ON CONFLICT DO NOTHING"
    );
    let columns: [(&(dyn ToSql + Sync), Type); 4] = [
        (&log.id, Type::INT8),
        (&jobs, Type::TEXT_ARRAY),
        (&attempts, Type::INT4_ARRAY),
        (&run, Type::TEXT),
    ];
    transaction.execute_typed(&claims, &columns).await?;
    Ok(())
}
