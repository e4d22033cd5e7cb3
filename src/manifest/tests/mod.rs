//! Whole manifests, from bytes to rows and messages.

mod dialects;
mod mistakes;

use std::io::Write;

use super::*;
use crate::jobs::{Clip, IdColumn, Seconds, Video, Voice};

const LISTINGS: &str = "\
listing_id,image_url,video_prompt,property_type,delivery_target
LST-1,https://cdn.example.com/1.jpg,\"slow pan, morning light\",residential,website
LST-2,https://cdn.example.com/2.jpg,\"rise, then turn\",luxury,social
";

const PRODUCTS: &str = "\
sku,image_url,video_prompt,collection,target_surface
MUG-1,https://cdn.example.com/mug.jpg,\"half turn, white sweep\",new,shopify-pdp
";

fn open(text: impl AsRef<[u8]>, options: Options) -> Result<Manifest, ManifestError> {
    Manifest::from_reader("test.csv", text.as_ref(), options)
}

fn read_with(text: impl AsRef<[u8]>, options: Options) -> Vec<Row> {
    let mut manifest = open(text, options).unwrap();
    let rows = manifest.rows().unwrap();
    rows.map(|row| row.unwrap()).collect()
}

fn read(text: impl AsRef<[u8]>) -> Vec<Row> {
    read_with(text, Options::default())
}

/// Everything that is wrong, as it is shown.
fn complaints_with(text: impl AsRef<[u8]>, options: Options) -> String {
    let mut manifest = match open(text, options) {
        Ok(manifest) => manifest,
        Err(error) => return error.to_string(),
    };
    let rows = manifest.rows().unwrap();
    let faults: Vec<String> = rows
        .filter_map(Result::err)
        .map(|fault| fault.to_string())
        .collect();
    faults.join("\n")
}

fn complaints(text: impl AsRef<[u8]>) -> String {
    complaints_with(text, Options::default())
}

fn mapped(map: &[(&str, &str)]) -> Options {
    Options {
        map: map
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect(),
        ..Options::default()
    }
}

fn video(row: &Row) -> &Video {
    match &row.clip {
        Clip::Video(video) => video,
        Clip::Voice(_) => panic!("a voice"),
    }
}

#[test]
fn a_listing_manifest_is_read() {
    let mut manifest = Manifest::from_text(LISTINGS, Options::default()).unwrap();
    assert_eq!(manifest.id_column(), IdColumn::Listing);
    assert_eq!(
        manifest.carried_columns(),
        ["property_type", "delivery_target"]
    );
    let rows: Vec<Row> = manifest.rows().unwrap().map(|row| row.unwrap()).collect();
    let expected = Clip::Video(Video {
        image_url: "https://cdn.example.com/1.jpg".into(),
        prompt: "slow pan, morning light".into(),
        model: "kling-v3".into(),
        duration: Seconds::new(5).unwrap(),
        aspect_ratio: "16:9".into(),
    });
    assert_eq!((rows[0].line, rows[0].id.as_str()), (2, "LST-1"));
    assert_eq!(rows[0].clip, expected);
    assert_eq!(rows[0].key(), expected.key("LST-1", ""));
    assert_eq!(rows[1].carried, ["luxury", "social"]);
}

#[test]
fn a_product_manifest_is_read() {
    let manifest = open(PRODUCTS, Options::default()).unwrap();
    assert_eq!(manifest.id_column(), IdColumn::Sku);
    assert_eq!(manifest.carried_columns(), ["collection", "target_surface"]);
    assert_eq!(read(PRODUCTS)[0].id, "MUG-1");
}

#[test]
fn every_pass_reads_the_same_rows() {
    let mut manifest = open(LISTINGS, Options::default()).unwrap();
    let first: Vec<Row> = manifest.rows().unwrap().map(|row| row.unwrap()).collect();
    let _ = manifest.rows().unwrap().next();
    let again: Vec<Row> = manifest.rows().unwrap().map(|row| row.unwrap()).collect();
    assert_eq!(first, again);
    assert_ne!(first[0].digest, first[1].digest);
}

#[test]
fn headers_match_without_regard_to_case_spaces_and_underscores() {
    let rows = read(
        "Listing ID; IMAGE_URL ;Video Prompt;Aspect Ratio;Notes\nA;https://e.com/a;p;9:16; x \n",
    );
    assert_eq!(rows[0].id, "A");
    assert_eq!(video(&rows[0]).aspect_ratio, "9:16");
    assert_eq!(rows[0].carried, [" x "], "carried cells are untouched");
}

#[test]
fn optional_cells_replace_the_defaults_and_empty_ones_do_not() {
    let text = "sku,image_url,prompt,model,duration,aspect_ratio,webhook_url,variant\n\
        a,https://e.com/a, p ,auto,10,9:16,https://e.com/hook,tall\n\
        b,https://e.com/b,p,,,,,\n";
    let options = Options {
        defaults: Defaults {
            webhook_url: Some("https://e.com/all".into()),
            ..Defaults::default()
        },
        ..Options::default()
    };
    let rows = read_with(text, options);
    let (a, b) = (video(&rows[0]), video(&rows[1]));
    assert_eq!((a.prompt.as_str(), a.model.as_str()), ("p", "auto"));
    assert_eq!((a.duration.get(), a.aspect_ratio.as_str()), (10, "9:16"));
    assert_eq!(rows[0].webhook_url.as_deref(), Some("https://e.com/hook"));
    assert_eq!(rows[0].variant, "tall");
    assert_eq!((b.duration.get(), b.aspect_ratio.as_str()), (5, "16:9"));
    assert_eq!(rows[1].webhook_url.as_deref(), Some("https://e.com/all"));
}

#[test]
fn a_voice_manifest_is_read_and_carries_what_only_videos_need() {
    let text = "sku,text,voice,language,speed,image_url\na,Welcome,,de,1.25,kitchen.jpg\n";
    let manifest = open(text, Options::default()).unwrap();
    assert_eq!(manifest.carried_columns(), ["image_url"]);
    let expected = Clip::Voice(Voice {
        text: "Welcome".into(),
        voice: "alloy".into(),
        language: "de".into(),
        speed: "1.25".into(),
    });
    assert_eq!(read(text)[0].clip, expected);
}

#[test]
fn rows_in_which_nothing_is_written_are_passed_over() {
    let rows = read("\n,,\nsku,image_url,prompt\n,,\n\na,https://e.com/a,p\n , ,\t\n,,\n");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].line, 6);
}

#[test]
fn a_header_alone_is_a_manifest_without_rows() {
    assert_eq!(read("sku,image_url,prompt"), []);
    assert_eq!(read("sku,image_url,prompt\n,,\n"), []);
}

#[test]
fn the_line_with_which_excel_names_its_delimiter_is_obeyed() {
    let rows = read("sep=|\r\nsku|image_url|prompt\r\na|https://e.com/a|p, q; r\r\n");
    assert_eq!(
        (rows[0].line, video(&rows[0]).prompt.as_str()),
        (3, "p, q; r")
    );
}

#[test]
fn a_clip_without_a_photo_is_allowed_on_request() {
    let options = || Options {
        allow_no_image: true,
        ..Options::default()
    };
    assert_eq!(read_with("sku,prompt\na,p\n", options()).len(), 1);
    let rows = read_with("sku,prompt,image_url\na,p,\n", options());
    assert_eq!(video(&rows[0]).image_url, "");
    let bad = complaints_with("sku,prompt,image_url\na,p,x.jpg\n", options());
    assert!(bad.contains("does not begin with https://"), "{bad}");
}

#[test]
fn map_names_columns_and_renames_what_is_carried() {
    let text = "MLS,Photo,Scene,status,listing_id\na,https://e.com/a,p,sold,x\n";
    let options = mapped(&[
        ("listing_id", "mls"),
        ("image_url", "Photo"),
        ("prompt", "scene"),
        ("sale", "status"),
        ("old_id", "listing_id"),
    ]);
    let manifest = open(text, options.clone()).unwrap();
    assert_eq!(manifest.carried_columns(), ["sale", "old_id"]);
    let row = &read_with(text, options)[0];
    assert_eq!((row.id.as_str(), video(row).prompt.as_str()), ("a", "p"));
    assert_eq!(row.carried, ["sold", "x"]);
}

#[test]
fn map_settles_which_of_two_prompts_counts() {
    let text = "sku,image_url,prompt,video_prompt\na,https://e.com/a,old,new\n";
    assert!(complaints(text).contains("--map video_prompt=prompt"));
    let options = mapped(&[("prompt", "video_prompt")]);
    let row = &read_with(text, options)[0];
    assert_eq!(
        (video(row).prompt.as_str(), row.carried[0].as_str()),
        ("new", "old")
    );
}

#[test]
fn utf_16_and_named_encodings_are_read() {
    let text = "sku;image_url;prompt\r\na;https://e.com/a;caf\u{e9} \u{1f3e0}\r\n";
    for little in [true, false] {
        let bytes: Vec<u8> = format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(|u| {
                if little {
                    u.to_le_bytes()
                } else {
                    u.to_be_bytes()
                }
            })
            .collect();
        assert_eq!(video(&read(&bytes)[0]).prompt, "caf\u{e9} \u{1f3e0}");
        let label = if little { "utf-16le" } else { "utf-16be" };
        let options = Options {
            encoding: Some(label.into()),
            ..Options::default()
        };
        assert_eq!(read_with(&bytes[2..], options)[0].line, 2);
    }
    let western = b"sku,image_url,prompt\na,https://e.com/a,caf\xe9\n";
    let options = Options {
        encoding: Some("windows-1252".into()),
        ..Options::default()
    };
    assert_eq!(video(&read_with(western, options)[0]).prompt, "caf\u{e9}");
}

#[test]
fn a_given_delimiter_is_taken() {
    let options = Options {
        delimiter: Some(b'|'),
        ..Options::default()
    };
    let rows = read_with("sku|image_url|prompt\na|https://e.com/a|p;q,r\n", options);
    assert_eq!(video(&rows[0]).prompt, "p;q,r");
}

#[test]
fn a_file_that_is_written_to_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.csv");
    std::fs::write(&path, LISTINGS).unwrap();
    let mut manifest = Manifest::open(&path, Options::default()).unwrap();
    assert!(!manifest.has_changed().unwrap());
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"LST-3,https://e.com/3,p,,\n").unwrap();
    assert!(manifest.has_changed().unwrap());
    std::fs::write(&path, PRODUCTS).unwrap();
    assert!(matches!(
        manifest.rows().err(),
        Some(ManifestError::Changed(_))
    ));
}

#[test]
fn a_pipe_is_read_twice_by_way_of_a_copy() {
    let mut manifest = open(LISTINGS, Options::default()).unwrap();
    assert!(!manifest.has_changed().unwrap());
    assert_eq!(manifest.rows().unwrap().count(), 2);
    assert_eq!(manifest.rows().unwrap().count(), 2);
}
