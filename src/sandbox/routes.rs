//! What is answered to whom.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, RawQuery, State as Shared},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::clips::{self, File};
use super::plan::{Draw, Salt};
use super::reply::{self, Reply};
use super::server::Cut;
use super::state::{Accepted, State};
use super::ticket::{Stage, Ticket};
use super::webhooks::{Courier, Parcel};
use super::{Ending, Endpoint, Fault, Plan, Refusal, Request, RetryAfter};
use crate::api::ApiKey;

/// Larger bodies get 413.
const MAX_BODY: usize = 1 << 20;

/// What every handler sees.
#[derive(Clone)]
pub(super) struct App {
    pub state: Arc<State>,
    pub courier: Arc<Courier>,
}

/// Everything the sandbox serves.
pub(super) fn router(app: App) -> Router {
    let video = |app: Shared<App>, headers: HeaderMap, body: Body| async move {
        answer(submit(&app, Endpoint::Video, &headers, body).await)
    };
    let voice = |app: Shared<App>, headers: HeaderMap, body: Body| async move {
        answer(submit(&app, Endpoint::Voice, &headers, body).await)
    };
    let poll_video = |app: Shared<App>, headers: HeaderMap, id: Path<String>| async move {
        answer(poll(&app, Endpoint::Video, &headers, &id).await)
    };
    let poll_voice = |app: Shared<App>, headers: HeaderMap, id: Path<String>| async move {
        answer(poll(&app, Endpoint::Voice, &headers, &id).await)
    };
    Router::new()
        .route("/v1/video/generations", post(video))
        .route("/v1/video/generations/{id}", get(poll_video))
        .route("/api/generate/voice", post(voice))
        .route("/api/generate/voice/{id}", get(poll_voice))
        .route("/_sandbox/clips/{file}", get(clip))
        .route("/_sandbox/photos/{name}", get(photo))
        .route("/_sandbox/accepted", get(accepted))
        .route("/_sandbox/", get(health))
        .route("/_sandbox", get(health))
        .fallback(async || refuse(&not_found("there is nothing at this address")))
        .method_not_allowed_fallback(async || {
            refuse(&Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this address does not take this method",
            ))
        })
        .with_state(app)
}

fn answer(outcome: Result<Response, Refusal>) -> Response {
    outcome.unwrap_or_else(|refusal| refuse(&refusal))
}

fn refuse(refusal: &Refusal) -> Response {
    json_reply(refusal.status, reply::refusal(refusal))
}

fn json_reply(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn not_found(message: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message)
}

/// The key that a request carries, if it will do.
fn authenticate(app: &App, headers: &HeaderMap) -> Result<ApiKey, Refusal> {
    let refused =
        |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, "authentication_error", message);
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(ApiKey::new)
        .ok_or_else(|| refused("expected the header Authorization: Bearer KEY"))?;
    let options = &app.state.options;
    if options.any_key || key.expose() == options.key.expose() {
        Ok(key)
    } else {
        Err(refused("this sandbox does not know the API key"))
    }
}

/// What a submission came to, apart from the reply.
struct Submission {
    ticket: Ticket,
    accepted: Arc<Accepted>,
}

async fn submit(
    app: &App,
    endpoint: Endpoint,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
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
    let plan = state
        .options
        .plan_drawn(&request, draw, key.is_some(), occasion);
    if let Some(fault) = plan.fault.filter(|fault| !fault.is_billed()) {
        return Ok(not_accepted(app, fault));
    }
    request.check()?;
    let (ticket, accepted) = state
        .accept(&request, body.as_str().into(), key, &plan)
        .map_err(|_| {
            Refusal::new(
                StatusCode::PAYMENT_REQUIRED,
                "insufficient_credits",
                "there are not enough credits left",
            )
        })?;
    if let Some(url) = request.webhook_url() {
        app.courier.send(Parcel {
            ticket,
            accepted: accepted.clone(),
            key: signing_key,
            url,
            mischief: plan.mischief,
        });
    }
    Ok(receipt(app, &plan, &Submission { ticket, accepted }).await)
}

async fn read(body: Body) -> Result<String, Refusal> {
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "the body is larger than 1 MiB, or broke off",
        )
    })?;
    String::from_utf8(bytes.into()).map_err(|_| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "the body is not UTF-8",
        )
    })
}

/// The reply to a submission that was accepted.
async fn receipt(app: &App, plan: &Plan, submission: &Submission) -> Response {
    match plan.fault {
        Some(Fault::LostReply) => return Cut::response(),
        Some(Fault::BilledError) => return internal_error(),
        Some(Fault::GarbledReply) => {
            return axum::response::Html("<html><body>OK</body></html>").into_response();
        }
        Some(Fault::Slow) => tokio::time::sleep(app.state.options.faults.slow_reply).await,
        _ => {}
    }
    let id = &submission.accepted.id;
    let status = if submission.ticket.starts_processing {
        "processing"
    } else {
        "pending"
    };
    // The vendor's page shows no name for the id of a voice job; this is one that clients expect.
    let body = match submission.ticket.endpoint {
        Endpoint::Video => {
            format!("{{\"id\":\"{id}\",\"object\":\"video.generation\",\"status\":\"{status}\"}}")
        }
        Endpoint::Voice => format!("{{\"job_id\":\"{id}\",\"status\":\"{status}\"}}"),
    };
    json_reply(StatusCode::ACCEPTED, body.into_bytes())
}

/// The reply to a submission that was not.
fn not_accepted(app: &App, fault: Fault) -> Response {
    let refused = |status, kind, message: &str| refuse(&Refusal::new(status, kind, message));
    let unavailable = || {
        refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "no capacity right now",
        )
    };
    match fault {
        Fault::Throttle => with_retry_after(
            app,
            refused(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "too many requests",
            ),
        ),
        Fault::Unavailable => with_retry_after(app, unavailable()),
        Fault::UnavailableBare => unavailable(),
        Fault::Refuse => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "content_policy",
            "the prompt breaks the content policy",
        ),
        Fault::LostRequest => Cut::response(),
        _ => internal_error(),
    }
}

fn internal_error() -> Response {
    refuse(&Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "something went wrong",
    ))
}

fn with_retry_after(app: &App, mut response: Response) -> Response {
    let options = &app.state.options;
    let value = match options.faults.retry_after {
        RetryAfter::Absent => None,
        RetryAfter::Seconds(seconds) => Some(HeaderValue::from(seconds)),
        RetryAfter::Date(seconds) => {
            let seconds = std::time::Duration::from_secs(seconds.into());
            let then = options.clock.now().checked_add(seconds).ok();
            then.and_then(|then| {
                let date = httpdate::fmt_http_date(std::time::SystemTime::from(then));
                HeaderValue::from_str(&date).ok()
            })
        }
    };
    if let Some(value) = value {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

async fn poll(
    app: &App,
    endpoint: Endpoint,
    headers: &HeaderMap,
    id: &str,
) -> Result<Response, Refusal> {
    let state = &app.state;
    let options = &state.options;
    if !options.latency.is_zero() {
        tokio::time::sleep(options.latency).await;
    }
    authenticate(app, headers)?;
    let ticket = Ticket::parse(id)
        .filter(|ticket| ticket.endpoint == endpoint)
        .ok_or_else(|| not_found("no such generation"))?;
    if happens(
        state,
        options.faults.poll_error,
        "poll",
        id,
        Salt::PollError,
    ) {
        return Ok(internal_error());
    }
    let now = options.clock.now();
    let accepted = state.find(&ticket);
    let request = accepted.as_ref().and_then(|accepted| accepted.request());
    let output_url = state.output_url(&ticket, Some(now));
    let reply = Reply::new(&ticket, ticket.stage(now), request.as_ref(), output_url);
    Ok(json_reply(StatusCode::OK, reply.json()))
}

fn happens(state: &State, chance: super::Chance, what: &str, id: &str, salt: Salt) -> bool {
    if !chance.is_possible() {
        return false;
    }
    let draw = Draw::over(state.options.seed, [what, id].into_iter());
    let occasion = state.other(draw);
    chance.hits(draw.repeated(occasion.repeat), salt, occasion)
}

async fn clip(
    Shared(app): Shared<App>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let state = &app.state;
    let now = state.options.clock.now();
    let ticket = name
        .rsplit_once('.')
        .and_then(|(id, kind)| {
            let ticket = Ticket::parse(id)?;
            let expected = match ticket.endpoint {
                Endpoint::Video => "mp4",
                Endpoint::Voice => "mp3",
            };
            (kind == expected).then_some(ticket)
        })
        .filter(|t| t.ending != Ending::Failed && t.stage(now) == Stage::Ended);
    let Some(ticket) = ticket else {
        return refuse(&not_found("no such clip"));
    };
    let issued = query.as_deref().and_then(|q| q.strip_prefix("fresh="));
    let issued = issued.map_or(0, |n| n.parse().unwrap_or(0));
    if state.link_age(&ticket, now) > issued {
        return refuse(&Refusal::new(
            StatusCode::GONE,
            "expired",
            "this link has expired; ask for the generation again",
        ));
    }
    let file = File::clip(&ticket, state.options.clip_bytes);
    let cut = state.options.faults.cut_download;
    if !headers.contains_key(header::RANGE) && happens(state, cut, "clip", &name, Salt::CutDownload)
    {
        return file.reply_cut();
    }
    file.reply(&headers)
}

async fn photo(Path(name): Path<String>) -> Response {
    clips::photo(&name)
}

async fn accepted(Shared(app): Shared<App>) -> Response {
    let accepted = app.state.accepted();
    let all: Vec<&Accepted> = accepted.iter().map(AsRef::as_ref).collect();
    json_reply(StatusCode::OK, serde_json::to_vec(&all).unwrap_or_default())
}

async fn health(Shared(app): Shared<App>) -> Response {
    let options = &app.state.options;
    let (posts, accepted, taken) = app.state.counts();
    let webhooks = app.courier.counts();
    let body = json!({
        "object": "sandbox",
        "version": env!("CARGO_PKG_VERSION"),
        "origin": app.state.origin,
        "seed": options.seed,
        "render_seconds": options.render_time.as_secs_f64(),
        "fail_share": options.fail_share,
        "failover_share": options.failover_share,
        "posts": posts,
        "accepted": accepted,
        "credits_taken": taken,
        "webhooks": {
            "delivered": webhooks.delivered,
            "given_up": webhooks.given_up,
            "skipped": webhooks.skipped,
        },
    });
    json_reply(StatusCode::OK, body.to_string().into_bytes())
}
