//! `man`: the help as manual pages.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::environment::{FILES, VARIABLES};
use super::outputs::MANUAL;
use crate::cli::{Cli, ManArgs};
use crate::exit::{Code, Failure};
use crate::text::escape;

/// Writes all pages, into a folder, which is named unless it is to be `quiet`, or to `out`.
pub fn run(args: &ManArgs, quiet: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let pages = pages()?;
    if let Some(dir) = &args.dir {
        write_into(dir, &pages)?;
        if !quiet {
            let dir = escape(&dir.display().to_string()).into_owned();
            writeln!(out, "Wrote {} pages into {dir}.", pages.len())?;
        }
    } else {
        for (_, page) in &pages {
            out.write_all(page)?;
        }
    }
    Ok(out.flush()?)
}

/// File names and texts, the overview first.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut cli = Cli::command();
    cli.build();
    let commands = cli.get_subcommands().cloned();
    let mut pages = vec![page(cli.clone(), true)?];
    for command in commands {
        pages.push(page(command, false)?);
    }
    Ok(pages)
}

fn page(command: clap::Command, overview: bool) -> std::io::Result<(String, Vec<u8>)> {
    let help = command.get_after_help().map(ToString::to_string);
    let has_commands = command.has_subcommands();
    let man = Man::new(command);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if has_commands {
        man.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::new();
    if overview {
        exit_status(&mut roff);
        named(&mut roff, "ENVIRONMENT", &VARIABLES);
        named(&mut roff, "FILES", &FILES);
    }
    if let Some(help) = help {
        examples(&mut roff, &help);
    }
    roff.to_writer(&mut text)?;
    Ok((man.get_filename(), text))
}

fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for code in Code::ALL {
        roff.control("TP", []);
        roff.text([bold(code.number().to_string())]);
        roff.text([roman(code.meaning())]);
    }
}

/// Variables or files, each with what it is for.
fn named(roff: &mut Roff, title: &str, all: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (name, about) in all {
        roff.control("TP", []);
        roff.text([bold(*name)]);
        roff.text([roman(*about)]);
    }
}

/// What a page has to say besides, and the lines of the examples, kept apart.
fn examples(roff: &mut Roff, help: &str) {
    let (notes, examples) = help.split_once("Examples:\n").unwrap_or(("", help));
    if !notes.trim().is_empty() {
        roff.control("SH", ["NOTES"]);
        roff.text([roman(notes.trim())]);
    }
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in examples.lines() {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}

fn write_into(dir: &Path, pages: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let cannot = |path: &Path, e: std::io::Error| {
        Failure::io(format!("cannot write {}", path.display()))
            .because(e)
            .help("name a folder you can write to with --dir")
    };
    std::fs::create_dir_all(dir).map_err(|e| cannot(dir, e))?;
    for (name, page) in pages {
        let path = dir.join(name);
        MANUAL.check(&path, None)?;
        std::fs::write(&path, page).map_err(|e| cannot(&path, e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command_with_examples_line_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let args = ManArgs {
            dir: Some(dir.path().join("man1")),
        };
        run(&args, false, &mut Vec::new()).unwrap();
        let read =
            |name: &str| std::fs::read_to_string(dir.path().join("man1").join(name)).unwrap();
        for command in Cli::command().get_subcommands() {
            let page = read(&format!("creativeai-{}.1", command.get_name()));
            let (_, examples) = page.split_once(".SH EXAMPLES\n.nf\n").expect(&page);
            assert!(examples.starts_with("creativeai "), "{examples}");
            assert!(page.contains("\\-\\-sandbox"), "{page}");
        }
        assert!(read("creativeai.1").contains(".SH \"EXIT STATUS\""));
    }

    #[test]
    fn without_a_folder_all_pages_follow_each_other() {
        let mut out = Vec::new();
        run(&ManArgs { dir: None }, false, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let commands = Cli::command().get_subcommands().count();
        assert_eq!(text.matches("\n.TH ").count(), commands + 1);
    }
}
