//! The address that deliveries are forwarded to: one request, and what its answer means.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::outgoing::Outgoing;
use crate::vendor::{ConfigError, build_transport, is_loopback, root_cause, transport};

/// What came of one try.
pub(super) enum SendResult {
    /// The address has it.
    Taken,
    /// The address does not want it.
    Refused(String),
    /// Another try may help.
    Again(String),
}

/// Where deliveries go.
pub struct ForwardTarget {
    client: reqwest::Client,
    address: Url,
    /// Without what may be secret in it.
    pub name: String,
}

impl ForwardTarget {
    /// Prepares requests to `address`, which messages call `name`; nothing is sent yet.
    pub fn new(
        address: &Url,
        name: String,
        connect_timeout: Duration,
        request_timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let client = transport(address.scheme() == "http" && is_loopback(address))
            .connect_timeout(connect_timeout)
            .timeout(request_timeout);
        let client = build_transport(client, &name)?;
        Ok(Self {
            client,
            address: address.clone(),
            name,
        })
    }

    /// Sends a delivery once.
    pub(super) async fn send(&self, one: &Outgoing) -> SendResult {
        let request = self
            .client
            .post(with_query(&self.address, one.query.as_deref()))
            .headers(headers(&one.headers))
            .body(one.body.clone());
        match request.send().await {
            Ok(reply) => judged(reply.status()),
            Err(error) => SendResult::Again(root_cause(&error)),
        }
    }
}

fn judged(status: StatusCode) -> SendResult {
    let may_help = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
    );
    match status {
        _ if status.is_success() => SendResult::Taken,
        _ if may_help || status.is_server_error() => {
            SendResult::Again(format!("it answers {status}"))
        }
        _ => SendResult::Refused(format!("it answers {status}")),
    }
}

/// The address with the delivery's own query, which names the job, behind its own.
fn with_query(address: &Url, query: Option<&str>) -> Url {
    let mut url = address.clone();
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        let all = match address.query().filter(|own| !own.is_empty()) {
            Some(own) => format!("{own}&{query}"),
            None => query.to_owned(),
        };
        url.set_query(Some(&all));
    }
    url
}

/// The delivery's headers, so that its signature can be checked there, too.
fn headers(of_delivery: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in of_delivery {
        if let Ok(name) = HeaderName::try_from(name.as_str())
            && let Ok(value) = HeaderValue::try_from(value.as_str())
        {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deliverys_query_stands_behind_the_addresss_own() {
        let all =
            |address: &str, query| with_query(&Url::parse(address).unwrap(), query).to_string();
        assert_eq!(all("https://a.example/h", None), "https://a.example/h");
        assert_eq!(
            all("https://a.example/h", Some("creativeai_job=1.1")),
            "https://a.example/h?creativeai_job=1.1"
        );
        assert_eq!(
            all("https://a.example/h?k=v", Some("creativeai_job=1.1")),
            "https://a.example/h?k=v&creativeai_job=1.1"
        );
    }

    #[test]
    fn only_what_may_change_is_tried_again() {
        for (status, again) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (400, false),
            (404, false),
            (302, false),
        ] {
            let tried = judged(StatusCode::from_u16(status).unwrap());
            assert_eq!(matches!(tried, SendResult::Again(_)), again, "{status}");
            assert_eq!(matches!(tried, SendResult::Refused(_)), !again, "{status}");
        }
        assert!(matches!(judged(StatusCode::NO_CONTENT), SendResult::Taken));
    }
}
