//! What goes into packages beside the program: completions, manual pages, examples.

use std::fs;
use std::path::Path;

use crate::help::COMMANDS;
use crate::support::{World, skip};

/// The project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_shell_completes_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = world.run(&["completions", shell]).expect(0);
        assert_eq!(run.stderr, "");
        for command in COMMANDS {
            assert!(run.stdout.contains(command), "{shell}: {command}");
        }
        for option in ["max-credits", "resubmit-changed", "base-url"] {
            assert!(run.stdout.contains(option), "{shell}: {option}");
        }
    }
}

// bash is not what completes on Windows, and Wine has no PowerShell.
#[cfg(unix)]
#[test]
fn bash_completes_what_is_begun() {
    let world = World::new();
    let line = r#"
        eval "$("$0" completions bash)"
        complete_words() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _creativeai creativeai "${@: -1}" "${@: -2:1}"
            printf '%s\n' "${COMPREPLY[@]}"
        }
        complete_words creativeai rec
        complete_words creativeai submit --max
    "#;
    let mut command = world.command("bash", &["-c", line]);
    command.args([crate::support::world::PROGRAM]);
    let Ok(output) = command.output() else {
        return; // There is no bash here.
    };
    let printed = String::from_utf8(output.stdout).unwrap();
    for word in ["reconcile", "--max-credits", "--max-jobs"] {
        assert!(
            printed.lines().any(|line| line.trim() == word),
            "{word}: {printed}"
        );
    }
}

#[test]
fn every_command_has_a_manual_page_with_examples() {
    let world = World::new();
    let run = world.run(&["man", "--dir", "man1", "-q"]).expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let page = |name: &str| fs::read_to_string(world.path("man1").join(name)).unwrap();
    let overview = page("creativeai.1");
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS"] {
        assert!(overview.contains(section), "{section}");
    }
    for command in COMMANDS {
        let text = page(&format!("creativeai-{command}.1"));
        assert!(text.contains("EXAMPLES"), "{command}");
    }
    let pages = fs::read_dir(world.path("man1")).unwrap().count();
    assert_eq!(pages, COMMANDS.len() + 1);
}

#[test]
fn the_debian_package_finds_its_parts() {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array();
    let recipes = fs::read_to_string(root().join("tools/dist/assets.sh")).unwrap();
    let mut folders = Vec::new();
    for asset in assets.unwrap() {
        let [source, target, mode] = [0, 1, 2].map(|n| asset[n].as_str().unwrap());
        assert!(mode == "644" || source.ends_with("/creativeai"), "{source}");
        folders.push(target);
        if let Some(made) = source.strip_prefix("target/") {
            let name = made.rsplit('/').next().unwrap();
            let is_made = made.starts_with("release/") || recipes.contains(name);
            assert!(
                is_made || made == "assets/man/*.1",
                "no recipe makes {source}"
            );
            continue;
        }
        let fixed = source.split('*').next().unwrap();
        let ending = source.rsplit('*').next().unwrap();
        let path = root().join(fixed);
        let fits = |path: &Path| path.to_string_lossy().ends_with(ending);
        let found = if path.is_dir() {
            fs::read_dir(&path)
                .unwrap()
                .any(|entry| ending.starts_with('/') || fits(&entry.unwrap().path()))
        } else {
            path.is_file()
        };
        assert!(found, "{source}");
    }
    for folder in ["usr/bin/", "usr/share/man/man1/"] {
        assert!(folders.contains(&folder), "{folder}");
    }
    // The timer comes with the examples, and with the service it starts.
    let examples = root().join("examples/scheduling");
    let timer = fs::read_to_string(examples.join("creativeai-nightly.timer")).unwrap();
    assert!(timer.contains("OnCalendar="));
    let service = fs::read_to_string(examples.join("creativeai-nightly.service")).unwrap();
    assert!(service.contains("ExecStart=") && service.contains("Type=oneshot"));
}

#[test]
fn the_promised_compiler_is_new_enough_for_every_dependency() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => return skip(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => return skip(&format!("cargo cannot be started: {error}")),
    };
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let version =
        |text: &str| -> Vec<u32> { text.split('.').map(|n| n.parse().unwrap()).collect() };
    let promised = version(env!("CARGO_PKG_RUST_VERSION"));
    for package in all["packages"].as_array().unwrap() {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(
                version(needed)[..2] <= promised[..2],
                "{} needs {needed}",
                package["name"]
            );
        }
    }
}
