//! The store's addresses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Response, header};
use axum::response::IntoResponse;
use axum::routing::post;
use futures::StreamExt;
use memchr::memmem;
use serde_json::{Value, json};

use super::{HeldReply, Shop, ShopFault, Tokens, Uploaded};

/// Bytes of the largest upload.
const MAX_UPLOAD: usize = 1 << 30;

/// What an app's id and secret have to be.
const GRANT: &str = "grant_type=client_credentials&client_id=app&client_secret=shpss_test";

type SharedShop = State<Arc<Mutex<Shop>>>;

/// Serves `shop`.
pub(in crate::sandbox) fn router(shop: Arc<Mutex<Shop>>) -> Router {
    let upload = post(upload).layer(DefaultBodyLimit::max(MAX_UPLOAD));
    Router::new()
        .route("/admin/api/{version}/graphql.json", post(graphql))
        .route("/admin/oauth/access_token", post(grant))
        .route("/_sandbox/shop/upload", upload)
        .with_state(shop)
}

fn lock(shop: &Mutex<Shop>) -> MutexGuard<'_, Shop> {
    shop.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reply_with(status: u16, body: String) -> Response<Body> {
    let status = axum::http::StatusCode::from_u16(status)
        .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body).into_response()
}

fn reply(status: u16, body: &Value) -> Response<Body> {
    reply_with(status, body.to_string())
}

async fn grant(State(shop): SharedShop, body: String) -> Response<Body> {
    let mut shop = lock(&shop);
    let token = match &mut shop.tokens {
        Tokens::Only(_) if body != GRANT => {
            return reply(400, &json!({"error": "invalid_client"}));
        }
        _ => {
            shop.granted += 1;
            format!("granted_{}", shop.granted)
        }
    };
    if let Tokens::Only(known) = &mut shop.tokens {
        known.push(token.clone());
    }
    let body = json!({"access_token": token, "scope": "write_products", "expires_in": 86399});
    reply(200, &body)
}

async fn graphql(State(shop): SharedShop, headers: HeaderMap, body: String) -> Response<Body> {
    let mut reply = answered(&mut lock(&shop), &headers, &body);
    if let Some(held) = reply.extensions_mut().remove::<HeldReply>() {
        held.begun.notify_one();
        held.go.notified().await;
    }
    reply
}

fn answered(shop: &mut Shop, headers: &HeaderMap, body: &str) -> Response<Body> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !shop.takes(header("x-shopify-access-token").unwrap_or_default()) {
        let message =
            "[API] Invalid API key or access token (unrecognized login or wrong password)";
        return reply(401, &json!({"errors": message}));
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let query = body["query"].as_str().unwrap_or_default();
    let Some(operation) = operation(query) else {
        let message = json!({"errors": [{"message": "the stand-in does not know this operation"}]});
        return reply(200, &message);
    };
    let variables = &body["variables"];
    shop.calls.push((operation, variables.clone()));
    let fault = shop.next_fault(operation);
    let host = header("host").unwrap_or("127.0.0.1");
    let origin = format!("http://{host}");
    let escapes = shop.escapes;
    let reply = |status: u16, body: &Value| {
        let escape = |c: char| format!("\\u{:04x}", u32::from(c));
        let text = body.to_string();
        let text = escapes.map_or(text.clone(), |c| text.replace(c, &escape(c)));
        reply_with(status, text)
    };
    match fault {
        None => {
            let data = shop.answer(operation, variables, &origin);
            reply(200, &json!({"data": data, "extensions": {"cost": {}}}))
        }
        Some(ShopFault::LostReply) => {
            shop.answer(operation, variables, &origin);
            reply(502, &Value::Null)
        }
        Some(ShopFault::Held(held)) => {
            let data = shop.answer(operation, variables, &origin);
            let mut reply = reply(200, &json!({"data": data}));
            reply.extensions_mut().insert(held);
            reply
        }
        Some(ShopFault::DoneAndNull) => {
            shop.answer(operation, variables, &origin);
            reply(200, &json!({"data": {operation: null}}))
        }
        Some(ShopFault::Endless) => {
            let blanks = futures::stream::repeat_with(|| async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok::<_, std::convert::Infallible>(" ")
            });
            Body::from_stream(blanks.buffered(1)).into_response()
        }
        Some(ShopFault::Throttled) => reply(200, &throttled()),
        Some(ShopFault::TooMany) => reply(429, &json!({"errors": "Too many"})),
        Some(ShopFault::Status(status)) => reply(status, &Value::Null),
        Some(ShopFault::Moved(to)) => {
            ([(header::LOCATION, to)], reply(301, &Value::Null)).into_response()
        }
        Some(ShopFault::Errors(message)) => reply(200, &json!({"errors": [{"message": message}]})),
        Some(ShopFault::Null) => reply(200, &json!({"data": {operation: null}})),
        Some(ShopFault::Objection(message)) => {
            reply(200, &objection(operation, message, &Value::Null))
        }
        Some(ShopFault::CodedObjection(code, message)) => {
            reply(200, &objection(operation, message, &code.into()))
        }
    }
}

/// The operation of a query, by the field that it asks for.
fn operation(query: &str) -> Option<&'static str> {
    [
        "productVariants",
        "stagedUploadsCreate",
        "productUpdate",
        "productReorderMedia",
        "fileDelete",
        "metafieldsSet",
        "media",
    ]
    .into_iter()
    .find(|operation| query.contains(&format!("{operation}(")))
}

fn throttled() -> Value {
    json!({
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {
            "requestedQueryCost": 20,
            "actualQueryCost": null,
            "throttleStatus": {
                "maximumAvailable": 2000.0,
                "currentlyAvailable": 10,
                "restoreRate": 1000.0,
            },
        }},
    })
}

fn objection(operation: &str, message: &str, code: &Value) -> Value {
    let errors = json!([{"field": ["media"], "message": message, "code": code}]);
    json!({"data": {operation: {
        "userErrors": errors,
        "mediaUserErrors": errors,
        "product": null,
        "stagedTargets": [],
    }}})
}

async fn upload(State(shop): SharedShop, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let mut shop = lock(&shop);
    match shop.upload_statuses.pop_front() {
        Some(status) => reply(status, &Value::Null),
        None => match parts(&headers, &body) {
            Some(parts) => {
                shop.uploads.push(Uploaded { parts, headers });
                reply(201, &Value::Null)
            }
            None => reply(400, &json!({"error": "this is not a multipart form"})),
        },
    }
}

/// Names and values of a form's parts; `None` when it is not a form.
fn parts(headers: &HeaderMap, body: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (_, boundary) = kind.split_once("boundary=")?;
    let boundary = format!("--{boundary}");
    let end = format!("\r\n{boundary}");
    let mut parts = Vec::new();
    let mut rest = body.strip_prefix(boundary.as_bytes())?;
    while !rest.starts_with(b"--") {
        let start = memmem::find(rest, b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&rest[..start]);
        let (_, name) = head.split_once("name=\"")?;
        let name = name.split('"').next()?.to_owned();
        let length = memmem::find(&rest[start..], end.as_bytes())?;
        parts.push((name, rest[start..start + length].to_vec()));
        rest = &rest[start + length + end.len()..];
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart() {
        let mut headers = HeaderMap::new();
        let kind = "multipart/form-data; boundary=XX";
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.mp4\"\r\n\
            Content-Type: video/mp4\r\n\r\n\r\n--X\r\n--XX--\r\n";
        let expected = [
            ("a".to_owned(), b"1".to_vec()),
            ("file".to_owned(), b"\r\n--X".to_vec()),
        ];
        assert_eq!(parts(&headers, body).unwrap(), expected);
        assert_eq!(parts(&headers, b"--XX\r\n"), None);
        assert_eq!(parts(&HeaderMap::new(), body), None);
    }
}
