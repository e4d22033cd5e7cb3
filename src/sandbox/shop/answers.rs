//! What the store answers, and what it keeps of a call.

use serde_json::{Value, json};

use super::{Medium, Product, Shop};

/// Entries on one page: few, so that there are several pages.
const PAGE: usize = 2;

impl Shop {
    /// The `data` of an answer. `origin` is where this store is reached.
    pub(super) fn answer(&mut self, operation: &str, variables: &Value, origin: &str) -> Value {
        match operation {
            "productVariants" => self.search(variables),
            "media" => self.media(variables),
            "stagedUploadsCreate" => self.stage(variables, origin),
            "productReorderMedia" => self.reorder(variables),
            "fileDelete" => self.delete(variables),
            "metafieldsSet" => self.set_metafield(variables),
            _ => self.attach(variables),
        }
    }

    fn product(&mut self, id: &Value) -> Option<&mut Product> {
        self.products.iter_mut().find(|product| *id == *product.id)
    }

    /// As inexact as the real search: by prefix, whatever the case.
    fn search(&mut self, variables: &Value) -> Value {
        let query = text(&variables["query"]);
        let wanted: Vec<String> = query.split(" OR ").map(unquoted).collect();
        let has = |product: &Product, wanted: &String| product.skus.contains(wanted);
        if let ([sku], true) = (wanted.as_slice(), self.has_every_sku)
            && !self.products.iter().any(|product| has(product, sku))
        {
            let id = self.products.len() + 1;
            self.add_product(&id.to_string(), &format!("Product {sku}"), &[sku]);
        }
        let fits = |have: &str| {
            let have = have.to_lowercase();
            let mut wanted = wanted.iter();
            wanted.any(|wanted| have.trim().starts_with(&wanted.to_lowercase()))
        };
        let nodes: Vec<Value> = self
            .products
            .iter()
            .flat_map(|product| product.skus.iter().map(move |sku| (product, sku)))
            .filter(|(_, sku)| fits(sku))
            .map(|(product, sku)| {
                json!({"sku": sku, "product": {"id": product.id, "title": product.title}})
            })
            .collect();
        let (nodes, page_info) = page(&nodes, &variables["after"]);
        json!({"productVariants": {"nodes": nodes, "pageInfo": page_info}})
    }

    fn media(&mut self, variables: &Value) -> Value {
        let Some(product) = self.product(&variables["id"]) else {
            return json!({"product": null});
        };
        let visible = product.media.iter().filter(|medium| medium.hidden == 0);
        let shown: Vec<Value> = visible.map(Medium::shown).collect();
        let (nodes, page_info) = page(&shown, &variables["after"]);
        if page_info["hasNextPage"] == false {
            for medium in &mut product.media {
                medium.hidden = medium.hidden.saturating_sub(1);
            }
        }
        let seen = nodes
            .iter()
            .map(|node| node["id"].clone())
            .collect::<Vec<_>>();
        for medium in &mut product.media {
            if seen.contains(&Value::from(&*medium.id)) {
                medium.looks = medium.looks.saturating_sub(1);
            }
        }
        json!({"product": {"media": {"nodes": nodes, "pageInfo": page_info}}})
    }

    fn stage(&mut self, variables: &Value, origin: &str) -> Value {
        let resource = format!("https://shopify-video/{}", self.staged.len());
        let filename = text(&variables["input"][0]["filename"]);
        self.staged.push((resource.clone(), filename));
        json!({"stagedUploadsCreate": {"userErrors": [], "stagedTargets": [{
            "url": format!("{origin}/_sandbox/shop/upload"),
            "resourceUrl": resource,
            "parameters": [
                {"name": "GoogleAccessId", "value": "video@shopify"},
                {"name": "key", "value": "dev/o/v/clip.mp4"},
                {"name": "policy", "value": "eyJ0=="},
            ],
        }]}})
    }

    fn attach(&mut self, variables: &Value) -> Value {
        let object = |message: &str| {
            let errors = json!([{"field": ["media"], "message": message}]);
            json!({"productUpdate": {"product": null, "userErrors": errors}})
        };
        let medium = &variables["media"][0];
        let source = &medium["originalSource"];
        let staged = self
            .staged
            .iter()
            .find(|(resource, _)| *source == **resource);
        let Some((_, filename)) = staged else {
            return object("Video not found");
        };
        let filename = if self.forgets_names {
            "0a1b2c.mp4".to_owned()
        } else {
            filename.clone()
        };
        let made = self.made + 1;
        let persons = self.person_adds.then(|| Medium {
            id: format!("gid://shopify/Video/PERSON{made}"),
            filename: "persons-own.mp4".to_owned(),
            ..Medium::default()
        });
        let new = Medium {
            id: format!("gid://shopify/Video/{made}"),
            filename,
            alt: text(&medium["alt"]),
            hidden: self.hidden,
            looks: self.looks,
            fails: self.fails,
        };
        let Some(product) = self.product(&variables["product"]["id"]) else {
            return object("Product does not exist");
        };
        product.media.extend(persons);
        product.media.push(new);
        let id = product.id.clone();
        self.made = made;
        json!({"productUpdate": {"product": {"id": id}, "userErrors": []}})
    }

    fn reorder(&mut self, variables: &Value) -> Value {
        let object = |message: &str| {
            let errors = json!([{"field": ["moves"], "message": message, "code": "INVALID"}]);
            json!({"productReorderMedia": {"job": null, "mediaUserErrors": errors}})
        };
        let Some(product) = self.product(&variables["id"]) else {
            return object("Product does not exist");
        };
        let step = &variables["moves"][0];
        let media = &mut product.media;
        let Some(from) = media.iter().position(|medium| step["id"] == *medium.id) else {
            return object("Media does not exist on the given product");
        };
        let Ok(to) = text(&step["newPosition"]).parse::<usize>() else {
            return object("newPosition is not a number");
        };
        let medium = media.remove(from);
        media.insert(to.min(media.len()), medium);
        json!({"productReorderMedia": {
            "job": {"id": "gid://shopify/Job/1"},
            "mediaUserErrors": [],
        }})
    }

    fn delete(&mut self, variables: &Value) -> Value {
        let ids = variables["ids"].as_array().cloned().unwrap_or_default();
        for product in &mut self.products {
            product
                .media
                .retain(|medium| !ids.contains(&Value::from(&*medium.id)));
        }
        json!({"fileDelete": {"deletedFileIds": ids, "userErrors": []}})
    }

    fn set_metafield(&mut self, variables: &Value) -> Value {
        let field = &variables["metafields"][0];
        let name = format!("{}.{}", text(&field["namespace"]), text(&field["key"]));
        let (kind, value) = (text(&field["type"]), text(&field["value"]));
        let Some(product) = self.product(&field["ownerId"]) else {
            let errors = json!([{"field": ["ownerId"], "message": "Owner does not exist", "code": "INVALID"}]);
            return json!({"metafieldsSet": {"metafields": null, "userErrors": errors}});
        };
        product.metafields.retain(|(known, ..)| *known != name);
        product.metafields.push((name, kind, value));
        json!({"metafieldsSet": {
            "metafields": [{"id": "gid://shopify/Metafield/1"}],
            "userErrors": [],
        }})
    }
}

impl Medium {
    fn shown(&self) -> Value {
        let (status, errors) = match (self.looks, self.fails) {
            (0, Some(code)) => (
                "FAILED",
                json!([{"code": code, "message": "Video failed", "details": "Video is too long"}]),
            ),
            (0, None) => ("READY", json!([])),
            _ => ("PROCESSING", json!([])),
        };
        json!({
            "id": self.id,
            "status": status,
            "mediaErrors": errors,
            "filename": self.filename,
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The SKU of a search's `sku:"..."`.
fn unquoted(query: &str) -> String {
    let query = query.strip_prefix("sku:").unwrap_or(query);
    let query = query.strip_prefix('"').unwrap_or(query);
    let query = query.strip_suffix('"').unwrap_or(query);
    query.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// One page of what there is, and whether more follows.
fn page(all: &[Value], after: &Value) -> (Vec<Value>, Value) {
    let from = text(after).parse().unwrap_or(0).min(all.len());
    let end = (from + PAGE).min(all.len());
    let info = json!({"hasNextPage": end < all.len(), "endCursor": end.to_string()});
    (all[from..end].to_vec(), info)
}
