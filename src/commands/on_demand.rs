//! The API for commands that need it only for some clips.

use tokio::sync::OnceCell;

use super::api::Api;
use super::open::OpenLog;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::{FailureKind, Links, OnDemand, RefreshError};
use crate::exit::{Code, Failure};
use crate::sandbox::Sandbox;
use crate::vendor;

/// The API, opened once it is needed, and only then with the key.
pub struct ApiOnDemand<'a> {
    log: &'a OpenLog<'a>,
    api: OnceCell<Api>,
}

impl<'a> ApiOnDemand<'a> {
    /// Not opened yet.
    pub fn new(log: &'a OpenLog<'a>) -> Self {
        let api = OnceCell::new();
        Self { log, api }
    }

    /// Asks it for fresh links.
    pub fn links(&self) -> Links<'_, Self> {
        Links::new(self, self.log.observer())
    }

    async fn api(&self) -> Result<&Api, Failure> {
        self.api.get_or_try_init(|| self.log.api()).await
    }

    /// Under `--sandbox` the stand-in of this command has the clips.
    pub async fn at_hand(&self, deliveries: &mut [Delivery]) -> Result<(), Failure> {
        let has_links = deliveries.iter().any(|one| one.output_url.is_some());
        if !self.log.settings.sandbox || !has_links {
            return Ok(());
        }
        let api = self.api().await?;
        for delivery in deliveries {
            delivery.output_url = delivery.output_url.take().map(|url| api.here(&url));
        }
        Ok(())
    }

    /// Where the sandbox is that stands in for the shop, too: inside this command, or listening on
    /// this computer.
    pub async fn shop_stand_in(&self) -> Result<Option<String>, Failure> {
        if self.log.settings.sandbox {
            let api = self.api().await?;
            return Ok(api.stand_in.as_ref().map(Sandbox::base_url));
        }
        let url = self.log.settings.base_url.value.clone();
        Ok(url.filter(|_| self.log.settings.calls_this_computer()))
    }
}

impl OnDemand for ApiOnDemand<'_> {
    async fn client(&self) -> Result<&vendor::Client, RefreshError> {
        let api = self.api().await.map_err(|error| {
            let why = match error.next_step() {
                Some(step) => format!("{error}; {step}"),
                None => error.to_string(),
            };
            let kind = match error.code() {
                Code::Config => FailureKind::Setup,
                Code::Io => FailureKind::Disk,
                _ => FailureKind::MayHelp,
            };
            RefreshError::new(kind, why)
        })?;
        Ok(&api.client)
    }

    async fn here(&self, url: String) -> Result<String, RefreshError> {
        let api = self.api().await;
        let api = api.map_err(|e| RefreshError::new(FailureKind::Setup, e.to_string()))?;
        Ok(api.here(&url))
    }
}
