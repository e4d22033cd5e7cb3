//! Deliveries: made up and signed, or read back from a capture file.

use creativeai::vendor::ApiKey;
use creativeai::webhook::sign;
use serde_json::{Value, json};

use crate::support::KEY;
use crate::support::http;

/// Where they are sent to.
pub const PATH: &str = "/webhooks/creativeai";

/// One webhook, as it was on the wire.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub received_at: String,
    /// Path and query.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Delivery {
    /// Of this body, signed with the tests' key.
    pub fn of(body: &Value) -> Self {
        Self::signed_with(KEY, body)
    }

    /// Of this body, signed with `key`.
    pub fn signed_with(key: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let signature = sign(&ApiKey::new(key).unwrap(), &body);
        Self {
            received_at: "2026-03-12T09:22:18Z".to_owned(),
            url: PATH.to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("x-creativeai-signature".to_owned(), signature),
            ],
            body,
        }
    }

    /// A finished clip.
    pub fn completed(id: &str) -> Self {
        Self::of(&completed(id))
    }

    /// Whose address names an attempt, as `JOB.ATTEMPT`.
    pub fn naming(mut self, attempt: &str) -> Self {
        self.url = format!("{PATH}?creativeai_job={attempt}");
        self
    }

    /// Without this header.
    pub fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(name, _)| name != header);
        self
    }

    /// With another body, the headers as they are.
    pub fn saying(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the sandbox has signed it wrong on purpose.
    pub fn is_forged(&self) -> bool {
        let signature = self.header("x-creativeai-signature").unwrap_or_default();
        signature.ends_with(&"0".repeat(64))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Our envelope, a line.
    pub fn envelope(&self) -> String {
        let headers: serde_json::Map<String, Value> = self
            .headers
            .iter()
            .map(|(n, v)| (n.clone(), v.clone().into()))
            .collect();
        let body = std::str::from_utf8(&self.body).unwrap();
        let line = json!({"v": 1, "received_at": self.received_at, "method": "POST",
                          "url": self.url, "headers": headers, "body": body});
        format!("{line}\n")
    }

    /// The request that delivers it.
    pub fn request(&self) -> Vec<u8> {
        http::request("POST", &self.url, &self.headers, &self.body)
    }

    /// Reads a capture file's lines; one that is torn is left out.
    pub fn read_all(file: &str) -> Vec<Self> {
        file.lines().filter_map(Self::read).collect()
    }

    fn read(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let headers = line["headers"].as_object().unwrap();
        Some(Self {
            received_at: text("received_at"),
            url: text("url"),
            headers: headers
                .iter()
                .map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned()))
                .collect(),
            body: text("body").into_bytes(),
        })
    }
}

/// What the vendor says of a finished clip.
pub fn completed(id: &str) -> Value {
    json!({"id": id, "object": "video.generation", "status": "completed", "model": "kling-v3",
           "prompt": "pan left", "output_url": format!("https://cdn.example.com/{id}.mp4"),
           "credits": 5, "failover_used": false, "completed_at": "2026-03-12T09:22:17Z"})
}

/// Two lines of a log: a job with this key, accepted under this id.
pub fn accepted(job: &str, listing: &str, id: &str) -> String {
    format!(
        "{}{}\n",
        announced(job, listing),
        json!({"at": "2026-03-12T09:20:01.006Z", "job": job, "attempt": 1, "status": "pending",
               "listing_id": listing, "generation_id": id,
               "submitted_at": "2026-03-12T09:20:01.006Z"})
    )
}

/// The line before a POST, alone.
pub fn announced(job: &str, listing: &str) -> String {
    let line = json!({"at": "2026-03-12T09:20:00.412Z", "job": job, "attempt": 1,
        "status": "submitting", "listing_id": listing, "line": 2,
        "request": {"model": "kling-v3", "prompt": "pan left",
                    "image_url": "https://cdn.example.com/1.jpg", "duration": "5s",
                    "aspect_ratio": "16:9"}});
    format!("{line}\n")
}
