//! What is reported of a run that could not go on, or did not begin.

use serde_json::{Map, json};

use crate::cli::Cli;
use crate::exit::{self, Code};
use crate::journal::redacted;
use crate::output::{OutputOptions, Printer, Summary};
use crate::text::escape_lines;

/// Reports why a run could not go on, and gives the code.
pub fn report(error: &anyhow::Error, cli: &Cli, printer: &mut Printer) -> Code {
    let code = exit::code_of(error);
    printer.settle(code == Code::Success);
    if code != Code::Success {
        let typed = cli.typed();
        let text = exit::describe(error, |step| typed.repeat_in(step));
        printer.error(text.trim_end());
        let next = exit::next_step_of(error).map(|step| typed.repeat_in(step));
        print_json(cli.command.name(), error, next, code, printer);
    }
    code
}

/// With `--json`, standard output holds a document also when the run could not go on. Where the
/// command prints a summary otherwise, this one has its fields: it has done nothing.
fn print_json(
    command: &'static str,
    error: &anyhow::Error,
    next: Option<String>,
    code: Code,
    printer: &mut Printer,
) {
    if !printer.options().json || printer.has_spoken() {
        return;
    }
    let mut more = Map::new();
    more.insert("command".to_owned(), command.into());
    for (name, value) in exit::fields_of(error) {
        more.insert((*name).to_owned(), value.clone());
    }
    more.insert("error".to_owned(), exit::causes(error).join(": ").into());
    more.insert("error_code".to_owned(), code.word().into());
    if let Some(step) = next {
        more.insert("next".to_owned(), step.into());
    }
    let document = if matches!(command, "submit" | "reconcile" | "retry") {
        let mut summary = Summary::new(command);
        summary.exit_code = code.number();
        summary.more = more;
        summary.to_json()
    } else {
        more.insert("exit_code".to_owned(), code.number().into());
        more.into()
    };
    // The code says already that something went wrong; standard error says what.
    let _ = printer.document(&document);
}

/// Reports that a command line could not be understood, also as JSON where that was asked for, and
/// gives the code. A request for help is none: it is shown.
pub fn refuse(error: &clap::Error, json: bool) -> Code {
    let text = error.render().to_string();
    let safe = redacted(&text);
    if safe == text {
        // A closed terminal is not a reason for another code.
        let _ = error.print();
    } else {
        let printer = Printer::new(OutputOptions::default());
        printer.say(escape_lines(&safe).trim_end());
        printer.finish_messages();
    }
    if !error.use_stderr() {
        return Code::Success;
    }
    if json {
        let options = OutputOptions {
            json,
            ..OutputOptions::default()
        };
        let paragraph: Vec<&str> = safe.lines().take_while(|line| !line.is_empty()).collect();
        let output = paragraph.join("\n");
        let document = json!({
            "error": output.strip_prefix("error: ").unwrap_or(&output),
            "error_code": Code::Usage.word(),
            "exit_code": Code::Usage.number(),
        });
        let _ = Printer::new(options).document(&document);
    }
    Code::Usage
}
