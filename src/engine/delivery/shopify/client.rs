//! One GraphQL call to a store: its token, its throttle, and the errors that come with HTTP 200.

use std::time::{Duration, Instant, SystemTime};

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::store::{self, Credentials, Store, StoreError, Version};
use super::words::messages;
use crate::engine::delivery::client::{CallError, FetchClient, MAX_RETRY_AFTER, retry_after};
use crate::engine::delivery::fetcher::delays;
use crate::text::secret;

/// Waits for the throttle before a call is left to the next run.
const MAX_WAITS: usize = 8;
/// A reply is read no further, in bytes.
const MAX_REPLY: usize = 8 << 20;
/// A token is renewed that long before it ends.
const EARLY: Duration = Duration::from_secs(300);

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AdminError {
    /// Another run may help.
    MayHelp(String),
    /// The store takes no more calls for now.
    Throttled,
    /// This call makes no sense to Shopify.
    Wrong(String),
    /// The credentials do not do.
    Refused(String),
    /// Store or version do not exist, or no https connection can be made.
    Setup(String),
}

impl AdminError {
    /// Whether the call may have been carried out anyway.
    pub(super) fn may_be_done(&self) -> bool {
        matches!(self, Self::MayHelp(_) | Self::Wrong(_))
    }
}

/// Whether a call may be made again when no one knows what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or nothing that matters.
    Safe,
    /// It would be done twice.
    Never,
}

/// A store's admin interface.
pub struct Admin<'a> {
    client: &'a FetchClient,
    store: Store,
    version: Version,
    base: String,
    credentials: Credentials,
    retry_delay: Duration,
    token: Mutex<Option<AccessToken>>,
}

#[derive(Clone)]
struct AccessToken {
    text: SecretString,
    ends: Option<Instant>,
}

#[derive(Deserialize)]
struct GraphqlReply {
    data: Option<Value>,
    errors: Option<Value>,
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    cost: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    requested_query_cost: Option<f64>,
    throttle_status: Option<ThrottleStatus>,
}

/// A bucket of points that refills.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    maximum_available: f64,
    currently_available: f64,
    restore_rate: f64,
}

/// What a reply means for the call.
enum CallOutcome {
    Data(Value),
    /// Not done: wait, then again.
    Throttled(Option<Duration>),
    /// Perhaps done.
    Lost(String),
    /// The token is not, or no longer, good.
    Unauthorized(String),
    Failed(AdminError),
}

impl<'a> Admin<'a> {
    /// The interface of `store`; `stand_in` is the address of a server on this machine that stands
    /// in for it.
    pub fn new(
        client: &'a FetchClient,
        store: Store,
        version: Version,
        credentials: Credentials,
        stand_in: Option<&str>,
        retry_delay: Duration,
    ) -> Result<Self, StoreError> {
        let base = store::base(&store, stand_in)?;
        Ok(Self {
            client,
            store,
            version,
            base,
            credentials,
            retry_delay,
            token: Mutex::new(None),
        })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Makes one call; its `data`.
    pub(super) async fn call(
        &self,
        query: &str,
        variables: Value,
        repeat: Repeat,
    ) -> Result<Value, AdminError> {
        let body = serde_json::json!({"query": query, "variables": variables}).to_string();
        let mut delays = delays(self.retry_delay);
        let mut waits = 0;
        let mut has_new_token = false;
        loop {
            let token = self.token().await?;
            let wait = match self.once(&body, &token).await? {
                CallOutcome::Data(data) => return Ok(data),
                CallOutcome::Failed(error) => return Err(error),
                CallOutcome::Unauthorized(why) => {
                    // A token that ends early is renewed once; a static one cannot be.
                    let can_renew = matches!(self.credentials, Credentials::Client { .. });
                    if has_new_token || !can_renew {
                        return Err(AdminError::Refused(why));
                    }
                    has_new_token = true;
                    *self.token.lock().await = None;
                    Duration::ZERO
                }
                CallOutcome::Throttled(wait) => {
                    waits += 1;
                    let wait = wait.unwrap_or(self.retry_delay * 2).max(self.retry_delay);
                    if waits > MAX_WAITS || wait > MAX_RETRY_AFTER {
                        return Err(AdminError::Throttled);
                    }
                    wait
                }
                CallOutcome::Lost(why) => match delays.next().filter(|_| repeat == Repeat::Safe) {
                    Some(wait) => wait,
                    None => return Err(AdminError::MayHelp(why)),
                },
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, body: &str, token: &AccessToken) -> Result<CallOutcome, AdminError> {
        let url = format!(
            "{}/admin/api/{}/graphql.json",
            self.base,
            self.version.as_str()
        );
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut secret = HeaderValue::from_str(token.text.expose_secret())
            .map_err(|_| AdminError::Refused(StoreError::Credentials.to_string()))?;
        secret.set_sensitive(true);
        headers.insert("x-shopify-access-token", secret);
        let (response, reply) = match self.post(&url, headers, body.to_owned()).await? {
            Ok(reply) => reply,
            Err(why) => return Ok(CallOutcome::Lost(why)),
        };
        // From here on no one sees the token, wherever in the reply it stood.
        let reply = secret::blot_body(reply, token.text.expose_secret(), "[token]");
        Ok(self.judge(&response, &reply))
    }

    /// Posts and reads the reply; the inner error is a network's.
    async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<Result<(Response, Vec<u8>), String>, AdminError> {
        let exchange = async {
            let mut response = self.client.post(url, headers, body).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(CallError::Network)? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > MAX_REPLY {
                    break;
                }
            }
            Ok((response, bytes))
        };
        // A reply that comes byte by byte is none.
        let Ok(exchange) = tokio::time::timeout(self.client.longest_reply(), exchange).await else {
            return Ok(Err("Shopify's answer did not come in time".to_owned()));
        };
        match exchange {
            Ok(reply) => Ok(Ok(reply)),
            Err(error @ CallError::Network(_)) => {
                Ok(Err(format!("Shopify could not be reached: {error}")))
            }
            Err(error) => Err(AdminError::Setup(error.to_string())),
        }
    }

    fn judge(&self, response: &Response, reply: &[u8]) -> CallOutcome {
        let status = response.status().as_u16();
        let reply: Option<GraphqlReply> = serde_json::from_slice(reply).ok();
        let message = reply
            .as_ref()
            .and_then(|reply| reply.errors.as_ref())
            .map_or_else(|| format!("HTTP {status}"), messages);
        match status {
            200 => {}
            429 => {
                return CallOutcome::Throttled(retry_after(response.headers(), SystemTime::now()));
            }
            401 => return CallOutcome::Unauthorized(refused(&message)),
            403 => return CallOutcome::Failed(AdminError::Refused(refused(&message))),
            301 | 302 | 307 | 308 | 402 | 423 => {
                let why = self.closed(status, response.headers());
                return CallOutcome::Failed(AdminError::Setup(why));
            }
            404 => {
                return CallOutcome::Failed(AdminError::Setup(format!(
                    "Shopify has no store {} with version {} of the Admin API",
                    self.store,
                    self.version.as_str()
                )));
            }
            408 | 500..=599 => {
                return CallOutcome::Lost(format!("Shopify answered HTTP {status}"));
            }
            _ => {
                let why = format!("Shopify answered HTTP {status}: {message}");
                return CallOutcome::Failed(AdminError::Wrong(why));
            }
        }
        let Some(reply) = reply else {
            return CallOutcome::Lost("Shopify's answer was not JSON".to_owned());
        };
        match (&reply.errors, reply.data) {
            (Some(errors), _) if !is_empty(errors) => verdict_of(errors, reply.extensions),
            (_, Some(data)) if data.is_object() => CallOutcome::Data(data),
            _ => CallOutcome::Lost("Shopify's answer had no data".to_owned()),
        }
    }

    /// Why a store cannot be used at present, by its status.
    fn closed(&self, status: u16, headers: &HeaderMap) -> String {
        let store = &self.store;
        match status {
            402 => format!(
                "{store} is frozen, according to Shopify (HTTP 402): its owner has to pay the bill in \
                 the store's admin; then run the command again"
            ),
            423 => format!(
                "{store} is locked, according to Shopify (HTTP 423), after too many requests or on \
                 suspicion of fraud: its owner must contact Shopify support; then run the command \
                 again"
            ),
            _ => {
                let moved = headers
                    .get(LOCATION)
                    .and_then(|to| to.to_str().ok())
                    .and_then(|to| url::Url::parse(to).ok())
                    .and_then(|url| url.host_str().map(str::to_owned));
                let next = match moved {
                    Some(host) if Store::parse(&host).is_ok() => {
                        format!("run the command with --store {host}")
                    }
                    _ => "look for the name that ends in .myshopify.com in the store's admin, \
                          under Settings, Domains, and give it with --store"
                        .to_owned(),
                };
                format!("{store} has moved or was renamed (HTTP {status}); {next}")
            }
        }
    }

    /// The token, got where it must be.
    async fn token(&self) -> Result<AccessToken, AdminError> {
        let (id, secret) = match &self.credentials {
            Credentials::Token(text) => {
                return Ok(AccessToken {
                    text: text.clone(),
                    ends: None,
                });
            }
            Credentials::Client { id, secret } => (id, secret),
        };
        // Held while it is being got, so that one is got for all.
        let mut held = self.token.lock().await;
        if let Some(token) = &*held
            && token.ends.is_none_or(|ends| Instant::now() < ends)
        {
            return Ok(token.clone());
        }
        let token = self.new_token(id, secret).await?;
        *held = Some(token.clone());
        Ok(token)
    }

    async fn new_token(&self, id: &str, secret: &SecretString) -> Result<AccessToken, AdminError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: Option<u64>,
        }
        let url = format!("{}/admin/oauth/access_token", self.base);
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", id)
            .append_pair("client_secret", secret.expose_secret())
            .finish();
        let mut delays = delays(self.retry_delay);
        loop {
            let mut headers = HeaderMap::new();
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, kind);
            let why = match self.post(&url, headers, form.clone()).await? {
                Ok((response, reply)) if response.status().is_success() => {
                    let granted: Option<Granted> = serde_json::from_slice(&reply).ok();
                    let token = granted.and_then(|granted| {
                        let text = store::checked(&granted.access_token).ok()?;
                        Some((text, granted.expires_in))
                    });
                    let Some((text, expires_in)) = token else {
                        let why = "Shopify's answer held no token";
                        return Err(AdminError::MayHelp(why.to_owned()));
                    };
                    let life = Duration::from_secs(expires_in.unwrap_or(86_399));
                    return Ok(AccessToken {
                        text,
                        ends: Instant::now().checked_add(life.saturating_sub(EARLY)),
                    });
                }
                Ok((response, _)) => match response.status().as_u16() {
                    status @ (408 | 429 | 500..=599) => format!("Shopify answered HTTP {status}"),
                    // The text is left out: it may quote the secret.
                    status => return Err(AdminError::Refused(refused(&format!("HTTP {status}")))),
                },
                Err(why) => why,
            };
            let Some(wait) = delays.next() else {
                return Err(AdminError::MayHelp(why));
            };
            tokio::time::sleep(wait).await;
        }
    }
}

fn refused(message: &str) -> String {
    format!(
        "Shopify refused the credentials ({message}); check SHOPIFY_ADMIN_TOKEN, or SHOPIFY_CLIENT_ID \
         and SHOPIFY_CLIENT_SECRET, and that the app is installed with the scopes write_products and, for \
         --replace, write_files"
    )
}

fn verdict_of(errors: &Value, extensions: Option<Extensions>) -> CallOutcome {
    let message = messages(errors);
    let codes: Vec<&str> = errors
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error.pointer("/extensions/code")?.as_str())
        .collect();
    if codes.contains(&"THROTTLED") {
        let cost = extensions.and_then(|extensions| extensions.cost);
        return cost.map_or(CallOutcome::Throttled(None), |cost| throttled(&cost));
    }
    if codes.contains(&"ACCESS_DENIED") || codes.contains(&"SHOP_INACTIVE") {
        return CallOutcome::Failed(AdminError::Refused(refused(&message)));
    }
    if codes.contains(&"INTERNAL_SERVER_ERROR") || codes.contains(&"TIMEOUT") {
        return CallOutcome::Lost(format!("Shopify had an error: {message}"));
    }
    CallOutcome::Failed(AdminError::Wrong(format!(
        "Shopify refused the call: {message}"
    )))
}

/// How long the bucket takes to hold what the call needs.
fn throttled(cost: &Cost) -> CallOutcome {
    let (Some(needs), Some(throttle)) = (cost.requested_query_cost, &cost.throttle_status) else {
        return CallOutcome::Throttled(None);
    };
    if needs > throttle.maximum_available {
        let why = "Shopify's limit for this app is below what one call needs";
        return CallOutcome::Failed(AdminError::Wrong(why.to_owned()));
    }
    let missing = (needs - throttle.currently_available).max(0.0);
    let wait = Duration::try_from_secs_f64(missing / throttle.restore_rate);
    CallOutcome::Throttled(wait.ok())
}

fn is_empty(errors: &Value) -> bool {
    errors.is_null() || errors.as_array().is_some_and(Vec::is_empty)
}
