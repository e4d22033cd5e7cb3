//! `--version`: which program this is.

use crate::support::World;

#[test]
fn the_version_names_the_commit_and_the_target() {
    let world = World::new();
    let number = concat!("creativeai ", env!("CARGO_PKG_VERSION"));
    let short = world.run(&["-V"]).expect(0);
    assert_eq!(short.stdout, format!("{number}\n"));
    let long = world.run(&["--version"]).expect(0).stdout;
    let lines: Vec<&str> = long.lines().collect();
    let [first, commit, target] = lines[..] else {
        panic!("{long}")
    };
    assert_eq!(first, number);
    let commit = commit.strip_prefix("commit ").unwrap();
    let is_name = commit.len() == 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_name || commit == "unknown", "{commit}");
    let target = target.strip_prefix("target ").unwrap();
    assert!(target.starts_with(std::env::consts::ARCH), "{target}");
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    assert!(target.contains(system), "{target}");
}

/// The build script, compiled and run as cargo does it, in folders that stand for each way to build.
/// In Wine it would start Linux' compiler from Windows.
#[cfg(unix)]
mod build_script {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use crate::support::World;

    const COMMIT: &str = "CREATIVEAI_BUILD_COMMIT";

    fn compiled(world: &World) -> PathBuf {
        let program = world.path("build-script");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let status = Command::new(compiler)
            .args(["--edition=2024", source, "-o"])
            .arg(&program)
            .status();
        assert!(status.unwrap().success());
        program
    }

    fn output_in(folder: &Path, program: &Path, given: Option<&str>) -> String {
        output_of("release", folder, program, given)
    }

    fn output_of(profile: &str, folder: &Path, program: &Path, given: Option<&str>) -> String {
        let mut command = Command::new(program);
        command
            .env("CARGO_MANIFEST_DIR", folder)
            .env("TARGET", "some-target")
            .env("PROFILE", profile)
            .env_remove(COMMIT);
        command.envs(given.map(|commit| (COMMIT, commit)));
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit_in(output: &str) -> &str {
        let name = "cargo::rustc-env=CREATIVEAI_BUILD_COMMIT=";
        let mut lines = output.lines();
        lines.find_map(|line| line.strip_prefix(name)).unwrap()
    }

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(identity);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn it_takes_the_commit_that_the_sources_are_of() {
        let world = World::new();
        let program = compiled(&world);
        let folder = world.path("source");
        fs::create_dir(&folder).unwrap();
        let printed = output_in(&folder, &program, None);
        assert_eq!(commit_in(&printed), "unknown");
        assert!(printed.contains("CREATIVEAI_BUILD_TARGET=some-target\n"));
        let given = "0123456789ABCDEF0123456789abcdef01234567";
        let printed = output_in(&folder, &program, Some(given));
        assert_eq!(commit_in(&printed), "0123456789ab");
        for odd in ["", "0123", "no commit at all", "0123456789a\u{e9}"] {
            let printed = output_in(&folder, &program, Some(odd));
            assert_eq!(commit_in(&printed), "unknown", "{odd}");
        }
        // A package from the registry, inside a checkout of something else.
        let noted = format!(r#"{{ "git": {{ "sha1": "{given}" }}, "path_in_vcs": "" }}"#);
        fs::write(folder.join(".cargo_vcs_info.json"), noted).unwrap();
        if Command::new("git").arg("--version").output().is_err() {
            return; // There is no git here.
        }
        git(&world.path(""), &["init", "-q"]);
        git(
            &world.path(""),
            &["commit", "-q", "--allow-empty", "-m", "other"],
        );
        let printed = output_in(&folder, &program, None);
        assert_eq!(commit_in(&printed), "0123456789ab");
        // A checkout of its own, with a commit, then with the next one.
        git(&folder, &["init", "-q"]);
        for message in ["one", "two"] {
            git(&folder, &["commit", "-q", "--allow-empty", "-m", message]);
            let printed = output_in(&folder, &program, None);
            let head = git(&folder, &["rev-parse", "HEAD"]);
            assert_eq!(commit_in(&printed), &head[..12]);
            // Cargo runs a script each time when what it watches is not there.
            let watched = |line: &str| {
                let path = line.strip_prefix("cargo::rerun-if-changed=")?;
                Some(folder.join(path)).filter(|path| !path.ends_with("build.rs"))
            };
            let watched: Vec<PathBuf> = printed.lines().filter_map(watched).collect();
            assert!(watched.iter().any(|path| path.ends_with("logs/HEAD")));
            assert!(watched.iter().all(|path| path.exists()), "{printed}");
            // A debug build is not made anew for a commit.
            let printed = output_of("debug", &folder, &program, None);
            assert_eq!(commit_in(&printed), "0123456789ab");
            assert!(!printed.contains("HEAD"), "{printed}");
        }
    }
}
