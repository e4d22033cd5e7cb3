//! `publish --to shopify`: the shop, and whether a person wants this one.

use std::io::IsTerminal;

use crate::cli::PublishArgs;
use crate::commands::on_demand::ApiOnDemand;
use crate::engine::delivery::RETRY_DELAY;
use crate::engine::delivery::client::FetchClient;
use crate::engine::delivery::due::other_target;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::shopify::{
    Admin, Credentials, LOOK_EVERY, LOOKS, ShopifyOptions, Store, StoreError, TARGET, Version,
};
use crate::exit::Failure;
use crate::output::Printer;
use crate::settings::Settings;
use crate::text::escape;

/// The shop of a rehearsal that names none.
const REHEARSAL_STORE: &str = "sandbox.myshopify.com";
/// The token of a rehearsal that has none. Tokens are blotted out wherever a server quotes them, so
/// it must be no word that occurs by itself.
const REHEARSAL_TOKEN: &str = "shpat_rehearsal";

/// What a token or secret begins with that a sandbox may be shown: a real one goes on in hexadecimal digits.
const OF_SANDBOXES: [&str; 2] = ["shpat_test", "shpss_test"];

/// A shop that can be called.
pub struct ConnectedShop<'a> {
    pub admin: Admin<'a>,
    pub options: ShopifyOptions,
}

impl<'a> ConnectedShop<'a> {
    /// Prepares to call the shop of the settings. Nothing is sent yet.
    pub async fn open(
        args: &PublishArgs,
        deliveries: &mut [Delivery],
        api: &ApiOnDemand<'_>,
        client: &'a FetchClient,
        settings: &Settings,
        printer: &Printer,
    ) -> anyhow::Result<Self> {
        let look = args.look();
        let look = look.map_err(|why| Failure::usage(format!("--as: {why}")))?;
        api.at_hand(deliveries).await?;
        let is_rehearsal = deliveries.iter().any(|delivery| delivery.is_sandbox);
        let stand_in = stand_in(api, is_rehearsal, settings, args.dry_run).await?;
        let name = match (settings.shopify_store.as_deref(), &stand_in) {
            (Some(name), _) => name,
            (None, Some(_)) => REHEARSAL_STORE,
            (None, None) => {
                return Err(Failure::config("no shop is named; nothing was sent")
                    .help(
                        "add --store NAME.myshopify.com, or set store in the [shopify] part of \
                         creativeai.toml",
                    )
                    .into());
            }
        };
        let store = Store::parse(name).map_err(|error| wrong(&error))?;
        if !args.yes {
            agree_to_shop(&store, deliveries, args.dry_run, printer)?;
        }
        let version =
            Version::parse(&settings.shopify_api_version).map_err(|error| wrong(&error))?;
        let credentials = credentials(settings, stand_in.is_some())?;
        let stand_in = stand_in.as_deref();
        let admin = Admin::new(client, store, version, credentials, stand_in, RETRY_DELAY);
        let options = ShopifyOptions {
            concurrency: usize::from(settings.publish.concurrency),
            interval: LOOK_EVERY,
            looks: LOOKS,
            max_size: settings.download.max_size,
            retry_delay: RETRY_DELAY,
            dry_run: args.dry_run,
            again: args.yes,
            look,
        };
        Ok(Self {
            admin: admin.map_err(|error| wrong(&error))?,
            options,
        })
    }
}

fn wrong(error: &StoreError) -> Failure {
    Failure::config(error.to_string()).help("nothing was sent; see `creativeai help publish`")
}

/// A shop that has none of the log's clips, where another one has, may be another client's.
fn agree_to_shop(
    store: &Store,
    deliveries: &[Delivery],
    dry_run: bool,
    printer: &Printer,
) -> anyhow::Result<()> {
    let target = format!("{TARGET}{store}");
    let Some(other) = other_target(deliveries, TARGET, &target) else {
        return Ok(());
    };
    let other = other.trim_start_matches(TARGET);
    let found = format!(
        "this log's clips went to {} until now, not to {store}",
        escape(other)
    );
    if dry_run {
        printer.warn(format_args!("{found}; publishing will ask about it"));
        return Ok(());
    }
    let is_asked = std::io::stdin().is_terminal();
    if is_asked && printer.confirm(format_args!("{found}. Publish them to {store}?"))? {
        return Ok(());
    }
    Err(Failure::decision(format!("{found}; nothing was sent"))
        .help(
            "name the right shop with --store; `creativeai config` shows where this one comes from. \
             If both shops are right, or the shop was renamed, add --yes: a clip that its product has already \
             is recognized and not added twice",
        )
        .into())
}

/// Where the stand-in for the shop is. A rehearsal's clips go nowhere else: to the sandbox inside
/// this command, or to the one on this computer that they were ordered from.
async fn stand_in(
    api: &ApiOnDemand<'_>,
    is_rehearsal: bool,
    settings: &Settings,
    is_dry_run: bool,
) -> Result<Option<String>, Failure> {
    if !is_rehearsal && !settings.sandbox {
        return Ok(None);
    }
    let origin = api.shop_stand_in().await?;
    if origin.is_none() && !is_dry_run {
        return Err(Failure::config(
            "these are a rehearsal's clips, and they never go to a real shop; nothing was sent",
        )
        .help("add --sandbox: the sandbox has a stand-in for the shop"));
    }
    Ok(origin)
}

/// A static token, else an app's id and secret; only from environment or file. A rehearsal needs none, and
/// is not shown any real one.
fn credentials(settings: &Settings, is_rehearsal: bool) -> Result<Credentials, Failure> {
    let may_see = |secret: &str| {
        let mut of_sandboxes = OF_SANDBOXES.iter();
        !is_rehearsal || of_sandboxes.any(|start| secret.starts_with(start))
    };
    let rehearsal = || Credentials::token(REHEARSAL_TOKEN);
    let credentials = if settings.sandbox {
        rehearsal()
    } else if let Some(token) = settings.shopify_token()? {
        let token = token.expose();
        Credentials::token(if may_see(token) {
            token
        } else {
            REHEARSAL_TOKEN
        })
    } else {
        match Settings::shopify_app() {
            (Some(id), Some(secret)) if may_see(&secret) => Credentials::client(&id, &secret),
            (Some(_), Some(_)) => rehearsal(),
            (None, None) if is_rehearsal => rehearsal(),
            _ => {
                let failure = Failure::config("access to the shop is not set up; nothing was sent");
                return Err(failure.help(
                    "set SHOPIFY_ADMIN_TOKEN, or SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET of an \
                     app with the scope write_products",
                ));
            }
        }
    };
    credentials.map_err(|error| wrong(&error))
}
