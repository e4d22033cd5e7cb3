//! `review`: a person looks at clips before they go out.

mod page;
mod session;
mod sheet;

use crate::cli::{ReviewArgs, ReviewMode};
use crate::clock;
use crate::exit::{Code, Failure};
use crate::manifest::Options;
use crate::output::Printer;
use crate::settings::Settings;

pub fn run(args: &ReviewArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let filters = args.filter.filters(clock::now());
    match args.mode() {
        ReviewMode::Csv => sheet::write(&path, &filters, settings, printer),
        ReviewMode::From(file) if filters.is_empty() => {
            let options = Options {
                encoding: args.encoding.map(|encoding| encoding.name().to_owned()),
                delimiter: args.delimiter,
                ..Options::default()
            };
            sheet::read(file, &options, &path, settings, printer)
        }
        ReviewMode::From(_) => Err(Failure::usage(
            "--where and --since choose what is shown, and --from takes in what was filled in",
        )
        .into()),
        ReviewMode::Page => page::run(args, &path, &filters, settings, printer),
    }
}
