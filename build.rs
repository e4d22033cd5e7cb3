//! Writes down what the program is built from, for `--version`: the commit and the target.
//!
//! The commit is, in this order: what `CREATIVEAI_BUILD_COMMIT` says (a build without git), the checkout's
//! own, the one that `cargo package` has noted, or `unknown`. A debug build does not ask the checkout: it
//! would be compiled anew after every commit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// A build may be given its commit: a container often has no git.
const COMMIT: &str = "CREATIVEAI_BUILD_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={COMMIT}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let given = env::var(COMMIT).ok().and_then(|name| commit(&name));
    let found = given
        .or_else(|| of_checkout(&root))
        .or_else(|| of_package(&root));
    println!(
        "cargo::rustc-env={COMMIT}={}",
        found.as_deref().unwrap_or("unknown")
    );
    let target = env::var("TARGET").unwrap_or_else(|_| "unknown".into());
    println!("cargo::rustc-env=CREATIVEAI_BUILD_TARGET={target}");
}

/// The first twelve digits of a commit's name: enough to find it, and the same length everywhere.
fn commit(name: &str) -> Option<String> {
    let short = name.trim().get(..12)?;
    let is_name = short.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| short.to_ascii_lowercase())
}

/// Of this checkout, never of one that only happens to be around the folder.
fn of_checkout(root: &Path) -> Option<String> {
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if !is_release || !root.join(".git").exists() {
        return None;
    }
    // HEAD changes with the branch, its log with every commit. A path that is not there would mean
    // "run again each time" to cargo.
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(root, &["rev-parse", "--git-path", file])?;
        let path = root.join(path.trim());
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    commit(&git(root, &["rev-parse", "HEAD"])?)
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    let output = command.arg("-C").arg(root).args(arguments).output().ok()?;
    let is_done = output.status.success();
    is_done
        .then(|| String::from_utf8(output.stdout).ok())
        .flatten()
}

/// `{ "git": { "sha1": "..." } }`, in a package from the registry.
fn of_package(root: &Path) -> Option<String> {
    let noted = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, after) = noted.split_once("\"sha1\"")?;
    commit(after.trim_start_matches([':', ' ', '"']))
}
