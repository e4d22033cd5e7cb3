//! Variables and files that the commands read or write: for `help environment`, and for the manual.

/// Environment variables and what they are for.
pub const VARIABLES: [(&str, &str); 19] = [
    (
        "CREATIVEAI_API_KEY",
        "The API key. It takes precedence over the key file.",
    ),
    (
        "CREATIVEAI_API_KEY_FILE",
        "File that holds the API key; only you may be able to read it.",
    ),
    ("CREATIVEAI_BASE_URL", "Address of the API."),
    (
        "CREATIVEAI_JOBS",
        "The job log for commands that name none.",
    ),
    (
        "CREATIVEAI_WEBHOOK_URL",
        "Where the API reports finished clips.",
    ),
    (
        "CREATIVEAI_VERIFY_KEYS",
        "More keys that may have signed webhooks, separated by commas: the ones used before the \
         current key.",
    ),
    (
        "CREATIVEAI_NOTIFY_WEBHOOK, CREATIVEAI_NOTIFY_PING",
        "Where notices of rounds go; these take precedence over [notify] in the settings.",
    ),
    (
        "SHOPIFY_ADMIN_TOKEN",
        "The shop's Admin API token, for publish --to shopify.",
    ),
    (
        "SHOPIFY_CLIENT_ID, SHOPIFY_CLIENT_SECRET",
        "The same, with an app of your own.",
    ),
    (
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL, ...",
        "For download --dir s3://...: as Amazon's own tools read them.",
    ),
    (
        "GOOGLE_APPLICATION_CREDENTIALS, ...",
        "For download --dir gs://...",
    ),
    (
        "AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY, ...",
        "For download --dir az://...",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "A proxy for connections to other computers, and where to go without it.",
    ),
    (
        "NO_COLOR, CLICOLOR, CLICOLOR_FORCE",
        "Whether to use colors; --color takes precedence.",
    ),
    ("TERM", "`dumb` switches the progress bar off."),
    (
        "COLUMNS",
        "The width of tables when the output is not a terminal.",
    ),
    (
        "TZ",
        "The time zone of run --at, of days after --since, and of times in messages; JSON and logs have UTC.",
    ),
    (
        "XDG_CONFIG_HOME, APPDATA",
        "The folder that the user's settings folder is in.",
    ),
    (
        "CREATIVEAI_FILE, CREATIVEAI_OUTPUT_URL, CREATIVEAI_JOB, CREATIVEAI_PUBLISH_ID, ...",
        "Set for the command of publish --exec; `creativeai help publish` has more.",
    ),
];

/// Files and what they hold.
pub const FILES: [(&str, &str); 10] = [
    (
        "creativeai.toml",
        "Settings: in the current folder, then in the user's settings folder. `creativeai config` \
         shows the settings in effect and where each comes from.",
    ),
    (
        "api-key",
        "The API key, in the user's settings folder, where `creativeai init` puts it.",
    ),
    (
        "jobs.jsonl",
        "The job log: which orders were sent and what became of them. Keep it.",
    ),
    (
        "jobs.jsonl.lock",
        "Who writes to the log, and how it was left. It belongs to the log.",
    ),
    (
        "jobs.jsonl.exec.lock",
        "Who runs commands for the clips of the log, by the name of their --target. It may be deleted \
         when nothing runs.",
    ),
    (
        "jobs.jsonl.recover",
        "Replies that the log could not take; `creativeai reconcile --recover` takes them back.",
    ),
    (
        "jobs.jsonl.rounds",
        "What `creativeai run` has said already. It may be deleted.",
    ),
    (
        "sandbox-jobs.jsonl",
        "The log of rehearsals. It may be deleted.",
    ),
    (
        "captures.jsonl",
        "Webhooks that `creativeai listen` has kept.",
    ),
    (
        "videos/, report.html",
        "What download and report make, with report-pages/ behind a large page; of rehearsals sandbox-videos/ and sandbox-report.html.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::delivery::fields::is_reserved;
    use crate::settings::table::DEFINITIONS;

    #[test]
    fn the_page_about_it_names_all_of_them() {
        let page = include_str!("../../docs/environment.md");
        for (names, about) in VARIABLES.into_iter().chain(FILES) {
            assert!(about.ends_with('.'), "{about}");
            for name in names.split(", ").filter(|name| *name != "...") {
                assert!(page.contains(&format!("`{name}`")), "{name}");
            }
        }
    }

    #[test]
    fn no_column_of_a_spreadsheet_becomes_one_of_them_for_a_command() {
        let settings = DEFINITIONS.iter().map(|setting| setting.variable);
        let others = VARIABLES.iter().flat_map(|(names, _)| names.split(", "));
        for name in settings.chain(others) {
            assert!(
                is_reserved(name),
                "{name} is missing in engine/delivery/fields.rs"
            );
        }
    }
}
