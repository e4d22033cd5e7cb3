//! A default is the same in help, settings file, documentation and effect.

use clap::CommandFactory;

use super::*;
use crate::journal::LOG_NAME;
use crate::settings::table::{DEFINITIONS, DefaultValue};

#[test]
fn the_written_file_shows_exactly_the_defaults() {
    let plain = World::new().settings("creativeai config");
    let lines = template::file(&[]);
    let world = World::new().file("here/creativeai.toml", &lines);
    assert_eq!(world.settings("creativeai config").rows(), plain.rows());

    // With every line in force nothing changes but what is marked as an example.
    let uncommented: Vec<&str> = lines
        .lines()
        .skip_while(|line| !line.is_empty())
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") || rest.starts_with('[') => rest,
            _ => line,
        })
        .collect();
    let world = World::new().file("here/creativeai.toml", &uncommented.join("\n"));
    let settings = world.settings("creativeai config");
    for known in &DEFINITIONS {
        if known.default_value(false).is_some() && known.name != "download.dir" {
            let row = row(&settings, known.name);
            assert!(matches!(row.origin, Origin::File(..)), "{row:?}");
            assert_eq!(row.value, self::row(&plain, known.name).value);
        }
    }
    assert_eq!(settings.download.dir, world.path("here/videos"));
    assert_eq!(settings.rates.models.len(), 1);
    let caps: Vec<_> = settings.caps.iter().map(ToString::to_string).collect();
    assert_eq!(caps, ["200 credits a month where client=acme"]);
}

#[test]
fn the_defaults_of_the_table_are_those_that_hold() {
    for sandbox in [false, true] {
        let option = if sandbox { " --sandbox" } else { "" };
        let settings = World::new().settings(&format!("creativeai config{option}"));
        for known in &DEFINITIONS {
            // A rehearsal calls no address of the API.
            let Some(default) = known.default_value(sandbox) else {
                continue;
            };
            if known.name == "base_url" && sandbox {
                continue;
            }
            let row = row(&settings, known.name);
            assert_eq!(row.value, default.as_written(), "{row:?}");
            assert_eq!(row.origin, Origin::Default, "{row:?}");
        }
        assert_eq!(
            settings.shopify_api_version,
            crate::engine::delivery::shopify::API_VERSION
        );
        assert_eq!(settings.rates, crate::jobs::Rates::default());
        assert_eq!(
            settings.network.max_retry_wait,
            crate::vendor::LONGEST_ASKED
        );
    }
}

#[test]
fn an_options_help_is_its_settings() {
    let mut cli = Cli::command();
    cli.build();
    let mut compared = Vec::new();
    for command in cli.get_subcommands() {
        let own = |known: &table::Definition| match known.name.rsplit_once('.') {
            Some((table, _)) if table == command.get_name() => 0,
            Some(("download" | "publish" | "run", _)) => 2,
            _ => 1,
        };
        for arg in command.get_arguments() {
            let flag = format!("--{}", arg.get_long().unwrap_or_default());
            let known = DEFINITIONS
                .iter()
                .filter(|known| known.flag == flag && own(known) < 2);
            if let Some(known) = known
                .filter(|known| known.name != "jobs")
                .min_by_key(|k| own(k))
            {
                let help = arg.get_help().unwrap().to_string();
                assert_eq!(help, table::help(known.name), "{}", command.get_name());
                compared.push(known.name);
            }
        }
    }
    for known in DEFINITIONS.iter().filter(|known| known.name != "jobs") {
        let name = known.name;
        assert!(
            known.flag.is_empty() || compared.contains(&name),
            "{name} has no option"
        );
    }
}

#[test]
fn the_log_has_one_name_wherever_it_is_explained() {
    let mut cli = Cli::command();
    cli.build();
    let helps = cli.get_subcommands().flat_map(clap::Command::get_arguments);
    let helps = helps.filter_map(|arg| Some(arg.get_help()?.to_string()));
    let helps: Vec<_> = helps.filter(|help| help.contains("[default: $")).collect();
    assert!(helps.len() > 8, "{helps:?}");
    let jobs = table::definition("jobs").unwrap();
    let start = format!("[default: ${}, else {LOG_NAME}", jobs.variable);
    assert!(helps.iter().all(|help| help.contains(&start)), "{helps:?}");
    assert!(jobs.unset.starts_with(LOG_NAME));
}

#[test]
fn the_documentation_holds_the_table() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
    let page = std::fs::read_to_string(page).unwrap().replace("\r\n", "\n");
    let table = markdown();
    assert!(
        page.contains(&table),
        "docs/settings.md has another table than:\n{table}"
    );
}

/// The documentation's table.
fn markdown() -> String {
    let code = |text: &str| match text {
        "" => String::new(),
        text => format!("`{text}`"),
    };
    let rows = DEFINITIONS.iter().map(|known| {
        let sandbox = known
            .sandbox
            .map(|text| format!(", with `--sandbox` `{text}`"));
        let default = match known.usual {
            DefaultValue::Text(text) | DefaultValue::Number(text) => {
                code(text) + &sandbox.unwrap_or_default()
            }
            DefaultValue::Example(_) | DefaultValue::Unwritten => known.unset.to_owned(),
        };
        let name = match known.toml() {
            Some(_) => known.title(),
            None => String::new(),
        };
        let [name, flag, variable] = [&name, known.flag, known.variable].map(code);
        let about = known.about;
        format!("| {name} | {default} | {flag} | {variable} | {about}. |\n")
    });
    let head = "| Setting | Default | Option | Variable | What it is |\n|---|---|---|---|---|\n";
    head.to_owned() + &rows.collect::<String>()
}

#[test]
fn a_settings_file_of_powershell_is_read() {
    let world = World::new();
    let text = "\u{feff}model = \"other\"\r\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(world.path("here/creativeai.toml"), wide).unwrap();
    let settings = world.resolve("creativeai config").unwrap();
    assert_eq!(settings.video.model, "other");
}

#[test]
fn curly_quotes_of_settings_are_called_that() {
    let world = World::new().file("here/creativeai.toml", "model = “other”\n");
    let failure = world.resolve("creativeai config").unwrap_err();
    assert!(
        failure.next_step().unwrap().contains("straight"),
        "{failure}"
    );
}
