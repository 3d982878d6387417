//! `maitred serve`: what one peer may take of the server.

use std::time::Duration;

use clap::{Args, value_parser};

use crate::config::Limits;

const DEFAULT: Limits = Limits::DEFAULT;

/// The largest that makes sense for what is held in memory whole, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What devices really send is this long, in bytes; a lower limit would keep all of them out.
const LEAST_BYTES: u64 = 1024;

const MOST_SECONDS: u64 = 3_600;

/// Limits to what one peer may take.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitsArgs {
    /// The largest body of a request, in bytes
    #[arg(
        long,
        env = "MAITRED_MAX_BODY_BYTES",
        value_name = "N",
        default_value_t = DEFAULT.body_bytes as u64,
        value_parser = value_parser!(u64).range(LEAST_BYTES..=MOST_BYTES)
    )]
    max_body_bytes: u64,
    /// The largest message from a device on its socket, in bytes
    #[arg(
        long,
        env = "MAITRED_MAX_MESSAGE_BYTES",
        value_name = "N",
        default_value_t = DEFAULT.device_message_bytes as u64,
        value_parser = value_parser!(u64).range(LEAST_BYTES..=MOST_BYTES)
    )]
    max_message_bytes: u64,
    /// The most devices in a restaurant; one more is told to try later
    #[arg(
        long,
        env = "MAITRED_MAX_DEVICES",
        value_name = "N",
        default_value_t = DEFAULT.restaurant_devices as u64,
        value_parser = value_parser!(u64).range(1..)
    )]
    max_devices: u64,
    /// The most connections from one address (of IPv6, from one /64), unless the server listens on this machine only
    #[arg(
        long,
        env = "MAITRED_MAX_CONNECTIONS",
        value_name = "N",
        default_value_t = DEFAULT.address_connections as u64,
        value_parser = value_parser!(u64).range(1..)
    )]
    max_connections: u64,
    /// How many writes a second a device may make, unless the server listens on this machine only; twice as many at once
    #[arg(
        long,
        env = "MAITRED_MAX_WRITES",
        value_name = "N",
        default_value_t = DEFAULT.device_writes,
        value_parser = value_parser!(u32).range(1..=1_000_000)
    )]
    max_writes: u32,
    /// How many pairing codes one address may try at once; then one every six seconds
    #[arg(
        long,
        env = "MAITRED_MAX_PAIRING_TRIES",
        value_name = "N",
        default_value_t = DEFAULT.pairing_tries,
        value_parser = value_parser!(u32).range(1..=1_000_000)
    )]
    max_pairing_tries: u32,
    /// How many missed changes are always replayed to a device one by one, rather than showing it the floor anew
    #[arg(
        long,
        env = "MAITRED_MAX_REPLAY",
        value_name = "N",
        default_value_t = DEFAULT.replay_messages,
        value_parser = value_parser!(u64).range(1..)
    )]
    max_replay: u64,
    /// How long the head of a request may take, the idle time before it included, in seconds
    #[arg(
        long,
        env = "MAITRED_HEAD_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = DEFAULT.head_timeout.as_secs(),
        value_parser = value_parser!(u64).range(1..=MOST_SECONDS)
    )]
    head_timeout: u64,
    /// How long the body of a request may take, in seconds
    #[arg(
        long,
        env = "MAITRED_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = DEFAULT.body_timeout.as_secs(),
        value_parser = value_parser!(u64).range(1..=MOST_SECONDS)
    )]
    body_timeout: u64,
    /// How long a TLS handshake may take, in seconds
    #[arg(
        long,
        env = "MAITRED_TLS_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = DEFAULT.tls_timeout.as_secs(),
        value_parser = value_parser!(u64).range(1..=MOST_SECONDS)
    )]
    tls_timeout: u64,
    /// How long a socket may stay open without naming its restaurant, in seconds
    #[arg(
        long,
        env = "MAITRED_IDENTIFY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = DEFAULT.identify_timeout.as_secs(),
        value_parser = value_parser!(u64).range(1..=MOST_SECONDS)
    )]
    identify_timeout: u64,
}

impl From<LimitsArgs> for Limits {
    fn from(arguments: LimitsArgs) -> Self {
        // As many as a machine can count are as good as any more.
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            body_bytes: count(arguments.max_body_bytes),
            device_message_bytes: count(arguments.max_message_bytes),
            restaurant_devices: count(arguments.max_devices),
            address_connections: count(arguments.max_connections),
            device_writes: arguments.max_writes,
            pairing_tries: arguments.max_pairing_tries,
            head_timeout: Duration::from_secs(arguments.head_timeout),
            body_timeout: Duration::from_secs(arguments.body_timeout),
            tls_timeout: Duration::from_secs(arguments.tls_timeout),
            identify_timeout: Duration::from_secs(arguments.identify_timeout),
            replay_messages: arguments.max_replay,
        }
    }
}
