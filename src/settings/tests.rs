//! Precedence, origins, and what is refused.

mod defaults;
mod profiles;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;
use tempfile::TempDir;

use super::*;
use crate::cli::Cli;
use crate::exit::{Code, Failure};
use crate::jobs::{Credits, IdColumn};
use crate::vendor::{ApiKey, Rate};

/// A current folder, a user's folder and an environment, all of them empty.
struct World {
    root: TempDir,
    vars: HashMap<&'static str, OsString>,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["here", "user", "home"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self {
            root,
            vars: HashMap::new(),
        }
    }

    fn var(mut self, name: &'static str, value: &str) -> Self {
        self.vars.insert(name, value.into());
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    fn key_file(self, name: &str, key: &str) -> Self {
        write_key_file(&self.path(name), &ApiKey::new(key).unwrap()).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn resolve(&self, line: &str) -> Result<Settings, Failure> {
        let line = line.replace("ROOT", self.root.path().to_str().unwrap());
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let mut env = Env::new(|name| self.vars.get(name).cloned(), self.path("here"));
        env.user_folders = vec![self.path("user")];
        env.home = Some(self.path("home"));
        Settings::resolve(&cli.flags(), &env)
    }

    fn settings(&self, line: &str) -> Settings {
        self.resolve(line).unwrap()
    }

    fn refusal(&self, line: &str) -> String {
        let failure = self.resolve(line).unwrap_err();
        assert_eq!(failure.code(), Code::Config, "{failure}");
        format!("{failure}; {}", failure.next_step().unwrap())
    }
}

const SUBMIT: &str = "creativeai submit photos/listings.csv";

fn row<'a>(settings: &'a Settings, name: &str) -> &'a SettingRow {
    settings.rows().iter().find(|r| r.name == name).unwrap()
}

#[test]
fn flag_before_environment_before_this_folder_before_the_users_before_default() {
    let mut world = World::new();
    let url = |world: &World, line: &str| world.settings(line).base_url.value.unwrap();
    assert_eq!(url(&world, SUBMIT), "https://api.creativeai.run");
    world = world.file("user/creativeai.toml", "base_url = \"https://user\"\n");
    assert_eq!(url(&world, SUBMIT), "https://user");
    world = world.file("here/creativeai.toml", "base_url = \"https://here\"\n");
    assert_eq!(url(&world, SUBMIT), "https://here");
    world = world.var("CREATIVEAI_BASE_URL", "https://env");
    assert_eq!(url(&world, SUBMIT), "https://env");
    let flag = format!("{SUBMIT} --base-url https://flag");
    assert_eq!(url(&world, &flag), "https://flag");
    world = world.var("CREATIVEAI_BASE_URL", "");
    assert_eq!(url(&world, SUBMIT), "https://here", "empty is unset");
}

#[test]
fn a_settings_file_beside_the_work_does_not_have_the_users_key_sent_elsewhere() {
    let world = World::new()
        .key_file("user/api-key", "rph_live_1")
        .key_file("here/their-key", "rph_live_2");
    let key = |world: &World, line: &str| world.settings(line).require_key();
    let foreign = "base_url = \"https://api.example.com\"\n";
    let world = world.file("here/creativeai.toml", foreign);
    let refused = key(&world, SUBMIT).unwrap_err();
    assert_eq!(refused.code(), Code::Config);
    let refused = refused.to_string();
    assert!(refused.contains("https://api.example.com"), "{refused}");
    // A person has named it, it is this computer, or the key is of the same folder.
    let flag = format!("{SUBMIT} --base-url https://api.example.com");
    assert!(key(&world, &flag).is_ok());
    let named = format!("{SUBMIT} --config ROOT/here/creativeai.toml");
    assert!(key(&world, &named).is_ok());
    let own = format!("{foreign}api_key_file = \"their-key\"\n");
    assert!(key(&world.file("here/creativeai.toml", &own), SUBMIT).is_ok());
    for trusted in ["http://127.0.0.1:8790", "https://api.creativeai.run/v1"] {
        let settings = format!("base_url = \"{trusted}\"\n");
        let world = World::new()
            .key_file("user/api-key", "rph_live_1")
            .file("here/creativeai.toml", &settings);
        assert!(key(&world, SUBMIT).is_ok(), "{trusted}");
    }
    let world = World::new()
        .key_file("user/api-key", "rph_live_1")
        .file("user/creativeai.toml", foreign);
    assert!(key(&world, SUBMIT).is_ok());
}

#[test]
fn a_settings_file_beside_the_work_does_not_have_the_key_mailed() {
    let email = "[notify.email]\nserver = \"smtp.example.com\"\nuser = \"u\"\nfrom = \"a@example.com\"\n\
                 to = [\"a@example.com\"]\npassword_file = \"../user/api-key\"\n";
    let world = World::new().key_file("user/api-key", "rph_live_1");
    let world = world.file("here/creativeai.toml", email);
    let refusal = world.refusal(SUBMIT);
    assert!(refusal.contains("notify.email.password_file"), "{refusal}");
}

#[test]
fn the_two_files_complement_each_other_and_origins_are_reported() {
    let world = World::new()
        .file(
            "user/creativeai.toml",
            "model = \"a\"\naspect_ratio = \"9:16\"\n",
        )
        .file("here/creativeai.toml", "\nmodel = \"b\"\n");
    let settings = world.settings(&format!("{SUBMIT} --duration 10"));
    assert_eq!(settings.video.model, "b");
    assert_eq!(settings.video.aspect_ratio, "9:16");
    assert_eq!(settings.video.duration.get(), 10);
    let origin = |name| row(&settings, name).origin.clone();
    assert_eq!(
        origin("model"),
        Origin::File(world.path("here/creativeai.toml"), 2)
    );
    assert_eq!(
        origin("aspect_ratio"),
        Origin::File(world.path("user/creativeai.toml"), 2)
    );
    assert_eq!(origin("duration"), Origin::Flag("--duration"));
    assert_eq!(origin("interval"), Origin::Default);
    assert_eq!(settings.files().len(), 2);
}

#[test]
fn values_are_shown_as_they_were_typed() {
    let world = World::new().var("CREATIVEAI_JOBS", "a.jsonl").file(
        "here/creativeai.toml",
        "timeout = \"0.5h\"\nconcurrency = 12\n[download]\nmax_size = \"2000 MB\"\n\
         [run]\nskip = [\"download\", \"publish\"]\nskip_invalid = true\n",
    );
    let settings = world.settings("creativeai config");
    for (name, shown) in [
        ("jobs", "a.jsonl"),
        ("timeout", "0.5h"),
        ("concurrency", "12"),
        ("download.max_size", "2000 MB"),
        ("run.skip", "download, publish"),
        ("run.skip_invalid", "true"),
        ("rate", ""),
    ] {
        assert_eq!(row(&settings, name).value, shown, "{name}");
    }
}

#[test]
fn a_named_file_is_the_only_one_and_has_to_exist() {
    let world = World::new()
        .file("here/creativeai.toml", "model = \"here\"\n")
        .file("other.toml", "rate = \"5/s\"\n");
    let settings = world.settings(&format!("{SUBMIT} --config ROOT/other.toml"));
    assert_eq!(settings.video.model, "kling-v3");
    assert_eq!(settings.network.rate, Rate::parse("5/s").ok());
    let text = world.refusal(&format!("{SUBMIT} --config ROOT/none.toml"));
    assert!(text.contains("none.toml"), "{text}");
}

#[test]
fn a_wrong_value_is_refused_even_where_another_one_has_the_say() {
    for (text, expected) in [
        (
            "concurrency = \"many\"",
            "`concurrency` must be a number, not a text",
        ),
        ("concurrency = 0", "must be a whole number from 1 to 1024"),
        ("concurrency = 1.5", "must be a whole number"),
        ("concurrency = 99999999999", "must be a whole number"),
        ("model = 3", "must be a string in quotes, not a number"),
        ("model = \"\"", "must not be empty"),
        (
            "duration = true",
            "must be a string or a number, not true or false",
        ),
        ("duration = \"long\"", "not a clip length"),
        ("interval = \"0s\"", "longer than zero"),
        ("duration_style = \"int\"", "neither"),
        ("jobs = [\"a\"]", "not a list"),
        ("rate = \"fast\"", "not a rate"),
        ("voice.poll_path = \"x\"", "{id}"),
        ("voice.speed = -1", "not a speed"),
        ("voice.speed = \"50\"", "not a speed from 0.25 to 4"),
        ("rates.voice = -1", "not be a negative number"),
        ("rates.dollars_low = nan", "not be a negative number"),
        ("rates.dollars_low = 3", "more than"),
        ("rates.models.x = \"3\"", "must be a number"),
        ("download.max_size = \"big\"", "not a size"),
    ] {
        let world = World::new().file("here/creativeai.toml", text);
        let line = "creativeai submit x.csv --concurrency 2 --model m --duration 5 --interval 5s";
        let message = world.refusal(line);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn unknown_keys_are_named_with_file_line_and_the_nearest_right_one() {
    let world = World::new().file("here/creativeai.toml", "# mine\nmodle = \"x\"\n");
    let text = world.refusal("creativeai config");
    assert!(text.contains("creativeai.toml, line 2"), "{text}");
    assert!(text.contains("did you mean `model`?"), "{text}");
}

#[test]
fn the_sandbox_has_its_own_address_log_and_key() {
    let world = World::new().var("CREATIVEAI_BASE_URL", "https://env");
    let settings = world.settings(&format!("{SUBMIT} --sandbox"));
    assert_eq!(settings.base_url.value, None);
    assert_eq!(settings.require_key().unwrap().expose(), "sandbox");
    let jobs = settings.jobs_path(None, Some(Path::new("photos/listings.csv")));
    assert_eq!(jobs, Path::new("photos/sandbox-jobs.jsonl"));
    let world = world.var("CREATIVEAI_API_KEY", "rph_live_1");
    let settings = world.settings(&format!("{SUBMIT} --sandbox"));
    assert_eq!(settings.require_key().unwrap().expose(), "rph_live_1");
    // Before and after the command's name the parser sees no conflict.
    let failure = world
        .resolve("creativeai --base-url http://x status --sandbox")
        .unwrap_err();
    assert_eq!(failure.code(), Code::Usage);
}

#[test]
fn the_log_is_where_the_flag_the_environment_the_file_or_the_manifest_says() {
    let manifest = Some(Path::new("photos/listings.csv"));
    let world = World::new();
    let settings = world.settings(SUBMIT);
    assert_eq!(settings.jobs_path(None, None), Path::new("jobs.jsonl"));
    assert_eq!(
        settings.jobs_path(None, manifest),
        Path::new("photos/jobs.jsonl")
    );
    assert_eq!(
        settings.jobs_path(None, Some(Path::new("a.csv"))),
        Path::new("jobs.jsonl")
    );
    assert_eq!(
        settings.jobs_path(None, Some(Path::new("-"))),
        Path::new("jobs.jsonl")
    );
    let flag = Some(Path::new("june.jsonl"));
    assert_eq!(settings.jobs_path(flag, manifest), Path::new("june.jsonl"));

    let world = world.file("here/creativeai.toml", "jobs = \"log/all.jsonl\"\n");
    assert_eq!(
        world.settings(SUBMIT).jobs_path(None, manifest),
        world.path("here/log/all.jsonl")
    );
    let rehearsal = world.settings(&format!("{SUBMIT} --sandbox"));
    assert_eq!(
        rehearsal.jobs_path(None, manifest),
        world.path("here/log/sandbox-jobs.jsonl")
    );

    let world = world.var("CREATIVEAI_JOBS", "env.jsonl");
    assert_eq!(
        world.settings(SUBMIT).jobs_path(None, manifest),
        Path::new("env.jsonl")
    );
    assert_eq!(
        world.settings(SUBMIT).jobs_path(flag, manifest),
        Path::new("june.jsonl")
    );
}

#[test]
fn paths_in_a_file_start_at_the_file_or_at_home() {
    let world = World::new()
        .file(
            "user/creativeai.toml",
            "api_key_file = \"~/key\"\ndownload.dir = \"clips\"\n",
        )
        .key_file("home/key", "rph_live_home");
    let settings = world.settings(SUBMIT);
    assert_eq!(settings.require_key().unwrap().expose(), "rph_live_home");
    assert_eq!(settings.download.dir, world.path("user/clips"));
}

#[test]
fn the_key_comes_from_the_first_place_that_has_one() {
    let mut world = World::new();
    let key = |world: &World, line: &str| world.settings(line).require_key().unwrap();
    let failure = world.settings(SUBMIT).require_key().unwrap_err();
    assert_eq!(failure.code(), Code::Config);
    assert!(failure.next_step().unwrap().contains("creativeai init"));

    world = world.key_file("user/api-key", "usual");
    assert_eq!(key(&world, SUBMIT).expose(), "usual");
    world = world
        .key_file("here/k", "file")
        .file("here/creativeai.toml", "api_key_file = \"k\"\n");
    assert_eq!(key(&world, SUBMIT).expose(), "file");
    let named = world.key_file("envfile", "envfile");
    let path = named.path("envfile").into_os_string();
    world = named;
    world.vars.insert("CREATIVEAI_API_KEY_FILE", path);
    assert_eq!(key(&world, SUBMIT).expose(), "envfile");
    world = world.var("CREATIVEAI_API_KEY", " env\n");
    assert_eq!(key(&world, SUBMIT).expose(), "env");
    world = world.key_file("flag", "flag");
    let line = format!("{SUBMIT} --api-key-file ROOT/flag");
    assert_eq!(key(&world, &line).expose(), "flag");
    assert_eq!(
        row(&world.settings(&line), "api_key").origin,
        Origin::Flag("--api-key-file")
    );
}

#[test]
fn a_missing_or_unusable_key_matters_only_to_who_needs_one() {
    let world = World::new();
    let settings = world.settings("creativeai status --api-key-file ROOT/none");
    let failure = settings.key().unwrap_err();
    assert_eq!(failure.code(), Code::Config);
    assert!(failure.to_string().contains("--api-key-file"), "{failure}");
    let text = world.var("CREATIVEAI_API_KEY", "two words").refusal(SUBMIT);
    assert!(
        text.contains("CREATIVEAI_API_KEY") && !text.contains("two"),
        "{text}"
    );
}

#[test]
fn rotated_keys_verify_after_the_present_one_and_none_is_shown() {
    let world = World::new()
        .var("CREATIVEAI_API_KEY", "rph_live_new")
        .var("CREATIVEAI_VERIFY_KEYS", "rph_live_old, ,rph_live_older,")
        .var("SHOPIFY_ADMIN_TOKEN", "shpat_1");
    let settings = world.settings(SUBMIT);
    let keys = settings.verification_keys().unwrap();
    let keys: Vec<_> = keys.iter().map(ApiKey::expose).collect();
    assert_eq!(keys, ["rph_live_new", "rph_live_old", "rph_live_older"]);
    assert_eq!(
        settings.shopify_token().unwrap().unwrap().expose(),
        "shpat_1"
    );
    let shown = format!("{settings:?}");
    assert!(
        !shown.contains("rph_live") && !shown.contains("shpat"),
        "{shown}"
    );
}

#[test]
fn rates_reach_the_estimate() {
    let world = World::new()
        .file(
            "user/creativeai.toml",
            "[rates]\nvideo_per_5s = 4\n[rates.models]\n\"a.b\" = 9\nc = 1\n",
        )
        .file("here/creativeai.toml", "[rates.models]\nc = 2.5\n");
    let settings = world.settings(SUBMIT);
    let five = settings.video.duration;
    assert_eq!(settings.rates.video("x", five), Credits::whole(4));
    assert_eq!(settings.rates.video("a.b", five), Credits::whole(9));
    assert_eq!(settings.rates.video("c", five).to_string(), "2.5");
    assert_eq!(row(&settings, "rates.models.c").value, "2.5");
}

#[test]
fn concurrency_depends_on_the_rows_unless_it_is_said() {
    let settings = World::new().settings(SUBMIT);
    assert_eq!(settings.network.concurrency_for(IdColumn::Listing), 3);
    assert_eq!(settings.network.concurrency_for(IdColumn::Sku), 4);
    let settings = World::new().settings(&format!("{SUBMIT} --concurrency 9"));
    assert_eq!(settings.network.concurrency_for(IdColumn::Sku), 9);
}

#[test]
fn a_path_with_an_escape_in_it_is_refused() {
    // TOML reads \n, \t and \b in these as one character each.
    for (name, path) in [
        ("jobs", r"D:\new\jobs.jsonl"),
        ("api_key_file", r"C:\temp\key"),
        ("download.dir", r"D:\backup"),
        ("shopify.token_file", r"D:\files\token"),
    ] {
        let world = World::new().file("here/creativeai.toml", &format!("{name} = \"{path}\"\n"));
        let refusal = world.refusal(SUBMIT);
        assert!(
            refusal.contains("line 1") && refusal.contains("single quotes"),
            "{refusal}"
        );
        let world = World::new().file("here/creativeai.toml", &format!("{name} = '{path}'\n"));
        assert!(world.resolve(SUBMIT).is_ok(), "{name}");
    }
}

// Bytes that are not UTF-8; a variable of Windows is UTF-16.
#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused_but_a_path_may_be_any() {
    use std::os::unix::ffi::OsStringExt;
    let mut world = World::new();
    world.vars.insert(
        "CREATIVEAI_JOBS",
        OsString::from_vec(b"\xff.jsonl".to_vec()),
    );
    assert!(world.resolve(SUBMIT).is_ok());
    world
        .vars
        .insert("CREATIVEAI_WEBHOOK_URL", OsString::from_vec(vec![0xff]));
    assert!(world.refusal(SUBMIT).contains("CREATIVEAI_WEBHOOK_URL"));
}

#[test]
fn sheets_of_several_folders_have_no_log_that_is_not_named() {
    let world = World::new();
    for folder in ["a", "b", "c"] {
        std::fs::create_dir(world.path(folder)).unwrap();
    }
    let log_of = |sheets: &[&str]| {
        let sheets: Vec<PathBuf> = sheets
            .iter()
            .map(|sheet| {
                if sheet.starts_with("https:") {
                    PathBuf::from(sheet)
                } else {
                    world.path(sheet)
                }
            })
            .collect();
        let line = format!("creativeai submit {}", sheets[0].display());
        world.settings(&line).log_of_sheets(None, &sheets)
    };
    assert_eq!(
        log_of(&["a/x.csv", "a/y.csv"]).unwrap(),
        world.path("a/jobs.jsonl")
    );
    let help = |sheets: &[&str]| {
        let failure = log_of(sheets).unwrap_err();
        assert_eq!(failure.code(), Code::Usage);
        failure.next_step().unwrap().to_owned()
    };
    let a = format!("--jobs {}", world.path("a").join("jobs.jsonl").display());
    assert!(help(&["a/x.csv", "b/y.csv"]).ends_with(&a));
    assert!(help(&["a/x.csv", "https://x.example/y.csv"]).ends_with(&a));
    let world = world.file("a/jobs.jsonl", "");
    let log_of = |sheets: &[&str]| {
        let sheets: Vec<PathBuf> = sheets.iter().map(|sheet| world.path(sheet)).collect();
        let settings = world.settings("creativeai submit x.csv");
        let failure = settings.log_of_sheets(None, &sheets).unwrap_err();
        failure.next_step().unwrap().to_owned()
    };
    // A log of one folder alone would hold the other folder's rows from now on.
    for sheets in [["a/x.csv", "b/y.csv"], ["b/y.csv", "a/x.csv"]] {
        assert!(log_of(&sheets).ends_with(&format!("also for one sheet alone: {a}")));
    }
    // Either log alone would have the other one's rows ordered again.
    std::fs::write(world.path("b/jobs.jsonl"), "").unwrap();
    let help = log_of(&["b/y.csv", "c/z.csv", "a/x.csv"]);
    let [from, to] = ["a", "b"].map(|folder| world.path(folder).join("jobs.jsonl"));
    let copy = format!("`creativeai log copy {} {}`", from.display(), to.display());
    assert!(help.contains("in a run of their own"), "{help}");
    assert!(help.contains(&copy), "{help}");
}

#[cfg(unix)]
#[test]
fn a_settings_file_that_leads_nowhere_is_not_passed_over() {
    let world = World::new().file("user/creativeai.toml", "jobs = \"all.jsonl\"\n");
    let link = world.path("here/creativeai.toml");
    std::os::unix::fs::symlink(world.path("share/creativeai.toml"), &link).unwrap();
    let refusal = world.refusal(SUBMIT);
    assert!(refusal.contains("here/creativeai.toml"), "{refusal}");
    assert!(
        refusal.contains("points to a file that does not exist"),
        "{refusal}"
    );
}

#[cfg(unix)]
#[test]
fn a_sheet_by_way_of_a_link_has_the_settings_beside_what_it_leads_to() {
    let world = World::new();
    std::fs::create_dir(world.path("june")).unwrap();
    let world = world.file("june/creativeai.toml", "jobs = \"june.jsonl\"\n");
    let world = world.file("june/listings.csv", "");
    let link = world.path("here/current.csv");
    std::os::unix::fs::symlink(world.path("june/listings.csv"), &link).unwrap();
    let settings = world.settings("creativeai submit ROOT/here/current.csv");
    let log = settings.jobs_path(None, Some(&link));
    assert_eq!(log, world.path("june/june.jsonl"));
    // A file beside the link counts first, as a log there does.
    let world = world.file("here/creativeai.toml", "jobs = \"here.jsonl\"\n");
    let settings = world.settings("creativeai submit ROOT/here/current.csv");
    let log = settings.jobs_path(None, Some(&link));
    assert_eq!(log, world.path("here/here.jsonl"));
}
