//! Progress, tables, wording, the HTML report.

pub mod escape;
pub mod hint;

pub use escape::{cap, escape};
