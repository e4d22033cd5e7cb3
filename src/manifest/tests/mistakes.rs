//! What is said of manifests that cannot be read, and of rows that cannot be sent.

use super::*;

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
        k,https://e.com/k,“left, right”\n\
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
        "“sku”,“image_url”,“prompt”\n",
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
      help: save the file as UTF-8, or name its encoding: --encoding windows-1252 (older Excel), --encoding macintosh (older Macs)
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
fn a_delimiter_that_is_not_the_files_is_told_from_quotes() {
    let options = Options {
        delimiter: Some(b';'),
        ..Options::default()
    };
    let output = complaints_with("sku,image_url,prompt\na,https://e.com/a,pan\n", options);
    let help = ", seems to separate the columns, not ;: leave out --delimiter";
    assert!(output.contains(help), "{output}");
    let output = complaints("\"sku,image_url,prompt\"\n\"a,https://e.com/a,pan\"\n");
    assert!(output.contains("is in quotes"), "{output}");
}

#[test]
fn a_hyphen_in_a_header_is_an_underscore() {
    let text =
        "listing-id,Image-URL,video\u{2010}prompt,Aspect-Ratio\na,https://e.com/a,pan,9:16\n";
    assert_eq!(complaints(text), "");
    let rows = read(text);
    let is_tall = |clip: &Clip| matches!(clip, Clip::Video(video) if video.aspect_ratio == "9:16");
    assert!(is_tall(&rows[0].clip));
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
