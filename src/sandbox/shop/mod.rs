//! A stand-in for a Shopify store: the documented shapes of the calls that `publish` makes, and
//! faults on request. What it is sent is kept in memory only.
//!
//! | path | |
//! |---|---|
//! | `POST /admin/api/{version}/graphql.json` | the admin interface |
//! | `POST /admin/oauth/access_token` | an app's id and secret for a token |
//! | `POST /_sandbox/shop/upload` | staged uploads |

mod answers;
mod routes;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;

pub(super) use routes::router;

/// A reply that is held back.
#[derive(Clone, Debug, Default)]
pub struct HeldReply {
    /// Told when the call is done.
    pub begun: Arc<Notify>,
    /// Lets the reply go.
    pub go: Arc<Notify>,
}

/// What goes wrong with the next call of an operation.
#[derive(Clone, Debug)]
pub enum ShopFault {
    /// HTTP 200, code THROTTLED, with the bucket's state.
    Throttled,
    /// HTTP 429.
    TooMany,
    /// A status without effect.
    Status(u16),
    /// HTTP 301 to this address.
    Moved(&'static str),
    /// Done, but the reply is a 502.
    LostReply,
    /// Done, and that is said; the reply is held back.
    Held(HeldReply),
    /// A reply that comes byte by byte and never ends.
    Endless,
    /// Done, but the operation's result is null.
    DoneAndNull,
    /// `userErrors`.
    Objection(&'static str),
    /// `userErrors` with a code.
    CodedObjection(&'static str, &'static str),
    /// Top-level `errors` with HTTP 200.
    Errors(&'static str),
    /// The operation's result is null, without an error.
    Null,
}

/// A product's video or picture.
#[derive(Clone, Debug, Default)]
pub struct Medium {
    /// Its global id.
    pub id: String,
    /// The name of the file it was made from.
    pub filename: String,
    /// Its alt text.
    pub alt: String,
    /// How often its product is looked at before it is shown there.
    pub hidden: usize,
    /// How often it is looked at before it is processed.
    pub looks: usize,
    /// The code with which processing fails; `None` when it succeeds.
    pub fails: Option<&'static str>,
}

/// A product.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its global id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The SKUs of its variants.
    pub skus: Vec<String>,
    /// Its media, in their order.
    pub media: Vec<Medium>,
    /// Its metafields: `NAMESPACE.KEY`, type and value.
    pub metafields: Vec<(String, String, String)>,
}

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// The names of the form's parts in their order, and their values.
    pub parts: Vec<(String, Vec<u8>)>,
    /// The request's headers.
    pub headers: axum::http::HeaderMap,
}

/// Which tokens are taken.
#[derive(Clone, Debug, Default)]
pub enum Tokens {
    /// Any.
    #[default]
    Any,
    /// These only.
    Only(Vec<String>),
}

/// A store.
#[derive(Debug, Default)]
pub struct Shop {
    /// Its products.
    pub products: Vec<Product>,
    /// Whether a product is made up for a SKU that is searched and that none has.
    pub has_every_sku: bool,
    /// Operations with what happens to their next calls.
    pub faults: Vec<(&'static str, VecDeque<ShopFault>)>,
    /// The operations that were called, in their order, with their variables.
    pub calls: Vec<(&'static str, Value)>,
    /// What was uploaded, in order.
    pub uploads: Vec<Uploaded>,
    /// How the next uploads are answered, instead of 201.
    pub upload_statuses: VecDeque<u16>,
    /// How often a product is looked at before it shows a new medium.
    pub hidden: usize,
    /// How often new media are looked at before they are processed.
    pub looks: usize,
    /// The code with which new media fail.
    pub fails: Option<&'static str>,
    /// Whether media lose the name of their file.
    pub forgets_names: bool,
    /// A person adds a video to the product right before each clip.
    pub person_adds: bool,
    /// A character that is written as an escape in replies.
    pub escapes: Option<char>,
    /// The tokens that are taken.
    pub tokens: Tokens,
    /// How many tokens were given for an id and a secret.
    pub granted: usize,
    /// Uploads that were announced: where they are, and the name of their file.
    staged: Vec<(String, String)>,
    /// How many media there have ever been.
    made: usize,
}

impl Shop {
    /// A store that has a product for every SKU: a rehearsal needs no other preparation.
    pub fn for_rehearsal() -> Self {
        Self {
            has_every_sku: true,
            ..Self::default()
        }
    }

    /// Adds a product.
    pub fn add_product(&mut self, id: &str, title: &str, skus: &[&str]) {
        self.products.push(Product {
            id: format!("gid://shopify/Product/{id}"),
            title: title.to_owned(),
            skus: skus.iter().map(|&sku| sku.to_owned()).collect(),
            media: Vec::new(),
            metafields: Vec::new(),
        });
    }

    fn takes(&self, token: &str) -> bool {
        match &self.tokens {
            Tokens::Any => !token.is_empty(),
            Tokens::Only(known) => known.iter().any(|known| known == token),
        }
    }

    fn next_fault(&mut self, operation: &str) -> Option<ShopFault> {
        self.faults
            .iter_mut()
            .filter(|(of, _)| *of == operation)
            .find_map(|(_, faults)| faults.pop_front())
    }
}
