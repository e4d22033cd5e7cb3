//! Whether the API answers, and whether this computer's clock agrees with it.

use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::DATE;
use reqwest::redirect::Policy;

use crate::commands::sheets::web_client;
use crate::exit::{Code, Failure};
use crate::output::findings::Findings;
use crate::output::words;
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{BaseUrl, root_cause};

/// A clock that is further off than this makes log times and time-outs misleading.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// Asks for the API, without a key.
pub async fn check(settings: &Settings, findings: &mut Findings) -> Result<(), Failure> {
    let Some(url) = &settings.base_url.value else {
        findings.pass("api", "the sandbox, inside the command");
        return Ok(());
    };
    let base = BaseUrl::parse(url).map_err(|error| Failure::config(error.to_string()))?;
    let client = web_client(!base.is_https(), Policy::none(), base.origin(), settings)?;
    let asked = client.head(base.as_str()).send().await;
    let reply = asked.map_err(|error| {
        Failure::temporary(format!(
            "{} does not answer ({}); check the network and the address",
            base.as_str(),
            root_cause(&error)
        ))
    })?;
    // Whatever it says: it is there. No key was sent, so it may well refuse.
    findings.pass("api", format_args!("{} answers", escape(base.as_str())));
    check_clock(&reply, findings);
    Ok(())
}

fn check_clock(reply: &Response, findings: &mut Findings) {
    let date = reply
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return;
    };
    let ours = SystemTime::now();
    let off = ours
        .duration_since(theirs)
        .or_else(|_| theirs.duration_since(ours))
        .unwrap_or_default();
    if off > CLOCK_TOLERANCE {
        findings.problem(
            "clock",
            Code::Config,
            format_args!(
                "this computer's clock is {} off; set it, or times in the log will be wrong",
                words::duration(off.as_secs())
            ),
        );
    } else {
        findings.pass("clock", "right");
    }
}
