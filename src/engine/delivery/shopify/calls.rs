//! The calls of Shopify's admin interface that are used, and the parts of the answers.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Admin, AdminError, Repeat};
use super::presentation::Metafield;
use super::words::joined;

/// Pages of a product's media that are read; a product has 250 at most.
const MAX_PAGES: usize = 10;

const MEDIA: &str = "query($id: ID!, $after: String) { product(id: $id) { \
    media(first: 50, after: $after) { \
    nodes { id status mediaErrors { code message details } \
    ... on Video { filename } } \
    pageInfo { hasNextPage endCursor } } } }";

const STAGE: &str = "mutation($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) \
    { stagedTargets { url resourceUrl parameters { name value } } userErrors { field message } } }";

const ATTACH: &str = "mutation($product: ProductUpdateInput!, $media: [CreateMediaInput!]) { \
    productUpdate(product: $product, media: $media) { product { id } userErrors { field message } } }";

const REORDER: &str = "mutation($id: ID!, $moves: [MoveInput!]!) { \
    productReorderMedia(id: $id, moves: $moves) { job { id } \
    mediaUserErrors { field message code } } }";

const REMOVE: &str = "mutation($ids: [ID!]!) { fileDelete(fileIds: $ids) { deletedFileIds \
    userErrors { field message code } } }";

const METAFIELD: &str = "mutation($metafields: [MetafieldsSetInput!]!) { \
    metafieldsSet(metafields: $metafields) { metafields { id } \
    userErrors { field message code } } }";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Product {
    pub id: String,
    pub title: String,
}

/// One medium of a product.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Medium {
    pub id: String,
    pub status: String,
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
    /// Whether the name of its file has one of these tags of a clip.
    pub fn has_tag(&self, tags: &[String]) -> bool {
        let name = self.filename.as_deref().unwrap_or_default();
        tags.iter().any(|tag| name.contains(tag))
    }

    /// Whether Shopify does not say how its file is called.
    pub fn is_nameless(&self) -> bool {
        self.filename.as_deref().is_none_or(str::is_empty)
    }

    /// The documented codes of why it failed.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.media_errors
            .iter()
            .filter_map(|error| error.code.as_deref())
    }

    /// Why it failed, in Shopify's words.
    pub fn why(&self) -> String {
        let message: Vec<String> = self
            .media_errors
            .iter()
            .filter_map(|error| {
                let message = error.details.as_ref().or(error.message.as_ref());
                message.or(error.code.as_ref()).cloned()
            })
            .collect();
        if message.is_empty() {
            "it did not say why".to_owned()
        } else {
            joined(&message)
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
    /// Not every mutation gives one.
    #[serde(default)]
    code: Option<String>,
}

/// What a mutation reported against its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Objection {
    /// Its words.
    pub message: String,
    /// The documented codes that came with them.
    pub codes: Vec<String>,
}

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
    /// All media of a product.
    pub(super) async fn media(&self, product: &Product) -> Result<Vec<Medium>, AdminError> {
        let mut media = Vec::new();
        let mut after = Value::Null;
        for _ in 0..MAX_PAGES {
            let variables = json!({"id": product.id, "after": after});
            let data = self.call(MEDIA, variables, Repeat::Safe).await?;
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

    /// A place to upload a video of `size` bytes to. One that is not used is no one's loss, so
    /// this may be asked twice.
    pub(super) async fn stage(
        &self,
        filename: &str,
        mime_type: &str,
        size: u64,
    ) -> Result<StagedTarget, CallFailure> {
        let variables = json!({"input": [{
            "resource": "VIDEO",
            "filename": filename,
            "mimeType": mime_type,
            "fileSize": size.to_string(),
            "httpMethod": "POST",
        }]});
        let data = self.call(STAGE, variables, Repeat::Safe).await?;
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
        alt: &str,
    ) -> Result<(), CallFailure> {
        let variables = json!({
            "product": {"id": product.id},
            "media": [{
                "originalSource": resource_url,
                "mediaContentType": "VIDEO",
                "alt": alt,
            }],
        });
        let data = self.call(ATTACH, variables, Repeat::Never).await?;
        object_to(&data, "/productUpdate/userErrors")?;
        not_null(&data, "/productUpdate/product")
    }

    /// Moves a medium to a place among its product's media, counted from 1. Shopify does it a
    /// little later.
    pub(super) async fn reorder(
        &self,
        product: &Product,
        medium: &str,
        position: u16,
    ) -> Result<(), CallFailure> {
        let place = position.saturating_sub(1).to_string();
        let variables = json!({
            "id": product.id,
            "moves": [{"id": medium, "newPosition": place}],
        });
        let data = self.call(REORDER, variables, Repeat::Safe).await?;
        object_to(&data, "/productReorderMedia/mediaUserErrors")?;
        not_null(&data, "/productReorderMedia/job")
    }

    /// Removes a video from the store.
    pub(super) async fn remove(&self, medium: &str) -> Result<(), CallFailure> {
        let variables = json!({"ids": [medium]});
        let data = self.call(REMOVE, variables, Repeat::Safe).await?;
        object_to(&data, "/fileDelete/userErrors")?;
        not_null(&data, "/fileDelete/deletedFileIds")
    }

    /// Lets a metafield of the product name the video.
    pub(super) async fn set_metafield(
        &self,
        product: &Product,
        field: &Metafield,
        medium: &str,
    ) -> Result<(), CallFailure> {
        let variables = json!({"metafields": [{
            "ownerId": product.id,
            "namespace": field.namespace,
            "key": field.key,
            "type": "file_reference",
            "value": medium,
        }]});
        let data = self.call(METAFIELD, variables, Repeat::Safe).await?;
        object_to(&data, "/metafieldsSet/userErrors")?;
        not_null(&data, "/metafieldsSet/metafields")
    }
}

/// A result that is missing although nothing was objected to.
fn not_null(data: &Value, pointer: &str) -> Result<(), CallFailure> {
    match data.pointer(pointer) {
        Some(value) if !value.is_null() => Ok(()),
        _ => Err(odd(pointer).into()),
    }
}

pub(super) fn part<T: serde::de::DeserializeOwned>(
    data: &Value,
    pointer: &str,
) -> Result<T, AdminError> {
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
    let codes = errors
        .iter()
        .filter_map(|error| error.code.clone())
        .collect();
    let message: Vec<String> = errors
        .into_iter()
        .map(|error| match error.field {
            Some(field) if !field.is_empty() => format!("{} ({})", error.message, field.join(".")),
            _ => error.message,
        })
        .collect();
    Err(CallFailure::Objection(Objection {
        message: joined(&message),
        codes,
    }))
}
