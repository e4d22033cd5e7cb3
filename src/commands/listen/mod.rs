//! `listen`: keeps webhooks, and writes them to a log where one is named; forwards them, and runs a
//! command for each clip that has ended, on request.

#[cfg(feature = "postgres")]
mod database;
mod file;
mod receive;
mod serve;

use std::net::SocketAddr;

use self::receive::{CaptureStore, receive};
use super::deliver;
use super::runtime::on_runtime;
use crate::cli::ListenArgs;
use crate::exit::{Code, Failure};
use crate::output::Printer;
use crate::settings::Settings;
use crate::webhook::VerifyKeys;

/// Runs the command: until a signal, which its exit code says (130, 143), as of every command.
/// What it was in the middle of is kept and answered first.
pub fn run(args: &ListenArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    if args.health {
        return on_runtime(async {
            ask_health(args.addr, settings).await?;
            printer.note("ready");
            Ok(Code::Success)
        });
    }
    let keys = VerifyKeys::new(&settings.verification_keys()?);
    check_keys(args, &keys)?;
    if let Some(command) = &args.exec {
        deliver::refuse_early_fields(command)?;
    }
    let place = CaptureStore::of(args, settings, printer)?;
    if keys.is_empty() {
        printer
            .note("no key: every delivery is kept, to be verified by a later `reconcile --replay`");
    }
    let (received, code) = receive(args, &place, &keys, settings, printer)?;
    if printer.options().json {
        printer.document(&received.to_json(code.number()))?;
    } else {
        printer.note(received.line(args.forward.is_some(), args.exec.is_some()));
    }
    Ok(code)
}

fn check_keys(args: &ListenArgs, keys: &VerifyKeys) -> Result<(), Failure> {
    let (option, why) = if !keys.is_empty() {
        return Ok(());
    } else if args.jobs.is_some() {
        ("--jobs", "what cannot be verified is never applied")
    } else if args.forward.is_some() {
        ("--forward", "only verified deliveries are forwarded")
    } else {
        return Ok(());
    };
    Err(
        Failure::config(format!("with {option} a key is needed: {why}")).help(format!(
            "set CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS, or leave {option} out"
        )),
    )
}

/// `listen --health`: asks the receiver at `addr` whether it can keep deliveries, where nothing else can
/// ask it, as in a container without a shell.
///
/// # Errors
/// It does not answer, or deliveries cannot be kept: temporary.
async fn ask_health(addr: SocketAddr, settings: &Settings) -> Result<(), Failure> {
    let address = format!("http://{addr}/readyz");
    let not_ready = |why: String| {
        Failure::temporary(format!("the receiver at {addr} is not ready"))
            .because(why)
            .help("its own messages say more; use --addr to ask another receiver")
    };
    // It is on this computer: a proxy could not reach it.
    let client = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(settings.network.connect_timeout)
        .timeout(settings.network.request_timeout)
        .build()
        .map_err(|error| not_ready(error.to_string()))?;
    let reply = client.get(address).send().await;
    let reply = reply.map_err(|error| not_ready(error.to_string()))?;
    if !reply.status().is_success() {
        let status = reply.status();
        let text = reply.text().await.unwrap_or_default();
        return Err(not_ready(format!("{status}: {}", text.trim())));
    }
    Ok(())
}
