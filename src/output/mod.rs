//! Progress, tables, wording, the HTML report.

pub mod escape;
pub mod hint;
pub mod json;
pub mod natural;
mod printer;
mod standing;
pub mod words;

pub use escape::{cap, escape};
pub use printer::{Printer, Tone, USUAL_WIDTH, Voice};
pub use standing::{Audience, Standing};
