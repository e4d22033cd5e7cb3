//! The tables, by numbered migrations that only go forward.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::super::address::Address;
use super::super::fault::DatabaseError;
use super::recent;
use super::session::Session;

/// One step. What it makes is never changed later, only by a further step. Its version is its place, from 1.
struct Migration {
    name: &'static str,
    /// The oldest program that may write afterwards; any may read.
    minimum_writer: i32,
    text: &'static str,
}

const fn step(name: &'static str, minimum_writer: i32, text: &'static str) -> Migration {
    Migration {
        name,
        minimum_writer,
        text,
    }
}

const MIGRATIONS: [Migration; 10] = [
    step("logs", 1, include_str!("migrations/0001_logs.sql")),
    // An older writer would take a verdict on what another computer is about to send.
    step("runs", RUNS, include_str!("migrations/0002_runs.sql")),
    step(
        "captures",
        RUNS,
        include_str!("migrations/0003_captures.sql"),
    ),
    step("leases", RUNS, include_str!("migrations/0004_leases.sql")),
    step(
        "histories",
        RUNS,
        include_str!("migrations/0005_histories.sql"),
    ),
    step("quiet", RUNS, include_str!("migrations/0006_quiet.sql")),
    step("outbox", RUNS, include_str!("migrations/0007_outbox.sql")),
    step(
        "unused index",
        RUNS,
        include_str!("migrations/0008_unused_index.sql"),
    ),
    step(
        "quiet by",
        RUNS,
        include_str!("migrations/0009_quiet_by.sql"),
    ),
    step("kept", RUNS, include_str!("migrations/0010_kept.sql")),
];

/// Since which version the tables hold runs.
pub(super) const RUNS: i32 = 2;

/// Since which version they say whom the vendor has asked to wait.
pub(super) const QUIET_BY: i32 = 9;

/// Since which version they say where a run has left answers.
pub(super) const KEPT: i32 = 10;

/// The newest migration that this program knows.
pub(super) const VERSION: i32 = MIGRATIONS.len() as i32;

/// What the tables are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaUse {
    Read,
    /// Also what only the newest version has.
    ReadNewest,
    Write,
}

/// What the tables say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SchemaVersion {
    version: i32,
    minimum_reader: i32,
    minimum_writer: i32,
}

/// Makes sure that the tables are there and that this program may use them; their version.
pub(super) async fn check(session: &Session, purpose: SchemaUse) -> Result<i32, DatabaseError> {
    let address = &session.address;
    let Some(found) = found(session, purpose).await? else {
        let never = || {
            DatabaseError::config(
                format!("the database of {address} holds no job logs"),
                format!("create one with `creativeai log init '{address}'`; nothing was sent"),
            )
        };
        return Err(recent::gone(session).unwrap_or_else(never));
    };
    let minimum = match purpose {
        SchemaUse::Read | SchemaUse::ReadNewest => found.minimum_reader,
        SchemaUse::Write => found.minimum_writer,
    };
    if minimum > VERSION {
        return Err(DatabaseError::config(
            format!(
                "the tables of {address} are at version {}, and this creativeai knows {VERSION}; \
                 nothing was touched",
                found.version
            ),
            "install a newer creativeai on this computer",
        ));
    }
    if purpose != SchemaUse::Read && found.version < VERSION {
        return Err(DatabaseError::config(
            format!(
                "the tables of {address} are at version {}, and this creativeai needs version \
                 {VERSION}; nothing was touched",
                found.version
            ),
            format!("run `creativeai log upgrade '{address}'`"),
        ));
    }
    Ok(found.version)
}

/// Brings the tables up to date, and makes them where there are none. Their version before: 0 where there
/// were none.
pub(super) async fn upgrade(session: &mut Session) -> Result<i32, DatabaseError> {
    loop {
        // Looked at first: a small role may not create what is there already.
        let before = found(session, SchemaUse::Write).await?;
        let before = before.map_or(0, |found| found.version);
        if before >= VERSION {
            return Ok(before);
        }
        match migrate(session, before).await {
            Ok(()) => return Ok(before),
            // Another computer was first: what it made is looked at again.
            Err(error) if is_there_already(&error) => {}
            Err(error) => return Err(session.failed("make the tables of", &error)),
        }
    }
}

async fn migrate(session: &mut Session, before: i32) -> Result<(), tokio_postgres::Error> {
    let schema = session.address.schema().to_owned();
    let transaction = session.client.transaction().await?;
    if before > 0 {
        // One at a time, and each sees what the one before has done.
        let lock = format!("LOCK TABLE {schema}.migrations IN EXCLUSIVE MODE");
        transaction.batch_execute(&lock).await?;
    }
    for version in before + 1..=VERSION {
        transaction.batch_execute(&sql_of(version, &schema)).await?;
    }
    transaction.commit().await
}

fn is_there_already(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_TABLE,
        SqlState::UNIQUE_VIOLATION,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

fn sql_of(version: i32, schema: &str) -> String {
    let migration = &MIGRATIONS[version as usize - 1];
    let made = migration.text.replace("{schema}", schema);
    format!(
        "{made}\nINSERT INTO {schema}.migrations (version, name, minimum_reader, minimum_writer)\n    \
         VALUES ({version}, '{}', 1, {});\n",
        migration.name, migration.minimum_writer
    )
}

/// Every statement that makes the tables in `schema`.
pub(super) fn statements(schema: &str) -> String {
    let all = (1..=VERSION).map(|version| sql_of(version, schema));
    format!("BEGIN;\n\n{}\nCOMMIT;\n", all.collect::<String>())
}

/// What a role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Look.
    Read,
    /// Add lines, claim attempts, make logs.
    Write,
}

/// The statements that give `role` its rights, and no more than it needs.
pub(super) fn grants(schema: &str, role: &str, rights: Rights) -> String {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let mut text = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role};\n\
         GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};\n"
    );
    if rights == Rights::Write {
        // A row is locked only by who may update it.
        let more = format!(
            "GRANT INSERT, UPDATE ON {schema}.logs, {schema}.claims, {schema}.runs, {schema}.leases, \
             {schema}.outbox TO {role};\n\
             GRANT INSERT ON {schema}.lines, {schema}.captures TO {role};\n\
             GRANT DELETE ON {schema}.runs, {schema}.leases TO {role};\n"
        );
        text.push_str(&more);
    }
    text
}

async fn found(
    session: &Session,
    purpose: SchemaUse,
) -> Result<Option<SchemaVersion>, DatabaseError> {
    let failed = |error| session.failed("look at the tables of", &error);
    let schema = session.address.schema();
    let name = format!("{schema}.migrations");
    let row = session
        .client
        .query_typed_one(
            "SELECT to_regclass($1) IS NOT NULL, pg_is_in_recovery(), \
             current_setting('transaction_read_only')::boolean",
            &[(&name, Type::TEXT)],
        )
        .await
        .map_err(failed)?;
    if purpose == SchemaUse::Write {
        takes_writes(&session.address, row.get(1), row.get(2))?;
    }
    if !row.get::<_, bool>(0) {
        return Ok(None);
    }
    let query = format!(
        "SELECT max(version), max(minimum_reader), max(minimum_writer) FROM {schema}.migrations"
    );
    let row = session
        .client
        .query_typed_one(&query, &[])
        .await
        .map_err(failed)?;
    let number = |column| row.get::<_, Option<i32>>(column).unwrap_or(0);
    Ok(Some(SchemaVersion {
        version: number(0),
        minimum_reader: number(1),
        minimum_writer: number(2),
    }))
}

/// Whether a server that is a standby, or where transactions read only, takes writes.
fn takes_writes(
    address: &Address,
    is_standby: bool,
    reads_only: bool,
) -> Result<(), DatabaseError> {
    if is_standby {
        // It may be the next primary.
        return Err(DatabaseError::temporary(
            format!("the server of {address} is a standby, which accepts no writes"),
            "wait until it is promoted, or name all servers and target_session_attrs=read-write in \
             the address, then run the same command again; nothing was sent",
        ));
    }
    if reads_only {
        return Err(DatabaseError::config(
            format!("{address} accepts no writes: default_transaction_read_only is on"),
            "turn it off for the role, the database or the server that has it on, as with `ALTER \
             ROLE NAME SET default_transaction_read_only = off`; nothing was sent",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_written_out_with_its_schema() {
        let text = statements("agency");
        assert!(!text.contains("{schema}") && !text.contains("creativeai."));
        assert!(text.contains("CREATE TABLE agency.lines"));
        assert!(text.contains("VALUES (1, 'logs', 1, 1);"));
        assert!(text.contains("VALUES (10, 'kept', 1, 2);"));
    }

    #[test]
    fn a_role_gets_what_it_needs() {
        let read = grants("s", "look\"er", Rights::Read);
        assert!(
            read.contains("\"look\"\"er\"") && !read.contains("INSERT"),
            "{read}"
        );
        let write = grants("s", "writer", Rights::Write);
        let taken_away = write.lines().filter(|line| line.contains("DELETE"));
        assert_eq!(
            taken_away.collect::<Vec<_>>(),
            ["GRANT DELETE ON s.runs, s.leases TO \"writer\";"]
        );
        assert!(!write.contains("UPDATE ON s.lines"), "{write}");
    }
}
