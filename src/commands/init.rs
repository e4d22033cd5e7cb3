//! `init`: a commented settings file, and a key file that no one else can read.

mod key;

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::text_output::show;
use crate::cli::InitArgs;
use crate::disk;
use crate::exit::Failure;
use crate::output::written::{FileOutcome, report, report_key};
use crate::output::{OutputOptions, Printer};
use crate::settings::{Env, FILE_NAME, Settings, read_key_file, replace_key_file, template};
use key::{AskKey, Terminal, ask_for_key, store_key};

/// Runs the command. Settings are only read where a key is replaced.
pub fn command(
    args: &InitArgs,
    has_profile: bool,
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    env: &Env<'_>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let (options, keys, output) = (printer.options(), &mut Terminal, &mut Vec::new());
    let result = if args.key_only {
        replace_key(args, &settings()?, env, keys, options, output)
    } else if has_profile {
        let failure = Failure::usage("--profile goes with --key-only; nothing was changed")
            .help("write [profile.NAME] in creativeai.toml, then run init --key-only");
        Err(failure.into())
    } else {
        run(args, env, keys, options, output)
    };
    // What was done before it failed is reported, too.
    show(output, printer)?;
    result
}

/// Writes both files; neither is ever overwritten.
fn run(
    args: &InitArgs,
    env: &Env<'_>,
    keys: &mut dyn AskKey,
    options: OutputOptions,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let path = env.folder.join(FILE_NAME);
    let is_there = path.symlink_metadata().is_ok();
    let key = store_key(args, env, keys)?;
    let settings = match (is_there, &key) {
        (true, FileOutcome::Written(_)) => FileOutcome::Kept(path),
        (true, _) => return Err(exists(&path).into()),
        (false, _) => {
            write_settings(&path, args.key_file.as_deref())?;
            FileOutcome::Written(path)
        }
    };
    if options.json {
        let document = json!({ "settings": settings.to_json(), "key": key.to_json() });
        writeln!(out, "{document:#}")?;
    } else if !options.quiet {
        report(&settings, &key, args.key_file.is_some(), out)?;
    }
    Ok(out.flush()?)
}

fn exists(path: &Path) -> Failure {
    let shown = path.display();
    Failure::config(format!("{shown} already exists; nothing was changed"))
        .help("edit it, or move it away first; `creativeai config` shows the settings in effect")
}

/// Writes a key in place of the one that commands use now. Anything else stays as it is.
fn replace_key(
    args: &InitArgs,
    settings: &Settings,
    env: &Env<'_>,
    keys: &mut dyn AskKey,
    options: OutputOptions,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let path = args.key_file.clone().or_else(|| settings.key_file(env));
    let path = path.ok_or_else(|| {
        Failure::config(
            "the key comes from CREATIVEAI_API_KEY, or a settings folder to keep one in is missing; \
             nothing was changed",
        )
        .help("change the variable, or unset it; or name a file with --key-file")
    })?;
    let key = ask_for_key(args, keys)?.ok_or_else(|| {
        Failure::config("no key was given; nothing was changed")
            .help("type it at the question, or pipe it in with --key-stdin")
    })?;
    // Whatever is in the file instead of a key, it is about to go.
    let old = read_key_file(&path).ok().flatten();
    replace_key_file(&path, &key).map_err(|e| {
        Failure::io(format!("cannot write the key file {}", path.display()))
            .because(e)
            .help("name another place for it with --key-file")
    })?;
    if options.json {
        let key = FileOutcome::Written(path).to_json();
        writeln!(out, "{:#}", json!({ "settings": Value::Null, "key": key }))?;
    } else if !options.quiet {
        report_key(&path, &key, old.as_ref(), out)?;
    }
    Ok(out.flush()?)
}

fn write_settings(path: &Path, key_file: Option<&Path>) -> Result<(), Failure> {
    let mut set = Vec::new();
    if let Some(key_file) = key_file {
        let text = key_file.to_str().ok_or_else(|| {
            Failure::config("the key file's name is not valid text").help("name it otherwise")
        })?;
        // A JSON text is a TOML text.
        set.push(("api_key_file", serde_json::Value::from(text).to_string()));
    }
    disk::create(path, template::file(&set).as_bytes()).map_err(|e: io::Error| match e.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::io(format!("cannot write {}", path.display()))
            .because(e)
            .help("go to a folder you can write to"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::exit::{Code, code_of};
    use crate::settings::{Flags, write_key_file};
    use crate::vendor::ApiKey;

    /// Someone at the terminal, or a pipe.
    struct Typed(Option<&'static str>);

    impl AskKey for Typed {
        fn ask(&mut self) -> io::Result<Option<String>> {
            Ok(self.0.map(str::to_owned))
        }
        fn piped(&mut self) -> io::Result<String> {
            Ok(self.0.unwrap_or_default().to_owned())
        }
    }

    fn args(key_stdin: bool, key_file: Option<PathBuf>) -> InitArgs {
        InitArgs {
            key_only: false,
            key_stdin,
            key_file,
        }
    }

    fn env(dir: &Path) -> Env<'static> {
        let mut env = Env::new(|_| None, dir);
        env.user_folders = vec![dir.join("user/creativeai")];
        env
    }

    fn init(dir: &Path, args: &InitArgs, typed: Option<&'static str>) -> anyhow::Result<String> {
        let mut out = Vec::new();
        run(
            args,
            &env(dir),
            &mut Typed(typed),
            OutputOptions::default(),
            &mut out,
        )?;
        Ok(String::from_utf8(out)?)
    }

    fn key(dir: &Path) -> Option<ApiKey> {
        let settings = Settings::resolve(&Flags::default(), &env(dir)).unwrap();
        settings.key().unwrap()
    }

    /// Wine does not take everyone's rights away.
    fn says_who_can_read_it(text: &str) -> bool {
        text.contains("only you can read it")
            || (cfg!(windows) && text.contains("others can read it, too: Everyone"))
    }

    #[test]
    fn a_typed_key_is_found_by_the_next_command() {
        let dir = tempfile::tempdir().unwrap();
        let text = init(dir.path(), &args(false, None), Some("rph_live_1")).unwrap();
        assert!(
            says_who_can_read_it(&text) && !text.contains("rph_live"),
            "{text}"
        );
        assert_eq!(key(dir.path()).unwrap().expose(), "rph_live_1");
    }

    #[test]
    fn a_piped_key_goes_into_the_named_file_and_the_settings_point_there() {
        let dir = tempfile::tempdir().unwrap();
        // Windows has no quotation marks in names.
        let folder = if cfg!(windows) {
            "my keys"
        } else {
            "my \"keys\""
        };
        let path = dir.path().join(folder).join("k");
        init(
            dir.path(),
            &args(true, Some(path.clone())),
            Some("rph_live_2\n"),
        )
        .unwrap();
        assert_eq!(key(dir.path()).unwrap().expose(), "rph_live_2");
        assert!(path.exists());
    }

    #[test]
    fn json_says_what_became_of_both_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let options = OutputOptions {
            json: true,
            ..OutputOptions::default()
        };
        let typed = &mut Typed(Some("rph_live_1"));
        run(
            &args(true, None),
            &env(dir.path()),
            typed,
            options,
            &mut out,
        )
        .unwrap();
        let document: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["settings"]["written"], true);
        assert!(
            document["key"]["file"]
                .as_str()
                .unwrap()
                .ends_with("api-key")
        );
    }

    #[test]
    fn without_a_key_or_a_terminal_only_the_settings_are_written() {
        for typed in [None, Some(""), Some("\n")] {
            let dir = tempfile::tempdir().unwrap();
            let text = init(dir.path(), &args(false, None), typed).unwrap();
            assert!(text.contains("No API key yet"), "{text}");
            assert!(key(dir.path()).is_none());
            assert!(dir.path().join(FILE_NAME).exists());
        }
    }

    #[test]
    fn nothing_that_exists_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE_NAME), "model = \"mine\"\n").unwrap();
        let error = init(dir.path(), &args(false, None), None).unwrap_err();
        assert_eq!(code_of(&error), Code::Config);
        let text = init(dir.path(), &args(false, None), Some("rph_live_1")).unwrap();
        assert!(
            text.contains("was kept") && says_who_can_read_it(&text),
            "{text}"
        );
        let settings = std::fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
        assert_eq!(settings, "model = \"mine\"\n");

        let dir = tempfile::tempdir().unwrap();
        let path = env(dir.path()).default_key_file(None).unwrap();
        write_key_file(&path, &ApiKey::new("old").unwrap()).unwrap();
        let error = init(dir.path(), &args(true, None), Some("rph_live_new")).unwrap_err();
        assert_eq!(code_of(&error), Code::Config);
        assert!(!dir.path().join(FILE_NAME).exists());
        let text = init(dir.path(), &args(false, None), Some("rph_live_new")).unwrap();
        assert!(text.contains("was kept"), "{text}");
        assert_eq!(key(dir.path()).unwrap().expose(), "old");
    }

    fn replace(
        dir: &Path,
        key_file: Option<PathBuf>,
        typed: &'static str,
    ) -> anyhow::Result<String> {
        let (mut out, env) = (Vec::new(), env(dir));
        let settings = Settings::resolve(&Flags::default(), &env)?;
        let args = args(false, key_file);
        let keys = &mut Typed(Some(typed));
        replace_key(
            &args,
            &settings,
            &env,
            keys,
            OutputOptions::default(),
            &mut out,
        )?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn a_key_is_replaced_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let text = replace(dir.path(), None, "rph_live_0000000000001111").unwrap();
        assert!(
            text.contains("ends in 1111") && !text.contains("place of"),
            "{text}"
        );
        let text = replace(dir.path(), None, "rph_live_0000000000002222").unwrap();
        assert!(
            text.contains("ends in 2222") && text.contains("the one that ends in 1111"),
            "{text}"
        );
        assert!(
            text.contains("CREATIVEAI_VERIFY_KEYS") && says_who_can_read_it(&text),
            "{text}"
        );
        assert!(!text.contains("rph_live_0"), "{text}");
        assert_eq!(
            key(dir.path()).unwrap().expose(),
            "rph_live_0000000000002222"
        );
        assert!(!dir.path().join(FILE_NAME).exists());

        // The file that the settings name, though it holds no key by now.
        let named = dir.path().join("k");
        std::fs::write(dir.path().join(FILE_NAME), "api_key_file = \"k\"\n").unwrap();
        std::fs::write(&named, "two words").unwrap();
        let text = replace(dir.path(), None, "other-vendors-key").unwrap();
        assert!(text.contains("does not begin with rph_live_"), "{text}");
        assert_eq!(key(dir.path()).unwrap().expose(), "other-vendors-key");
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }

    #[test]
    fn what_cannot_be_a_key_replaces_none() {
        let dir = tempfile::tempdir().unwrap();
        replace(dir.path(), None, "rph_live_1").unwrap();
        for typed in ["abc", "rph_live_", "two words here", ""] {
            let error = replace(dir.path(), None, typed).unwrap_err();
            assert_eq!(code_of(&error), Code::Config, "{typed}");
            assert_eq!(key(dir.path()).unwrap().expose(), "rph_live_1");
        }
        let error = init(
            dir.path(),
            &args(true, Some(dir.path().join("x"))),
            Some("abc"),
        );
        assert_eq!(code_of(&error.unwrap_err()), Code::Config);
        assert!(!dir.path().join("x").exists());
    }

    #[test]
    fn what_is_no_key_changes_nothing_and_is_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let error = init(dir.path(), &args(true, None), Some("sku,image_url\nA,http")).unwrap_err();
        assert_eq!(code_of(&error), Code::Config);
        assert!(!crate::exit::describe(&error, str::to_owned).contains("sku"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
