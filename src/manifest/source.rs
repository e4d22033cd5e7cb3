//! The open file, read as UTF-8 as often as needed.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use encoding_rs::Encoding;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

use super::{
    files,
    files::foreign_format,
    options::Options,
    problem::ManifestError,
    workbook::{self, Hidden, WorkbookError},
};
use crate::disk;

/// Labels that are suggested when one is not known.
const USUAL_LABELS: [&str; 9] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "windows-1250",
    "iso-8859-1",
    "macintosh",
    "shift_jis",
    "gb18030",
];

/// One open file. What cannot be read twice (standard input, a pipe) is first copied to a
/// temporary file that has no name, so that it is gone with the process.
pub(super) struct OpenFile {
    pub name: Arc<str>,
    file: File,
    /// The workbook that `file` is a table of.
    workbook: Option<Workbook>,
    /// `None` for a copy, which no one else can change.
    stamp: Option<FileStamp>,
    /// `None` is UTF-8, which is passed through as it is.
    encoding: Option<&'static Encoding>,
    /// Length of the byte order mark.
    mark: u64,
    /// Its folder, where relative paths in it start; empty for the current one.
    pub folder: PathBuf,
}

/// A workbook, and which of its sheets is read.
struct Workbook {
    file: File,
    sheet: String,
    /// Sheets that could have been meant as well.
    others: Vec<String>,
    hidden: Hidden,
}

/// What changes when someone writes to a file.
#[derive(PartialEq, Eq)]
struct FileStamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl FileStamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

impl OpenFile {
    /// Opens `path`; `-` is standard input. `label` names an encoding, where the user did.
    pub fn open(path: &Path, options: &Options) -> Result<Self, ManifestError> {
        if path.as_os_str() == "-" {
            return Self::spool("standard input", io::stdin().lock(), options);
        }
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        if let Some(sheet) = files::open_sheet(&name) {
            let message =
                "this is not a spreadsheet but the lock file of a program that has one open";
            let help = format!("name {sheet}, and close it there first");
            return Err(ManifestError::of_file(&name, message, help));
        }
        let failed = |source| ManifestError::Io {
            name: Arc::clone(&name),
            doing: "open",
            source,
        };
        let file = disk::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Self::spool(&name, file, options);
        }
        let stamp = Some(FileStamp::of(&file).map_err(failed)?);
        let mut source = Self::new(Arc::clone(&name), file, stamp, options)?;
        path.parent().unwrap_or(path).clone_into(&mut source.folder);
        Ok(source)
    }

    /// Copies `reader` to a temporary file and reads that.
    pub fn spool(
        name: &str,
        mut reader: impl Read,
        options: &Options,
    ) -> Result<Self, ManifestError> {
        let name: Arc<str> = Arc::from(name);
        let failed = |doing| {
            let name = Arc::clone(&name);
            move |source| ManifestError::Io {
                name,
                doing,
                source,
            }
        };
        let mut file = tempfile::tempfile().map_err(failed("make a temporary copy of"))?;
        io::copy(&mut reader, &mut file).map_err(failed("make a temporary copy of"))?;
        Self::new(Arc::clone(&name), file, None, options)
    }

    fn new(
        name: Arc<str>,
        file: File,
        stamp: Option<FileStamp>,
        options: &Options,
    ) -> Result<Self, ManifestError> {
        let chosen = options.encoding.as_deref().map(encoding_for).transpose()?;
        let head = head_of(&file).map_err(|source| ManifestError::Io {
            name: Arc::clone(&name),
            doing: "read",
            source,
        })?;
        if workbook::is_archive(&head) {
            return Self::of_workbook(name, file, stamp, options);
        }
        if let Some((what, help)) = foreign_format(&head) {
            let message = format!("this is {what}, not a spreadsheet");
            return Err(ManifestError::of_file(&name, message, help));
        }
        // A mark is proof; an encoding that was typed is not.
        let (encoding, mark) = match Encoding::for_bom(&head) {
            Some((found, length)) => (found, length as u64),
            None => (chosen.unwrap_or(encoding_rs::UTF_8), 0),
        };
        Ok(Self {
            name,
            file,
            workbook: None,
            stamp,
            encoding: Some(encoding).filter(|&e| e != encoding_rs::UTF_8),
            mark,
            folder: PathBuf::new(),
        })
    }

    /// Makes a table of one sheet of a workbook.
    fn of_workbook(
        name: Arc<str>,
        file: File,
        stamp: Option<FileStamp>,
        options: &Options,
    ) -> Result<Self, ManifestError> {
        let table = match workbook::to_csv(&file, options.sheet.as_deref()) {
            Ok(table) => table,
            Err(WorkbookError::Io(source)) => {
                return Err(ManifestError::Io {
                    name,
                    doing: "read",
                    source,
                });
            }
            Err(WorkbookError::File { message, help }) => {
                return Err(ManifestError::of_file(&name, message, help));
            }
        };
        Ok(Self {
            name,
            file: table.table,
            workbook: Some(Workbook {
                file,
                sheet: table.name,
                others: table.others,
                hidden: table.hidden,
            }),
            stamp,
            encoding: None,
            mark: 0,
            folder: PathBuf::new(),
        })
    }

    /// Whether it is a table of a workbook: with commas, and one record for each row.
    pub fn is_workbook(&self) -> bool {
        self.workbook.is_some()
    }

    /// What a workbook does not show of its sheet.
    pub fn hidden(&self) -> Option<&Hidden> {
        self.workbook.as_ref().map(|workbook| &workbook.hidden)
    }

    /// Which sheet of a workbook is read where others could be meant, and how to read those.
    pub fn other_sheets(&self) -> Option<String> {
        let workbook = self.workbook.as_ref()?;
        let names = workbook.others.iter().map(|name| format!("{name:?}"));
        let names: Vec<String> = names.collect();
        (!names.is_empty()).then(|| {
            format!(
                "only the sheet {:?} of this workbook is read; for another, add --sheet NAME: {}",
                workbook.sheet,
                names.join(", ")
            )
        })
    }

    /// The encoding's name where it is not UTF-8.
    pub fn encoding(&self) -> Option<&'static str> {
        self.encoding.map(Encoding::name)
    }

    /// Reads from the beginning, as UTF-8 and without the byte order mark.
    pub fn rewind(&self) -> io::Result<Utf8Reader<'_>> {
        (&self.file).seek(SeekFrom::Start(self.mark))?;
        Ok(match self.encoding {
            None => Utf8Reader::Plain(&self.file),
            Some(encoding) => Utf8Reader::Translated(Box::new(
                DecodeReaderBytesBuilder::new()
                    .encoding(Some(encoding))
                    .build(&self.file),
            )),
        })
    }

    /// Whether someone wrote to the file since it was opened.
    pub fn has_changed(&self) -> Result<bool, ManifestError> {
        let Some(stamp) = &self.stamp else {
            return Ok(false);
        };
        let workbook = self.workbook.as_ref();
        let original = workbook.map_or(&self.file, |workbook| &workbook.file);
        let now = FileStamp::of(original).map_err(|source| self.failed("look at", source))?;
        Ok(now != *stamp)
    }

    /// An error of the machine while `doing` something with the file.
    pub fn failed(&self, doing: &'static str, source: io::Error) -> ManifestError {
        ManifestError::Io {
            name: Arc::clone(&self.name),
            doing,
            source,
        }
    }
}

/// The file's bytes as UTF-8 (or as what claims to be).
pub(super) enum Utf8Reader<'a> {
    Plain(&'a File),
    Translated(Box<DecodeReaderBytes<&'a File, Vec<u8>>>),
}

impl Read for Utf8Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Translated(decoder) => decoder.read(buffer),
        }
    }
}

/// The first bytes of the file, for recognizing what it is.
fn head_of(mut file: &File) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.take(512).read_to_end(&mut head)?;
    Ok(head)
}

fn encoding_for(label: &str) -> Result<&'static Encoding, ManifestError> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        let near = USUAL_LABELS
            .into_iter()
            .max_by(|a, b| {
                let near = |to| strsim::jaro_winkler(&label.to_lowercase(), to);
                near(a).total_cmp(&near(b))
            })
            .unwrap_or("windows-1252");
        ManifestError::Usage(format!(
            "{label:?} is not a supported encoding. Did you mean --encoding {near}? \
             Common ones: {}",
            USUAL_LABELS.join(", ")
        ))
    })
}
