//! Manifests made up for the tests.

use std::fmt::Write;

/// A listings manifest of `count` rows.
pub fn listings(count: usize) -> String {
    rows(1..=count)
}

/// A listings manifest with these rows.
pub fn rows(numbers: impl IntoIterator<Item = usize>) -> String {
    let mut text =
        String::from("listing_id,image_url,video_prompt,property_type,delivery_target\n");
    for n in numbers {
        writeln!(
            text,
            "LST-{n},https://cdn.example.com/{n}.jpg,\"Pan across room {n}, evening light\",residential,website-hero"
        )
        .unwrap();
    }
    text
}
