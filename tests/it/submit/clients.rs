//! Several clients on one computer: whose key pays, and how much each may cost.

use std::fmt::Write;

use crate::support::{KEY, Server, Step, World};

/// A row for each of `clients`.
fn rows_of(clients: &[&str]) -> String {
    let mut text = "listing_id,image_url,video_prompt,client\n".to_owned();
    for (n, client) in clients.iter().enumerate() {
        writeln!(text, "LST-{n},https://cdn.example.com/{n}.jpg,pan,{client}").unwrap();
    }
    text
}

const CAPS: &str = "\
[[caps]]
credits = 10
per = \"month\"
where = \"client=acme\"
";

/// Accepts each order and reports at once what its clip has come to.
fn ending_at_once(status: &'static str, credits: u32) -> Server {
    Server::start(move |post| {
        let id = format!("vgen_{}", &post.idempotency_key()[..16]);
        let reply = format!(r#"{{"id":"{id}","status":"{status}","credits":{credits}}}"#);
        Step::reply(200, reply).billed()
    })
}

#[test]
fn a_cap_counts_what_the_vendor_reports_while_orders_are_sent() {
    // How it is capped, what a clip comes to, how many orders there are then.
    let typed = ["--max-credits", "60"];
    for (arguments, caps, ending, orders) in [
        (&typed[..], "", ("completed", 50), 2),
        (&["--max-credits", "10"], "", ("failed", 5), 5),
        (&[], CAPS, ("completed", 50), 1),
        (&[], CAPS, ("failed", 5), 5),
    ] {
        let server = ending_at_once(ending.0, ending.1);
        let world = World::facing(&server);
        world.write("creativeai.toml", caps);
        world.write("rows.csv", rows_of(&["acme"; 5]));
        let submit = ["submit", "rows.csv", "--concurrency", "1"];
        let run = world.run(&[&submit[..], arguments].concat());
        let what = format!("{arguments:?} {caps} {ending:?}");
        assert_eq!(server.bills().len(), orders, "{what}: {}", run.stderr);
        // A cap waits for a person; clips that failed do not.
        let code = if orders == 5 { 1 } else { 3 };
        assert_eq!(run.code(), code, "{what}: {}", run.stderr);
    }
}

#[test]
fn a_cap_whose_column_the_sheet_lost_sends_nothing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("creativeai.toml", CAPS);
    let rows = rows_of(&["acme"; 3]);
    world.write("rows.csv", rows.replacen("client", "Kunde", 1));
    for arguments in [&[][..], &["--dry-run"]] {
        let run = world.run(&[&["submit", "rows.csv"], arguments].concat());
        let run = run.expect(78);
        for words in [
            "client=acme (creativeai.toml, line 2)",
            "rows.csv has no column client",
        ] {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
    }
    let check = world.run(&["check", "rows.csv"]);
    assert!(
        check.stdout.contains("has no column client"),
        "{}",
        check.stdout
    );
    assert!(server.posts().is_empty());
    // As another column of that name, or by --map.
    let map = ["submit", "rows.csv", "--map", "client=Kunde"];
    world.run(&map).expect(3);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_caps_value_is_met_in_any_letter_case() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("creativeai.toml", CAPS);
    world.write("rows.csv", rows_of(&["ACME", "acme", "Acme", "acmes"]));
    world.run(&["submit", "rows.csv"]).expect(3);
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn a_groups_cap_holds_its_rows_and_no_others() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("creativeai.toml", CAPS);
    world.write(
        "rows.csv",
        rows_of(&["acme", "bolt", "acme", "acme", "bolt"]),
    );
    let dry = world.run(&["submit", "rows.csv", "--dry-run"]).expect(0);
    let line = "10 credits a month where client=acme (creativeai.toml, line 2): \
                0 charged or reserved, 15 more wanted: 5 over the cap, and not sent";
    assert!(dry.stdout.contains(line), "{}", dry.stdout);
    let without = "$2.50, if no cap held anything back";
    assert!(dry.stdout.contains(without), "{}", dry.stdout);
    assert!(server.posts().is_empty());

    let run = world.run(&["submit", "rows.csv", "--json"]).expect(3);
    let summary = run.json();
    assert_eq!(summary["submitted"], 4, "{summary}");
    assert_eq!(summary["left"], 1, "{summary}");
    assert!(run.stderr.contains("client=acme"), "{}", run.stderr);
    // What was reserved counts for the next run, too.
    world.run(&["submit", "rows.csv"]).expect(3);
    assert_eq!(server.posts().len(), 4);
    let args = ["submit", "rows.csv", "--dry-run", "--json"];
    let caps = &world.run(&args).expect(0).json()["caps"];
    assert_eq!(caps[0]["committed"], 10, "{caps}");
    assert_eq!(caps[0]["wanted"], 5, "{caps}");

    let money = ["status", "--money", "--by", "client", "--json"];
    let money = world.run(&money).expect(0).json();
    assert_eq!(money["groups"][0]["group"], "acme");
    assert_eq!(money["groups"][0]["rendering"], 10, "{money}");
    assert_eq!(money["groups"][1]["ordered"], 10, "{money}");
    assert_eq!(money["total"]["attempts"], 4, "{money}");
    let csv = ["status", "--money", "--by", "client", "--csv"];
    let csv = world.run(&csv).expect(0).stdout;
    let expected = "client,attempts,ordered,charged,refunded,rendering,in_doubt\n\
                    acme,2,10,0,0,10,0\nbolt,2,10,0,0,10,0\n";
    assert_eq!(csv, expected);
    let table = world
        .run(&["status", "--money", "--by", "client"])
        .expect(0);
    let total = table.stdout.lines().find(|line| line.starts_with("all"));
    let total: Vec<_> = total.unwrap().split_whitespace().collect();
    assert_eq!(total, ["all", "4", "20", "0", "0", "20", "0"]);
    let future = ["status", "--money", "--since", "2999-01-01", "--json"];
    let future = world.run(&future).expect(0).json();
    assert_eq!(future["total"]["ordered"], 0, "{future}");
}

#[test]
fn a_retry_keeps_to_the_caps_too() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "jobs.jsonl",
        r#"{"at":"2026-03-01T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"L","client":"acme","credits_estimated":5,"request":{"model":"kling-v3","prompt":"pan","image_url":"https://cdn.example.com/a.jpg","duration":"5s","aspect_ratio":"16:9"}}
{"at":"2026-03-01T10:05:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"failed","listing_id":"L","generation_id":"vgen_1","error":"x"}
"#,
    );
    world.write("creativeai.toml", CAPS.replace("10", "4"));
    let dry = world.run(&["retry", "--failed", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("1 over the cap"), "{}", dry.stdout);
    let run = world.run(&["retry", "--failed"]).expect(3);
    assert!(run.stderr.contains("client=acme"), "{}", run.stderr);
    assert!(server.posts().is_empty());
    world.write("creativeai.toml", CAPS);
    world.run(&["retry", "--failed"]).expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn a_cap_on_a_column_that_has_another_name_in_the_log_is_refused_with_that_name() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let caps = |column: &str| CAPS.replace("client=", &format!("{column}="));
    let rows = rows_of(&["acme"; 4]);
    world.write("rows.csv", rows.replacen("client", "Line", 1));
    for column in ["line", "Line"] {
        world.write("creativeai.toml", caps(column));
        let run = world.run(&["submit", "rows.csv"]).expect(78);
        let way = "write where = \"sheet_line=acme\"";
        assert!(run.stderr.contains(way), "{}", run.stderr);
    }
    assert!(server.posts().is_empty());
    world.write("creativeai.toml", caps("sheet_line"));
    world.run(&["submit", "rows.csv"]).expect(3);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn the_key_that_pays_is_named_by_its_end() {
    let server = Server::accepting();
    let world = World::facing(&server).without_var("CREATIVEAI_API_KEY");
    world.write("creativeai.toml", "[profile.acme]\nmodel = \"kling-v3\"\n");
    world.write("rows.csv", rows_of(&["acme"]));
    let refused = world
        .run(&["submit", "rows.csv", "--profile", "acme"])
        .expect(78);
    assert!(
        refused.stderr.contains("[profile.acme]"),
        "{}",
        refused.stderr
    );
    let init = ["init", "--key-only", "--key-stdin", "--profile", "acme"];
    let run = world.run_with_input(&init, KEY).expect(0);
    assert!(run.stdout.contains("ends in cdef"), "{}", run.stdout);

    let submit = ["submit", "rows.csv", "--profile", "acme"];
    let run = world.run(&submit).expect(0);
    let line = "using the key that ends in cdef of profile acme";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    assert!(!run.stderr.contains(KEY));
    assert!(world.path("acme-jobs.jsonl").exists());
    world.write("rows.csv", rows_of(&["acme", "acme"]));
    let world = world.with_var("CREATIVEAI_PROFILE", "acme");
    let summary = world
        .run(&["submit", "rows.csv", "--json"])
        .expect(0)
        .json();
    assert_eq!(summary["key_ending"], "cdef");
    assert_eq!(summary["profile"], "acme");
}
