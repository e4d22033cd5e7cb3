//! `listen` and `sandbox`: the commands that answer HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::values;

/// `listen`.
#[derive(Args, Clone, Debug)]
pub struct ListenArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787", value_parser = values::address)]
    pub addr: SocketAddr,

    /// Path that deliveries come to
    #[arg(long, value_name = "PATH", default_value = "/webhooks/creativeai", value_parser = values::url_path)]
    pub path: String,

    /// File that every delivery is appended to before it is answered
    #[arg(long, value_name = "FILE", default_value = "captures.jsonl", value_hint = ValueHint::FilePath)]
    pub capture: PathBuf,

    /// Also tell this job log what each delivery says [default: captures only]
    #[arg(long, value_name = "JOBS", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,
}

/// `sandbox`.
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790", value_parser = values::address)]
    pub addr: SocketAddr,

    /// What goes wrong.
    #[command(flatten)]
    pub faults: FaultArgs,
}

/// How the sandbox behaves. Shares are of all requests, 0 to 1, as `0.05` or `5%`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rehearse")]
pub struct FaultArgs {
    /// Time a clip renders
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = values::duration)]
    pub render_time: Duration,

    /// Time before each reply
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::duration)]
    pub latency: Duration,

    /// What is drawn: the same seed, the same faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Share of clips that fail
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub fail_share: f64,

    /// Share of clips served by another model, for other credits
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub failover_share: f64,

    /// Share of requests answered 429 with Retry-After
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub throttle_share: f64,

    /// Share of requests answered 503 with Retry-After
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub unavailable_share: f64,

    /// Share of requests answered 500
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub error_share: f64,

    /// Share of submissions accepted, billed, and never answered
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub lost_reply_share: f64,

    /// Share of requests answered after 30 seconds
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub slow_share: f64,

    /// Share of submissions refused with 422
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub refuse_share: f64,

    /// Share of webhooks delivered twice
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub duplicate_share: f64,

    /// Share of webhooks with a wrong signature
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::share)]
    pub bad_signature_share: f64,

    /// Deliver webhooks out of order
    #[arg(long)]
    pub out_of_order: bool,

    /// Deliver webhooks this much later
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::duration)]
    pub late: Duration,
}
