//! What is reported of rows and columns that the spreadsheet program does not show.

use super::{Decision, HeldReport, words};
use crate::manifest::Manifest;
use crate::text::escape;

impl HeldReport<'_> {
    pub(super) fn report_hidden(&self) {
        let count = self.plan.counts.hidden;
        if count > 0 {
            self.printer.warn(format_args!(
                "{} of {} ({}) {} hidden in the sheet, by a filter or by hand, and held back: nothing \
                 was ordered for {}. To order {} as well, show {} in the sheet, or run the same command \
                 with --include-hidden; --where COLUMN=VALUE chooses rows by a cell",
                words::count(count, "row"),
                escape(self.manifest),
                self.lines(count, self.held(Decision::Hidden)),
                words::choose(count, "is", "are"),
                words::choose(count, "it", "them"),
                words::choose(count, "it", "them"),
                words::choose(count, "it", "them"),
            ));
        }
    }

    /// Reports columns that are hidden and count all the same, where rows are sent.
    pub fn report_hidden_columns(&self, manifest: &Manifest) {
        if self.plan.counts.send == 0 {
            return;
        }
        for (file, header) in manifest.hidden_columns() {
            self.printer.warn(format_args!(
                "{}: the column \"{}\" is hidden in the sheet, and counts all the same",
                escape(file),
                escape(header)
            ));
        }
    }
}
