//! Which server and database a log is read from, and under which name this computer keeps what it knows
//! of it.

use super::session::Session;

/// The server's identity and history and the database; empty where it keeps them to itself, which
/// makes each look a whole one.
pub(super) async fn server(session: &Session) -> String {
    const QUERY: &str = "SELECT (SELECT system_identifier::text FROM pg_control_system()) || '/' || \
         CASE WHEN pg_is_in_recovery() \
              THEN (SELECT timeline_id::text FROM pg_control_checkpoint()) \
              ELSE ltrim(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), '0') END || '/' || \
         (SELECT oid::text FROM pg_database WHERE datname = current_database())";
    let row = session.client.query_typed_one(QUERY, &[]).await;
    row.ok()
        .and_then(|row| row.get::<_, Option<String>>(0))
        .unwrap_or_default()
}

/// The server and the database, without the server's history: a promoted standby goes on with the same
/// log. None where the server keeps them to itself.
fn place(server: &str) -> Option<String> {
    let mut parts = server.split('/');
    let (system, _, database) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{system}-{database}"))
}

/// Whether one is another database than the other, as far as both are known.
pub(super) fn are_apart(server: &str, other: &str) -> bool {
    let places = place(server).zip(place(other));
    places.is_some_and(|(one, other)| one != other)
}

/// The name under which this computer keeps what it knows of the log of this identity in this database.
/// A copy of a database holds the same log, and goes its own way.
pub(super) fn kept_as(identity: &str, server: &str) -> String {
    let place = place(server).unwrap_or_else(|| "unknown".to_owned());
    format!("{identity}.{place}")
}
