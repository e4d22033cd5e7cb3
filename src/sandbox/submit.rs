//! Submissions: what costs money.

use std::time::{Duration, SystemTime};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::app::{App, CloseConnection, authenticate, internal_error, json_reply, refuse};
use super::job::Endpoint;
use super::options::RetryAfter;
use super::plan::{Draw, Fault, Scenario};
use super::request::{ApiError, Request};
use super::token::Token;
use super::webhooks::PendingWebhook;

/// Larger bodies get 413.
const MAX_BODY: usize = 1 << 20;

/// Takes a submission: accepts and bills it, or does not, and replies, or does not.
pub(super) async fn submit(
    app: &App,
    endpoint: Endpoint,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let state = &app.state;
    if !state.options.latency.is_zero() {
        tokio::time::sleep(state.options.latency).await;
    }
    let signing_key = authenticate(app, headers)?;
    let body = read(body).await?;
    let request = Request::parse(endpoint, &body)?;
    let key = headers
        .get("idempotency-key")
        .map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());

    let draw = Draw::of(state.options.seed, &request, key.as_deref());
    let occasion = state.post(draw);
    let plan = state.options.plan(&request, draw, key.is_some(), occasion);
    if let Some(fault) = plan.fault.filter(|fault| !fault.is_billed()) {
        return Ok(not_accepted(app, fault));
    }
    request.check()?;
    let (token, accepted) = state
        .accept(&request, body.as_str().into(), key, &plan)
        .map_err(|_| {
            ApiError::new(
                StatusCode::PAYMENT_REQUIRED,
                "insufficient_credits",
                "there are not enough credits left",
            )
        })?;
    if let Some(url) = request.webhook_url() {
        app.sender.send(PendingWebhook {
            token,
            accepted,
            key: signing_key,
            url,
            faults: plan.faults,
        });
    }
    Ok(receipt(app, &plan, &token).await)
}

async fn read(body: Body) -> Result<String, ApiError> {
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "the body is larger than 1 MiB, or was cut short",
        )
    })?;
    String::from_utf8(bytes.into()).map_err(|_| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "the body is not UTF-8",
        )
    })
}

/// The reply to a submission that was accepted.
async fn receipt(app: &App, plan: &Scenario, token: &Token) -> Response {
    match plan.fault {
        Some(Fault::LostReply) => return CloseConnection::response(),
        Some(Fault::BilledError) => return internal_error(),
        Some(Fault::Slow) => tokio::time::sleep(app.state.options.faults.slow_reply).await,
        _ => {}
    }
    let status = if token.starts_processing {
        "processing"
    } else {
        "pending"
    };
    // The vendor's page shows no name for the id of a voice job; this is one that clients expect.
    let body = match token.endpoint {
        Endpoint::Video => {
            format!(
                "{{\"id\":\"{token}\",\"object\":\"video.generation\",\"status\":\"{status}\"}}"
            )
        }
        Endpoint::Voice => format!("{{\"job_id\":\"{token}\",\"status\":\"{status}\"}}"),
    };
    json_reply(StatusCode::ACCEPTED, body.into_bytes())
}

/// The reply to a submission that was not.
fn not_accepted(app: &App, fault: Fault) -> Response {
    let refused = |status, kind, message: &str| refuse(&ApiError::new(status, kind, message));
    match fault {
        Fault::Throttle => with_retry_after(
            app,
            refused(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "too many requests",
            ),
        ),
        Fault::Unavailable => with_retry_after(
            app,
            refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "no capacity right now",
            ),
        ),
        Fault::Refuse => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "content_policy",
            "the prompt breaks the content policy",
        ),
        _ => internal_error(),
    }
}

fn with_retry_after(app: &App, mut response: Response) -> Response {
    let options = &app.state.options;
    let value = match options.faults.retry_after {
        RetryAfter::Absent => None,
        RetryAfter::Seconds(seconds) => Some(HeaderValue::from(seconds)),
        RetryAfter::Date(seconds) => {
            let then = options.clock.now().as_second() + i64::from(seconds);
            http_date(then).and_then(|date| HeaderValue::from_str(&date).ok())
        }
    };
    if let Some(value) = value {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// An HTTP date can only be one of the years 1970 to 9999.
fn http_date(unix_seconds: i64) -> Option<String> {
    let seconds = u64::try_from(unix_seconds).ok()?;
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (seconds < 253_402_300_800).then(|| httpdate::fmt_http_date(time))
}
