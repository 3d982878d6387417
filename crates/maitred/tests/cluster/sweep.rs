//! What the sweep finds, when the bus brings nothing at all.

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    linked::{AT_ONCE, add, node, node_with},
    nodes::{keys, token_of},
};
use crate::{
    common::{Answer, Device, Http, PATIENCE, RESTAURANT, guest, guests},
    engines::Postgres,
};

/// Where no bus is.
const NOWHERE: Option<&str> = Some("nats://127.0.0.1:9");

#[tokio::test]
async fn a_last_message_that_the_bus_lost_is_found_without_another_write() {
    let database = Postgres::shared().await.database().await;
    let nodes = [node(&database, NOWHERE, AT_ONCE).await, node(&database, NOWHERE, AT_ONCE).await];
    let mut device = nodes[1].device().await;
    let mut http = nodes[0].http().await;
    for round in 0..5 {
        let seq = add(&mut http, &format!("g{round}")).await;
        assert_eq!(device.expect("guest_created").await["seq"], seq);
    }
    device.expect_silence().await;
}

#[tokio::test]
async fn a_device_that_is_far_behind_by_then_is_sent_all_of_it() {
    let database = Postgres::shared().await.database().await;
    let nodes = [node(&database, NOWHERE, AT_ONCE).await, node(&database, NOWHERE, AT_ONCE).await];
    let mut device = nodes[1].device().await;
    let mut http = nodes[0].http().await;
    // More than the room keeps at hand, and more bytes than are read at once.
    for round in 0..12 {
        let operations = (0..60).map(|index| {
            let data =
                json!({ "guestName": format!("Party {round}-{index}"), "partySize": 2, "notes": "x".repeat(1_500) });
            json!({ "op": "create_guest", "data": data })
        });
        let body = json!({ "restaurant_id": RESTAURANT, "operations": operations.collect::<Vec<_>>() });
        http.post("/transactions/atomic", body).await.ok();
    }
    for seq in 1..=12 {
        assert_eq!(device.expect("atomic_transaction_complete").await["seq"], seq);
    }
    device.expect_silence().await;
}

async fn ask(http: &mut Http, token: Option<&str>, method: &str, path: &str, body: Value) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    http.send(method, path, &headers, body.to_string()).await
}

#[tokio::test]
async fn a_device_that_is_sent_away_at_one_node_is_sent_away_by_all() {
    let database = Postgres::shared().await.database().await;
    // Once with a bus, once without any.
    for bus in [None, NOWHERE] {
        let guarded = async || node_with(&database, bus, AT_ONCE, |config| config.keys = keys()).await;
        let nodes = [guarded().await, guarded().await];
        let (mut http, manager) = (nodes[0].http().await, token_of("a manager"));
        let path = |what: &str| format!("/restaurants/{RESTAURANT}/{what}");
        let code = ask(&mut http, Some(&manager), "POST", &path("pairing_codes"), json!({ "role": "host" })).await.ok();
        // Let in where the code was not asked for.
        let mut elsewhere = nodes[1].http().await;
        let trade = json!({ "code": code["pairing_code"]["code"] });
        let paired = ask(&mut elsewhere, None, "POST", &path("devices"), trade).await.ok();
        let token = paired["token"].as_str().expect("a token");
        let query = format!("?restaurant_id={RESTAURANT}");
        let mut device = Device::connect_as(nodes[1].address, &query, Some(token)).await;
        device.expect("restaurant_connect").await;
        let mut stays = Device::connect_as(nodes[1].address, &query, Some(&manager)).await;
        stays.expect("restaurant_connect").await;

        let id = paired["device"]["id"].as_str().expect("an id");
        ask(&mut http, Some(&manager), "DELETE", &path(&format!("devices/{id}")), json!(null)).await.ok();
        assert_eq!(device.expect_bye("not_allowed").await, 1008);
        ask(&mut elsewhere, Some(token), "GET", &guests(), json!(null)).await.problem(401, "unauthorized");
        stays.expect_silence().await;
    }
}

#[tokio::test]
async fn who_was_forgotten_at_one_node_is_told_of_by_none() {
    let database = Postgres::shared().await.database().await;
    let nodes = [node(&database, NOWHERE, AT_ONCE).await, node(&database, NOWHERE, AT_ONCE).await];
    let (mut http, mut elsewhere) = (nodes[0].http().await, nodes[1].http().await);
    let mut device = nodes[1].device().await;
    let ada = json!({ "id": "ada", "guestName": "Lovelace", "partySize": 2, "phone": "555-0100-42" });
    // At hand at the other node: in its room, and as a page that a device has been sent.
    elsewhere.post(&guests(), ada).await.ok();
    device.expect("guest_created").await;
    let resume = format!("?restaurant_id={RESTAURANT}&since=0");
    let mut other = Device::connect(nodes[1].address, &resume).await;
    other.expect("restaurant_connect").await;
    assert_eq!(other.expect("guest_created").await["data"]["guestName"], "Lovelace");

    http.delete(&format!("{}?purge=true", guest("ada"))).await.ok();
    device.expect("guest_deleted").await;
    // As soon as the next sweep has seen that there was something besides the deletion.
    let is_forgotten = async {
        loop {
            let mut later = Device::connect(nodes[1].address, &resume).await;
            later.expect("restaurant_connect").await;
            match later.expect("guest_created").await["data"]["guestName"].as_str() {
                Some("(purged)") => return,
                Some("Lovelace") => {}
                other => panic!("{other:?}"),
            }
        }
    };
    timeout(PATIENCE, is_forgotten).await.expect("it is not told any more");
}
