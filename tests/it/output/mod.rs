//! What any command prints: for people, for programs, for a terminal and without one.

mod cron;
mod hints;
mod json;
// It is drawn on a terminal of Unix; a pseudo console of Wine draws differently from Windows'.
#[cfg(unix)]
mod layout;
mod quiet;
mod schema;
mod streams;
mod verbose;
