//! What is odd and what is not. Further cases are further lines.

use super::{Purpose::*, *};

/// For each purpose, cells that are refused, with a part of what is reported.
const ODD: &[(Purpose, &str, &str)] = &[
    (Id, "“LST-1”", "no quotes in a CSV"),
    (Address, "“https://e.com/a.jpg”", "no quotes in a CSV"),
    (Setting, "„5s“", "no quotes in a CSV"),
    (Id, "#N/A", "a lookup found nothing"),
    (Id, "#NV", "a lookup found nothing"),
    (Address, "#REF!", "are gone"),
    (Address, "#BEZUG!", "are gone"),
    (Words, "#NAME?", "names a function"),
    (Words, "#VALUE!", "wrong kind"),
    (Words, "#WERT!", "wrong kind"),
    (Words, "#¡VALOR!", "wrong kind"),
    (Words, "#ЗНАЧ!", "wrong kind"),
    (Setting, "#DIV/0!", "divides by zero"),
    (Setting, "#NULL!", "no cell in common"),
    (Setting, "#NUM!", "out of range"),
    (Words, "#SPILL!", "no room"),
    (Words, "#CALC!", "failed"),
    (Words, "#ERROR!", "failed"),
    (Words, "#OVERFLOW!", "failed"),
    (Words, "#GETTING_DATA", "still fetching"),
    (Words, "Err:502", "failed"),
    (Words, "Fehler:508", "failed"),
    (Words, "Slow pan through the #N/A", "found nothing"),
    (
        Words,
        "Pan 5\nL2,https://x.example/2.jpg,Pan 6",
        "row of its own",
    ),
    (
        Words,
        "Pan 5\r\nL2;https://x.example/2.jpg;Pan 6",
        "row of its own",
    ),
    (Words, "\"", "no words"),
    (Words, "\u{201d}", "no words"),
    (Words, "\u{3003}", "no words"),
    (Address, "https://cdn.example.com/#REF!.jpg,", "are gone"),
    (Address, "https://cdn.example.com/#VALUE!", "wrong kind"),
    (Words, "=CONCATENATE(\"Pan \",B2)", "not the formulas"),
    (Words, "=A1", "not the formulas"),
    (Words, "{=A1&B1}", "not the formulas"),
    (Words, "+A1&\" pan\"", "not the formulas"),
    (Words, "@SUM(A1)", "not the formulas"),
    (Words, "-VLOOKUP(A1,B:C,2)", "not the formulas"),
    (Id, "=\"00123\"", "between the quotes: 00123"),
    (
        Address,
        "=HYPERLINK(\"https://e.com/a.jpg\",\"photo\")",
        "only the address: https://e.com/a.jpg",
    ),
    (
        Address,
        "=IMAGE(\"https://e.com/a.jpg\")",
        "https://e.com/a.jpg",
    ),
    (Id, "1.23457E+12", "last digits are gone"),
    (Id, "1,23457E+12", "last digits are gone"),
    (Id, "1.5E12", "last digits are gone"),
    (Id, "1E+05", "last digits are gone"),
    (Words, "1.23457E+12", "last digits are gone"),
    (Filling, "1.23457E+12", "last digits are gone"),
    (Id, "12-Mar", "turns 3-12 or 12-3 into a date"),
    (Id, "25-Dec", "turns 12-25 or 25/12 into a date"),
    (Id, "Mar-12", "format the column as text"),
    (Id, "12. Mrz", "turns 3-12 or 12-3 into a date"),
    (Id, "12-mars", "turns 3-12 or 12-3 into a date"),
    (Id, "12-Mar-26", "turns 3-12"),
    (Id, "3/12/2026", "format the column as text"),
    (Id, "12.03.2026", "format the column as text"),
    (Id, "2026-03-12 00:00:00", "format the column as text"),
    (Id, "2026-03-12T00:00:00", "format the column as text"),
    (Id, "03:12:00", "format the column as text"),
    (Setting, "16-Sep", "turns 9-16 or 16/9 into a date"),
    (Setting, "2026-03-12", "format the column as text"),
    (Words, "12-Mar", "into a date"),
    (Words, "2026-03-12", "into a date"),
    (Words, "Loading...", "finished loading"),
    (Address, "Loading…", "finished loading"),
    (Id, "Wird geladen...", "finished loading"),
    (Id, "TRUE", "checkbox"),
    (Words, "WAHR", "checkbox"),
    (Words, "false", "checkbox"),
    (Id, "######", "wider"),
    (Words, "TBD", "holds the place"),
    (Words, "todo", "holds the place"),
    (Words, "-", "holds the place"),
    (Words, "--", "holds the place"),
    (Words, "—", "holds the place"),
    (Words, "0", "no words"),
    (Words, "12.50", "no words"),
    (Words, "$ 1,200", "no words"),
    (Words, "null", "holds the place"),
    (Words, "None", "holds the place"),
    (Words, "N/A", "holds the place"),
    (Words, "undefined", "holds the place"),
    (Words, "NaN", "holds the place"),
    (Words, "[object Object]", "holds the place"),
    (Filling, "n/a", "after a |"),
    (Filling, "#N/A", "found nothing"),
    (Id, "null", "empty cell"),
    (Id, "undefined", "empty cell"),
    (Setting, "-", "for the default"),
    (Setting, "null", "for the default"),
    (Id, "4202.0", "4202"),
    (Id, "123456789012345000", "15 digits"),
    (Id, "'00123", "only 00123"),
    (Words, "Warm cafÃ© light", "wrong encoding"),
    (Words, "The shopâ€™s window", "wrong encoding"),
    (Id, "caf\u{fffd}", "was lost"),
];

/// Cells that people really write.
const FINE: &[(Purpose, &str)] = &[
    (Id, "LST-4202"),
    (Id, "00123"),
    (Id, "0"),
    (Id, "12-MAR-01"),
    (Id, "12-MAR"),
    (Id, "MAR-12"),
    (Id, "1E5"),
    (Id, "12E4"),
    (Id, "9E-4"),
    (Id, "3-12"),
    (Id, "2026-03-12"),
    (Id, "12/03/26"),
    (Id, "1.0"),
    (Id, "10:30"),
    (Id, "#4202"),
    (Id, "#A-12"),
    (Id, "+49-170"),
    (Id, "-12"),
    (Id, "@home"),
    (Id, "8801643572341"),
    (Id, "1234567890123450"),
    (Id, "Market-12"),
    (Id, "12-Market"),
    (Id, "Nano"),
    (Id, "'t Hof 12"),
    (Id, "cafÃ"),
    (Setting, "kling-v3"),
    (Setting, "16:9"),
    (Setting, "5s"),
    (Setting, "1.0"),
    (Setting, "no"),
    (Words, "p"),
    (Words, "- slow pan"),
    (Words, "+ warm light"),
    (Words, "@ dusk, a slow rise"),
    (Words, "Slow pan #sunset #NV"),
    (Words, "#1 in town: the front door at dusk"),
    (Words, "True colors of the garden"),
    (Words, "None of the lamps is on, then all are"),
    (Words, "12 March, first light on the roof"),
    (Words, "5 candles are lit"),
    (Words, "-A1 quality, slow pan"),
    (Words, "caf\u{e9}, \u{4e2d}\u{6587}, \u{1f3e0}"),
    (Filling, "3"),
    (Filling, "12-Mar"),
    (Filling, "kitchen"),
    (Address, "https://cdn.example.com/a.jpg#top"),
    (Address, "https://cdn.example.com/1.23457E+12.jpg"),
    (Address, "https://cdn.example.com/12-Mar"),
    (Address, "kitchen.jpg"),
];

#[test]
fn what_a_program_broke_is_found_with_the_way_back() {
    for (purpose, cell, part) in ODD {
        let oddity =
            find(cell, *purpose).unwrap_or_else(|| panic!("{cell:?} passes as {purpose:?}"));
        let output = format!("{} {}", oddity.message, oddity.help);
        assert!(output.contains(part), "{cell:?} as {purpose:?}: {output}");
    }
}

#[test]
fn what_people_write_is_let_through() {
    for (purpose, cell) in FINE {
        assert_eq!(find(cell, *purpose), None, "{cell:?} as {purpose:?}");
    }
}

#[test]
fn a_text_that_excel_cut_is_found() {
    let text = "\u{e9}".repeat(EXCEL_LIMIT);
    assert!(find(&text, Words).is_some());
    assert!(find(&text[2..], Words).is_none());
}

#[test]
fn invisible_characters_are_trimmed_and_found() {
    for (text, rest) in [
        ("\u{feff}a\u{200b}", "a"),
        (" \u{200e}a b\u{202c}\t", "a b"),
        ("\u{200b}", ""),
        ("a\u{a0}", "a"),
        ("plain", "plain"),
        ("", ""),
    ] {
        assert_eq!(trimmed(text), rest, "{text:?}");
    }
    for (text, found) in [
        ("LST\u{200b}-1", Some(('\u{200b}', 3))),
        ("a\u{ad}b", Some(('\u{ad}', 1))),
        ("a\u{202e}b", Some(('\u{202e}', 1))),
        ("a\u{200d}b", Some(('\u{200d}', 1))),
        ("\u{1f468}\u{200d}\u{1f469}", None),
        ("\u{645}\u{6cc}\u{200c}\u{62e}", None),
        ("plain", None),
        ("caf\u{e9}", None),
    ] {
        assert_eq!(invisible_within(text), found, "{text:?}");
    }
}

#[test]
fn placeholders_that_nothing_was_filled_into_are_found() {
    for (text, found) in [
        ("Slow pan through the {room}", "{room}"),
        ("{light|warm light} on {{ room }}", "{light|warm light}"),
        ("Pan {{room}}", "{room}"),
        ("Pan ${room}", "{room}"),
        ("Pan {}", "{}"),
        ("Pan {0}", "{0}"),
        ("Pan [[room]] slowly", "[[room]]"),
        ("Pan <<Room Type>>", "<<Room Type>>"),
        ("https://e.com/{sku}.jpg", "{sku}"),
        ("https://e.com/%7Bsku%7D.jpg", "%7Bsku%7D"),
        ("{\"a\":1} then {room}", "{room}"),
    ] {
        assert_eq!(placeholder_in(text), Some(found), "{text:?}");
    }
    for text in [
        "plain",
        "{\"shot\": \"slow pan\", \"light\": {\"key\": \"warm\"}}",
        "[Push in] on the door",
        "50% warmer, 100% calm",
        "a < b, b > c",
        "an open { brace",
        "https://e.com/a%20b.jpg?x=[1]",
        "<< faster",
    ] {
        assert_eq!(placeholder_in(text), None, "{text:?}");
    }
}
