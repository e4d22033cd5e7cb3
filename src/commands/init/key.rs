//! The key that `init` asks for, and its file.

use std::io::{self, IsTerminal, Read};

use crate::cli::InitArgs;
use crate::exit::Failure;
use crate::output::written::FileOutcome;
use crate::settings::{Env, write_key_file};
use crate::vendor::ApiKey;

/// Keys are short; a whole manifest piped in by mistake is not read to its end.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// Where a key that is not there yet comes from. Tests have their own.
pub trait AskKey {
    /// Asks a person, without showing what is typed; `None` where no one can be asked.
    fn ask(&mut self) -> io::Result<Option<String>>;
    fn piped(&mut self) -> io::Result<String>;
}

/// The terminal and the standard input.
#[derive(Debug)]
pub struct Terminal;

impl AskKey for Terminal {
    fn ask(&mut self) -> io::Result<Option<String>> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(None);
        }
        rpassword::prompt_password("API key (not shown; Enter to skip): ").map(Some)
    }

    fn piped(&mut self) -> io::Result<String> {
        let mut text = String::new();
        io::stdin().take(MAX_KEY_BYTES).read_to_string(&mut text)?;
        Ok(text)
    }
}

/// Keeps a key in its file, unless one is there.
pub fn store_key(
    args: &InitArgs,
    env: &Env<'_>,
    keys: &mut dyn AskKey,
) -> Result<FileOutcome, Failure> {
    let Some(path) = args.key_file.clone().or_else(|| env.default_key_file(None)) else {
        let failure = Failure::config("you have no settings folder to keep a key in")
            .help("name a file for it with --key-file");
        return if args.key_stdin {
            Err(failure)
        } else {
            Ok(FileOutcome::None)
        };
    };
    let shown = path.display();
    if path.symlink_metadata().is_ok() {
        let failure = Failure::config(format!(
            "there is a key file {shown} already; nothing was changed"
        ))
        .help("replace the key with `creativeai init --key-only`, or name another file with --key-file");
        return if args.key_stdin {
            Err(failure)
        } else {
            Ok(FileOutcome::Kept(path))
        };
    }
    let Some(key) = ask_for_key(args, keys)? else {
        return Ok(FileOutcome::None);
    };
    write_key_file(&path, &key).map_err(|e| {
        Failure::io(format!("cannot write the key file {shown}"))
            .because(e)
            .help("name another place for it with --key-file")
    })?;
    Ok(FileOutcome::Written(path))
}

/// The key that is typed or piped in; `None` where there is none.
pub fn ask_for_key(args: &InitArgs, keys: &mut dyn AskKey) -> Result<Option<ApiKey>, Failure> {
    let unreadable = |e: io::Error| {
        Failure::io("the key could not be read; nothing was changed")
            .because(e)
            .help("run `creativeai init` again")
    };
    let typed = if args.key_stdin {
        Some(keys.piped().map_err(unreadable)?)
    } else {
        let typed = keys.ask().map_err(unreadable)?;
        typed.filter(|text| !text.trim().is_empty())
    };
    let key = typed.map(|typed| {
        let key = ApiKey::new(&typed).filter(ApiKey::is_plausible);
        key.ok_or_else(|| {
            Failure::config("that is not an API key; nothing was changed").help(
                "give the key alone and whole, on one line, as the vendor's page shows it; it \
                 begins with rph_live_",
            )
        })
    });
    key.transpose()
}
