//! The logs of a database: found, made, listed, paused, and merged into.

use tokio_postgres::types::Type;

use super::super::address::Address;
use super::super::fault::DatabaseError;
use super::super::file::LogError;
use super::handle::{self, LogHandle, LogRow, QueryError, SqlParameter};
use super::lines::{self, LineBatch};
use super::recent::{self, RecentLines};
use super::schema::{self, Rights, SchemaUse};
use super::session::{Session, wait_for};
use crate::jobs::JobKey;
use crate::text::suggest;

/// Opens the log of `address` for something.
pub(super) async fn open(
    address: &Address,
    purpose: SchemaUse,
) -> Result<(Session, LogRow), DatabaseError> {
    let session = Session::open(address).await?;
    schema::check(&session, purpose).await?;
    let log = find(&session).await?;
    Ok((session, log))
}

/// The log of the session's address. One that is not there is not made: its name may be a slip.
pub(super) async fn find(session: &Session) -> Result<LogRow, DatabaseError> {
    if let Some(row) = look_up(session).await? {
        return Ok(row);
    }
    if let Some(gone) = recent::gone(session) {
        return Err(gone);
    }
    let names: Vec<String> = list(session)
        .await?
        .into_iter()
        .map(|log| log.name)
        .collect();
    let address = &session.address;
    let make = format!("create it with `creativeai log init '{address}'`; nothing was sent");
    let help = match suggest::nearest(address.log(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean log={near}? Otherwise {make}"),
        None => make,
    };
    Err(DatabaseError::config(
        format!(
            "cannot find the job log {} in the database of {address}",
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
pub struct ListedLog {
    /// Its name.
    pub name: String,
    /// Its lines.
    pub lines: i64,
    /// Their length, newlines included.
    pub bytes: i64,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

async fn list(session: &Session) -> Result<Vec<ListedLog>, DatabaseError> {
    let schema = session.address.schema();
    let query = format!(
        "SELECT name, count(lines.log), coalesce(sum(octet_length(line) + 1), 0)::bigint, \
         to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM {schema}.logs LEFT JOIN {schema}.lines ON lines.log = logs.id \
         GROUP BY logs.id ORDER BY name"
    );
    let rows = lines::alone(&session.client, session.client.query_typed(&query, &[])).await;
    let rows = rows.map_err(|error| session.failed("list the logs of", &error))?;
    let listed = rows.iter().map(|row| ListedLog {
        name: row.get(0),
        lines: row.get(1),
        bytes: row.get(2),
        created_at: row.get(3),
    });
    Ok(listed.collect())
}

/// The logs beside the one that `address` names, that one included.
pub fn list_logs(address: &Address) -> Result<Vec<ListedLog>, DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        schema::check(&session, SchemaUse::Read).await?;
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
        let (session, log) = open(address, SchemaUse::Write).await?;
        let before = change_pause(&log.of(&session), by).await;
        before.map_err(|error| Session::failure(address, "change", &error))
    })
}

async fn change_pause(
    log: &LogHandle<'_>,
    by: Option<&str>,
) -> Result<Option<String>, tokio_postgres::Error> {
    lines::begin(log).await?;
    let before = lines::halted(log).await?.paused;
    if before.is_some() != by.is_some() {
        let at = if by.is_some() {
            "clock_timestamp()"
        } else {
            "NULL"
        };
        let update = format!(
            "UPDATE {}.logs SET paused_at = {at}, paused_by = $2 WHERE id = $1",
            log.schema
        );
        log.execute(&update, &[(&by, Type::TEXT)]).await?;
    }
    lines::commit(log).await?;
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
        let columns: [SqlParameter<'_>; 2] = [(&name, Type::TEXT), (&jobs, Type::TEXT_ARRAY)];
        let row = session.client.query_typed_opt(&query, &columns).await;
        let row = row.map_err(|error| session.failed("look at the logs of", &error))?;
        Ok(row.map(|row| (row.get(0), row.get::<_, i64>(1) as u64)))
    })
}

/// What a server promises of lines that it has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurabilityGuarantees {
    /// Its settings that decide about it, as `name value`.
    pub settings: Vec<String>,
    /// Whether a crash of the server may take confirmed lines.
    pub outlive_a_crash: bool,
    /// Whether a standby has a line before it is confirmed.
    pub has_standby: bool,
}

/// Asks the server of `address` what it promises.
pub fn promises(address: &Address) -> Result<DurabilityGuarantees, DatabaseError> {
    wait_for(|| async {
        let session = Session::open(address).await?;
        let query = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', \
             'full_page_writes', 'synchronous_commit', 'synchronous_standby_names') ORDER BY name";
        let rows = session.client.query_typed(query, &[]).await;
        let rows = rows.map_err(|error| session.failed("look at the settings of", &error))?;
        let settings: Vec<(String, String)> =
            rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let has = |name: &str, value: &str| settings.iter().any(|(n, v)| n == name && v == value);
        // A synchronous_commit that is off is turned on for each transaction.
        let is_off = has("fsync", "off") || has("full_page_writes", "off");
        let waits = !has("synchronous_commit", "local");
        Ok(DurabilityGuarantees {
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
pub struct SetupResult {
    /// The tables' version before; 0 where there were none.
    pub from: i32,
    /// Their version now.
    pub to: i32,
    /// Whether the log is new.
    pub log: bool,
}

/// Makes the tables, the log and a role's rights, as far as they are not there.
pub fn init_log(
    address: &Address,
    grant: Option<(&str, Rights)>,
) -> Result<SetupResult, DatabaseError> {
    wait_for(|| async {
        let mut session = Session::open(address).await?;
        let from = schema::upgrade(&mut session).await?;
        if let Some((role, rights)) = grant {
            let grants = schema::grants(address.schema(), role, rights);
            let granted = session.client.batch_execute(&grants).await;
            granted.map_err(|error| session.failed("give rights on", &error))?;
        }
        let log = look_up(&session).await?.is_none() && make(&session).await?;
        Ok(SetupResult {
            from,
            to: from.max(schema::VERSION),
            log,
        })
    })
}

/// Brings the tables up to date.
pub fn upgrade_tables(address: &Address) -> Result<SetupResult, DatabaseError> {
    wait_for(|| async {
        let mut session = Session::open(address).await?;
        // Where there are none, a typing error in the address is likelier than a wish for them.
        schema::check(&session, SchemaUse::Read).await?;
        let from = schema::upgrade(&mut session).await?;
        Ok(SetupResult {
            from,
            to: from.max(schema::VERSION),
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

/// Adds lines to the log of `address`, part by part, as `next` gives them; what is there already is
/// not added again. Returns how many were added. Stopped at any instant it can be done again.
///
/// `doubts` is given all lines that the log holds of jobs that a part announces attempts of, and adds its
/// own to the part. The log's row is locked meanwhile, so no one claims these attempts in between.
pub fn merge_into(
    address: &Address,
    next: &mut (dyn FnMut() -> Option<LineBatch> + Send),
    doubts: &mut (dyn FnMut(&[String]) -> Result<LineBatch, LogError> + Send),
) -> Result<u64, LogError> {
    let merged = wait_for(|| async {
        let (session, log) = open(address, SchemaUse::Write).await?;
        let server = handle::server(&session).await;
        let recent = RecentLines::of(&handle::kept_as(&log.identity, &server));
        let log = log.of(&session);
        let failed = |error| session.failed("write to", &error);
        let mut added = 0;
        while let Some(part) = next() {
            lines::begin(&log).await.map_err(failed)?;
            let there = lines::of_announced(&log, &part).await.map_err(failed)?;
            let marks = match doubts(&there) {
                Ok(marks) => marks,
                Err(error) => return Ok(Err(error)),
            };
            lines::insert(&log, &marks).await.map_err(failed)?;
            let new = lines::insert(&log, &part).await.map_err(failed)?;
            lines::commit(&log).await.map_err(failed)?;
            added += new.len() as u64;
            if let Some(recent) = &recent {
                let kept = recent.add(&(marks.text() + &part.text()), true);
                kept.map_err(|error| QueryError::from(error).when("write to", address))?;
            }
        }
        Ok(Ok(added))
    });
    merged.map_err(LogError::Database)?
}
