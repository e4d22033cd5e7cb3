//! Log lines as a person would write them.

use serde_json::{Value, json};

/// Three jobs.
pub const A: &str = "aaaa000000000001";
pub const B: &str = "bbbb000000000002";
pub const C: &str = "cccc000000000003";

/// A line about the first attempt of `job`, `minute` minutes past nine. `more` are its other
/// fields.
pub fn line(minute: u32, job: &str, status: &str, more: Value) -> String {
    let mut line = json!({
        "at": format!("2026-03-12T09:{minute:02}:00.000Z"),
        "job": job,
        "attempt": 1,
        "status": status,
        "listing_id": format!("LST-{}", &job[..4]),
    });
    let Value::Object(more) = more else {
        panic!("fields are an object");
    };
    line.as_object_mut().unwrap().extend(more);
    format!("{line}\n")
}

/// The line that announces the request of `job`.
pub fn submitting(job: &str) -> String {
    let request = json!({
        "model": "kling-v3",
        "prompt": format!("pan {job}"),
        "image_url": format!("https://cdn.example.com/{job}.jpg"),
        "duration": "5s",
        "aspect_ratio": "16:9",
    });
    line(0, job, "submitting", json!({ "request": request }))
}

/// A job that renders as `id`.
pub fn rendering(job: &str, id: &str) -> String {
    submitting(job) + &*line(1, job, "pending", json!({ "generation_id": id }))
}

/// A job whose clip is at `url`.
pub fn finished(job: &str, id: &str, url: &str) -> String {
    let end = json!({ "generation_id": id, "output_url": url, "credits": 5 });
    rendering(job, id) + &*line(2, job, "completed", end)
}
