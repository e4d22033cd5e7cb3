//! Progress, tables, wording, the HTML report.

mod escape;

pub use escape::escape;
