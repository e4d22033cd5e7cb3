//! `sandbox`: the stand-in for the API, until it is stopped.

use tokio::net::TcpListener;

use super::{on_runtime, open};
use crate::cli::SandboxArgs;
use crate::exit::{Code, Failure};
use crate::output::Printer;
use crate::sandbox;
use crate::settings::Settings;
use crate::stop::Stop;

/// Runs the command.
pub fn run(args: &SandboxArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let mut options = args.options();
    match settings.key()? {
        Some(key) => options.key = key,
        None => options.any_key = true,
    }
    on_runtime(async {
        let stop = Stop::default();
        open::watch_signals(&stop);
        let listener = TcpListener::bind(args.addr).await.map_err(|e| {
            Failure::io(format!("cannot listen on {}", args.addr))
                .because(e)
                .help("another program may use that port; choose one with --addr 127.0.0.1:PORT")
        })?;
        if !args.addr.ip().is_loopback() {
            printer.warn("other computers can reach this sandbox; it is meant for this one");
        }
        let running = sandbox::start(listener, options).await?;
        printer.note(format_args!(
            "sandbox on {}; stop it with Ctrl-C",
            running.base_url()
        ));
        stop.wait().await;
        let accepted = running.accepted().len();
        running.stop().await;
        printer.note(format_args!(
            "sandbox stopped; it had accepted {}",
            crate::output::words::count(accepted as u64, "job")
        ));
        Ok(Code::Success)
    })
}
