//! Where deliveries are kept: in a file, or with the log in its database.

#[cfg(feature = "postgres")]
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "postgres")]
use super::database;
use super::file;
use crate::cli::ListenArgs;
use crate::engine::receive::CaptureFile;
use crate::exit::Failure;
#[cfg(feature = "postgres")]
use crate::journal::{Address, Location};
use crate::output::Printer;
use crate::settings::Settings;

/// Where deliveries are kept.
pub enum Place {
    File(Arc<CaptureFile>),
    #[cfg(feature = "postgres")]
    /// With the log that has this name.
    Database(Box<Address>, PathBuf),
}

impl Place {
    pub fn of(args: &ListenArgs, settings: &Settings, printer: &Printer) -> Result<Self, Failure> {
        if let Some(jobs) = &args.jobs {
            #[cfg(feature = "postgres")]
            if let Ok(Location::Database(address)) = Location::of(jobs) {
                database::refuse_capture_file(args)?;
                return Ok(Self::Database(Box::new(address), jobs.clone()));
            }
            file::check_log(jobs, settings, printer)?;
        }
        Ok(Self::File(Arc::new(file::open(args)?)))
    }
}
