//! `sandbox`: the stand-in for the API, until it is stopped.

use serde_json::json;

use super::runtime::bind;
use super::runtime::on_runtime;
use super::signals;
use crate::cli::SandboxArgs;
use crate::engine::stop::Stop;
use crate::exit::Code;
use crate::output::{Printer, stopped, words};
use crate::sandbox;
use crate::settings::Settings;

/// Runs the command: until a signal, which its exit code says (130, 143), as of every command.
pub fn run(args: &SandboxArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let mut options = args.options();
    let key = if let Some(key) = settings.key()? {
        options.key = key;
        "the API key of your settings"
    } else {
        options.any_key = true;
        "any key, such as CREATIVEAI_API_KEY=sandbox"
    };
    let (accepted, code) = on_runtime(async {
        let stop = Stop::default();
        signals::watch(&stop);
        let listener = bind(args.addr).await?;
        if !args.addr.ip().is_loopback() {
            printer.warn("other computers can reach this sandbox; it is meant for this one");
        }
        let running = sandbox::start(listener, options).await?;
        let url = running.base_url();
        printer.note(format_args!(
            "sandbox on {url}; stop it with Ctrl-C. Commands reach it with --base-url {url} and {key}"
        ));
        stop.wait().await;
        let accepted = running.accepted().len() as u64;
        running.stop().await;
        Ok((accepted, stopped::ending_of_server(&stop).code()))
    })?;
    if printer.options().json {
        printer.document(&json!({
            "command": "sandbox",
            "accepted": accepted,
            "exit_code": code.number(),
        }))?;
    } else {
        printer.note(format_args!(
            "sandbox stopped; it had accepted {}",
            words::count(accepted, "job")
        ));
    }
    Ok(code)
}
