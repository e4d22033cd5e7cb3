//! What is asked of `report`, by options and settings.

use super::args::{Output, Public, ReportArgs};
use super::run;
use crate::cli;
use crate::clock;
use crate::commands::open;
use crate::exit::Failure;
use crate::output::report::Rules;
use crate::output::{Printer, failure};
use crate::settings::Settings;

/// Runs the command.
pub fn run_asked(
    args: &cli::ReportArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let to_stdout = args.output.as_deref().is_some_and(|o| o.as_os_str() == "-");
    if to_stdout && printer.options().json {
        return Err(Failure::usage(
            "the page and the JSON document cannot both go to standard output",
        )
        .help("leave out --json, or name a file with -o")
        .into());
    }
    if to_stdout && (args.bundle.is_some() || args.open || !args.public.is_empty()) {
        return Err(Failure::usage("standard output takes the page alone")
            .help("name a file with -o, or leave out --bundle, --public and --open")
            .into());
    }
    let asked = ReportArgs {
        output: match &args.output {
            None => Output::Usual {
                rehearsal: settings.sandbox,
            },
            Some(_) if to_stdout => Output::Stdout,
            Some(file) => Output::File(file.clone()),
        },
        filters: args.filter.filters(clock::now()),
        commands: open::commands_for(&path, false, settings),
        rehearsal: open::commands_for(&path, true, settings),
        now: clock::now(),
        bundle: args.bundle.is_some(),
        public: wanted(&args.public, settings),
        wording: settings.copy.wording(args.audience.as_deref()),
        open: args.open,
    };
    run(&asked, &path, settings.rates.clone(), printer).map_err(failure::of_reading)
}

/// The public page that was asked for, by options and settings.
fn wanted(listings: &[String], settings: &Settings) -> Option<Public> {
    let own = &settings.public;
    let rules = match own.rules.as_str() {
        "ab723" => Rules::Ab723,
        "eu-ai-act" => Rules::AiAct,
        _ => Rules::Both,
    };
    let statement = own.statement.clone();
    (!listings.is_empty()).then(|| Public {
        listings: listings.to_vec(),
        statement: statement.unwrap_or_else(|| rules.statement().to_owned()),
        rules,
        originals: own.originals.clone(),
    })
}
