//! Progress, tables, wording, the HTML report.
//!
//! Data goes to standard output, everything else to standard error. What a server or a manifest
//! says is escaped before it gets near a terminal or a page.

#[cfg(feature = "report")]
pub mod audience;
#[cfg(feature = "cli")]
mod canvas;
#[cfg(feature = "report")]
mod card;
#[cfg(feature = "cli")]
mod columns;
pub mod hint;
#[cfg(feature = "cli")]
mod history;
#[cfg(feature = "cli")]
pub mod json;
#[cfg(feature = "cli")]
mod looks;
#[cfg(feature = "cli")]
mod messages;
#[cfg(feature = "cli")]
mod metrics;
#[cfg(feature = "cli")]
mod money;
#[cfg(feature = "report")]
pub mod natural;
#[cfg(feature = "cli")]
mod printer;
#[cfg(feature = "cli")]
mod progress;
#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "cli")]
mod sheet;
#[cfg(feature = "report")]
mod standing;
#[cfg(feature = "cli")]
mod summary;
#[cfg(feature = "cli")]
mod table;
#[cfg(feature = "report")]
mod tally;
#[cfg(feature = "report")]
mod tone;
pub mod words;
#[cfg(feature = "cli")]
pub mod wrap;

#[cfg(feature = "report")]
pub use audience::{Audience, Wording};
#[cfg(feature = "report")]
pub use card::{Card, since, sought};
#[cfg(feature = "cli")]
pub use columns::aligned;
#[cfg(feature = "cli")]
pub use history::history;
#[cfg(feature = "cli")]
pub use looks::Looks;
#[cfg(feature = "cli")]
pub use metrics::{Delivery, Metrics};
#[cfg(feature = "cli")]
pub use money::Money;
#[cfg(feature = "cli")]
pub use printer::{Printer, ProgressStyle, USUAL_WIDTH, Voice};
#[cfg(feature = "cli")]
pub use progress::{Event, Progress};
#[cfg(feature = "cli")]
pub use sheet::{Carried, Dialect, Sheet};
#[cfg(feature = "report")]
pub use standing::Standing;
#[cfg(feature = "cli")]
pub use summary::{Replayed, Summary};
#[cfg(feature = "cli")]
pub use table::{Group, footer, rehearsal, table};
#[cfg(feature = "report")]
pub use tally::{Notice, Tally};
#[cfg(feature = "report")]
pub use tone::Tone;
pub use words::Commands;
