//! What the process counts, and how Prometheus reads it. Counting never waits.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// A counter for each value of one label.
type Counters = Family<[(&'static str, &'static str); 1], Counter>;

/// Where the time of a commit falls, in seconds: from a fast disk's fsync to a disk in trouble.
const COMMIT_BUCKETS: [f64; 10] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0, 5.0];

/// What the process counts.
pub struct Metrics {
    registry: Registry,
    writes: Counters,
    /// How long groups of writes took, from their first row to their fsync.
    pub(crate) commit_seconds: Histogram,
    /// Messages that were committed and given to the hub.
    pub(crate) messages: Counter,
    /// Devices that are in a restaurant.
    pub(crate) devices: Gauge,
    /// Connections that were turned away because their address had too many.
    pub(crate) refused_connections: Counter,
    /// Pages of the log that devices were sent.
    pub(crate) replayed_pages: Counter,
    /// Floors that devices were sent.
    pub(crate) snapshots: Counter,
    /// Old messages that were dropped from the log.
    pub(crate) pruned_messages: Counter,
    /// Texts of the log, and answers kept for retries, that no longer say who somebody was.
    pub(crate) purged_texts: Counter,
    session_reads: Counters,
    sessions_ended: Counters,
    bus_notices: Counters,
    /// Whether the bus is there.
    pub(crate) bus_up: Gauge,
    /// Restaurants with news that the bus had not brought.
    pub(crate) swept: Counter,
}

impl Metrics {
    /// OpenMetrics 1.0, which Prometheus prefers.
    pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// A write came to its end: `done`, `refused` by a rule, or `failed` with the database.
    pub(crate) fn write(&self, outcome: &'static str) {
        self.writes.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A session has read something from the store.
    pub(crate) fn session_read(&self, what: &'static str) {
        self.session_reads.get_or_create(&[("what", what)]).inc();
    }

    /// A session has come to its end.
    pub(crate) fn session_ended(&self, reason: &'static str) {
        self.sessions_ended.get_or_create(&[("reason", reason)]).inc();
    }

    /// Something was told to other processes, heard from them, or dropped on the way: `sent`, `heard`, `dropped`.
    pub(crate) fn bus(&self, what: &'static str) {
        self.bus_by(what, 1);
    }

    /// The same so many times.
    pub(crate) fn bus_by(&self, what: &'static str, times: u64) {
        self.bus_notices.get_or_create(&[("what", what)]).inc_by(times);
    }

    /// All of it, in the text format of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes all that is written to it");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("maitred"),
            writes: Family::default(),
            commit_seconds: Histogram::new(COMMIT_BUCKETS),
            messages: Counter::default(),
            devices: Gauge::default(),
            refused_connections: Counter::default(),
            replayed_pages: Counter::default(),
            snapshots: Counter::default(),
            pruned_messages: Counter::default(),
            purged_texts: Counter::default(),
            session_reads: Family::default(),
            sessions_ended: Family::default(),
            bus_notices: Family::default(),
            bus_up: Gauge::default(),
            swept: Counter::default(),
        };
        let registry = &mut metrics.registry;
        let help = "Writes that were done, refused by a rule, or failed with the database";
        registry.register("writes", help, metrics.writes.clone());
        let help = "Time of a group of writes from its first row to its fsync";
        registry.register_with_unit("commit", help, Unit::Seconds, metrics.commit_seconds.clone());
        registry.register("messages", "Messages committed and given to the devices", metrics.messages.clone());
        registry.register("devices", "Devices that are in a restaurant", metrics.devices.clone());
        let help = "Connections turned away because their address had as many as it may have";
        registry.register("refused_connections", help, metrics.refused_connections.clone());
        registry.register("replayed_pages", "Pages of the log sent to devices", metrics.replayed_pages.clone());
        registry.register("snapshots", "Floors sent to devices", metrics.snapshots.clone());
        registry.register("pruned_messages", "Old messages dropped from the log", metrics.pruned_messages.clone());
        let help = "Messages and kept answers from which personal data was removed";
        registry.register("purged_texts", help, metrics.purged_texts.clone());
        let help = "Reads of the database by sessions; devices that come back at the same time share them";
        registry.register("session_reads", help, metrics.session_reads.clone());
        let help = "Sessions that have ended: the reason told, or gone where there was nobody left to tell";
        registry.register("sessions_ended", help, metrics.sessions_ended.clone());
        let help = "What was sent to other processes, heard from them, or dropped on the way";
        registry.register("bus_notices", help, metrics.bus_notices.clone());
        registry.register("bus_up", "Whether the bus to other processes is there", metrics.bus_up.clone());
        let help = "Restaurants with devices of which the sweep found news that the bus had not brought";
        registry.register("swept_restaurants", help, metrics.swept.clone());
        metrics
    }
}
