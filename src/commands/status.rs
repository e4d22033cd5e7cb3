//! `status`: where everything stands.

mod args;
mod asked;
mod jobs;
#[cfg(feature = "postgres")]
pub mod runs;
mod show;
mod summary;
mod watch;

pub use asked::run_asked;

#[cfg(test)]
mod tests;
