//! Job logs made up for the tests: clips that are finished, or not yet.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// One row's clip.
#[derive(Clone, Debug)]
pub struct Order {
    pub column: &'static str,
    pub id: String,
    pub image: String,
    pub line: usize,
    /// Further columns.
    pub columns: Vec<(String, String)>,
    pub generation: String,
    /// Where it is; `None` for one that still renders.
    pub output_url: Option<String>,
}

impl Order {
    /// A finished clip of a listing.
    pub fn of(id: &str, line: usize, output_url: &str) -> Self {
        Self {
            column: "listing_id",
            id: id.to_owned(),
            image: format!("https://photos.example/{line}.jpg"),
            line,
            columns: Vec::new(),
            generation: format!("vgen_{line:04}"),
            output_url: Some(output_url.to_owned()),
        }
    }

    /// Of a product instead.
    pub fn for_sku(mut self) -> Self {
        self.column = "sku";
        self
    }

    /// In a rehearsal.
    pub fn rehearsed(mut self) -> Self {
        self.generation = format!("vgen_sandbox_{:04}", self.line);
        self
    }

    /// With a column.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.columns.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Still rendering.
    pub fn rendering(mut self) -> Self {
        self.output_url = None;
        self
    }

    /// The job's key.
    pub fn job(&self) -> String {
        let digest = Sha256::digest(format!("{} {} {}", self.id, self.line, self.image));
        base16ct::lower::encode_string(digest.as_ref())[..16].to_owned()
    }

    /// The lines of its log.
    pub fn lines(&self) -> String {
        let line = |minute: usize, status: &str, more: Value| {
            let mut all = Map::new();
            let at = format!("2026-03-12T09:{minute:02}:00.000Z");
            all.extend([
                ("at".to_owned(), at.into()),
                ("job".to_owned(), self.job().into()),
                ("attempt".to_owned(), 1.into()),
                ("status".to_owned(), status.into()),
                (self.column.to_owned(), self.id.clone().into()),
            ]);
            let Value::Object(more) = more else {
                unreachable!("an object")
            };
            all.extend(more);
            Value::Object(all).to_string() + "\n"
        };
        let mut first = json!({
            "line": self.line,
            "credits_estimated": 5,
            "request": {
                "model": "kling-v3",
                "prompt": format!("Slow pan {}", self.line),
                "image_url": self.image,
                "duration": "5s",
                "aspect_ratio": "16:9",
            },
        });
        for (name, value) in &self.columns {
            first[name] = value.clone().into();
        }
        let mut text = line(20, "submitting", first);
        let accepted = json!({"generation_id": self.generation});
        text += &line(21, "pending", accepted);
        if let Some(url) = &self.output_url {
            let ended = json!({
                "generation_id": self.generation,
                "output_url": url,
                "credits": 5,
                "completed_at": "2026-03-12T09:22:00Z",
                "via": "poll",
            });
            text += &line(22, "completed", ended);
        }
        text
    }
}

/// A log of all of them.
pub fn log_of<'o>(orders: impl IntoIterator<Item = &'o Order>) -> String {
    let mut text = String::new();
    for order in orders {
        write!(text, "{}", order.lines()).unwrap();
    }
    text
}

/// Every file below `folder`, relative to it, with slashes, sorted. None when it is not there.
pub fn files_below(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path: PathBuf = entry.unwrap().path();
            // The program may be taking it away just now.
            let Ok(meta) = std::fs::symlink_metadata(&path) else {
                continue;
            };
            if meta.is_dir() {
                walk(root, &path, found);
            } else {
                let relative = path.strip_prefix(root).unwrap().iter();
                let parts: Vec<_> = relative.map(|part| part.to_str().unwrap()).collect();
                found.push(parts.join("/"));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// A checksum as the log has it.
pub fn sha256(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}
