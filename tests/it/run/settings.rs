//! `[run]` of the settings: what a round is made of, and when one begins.

use super::{times, vendor, world};
use crate::support::World;

/// The steps of a round, as its result names them.
fn steps(world: &World, args: &[&str]) -> Vec<String> {
    let run = world.run(&[&["run", "--json"], args].concat()).expect(0);
    let steps = run.json()["steps"].clone();
    serde_json::from_value(steps).unwrap()
}

#[test]
fn the_settings_leave_out_steps_and_typed_ones_take_their_place() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    world.write(
        "creativeai.toml",
        "[run]\nskip = [\"check\", \"report\"]\nwait = \"5m\"\n",
    );
    let typed = ["listings.csv"];
    assert_eq!(
        steps(&world, &typed),
        ["submit", "retry", "wait", "download"]
    );
    assert!(!world.path("report.html").exists());
    let typed = ["listings.csv", "--skip", "check", "--skip", "retry"];
    assert_eq!(
        steps(&world, &typed),
        ["submit", "wait", "download", "report"]
    );
    let shown = world.run(&["config"]).expect(0).stdout;
    assert!(shown.contains("check, report"), "{shown}");
}

#[test]
fn settings_beside_the_sheet_hold_wherever_the_round_is_begun() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    std::fs::create_dir(world.path("acme")).unwrap();
    std::fs::rename(world.path("listings.csv"), world.path("acme/listings.csv")).unwrap();
    world.write(
        "acme/creativeai.toml",
        "[run]\nskip = [\"check\", \"wait\", \"download\"]\n",
    );
    assert_eq!(
        steps(&world, &["acme/listings.csv"]),
        ["submit", "retry", "report"]
    );
}

#[test]
fn rows_with_mistakes_are_left_out_where_the_settings_say_so() {
    let server = vendor(|_| false);
    let world = world(&server, 2);
    let sheet = std::fs::read_to_string(world.path("listings.csv")).unwrap();
    world.write("listings.csv", sheet + "LST-9,ftp://x,pan\n");
    world.write("creativeai.toml", "[run]\nskip = [\"check\"]\n");
    world.run(&["run", "listings.csv"]).expect(65);
    world.write(
        "creativeai.toml",
        "[run]\nskip = [\"check\"]\nskip_invalid = true\n",
    );
    world.run(&["run", "listings.csv"]).expect(0);
    assert_eq!(times(&world, "submitting"), 2);
}

#[test]
fn a_round_of_the_settings_stays_and_once_makes_only_one() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    world.write(
        "creativeai.toml",
        "[run]\nskip = [\"check\"]\nevery = \"1h\"\n",
    );
    let mut running = world.start(&["run", "listings.csv"]);
    running.wait_for_words("the next round begins at");
    running.kill();
    assert_eq!(times(&world, "completed"), 1);
    world.run(&["run", "listings.csv", "--once"]).expect(0);

    world.write("creativeai.toml", "[run]\nevery = \"1h\"\nat = \"02:30\"\n");
    let run = world.run(&["run", "listings.csv"]).expect(78);
    assert!(run.stderr.contains("exclude each other"), "{}", run.stderr);
}

#[test]
fn clips_go_to_the_shop_of_the_settings_unless_a_command_takes_them() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    let settings = "[run]\nskip = [\"check\"]\nto = \"shopify\"\n";
    world.write("creativeai.toml", settings);
    // Without a shop to publish to, the step fails and says so.
    let run = world.run(&["run", "listings.csv"]);
    assert_ne!(run.code(), 0);
    assert!(run.stderr.contains("publish: "), "{}", run.stderr);
    world
        .run(&["run", "listings.csv", "--exec", "exit 0"])
        .expect(0);
    assert_eq!(times(&world, "published"), 1);

    world.write("creativeai.toml", "[run]\nto = \"etsy\"\n");
    let run = world.run(&["run", "listings.csv"]).expect(78);
    for words in ["creativeai.toml, line 2", "run.to", "shopify"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}
