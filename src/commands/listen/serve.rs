//! The receiver at work, and what it works with.

use std::path::Path;

use tokio::net::TcpListener;

use crate::cli::ListenArgs;
use crate::commands::runtime::{bind, on_runtime};
use crate::commands::signals;
use crate::engine::forward::{self, ForwardQueue, ForwardStats, Forwarder};
use crate::engine::receive::IntakeReporter;
use crate::engine::stop::Stop;
use crate::exit::{Code, Ending};
use crate::output::{Printer, RequestReport, stopped};
use crate::text::escape;
use crate::webhook::{self, ReceiverOptions, Sink, Stats, VerifyKeys};

/// What a receiver works with.
pub struct ReceiverContext<'a> {
    pub args: &'a ListenArgs,
    pub keys: &'a VerifyKeys,
    pub printer: &'a Printer,
    pub stop: &'a Stop,
    pub report: IntakeReporter<'a>,
    pub report_forward: forward::ForwardReporter<'a>,
}

/// What was received and forwarded, and how that ended.
pub type ReceiveOutcome = (Stats, ForwardStats, Code);

impl ReceiverContext<'_> {
    /// Receives, and forwards, until a signal has come and what was in flight is kept and answered.
    pub fn serve<S: Sink, Q: ForwardQueue>(
        &self,
        sink: S,
        place: &Path,
        forwarding: Option<Forwarder<'_, Q>>,
    ) -> anyhow::Result<ReceiveOutcome> {
        signals::watch(self.stop);
        on_runtime(async {
            let listener = self.bind(place).await?;
            let options = ReceiverOptions {
                path: self.args.path.clone(),
                keys: self.keys.clone(),
                ..ReceiverOptions::default()
            };
            let requests = RequestReport::new(&self.args.path, self.keys, self.printer);
            let on_event = move |event: webhook::ReceiverEvent<'_>| requests.report(&event);
            let serving = webhook::serve(listener, options, sink, on_event, self.stop.wait());
            let forward = async {
                match forwarding {
                    Some(forwarder) => forwarder.run(self.stop).await,
                    None => ForwardStats::default(),
                }
            };
            let (stats, forwards) = tokio::join!(serving, forward);
            let stats = stats?;
            let mut ending = Ending::default();
            ending.note_if(stats.failed > 0, Code::Io);
            ending.join(stopped::ending_of_server(self.stop));
            Ok((stats, forwards, ending.code()))
        })
    }

    async fn bind(&self, place: &Path) -> anyhow::Result<TcpListener> {
        let (args, printer) = (self.args, self.printer);
        let listener = bind(args.addr).await?;
        let addr = listener.local_addr()?;
        if !addr.ip().is_loopback() {
            printer.warn(format_args!(
                "{addr} can be reached from other computers, over plain http; put a proxy with \
                 https in front of it"
            ));
        }
        printer.note(format_args!(
            "listening on http://{addr}{}; captures go to {}",
            args.path,
            escape(&place.display().to_string())
        ));
        Ok(listener)
    }
}
