//! Asking the vendor where jobs stand, with what is reported of that.

use super::failure;
use super::open::{self, Api};
use crate::commands::observe::observer;
use crate::commands::sending::Polling;
use crate::engine::poll::{self, Event, Rounds, Targets};
use crate::engine::stop::Stop;
use crate::exit::{Code, Ending};
use crate::jobs::JobState;
use crate::journal::Writer;
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::vendor::Throttle;

/// Polls the jobs of one log.
pub struct Poller<'a> {
    pub api: &'a Api,
    pub writer: &'a Writer,
    pub stop: &'a Stop,
    pub settings: &'a Settings,
    pub printer: &'a Printer,
    pub concurrency: usize,
    /// What else is limited, where something is sent meanwhile.
    pub shared: Option<&'a Throttle>,
}

impl Poller<'_> {
    /// Asks for every unfinished attempt of the jobs that `covers` picks.
    pub async fn ask(
        &self,
        rounds: Rounds,
        covers: impl Fn(&JobState) -> bool,
    ) -> anyhow::Result<Ending> {
        let client = &self.api.client;
        let targets = Targets::of(self.writer, client, covers).map_err(failure::of_log)?;
        if targets.silent > 0 {
            self.printer.note(format_args!(
                "{} can only be reported by webhook: no poll path is set for them",
                words::count(targets.silent, "voice job")
            ));
        }
        let reporter = Polling::new(self.printer, self.writer, targets.open.len() as u64);
        let report = |event: Event<'_>| reporter.report(&event);
        let own = open::throttle(self.settings, self.concurrency, None);
        let poller = poll::Poller {
            client,
            observer: observer(self.writer, self.settings),
            stop: self.stop,
            throttle: self.shared.unwrap_or(&own),
            interval: self.settings.network.interval,
            concurrency: self.concurrency,
            report: &report,
        };
        let is_answered = poller.ask(targets, rounds).await.map_err(failure::of_log)?;
        let mut ending = Ending::default();
        ending.note_if(!is_answered, Code::Temporary);
        Ok(ending)
    }
}
