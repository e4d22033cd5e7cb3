//! A log that something else has damaged or written again: what it holds is never ordered twice.
//!
//! Both tables are data: a new kind of damage, or of writing a log again, is one more line.

use std::collections::HashSet;
use std::io::Write;

use crate::support::{Server, Step, World, listings};

/// Three rows that were ordered and accepted.
fn ordered() -> (World, Server, Vec<String>) {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world
        .run(&["submit", "listings.csv", "--concurrency", "1"])
        .expect(0);
    let lines = world.log().text.lines().map(str::to_owned).collect();
    (world, server, lines)
}

/// Puts another log in the place of the usual one.
pub fn put_log(world: &World, text: impl AsRef<[u8]>) {
    // What was remembered of the log's length stands beside it.
    let _ = std::fs::remove_file(world.path("jobs.jsonl.lock"));
    world.write("jobs.jsonl", text);
}

/// No job was accepted more than once.
fn assert_billed_once(server: &Server, name: &str) {
    let bills = server.bills();
    let jobs: HashSet<&str> = bills
        .iter()
        .map(crate::support::server::Bill::job)
        .collect();
    assert_eq!(bills.len(), jobs.len(), "{name}: {bills:?}");
}

/// What becomes of the only line of a job, and what can still be read of it.
struct Damage {
    name: &'static str,
    of: fn(&str) -> Vec<u8>,
    names: Names,
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// The job's key or the vendor's id.
    Job,
    /// The listing alone.
    Listing,
    Nothing,
}

fn damages() -> Vec<Damage> {
    use Names::{Job, Listing, Nothing};

    fn edit(line: &str, from: &str, to: &str) -> Vec<u8> {
        assert!(line.contains(from), "{line}");
        line.replacen(from, to, 1).into_bytes()
    }
    fn filled(line: &str, from: &str, len: usize, byte: u8) -> Vec<u8> {
        let at = line.find(from).unwrap();
        let mut bytes = line.as_bytes().to_vec();
        bytes[at..at + len].fill(byte);
        bytes
    }
    let damage = |name, names, of| Damage { name, of, names };
    vec![
        damage("a comma lost", Job, |l| {
            edit(l, ",\"attempt\"", "\"attempt\"")
        }),
        damage("a quote lost", Job, |l| edit(l, "\"attempt\"", "\"attempt")),
        damage("a brace lost", Job, |l| edit(l, "}", " ")),
        damage("quotes doubled", Job, |l| {
            format!("\"{}\"", l.replace('"', "\"\"")).into()
        }),
        damage("quotes curled", Job, |l| l.replace('"', "\u{201d}").into()),
        damage("rubbish behind it", Job, |l| format!("{l} # mine").into()),
        damage("something before it", Job, |l| format!("> {l}").into()),
        damage("a field of another type", Job, |l| {
            edit(l, "\"attempt\":1", "\"attempt\":[1]")
        }),
        damage("a number as text", Job, |l| {
            edit(l, "\"attempt\":1", "\"attempt\":\"1\"")
        }),
        damage("a field twice", Job, |l| edit(l, "{", "{\"attempt\":2,")),
        damage("no status", Job, |l| edit(l, "\"status\"", "\"state\"")),
        damage("a byte flipped", Job, |l| filled(l, "listing_id", 1, 0xec)),
        damage("zeros within", Job, |l| filled(l, "\"listing_id\"", 12, 0)),
        damage("its end zeroed", Job, |l| filled(l, "\"status\"", 40, 0)),
        damage("its beginning lost", Listing, |l| {
            l[l.find("\"status\"").unwrap()..].into()
        }),
        damage("its key damaged", Listing, |l| {
            let id = l.find("\"generation_id\"").unwrap();
            let line = filled(&l[..id], "\"job\"", 24, b'?');
            [line, b"\"x}".to_vec()].concat()
        }),
        damage("all of it zeroed", Nothing, |l| vec![0; l.len()]),
        damage("written over", Nothing, |l| "?".repeat(l.len()).into()),
    ]
}

/// What is said of a job that can be read, and of one that can only be guessed at by its listing.
fn assert_named(damage: &Damage, stderr: &str, line: &str, at: &str) {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let expected = match damage.names {
        Names::Job => value["job"].as_str().unwrap(),
        Names::Listing => "LST-2",
        Names::Nothing => "no job can be read",
    };
    for words in [expected, at, "--accept-damage", "nothing was sent"] {
        assert!(stderr.contains(words), "{}: {words}\n{stderr}", damage.name);
    }
}

#[test]
fn a_damaged_log_sends_nothing_until_a_person_accepts_it() {
    let (world, server, lines) = ordered();
    // The damaged line is the only one that knows of the second row.
    let (before, own, after) = (&lines[..2], &lines[3], &lines[4..]);
    for damage in damages() {
        let damaged = (damage.of)(own);
        let text = [
            before.join("\n").as_bytes(),
            b"\n",
            &damaged,
            b"\n",
            after.join("\n").as_bytes(),
            b"\n",
        ]
        .concat();
        put_log(&world, &text);
        for command in [&["submit", "listings.csv"][..], &["retry", "--failed"]] {
            let run = world.run(command).expect(65);
            assert_named(&damage, &run.stderr, own, "line 3");
        }
        world
            .run(&["submit", "listings.csv", "--dry-run"])
            .expect(65);
        assert_eq!(server.posts().len(), 3, "{}", damage.name);
        assert_eq!(std::fs::read(world.path("jobs.jsonl")).unwrap(), text);
        // Who only looks is warned.
        let status = world.run(&["status"]).expect(0);
        assert!(status.stderr.contains("damaged"), "{}", status.stderr);
        if damage.names == Names::Nothing {
            continue;
        }
        // From now on no option is needed, and a new damaged line needs one again. Where the line
        // was whole but for what stood beside it, its job is known; else it is in doubt.
        let accept = ["submit", "listings.csv", "--accept-damage"];
        for command in [&accept[..], &accept[..2], &["retry", "--failed"]] {
            let run = world.run(command);
            assert!(
                matches!(run.code(), 0 | 3),
                "{}: {}",
                damage.name,
                run.stderr
            );
            assert_eq!(server.posts().len(), 3, "{}", damage.name);
        }
        let mut log = std::fs::OpenOptions::new();
        let mut log = log.append(true).open(world.path("jobs.jsonl")).unwrap();
        log.write_all(&damaged).unwrap();
        log.write_all(b"\n").unwrap();
        drop(log);
        world.run(&["submit", "listings.csv"]).expect(65);
        assert_eq!(server.posts().len(), 3, "{}", damage.name);
    }
    assert_billed_once(&server, "all");
}

#[test]
fn a_refused_job_of_a_damaged_line_is_not_sent_again() {
    // The first attempt was throttled, and so may go again; the second one's line is damaged.
    let server = Server::start(|post| match post.number {
        0 => Step::reply(401, "no credits"),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(77);
    let refused = world.log().text;
    world.run(&["submit", "listings.csv"]).expect(0);
    let second = world.log().text[refused.len()..].replace("\"attempt\":2", "\"attempt\":2.");
    for damaged in [second.clone(), second.replace("\"job\":\"", "\"job\":\"?")] {
        put_log(&world, format!("{refused}{damaged}"));
        world.run(&["submit", "listings.csv"]).expect(65);
        world
            .run(&["submit", "listings.csv", "--accept-damage"])
            .expect(3);
        world.run(&["retry", "--failed"]).expect(3);
    }
    assert_eq!(server.bills().len(), 1);
}

#[test]
fn a_job_whose_request_was_damaged_is_recognized_when_its_address_is_signed_anew() {
    for from in ["\":", ",", "\"request\":{"] {
        let (world, server, lines) = ordered();
        let own = serde_json::from_str::<serde_json::Value>(&lines[2]).unwrap()["job"].clone();
        let damaged = lines.iter().map(|line| {
            let is_own = line.contains(own.as_str().unwrap());
            let to = if is_own && line.contains(from) {
                ""
            } else {
                from
            };
            line.replacen(from, to, 1) + "\n"
        });
        put_log(&world, damaged.collect::<String>());
        let sheet = ["submit", "listings.csv"];
        world.run(&sheet).expect(65);
        let accept = [&sheet[..], &["--accept-damage"]].concat();
        assert!(matches!(world.run(&accept).code(), 0 | 3), "{from}");
        let rows = listings(3).replace(".jpg", ".jpg?X-Amz-Signature=1");
        assert!(rows.contains("Signature"));
        world.write("listings.csv", rows);
        for command in [&sheet[..], &["compact", "--accept-damage"], &sheet[..]] {
            let run = world.run(command);
            assert!(matches!(run.code(), 0 | 3), "{from}: {}", run.stderr);
            assert_eq!(server.bills().len(), 3, "{from}: {}", run.stderr);
        }
    }
}

#[test]
fn a_job_of_a_damaged_line_is_recognized_when_its_id_is_corrected() {
    let (world, server, lines) = ordered();
    let own = serde_json::from_str::<serde_json::Value>(&lines[2]).unwrap();
    let (job, id) = (
        own["job"].as_str().unwrap(),
        own["listing_id"].as_str().unwrap(),
    );
    // Its announcement lacks a comma, and its other line is lost.
    let others = lines.iter().filter(|line| !line.contains(job));
    let announced = lines
        .iter()
        .find(|line| line.contains(job) && line.contains("\"request\""));
    let damaged = announced.unwrap().replacen(',', "", 1);
    let text: Vec<&str> = others.map(String::as_str).chain([&*damaged]).collect();
    put_log(&world, text.join("\n") + "\n");
    let accept = ["submit", "listings.csv", "--accept-damage"];
    world.run(&accept).expect(3);
    let marked = world
        .log()
        .text
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned();
    world.write("listings.csv", listings(3).replace(id, "LST-CORRECTED"));
    for command in [&accept[..2], &["compact", "--accept-damage"], &accept[..2]] {
        let run = world.run(command);
        assert!(matches!(run.code(), 0 | 3), "{marked}: {}", run.stderr);
        // A person has accepted that line.
        assert!(!run.stderr.contains("cannot be read"), "{}", run.stderr);
        assert_eq!(server.bills().len(), 3, "{}", run.stderr);
    }
    let held = world.run(&accept[..2]).expect(3);
    assert!(held.stderr.contains("LST-CORRECTED"), "{}", held.stderr);
    assert!(held.stderr.contains(id), "{}", held.stderr);
}

#[test]
fn a_log_that_was_written_again_is_the_same_log() {
    let (world, server, lines) = ordered();
    let text = format!("{}\n", lines.join("\n"));
    let wide = |unit: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let text = format!("{mark}{}", text.replace('\n', "\r\n"));
        text.encode_utf16().flat_map(unit).collect()
    };
    let pretty: String = lines
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|value| serde_json::to_string_pretty(&value).unwrap() + "\n")
        .collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    // Of each: its name, what it is, and whether lines can be added to it.
    let forms: [(&str, Vec<u8>, bool); 16] = [
        ("as it was", text.clone().into(), true),
        ("CRLF", text.replace('\n', "\r\n").into(), true),
        (
            "a mark at the start",
            format!("\u{feff}{text}").into(),
            true,
        ),
        (
            "a mark on each line",
            text.replace("{\"at\"", "\u{feff}{\"at\"").into(),
            true,
        ),
        ("blank lines", text.replace('\n', "\n\n").into(), true),
        ("all on one line", lines.concat().into(), true),
        (
            "each twice, backwards",
            lines
                .iter()
                .rev()
                .chain(&lines)
                .cloned()
                .collect::<Vec<_>>()
                .join("\n")
                .into(),
            true,
        ),
        (
            "a torn last line",
            format!("{text}{{\"at\":\"2026-").into(),
            true,
        ),
        ("CR", text.replace('\n', "\r").into(), false),
        ("an array", format!("[{}]", lines.join(",\n")).into(), false),
        (
            "a line broken in two",
            text.replacen(",\"attempt\"", ",\n\"attempt\"", 1).into(),
            false,
        ),
        ("indented", pretty.into(), false),
        ("PowerShell", wide(u16::to_le_bytes, "\u{feff}"), false),
        ("UTF-16 without a mark", wide(u16::to_le_bytes, ""), false),
        (
            "UTF-16, the other order",
            wide(u16::to_be_bytes, "\u{feff}"),
            false,
        ),
        ("gzip", packed.finish().unwrap(), false),
    ];
    for (name, bytes, is_plain) in forms {
        put_log(&world, &bytes);
        world.write("listings.csv", listings(3));
        for command in [&["submit", "listings.csv"][..], &["retry", "--failed"]] {
            let run = world.run(command);
            assert_eq!(run.code(), 0, "{name}: {}", run.stderr);
        }
        assert_eq!(server.posts().len(), 3, "{name}");
        if is_plain {
            continue;
        }
        // A new row has to be written down, and nothing can be added to such a file.
        world.write("listings.csv", listings(4));
        let run = world.run(&["submit", "listings.csv"]).expect(65);
        assert!(run.stderr.contains("compact jobs.jsonl"), "{}", run.stderr);
        assert_eq!(
            std::fs::read(world.path("jobs.jsonl")).unwrap(),
            bytes,
            "{name}"
        );
        assert_eq!(server.posts().len(), 3, "{name}");
    }
    assert_billed_once(&server, "all");
}

#[test]
fn lines_of_a_newer_version_count_for_their_job() {
    let (world, server, lines) = ordered();
    let accepted = "\"status\":\"pending\"";
    let pending = || lines.iter().filter(|line| line.contains(accepted));
    for newer in [
        "\"status\":\"archived\"",
        "\"credits\":{\"video\":5},\"status\":\"done\"",
    ] {
        let text: String = pending()
            .map(|line| line.replace(accepted, newer) + "\n")
            .collect();
        put_log(&world, &text);
        world.run(&["submit", "listings.csv"]).expect(0);
        world.run(&["retry", "--failed"]).expect(0);
        world.run(&["retry", "--unknown", "--yes"]).expect(0);
        let status = world.run(&["status"]).expect(0);
        assert!(status.stdout.contains("newer version"), "{}", status.stdout);
        let jobs = world.run(&["status", "--json"]).expect(0).json();
        assert!(
            jobs.as_array()
                .unwrap()
                .iter()
                .all(|job| job["newer_version"] == true),
            "{jobs}"
        );
    }
    assert_eq!(server.posts().len(), 3);
}

/// One mishap of a log, of a kind that takes no whole line away: that a log was cut short can only
/// be known from what was remembered of it.
fn mishap(rng: &mut fastrand::Rng, log: &[u8]) -> Vec<u8> {
    let mut bytes = log.to_vec();
    let at = rng.usize(..bytes.len());
    match rng.u8(..7) {
        0 => bytes[at] ^= 1 << rng.u8(..8),
        1 => bytes[at] = rng.u8(..),
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, rng.u8(..)),
        4 => {
            let end = bytes.len().min(at + rng.usize(1..400));
            bytes[at..end].fill(0);
        }
        5 => {
            let last = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n');
            let last = last.map_or(0, |at| at + 1);
            bytes.truncate(rng.usize(last..bytes.len()));
        }
        _ => {
            let text = String::from_utf8(bytes).unwrap();
            let unit = *rng.choice(&[u16::to_le_bytes, u16::to_be_bytes]).unwrap();
            bytes = text.encode_utf16().flat_map(unit).collect();
            bytes[at] ^= u8::from(rng.bool());
        }
    }
    bytes
}

#[test]
fn damaged_at_random_a_log_never_orders_anything_again() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds = number("CREATIVEAI_TORTURE_ROUNDS").unwrap_or(40);
    let seed = number("CREATIVEAI_TORTURE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{rounds} rounds from CREATIVEAI_TORTURE_SEED={seed}");
    let (world, server, lines) = ordered();
    let log = (lines.join("\n") + "\n").into_bytes();
    for round in 0..rounds {
        let seed = seed.wrapping_add(round);
        let damaged = mishap(&mut fastrand::Rng::with_seed(seed), &log);
        put_log(&world, &damaged);
        for command in [&["submit", "listings.csv"][..], &["retry", "--failed"]] {
            let run = world.run(command);
            let output = format!(
                "CREATIVEAI_TORTURE_SEED={seed}\n{}\n{}",
                run.stderr,
                String::from_utf8_lossy(&damaged)
            );
            assert!(matches!(run.code(), 0 | 3 | 65), "{output}");
            assert_eq!(server.posts().len(), 3, "{output}");
        }
    }
}

#[test]
fn a_cut_line_of_an_order_that_is_in_no_other_line_sends_nothing() {
    let (world, server, lines) = ordered();
    let torn = lines
        .iter()
        .rfind(|line| line.contains("\"pending\""))
        .unwrap();
    let job = torn.split("\"job\":\"").nth(1).unwrap()[..16].to_owned();
    let others = lines.iter().filter(|line| !line.contains(&job));
    let others: Vec<&str> = others.map(String::as_str).collect();
    let torn = &torn[..torn.find("\"pending").unwrap() + 8];
    put_log(&world, format!("{torn}\n{}\n", others.join("\n")));
    let submit = ["submit", "listings.csv"];
    let run = world.run(&submit).expect(65);
    assert!(run.stderr.contains(&job), "{}", run.stderr);
    let run = world.run(&["submit", "listings.csv", "--accept-damage"]);
    assert_eq!(run.code(), 3, "{}", run.stderr);
    world.run(&submit).expect(3);
    assert_eq!(server.posts().len(), 3);
    assert_billed_once(&server, "a cut line");
    // The cut line stays evidence.
    world.run(&["compact"]).expect(0);
    world.run(&submit).expect(3);
    assert_eq!(server.posts().len(), 3);
}
