//! Commands that print a text.

use crate::cli::Cli;
use crate::output::Printer;

/// Shows what a command has written; JSON as it is.
pub fn show(output: &[u8], printer: &mut Printer) -> anyhow::Result<()> {
    if printer.options().json {
        printer.out().write_all(output)?;
    } else {
        printer.text(&String::from_utf8_lossy(output))?;
    }
    Ok(())
}

/// A command that only prints a text; with `--json` the text is a field of the document.
pub fn text(
    cli: &Cli,
    printer: &mut Printer,
    write: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if !printer.options().json {
        return write(printer.out());
    }
    let mut text = Vec::new();
    write(&mut text)?;
    Ok(printer.document(&serde_json::json!({
        "command": cli.command.name(),
        "text": String::from_utf8_lossy(&text),
        "exit_code": 0,
    }))?)
}
