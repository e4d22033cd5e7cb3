//! Where pages go: beside each other on disk, or into one archive with all that they show.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::commands::outputs;
use crate::disk::{self, Readers, Replacement};
use crate::exit::Failure;
use crate::output::report::{Bundle, Markup, PAGES, Pages};

/// The page in front in an archive.
pub const FRONT: &str = "index.html";

/// The folder for the pages behind the one in front.
pub fn pages_of(front: &Path) -> PathBuf {
    let stem = front.file_stem().unwrap_or_default().to_string_lossy();
    front.with_file_name(format!("{stem}{PAGES}"))
}

pub fn folder_of(page: &Path) -> &Path {
    match page.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What it means for the run that a page cannot be written.
pub fn unwritable(what: &str, output: &Path, error: io::Error) -> Failure {
    let help = if error.kind() == io::ErrorKind::StorageFull {
        "make room on the disk, or name a file on another one with -o"
    } else {
        "check that its folder is there and that you may write in it, or name another file with -o"
    };
    Failure::io(format!("cannot write {what}{}", output.display()))
        .because(error)
        .help(help)
}

/// Makes the folder for pages, so that they can say where files are from there.
pub fn make_folder(pages: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(pages).with_context(|| format!("cannot make the folder {}", pages.display()))
}

/// Pages on disk. Each is written beside its place and then takes it, so that a reader never sees
/// half a page.
struct Folder<'a> {
    front: &'a Path,
    written: Vec<String>,
}

impl Pages for Folder<'_> {
    fn write(&mut self, name: Option<&str>, page: &dyn Markup) -> io::Result<()> {
        let pages = pages_of(self.front);
        let path = name.map_or_else(|| self.front.to_owned(), |name| pages.join(name));
        if name.is_some() {
            outputs::PAGE.check(&path, None).map_err(io::Error::other)?;
        }
        self::page(&path, page)?;
        self.written.extend(name.map(str::to_owned));
        Ok(())
    }
}

/// Writes one page, which takes the place of the older one as a whole.
pub fn page(path: &Path, page: &dyn Markup) -> io::Result<()> {
    // A page is made to be shown, unlike the log.
    let mut file = Replacement::of(path, Readers::Usual)?;
    let mut out = BufWriter::new(&mut file);
    page.write_to(&mut out)?;
    out.flush()?;
    drop(out);
    file.finish()
}

/// Writes one file that is not a page.
pub fn text(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = Replacement::of(path, Readers::Usual)?;
    file.write_all(text)?;
    file.finish()
}

/// Writes pages to disk, and removes those that an earlier report of more clips has left.
pub fn folder<T, E: From<io::Error>>(
    front: &Path,
    write: impl FnOnce(&mut dyn Pages) -> Result<T, E>,
) -> Result<T, E> {
    let mut folder = Folder {
        front,
        written: Vec::new(),
    };
    let result = write(&mut folder)?;
    remove_others(&pages_of(front), &folder.written)?;
    Ok(result)
}

fn remove_others(pages: &Path, written: &[String]) -> io::Result<()> {
    let entries = match fs::read_dir(pages) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let number = name
            .strip_prefix("page-")
            .and_then(|rest| rest.strip_suffix(".html"));
        let is_page = number.is_some_and(|n| n.len() >= 4 && n.bytes().all(|b| b.is_ascii_digit()));
        if is_page && !written.iter().any(|other| other == name) {
            fs::remove_file(entry.path())?;
        }
    }
    if written.is_empty() {
        // Whatever else is in it stays.
        let _ = fs::remove_dir(pages);
    }
    Ok(())
}

struct Archive<W: Write + io::Seek>(ZipWriter<W>);

impl<W: Write + io::Seek> Archive<W> {
    /// Begins a file. Clips are compressed already, and may be larger than 4 GiB together.
    fn begin(&mut self, name: String) -> io::Result<()> {
        let plain = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        Ok(self.0.start_file(name, plain)?)
    }
}

impl<W: Write + io::Seek> Pages for Archive<W> {
    fn write(&mut self, name: Option<&str>, page: &dyn Markup) -> io::Result<()> {
        let name = match name {
            None => FRONT.to_owned(),
            Some(name) => format!("index{PAGES}/{name}"),
        };
        self.begin(name)?;
        page.write_to(&mut self.0)
    }
}

/// Writes pages, and all files that they show, into one archive.
pub fn archive<T, E: From<io::Error>>(
    output: &Path,
    bundle: &Bundle,
    write: impl FnOnce(&mut dyn Pages) -> Result<T, E>,
) -> Result<T, E> {
    let file = Replacement::of(output, Readers::Usual)?;
    let out = BufWriter::new(file.file()?.try_clone()?);
    let mut archive = Archive(ZipWriter::new(out));
    let result = write(&mut archive)?;
    for (name, path) in bundle.files() {
        archive.begin(name)?;
        io::copy(&mut disk::open(&path)?, &mut archive.0)?;
    }
    for (name, text) in bundle.texts() {
        archive.begin(name)?;
        archive.0.write_all(&text)?;
    }
    let mut out = archive.0.finish().map_err(io::Error::from)?;
    out.flush()?;
    drop(out);
    file.finish()?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_called_a_missing_folder() {
        let full = unwritable(
            "the report ",
            Path::new("a.html"),
            io::ErrorKind::StorageFull.into(),
        );
        assert!(
            format!("{full:?}").contains("make room on the disk"),
            "{full:?}"
        );
    }
}
