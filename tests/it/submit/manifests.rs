//! Several manifests in one run, and manifests at an address.

use crate::support::workbook::{Cell::Text, xlsx};
use crate::support::{KEY, Request, Server, Step, World, rows};

#[test]
fn several_manifests_are_one_run_with_one_log() {
    let server = Server::accepting();
    let world = World::facing(&server);
    std::fs::create_dir(world.path("sheets")).unwrap();
    world.write("sheets/a.csv", rows([1, 2]));
    // Other columns in another order, and a row that is in the first, too.
    world.write(
        "b.csv",
        "video_prompt;room;listing_id;image_url\n\
         Pan;kitchen;LST-7;https://cdn.example.com/7.jpg\n\
         Pan across room 2, evening light;hall;LST-2;https://cdn.example.com/2.jpg\n",
    );
    let submit = ["submit", "sheets/a.csv", "b.csv", "--json"];
    // Which of them comes first must not decide what counts as ordered.
    let refused = world.run(&submit).expect(2).stderr;
    assert!(refused.contains("--jobs sheets"), "{refused}");
    assert!(server.posts().is_empty());
    let log = ["--jobs", "sheets/jobs.jsonl"];
    let run = world.run(&[&submit[..], &log].concat()).expect(0);
    let summary = run.json();
    assert_eq!(summary["submitted"], 3);
    assert_eq!(summary["duplicates"], 1);
    assert!(
        run.stderr.contains("b.csv:3: the same row"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("one job log: sheets"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 3);
    let log = std::fs::read_to_string(world.path("sheets/jobs.jsonl")).unwrap();
    let opening = log.lines().find(|line| line.contains("LST-7")).unwrap();
    assert!(opening.contains("\"room\":\"kitchen\""), "{opening}");
    // Once more, in another order: nothing is new.
    world
        .run(&[
            "submit",
            "b.csv",
            "sheets/a.csv",
            "--jobs",
            "sheets/jobs.jsonl",
        ])
        .expect(0);
    assert_eq!(server.posts().len(), 3);
    // A log that is there already is named as well: the other sheet alone would begin another one.
    for sheets in [["b.csv", "sheets/a.csv"], ["sheets/a.csv", "b.csv"]] {
        for command in ["submit", "run"] {
            let refused = world.run(&[command, sheets[0], sheets[1]]).expect(2);
            assert!(
                refused.stderr.contains("--jobs sheets"),
                "{}",
                refused.stderr
            );
        }
    }
    assert_eq!(server.posts().len(), 3);
}

#[cfg(unix)]
#[test]
fn a_sheet_by_way_of_a_link_has_the_log_of_the_sheet() {
    let server = Server::accepting();
    let world = World::facing(&server);
    std::fs::create_dir(world.path("june")).unwrap();
    world.write("june/listings.csv", rows([1, 2]));
    world.run(&["submit", "june/listings.csv"]).expect(0);
    std::os::unix::fs::symlink("june/listings.csv", world.path("current.csv")).unwrap();
    let run = world.run(&["submit", "current.csv"]).expect(0);
    assert!(run.stdout.contains("2 already there") || run.stderr.contains("2 already there"));
    assert_eq!(server.posts().len(), 2);
    // A log that stands beside the link is the one that was used until now.
    std::fs::copy(world.path("june/jobs.jsonl"), world.path("jobs.jsonl")).unwrap();
    world.write("june/listings.csv", rows([1, 2, 3]));
    world.run(&["submit", "current.csv"]).expect(0);
    assert_eq!(server.posts().len(), 3);
    let log = std::fs::read_to_string(world.path("jobs.jsonl")).unwrap();
    assert!(log.contains("LST-3"), "{log}");
}

#[test]
fn a_mistake_in_one_manifest_stops_all() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("a.csv", rows([1]));
    world.write(
        "b.csv",
        "listing_id,image_url,video_prompt\nLST-2,#REF!,Pan\n",
    );
    let run = world.run(&["submit", "a.csv", "b.csv"]).expect(65);
    assert!(
        run.stderr.contains("b.csv:2: column 2 (image_url)"),
        "{}",
        run.stderr
    );
    world.write(
        "c.csv",
        "sku,image_url,video_prompt\nA,https://cdn.example.com/a.jpg,Pan\n",
    );
    let run = world.run(&["submit", "a.csv", "c.csv"]).expect(65);
    assert!(run.stderr.contains("c.csv"), "{}", run.stderr);
    assert!(server.posts().is_empty());
}

/// The API, and sheets of every kind beside it.
fn serve(request: &Request) -> Step {
    match request.path.split('?').next().unwrap_or_default() {
        "/sheet.csv" => Step::reply(200, rows([1, 2])),
        "/moved.csv" => Step::reply(302, "").with("Location", "/sheet.csv"),
        "/away.csv" => Step::reply(302, "").with("Location", "http://sheets.invalid/sheet.csv"),
        "/page.csv" => Step::reply(200, "<!DOCTYPE html><html>Sign in</html>"),
        "/gone.csv" => Step::reply(404, ""),
        "/busy.csv" => Step::reply(503, ""),
        _ => Step::accept(),
    }
}

#[test]
fn a_sheet_at_an_address_is_fetched_once_and_kept() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    let address = format!("{}/moved.csv?output=csv", server.url());
    world.run(&["submit", &address, "--dry-run"]).expect(0);
    assert_eq!(
        world.files(),
        Vec::<String>::new(),
        "a dry run keeps nothing"
    );
    let before = server.polls().len();
    let run = world.run(&["submit", &address]).expect(0);
    let fetched: Vec<Request> = server.polls().split_off(before);
    assert_eq!(fetched.len(), 2, "the redirect and the sheet");
    for request in &fetched {
        assert_eq!(request.header("authorization"), None);
        assert!(!format!("{request:?}").contains(KEY));
    }
    assert_eq!(server.posts().len(), 2);
    let kept: Vec<String> = world.files();
    let kept: Vec<&String> = kept
        .iter()
        .filter(|name| name.starts_with("manifest-"))
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        std::fs::read_to_string(world.path(kept[0])).unwrap(),
        rows([1, 2])
    );
    assert!(run.stderr.contains(kept[0].as_str()), "{}", run.stderr);
    assert!(!run.stderr.contains("output=csv"), "{}", run.stderr);
}

#[test]
fn what_is_no_sheet_at_an_address_is_reported() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    for (path, code, output) in [
        ("page.csv", 65, "web page"),
        ("gone.csv", 65, "Publish to web"),
        ("busy.csv", 75, "503"),
        ("away.csv", 75, "encryption"),
    ] {
        let address = format!("{}/{path}", server.url());
        let run = world.run(&["submit", &address]).expect(code);
        assert!(run.stderr.contains(output), "{path}: {}", run.stderr);
    }
    let run = world
        .run(&["submit", "http://example.com/sheet.csv"])
        .expect(2);
    assert!(run.stderr.contains("without encryption"), "{}", run.stderr);
    assert!(server.posts().is_empty());
    assert_eq!(world.files(), Vec::<String>::new());
}

#[test]
fn held_rows_name_their_file_and_are_renamed_from_sheets_of_every_kind() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let row = |n: usize, id: &str, prompt: &str| {
        format!("{id},https://cdn.example.com/{n}.jpg,{prompt}\n")
    };
    let header = "listing_id,image_url,video_prompt\n";
    world.write("a.csv", format!("{header}{}", row(1, "LST-1", "Pan")));
    let b = [row(2, "LST-2", "Tilt"), row(3, "LST-3", "Roll")].concat();
    world.write("b.csv", format!("{header}{b}"));
    world.run(&["submit", "a.csv", "b.csv"]).expect(0);
    // One prompt is edited, and two ids are corrected, one of them in a workbook.
    let b = [row(2, "LST-2", "Tilt up"), row(3, "LST-30", "Roll")].concat();
    world.write("b.csv", format!("{header}{b}"));
    let cells = [
        &[Text("listing_id"), Text("image_url"), Text("video_prompt")][..],
        &[
            Text("LST-10"),
            Text("https://cdn.example.com/1.jpg"),
            Text("Pan"),
        ],
    ];
    world.write("a.xlsx", xlsx(&[("Sheet1", false, &cells)]));
    let run = world
        .run(&["submit", "a.xlsx", "b.csv", "--json"])
        .expect(3);
    for output in [
        "b.csv:2: what was ordered differs in prompt",
        "b.csv:3: LST-30 asks",
        "a.xlsx:2: LST-10 asks",
    ] {
        assert!(run.stderr.contains(output), "{output}: {}", run.stderr);
    }
    let held = &run.json()["held"];
    let places: Vec<(&str, u64)> = held
        .as_array()
        .unwrap()
        .iter()
        .map(|held| {
            (
                held["manifest"].as_str().unwrap(),
                held["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [("a.xlsx", 2), ("b.csv", 2), ("b.csv", 3)]);
    let rename = [
        "rename",
        "--from-manifest",
        "a.xlsx",
        "--from-manifest",
        "b.csv",
        "--yes",
    ];
    let renamed = world
        .run(&[&rename[..], &["--json"]].concat())
        .expect(0)
        .json();
    assert_eq!(renamed["renamed"].as_array().unwrap().len(), 2);
    let run = world
        .run(&["submit", "a.xlsx", "b.csv", "--json"])
        .expect(3);
    assert_eq!(
        (&run.json()["skipped"], &run.json()["changed"]),
        (&2.into(), &1.into())
    );
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn a_sheet_at_an_address_gives_names_and_requests_too() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    world.write("sheet.csv", rows([1, 2]).replace("LST-", "OLD-"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let address = format!("{}/sheet.csv?output=csv", server.url());
    let run = world
        .run(&["submit", &address, "--jobs", "jobs.jsonl"])
        .expect(3);
    let kept = world.files();
    let kept = kept
        .iter()
        .find(|name| name.starts_with("manifest-"))
        .unwrap();
    assert!(run.stderr.contains("OLD-1"), "{}", run.stderr);
    assert!(!kept.is_empty());
    let rename = [
        "rename",
        "--from-manifest",
        &address,
        "--jobs",
        "jobs.jsonl",
        "--yes",
    ];
    world.run(&rename).expect(0);
    let run = world
        .run(&["submit", &address, "--jobs", "jobs.jsonl", "--json"])
        .expect(0);
    assert_eq!(run.json()["skipped"], 2);
    // A log that holds no requests: they are in the sheet.
    world.write(
        "seed.jsonl",
        "{\"listing_id\":\"LST-1\",\"status\":\"submit_failed\",\"error\":\"HTTP 422\"}\n",
    );
    let retry = [
        "retry",
        "seed.jsonl",
        "--failed",
        "--manifest",
        &address,
        "--json",
    ];
    let run = world.run(&retry).expect(0);
    assert_eq!(run.json()["submitted"], 1, "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_manifest_out_of_a_pipe_has_its_log_in_the_current_folder() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    std::fs::create_dir(world.path("pipes")).unwrap();
    world
        .shell("mkfifo pipes/sheet && { cat listings.csv > pipes/sheet & } && \"$0\" submit pipes/sheet")
        .expect(0);
    assert_eq!(world.log().ids().len(), 2);
    assert!(!world.path("pipes/jobs.jsonl").exists());
}
