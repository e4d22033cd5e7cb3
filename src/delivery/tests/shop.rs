//! A stand-in for a Shopify store: the documented shapes, and faults on request.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, header};
use axum::routing::post;
use serde_json::{Value, json};

/// What goes wrong with the next call of an operation.
#[derive(Clone, Debug)]
pub enum Fault {
    /// HTTP 200, code THROTTLED, with the bucket's state.
    Throttled,
    /// HTTP 429.
    TooMany,
    /// HTTP status without effect.
    Status(u16),
    /// Done, but the reply is a 502.
    LostReply,
    /// `userErrors`.
    Objection(&'static str),
    /// Top-level `errors` with HTTP 200.
    Errors(&'static str),
}

#[derive(Clone, Debug)]
pub struct Medium {
    pub id: String,
    pub filename: String,
    pub alt: String,
    /// Looks until it is processed.
    pub looks: usize,
    pub fails: bool,
}

#[derive(Clone, Debug)]
pub struct Product {
    pub id: String,
    pub title: String,
    pub skus: Vec<String>,
    pub media: Vec<Medium>,
}

#[derive(Clone, Debug)]
pub struct Uploaded {
    /// Names of the form's parts in their order, and values.
    pub parts: Vec<(String, Vec<u8>)>,
    pub headers: HeaderMap,
}

#[derive(Default)]
pub struct Shop {
    pub products: Vec<Product>,
    /// Operations with what happens to their next calls.
    pub faults: Vec<(&'static str, VecDeque<Fault>)>,
    /// Operations in their order.
    pub calls: Vec<(&'static str, Value)>,
    pub uploads: Vec<Uploaded>,
    pub upload_statuses: VecDeque<u16>,
    /// What new media get.
    pub looks: usize,
    pub fails: bool,
    /// Whether media keep the name of their file.
    pub forgets_names: bool,
    /// Tokens that are taken.
    pub tokens: Vec<String>,
    pub granted: usize,
    staged: Vec<(String, String)>,
}

pub struct ShopServer {
    pub address: SocketAddr,
    pub shop: Arc<Mutex<Shop>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ShopServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Shared {
    shop: Arc<Mutex<Shop>>,
    address: SocketAddr,
}

impl ShopServer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shop = Arc::new(Mutex::new(Shop {
            tokens: vec!["shpat_test".to_owned()],
            ..Shop::default()
        }));
        let shared = Shared {
            shop: shop.clone(),
            address,
        };
        let app = axum::Router::new()
            .route("/admin/api/2026-10/graphql.json", post(graphql))
            .route("/admin/oauth/access_token", post(grant))
            .route("/upload", post(upload))
            .with_state(shared);
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            address,
            shop,
            task,
        }
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut Shop) -> T) -> T {
        change(&mut self.shop.lock().unwrap())
    }

    pub fn product(&self, id: &str, title: &str, skus: &[&str]) {
        let product = Product {
            id: format!("gid://shopify/Product/{id}"),
            title: title.to_owned(),
            skus: skus.iter().map(|&sku| sku.to_owned()).collect(),
            media: vec![],
        };
        self.with(|shop| shop.products.push(product));
    }

    pub fn fault(&self, operation: &'static str, faults: &[Fault]) {
        let faults = faults.iter().cloned().collect();
        self.with(|shop| shop.faults.push((operation, faults)));
    }

    pub fn count(&self, operation: &str) -> usize {
        self.with(|shop| shop.calls.iter().filter(|(op, _)| *op == operation).count())
    }

    pub fn media(&self) -> Vec<Medium> {
        self.with(|shop| shop.products.iter().flat_map(|p| p.media.clone()).collect())
    }
}

fn reply(status: u16, body: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn grant(State(shared): State<Shared>, body: String) -> Response<Body> {
    let mut shop = shared.shop.lock().unwrap();
    let wanted = "grant_type=client_credentials&client_id=app&client_secret=shpss_test";
    if body != wanted {
        return reply(400, &json!({"error": "invalid_client"}));
    }
    shop.granted += 1;
    let token = format!("granted_{}", shop.granted);
    shop.tokens.push(token.clone());
    let body = json!({"access_token": token, "scope": "write_products", "expires_in": 86399});
    reply(200, &body)
}

async fn graphql(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response<Body> {
    let mut shop = shared.shop.lock().unwrap();
    let token = headers.get("x-shopify-access-token");
    let token = token.map_or("", |token| token.to_str().unwrap());
    if !shop.tokens.iter().any(|known| known == token) {
        let said = "[API] Invalid API key or access token (unrecognized login or wrong password)";
        return reply(401, &json!({"errors": said}));
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    let query = body["query"].as_str().unwrap();
    let operation = [
        "productVariants",
        "stagedUploadsCreate",
        "productUpdate",
        "media",
    ]
    .into_iter()
    .find(|operation| query.contains(operation))
    .unwrap();
    shop.calls.push((operation, body["variables"].clone()));
    let fault = shop
        .faults
        .iter_mut()
        .filter(|(op, _)| *op == operation)
        .find_map(|(_, faults)| faults.pop_front());
    match fault {
        Some(Fault::Throttled) => {
            return reply(
                200,
                &json!({
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
                }),
            );
        }
        Some(Fault::TooMany) => return reply(429, &json!({"errors": "Too many"})),
        Some(Fault::Status(status)) => return reply(status, &Value::Null),
        Some(Fault::Errors(said)) => {
            return reply(200, &json!({"errors": [{"message": said}]}));
        }
        Some(Fault::Objection(said)) => {
            let errors = json!([{"field": ["media"], "message": said}]);
            let payload =
                json!({operation: {"userErrors": errors, "product": null, "stagedTargets": []}});
            return reply(200, &json!({"data": payload}));
        }
        Some(Fault::LostReply) => {
            shop.answer(operation, &body["variables"], shared.address);
            return reply(502, &Value::Null);
        }
        None => {}
    }
    let data = shop.answer(operation, &body["variables"], shared.address);
    reply(200, &json!({"data": data, "extensions": {"cost": {}}}))
}

impl Shop {
    fn answer(&mut self, operation: &str, variables: &Value, address: SocketAddr) -> Value {
        match operation {
            "productVariants" => {
                // As inexact as the real search: by prefix, whatever the case.
                let query = variables["query"].as_str().unwrap().to_lowercase();
                let sku = query.trim_start_matches("sku:").trim_matches('"');
                let sku = sku.replace("\\\"", "\"").replace("\\\\", "\\");
                let nodes: Vec<Value> = self
                    .products
                    .iter()
                    .flat_map(|p| p.skus.iter().map(move |sku| (p, sku)))
                    .filter(|(_, have)| have.to_lowercase().starts_with(&sku))
                    .map(|(p, sku)| json!({"sku": sku, "product": {"id": p.id, "title": p.title}}))
                    .collect();
                json!({"productVariants": {"nodes": nodes}})
            }
            "media" => {
                let product = self.products.iter_mut().find(|p| variables["id"] == p.id);
                let Some(product) = product else {
                    return json!({"product": null});
                };
                let from = variables["after"]
                    .as_str()
                    .map_or(0, |a| a.parse().unwrap());
                // Small pages, so that there are several.
                let nodes: Vec<Value> = product.media[from..]
                    .iter_mut()
                    .take(2)
                    .map(Medium::look)
                    .collect();
                let end = from + nodes.len();
                json!({"product": {"media": {"nodes": nodes, "pageInfo": {
                    "hasNextPage": end < product.media.len(),
                    "endCursor": end.to_string(),
                }}}})
            }
            "stagedUploadsCreate" => {
                let resource = format!("https://shopify-video/{}", self.staged.len());
                let filename = variables["input"][0]["filename"].as_str().unwrap();
                self.staged.push((resource.clone(), filename.to_owned()));
                json!({"stagedUploadsCreate": {"userErrors": [], "stagedTargets": [{
                    "url": format!("http://{address}/upload"),
                    "resourceUrl": resource,
                    "parameters": [
                        {"name": "GoogleAccessId", "value": "video@shopify"},
                        {"name": "key", "value": "dev/o/v/clip.mp4"},
                        {"name": "policy", "value": "eyJ0=="},
                    ],
                }]}})
            }
            _ => self.attach(variables),
        }
    }

    fn attach(&mut self, variables: &Value) -> Value {
        let medium = &variables["media"][0];
        let staged = self
            .staged
            .iter()
            .find(|(resource, _)| medium["originalSource"] == **resource);
        let Some((_, filename)) = staged else {
            let errors = json!([{"field": ["media"], "message": "Video not found"}]);
            return json!({"productUpdate": {"product": null, "userErrors": errors}});
        };
        let filename = if self.forgets_names {
            "0a1b2c.mp4".to_owned()
        } else {
            filename.clone()
        };
        let count: usize = self.products.iter().map(|p| p.media.len()).sum();
        let product = self.products.iter_mut();
        let product = product
            .into_iter()
            .find(|p| variables["product"]["id"] == p.id)
            .unwrap();
        product.media.push(Medium {
            id: format!("gid://shopify/Video/{}", count + 1),
            filename,
            alt: medium["alt"].as_str().unwrap().to_owned(),
            looks: self.looks,
            fails: self.fails,
        });
        json!({"productUpdate": {"product": {"id": product.id}, "userErrors": []}})
    }
}

impl Medium {
    fn look(&mut self) -> Value {
        let status = match (self.looks, self.fails) {
            (0, true) => "FAILED",
            (0, false) => "READY",
            _ => "PROCESSING",
        };
        self.looks = self.looks.saturating_sub(1);
        let errors = match status {
            "FAILED" => json!([{
                "code": "VIDEO_VALIDATION_ERROR",
                "message": "Video failed",
                "details": "Video is too long",
            }]),
            _ => json!([]),
        };
        json!({
            "id": self.id,
            "status": status,
            "mediaContentType": "VIDEO",
            "mediaErrors": errors,
            "filename": self.filename,
        })
    }
}

async fn upload(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let mut shop = shared.shop.lock().unwrap();
    let status = shop.upload_statuses.pop_front().unwrap_or(201);
    if status == 201 {
        let parts = parts(&headers, &body);
        shop.uploads.push(Uploaded { parts, headers });
    }
    reply(status, &Value::Null)
}

/// Takes a multipart form apart.
fn parts(headers: &HeaderMap, body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let kind = headers[header::CONTENT_TYPE].to_str().unwrap();
    let boundary = format!("--{}", kind.split_once("boundary=").unwrap().1);
    let find = |from: usize, needle: &[u8]| {
        let found = body[from..].windows(needle.len()).position(|w| w == needle);
        from + found.unwrap()
    };
    let mut parts = Vec::new();
    let mut at = find(0, boundary.as_bytes()) + boundary.len();
    while !body[at..].starts_with(b"--\r\n") {
        let value = find(at, b"\r\n\r\n") + 4;
        let head = String::from_utf8(body[at..value].to_vec()).unwrap();
        let name = head
            .split_once("name=\"")
            .unwrap()
            .1
            .split('"')
            .next()
            .unwrap();
        let end = find(value, format!("\r\n{boundary}").as_bytes());
        parts.push((name.to_owned(), body[value..end].to_vec()));
        at = end + 2 + boundary.len();
    }
    parts
}
