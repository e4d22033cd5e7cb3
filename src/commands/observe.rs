//! What is taken in of what the vendor reports, as it is reported.

use crate::clock;
use crate::engine::observe::Observer;
use crate::journal::Writer;
use crate::settings::Settings;

/// Takes in what the vendor reports.
pub fn observer<'a>(writer: &'a Writer, settings: &Settings) -> Observer<'a> {
    Observer {
        writer,
        clock: &clock::now,
        sandbox: settings.sandbox,
    }
}
