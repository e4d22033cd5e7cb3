//! Manifests: the first three bytes choose the options, the rest is the file.
#![no_main]

use creativeai::vendor::{DurationStyle, request_body};
use creativeai::jobs::LOG_FIELDS;
use creativeai::manifest::{Manifest, Options};
use libfuzzer_sys::fuzz_target;

const ENCODINGS: [&str; 8] = [
    "utf-8",
    "windows-1252",
    "utf-16le",
    "utf-16be",
    "shift_jis",
    "gb18030",
    "iso-2022-jp",
    "nonsense",
];
const MAPS: [(&str, &str); 6] = [
    ("video_prompt", "Scene"),
    ("image_url", "Photo"),
    ("listing_id", "Ref"),
    ("text", "Words"),
    ("room", "Where"),
    ("status", "State"),
];

fuzz_target!(|data: &[u8]| {
    let [delimiter, encoding, map, file @ ..] = data else {
        return;
    };
    let options = Options {
        map: MAPS
            .iter()
            .enumerate()
            .filter(|(n, _)| map >> n & 1 != 0)
            .map(|(_, (name, header))| ((*name).to_owned(), (*header).to_owned()))
            .collect(),
        encoding: ENCODINGS.get(usize::from(*encoding)).map(|&e| e.to_owned()),
        delimiter: Some(*delimiter).filter(|&d| d != 0),
        allow_no_image: map & 0x80 != 0,
        ..Options::default()
    };
    let mut manifest = match Manifest::from_reader("fuzz.csv", file, options) {
        Ok(manifest) => manifest,
        Err(error) => return shown(&error.to_string()),
    };
    for name in manifest.carried_columns() {
        assert!(!LOG_FIELDS.contains(&name.as_str()), "{name} is carried");
    }
    let first = pass(&mut manifest);
    assert_eq!(first, pass(&mut manifest), "two passes differ");
});

/// All of one pass, as text; each row is checked by itself.
fn pass(manifest: &mut Manifest) -> Vec<String> {
    let carried = manifest.carried_columns().len();
    let mut line = 0;
    let mut all = Vec::new();
    for row in manifest.rows().expect("a header that was read before") {
        if let Ok(row) = &row {
            assert!(row.line > line, "line {} after {line}", row.line);
            line = row.line;
            assert!(!row.id.is_empty());
            assert_eq!(row.carried.len(), carried);
            let url = row.webhook_url.as_deref();
            let body = request_body(&row.clip, url, DurationStyle::Text);
            let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            assert!(body.is_object());
        }
        all.push(format!("{row:?}"));
    }
    all
}

/// What is said about a file is safe on a terminal.
fn shown(text: &str) {
    assert!(
        !text.contains(['\r', '\u{1b}', '\0', '\u{202e}']),
        "{text:?}"
    );
}
