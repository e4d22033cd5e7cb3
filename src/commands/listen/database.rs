//! A receiver that keeps deliveries with the log, in its database: each with what it teaches, in one
//! transaction, before it is answered. Nothing is kept on this computer, and any number of receivers may
//! do so at the same time.

use std::thread::Scope;

use sha2::{Digest, Sha256};

use super::serve::{ReceiveOutcome, ReceiverContext};
use crate::cli::ListenArgs;
use crate::commands::runtime::on_runtime;
use crate::engine::forward::{DatabaseQueue, ForwardEvent, ForwardTarget, Forwarder, QueueWaker};
use crate::engine::receive::{DatabaseSink, EndedJobs, ReceiveError, Recorder, TargetLog};
use crate::exit::Failure;
use crate::journal::{Address, Outbox};
use crate::output::failure;
use crate::text::escape;

/// Captures are kept in one place.
pub fn refuse_capture_file(args: &ListenArgs) -> Result<(), Failure> {
    let (Some(_), Some(jobs)) = (&args.capture, &args.jobs) else {
        return Ok(());
    };
    Err(Failure::usage(format!(
        "with {} captures are kept there, not in a file",
        escape(&jobs.display().to_string())
    ))
    .help("leave --capture out; `creativeai log captures` prints them"))
}

impl<'env> ReceiverContext<'env> {
    /// Serves, with what writes to the log and forwards deliveries beside it.
    pub fn serve_database<'scope>(
        &self,
        address: &Address,
        log: TargetLog<'env>,
        target: Option<ForwardTarget>,
        ended: Option<EndedJobs>,
        scope: &'scope Scope<'scope, 'env>,
    ) -> anyhow::Result<ReceiveOutcome> {
        let recorder = Recorder::open(log, self.report, ended).map_err(of_receive)?;
        let place = recorder.name();
        // It may hold a secret.
        let digest = |url: &url::Url| Sha256::digest(url.as_str()).into();
        let digest: Option<[u8; 32]> = self.args.forward.as_ref().map(digest);
        let (forwarding, waker) = match target.zip(digest) {
            Some((target, digest)) => {
                let (forwarder, waker) = self.forward_from(address, target, digest)?;
                (Some(forwarder), Some(waker))
            }
            None => (None, None),
        };
        let recorder = recorder.waking(waker);
        let (sink, incoming) = DatabaseSink::new(self.keys, digest);
        // It ends with its channel, which the receiver holds.
        scope.spawn(move || recorder.run(incoming));
        self.serve(sink, &place, forwarding)
    }

    /// Prepares to forward what waits in the log's database for the address with that digest.
    fn forward_from(
        &self,
        log: &Address,
        target: ForwardTarget,
        digest: [u8; 32],
    ) -> anyhow::Result<(Forwarder<'env, DatabaseQueue<'env>>, QueueWaker)> {
        let (outbox, elsewhere) = on_runtime(async {
            let opened = async {
                let mut outbox = Outbox::open(log, digest).await?;
                let elsewhere = outbox.waiting_elsewhere().await?;
                // The connection belongs to the runtime that has made it.
                outbox.disconnect();
                Ok((outbox, elsewhere))
            };
            Ok(opened.await.map_err(failure::of_database)?)
        })?;
        let report = self.report_forward;
        if elsewhere > 0 {
            report(ForwardEvent::Elsewhere(elsewhere));
        }
        let (queue, waker) = DatabaseQueue::new(outbox, self.keys, report);
        Ok((Forwarder::new(target, queue, report), waker))
    }
}

/// Why a receiver does not begin.
fn of_receive(error: ReceiveError) -> Failure {
    match error {
        ReceiveError::Log(error) => failure::of_log(error),
        ReceiveError::Rehearsal(error) => failure::of_rehearsal(&error),
        ReceiveError::Ingest(error) => failure::of_ingest(error),
        ReceiveError::Captures(error) => Failure::io(error.to_string()),
    }
}
