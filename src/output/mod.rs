//! Progress, tables, wording, the HTML report.
//!
//! Data goes to standard output, everything else to standard error. What a server or a manifest
//! says is escaped before it gets near a terminal or a page.

mod canvas;
mod card;
mod columns;
pub mod escape;
pub mod hint;
mod history;
pub mod json;
mod messages;
pub mod natural;
mod printer;
mod progress;
pub mod report;
mod sheet;
mod standing;
mod summary;
mod table;
mod tally;
pub mod words;
pub mod wrap;

pub use card::{Card, since};
pub use columns::aligned;
pub use escape::{cap, escape};
pub use history::history;
pub use printer::{Printer, Tone, USUAL_WIDTH, Voice};
pub use progress::{Event, Progress};
pub use sheet::{Carried, Sheet};
pub use standing::Standing;
pub use summary::{Replayed, Summary};
pub use table::{Group, footer, rehearsal, table};
pub use tally::{Notice, Tally};
pub use words::Commands;
