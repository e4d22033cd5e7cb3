//! What the tool is measured against that no registry has: a stand-in for the vendor that does as
//! little as a server can, a receiver that writes nothing, and the disk's own rate of commits.
//!
//! `benches/run.py` runs it. Without a command it does nothing, so that `cargo bench` passes by.

#![allow(clippy::disallowed_methods, reason = "measured as the system has it")]

mod bare;
mod disk;
mod load;
mod receiver;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["bare", latency] => bare::serve(latency),
        ["receiver"] => receiver::serve(),
        ["disk", file, producers, lines] => disk::commit(file, producers, lines),
        ["load", url, body, requests, in_flight, log] => {
            load::post(url, body, requests, in_flight, log)
        }
        _ => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // No one is left to tell when this fails.
            let _ = writeln!(std::io::stderr(), "peers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever goes wrong.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Tells `run.py` a line.
fn report(line: std::fmt::Arguments<'_>) -> Result {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

/// One thread that serves, so that two cores are shared in the same way whoever asks.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
