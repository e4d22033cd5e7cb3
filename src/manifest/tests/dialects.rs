//! Manifests as any spreadsheet program may write them, made up at random.

use proptest::prelude::*;

use super::*;

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
