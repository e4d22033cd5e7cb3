//! The calls of Shopify's admin interface that are used, and the parts of the answers.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Admin, AdminError, Repeat};
use crate::delivery::outcome::Halt;

/// Longest alt text Shopify takes, in characters.
const MAX_ALT: usize = 512;
/// Pages of a product's media that are read; a product has 250 at most.
const MAX_PAGES: usize = 10;

const FIND: &str = "query($query: String!) { productVariants(first: 10, query: $query) { \
    nodes { sku product { id title } } } }";

const MEDIA: &str = "query($id: ID!, $after: String) { product(id: $id) { \
    media(first: 50, after: $after) { \
    nodes { id status mediaContentType mediaErrors { code message details } \
    ... on Video { filename } } \
    pageInfo { hasNextPage endCursor } } } }";

const STAGE: &str = "mutation($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) \
    { stagedTargets { url resourceUrl parameters { name value } } userErrors { field message } } }";

const ATTACH: &str = "mutation($product: ProductUpdateInput!, $media: [CreateMediaInput!]) { \
    productUpdate(product: $product, media: $media) { product { id } userErrors { field message } } }";

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Product {
    pub id: String,
    pub title: String,
}

impl Product {
    /// The alt text of its clip.
    pub fn alt(&self) -> String {
        self.title.chars().take(MAX_ALT).collect()
    }
}

/// What a search for a SKU found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search {
    One(Product),
    None,
    /// So many products share the SKU.
    Several(usize),
}

/// One medium of a product.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Medium {
    pub id: String,
    pub status: String,
    #[serde(default)]
    pub media_content_type: String,
    /// Of a video only.
    #[serde(default)]
    pub filename: Option<String>,
    #[serde(default)]
    media_errors: Vec<MediumError>,
}

#[derive(Clone, Debug, Deserialize)]
struct MediumError {
    code: Option<String>,
    message: Option<String>,
    details: Option<String>,
}

impl Medium {
    /// Why it failed, in Shopify's words.
    pub fn why(&self) -> String {
        let said: Vec<String> = self
            .media_errors
            .iter()
            .filter_map(|error| {
                let said = error.details.as_ref().or(error.message.as_ref());
                said.or(error.code.as_ref()).cloned()
            })
            .collect();
        if said.is_empty() {
            "it did not say why".to_owned()
        } else {
            said.join("; ")
        }
    }
}

/// Where to upload to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StagedTarget {
    pub url: String,
    pub resource_url: String,
    /// To be sent in this order, before the file.
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Parameter {
    pub name: String,
    pub value: String,
}

#[derive(Deserialize)]
struct UserError {
    field: Option<Vec<String>>,
    message: String,
}

/// What a mutation said against its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Objection(pub String);

/// A call's failure: the call's own, or an objection to what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallFailure {
    Admin(AdminError),
    Objection(Objection),
}

impl From<AdminError> for CallFailure {
    fn from(error: AdminError) -> Self {
        Self::Admin(error)
    }
}

impl Admin<'_> {
    /// The product of the variant with exactly this SKU. Shopify's search is no exact one.
    pub(super) async fn find(&self, sku: &str, halt: &Halt) -> Result<Search, AdminError> {
        #[derive(Deserialize)]
        struct Variant {
            sku: Option<String>,
            product: Product,
        }
        let quoted = sku.replace('\\', "\\\\").replace('"', "\\\"");
        let variables = json!({"query": format!("sku:\"{quoted}\"")});
        let data = self.call(FIND, variables, Repeat::Safe, halt).await?;
        let variants: Vec<Variant> = part(&data, "/productVariants/nodes")?;
        let mut products: Vec<Product> = Vec::new();
        for variant in variants {
            let is_it = variant.sku.as_deref() == Some(sku);
            if is_it && !products.iter().any(|known| known.id == variant.product.id) {
                products.push(variant.product);
            }
        }
        Ok(match (products.len(), products.pop()) {
            (1, Some(product)) => Search::One(product),
            (0, _) => Search::None,
            (count, _) => Search::Several(count),
        })
    }

    /// All media of a product.
    pub(super) async fn media(
        &self,
        product: &Product,
        halt: &Halt,
    ) -> Result<Vec<Medium>, AdminError> {
        let mut media = Vec::new();
        let mut after = Value::Null;
        for _ in 0..MAX_PAGES {
            let variables = json!({"id": product.id, "after": after});
            let data = self.call(MEDIA, variables, Repeat::Safe, halt).await?;
            if data["product"].is_null() {
                return Err(AdminError::Wrong("the product is gone".to_owned()));
            }
            media.extend(part::<Vec<Medium>>(&data, "/product/media/nodes")?);
            let page = &data["product"]["media"]["pageInfo"];
            if page["hasNextPage"] != true {
                break;
            }
            after = page["endCursor"].clone();
        }
        Ok(media)
    }

    /// A place to upload a video of `size` bytes to. One that is not used is nobody's loss, so
    /// this may be asked twice.
    pub(super) async fn stage(
        &self,
        filename: &str,
        mime_type: &str,
        size: u64,
        halt: &Halt,
    ) -> Result<StagedTarget, CallFailure> {
        let variables = json!({"input": [{
            "resource": "VIDEO",
            "filename": filename,
            "mimeType": mime_type,
            "fileSize": size.to_string(),
            "httpMethod": "POST",
        }]});
        let data = self.call(STAGE, variables, Repeat::Safe, halt).await?;
        object_to(&data, "/stagedUploadsCreate/userErrors")?;
        let targets: Vec<StagedTarget> = part(&data, "/stagedUploadsCreate/stagedTargets")?;
        let target = targets.into_iter().next();
        target.ok_or_else(|| odd("/stagedUploadsCreate/stagedTargets").into())
    }

    /// Attaches what was uploaded to a product.
    pub(super) async fn attach(
        &self,
        product: &Product,
        resource_url: &str,
        halt: &Halt,
    ) -> Result<(), CallFailure> {
        let variables = json!({
            "product": {"id": product.id},
            "media": [{
                "originalSource": resource_url,
                "mediaContentType": "VIDEO",
                "alt": product.alt(),
            }],
        });
        let data = self.call(ATTACH, variables, Repeat::Never, halt).await?;
        object_to(&data, "/productUpdate/userErrors")
    }
}

fn part<T: serde::de::DeserializeOwned>(data: &Value, pointer: &str) -> Result<T, AdminError> {
    data.pointer(pointer)
        .and_then(|value| T::deserialize(value).ok())
        .ok_or_else(|| odd(pointer))
}

fn odd(pointer: &str) -> AdminError {
    let what = pointer.trim_start_matches('/').replace('/', ".");
    AdminError::Wrong(format!(
        "Shopify's answer was not of the expected shape ({what}); is the API version supported?"
    ))
}

fn object_to(data: &Value, pointer: &str) -> Result<(), CallFailure> {
    let errors: Vec<UserError> = part(data, pointer)?;
    if errors.is_empty() {
        return Ok(());
    }
    let said: Vec<String> = errors
        .into_iter()
        .map(|error| match error.field {
            Some(field) if !field.is_empty() => format!("{} ({})", error.message, field.join(".")),
            _ => error.message,
        })
        .collect();
    Err(CallFailure::Objection(Objection(said.join("; "))))
}
