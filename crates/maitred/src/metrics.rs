//! What the process counts, and how Prometheus reads it. Counting never waits.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// What the process counts.
pub struct Metrics {
    registry: Registry,
    /// Messages that were committed and given to the hub.
    pub(crate) messages: Counter,
    /// Devices that are in a restaurant.
    pub(crate) devices: Gauge,
    /// Pages of the log that devices were sent.
    pub(crate) replayed_pages: Counter,
    /// Floors that devices were sent.
    pub(crate) snapshots: Counter,
    /// Old messages that were dropped from the log.
    pub(crate) pruned_messages: Counter,
    session_reads: Family<[(&'static str, &'static str); 1], Counter>,
    sessions_ended: Family<[(&'static str, &'static str); 1], Counter>,
}

impl Metrics {
    /// OpenMetrics 1.0, which Prometheus prefers.
    pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// A session has read something from the store.
    pub(crate) fn session_read(&self, what: &'static str) {
        self.session_reads.get_or_create(&[("what", what)]).inc();
    }

    /// A session has come to its end.
    pub(crate) fn session_ended(&self, reason: &'static str) {
        self.sessions_ended.get_or_create(&[("reason", reason)]).inc();
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
            messages: Counter::default(),
            devices: Gauge::default(),
            replayed_pages: Counter::default(),
            snapshots: Counter::default(),
            pruned_messages: Counter::default(),
            session_reads: Family::default(),
            sessions_ended: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("messages", "Messages committed and given to the devices", metrics.messages.clone());
        registry.register("devices", "Devices that are in a restaurant", metrics.devices.clone());
        registry.register("replayed_pages", "Pages of the log sent to devices", metrics.replayed_pages.clone());
        registry.register("snapshots", "Floors sent to devices", metrics.snapshots.clone());
        registry.register("pruned_messages", "Old messages dropped from the log", metrics.pruned_messages.clone());
        let help = "Reads of the database by sessions; devices that come back at the same time share them";
        registry.register("session_reads", help, metrics.session_reads.clone());
        let help = "Sessions that have ended: the reason told, or gone where there was nobody left to tell";
        registry.register("sessions_ended", help, metrics.sessions_ended.clone());
        metrics
    }
}
