//! What the bus brings, when nothing else could.

use futures_util::future::join_all;
use serde_json::json;

use super::linked::{AT_ONCE, NEVER, add, await_bus, node};
use crate::{
    common::{Device, RESTAURANT, guests, metric},
    engines::{Nats, PgBouncer, Postgres},
};

/// A change at one node, told to devices of both, in order and once.
async fn is_told_everywhere(database: &str, bus: Option<&str>) {
    let nodes = [node(database, bus, NEVER).await, node(database, bus, NEVER).await];
    for node in &nodes {
        await_bus(node, true).await;
    }
    let mut devices = [nodes[0].device().await, nodes[1].device().await];
    let mut writers = [nodes[0].http().await, nodes[1].http().await];
    for round in 0..20 {
        let seq = add(&mut writers[round % 2], &format!("g{round}")).await;
        for device in &mut devices {
            let message = device.expect("guest_created").await;
            assert_eq!((&message["seq"], &message["guest_id"]), (&json!(seq), &json!(format!("g{round}"))));
        }
    }
    for device in &mut devices {
        device.expect_silence().await;
    }
}

#[tokio::test]
async fn nats_brings_a_change_to_the_devices_of_other_nodes() {
    let (postgres, nats) = (Postgres::shared().await, Nats::start().await);
    is_told_everywhere(&postgres.database().await, Some(&nats.url())).await;
}

#[tokio::test]
async fn without_nats_the_database_itself_brings_it() {
    let postgres = Postgres::shared().await;
    is_told_everywhere(&postgres.database().await, None).await;
}

#[tokio::test]
async fn behind_a_pooler_the_bus_has_an_address_of_its_own() {
    let postgres = Postgres::shared().await;
    let (pooler, database) = (PgBouncer::start(postgres).await, postgres.database().await);
    is_told_everywhere(&pooler.url_of(&database), Some(&database)).await;
}

#[tokio::test]
async fn whoever_writes_at_two_nodes_at_once_is_told_to_all_in_one_order() {
    const EACH: usize = 60;
    let (postgres, nats) = (Postgres::shared().await, Nats::start().await);
    let (database, bus) = (postgres.database().await, nats.url());
    for bus in [Some(bus.as_str()), None] {
        let nodes = [node(&database, bus, NEVER).await, node(&database, bus, NEVER).await];
        for node in &nodes {
            await_bus(node, true).await;
        }
        let name = if bus.is_some() { "nats" } else { "notify" };
        let mut devices = [nodes[0].device().await, nodes[1].device().await];
        let first = nodes[0].http().await.get(&guests()).await.ok()["seq"].as_u64().expect("a number");
        let writing = (0..4).map(|writer| {
            let server = &nodes[writer % 2];
            async move {
                let mut http = server.http().await;
                for index in 0..EACH {
                    add(&mut http, &format!("{name}-{writer}-{index}")).await;
                }
            }
        });
        join_all(writing).await;
        let mut told = [Vec::new(), Vec::new()];
        for (device, told) in devices.iter_mut().zip(&mut told) {
            for seq in first + 1..=first + 4 * EACH as u64 {
                let message = device.expect("guest_created").await;
                assert_eq!(message["seq"], seq);
                told.push(message["guest_id"].clone());
            }
            device.expect_silence().await;
        }
        assert_eq!(told[0], told[1]);
    }
}

#[tokio::test]
async fn two_databases_that_share_a_bus_hear_nothing_of_each_other() {
    let (postgres, nats) = (Postgres::shared().await, Nats::start().await);
    let ours = node(&postgres.database().await, Some(&nats.url()), NEVER).await;
    let theirs = node(&postgres.database().await, Some(&nats.url()), NEVER).await;
    await_bus(&ours, true).await;
    await_bus(&theirs, true).await;
    let (mut device, mut here) = (theirs.device().await, theirs.http().await);
    let mut there = ours.http().await;
    for round in 0..20 {
        add(&mut there, &format!("stranger-{round}")).await;
    }
    add(&mut here, "ours").await;
    assert_eq!(device.expect("guest_created").await["guest_id"], "ours");
    device.expect_silence().await;
    assert_eq!(metric(&mut here, "maitred_bus_notices_total{what=\"heard\"}").await, 0);
}

#[tokio::test]
async fn a_node_listens_only_to_restaurants_that_it_has_devices_of() {
    let (postgres, nats) = (Postgres::shared().await, Nats::start().await);
    let database = postgres.database().await;
    let nodes = [node(&database, Some(&nats.url()), NEVER).await, node(&database, Some(&nats.url()), NEVER).await];
    for node in &nodes {
        await_bus(node, true).await;
    }
    // As hard for a subject as an id can be.
    let ids = ["a", "a.b", "a..b", "a.", "a:b-c_d"];
    let mut http = nodes[0].http().await;
    for id in ids {
        http.post("/restaurants", json!({ "id": id })).await.ok();
    }
    let mut device = nodes[1].device_in("a..b").await;
    for id in ids {
        let body = json!({ "id": id, "guestName": id, "partySize": 2 });
        http.post(&format!("/restaurants/{id}/guests"), body).await.ok();
    }
    let message = device.expect("guest_created").await;
    assert_eq!((&message["restaurant_id"], &message["guest_id"]), (&json!("a..b"), &json!("a..b")));
    device.expect_silence().await;
    let mut other = nodes[1].http().await;
    assert_eq!(metric(&mut other, "maitred_bus_notices_total{what=\"heard\"}").await, 1);
    drop(device);
}

#[tokio::test]
async fn a_device_that_comes_back_at_another_node_is_sent_what_it_missed() {
    let (postgres, nats) = (Postgres::shared().await, Nats::start().await);
    let database = postgres.database().await;
    let nodes = [node(&database, Some(&nats.url()), NEVER).await, node(&database, Some(&nats.url()), NEVER).await];
    for node in &nodes {
        await_bus(node, true).await;
    }
    let mut device = nodes[0].device().await;
    let mut http = nodes[1].http().await;
    let seen = add(&mut http, "seen").await;
    assert_eq!(device.expect("guest_created").await["seq"], seen);
    drop(device);
    for round in 0..5 {
        add(&mut http, &format!("missed-{round}")).await;
    }
    let query = format!("?restaurant_id={RESTAURANT}&since={seen}");
    let mut device = Device::connect(nodes[1].address, &query).await;
    device.expect("restaurant_connect").await;
    for round in 0..5 {
        assert_eq!(device.expect("guest_created").await["guest_id"], format!("missed-{round}"));
    }
    device.expect_silence().await;
}

#[tokio::test]
async fn a_device_that_has_heard_more_than_the_node_that_it_comes_to_goes_on_from_there() {
    let database = Postgres::shared().await.database().await;
    // No bus, and no sweep: what is written at one, the other only finds out by itself.
    let nowhere = Some("nats://127.0.0.1:9");
    let nodes = [node(&database, nowhere, NEVER).await, node(&database, nowhere, NEVER).await];
    let mut behind = nodes[1].device().await;
    let mut http = nodes[0].http().await;
    add(&mut http, "first").await;
    let seen = add(&mut http, "second").await;
    let query = format!("?restaurant_id={RESTAURANT}&since={seen}");
    let mut device = Device::connect(nodes[1].address, &query).await;
    assert_eq!(device.expect("restaurant_connect").await["seq"], seen);
    device.expect_silence().await;
    // Those who were there before are told as well, now that it is known.
    for guest in ["first", "second"] {
        assert_eq!(behind.expect("guest_created").await["guest_id"], guest);
    }
}

#[tokio::test]
async fn writes_succeed_without_the_bus_and_full_speed_is_back_with_it() {
    let (postgres, mut nats) = (Postgres::shared().await, Nats::start().await);
    let (database, bus) = (postgres.database().await, nats.url());
    let nodes = [node(&database, Some(&bus), AT_ONCE).await, node(&database, Some(&bus), NEVER).await];
    for node in &nodes {
        await_bus(node, true).await;
    }
    let mut devices = [nodes[0].device().await, nodes[1].device().await];
    let mut http = nodes[1].http().await;
    nats.kill().await;
    for node in &nodes {
        await_bus(node, false).await;
    }
    // The one that sweeps hears of it; the other hears of what it writes itself.
    for round in 0..3 {
        let seq = add(&mut http, &format!("dark-{round}")).await;
        for device in &mut devices {
            assert_eq!(device.expect("guest_created").await["seq"], seq);
        }
    }
    let mut elsewhere = nodes[0].http().await;
    let lost = add(&mut elsewhere, "lost").await;
    assert_eq!(devices[0].expect("guest_created").await["seq"], lost);
    devices[1].expect_silence().await;
    nats.start_again().await;
    // Without another write: what the bus lost is looked for when it is back.
    assert_eq!(devices[1].expect("guest_created").await["seq"], lost);
    for node in &nodes {
        await_bus(node, true).await;
    }
    let seq = add(&mut elsewhere, "light").await;
    assert_eq!(devices[1].expect("guest_created").await["seq"], seq);
}
