//! What a receiver works with.

use crate::cli::ListenArgs;
use crate::engine::forward;
use crate::engine::receive::Report;
use crate::engine::stop::Stop;
use crate::output::Printer;
use crate::webhook::VerifyKeys;

/// What a receiver works with.
pub struct Reception<'a> {
    pub args: &'a ListenArgs,
    pub keys: &'a VerifyKeys,
    pub printer: &'a Printer,
    pub stop: &'a Stop,
    pub report: Report<'a>,
    pub report_forward: forward::Report<'a>,
}
