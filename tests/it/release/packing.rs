//! Packages of a program that only says its name: each is what its packager takes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::support::{World, skip};

/// What `tools/dist/packages.py` is asked for, with a stand-in for the program, at a fixed time.
const PACK: &str = r##"
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import packages
program = b"#!/bin/sh\necho stand-in\n"
project = {"version": "1.2.3", "description": "A stand-in", "license": "MIT", "metadata": {"deb": {
    "depends": "$auto", "maintainer": "Maintainer", "section": "utils", "extended-description": "Two\nlines"}}}
target = {"glibc": "2.17", "deb": "all", "npm": (sys.platform, "x64"), "wheel": "any"}
for name, content in (
    packages.wheel(project, target, program, "creativeai", "Read me", b"MIT", 1000000000),
    packages.deb(project, target, program, [("usr/share/doc/creativeai/copyright", b"MIT")], 1000000000),
    packages.npm_binary(project, target, program, "creativeai", b"MIT", 1000000000),
    packages.npm_main(project, [target], b"", "Read me", b"MIT", 1000000000),
):
    pathlib.Path(name).write_bytes(content)
    print(name)
"##;

/// The packages' files in the world's folder, or nothing where Python is missing.
fn packed(world: &World) -> Option<Vec<String>> {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/dist");
    let names = output(world, "python3", &["-B", "-c", PACK, tools])?;
    Some(names.lines().map(str::to_owned).collect())
}

/// What a command prints, which must succeed; nothing where it is not installed.
fn output(world: &World, program: &str, args: &[&str]) -> Option<String> {
    let output = match world.command(program, args).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip(&format!("{program} is not installed"));
            return None;
        }
        output => output.unwrap(),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn contents(world: &World, names: &[String]) -> Vec<Vec<u8>> {
    let read = |name| fs::read(world.path(name)).unwrap();
    names.iter().map(|name| read(name)).collect()
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let (one, other) = (World::new(), World::new());
    let (Some(names), Some(again)) = (packed(&one), packed(&other)) else {
        return;
    };
    assert_eq!(names, again);
    assert_eq!(contents(&one, &names), contents(&other, &again));
}

/// On `PyPI` and npm the files beside the README are not there.
#[test]
fn links_in_the_published_readme_are_whole_addresses() {
    let world = World::new();
    let script = r#"
import sys
sys.path.insert(0, sys.argv[1])
import packages
sys.stdout.reconfigure(encoding="utf-8")
readme = open(sys.argv[2], encoding="utf-8").read()
print(packages.absolute_links(readme, "https://example.com/blob/v1"))
"#;
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/dist");
    let args = ["-B", "-c", script, tools, readme];
    let Some(published) = output(&world, "python3", &args) else {
        return;
    };
    let page = "(https://example.com/blob/v1/docs/log-format.md#statuses-of-an-attempt)";
    assert!(published.contains(page));
    for link in published.split("](").skip(1) {
        let is_whole = link.starts_with("https://") || link.starts_with('#');
        assert!(is_whole, "{}", &link[..link.len().min(60)]);
    }
}

#[test]
fn pip_installs_and_removes_the_wheel() {
    let world = World::new();
    let Some(names) = packed(&world) else { return };
    assert_eq!(names[0], "creativeai_cli-1.2.3-py3-none-any.whl");
    // A pip of its own would take longer to install than the wheel.
    let venv = [
        "-m",
        "venv",
        "--without-pip",
        "--system-site-packages",
        "env",
    ];
    if output(&world, "python3", &venv).is_none() {
        return;
    }
    let python = text(&world.path("env/bin/python"));
    let pip = |args: &[&str]| {
        let quiet = ["--quiet", "--disable-pip-version-check"];
        output(&world, &python, &[&["-m", "pip"], args, &quiet].concat())
    };
    let program = world.path("env/bin/creativeai");
    pip(&["install", "--no-index", &names[0]]);
    let printed = output(&world, &text(&program), &[]);
    assert_eq!(printed.as_deref(), Some("stand-in\n"));
    pip(&["uninstall", "--yes", "creativeai-cli"]);
    assert!(!program.exists());
}

#[test]
fn dpkg_reads_the_debian_package() {
    let world = World::new();
    let Some(names) = packed(&world) else { return };
    let Some(about) = output(&world, "dpkg-deb", &["--field", &names[1]]) else {
        return;
    };
    for line in [
        "Package: creativeai",
        "Version: 1.2.3-1",
        "Depends: libc6 (>= 2.17)",
        "Description: A stand-in\n Two\n lines",
    ] {
        assert!(about.contains(line), "{line}: {about}");
    }
    output(&world, "dpkg-deb", &["--extract", &names[1], "root"]);
    let printed = output(&world, &text(&world.path("root/usr/bin/creativeai")), &[]);
    assert_eq!(printed.as_deref(), Some("stand-in\n"));
    assert!(
        world
            .path("root/usr/share/doc/creativeai/copyright")
            .exists()
    );
}

#[test]
fn the_npm_package_depends_on_that_of_the_system() {
    let world = World::new();
    let Some(names) = packed(&world) else { return };
    for name in &names[2..] {
        let folder = if *name == names[2] { "system" } else { "main" };
        fs::create_dir(world.path(folder)).unwrap();
        output(&world, "tar", &["-xzf", name, "-C", folder]);
    }
    let about = |folder: &str| -> serde_json::Value {
        let text = fs::read(world.path(folder).join("package/package.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let (system, main) = (about("system"), about("main"));
    let name = system["name"].as_str().unwrap();
    // The one asks for exactly the other, and its launcher is the command.
    assert_eq!(main["optionalDependencies"][name], system["version"]);
    assert_eq!(main["bin"]["creativeai"], "creativeai.js");
    assert_eq!(system["files"][0], "creativeai");
    assert!(world.path("system/package/creativeai").exists());
}
