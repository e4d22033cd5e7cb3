//! The API that commands call.

use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::exit::Failure;
use crate::sandbox::{self, SANDBOX_ORIGIN, Sandbox};
use crate::settings::Settings;
use crate::vendor::{ApiKey, BaseUrl, Client, ClientOptions, ConfigError, Throttle};

/// The API, or the stand-in that runs inside this command.
pub struct Api {
    pub client: Client,
    /// Without `/v1`.
    pub base: BaseUrl,
    /// The stand-in, under `--sandbox`.
    pub stand_in: Option<Sandbox>,
}

impl Api {
    /// Prepares to call the API. Nothing is sent yet.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        let key = settings.require_key()?;
        let (base, stand_in) = if let Some(url) = &settings.base_url.value {
            (BaseUrl::parse(url).map_err(|e| config(&e))?, None)
        } else {
            let stand_in = start_stand_in(key.clone()).await?;
            let url = format!("http://{}", stand_in.addr());
            (
                BaseUrl::parse(&url).map_err(|e| config(&e))?,
                Some(stand_in),
            )
        };
        if key.is_sandbox() && !base.is_loopback() {
            return Err(Failure::config(format!(
                "the key is a rehearsal's, and {base} is not on this computer; nothing was sent"
            ))
            .help("set your own key with `creativeai init`, or add --sandbox to rehearse"));
        }
        let client = Client::new(ClientOptions {
            base: base.clone(),
            key: Some(key),
            connect_timeout: settings.network.connect_timeout,
            request_timeout: settings.network.request_timeout,
            voice_poll_path: settings.voice.poll_path.clone(),
        })
        .map_err(|e| config(&e))?;
        Ok(Self {
            client,
            base,
            stand_in,
        })
    }

    /// Where a clip's address leads from here: the stand-in's are its own.
    pub fn here(&self, url: &str) -> String {
        match (&self.stand_in, url.strip_prefix(SANDBOX_ORIGIN)) {
            (Some(stand_in), Some(path)) => format!("{}{path}", stand_in.base_url()),
            _ => url.to_owned(),
        }
    }
}

fn config(error: &ConfigError) -> Failure {
    Failure::config(error.to_string())
        .help("nothing was sent; `creativeai config` shows where each setting comes from")
}

async fn start_stand_in(key: ApiKey) -> Result<Sandbox, Failure> {
    let fail = |e: std::io::Error| {
        Failure::io("cannot start the sandbox on this computer")
            .because(e)
            .help("try again; a firewall may forbid connections to 127.0.0.1")
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(fail)?;
    let options = sandbox::Options {
        key,
        public_origin: Some(SANDBOX_ORIGIN.to_owned()),
        ..sandbox::Options::default()
    };
    sandbox::start(listener, options).await.map_err(fail)
}

/// Who may send when.
pub fn throttle(settings: &Settings, concurrency: usize, deadline: Option<Instant>) -> Throttle {
    Throttle::new(concurrency, settings.network.rate, deadline)
        .with_longest_wait(settings.network.max_retry_wait)
}
