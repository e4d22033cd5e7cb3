//! The receiver at work: who is to know of what it keeps, and what is reported of it.

use std::sync::mpsc;

use tokio::net::TcpListener;

use super::file_queue;
use crate::cli::ListenArgs;
use crate::commands::{open, stopped};
use crate::engine::forward::{Forwarder, Forwards, Outgoing, Queue};
use crate::engine::ingest::observation;
use crate::engine::stop::Stop;
use crate::exit::{Code, Ending};
use crate::jobs::Observation;
use crate::output::{Delivery, Printer};
use crate::text::escape;
use crate::webhook::{
    self, Capture, Event, ReceiverOptions, Refusal, Sink, Stats, Verification, VerifyKeys, verify,
};

/// Who is to know of deliveries.
pub struct Receivers {
    /// What applies it to the log.
    pub apply: Option<mpsc::Sender<Observation<'static>>>,
    /// What forwards it.
    pub outgoing: Option<file_queue::Sender>,
}

impl Receivers {
    /// Passes on what is kept. Must not block.
    fn notify(&self, capture: &Capture<'_>, keys: &VerifyKeys) {
        if self.apply.is_none() && self.outgoing.is_none() {
            return;
        }
        let verification = verify(capture, keys);
        if let Some(apply) = &self.apply
            && let Some(seen) = observation(&verification, capture.correlation())
        {
            // The applier outlives the server; should it not, the capture is on disk.
            let _ = apply.send(seen);
        }
        if let Some(outgoing) = &self.outgoing
            && matches!(verification, Verification::Verified(_))
        {
            outgoing.send(|| Outgoing::of(capture, &verification));
        }
    }
}

/// What deliveries meet first.
pub struct Front<'a, S> {
    /// What was typed.
    pub args: &'a ListenArgs,
    /// What they are verified with.
    pub keys: &'a VerifyKeys,
    /// Keeps them.
    pub sink: S,
    /// Where captures go, for people.
    pub place: String,
}

/// Receives, and forwards, until `stop` is set and what was in flight is kept and answered.
pub async fn serve<S: Sink, Q: Queue>(
    front: Front<'_, S>,
    to: Receivers,
    forwarding: Option<Forwarder<'_, Q>>,
    stop: &Stop,
    printer: &Printer,
) -> anyhow::Result<(Stats, Forwards, Code)> {
    let Front {
        args,
        keys,
        sink,
        place,
    } = front;
    let listener = bind(args, &place, printer).await?;
    let options = ReceiverOptions {
        path: args.path.clone(),
        keys: keys.clone(),
        ..ReceiverOptions::default()
    };
    let (events, heard) = tokio::sync::mpsc::unbounded_channel();
    let keys = keys.clone();
    let is_verbose = printer.options().verbose > 0;
    let metrics = printer.metrics().cloned();
    let on_event = move |event: Event<'_>| {
        if let Some(metrics) = &metrics {
            metrics.delivered(counted(&event, &keys));
        }
        let news = match event {
            Event::Kept(capture) => {
                to.notify(capture, &keys);
                if !is_verbose {
                    return;
                }
                News::Kept(kept(capture, &keys))
            }
            Event::Refused(refusal) => News::Refused(refusal),
            Event::Failed(error) => News::Failed(format!("{error:#}")),
        };
        let _ = events.send(news);
    };
    let shutdown = {
        let stop = stop.clone();
        async move { stop.wait().await }
    };
    let serving = webhook::serve(listener, options, sink, on_event, shutdown);
    let forward = async {
        match forwarding {
            Some(forwarder) => forwarder.run(stop).await,
            None => Forwards::default(),
        }
    };
    let (stats, (), forwards) = tokio::join!(serving, report_news(heard, printer), forward);
    let stats = stats?;
    let mut ending = Ending::default();
    ending.note_if(stats.failed > 0, Code::Io);
    ending.join(stopped::ending_of_server(stop));
    Ok((stats, forwards, ending.code()))
}

/// As what a request is counted.
fn counted(event: &Event<'_>, keys: &VerifyKeys) -> Delivery {
    match event {
        // With keys, nothing else is kept.
        Event::Kept(_) if keys.is_empty() => Delivery::Unverified,
        Event::Kept(_) => Delivery::Verified,
        Event::Refused(Refusal::Unsigned | Refusal::Signature) => Delivery::Unsigned,
        Event::Refused(_) => Delivery::Refused,
        Event::Failed(_) => Delivery::Failed,
    }
}

async fn bind(args: &ListenArgs, place: &str, printer: &Printer) -> anyhow::Result<TcpListener> {
    let listener = open::bind(args.addr).await?;
    let addr = listener.local_addr()?;
    if !addr.ip().is_loopback() {
        printer.warn(format_args!(
            "{addr} can be reached from other computers, over plain http; put a proxy with https \
             in front of it"
        ));
    }
    printer.note(format_args!(
        "listening on http://{addr}{}; captures go to {}",
        args.path,
        escape(place)
    ));
    Ok(listener)
}

/// What is worth reporting of a request.
enum News {
    /// With `-v`: one line for a delivery.
    Kept(String),
    Refused(Refusal),
    Failed(String),
}

/// What a delivery says, in a line.
fn kept(capture: &Capture, keys: &VerifyKeys) -> String {
    let verified = verify(capture, keys);
    let proven = match &verified {
        Verification::Verified(_) => "signed",
        _ => "not proven",
    };
    let about = observation(&verified, capture.correlation());
    let about = about.map_or_else(
        || "nothing for a log".to_owned(),
        |seen| format!("{} {}", seen.id, seen.status),
    );
    format!(
        "kept a delivery of {} bytes ({proven}): {about}",
        capture.body.bytes().len()
    )
}

async fn report_news(mut heard: tokio::sync::mpsc::UnboundedReceiver<News>, printer: &Printer) {
    let mut warned_of_keys = false;
    while let Some(news) = heard.recv().await {
        match news {
            News::Refused(Refusal::Signature) if !warned_of_keys => {
                warned_of_keys = true;
                printer.warn(
                    "a delivery was refused and not kept: its signature is wrong. If the API key \
                     was changed since, give the old one in CREATIVEAI_VERIFY_KEYS; -v reports \
                     further ones",
                );
            }
            News::Kept(line) => printer.detail(escape(&line)),
            News::Refused(refusal) => printer.detail(format_args!("refused: {refusal:?}")),
            News::Failed(error) => printer.error(format_args!(
                "a delivery could not be kept ({}); the vendor was asked to send it again",
                escape(&error)
            )),
        }
    }
}
