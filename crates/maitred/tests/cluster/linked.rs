//! Nodes with a bus between them, or without.

use std::time::Duration;

use maitred::config::Config;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::nodes;
use crate::common::{Http, PATIENCE, TestServer, guests, metric};

/// So long that nothing in a test can owe anything to it.
pub(crate) const NEVER: Duration = Duration::from_secs(100_000);

/// So often that nobody has to wait for it.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(50);

/// A node on this database.
pub(crate) async fn node(database: &str, bus: Option<&str>, sweep: Duration) -> TestServer {
    node_with(database, bus, sweep, |_| {}).await
}

/// The same with other settings.
pub(crate) async fn node_with(
    database: &str,
    bus: Option<&str>,
    sweep: Duration,
    change: impl FnOnce(&mut Config),
) -> TestServer {
    let server = nodes::node_with(database, |config| {
        config.bus = bus.map(|bus| bus.parse().expect("a bus"));
        config.realtime.sweep_interval = sweep;
        change(config);
    });
    server.await
}

/// Waits until the bus is there, or is not there any more.
pub(crate) async fn await_bus(server: &TestServer, is_up: bool) {
    let mut http = server.http().await;
    let seen = async {
        while (metric(&mut http, "maitred_bus_up").await == 1) != is_up {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("the bus is there: {}", !is_up));
}

/// Adds a party, and tells the number of its message.
pub(crate) async fn add(http: &mut Http, id: &str) -> u64 {
    let body = json!({ "id": id, "guestName": format!("Party of {id}"), "partySize": 2 });
    http.post(&guests(), body).await.ok()["seq"].as_u64().expect("a number")
}
