//! How a clip is to look at its product: its alt text, its place, the metafield that names it.

use std::fmt;

use crate::jobs::JobView;

/// Longest alt text Shopify takes, in characters.
const MAX_ALT: usize = 512;

/// What a person wants beyond the clip on its product.
#[derive(Clone, Debug, Default)]
pub struct Presentation {
    /// The place among the product's media, from 1; `None` leaves it last.
    pub position: Option<u16>,
    /// The alt text; `None` is the product's title.
    pub alt: Option<AltTemplate>,
    /// Whether the clip in whose place the new one is goes once that is ready.
    pub replace: bool,
    /// A metafield of the product that is to name the clip.
    pub metafield: Option<Metafield>,
}

/// A metafield's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metafield {
    /// The part before the dot.
    pub namespace: String,
    /// The part after it.
    pub key: String,
}

impl Metafield {
    /// Reads `NAMESPACE.KEY` by Shopify's rules.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |part: &str, longest: usize| {
            (2..=longest).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        match text.rsplit_once('.') {
            Some((namespace, key))
                if fits(namespace.strip_prefix("$app:").unwrap_or(namespace), 255)
                    && fits(key, 64) =>
            {
                Ok(Self {
                    namespace: namespace.to_owned(),
                    key: key.to_owned(),
                })
            }
            _ => Err(
                "write NAMESPACE.KEY, such as custom.video: letters, digits, - and _".to_owned(),
            ),
        }
    }
}

impl fmt::Display for Metafield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.key)
    }
}

/// An alt text with `{column}` where a value of the row belongs, or `{column|otherwise}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AltTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column {
        name: String,
        otherwise: Option<String>,
    },
}

impl AltTemplate {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (inside, after) = after
                .split_once('}')
                .ok_or("a { has no }: write {column} or {column|otherwise}")?;
            let (name, otherwise) = match inside.split_once('|') {
                Some((name, otherwise)) => (name, Some(otherwise.to_owned())),
                None => (inside, None),
            };
            if name.trim().is_empty() {
                return Err("{} names no column: write {column} or {column|otherwise}".to_owned());
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Column {
                name: name.trim().to_owned(),
                otherwise,
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The text for one job; `{product}` is the product's title. Else the column that is missing.
    pub fn fill(&self, view: &JobView, product: &str) -> Result<String, String> {
        let mut alt = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => alt.push_str(text),
                Piece::Column { name, .. } if name == "product" => alt.push_str(product),
                Piece::Column { name, otherwise } => {
                    let value = view.column(name).filter(|value| !value.trim().is_empty());
                    let value = value.or_else(|| otherwise.clone());
                    alt.push_str(value.ok_or_else(|| name.clone())?.trim());
                }
            }
        }
        Ok(cut(&alt))
    }
}

/// As much of an alt text as Shopify takes.
pub(super) fn cut(alt: &str) -> String {
    alt.trim().chars().take(MAX_ALT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobKey, Rates};

    #[test]
    fn a_template_is_filled_from_the_row() {
        let line = r#"{"at":"2026-03-12T09:20:00Z","job":"0123456789abcdef","attempt":1,"status":"submitting","sku":"TEE-1","color":"blue","size":"","request":{"prompt":"pan"}}"#;
        let key = JobKey::parse("0123456789abcdef").unwrap();
        let view = JobView::fold(key, [line], &Rates::default())
            .unwrap()
            .unwrap();
        let fill = |text: &str| AltTemplate::parse(text).unwrap().fill(&view, "Tea pot");
        assert_eq!(
            fill("{product} in {color}"),
            Ok("Tea pot in blue".to_owned())
        );
        assert_eq!(
            fill("{ color } {size|any size}"),
            Ok("blue any size".to_owned())
        );
        assert_eq!(fill("no place"), Ok("no place".to_owned()));
        assert_eq!(fill("{size}"), Err("size".to_owned()));
        assert_eq!(fill("{finish}"), Err("finish".to_owned()));
        assert_eq!(fill(&"x".repeat(600)).unwrap().len(), MAX_ALT);
        assert!(AltTemplate::parse("{color").is_err() && AltTemplate::parse("{|x}").is_err());
    }

    #[test]
    fn a_metafield_has_a_namespace_and_a_key() {
        let field = Metafield::parse("custom.product_video").unwrap();
        assert_eq!(
            (&*field.namespace, &*field.key),
            ("custom", "product_video")
        );
        assert!(Metafield::parse("$app:clips.video").is_ok());
        for bad in [
            "custom",
            "c.v",
            "custom.",
            ".video",
            "cu stom.video",
            "custom.a\"b",
        ] {
            assert!(Metafield::parse(bad).is_err(), "{bad}");
        }
    }
}
