//! Finding the product of a SKU, and what nearly has it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::calls::{Product, part};
use super::client::{Admin, AdminError, Repeat};

/// Pages of a search that are read, of 50 variants each.
const MAX_PAGES: usize = 40;
/// Leading zeros that a spreadsheet may have taken away, and that are tried.
const MAX_ZEROS: usize = 5;
/// Near misses that are named.
const MAX_NEAR: usize = 5;

const FIND: &str = "query($query: String!, $after: String) { \
    productVariants(first: 50, query: $query, after: $after) { \
    nodes { sku product { id title } } pageInfo { hasNextPage endCursor } } }";

/// What a search for a SKU found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProductSearch {
    One(Product),
    /// None; these SKUs differ only in what is easily overlooked.
    None(Vec<String>),
    /// So many products share the SKU.
    Several(usize),
}

#[derive(Deserialize)]
struct Variant {
    sku: Option<String>,
    product: Product,
}

impl Admin<'_> {
    /// The product of the variant with exactly this SKU. Shopify's search is not an exact one, so all
    /// that it finds is compared.
    pub(super) async fn find(&self, sku: &str) -> Result<ProductSearch, AdminError> {
        let found = self.variants(&exactly(sku)).await?;
        let mut products: Vec<Product> = Vec::new();
        for variant in &found {
            let is_it = variant.sku.as_deref() == Some(sku);
            if is_it && !products.iter().any(|known| known.id == variant.product.id) {
                products.push(variant.product.clone());
            }
        }
        match (products.len(), products.pop()) {
            (1, Some(product)) => Ok(ProductSearch::One(product)),
            (0, _) => {
                let nearby = self.variants(&nearly(sku)).await?;
                let skus = found.into_iter().chain(nearby).filter_map(|v| v.sku);
                Ok(ProductSearch::None(near_misses(sku, skus)))
            }
            (count, _) => Ok(ProductSearch::Several(count)),
        }
    }

    /// All variants that a query finds.
    async fn variants(&self, query: &str) -> Result<Vec<Variant>, AdminError> {
        let mut variants = Vec::new();
        let mut after = Value::Null;
        for _ in 0..MAX_PAGES {
            let variables = json!({"query": query, "after": after});
            let data = self.call(FIND, variables, Repeat::Safe).await?;
            variants.extend(part::<Vec<Variant>>(&data, "/productVariants/nodes")?);
            let page = &data["productVariants"]["pageInfo"];
            if page["hasNextPage"] != true {
                break;
            }
            after = page["endCursor"].clone();
        }
        Ok(variants)
    }
}

fn exactly(sku: &str) -> String {
    let quoted = sku.replace('\\', "\\\\").replace('"', "\\\"");
    format!("sku:\"{quoted}\"")
}

/// A query for the SKU without blanks, with and without leading zeros.
fn nearly(sku: &str) -> String {
    let core = core(sku);
    let zeros = (0..=MAX_ZEROS).map(|count| exactly(&format!("{}{core}", "0".repeat(count))));
    zeros.collect::<Vec<_>>().join(" OR ")
}

/// A SKU without what is easily overlooked: blanks, leading zeros.
fn core(sku: &str) -> String {
    let dense: String = sku.chars().filter(|c| !c.is_whitespace()).collect();
    let core = dense.trim_start_matches('0');
    if core.is_empty() {
        dense
    } else {
        core.to_owned()
    }
}

/// The SKUs that differ from `sku` only in case, blanks or leading zeros.
fn near_misses(sku: &str, candidates: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = core(sku).to_lowercase();
    let mut near: Vec<String> = candidates
        .filter(|other| other != sku && core(other).to_lowercase() == wanted)
        .collect();
    near.sort();
    near.dedup();
    near.truncate(MAX_NEAR);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_differs_in_case_blanks_or_leading_zeros_only() {
        let others = ["tee-1", " TEE-1", "00TEE-1", "TEE-10", "TEE-1", "TEE-1 "];
        let near = near_misses("TEE-1", others.map(str::to_owned).into_iter());
        assert_eq!(near, [" TEE-1", "00TEE-1", "TEE-1 ", "tee-1"]);
        assert_eq!(near_misses("000", ["0".to_owned()].into_iter()), [""; 0]);
        assert!(nearly("123").starts_with("sku:\"123\" OR sku:\"0123\""));
        assert_eq!(exactly("a\"b\\"), "sku:\"a\\\"b\\\\\"");
    }
}
