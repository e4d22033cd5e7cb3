//! What is reported when something is set up wrongly, word for word.

use crate::support::transcript::recorded;
use crate::support::{World, listings};

/// A folder with a manifest in order.
fn ready() -> World {
    let world = World::new();
    world.write("listings.csv", listings(1));
    world
}

const SUBMIT: [&str; 2] = ["submit", "listings.csv"];

#[test]
fn no_key() {
    let world = ready().without_var("CREATIVEAI_API_KEY");
    recorded("error-no-key", &world, &SUBMIT).expect(78);
}

#[test]
fn a_key_that_is_none() {
    let world = ready().with_var("CREATIVEAI_API_KEY", "two words");
    recorded("error-key-unusable", &world, &SUBMIT).expect(78);
}

#[test]
fn a_key_file_that_is_missing_or_empty() {
    let world = ready().without_var("CREATIVEAI_API_KEY");
    let mut args = vec!["--api-key-file", "key"];
    args.extend(SUBMIT);
    recorded("error-key-file-missing", &world, &args).expect(78);
    write_private(&world, "key", "\n");
    recorded("error-key-file-empty", &world, &args).expect(78);
}

// Modes are Unix's; on Windows `init` limits access, which tests/it/init.rs looks at.
#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let world = ready().without_var("CREATIVEAI_API_KEY");
    world.write("key", "rph_live_1\n");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(world.path("key"), mode).unwrap();
    let mut args = vec!["--api-key-file", "key"];
    args.extend(SUBMIT);
    let run = recorded("error-key-file-open", &world, &args).expect(78);
    assert!(!run.stderr.contains("rph_live"));
}

fn write_private(world: &World, name: &str, text: &str) {
    world.write(name, text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(world.path(name), mode).unwrap();
    }
}

#[test]
fn settings_that_no_one_knows() {
    let world = ready();
    world.write("creativeai.toml", "[video]\nmodel = \"x\"\nduratoin = 5\n");
    recorded("error-setting-unknown", &world, &SUBMIT).expect(78);
    world.write("creativeai.toml", "weather = \"fine\"\n");
    recorded("error-setting-unknown-far", &world, &SUBMIT).expect(78);
}

#[test]
fn settings_of_the_wrong_kind() {
    let world = ready();
    world.write("creativeai.toml", "base_url = 8790\n");
    recorded("error-setting-type", &world, &SUBMIT).expect(78);
    world.write("creativeai.toml", "[network]\nconcurrency = \"many\"\n");
    recorded("error-setting-type-number", &world, &SUBMIT).expect(78);
}

#[test]
fn a_settings_file_that_is_no_toml() {
    let world = ready();
    world.write("creativeai.toml", "base_url = https://api.creativeai.run\n");
    recorded("error-settings-syntax", &world, &SUBMIT).expect(78);
    recorded(
        "error-settings-missing",
        &world,
        &["--config", "other.toml", "config"],
    )
    .expect(78);
}

#[test]
fn a_base_url_that_is_none_or_in_the_open() {
    let world = ready();
    for (name, url) in [
        ("error-base-url", "api.creativeai.run"),
        ("error-base-url-http", "http://api.creativeai.run"),
        (
            "error-base-url-password",
            "https://me:secret@api.creativeai.run",
        ),
    ] {
        let mut args = vec!["--base-url", url];
        args.extend(SUBMIT);
        // What is typed here is shown as it was typed; what the program says must not hold it.
        let run = recorded(name, &world, &args).expect(78);
        assert!(!run.stderr.contains("secret"));
    }
}

#[test]
fn words_that_are_mistyped() {
    let world = ready();
    recorded("error-command", &world, &["submti", "listings.csv"]).expect(2);
    recorded(
        "error-option",
        &world,
        &["submit", "listings.csv", "--dryrun"],
    )
    .expect(2);
    recorded(
        "error-option-value",
        &world,
        &["submit", "listings.csv", "--duration", "long"],
    )
    .expect(2);
    recorded("error-shell", &world, &["completions", "tcsh"]).expect(2);
    recorded("error-no-manifest", &world, &["submit"]).expect(2);
    recorded("error-no-choice", &world, &["retry"]).expect(2);
}

#[test]
fn nothing_typed_shows_the_help() {
    let run = World::new().run(&[]).expect(2);
    assert!(run.stderr.contains("Usage: creativeai"), "{}", run.stderr);
}
