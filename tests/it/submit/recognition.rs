//! Rows that something has spelled anew since their clips were ordered: none of them is a new order.
//!
//! The renamings are data, see [`RENAMINGS`].

mod one_sheet;
mod photos;
mod said;
mod set_back;

use std::fmt::Write;

use super::renamings::{
    Outcome::{Adopted, Held, Refused, Sent},
    PAN, PHOTO, RENAMINGS, Renaming, Row,
};
use crate::support::{Request, Server, Step, World};

fn sheet(rows: &[Row]) -> String {
    let mut text = String::from("sku,image_url,video_prompt\n");
    for (id, photo, prompt) in rows {
        writeln!(text, "\"{id}\",\"{photo}\",\"{prompt}\"").unwrap();
    }
    text
}

/// The answer to a poll whose clip failed.
fn failed(poll: &Request) -> Step {
    let id = poll.path.rsplit('/').next().unwrap_or_default();
    Step::reply(200, format!("{{\"id\":\"{id}\",\"status\":\"failed\"}}"))
}

fn orders(server: &Server) -> usize {
    server.bills().len()
}

#[test]
fn a_row_that_was_spelled_anew_is_what_the_table_says() {
    for Renaming {
        name,
        before,
        after,
        outcome,
    } in RENAMINGS
    {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(before));
        // Dates and powers of ten may be meant so.
        let submit = ["submit", "sheet.csv", "--allow-odd-cells"];
        let first = world.run(&submit).expect(0);
        assert!(
            !first.stderr.contains("warning"),
            "{name}: {}",
            first.stderr
        );
        assert_eq!(orders(&server), before.len(), "{name}");
        let ordered = world.log().text;

        world.write("sheet.csv", sheet(after));
        let run = world.run(&[&submit[..], &["--json"]].concat());
        let (code, more) = match outcome {
            Adopted => (0, 0),
            Held(_) => (3, 0),
            Refused => (65, 0),
            Sent(more) => (0, *more),
        };
        assert_eq!(
            orders(&server),
            before.len() + more,
            "{name}: {}",
            run.stderr
        );
        assert_eq!(run.code(), code, "{name}: {}", run.stderr);
        let output = run.json();
        let held = output["held"].as_array().map_or(&[][..], Vec::as_slice);
        match outcome {
            Refused => assert!(run.stderr.contains("invisible"), "{name}: {}", run.stderr),
            Held(words) => {
                assert_eq!(held.len(), 1, "{name}: {output}");
                assert_eq!(held[0]["id"], after.last().unwrap().0.trim(), "{name}");
                for word in *words {
                    assert!(
                        run.stderr.contains(word),
                        "{name}: {word:?} in {}",
                        run.stderr
                    );
                }
            }
            Adopted => {
                assert_eq!(output["skipped"], after.len(), "{name}: {output}");
                assert_eq!(output["pending"], after.len(), "{name}: {output}");
                assert_eq!(run.stderr, "", "{name}");
            }
            Sent(_) => assert_eq!(run.stderr, "", "{name}"),
        }
        if more == 0 {
            assert_eq!(world.log().text, ordered, "{name}");
        }
        // Once more it is the same.
        let again = world.run(&submit);
        assert_eq!(again.code(), code, "{name}: {}", again.stderr);
        assert_eq!(orders(&server), before.len() + more, "{name}");
    }
}

#[test]
fn a_dry_run_reports_the_same() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("0012", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&[("12", PHOTO, PAN)]));
    let output = world
        .run(&["submit", "sheet.csv", "--dry-run", "--json"])
        .expect(0);
    assert_eq!(output.json()["renamed"], 1);
    assert_eq!(output.json()["held"][0]["cause"], "leading_zeros");
    let text = world.run(&["submit", "sheet.csv", "--dry-run"]).expect(0);
    assert!(text.stdout.contains("renamed"), "{}", text.stdout);
}

#[test]
fn what_a_person_lets_through_is_ordered_once() {
    let cases: &[(&[Row], &[Row], &str, usize)] = &[
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-2", PHOTO, PAN)],
            "--resubmit-changed",
            1,
        ),
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-2", PHOTO, PAN)],
            "--allow-same-clip",
            0,
        ),
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-1", PHOTO, PAN), ("SKU-2", PHOTO, PAN)],
            "--allow-same-clip",
            0,
        ),
    ];
    for (before, after, option, replaced) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(before));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(after));
        world.run(&["submit", "sheet.csv"]).expect(3);
        world.run(&["submit", "sheet.csv", option]).expect(0);
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 2, "{option}");
        let log = world.log();
        let marks = log
            .words()
            .iter()
            .filter(|word| **word == "superseded")
            .count();
        assert_eq!(marks, *replaced, "{option} {}", log.text);
    }
}

#[test]
fn another_variant_is_another_clip() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let header = "sku,image_url,video_prompt,variant\n";
    world.write("sheet.csv", format!("{header}SKU-1,{PHOTO},pan,\n"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write(
        "sheet.csv",
        format!("{header}SKU-1,{PHOTO},pan,\nSKU-2,{PHOTO},pan,b\n"),
    );
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(orders(&server), 2);
}

#[test]
fn a_variant_that_reads_the_same_is_the_same_clip() {
    let sheet = |variants: &[&str]| {
        let row = |variant: &&str| format!("SKU-1,{PHOTO},pan,{variant}\n");
        let rows: String = variants.iter().map(row).collect();
        format!("sku,image_url,video_prompt,variant\n{rows}")
    };
    for (before, after) in [
        ("front", "Front"),
        ("left side", " left  side"),
        ("caf\u{e9}", "CAFE\u{301}"),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[before]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(&[after]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 1, "{after}");
    }
}

#[test]
fn a_prompt_that_a_retry_has_given_is_the_jobs_as_well() {
    const BETTER: &str = "Better pan";
    const SIGNED: &str = "https://cdn.example.com/a8f2c1/kitchen.jpg";
    const ANEW: &str = "https://cdn.example.com/77c1d2/kitchen.jpg";
    let cases: &[(Row, i32)] = &[
        (("SKU-1", SIGNED, BETTER), 0),
        (("SKU-1", SIGNED, "better pan"), 3),
        (("SKU-1", ANEW, BETTER), 0),
        (("SKU-2", SIGNED, BETTER), 3),
        (("sku-1", SIGNED, BETTER), 0),
        // And what was ordered first.
        (("SKU-1", SIGNED, PAN), 0),
        (("SKU-1", ANEW, PAN), 0),
        (("SKU-2", SIGNED, PAN), 3),
    ];
    for (row, code) in cases {
        let server = Server::answering(|request| {
            if request.method == "POST" {
                return Step::accept();
            }
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let body = serde_json::json!({
                "id": id, "status": "completed", "credits": 5,
                "output_url": "https://cdn.example.com/clip.mp4",
            });
            Step::reply(200, body.to_string())
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", SIGNED, PAN)]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.run(&["reconcile"]).expect(0);
        let job = world.log().job_of("SKU-1")["job"]
            .as_str()
            .unwrap()
            .to_owned();
        let verdict = format!("job,attempt,verdict\n{job},1,reject\n");
        world.write("verdicts.csv", verdict);
        world.run(&["review", "--from", "verdicts.csv"]).expect(0);
        let retry = ["retry", "--rejected", "-y", "--new-prompt", BETTER];
        world.run(&retry).expect(0);
        assert_eq!(orders(&server), 2);
        world.write("sheet.csv", sheet(&[*row]));
        for command in [
            &["submit", "sheet.csv"][..],
            &["compact"],
            &["submit", "sheet.csv"],
        ] {
            let run = world.run(command);
            assert!(
                command.len() == 1 || run.code() == *code,
                "{row:?}: {}",
                run.stderr
            );
            assert_eq!(orders(&server), 2, "{row:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_voice_in_another_language_is_held_while_its_own_row_is_gone() {
    const OWN: &str = "LST-1,Welcome home,alloy,en,1.0";
    let cases: &[(&[&str], usize, i32)] = &[
        (&["LST-1,Welcome home,alloy,EN,1.0"], 1, 0),
        (&["LST-1,Welcome\u{a0}home,alloy,En,1"], 1, 0),
        (&["LST-1,Welcome home,alloy,en-US,1.0"], 1, 3),
        (&["LST-1,Welcome home,alloy,de,1.0"], 1, 3),
        (&["LST-1,Welcome home,alloy,,1.0"], 1, 0),
        (&["LST-1,Welcome home,nova,de,1.2"], 1, 3),
        (&["LST-1,Welcome to your home,alloy,en-US,1.0"], 1, 3),
        (&["LST-2,Welcome home,alloy,EN,1.0"], 1, 3),
        // Beside its own row it is another clip.
        (&[OWN, "LST-1,Welcome home,alloy,de,1.0"], 2, 0),
        (&[OWN, "LST-1,Welcome home,alloy,en-US,1.0"], 2, 0),
        (&[OWN, "LST-2,Welcome home,alloy,en,1.0"], 2, 0),
        // But for what cannot be seen, or an id that reads the same.
        (&[OWN, "LST-1,Welcome home,alloy,EN,1.0"], 1, 0),
        (&[OWN, "lst-1,Welcome home,alloy,en,1.0"], 1, 3),
        // A translation is another clip.
        (&["LST-1,Willkommen,alloy,de,1.0"], 2, 0),
    ];
    let sheet = |rows: &[&str]| {
        format!(
            "listing_id,text,voice,language,speed\n{}\n",
            rows.join("\n")
        )
    };
    for (after, bills, code) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[OWN]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(after));
        for _ in 0..2 {
            let run = world.run(&["submit", "sheet.csv"]);
            assert_eq!(run.code(), *code, "{after:?}: {}", run.stderr);
            assert_eq!(orders(&server), *bills, "{after:?}: {}", run.stderr);
        }
        if *code == 3 && after.len() == 1 {
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
            assert_eq!(orders(&server), 2, "{after:?}");
        }
    }
}

#[test]
fn one_job_is_taken_for_one_row_only() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let both = [("sku-1", PHOTO, PAN), ("\u{feff}SKU-1", PHOTO, PAN)];
    world.write("sheet.csv", sheet(&both));
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    assert_eq!(
        (&run.json()["skipped"], &run.json()["same_clip"]),
        (&1.into(), &1.into())
    );
    assert_eq!(orders(&server), 1);
}

#[test]
fn an_adopted_row_counts_as_its_job_does() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            Step::accept()
        } else {
            failed(request)
        }
    });
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&[("sku-1", PHOTO, PAN)]));
    let run = world.run(&[
        "submit",
        "sheet.csv",
        "--wait",
        "--interval",
        "1s",
        "--json",
    ]);
    assert_eq!(
        (run.code(), &run.json()["failed"]),
        (1, &1.into()),
        "{}",
        run.stderr
    );
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(1);
    assert_eq!(run.json()["failed"], 1);
    assert_eq!(orders(&server), 1);
}

#[test]
fn a_dismissed_jobs_edited_row_is_held() {
    for first in [Step::accept(), Step::reset().billed()] {
        let server = Server::scripted(vec![first]);
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
        world.run(&["submit", "sheet.csv"]);
        world.run(&["resolve", "SKU-1", "--dismiss"]).expect(0);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Tilt")]));
        let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
        assert_eq!(run.json()["changed"], 1);
        assert_eq!(orders(&server), 1);
        world
            .run(&["submit", "sheet.csv", "--resubmit-changed"])
            .expect(0);
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 2);
    }
}

/// The edited row has the ordered photo's very address: another photo with the first prompt is new.
#[test]
fn another_photo_with_the_first_prompt_does_not_take_an_edited_rows_job() {
    for address in [
        "https://uc1.dl.dropboxusercontent.com/cd/0/get/TOKEN/file",
        "https://v5.airtableusercontent.com/v3/u/47/47/1790000000000/TOKEN/Xy9zTOKEN",
        "https://cdn.example.com/TOKEN/photo.jpg",
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let [kitchen, hall] =
            ["Ab1dEfGhIjKlMnOp", "Qr2tUvWxYzAbCdEf"].map(|token| address.replace("TOKEN", token));
        let header = "listing_id,image_url,video_prompt\n";
        let edited = format!("{header}LST-1,{kitchen},Tilt\n");
        world.write("sheet.csv", format!("{header}LST-1,{kitchen},\"{PAN}\"\n"));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", &edited);
        world.run(&["submit", "sheet.csv"]).expect(3);
        world.write("sheet.csv", format!("{edited}LST-1,{hall},\"{PAN}\"\n"));
        for _ in 0..2 {
            let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
            let held = run.json()["held"].clone();
            assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
            assert_eq!(held[0]["line"], 2, "{address}: {held}");
        }
        let posts = server.posts();
        assert_eq!(posts.len(), 2, "{address}");
        assert_eq!(posts[1].json()["image_url"], hall);
    }
}
