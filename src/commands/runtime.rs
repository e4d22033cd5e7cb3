//! What commands run on.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::exit::Failure;

/// Runs what waits for the network or for signals.
pub fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut runtime = Builder::new_multi_thread();
    run_on(runtime.worker_threads(2), work)
}

/// The same for commands that send many small requests: on one thread no one is woken elsewhere,
/// which is most of what such a request costs.
pub fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    run_on(&mut Builder::new_current_thread(), work)
}

fn run_on<T>(
    runtime: &mut Builder,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|e| Failure::io("cannot start the program's runtime").because(e))?;
    let result = runtime.block_on(work);
    // Nothing in the background is worth waiting for: what counts is durable.
    runtime.shutdown_background();
    result
}

/// Opens an address to serve on.
pub async fn bind(addr: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).await.map_err(|error| {
        Failure::io(format!("cannot listen on {addr}"))
            .because(error)
            .help("another program may use that port; choose one with --addr 127.0.0.1:PORT")
    })
}

/// No core dump, which could hold the key; and a file size limit is an error of the write, so that
/// it can report what happened to the money.
#[cfg(unix)]
pub fn harden() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Either fails only where the system forbids it; the run is no less right then.
    let _ = setrlimit(Resource::Core, none);
    let _ = signal_hook::flag::register(
        rustix::process::Signal::XFSZ.as_raw(),
        std::sync::Arc::default(),
    );
}

#[cfg(not(unix))]
pub fn harden() {}
