//! What `just dist` fills in and writes: templates, and the packages where they have been made.

mod containers;
mod packaging;
// Its packagers are those of Unix, and Wine has no Python.
#[cfg(unix)]
mod packing;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn sha256(content: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(content))
}

/// What stands between two `@` in a template.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.lines()
        .flat_map(|line| line.split('@').skip(1).step_by(2))
        .collect()
}

#[test]
fn templates_ask_only_for_what_is_filled_in() {
    let packer = fs::read_to_string(root().join("tools/dist/pack.py")).unwrap();
    let templates = files_in(&root().join("tools/dist/templates"));
    assert_eq!(templates.len(), 5);
    for template in templates {
        let text = fs::read_to_string(&template).unwrap();
        let asked = placeholders(&text);
        assert!(asked.contains("VERSION"), "{template:?}");
        for placeholder in asked {
            let (what, target) = placeholder.split_once(' ').unwrap_or((placeholder, ""));
            let is_known = ["VERSION", "HOMEPAGE", "URL", "SHA256"].contains(&what);
            assert!(is_known, "{template:?}: {placeholder}");
            assert_eq!(target.is_empty(), ["VERSION", "HOMEPAGE"].contains(&what));
            let is_packed = packer.contains(&format!("\"{target}\""));
            assert!(target.is_empty() || is_packed, "{template:?}: {target}");
        }
    }
}

#[test]
fn the_pages_name_the_packages_that_are_made_and_not_those_of_others() {
    let packer = fs::read_to_string(root().join("tools/dist/packages.py")).unwrap();
    let (_, after) = packer.split_once("\nPACKAGE = \"").unwrap();
    let (package, _) = after.split_once('"').unwrap();
    let launcher = fs::read_to_string(root().join("tools/dist/creativeai.js")).unwrap();
    assert!(launcher.contains(&format!("`{package}-${{process.platform}}-")));
    for page in ["README.md", "docs/install.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for way in [
            "pipx install ",
            "npx ",
            "npm install --global ",
            "uvx --from ",
        ] {
            for command in text.split(way).skip(1) {
                let named = command.split(['`', ' ', '@', '\n']).next().unwrap();
                assert_eq!(named, package, "{page}: {way}");
            }
        }
    }
}

#[test]
fn packages_that_were_made_have_the_hashes_that_are_reported() {
    let made = root().join("target/dist");
    let Ok(sums) = fs::read_to_string(made.join("SHA256SUMS")) else {
        return; // Nothing was packed here: `just dist` does.
    };
    let mut hashes = BTreeSet::new();
    for line in sums.lines() {
        let (hash, name) = line.split_once("  ").unwrap();
        assert_eq!(sha256(&fs::read(made.join(name)).unwrap()), hash, "{name}");
        hashes.insert(hash);
    }
    for manifest in files_in(&made.join("manifests")) {
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(placeholders(&text).is_empty(), "{manifest:?}");
        let is_hash = |word: &&str| word.len() == 64;
        let words = text.split(|c: char| !c.is_ascii_hexdigit());
        for hash in words.filter(is_hash) {
            assert!(hashes.contains(hash), "{manifest:?}: {hash}");
        }
    }
}
