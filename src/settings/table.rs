//! The table of settings. Help texts, the settings file that `init` writes, the checks of a settings
//! file, `creativeai config`, the documentation and the values that hold all come from it.

use super::value::Value;

/// What is known about one setting.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// With its table: `voice.language`.
    pub name: &'static str,
    /// What it is without anyone's say.
    pub usual: DefaultValue,
    /// A sentence without its full stop.
    pub about: &'static str,
    /// The default under `--sandbox`, where it differs.
    pub sandbox: Option<&'static str>,
    /// What applies if there is no default, in words.
    pub unset: &'static str,
    /// The option that overrides it.
    pub flag: &'static str,
    /// The environment variable that overrides it.
    pub variable: &'static str,
    /// Whether it is one client's: with a profile, no value from outside that profile's table is
    /// taken from a settings file.
    pub own: bool,
}

/// The value of a setting that no one has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// A default that is a text.
    Text(&'static str),
    /// A default that is a number.
    Number(&'static str),
    /// There is none; this TOML shows what could stand there.
    Example(&'static str),
    /// There is none, and a settings file may not hold one, as with a key.
    Unwritten,
}

impl Definition {
    const fn new(name: &'static str, usual: DefaultValue, about: &'static str) -> Self {
        Self {
            name,
            usual,
            about,
            sandbox: None,
            unset: "",
            flag: "",
            variable: "",
            own: false,
        }
    }

    /// The default, as a settings file would say it.
    pub fn default_value(&self, sandbox: bool) -> Option<Value> {
        match (self.usual, self.sandbox) {
            (DefaultValue::Text(_), Some(text)) if sandbox => Some(Value::Text(text.to_owned())),
            (DefaultValue::Text(text), _) => Some(Value::Text(text.to_owned())),
            (DefaultValue::Number(number), _) => Some(Value::Number(number.to_owned())),
            (DefaultValue::Example(_) | DefaultValue::Unwritten, _) => None,
        }
    }

    /// The default in words; empty where there is nothing to say.
    pub fn default_text(&self) -> String {
        match (self.usual, self.sandbox) {
            (DefaultValue::Text(text), Some(sandbox)) => {
                format!("{text}, with --sandbox {sandbox}")
            }
            (DefaultValue::Text("") | DefaultValue::Example(_) | DefaultValue::Unwritten, _) => {
                self.unset.to_owned()
            }
            (DefaultValue::Text(value) | DefaultValue::Number(value), _) => value.to_owned(),
        }
    }

    /// Its name, as a table's where it is one.
    pub fn title(&self) -> String {
        match self.name {
            CAPS => format!("[[{CAPS}]]"),
            name if OPEN_TABLES.contains(&name) => format!("[{name}]"),
            name => name.to_owned(),
        }
    }

    /// As TOML: the default, or an example. Nothing for what may not stand in a settings file.
    pub fn toml(&self) -> Option<String> {
        match self.usual {
            DefaultValue::Text(text) => Some(format!("\"{text}\"")),
            DefaultValue::Number(toml) | DefaultValue::Example(toml) => Some(toml.to_owned()),
            DefaultValue::Unwritten => None,
        }
    }
}

/// What is known about `name`; nothing about single keys of the open tables.
pub fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|known| known.name == name)
}

/// The help of the option that overrides `name`, with the default that holds.
pub fn help(name: &str) -> String {
    let Some(known) = definition(name) else {
        return String::new();
    };
    match known.default_text() {
        text if text.is_empty() => known.about.to_owned(),
        text => format!("{} [default: {text}]", known.about),
    }
}

/// The table whose keys are the names of profiles, each a table of settings.
pub const PROFILE: &str = "profile";

/// The table whose keys are the vendor's model names.
pub const MODELS: &str = "rates.models";

/// Tables whose keys are states, each with its words for an audience.
pub const AGENT: &str = "copy.agent";
/// The same for another audience.
pub const BUYER: &str = "copy.buyer";

/// The table whose keys are the manifest's columns.
pub const MAP: &str = "map";

/// The list of tables that each hold a cap.
pub const CAPS: &str = "caps";

/// Tables whose keys can be any.
pub const OPEN_TABLES: [&str; 4] = [MODELS, MAP, AGENT, BUYER];

macro_rules! definitions {
    ($($name:tt = $usual:expr, $about:literal $({ $($field:ident: $value:expr),* })?;)*) => {
        [$(Definition {
            $($($field: $value,)*)?
            ..Definition::new($name, $usual, $about)
        }),*]
    };
}

use DefaultValue::{Example, Number, Text, Unwritten};

/// All settings; those of one table stand together, those of none first.
pub static DEFINITIONS: [Definition; 68] = definitions! {
    PROFILE = Unwritten, "The profile to use: the settings of the table [profile.NAME]"
        { unset: "none", flag: "--profile", variable: "CREATIVEAI_PROFILE" };
    "base_url" = Text("https://api.creativeai.run"), "Address of the API"
        { flag: "--base-url", variable: "CREATIVEAI_BASE_URL" };
    "api_key" = Unwritten, "The API key"
        { variable: "CREATIVEAI_API_KEY" };
    "api_key_file" = Example("\"~/keys/creativeai\""), "File that holds the API key; only you may be able to read it"
        { unset: "api-key in the user's settings folder", flag: "--api-key-file", variable: "CREATIVEAI_API_KEY_FILE", own: true };
    "verify_keys" = Unwritten, "More keys that may have signed webhooks, separated by commas"
        { variable: "CREATIVEAI_VERIFY_KEYS" };
    "webhook_url" = Example("\"https://example.com/webhooks/creativeai\""), "Where the API reports finished clips"
        { unset: "none; clips are polled", flag: "--webhook-url", variable: "CREATIVEAI_WEBHOOK_URL", own: true };
    "jobs" = Example("\"jobs.jsonl\""), "The job log"
        { unset: "jobs.jsonl beside the manifest, or in the current folder", flag: "--jobs", variable: "CREATIVEAI_JOBS", own: true };
    "model" = Text("kling-v3"), "Model for rows without one"
        { flag: "--model" };
    "duration" = Text("5s"), "Clip length for rows without one"
        { flag: "--duration" };
    "aspect_ratio" = Text("16:9"), "Aspect ratio for rows without one"
        { flag: "--aspect-ratio" };
    "duration_style" = Text("text"), "How a length is sent: \"text\" sends \"5s\", \"integer\" sends 5";
    "concurrency" = Example("3"), "Requests at once"
        { unset: "3 for listings, 4 for SKUs", flag: "--concurrency" };
    "rate" = Example("\"100/min\""), "Most requests per second (5/s) or minute (100/min)"
        { unset: "no limit", flag: "--rate" };
    "timeout" = Example("\"2h\""), "Stop the command after this long; `run`: each step"
        { unset: "never", flag: "--timeout" };
    "connect_timeout" = Text("10s"), "Longest wait for a connection"
        { flag: "--connect-timeout" };
    "request_timeout" = Text("60s"), "Longest wait for one reply"
        { flag: "--request-timeout" };
    "max_retry_wait" = Text("15m"), "Longest single wait when the API asks to come back later";
    "interval" = Text("10s"), "With --wait: time between two polls of a job"
        { sandbox: Some("1s"), flag: "--interval" };
    "lock_wait" = Text("5s"), "Longest wait for another command to release the log"
        { flag: "--lock-wait" };
    "database_wait" = Text("5m"), "Longest wait for the log's database while it is unreachable"
        { flag: "--database-wait" };
    "max_attempts" = Number("3"), "Most attempts per job, retries included"
        { flag: "--max-attempts" };
    MAP = Example("image_url = \"Photo\""), "What manifests call a column. Files without that header are read unchanged"
        { own: true };
    CAPS = Example("credits = 200\n# per = \"month\"\n# where = \"client=acme\""), "Most credits to charge and reserve: in all, or per day, week, month or year, and only for jobs with a given value in a column if you like"
        { unset: "no cap" };
    "photos.upload" = Example("\"s3://my-photos/listings\""), "Where to upload photos from this computer, so that a sheet can name them by path: s3://BUCKET/PREFIX, gs:// or az://"
        { unset: "nowhere; a sheet names photos by their addresses", own: true };
    "photos.max_size" = Text("50MB"), "Largest photo to upload";
    "voice.voice" = Text("alloy"), "Voice for rows without one";
    "voice.language" = Text("en"), "Language for rows without one";
    "voice.speed" = Text("1.0"), "Speed for rows without one";
    "voice.poll_path" = Text("/api/generate/voice/{id}"), "Where to ask for a voice job; the vendor documents none. \"\" never asks";
    "rates.video_per_5s" = Number("5"), "Credits for each 5 seconds of video, or part of them";
    "rates.voice" = Number("1"), "Credits for one voice job; the vendor publishes none";
    "rates.dollars_low" = Number("0.071"), "Dollars for a credit in the largest pack";
    "rates.dollars_high" = Number("0.10"), "Dollars for a single credit";
    MODELS = Example("\"seedance-1.5-pro\" = 3"), "Credits for each 5 seconds, or part of them, of particular models";
    "download.dir" = Text("videos"), "Folder for the clips, one folder in it for each listing or SKU; or a bucket: s3://BUCKET/PREFIX, gs:// or az://"
        { sandbox: Some("sandbox-videos"), flag: "--dir", own: true };
    "download.max_size" = Text("500MB"), "Largest clip to accept"
        { flag: "--max-size" };
    "download.concurrency" = Number("4"), "Clips downloaded at once"
        { flag: "--concurrency" };
    "publish.concurrency" = Number("2"), "Clips published at once"
        { flag: "--concurrency" };
    "publish.exec_timeout" = Text("10m"), "With --exec: longest time for one clip"
        { flag: "--exec-timeout" };
    "publish.approved" = Example("true"), "Publish only clips that a person has kept with review"
        { unset: "false", flag: "--approved" };
    "run.skip" = Example("[\"report\"]"), "Steps that a round leaves out: check, submit, retry, wait, download, publish or report"
        { unset: "none", flag: "--skip" };
    "run.skip_invalid" = Example("true"), "Leave out rows with mistakes instead of ordering nothing"
        { unset: "false", flag: "--skip-invalid" };
    "run.wait" = Text("2h"), "Longest wait for the clips; the next round fetches the rest"
        { flag: "--wait" };
    "run.to" = Example("\"shopify\""), "Publish clips to a service: shopify"
        { unset: "clips are not published", flag: "--to", own: true };
    "run.every" = Example("\"1h\""), "Keep running, and start a round this often; --once runs one round"
        { unset: "one round, now", flag: "--every" };
    "run.at" = Example("\"02:30\""), "Keep running, and start a round each day at this local time"
        { unset: "one round, now", flag: "--at" };
    "shopify.store" = Example("\"example.myshopify.com\""), "With --to shopify: the shop, such as example.myshopify.com"
        { flag: "--store", own: true };
    "shopify.api_version" = Text("2026-10"), "Version of the shop's Admin API";
    "shopify.token_file" = Example("\"~/keys/shopify\""), "File that holds the shop's Admin API token"
        { own: true };
    "shopify.token" = Unwritten, "The shop's Admin API token"
        { variable: "SHOPIFY_ADMIN_TOKEN" };
    "public.rules" = Text("both"), "Rules that the statement on a report --public page covers: ab723 (California AB 723), eu-ai-act (Article 50 of the EU AI Act) or both";
    "public.statement" = Example("\"These videos were generated by computer.\""), "The statement on that page, in your own words"
        { unset: "words for the rules" };
    "public.originals" = Example("\"https://example.com/originals/\""), "Where this computer's photos are online under their own names, for viewers who want to see the original"
        { unset: "nowhere", own: true };
    "copy.language" = Example("\"de\""), "Language of the texts for others, if [copy.agent] or [copy.buyer] has texts in it, such as ready-de"
        { unset: "words without a language" };
    AGENT = Example("ready = \"The video of {listing} is ready.\"\n# ready-de = \"Das Video von {listing} ist fertig.\""), "Texts for --audience agent: queued, rendering, ready, failed and checking, each optionally per language";
    BUYER = Example("ready = \"The video is ready.\""), "The same for --audience buyer";
    "notify.on" = Example("[\"attention\", \"failure\"]"), "Which events of a run are sent by webhook, e-mail and desktop: start, success, attention, failure"
        { unset: "attention and failure" };
    "notify.webhook" = Example("\"https://example.com/hook\""), "Where notices of rounds are posted"
        { unset: "nowhere", variable: "CREATIVEAI_NOTIFY_WEBHOOK", own: true };
    "notify.format" = Example("\"slack\""), "How notices look there: json, slack, discord or ntfy"
        { unset: "detected from the address, else json" };
    "notify.ping" = Example("\"https://hc-ping.com/uuid\""), "Address of a dead man's switch, called at the start, success and failure of every round"
        { unset: "none", variable: "CREATIVEAI_NOTIFY_PING", own: true };
    "notify.desktop" = Example("true"), "Whether notices are shown on this computer's desktop"
        { unset: "false" };
    "notify.email.server" = Example("\"smtp.example.com\""), "The mail server (SMTP) that sends notices"
        { unset: "none; no e-mail is sent", own: true };
    "notify.email.port" = Example("587"), "Its port"
        { unset: "587 for starttls, 465 for tls, 25 for none", own: true };
    "notify.email.tls" = Text("starttls"), "How the connection is encrypted: starttls, tls (from its first byte), or none, allowed only for a server on this computer"
        { own: true };
    "notify.email.user" = Example("\"clips@example.com\""), "Name for the login there"
        { unset: "no login", own: true };
    "notify.email.password_file" = Example("\"~/keys/mail\""), "File that holds the password; only you may be able to read it"
        { own: true };
    "notify.email.from" = Example("\"clips@example.com\""), "Sender of the e-mail"
        { own: true };
    "notify.email.to" = Example("[\"sam@example.com\"]"), "Who gets it"
        { own: true };
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_defined_once_and_explained() {
        for (i, known) in DEFINITIONS.iter().enumerate() {
            let name = known.name;
            assert!(
                DEFINITIONS[..i].iter().all(|other| other.name != name),
                "{name}"
            );
            assert!(
                !known.about.is_empty() && !known.about.ends_with('.'),
                "{name}"
            );
            let is_overridden = !known.flag.is_empty() || !known.variable.is_empty();
            let is_unset = known.default_value(false).is_none();
            let is_secret = known.usual == Unwritten;
            assert!(
                is_secret
                    || !is_unset
                    || !is_overridden
                    || name == "shopify.store"
                    || !known.unset.is_empty(),
                "{name}"
            );
        }
    }
}
