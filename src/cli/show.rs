//! `status`, `report`, `compact`, `check`, `init`, `completions`, `man`, `help`: the commands that look, tidy, set
//! up and explain.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::shared::{ApiArgs, JobsArg, LockArg, SheetArgs, WhereArgs};
use crate::output::Dialect;
use crate::settings::values;

/// Who `--audience` words states for.
const AUDIENCES: [&str; 3] = ["agent", "buyer", "raw"];

/// `status`.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct StatusArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// One job, listing or SKU: its history, and the events behind each state
    #[arg(long, value_name = "ID", conflicts_with_all = ["summary", "csv"])]
    pub id: Option<String>,

    /// Counts and money only
    #[arg(long, conflicts_with = "csv")]
    pub summary: bool,

    /// Credits ordered, charged, refunded and in doubt; with --since, only of orders placed since
    /// then; a day starts at midnight UTC, as for caps
    #[arg(long, conflicts_with_all = ["id", "summary"])]
    pub money: bool,

    /// With --money: a line for each value of this column
    #[arg(long, value_name = "COLUMN", requires = "money")]
    pub by: Option<String>,

    /// The status in words for other people, without costs and commands: agent, buyer; or raw, as
    /// the vendor reports it
    #[arg(long, value_name = "AUDIENCE", value_parser = AUDIENCES, hide_possible_values = true,
        conflicts_with_all = ["csv", "id", "money", "summary", "watch"])]
    pub audience: Option<String>,

    /// A table for a spreadsheet, one row a job; with --money one row a group
    #[arg(long)]
    pub csv: bool,

    /// Active runs on a log in a database: computer, command, start time, last heard from
    #[cfg(feature = "postgres")]
    #[arg(long, conflicts_with_all = ["csv", "id", "money", "summary", "watch", "filters", "since"])]
    pub runs: bool,

    /// Keep running, and update the output whenever the log changes, until every clip has completed
    /// or failed: in place on a terminal, else one line for each change
    #[arg(long, conflicts_with_all = ["csv", "id", "money"])]
    pub watch: bool,

    /// With --csv: the delimiter between cells, such as ; [default: ,]
    #[arg(long, value_name = "CHAR", requires = "csv", value_parser = values::delimiter)]
    pub delimiter: Option<u8>,

    /// With --csv: start with a byte order mark, so that Excel detects the encoding
    #[arg(long, requires = "csv")]
    pub bom: bool,

    /// Which jobs.
    #[command(flatten)]
    pub filter: WhereArgs,
}

/// What `status` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View<'a> {
    /// All jobs, grouped by listing or SKU.
    Table,
    /// Counts and money.
    Summary,
    /// One job, listing or SKU in full.
    One(&'a str),
    /// A row for each job.
    Csv,
    /// Money alone, by groups.
    Money,
}

impl StatusArgs {
    /// How a table for a spreadsheet is written.
    pub fn dialect(&self) -> Dialect {
        let usual = Dialect::default();
        Dialect {
            delimiter: self.delimiter.unwrap_or(usual.delimiter),
            bom: self.bom,
        }
    }

    /// What to show.
    pub fn view(&self) -> View<'_> {
        match &self.id {
            Some(id) => View::One(id),
            None if self.money => View::Money,
            None if self.summary => View::Summary,
            None if self.csv => View::Csv,
            None => View::Table,
        }
    }
}

/// `report`.
#[derive(Args, Clone, Debug, Default)]
pub struct ReportArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// Where the page goes; - writes it to standard output [default: report.html, of a rehearsal
    /// sandbox-report.html]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Put the page, clips and photos of this computer into one file [default: report.zip]
    #[arg(long, value_name = "FORMAT", value_parser = ["zip"])]
    pub bundle: Option<String>,

    /// States in words for others: agent and buyer, without costs, prompts and commands; or raw, as the
    /// vendor says it
    #[arg(long, value_name = "AUDIENCE", value_parser = AUDIENCES, hide_possible_values = true,
        conflicts_with = "public")]
    pub audience: Option<String>,

    /// The page for those who buy: original photos beside the finished clips of these listings or SKUs,
    /// without prompts and costs [default: public.html]
    #[arg(long, value_name = "LISTING", num_args = 1..)]
    pub public: Vec<String>,

    /// Show the page in a browser
    #[arg(long, conflicts_with = "bundle")]
    pub open: bool,

    /// Which jobs.
    #[command(flatten)]
    pub filter: WhereArgs,
}

/// `compact`.
#[derive(Args, Clone, Debug)]
pub struct CompactArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// Keep the old file beside the new one, as JOBS.1
    #[arg(long)]
    pub keep: bool,

    /// Quote damaged lines in lines that can be read; first mark their jobs as unknown
    #[arg(long)]
    pub accept_damage: bool,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,
}

/// `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// A manifest to check as well: its rows, and whether its photos can be fetched
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifest: Option<PathBuf>,

    /// The job log [default: $CREATIVEAI_JOBS, else jobs.jsonl beside the manifest]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,

    /// Leave out rows with mistakes, as submit does with it
    #[arg(long)]
    pub skip_invalid: bool,

    /// Whether a `submit` follows, which says itself what is wrong with the manifest.
    #[arg(skip)]
    pub is_before_submit: bool,

    /// Also send a test notice to all receivers in the settings
    #[arg(long)]
    pub notify: bool,

    /// Which rows, and how they are read.
    #[command(flatten)]
    pub sheet: SheetArgs,

    /// Limits on time.
    #[command(flatten)]
    pub api: ApiArgs,
}

/// `init`.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "named like the options")]
pub struct InitArgs {
    /// Read the API key from standard input instead of asking for it
    #[arg(long)]
    pub key_stdin: bool,

    /// Write no settings file, only the API key, replacing the one that is there
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
