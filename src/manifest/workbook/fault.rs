//! Why a workbook is not read.

use std::io;

/// Why a workbook is not read.
#[derive(Debug)]
pub(in crate::manifest) enum WorkbookError {
    Io(io::Error),
    /// What is wrong with the file, and what to do.
    File {
        message: String,
        help: String,
    },
}

impl From<io::Error> for WorkbookError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn unusable(message: impl Into<String>, help: impl Into<String>) -> WorkbookError {
    WorkbookError::File {
        message: message.into(),
        help: help.into(),
    }
}

/// A file that cannot be read although it is a workbook.
pub(super) fn damaged(error: &dyn std::fmt::Display) -> WorkbookError {
    let text = error.to_string();
    let help = if text.to_lowercase().contains("password") || text.contains("ncrypted") {
        "remove the password in the spreadsheet program, or save it as \"CSV UTF-8\""
    } else {
        "open it in the spreadsheet program and save it again, or save it as \"CSV UTF-8\""
    };
    unusable(format!("this workbook cannot be read ({text})"), help)
}
