//! `listen --health`: asks a running receiver whether it can keep deliveries, where nothing else can
//! ask it, as in a container without a shell.

use std::net::SocketAddr;

use crate::exit::Failure;
use crate::settings::Settings;

/// Asks the receiver at `addr`.
///
/// # Errors
/// It does not answer, or deliveries cannot be kept: temporary.
pub async fn ask(addr: SocketAddr, settings: &Settings) -> Result<(), Failure> {
    let address = format!("http://{addr}/readyz");
    let not_ready = |why: String| {
        Failure::temporary(format!("the receiver at {addr} is not ready"))
            .because(why)
            .help("its own messages say more; with --addr another receiver is asked")
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
