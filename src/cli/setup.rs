//! `init`, `completions`, `man`, `help`: the commands that explain and set up.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `init`.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "named like the options")]
pub struct InitArgs {
    /// Read the API key from standard input instead of asking for it
    #[arg(long)]
    pub key_stdin: bool,

    /// Write no settings file, only the API key, in place of the one that is there
    #[arg(long)]
    pub key_only: bool,

    /// Where the API key is kept [default: api-key in the user's settings folder]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
}

/// `completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// bash, zsh, fish, powershell or elvish
    #[arg(
        value_name = "SHELL",
        hide_possible_values = true,
        required_unless_present = "ids"
    )]
    pub shell: Option<clap_complete::Shell>,
    /// For the scripts: names of the job log that begin so, where one is expected
    #[arg(long, value_name = "BEGINNING", hide = true, conflicts_with = "shell")]
    pub ids: Option<String>,
    /// For the scripts: the words before
    #[arg(value_name = "WORD", last = true, hide = true, requires = "ids")]
    pub words: Vec<String>,
}

/// `man`.
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// Write one page for each command into this folder [default: all to standard output]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// `help`.
#[derive(Args, Clone, Debug)]
pub struct HelpArgs {
    /// A command, or one of: log, exit-codes, environment, schema
    #[arg(value_name = "TOPIC")]
    pub topic: Option<String>,
    /// After schema: what to print the JSON Schema of; none lists them
    #[arg(value_name = "NAME")]
    pub schema: Option<String>,
}
