//! Whole manifests, from bytes to rows and messages.

use std::io::Write;

use proptest::prelude::*;

use crate::jobs::{Clip, Seconds, Video, Voice};

use super::*;

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
fn every_problem_of_a_row_is_reported_with_its_place() {
    let text = "sku,image_url,prompt,duration,aspect_ratio,webhook_url,\n\
        a,kitchen.jpg,p,5 min,16:09,hook,\n\
        ,https://me:secret@e.com/a,,5s,,,note\n\
        c,https://e.com/c,p,5.5,9:16,https://e.com/h,\n";
    insta::assert_snapshot!(complaints(text));
}

#[test]
fn rows_that_are_cut_wrongly_are_reported_with_the_likely_cause() {
    let text = "sku,image_url,prompt\n\
        a,https://e.com/a\n\
        b,https://e.com/b,left, right\n\
        c,https://e.com/c, \"left, right\"\n\
        d,https://e.com/d,\"says \"go\" loudly\"\n\
        e,https://e.com/e,\"forgotten\n\
        f,https://e.com/f,\"good\"\n\
        g,\"https://e.com/g,p\n\
        h,\",p,q\n\
        i,https://e.com/i,\"never closed\n\
        j,https://e.com/j,p\n";
    insta::assert_snapshot!(complaints(text));
}

#[test]
fn headers_that_cannot_be_used_say_what_to_type() {
    let cases = [
        "",
        "\n,,\n",
        "a,https://e.com/a,p\n",
        "SKU Code,Image Link,promt\n",
        "sku|image_url|prompt\n",
        "some text\n",
        "listing_id,sku,image_url,prompt\n",
        "sku,SKU,image_url,prompt,text\n",
        "sku,image_url,prompt,Status,note,note,$(reboot) line\n",
        "sku,image_url,prompt,line,\"$(id)\",generation id\n",
        "sku,\"image\"_url,prompt\n",
        "\u{feff}\"sku,image_url\n",
        "PK\u{3}\u{4}xyz",
        "s\0k\0u\0,\0",
        "sku,image_url,prompt\na,https://e.com/a,\0\n",
    ];
    let output: Vec<String> = cases
        .iter()
        .map(|case| format!("{case:?}\n{}\n", complaints(case)))
        .collect();
    insta::assert_snapshot!(output.join("\n"));
}

#[test]
fn text_in_another_encoding_is_reported_to_the_byte() {
    let text = b"sku,image_url,prompt\r\na,https://e.com/a,\"warm\r\ncaf\xe9\"\r\n";
    insta::assert_snapshot!(complaints(text), @r"
    test.csv:3: byte 4 of this line (0xE9) is not UTF-8 text
      help: save the file as UTF-8, or say what it is: --encoding windows-1252 (older Excel), --encoding macintosh (older Macs)
    ");
    let mut torn = vec![0xff, 0xfe];
    torn.extend(
        "sku,image_url,prompt\na,b,"
            .encode_utf16()
            .flat_map(u16::to_le_bytes),
    );
    torn.extend([0x00, 0xd8, b'x', 0]);
    insta::assert_snapshot!(complaints(torn), @r"
    test.csv:2: something on this line is not UTF-16LE text
      help: save the file as UTF-8, or name another encoding with --encoding
    ");
}

#[test]
fn wrong_options_are_reported_as_usage() {
    let usage = |options: Options| match open(LISTINGS, options) {
        Err(ManifestError::Usage(message)) => message,
        other => panic!("{:?}", other.err()),
    };
    let encoding = Options {
        encoding: Some("utf16".into()),
        ..Options::default()
    };
    assert!(usage(encoding).contains("--encoding utf-16"));
    let delimiter = Options {
        delimiter: Some(b'"'),
        ..Options::default()
    };
    assert!(usage(delimiter).contains("cannot be a delimiter"));
    assert!(usage(mapped(&[("promt", "x")])).contains("did you mean prompt"));
    assert!(usage(mapped(&[("sku", "a"), ("SKU", "b")])).contains("given twice"));
    assert!(usage(mapped(&[("", "a")])).contains("CANONICAL=HEADER"));
}

#[test]
fn a_map_to_a_column_that_is_not_there_is_reported() {
    let output = complaints_with(LISTINGS, mapped(&[("prompt", "video promt")]));
    insta::assert_snapshot!(output, @r#"
    test.csv:1: --map prompt=video promt: cannot find the column "video promt"
      help: did you mean --map prompt=video_prompt?
    "#);
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
fn a_huge_cell_is_refused_with_its_place() {
    let text = format!(
        "sku,image_url,prompt\na,https://e.com/a,{}\n",
        "x".repeat(70_000)
    );
    let output = complaints(&text);
    assert!(
        output.starts_with("test.csv:2: column 3 (prompt): this cell is 70000 bytes"),
        "{output}"
    );
    assert!(output.len() < 400);
}

#[test]
fn files_that_cannot_be_opened_are_the_machines_failure() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing.csv"), folder.path().to_owned()] {
        let error = Manifest::open(&path, Options::default()).err().unwrap();
        // Windows does not even open a folder.
        assert!(matches!(error, ManifestError::Io { .. }), "{error}");
        assert!(
            error.to_string().contains(&*path.to_string_lossy()),
            "{error}"
        );
    }
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

/// A cell as people write them, quotes, delimiters and line breaks included.
fn cell() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 ,;\t\"'\u{e9}\u{4e2d}\n]{0,12}"
}

fn words() -> impl Strategy<Value = String> {
    "[a-z][a-z ,;\t\"\u{e9}\u{1f3e0}\n]{0,20}[a-z\"]"
}

#[derive(Clone, Debug)]
struct Dialect {
    delimiter: u8,
    ending: &'static str,
    utf16: bool,
    mark: bool,
    last_ending: bool,
    blank_lines: usize,
}

fn dialect() -> impl Strategy<Value = Dialect> {
    (
        prop::sample::select(vec![b',', b';', b'\t']),
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        0usize..3,
    )
        .prop_map(
            |(delimiter, ending, utf16, mark, last_ending, blank_lines)| Dialect {
                delimiter,
                ending,
                utf16,
                mark,
                last_ending,
                blank_lines,
            },
        )
}

/// Writes rows with the `csv` crate, and says on which line each starts.
fn write(rows: &[Vec<String>], dialect: &Dialect) -> (Vec<u8>, Vec<u64>) {
    let mut text = String::new();
    let mut lines = Vec::new();
    let ends = |text: &str| text.replace("\r\n", "\n").matches(['\n', '\r']).count();
    for row in rows {
        text.push_str(&dialect.ending.repeat(dialect.blank_lines));
        lines.push(ends(&text) as u64 + 1);
        let mut writer = csv::WriterBuilder::new()
            .delimiter(dialect.delimiter)
            .from_writer(Vec::new());
        writer.write_record(row).unwrap();
        let written = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        text.push_str(written.trim_end_matches('\n'));
        text.push_str(dialect.ending);
    }
    if !dialect.last_ending {
        text.truncate(text.len() - dialect.ending.len());
    }
    if dialect.utf16 || dialect.mark {
        text.insert(0, '\u{feff}');
    }
    if dialect.utf16 {
        (
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            lines,
        )
    } else {
        (text.into_bytes(), lines)
    }
}

proptest! {
    #[test]
    fn what_a_spreadsheet_writes_is_read_back(
        rows in prop::collection::vec((words(), words(), cell(), cell()), 0..8),
        dialect in dialect(),
    ) {
        let mut table = vec![["Listing ID", "image_url", "Video\nPrompt", "Room, or; so", "notes"]
            .map(str::to_owned)
            .to_vec()];
        table.extend(rows.iter().map(|(id, prompt, room, notes)| vec![
            id.clone(),
            "https://e.com/a".to_owned(),
            prompt.clone(),
            room.clone(),
            notes.clone(),
        ]));
        let (bytes, lines) = write(&table, &dialect);
        let options = Options { allow_odd_cells: true, ..Options::default() };
        let found = read_with(&bytes, options);
        prop_assert_eq!(found.len(), rows.len());
        for (n, row) in found.iter().enumerate() {
            let (id, prompt, room, notes) = &rows[n];
            prop_assert_eq!(row.line, lines[n + 1]);
            prop_assert_eq!(&row.id, id.trim());
            prop_assert_eq!(&video(row).prompt, prompt.trim());
            prop_assert_eq!(&row.carried, &[room.clone(), notes.clone()]);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(
            prop::sample::select(b"sku,image_url,prompt\n\r\";\t|=\0\xff\xfe\xef\xbb\xbf\xe9:/. ".to_vec()),
            0..200,
        ),
        with_header in any::<bool>(),
        map in prop::option::of(("[a-z_]{1,8}", "[a-z_ ]{1,8}")),
    ) {
        let mut file = if with_header { b"sku,image_url,prompt\n".to_vec() } else { Vec::new() };
        file.extend(bytes);
        let options = Options { map: map.into_iter().collect(), ..Options::default() };
        let output = complaints_with(&file, options);
        prop_assert!(output.chars().all(|c| c == '\n' || !c.is_control()));
    }
}
