//! `init` and `config`: a setting and a key, kept where they belong.

use crate::support::transcript::{compare, recorded};
use crate::support::{KEY, World};

/// Nothing is set yet.
fn fresh() -> World {
    World::new().without_var("CREATIVEAI_API_KEY")
}

/// The key file that `init` writes by default.
fn key_file(world: &World) -> std::path::PathBuf {
    let files = files_below(&world.path("home"));
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[cfg(unix)]
#[track_caller]
fn assert_private(path: &std::path::Path) {
    use std::os::unix::fs::MetadataExt;
    let mode = |path: &std::path::Path| path.metadata().unwrap().mode() & 0o777;
    assert_eq!(mode(path), 0o600);
}

/// Wine does not take everyone's rights away; a test in src/disk/access.rs asks Windows for it.
#[cfg(windows)]
fn assert_private(_: &std::path::Path) {}

#[test]
fn a_key_from_standard_input_is_kept_in_a_private_file() {
    let world = fresh();
    let args = ["init", "--key-stdin"];
    let run = world.run_with_input(&args, format!("{KEY}\r\n")).expect(0);
    let path = key_file(&world);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{KEY}\n"));
    assert_private(&path);
    assert_eq!(world.files(), ["creativeai.toml"]);
    assert!(!run.stdout.contains(KEY) && !run.stderr.contains(KEY));
    // It holds from now on.
    world.run(&["config"]).expect(0);
    let config = world.run(&["config"]).stdout;
    assert!(!config.contains(KEY), "{config}");
}

#[test]
fn neither_file_is_ever_overwritten() {
    let world = fresh();
    let args = ["init", "--key-stdin", "--key-file", "my.key"];
    world.run_with_input(&args, KEY).expect(0);
    let settings = std::fs::read(world.path("creativeai.toml")).unwrap();
    let again = world.run_with_input(&args, "rph_live_other").expect(78);
    compare("error-init-key-there", &world, &args, &again);
    recorded("error-init-there", &world, &["init"]).expect(78);
    assert_eq!(
        std::fs::read(world.path("creativeai.toml")).unwrap(),
        settings
    );
    let key = std::fs::read_to_string(world.path("my.key")).unwrap();
    assert_eq!(key.trim(), KEY);
    assert_private(&world.path("my.key"));
}

#[test]
fn what_is_no_key_is_not_kept() {
    let world = fresh();
    let args = ["init", "--key-stdin", "--key-file", "my.key"];
    for (name, input) in [
        ("error-init-no-key", ""),
        (
            "error-init-manifest",
            "listing_id,image_url,video_prompt\nLST 1,x,y\n",
        ),
    ] {
        let run = world.run_with_input(&args, input).expect(78);
        compare(name, &world, &args, &run);
        assert!(world.files().is_empty());
    }
}

// A session with a terminal of its own is made by `setsid`, which only Linux has.
#[cfg(target_os = "linux")]
#[test]
fn a_key_that_is_typed_is_not_shown() {
    use crate::support::terminal::{Terminal, plain};
    let world = fresh();
    let mut terminal = Terminal::run_in_session(&world, 80, &["init"]);
    terminal.wait_for("API key");
    terminal.wait_until_hidden();
    terminal.type_in(&format!("{KEY}\n"));
    let (shown, code) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("rph_live"), "{shown}");
    assert!(plain(&shown).contains("Next: creativeai check"), "{shown}");
    let path = key_file(&world);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{KEY}\n"));
    assert_private(&path);
}

// The same.
#[cfg(target_os = "linux")]
#[test]
fn enter_alone_keeps_no_key() {
    let world = fresh();
    let mut terminal = crate::support::terminal::Terminal::run_in_session(&world, 80, &["init"]);
    terminal.wait_for("API key");
    terminal.wait_until_hidden();
    terminal.type_in("\n");
    let (shown, code) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(world.files(), ["creativeai.toml"]);
    assert!(files_below(&world.path("home")).is_empty());
    assert!(shown.contains("No API key yet"), "{shown}");
}

#[test]
fn the_settings_file_is_all_comments_and_says_the_defaults() {
    let world = fresh();
    let before = world.run(&["config", "--json"]).expect(0);
    world.run(&["init"]).expect(0);
    let text = std::fs::read_to_string(world.path("creativeai.toml")).unwrap();
    crate::support::transcript::snapshot("creativeai.toml", &text);
    let values = |run: &crate::support::Ended| run.json()["settings"].clone();
    let after = world.run(&["config", "--json"]).expect(0);
    assert_eq!(values(&before), values(&after), "comments change nothing");
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let world = World::new()
        .with_var("CREATIVEAI_WEBHOOK_URL", "https://example.com/hook")
        .with_var("CREATIVEAI_VERIFY_KEYS", "rph_old_1,rph_old_2");
    world.write(
        "creativeai.toml",
        "model = \"seedance-1.5-pro\"\nduration = 10\n\n[rates.models]\n\"seedance-1.5-pro\" = 3\n",
    );
    let args = ["config", "--base-url", "https://api.example.com/v1/"];
    let run = recorded("config", &world, &args).expect(0);
    for secret in [KEY, "rph_old"] {
        assert!(!run.stdout.contains(secret));
    }
    let json = world.run(&["config", "--json"]).expect(0);
    assert!(!json.stdout.contains(KEY));
    json.json();
}
