//! What every handler of the sandbox shares.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::reply;
use super::request::ApiError;
use super::state::SandboxState;
use super::webhooks::WebhookSender;
use crate::vendor::ApiKey;

/// What every handler sees.
#[derive(Clone)]
pub(super) struct App {
    pub state: Arc<SandboxState>,
    pub sender: Arc<WebhookSender>,
}

pub(super) fn refuse(refusal: &ApiError) -> Response {
    json_reply(refusal.status, reply::refusal(refusal))
}

pub(super) fn json_reply(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) fn internal_error() -> Response {
    refuse(&ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "something went wrong",
    ))
}

/// The key that a request carries, if it will do.
pub(super) fn authenticate(app: &App, headers: &HeaderMap) -> Result<ApiKey, ApiError> {
    let refused =
        |message: &str| ApiError::new(StatusCode::UNAUTHORIZED, "authentication_error", message);
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

/// In a response's extensions: do not send it, close the connection instead.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(super) struct CloseConnection;

impl CloseConnection {
    /// A response that is never seen.
    pub fn response() -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(Self);
        response
    }
}
