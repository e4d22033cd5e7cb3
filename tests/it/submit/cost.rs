//! What it costs: the estimate before, the account afterwards, to the credit and the cent.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::support::transcript::recorded;
use crate::support::{Server, Step, World, listings};

/// Clips of all prices, for three listings, and what each row is estimated at, in thousandths of a
/// credit.
const ROWS: [(&str, &str, &str, i64); 7] = [
    ("LST-1", "kling-v3", "5s", 5_000),
    ("LST-1", "kling-v3", "6s", 10_000),
    ("LST-2", "kling-v3", "10s", 10_000),
    ("LST-2", "seedance-1.5-pro", "5s", 3_500),
    ("LST-2", "seedance-1.5-pro", "11", 10_500),
    ("LST-3", "", "", 5_000),
    ("LST-3", "auto", "1", 5_000),
];

const SETTINGS: &str = "[rates]\nvoice = 1.25\n\n[rates.models]\n\"seedance-1.5-pro\" = 3.5\n";

fn manifest() -> String {
    let mut text = String::from("listing_id,image_url,video_prompt,model,duration\n");
    for (n, (listing, model, duration, _)) in ROWS.iter().enumerate() {
        writeln!(
            text,
            "{listing},https://cdn.example.com/{n}.jpg,pan,{model},{duration}"
        )
        .unwrap();
    }
    text
}

fn per_listing() -> BTreeMap<&'static str, i64> {
    let mut sums = BTreeMap::new();
    for (listing, _, _, credits) in ROWS {
        *sums.entry(listing).or_default() += credits;
    }
    sums
}

fn world(server: &Server) -> World {
    let world = World::facing(server);
    world.write("listings.csv", manifest());
    world.write("creativeai.toml", SETTINGS);
    world
}

/// Thousandths of a credit.
fn number(value: &Value) -> i64 {
    let credits = value.as_f64().unwrap_or_else(|| panic!("{value}"));
    (credits * 1000.0).round() as i64
}

/// What `status` says of each listing and of everything: the text behind the listing's name.
fn status_lines(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| {
            let (listing, rest) = line.split_once(": ")?;
            let (_, money) = rest.split_once("; ")?;
            listing
                .starts_with("LST-")
                .then(|| (listing.to_owned(), money.to_owned()))
        })
        .collect()
}

#[test]
fn a_dry_run_counts_what_max_jobs_leaves_for_another_run() {
    let world = World::new();
    world.write("listings.csv", listings(3));
    let dry = ["submit", "listings.csv", "--dry-run", "--max-jobs", "1"];
    let run = world.run(&dry).expect(0);
    let line = "--max-jobs 1: 1 of these 3 in this run";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    let run = world.run(&[&dry[..], &["--json"]].concat()).expect(0);
    assert_eq!(run.json()["left"], 2);
}

#[test]
fn the_dry_run_and_the_status_agree_for_each_listing_and_in_total() {
    let server = Server::accepting();
    let world = world(&server);
    let dry = ["submit", "listings.csv", "--dry-run", "--json"];
    let before = world.run(&dry).expect(0).json();
    let text = recorded(
        "cost-dry-run",
        &world,
        &["submit", "listings.csv", "--dry-run"],
    )
    .expect(0);
    assert_eq!(server.connections(), 0);
    let run = world
        .run(&["submit", "listings.csv", "--json"])
        .expect(0)
        .json();
    let after = world
        .run(&["status", "--summary", "--json"])
        .expect(0)
        .json();
    let shown = recorded("cost-status", &world, &["status"])
        .expect(0)
        .stdout;

    // To the credit.
    let total: i64 = ROWS.iter().map(|row| row.3).sum();
    assert_eq!(number(&before["credits_estimated"]), total);
    assert_eq!(number(&run["credits_estimated"]), total);
    assert_eq!(number(&after["credits_estimated"]), total);
    assert_eq!(number(&after["credits_reserved"]), total);
    // To the cent, as JSON and as text.
    assert_eq!(before["dollars"], after["dollars"]);
    let cost = text
        .stdout
        .lines()
        .find_map(|l| l.trim().strip_prefix("would cost "));
    let reserved = shown.lines().find_map(|l| l.strip_prefix("Reserved"));
    let reserved = reserved.unwrap().trim();
    assert!(
        reserved.starts_with(cost.unwrap()),
        "{reserved} is not {cost:?}"
    );

    // The same for each listing.
    let shares = before["per_id"].as_array().unwrap();
    let lines = status_lines(&shown);
    let expected = per_listing();
    assert_eq!(shares.len(), expected.len());
    assert_eq!(lines.len(), expected.len());
    for share in shares {
        let listing = share["listing_id"].as_str().unwrap();
        assert_eq!(
            number(&share["credits_estimated"]),
            expected[listing],
            "{listing}"
        );
        // `LST-1  2 clips  15 credits  $1.07 to $1.50` against `15 credits, about $1.07 to $1.50`.
        let line = text
            .stdout
            .lines()
            .find(|l| l.trim().starts_with(listing))
            .unwrap();
        let (credits, dollars) = lines[listing].split_once(", about ").unwrap();
        assert!(line.contains(&format!(" {credits} ")), "{line}: {credits}");
        assert!(line.ends_with(dollars), "{line}: {dollars}");
    }
}

#[test]
fn what_was_charged_takes_the_estimates_place() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let reply = serde_json::json!({
            "id": id, "status": "completed", "credits": 4,
            "output_url": "https://cdn.example.com/clip.mp4",
        });
        Step::reply(200, reply.to_string())
    });
    let world = world(&server);
    world.run(&["submit", "listings.csv"]).expect(0);
    let run = world.run(&["reconcile", "--json"]).expect(0).json();
    let charged = 4_000 * ROWS.len() as i64;
    assert_eq!(number(&run["credits_charged"]), charged);
    let after = world
        .run(&["status", "--summary", "--json"])
        .expect(0)
        .json();
    assert_eq!(number(&after["credits_charged"]), charged);
    assert_eq!(number(&after["credits_reserved"]), 0);
    let lines = status_lines(&world.run(&["status"]).expect(0).stdout);
    for (listing, money) in lines {
        let clips = ROWS.iter().filter(|row| row.0 == listing).count();
        assert!(
            money.starts_with(&format!("{} credits", clips * 4)),
            "{listing}: {money}"
        );
    }
    // Nothing is left to pay for.
    let dry = world
        .run(&["submit", "listings.csv", "--dry-run", "--json"])
        .expect(0)
        .json();
    assert_eq!(number(&dry["credits_estimated"]), 0);
    assert_eq!(dry["per_id"], serde_json::json!([]));
}

#[test]
fn voices_have_their_own_price() {
    let server = Server::accepting();
    let world = world(&server);
    world.write(
        "voices.csv",
        "listing_id,text\nLST-1,Welcome\nLST-1,Goodbye\nLST-2,Hello\n",
    );
    let dry = world
        .run(&["submit", "voices.csv", "--dry-run", "--json"])
        .expect(0)
        .json();
    assert_eq!(number(&dry["credits_estimated"]), 3_750);
    assert_eq!(number(&dry["per_id"][0]["credits_estimated"]), 2_500);
    // In one log with clips.
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["submit", "voices.csv"]).expect(0);
    let after = world
        .run(&["status", "--summary", "--json"])
        .expect(0)
        .json();
    let clips: i64 = ROWS.iter().map(|row| row.3).sum();
    assert_eq!(number(&after["credits_estimated"]), clips + 3_750);
}

#[test]
fn many_listings_are_added_up() {
    let world = World::new();
    let mut text = String::from("sku,image_url,prompt\n");
    for n in 1..=50 {
        writeln!(text, "SKU-{n},https://cdn.example.com/{n}.jpg,turn").unwrap();
    }
    world.write("products.csv", text);
    let run = recorded(
        "cost-many",
        &world,
        &["submit", "products.csv", "--dry-run"],
    )
    .expect(0);
    assert!(run.stdout.contains("30 more"), "{}", run.stdout);
    let json = world
        .run(&["submit", "products.csv", "--dry-run", "--json"])
        .json();
    assert_eq!(json["per_id"].as_array().unwrap().len(), 50);
    assert_eq!(json["per_id"][49]["sku"], "SKU-50");
}

#[test]
fn the_cap_and_the_estimate_count_alike() {
    let server = Server::accepting();
    let world = world(&server);
    let total: i64 = ROWS.iter().map(|row| row.3).sum();
    let run = world
        .run(&[
            "submit",
            "listings.csv",
            "--max-credits",
            &(total / 1000).to_string(),
        ])
        .expect(0);
    assert_eq!(server.posts().len(), ROWS.len(), "{}", run.stderr);
}
