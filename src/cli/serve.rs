//! `listen` and `sandbox`: the commands that answer HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use url::Url;

use super::MetricsArg;
use crate::jobs::Credits;
use crate::sandbox::{self, Chance, Faults, RetryAfter, WebhookFaults, WebhookOptions};
use crate::settings::values;

/// `listen`.
#[derive(Args, Clone, Debug)]
pub struct ListenArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787", value_parser = values::address)]
    pub addr: SocketAddr,

    /// Path that deliveries come to
    #[arg(long, value_name = "PATH", default_value = "/webhooks/creativeai", value_parser = values::url_path)]
    pub path: String,

    /// File that every delivery is appended to before it is answered [default: captures.jsonl; none
    /// where --jobs names a log in a database, which keeps them]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub capture: Option<PathBuf>,

    /// Also record in this job log what each delivery says [default: captures only]
    #[arg(long, value_name = "JOBS", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,

    /// Also send each verified delivery to this address, as it came, in the order of arrival; retried
    /// until accepted, also by the next run with the same --capture, or by another receiver of a
    /// log in a database
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = values::forward_address)]
    pub forward: Option<Url>,

    /// With --jobs: run this command for each clip that has ended, ready or failed, as `publish
    /// --exec` does: the job as JSON on its standard input, its fields as CREATIVEAI_* variables
    #[arg(long, value_name = "CMD", requires = "jobs", value_hint = ValueHint::CommandString)]
    pub exec: Option<String>,

    /// With --exec: the receiver's name in the log; each name gets each clip once, by listen and by
    /// publish together [default: exec]
    #[arg(long = "target", value_name = "NAME", requires = "exec", value_parser = values::target)]
    pub target_name: Option<String>,

    /// What a monitoring system may ask for.
    #[command(flatten)]
    pub metrics: MetricsArg,

    /// Ask the receiver at --addr whether it can keep deliveries, and exit: 0 if it can, else 75;
    /// for containers without another HTTP client
    #[arg(long, conflicts_with_all = ["jobs", "forward", "exec", "metrics"])]
    pub health: bool,
}

/// `sandbox`.
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790", value_parser = values::address)]
    pub addr: SocketAddr,

    /// How clips come out.
    #[command(flatten)]
    pub clips: StandInArgs,

    /// What goes wrong.
    #[command(flatten)]
    pub faults: FaultArgs,

    /// What goes wrong with webhooks.
    #[command(flatten)]
    pub webhooks: WebhookFaultArgs,
}

/// How the sandbox renders.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Clips")]
pub struct StandInArgs {
    /// Approximate time to render a clip
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = values::duration)]
    pub render_time: Duration,

    /// Time before each reply
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::duration)]
    pub latency: Duration,

    /// Random seed: the same seed gives the same faults
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Share of clips that fail, e.g. 0.05 or 5%
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub fail_share: f64,

    /// Share of clips served by another provider, for fewer credits
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub failover_share: f64,

    /// Credits available [default: no limit]
    #[arg(long, value_name = "N", value_parser = values::credits)]
    pub balance: Option<Credits>,

    /// How long a clip's address works [default: forever]
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration)]
    pub link_lifetime: Option<Duration>,
}

/// What the sandbox does wrong with requests.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Faults: a share (5%), first:N cases, or each:N of every job")]
pub struct FaultArgs {
    /// Answered 429, not accepted
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub throttle_share: Chance,

    /// Answered 503 with Retry-After, not accepted
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub unavailable_share: Chance,

    /// What 429 and 503 say: seconds, date:SECONDS or none
    #[arg(long, value_name = "WHEN", default_value = "1")]
    pub retry_after: RetryAfter,

    /// Answered 500, not accepted
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub error_share: Chance,

    /// Answered 500 though accepted and billed
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub billed_error_share: Chance,

    /// Answered 422, as for a prompt against the rules
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub refuse_share: Chance,

    /// Cut off without a reply, though accepted and billed
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub lost_reply_share: Chance,

    /// Accepted at once, answered 10 seconds later
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub slow_share: Chance,

    /// Polls answered 500
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub poll_error_share: Chance,

    /// Downloads that break off in the middle
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::chance)]
    pub cut_download_share: Chance,
}

/// What the sandbox does wrong with webhooks.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookFaultArgs {
    /// Share of webhooks never delivered
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub lost_webhook_share: f64,

    /// Share of webhooks delivered twice
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub duplicate_share: f64,

    /// Share of webhooks that come with a wrong signature first
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub bad_signature_share: f64,

    /// Share of clips whose "processing" comes after the end [default: 0; all without a value]
    #[arg(long, value_name = "SHARE", num_args = 0..=1, default_value = "0", hide_default_value = true,
          default_missing_value = "1", value_parser = values::share)]
    pub out_of_order: f64,

    /// Deliver webhooks up to this much later [default: at once; 10s without a value]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "10s",
          value_parser = values::positive_duration)]
    pub late: Option<Duration>,
}

impl SandboxArgs {
    /// What was typed, as the sandbox takes it; the rest is as usual.
    pub fn options(&self) -> sandbox::Options {
        let usual = sandbox::Options::default();
        let Self {
            clips,
            faults,
            webhooks,
            ..
        } = self;
        sandbox::Options {
            render_time: clips.render_time,
            latency: clips.latency,
            seed: clips.seed,
            fail_share: clips.fail_share,
            failover_share: clips.failover_share,
            balance: clips.balance,
            link_lifetime: clips.link_lifetime,
            faults: Faults {
                throttle: faults.throttle_share,
                unavailable: faults.unavailable_share,
                retry_after: faults.retry_after,
                server_error: faults.error_share,
                billed_error: faults.billed_error_share,
                refuse: faults.refuse_share,
                lost_reply: faults.lost_reply_share,
                slow: faults.slow_share,
                poll_error: faults.poll_error_share,
                cut_download: faults.cut_download_share,
                ..usual.faults
            },
            webhooks: WebhookOptions {
                faults: WebhookFaults {
                    lost: webhooks.lost_webhook_share,
                    duplicate: webhooks.duplicate_share,
                    bad_signature: webhooks.bad_signature_share,
                    out_of_order: webhooks.out_of_order,
                    late: if webhooks.late.is_some() { 1.0 } else { 0.0 },
                    late_by: webhooks.late.unwrap_or(usual.webhooks.faults.late_by),
                },
                ..usual.webhooks
            },
            ..usual
        }
    }
}
