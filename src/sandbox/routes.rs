//! What is answered to whom.

use axum::{
    Router,
    body::Body,
    extract::{Path, State as Shared, rejection::PathRejection},
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
    routing::{get, post},
};
use serde_json::json;

use super::app::{App, authenticate, internal_error, json_reply, refuse};
use super::clips::{self, File};
use super::job::{Endpoint, JobEnding};
use super::plan::{Draw, Salt};
use super::reply::JobReply;
use super::request::ApiError;
use super::state::{Accepted, SandboxState};
use super::submit::submit;
use super::token::{Stage, Token};

/// Everything the sandbox serves.
pub(super) fn router(app: App) -> Router {
    let video = |app: Shared<App>, headers: HeaderMap, body: Body| async move {
        answer(submit(&app, Endpoint::Video, &headers, body).await)
    };
    let voice = |app: Shared<App>, headers: HeaderMap, body: Body| async move {
        answer(submit(&app, Endpoint::Voice, &headers, body).await)
    };
    let poll_video = |app: Shared<App>, headers: HeaderMap, uri: Uri| async move {
        answer(poll(&app, Endpoint::Video, &headers, last_segment(&uri)).await)
    };
    let poll_voice = |app: Shared<App>, headers: HeaderMap, uri: Uri| async move {
        answer(poll(&app, Endpoint::Voice, &headers, last_segment(&uri)).await)
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
            refuse(&ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this address does not accept this method",
            ))
        })
        .with_state(app)
}

fn answer(outcome: Result<Response, ApiError>) -> Response {
    outcome.unwrap_or_else(|refusal| refuse(&refusal))
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
}

/// As it was sent: nothing in an id ever needs an escape.
fn last_segment(uri: &Uri) -> &str {
    let path = uri.path();
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

async fn poll(
    app: &App,
    endpoint: Endpoint,
    headers: &HeaderMap,
    id: &str,
) -> Result<Response, ApiError> {
    let state = &app.state;
    let options = &state.options;
    if !options.latency.is_zero() {
        tokio::time::sleep(options.latency).await;
    }
    authenticate(app, headers)?;
    let token = Token::parse(id)
        .filter(|token| token.endpoint == endpoint)
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
    let accepted = state.find(&token);
    let request = accepted.as_ref().and_then(|accepted| accepted.request());
    let output_url = state.output_url(&token, Some(now));
    let reply = JobReply::new(&token, token.stage(now), request.as_ref(), output_url);
    Ok(json_reply(StatusCode::OK, reply.json()))
}

fn happens(
    state: &SandboxState,
    chance: super::options::Chance,
    what: &str,
    id: &str,
    salt: Salt,
) -> bool {
    if !chance.is_possible() {
        return false;
    }
    let draw = Draw::over(state.options.seed, [what, id].into_iter());
    let occasion = state.other(draw);
    chance.hits(draw.repeated(occasion.repeat), salt, occasion)
}

async fn clip(Shared(app): Shared<App>, uri: Uri, headers: HeaderMap) -> Response {
    let state = &app.state;
    let now = state.options.clock.now();
    let name = last_segment(&uri);
    let token = name
        .rsplit_once('.')
        .and_then(|(id, kind)| {
            let token = Token::parse(id)?;
            let expected = match token.endpoint {
                Endpoint::Video => "mp4",
                Endpoint::Voice => "mp3",
            };
            (kind == expected).then_some(token)
        })
        .filter(|t| t.ending != JobEnding::Failed && t.stage(now) == Stage::Ended);
    let Some(token) = token else {
        return refuse(&not_found("no such clip"));
    };
    let issued = uri.query().and_then(|q| q.strip_prefix("fresh="));
    let issued = issued.map_or(0, |n| n.parse().unwrap_or(0));
    if state.link_age(&token, now) > issued {
        return refuse(&ApiError::new(
            StatusCode::GONE,
            "expired",
            "this link has expired; ask for the generation again",
        ));
    }
    let file = File::clip(&token, state.options.clip_bytes);
    let cut = state.options.faults.cut_download;
    if !headers.contains_key(header::RANGE) && happens(state, cut, "clip", name, Salt::CutDownload)
    {
        return file.reply_cut();
    }
    file.reply(&headers)
}

async fn photo(name: Result<Path<String>, PathRejection>) -> Response {
    match name {
        Ok(Path(name)) => clips::photo(&name),
        Err(_) => refuse(&not_found("no such photo")),
    }
}

async fn accepted(Shared(app): Shared<App>) -> Response {
    let accepted = app.state.accepted();
    let all: Vec<&Accepted> = accepted.iter().map(AsRef::as_ref).collect();
    json_reply(StatusCode::OK, serde_json::to_vec(&all).unwrap_or_default())
}

async fn health(Shared(app): Shared<App>) -> Response {
    let options = &app.state.options;
    let (posts, accepted, taken) = app.state.counts();
    let webhooks = app.sender.counts();
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
