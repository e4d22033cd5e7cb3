//! Job logs in a `PostgreSQL` database, on a real server.

mod addresses;
mod pooler;
mod reading;
mod tables;
mod tls;
mod writing;

use crate::support::World;

/// A world that cannot be led to another server by the surroundings.
fn world() -> World {
    World::new()
}

/// Lines of `count` jobs in different states.
fn lines(numbers: impl IntoIterator<Item = u64>) -> String {
    let mut text = String::new();
    for n in numbers {
        let line = |status: &str, minute: u64, more: &str| {
            format!(
                "{{\"at\":\"2026-03-12T09:{minute:02}:00.000Z\",\"job\":\"{n:016x}\",\"attempt\":1,\
                 \"status\":\"{status}\",\"sku\":\"SKU-{n} Größe\"{more}}}\n"
            )
        };
        let request = format!(
            ",\"line\":{n},\"request\":{{\"model\":\"kling-v3\",\"prompt\":\"turn {n}\",\
             \"image_url\":\"https://cdn.example.com/{n}.jpg\",\"duration\":\"5s\"}}"
        );
        text.push_str(&line("submitting", 1, &request));
        match n % 4 {
            0 => {}
            1 => text.push_str(&line(
                "submit_failed",
                2,
                ",\"error\":\"no \\u0000 such photo\"",
            )),
            _ => {
                let id = format!(",\"generation_id\":\"vgen_{n}\"");
                text.push_str(&line("pending", 2, &id));
                let end = format!(
                    "{id},\"output_url\":\"https://cdn.example.com/{n}.mp4\",\"credits\":5"
                );
                text.push_str(&line("completed", 3, &end));
            }
        }
    }
    text
}
