//! `completions`: what a shell needs to complete commands, options, and names of the job log.

mod ids;

use std::io::Write;

use clap::{Arg, Command, CommandFactory, value_parser};
use clap_complete::Shell;

use crate::cli::{Cli, CompletionsArgs};
use crate::settings::Env;

/// How each shell's script asks for names; the rest of the script is made from the options.
const BASH: &str = include_str!("ids.bash");
const ZSH: &str = include_str!("ids.zsh");
const FISH: &str = include_str!("ids.fish");
const POWERSHELL: &str = include_str!("ids.powershell");

/// The last lines of a script for zsh, which begin the completion.
const ZSH_END: &str = "\nif [ \"$funcstack[1]\" = ";
/// The first line of a script block for PowerShell.
const POWERSHELL_BEGIN: &str = "param($wordToComplete, $commandAst, $cursorPosition)\n";

/// Writes the completions for the shell, or the names that a script has asked for.
pub fn run(args: &CompletionsArgs, env: &Env<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    match (&args.ids, args.shell) {
        (Some(beginning), _) => ids::write(beginning, &args.words, env, out)?,
        (None, Some(shell)) => out.write_all(script(shell)?.as_bytes())?,
        (None, None) => {}
    }
    Ok(out.flush()?)
}

fn script(shell: Shell) -> anyhow::Result<String> {
    // The generator panics where it cannot write, so it writes into memory.
    let mut script = Vec::new();
    let mut cli = Cli::command().mut_subcommand("completions", |command| {
        // The generators do not leave out what is hidden.
        let shell = Arg::new("shell").value_parser(value_parser!(Shell));
        let about = command.get_about().cloned().unwrap_or_default();
        Command::new("completions").about(about).arg(shell)
    });
    clap_complete::generate(shell, &mut cli, "creativeai", &mut script);
    let script = String::from_utf8(script)?;
    Ok(match shell {
        Shell::Bash => script + BASH,
        Shell::Fish => script + FISH,
        Shell::Zsh => match script.rfind(ZSH_END) {
            Some(end) => script[..end].to_owned() + ZSH,
            None => script,
        },
        Shell::PowerShell => {
            script.replace(POWERSHELL_BEGIN, &format!("{POWERSHELL_BEGIN}{POWERSHELL}"))
        }
        _ => script,
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_gets_commands_and_options() {
        for shell in Shell::value_variants() {
            let text = script(*shell).unwrap();
            for word in ["reconcile", "max-credits", "skip-invalid"] {
                assert!(text.contains(word), "{shell}: {word}");
            }
            let asks = text.contains("completions \"--ids=");
            assert_eq!(asks, *shell != Shell::Elvish, "{shell}");
            assert!(!text.contains("BEGINNING"), "{shell}: for scripts only");
        }
    }
}
