//! Restaurants that are deleted and opened again at one node while others have devices of them, and databases that go away
//! and come back.

use serde_json::json;

use super::linked::{AT_ONCE, NEVER, add, await_bus, node};
use crate::{
    common::{Device, RESTAURANT, guests},
    engines::{Nats, Postgres},
};

#[tokio::test]
async fn devices_of_a_restaurant_that_is_deleted_at_another_node_are_told_so() {
    let (postgres, nats) = (Postgres::shared().await, Nats::start().await);
    for bus in [Some(nats.url()), None] {
        let database = postgres.database().await;
        let nodes = [node(&database, bus.as_deref(), NEVER).await, node(&database, bus.as_deref(), NEVER).await];
        for node in &nodes {
            await_bus(node, true).await;
        }
        let mut device = nodes[1].device().await;
        nodes[0].http().await.delete(&format!("/restaurants/{RESTAURANT}")).await.ok();
        assert_eq!(device.expect_bye("restaurant_deleted").await, 1008);
    }
}

#[tokio::test]
async fn a_device_never_takes_the_next_life_of_a_restaurant_for_the_one_that_it_knew() {
    let database = Postgres::shared().await.database().await;
    // No bus: of the end of the first life, the other node has not heard when it commits to the second.
    let nowhere = Some("nats://127.0.0.1:9");
    let nodes = [node(&database, nowhere, NEVER).await, node(&database, nowhere, NEVER).await];
    let (mut here, mut there) = (nodes[0].http().await, nodes[1].http().await);
    add(&mut here, "first").await;
    let query = format!("?restaurant_id={RESTAURANT}&since=0");
    let mut device = Device::connect(nodes[1].address, &query).await;
    let epoch = device.expect("restaurant_connect").await["epoch"].clone();
    assert_eq!(device.expect("guest_created").await["guest_id"], "first");

    here.delete(&format!("/restaurants/{RESTAURANT}")).await.ok();
    here.post("/restaurants", json!({ "id": RESTAURANT })).await.ok();
    add(&mut there, "second").await;
    assert_eq!(device.expect_bye("restaurant_deleted").await, 1008);
    let query = format!("{query}&epoch={}", epoch.as_str().expect("an epoch"));
    let mut device = Device::connect(nodes[1].address, &query).await;
    assert_ne!(device.expect("restaurant_connect").await["epoch"], epoch);
    let snapshot = device.expect("snapshot").await;
    assert_eq!(snapshot["data"]["guests"][0]["id"], "second");
    device.expect_silence().await;
}

#[tokio::test]
async fn sockets_stay_while_the_database_is_away_and_go_on_when_it_is_back() {
    let (mut postgres, nats) = (Postgres::start().await, Nats::start().await);
    let (database, bus) = (postgres.database().await, nats.url());
    let nodes = [node(&database, Some(&bus), AT_ONCE).await, node(&database, Some(&bus), AT_ONCE).await];
    let mut devices = [nodes[0].device().await, nodes[1].device().await];
    let mut http = nodes[0].http().await;
    let seen = add(&mut http, "before").await;
    for device in &mut devices {
        assert_eq!(device.expect("guest_created").await["seq"], seen);
    }
    postgres.crash().await;
    let body = json!({ "id": "during", "guestName": "Rivera", "partySize": 2 });
    let refused = http.post(&guests(), body.clone()).await;
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    refused.problem(503, "store_unavailable");
    http.get("/readyz").await.problem(503, "store_unavailable");
    for device in &mut devices {
        device.expect_silence().await;
    }
    // Whoever comes now is told to come again.
    let mut late = Device::connect(nodes[1].address, &format!("?restaurant_id={RESTAURANT}")).await;
    let told = late.next().await;
    assert!(told["type"] == "bye" || told["type"] == "restaurant_connect", "{told}");
    postgres.start_again().await;
    http.get("/readyz").await.ok();
    let seq = http.post(&guests(), body).await.ok()["seq"].clone();
    for device in &mut devices {
        assert_eq!(device.expect("guest_created").await["seq"], seq);
    }
}
