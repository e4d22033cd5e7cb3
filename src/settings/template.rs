//! The settings file that `init` writes.

use super::table::{CAPS, DEFINITIONS, OPEN_TABLES};

/// What the settings file that `init` writes begins with.
const HEAD: &str = "\
# Settings of creativeai. A line that is commented out shows the default, or an example
# where there is none. Command-line options, then environment variables, take precedence
# over this file; the file of the same name in the user's settings folder comes after
# it. `creativeai config` shows the settings in effect, and why. Keep keys out of here. A table
# [profile.NAME] may hold any of these for one client; --profile NAME chooses it.";

/// The commented settings file. `set` are keys without a table that stand there for good, each
/// with its value as TOML.
pub fn file(set: &[(&str, String)]) -> String {
    let mut lines: Vec<String> = HEAD.lines().map(str::to_owned).collect();
    let mut table = "";
    for known in &DEFINITIONS {
        let Some(value) = known.toml() else { continue };
        let about = match known.unset {
            "" => format!("# {}.", known.about),
            unset => format!("# {}. Default: {unset}.", known.about),
        };
        if OPEN_TABLES.contains(&known.name) || known.name == CAPS {
            let table = format!("# {}", known.title());
            lines.extend([String::new(), about, table]);
            lines.extend(format!("# {value}").lines().map(str::to_owned));
            continue;
        }
        let (own_table, name) = known.name.rsplit_once('.').unwrap_or(("", known.name));
        if own_table != table {
            table = own_table;
            lines.extend([String::new(), format!("[{table}]")]);
        } else if table.is_empty() {
            lines.push(String::new());
        }
        lines.push(about);
        lines.push(match set.iter().find(|(set, _)| *set == known.name) {
            Some((_, value)) => format!("{name} = {value}"),
            None => format!("# {name} = {value}"),
        });
    }
    lines.push(String::new());
    lines.join("\n")
}
