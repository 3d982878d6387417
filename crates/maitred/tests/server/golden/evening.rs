//! An evening in which every kind of change happens: what a device is shown of it, and what is true at its end.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{BOOKED_FOR, assert_golden, pretty_in_order};
use crate::common::{Device, Http, RESTAURANT, TestServer, guest, guests, table, tables};

/// What is told at least once: a type and, where there are two, what was done.
const KINDS: [&str; 10] = [
    "atomic_transaction_complete",
    "guest_created",
    "guest_deleted",
    "guest_updated status_change",
    "guest_updated update",
    "restaurant_updated",
    "table_created",
    "table_deleted",
    "table_updated status_change",
    "table_updated update",
];

#[tokio::test]
async fn an_evening_is_told_as_its_golden_file_shows() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    before_the_door_opens(&mut http).await;
    let mut device = Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}&since=none")).await;
    device.expect("restaurant_connect").await;
    let (snapshot, mut seq) = numbered(&mut device).await;
    evening(&mut http).await;
    let floor = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.text;
    let floor = floor.replacen("\"success\":true,", "", 1);
    let last = floor.parse::<Value>().expect("JSON")["seq"].as_u64().expect("a number");
    let mut messages = Vec::new();
    while seq < last {
        let message;
        (message, seq) = numbered(&mut device).await;
        messages.push(message);
    }
    assert_tells_of_everything(&messages);
    let messages = messages.join(",");
    let whole = format!(
        r#"{{"restaurant_id":"{RESTAURANT}","snapshot":[{snapshot}],"messages":[{messages}],"floor":{floor}}}"#
    );
    assert_golden("fold/evening", &pretty_in_order(&whole));
}

/// A message, as it is and with its number.
async fn numbered(device: &mut Device) -> (String, u64) {
    let text = device.next_text().await.expect("a message, but the socket closed");
    let seq = text.parse::<Value>().expect("JSON")["seq"].as_u64().expect("a number");
    (text, seq)
}

/// Every kind of change is told, alone and, but for the restaurant's, as a part of a transaction.
#[track_caller]
fn assert_tells_of_everything(messages: &[String]) {
    let kind = |change: &Value| {
        [&change["type"], &change["action"]].into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    let messages: Vec<Value> = messages.iter().map(|message| message.parse().expect("JSON")).collect();
    let alone: BTreeSet<String> = messages.iter().map(kind).collect();
    assert!(alone.iter().eq(&KINDS), "{alone:?}");
    let parts: BTreeSet<String> =
        messages.iter().filter_map(|message| message["changes"].as_array()).flatten().map(kind).collect();
    let expected = KINDS.iter().filter(|kind| !["atomic_transaction_complete", "restaurant_updated"].contains(kind));
    assert!(parts.iter().eq(expected), "{parts:?}");
}

/// Some tables; one party waits, one has booked, one sits and one has left.
async fn before_the_door_opens(http: &mut Http) {
    for (id, capacity) in [("table-1", 2), ("table-2", 4), ("table-3", 4), ("table-4", 6)] {
        http.add_table(id, capacity).await;
    }
    for (id, name, size) in [("ada", "Ada", 2), ("bo", "Bo", 4), ("cyd", "Cyd", 2), ("dee", "Dee", 3)] {
        http.post(&guests(), json!({ "id": id, "guestName": name, "partySize": size })).await.ok();
    }
    http.patch(&guest("bo"), json!({ "reservationTime": BOOKED_FOR, "status": "running_late" })).await.ok();
    http.patch(&guest("cyd"), json!({ "table_id": "table-1" })).await.ok();
    http.patch(&guest("dee"), json!({ "table_id": "table-4" })).await.ok();
    http.patch(&guest("dee"), json!({ "status": "finished" })).await.ok();
}

async fn evening(http: &mut Http) {
    let status = |status: &str| json!({ "status": status });
    let walk_in = json!({ "id": "eve", "guestName": "Zoë 🎂", "partySize": 4, "tags": ["birthday"],
        "source": "walk_in", "quotedWaitMinutes": 15 });
    http.post(&guests(), walk_in).await.ok();
    http.patch(&guest("eve"), json!({ "notes": "by the window", "phone": "+44 20 7946 0123" })).await.ok();
    let booking = json!({ "id": "fay", "guestName": "Fay", "partySize": 2, "reservationTime": BOOKED_FOR });
    http.post(&guests(), booking).await.ok();
    http.patch(&guest("bo"), status("partially_arrived")).await.ok();
    http.put(&guest("ada"), json!({ "status": "seated", "table_id": "table-2" })).await.ok();
    http.post(&tables(), json!({ "id": "table-5", "tableNumber": 5, "capacity": 2, "shape": "round" })).await.ok();
    let place = json!({ "position": { "x": 0.25, "y": 0.5 }, "rotation": 45, "section": "terrace" });
    http.patch(&table("table-2"), place).await.ok();
    let settings = json!({ "name": "Chez Maître", "settings": { "dirtyAfterFinish": true } });
    http.patch(&format!("/restaurants/{RESTAURANT}"), settings).await.ok();

    // One party leaves, another comes, a table is brought in and one is held.
    transact(
        http,
        json!([
            { "op": "create_guest", "id": "gil", "data": { "guestName": "Gil", "partySize": 6 } },
            { "op": "create_table", "id": "table-6", "data": { "tableNumber": "6", "capacity": 6 } },
            { "op": "update_guest", "id": "cyd", "data": { "status": "finished" } },
            { "op": "update_table", "id": "table-3", "data": { "status": "reserved" } },
            { "op": "update_guest", "id": "bo", "data": { "notes": "still one to come" } },
            { "op": "update_table", "id": "table-4", "data": { "section": "bar" } },
        ]),
    )
    .await;
    // One party moves, one is forgotten, and a table is carried away.
    transact(
        http,
        json!([
            { "op": "update_guest", "id": "ada", "data": { "table_id": "table-6" } },
            { "op": "delete_guest", "id": "eve" },
            { "op": "delete_table", "id": "table-5" },
        ]),
    )
    .await;
    http.patch(&guest("gil"), status("cancelled")).await.ok();
    http.patch(&guest("fay"), status("no_show")).await.ok();
    http.patch(&guest("bo"), status("arrived")).await.ok();
    // Who has left comes back: one who left before the device was there, and one whom it saw leave.
    http.patch(&guest("dee"), status("waiting")).await.ok();
    http.patch(&guest("fay"), status("confirmed")).await.ok();
    http.delete(&guest("gil")).await.ok();
    http.patch(&table("table-1"), status("available")).await.ok();
    http.delete(&table("table-3")).await.ok();
    http.patch(&table("table-4"), status("out_of_service")).await.ok();
    // The table's half of a seating.
    http.patch(&table("table-2"), json!({ "guest_id": "bo" })).await.ok();
    // Two parties change places.
    transact(
        http,
        json!([
            { "op": "update_guest", "id": "ada", "data": { "table_id": "table-2" } },
            { "op": "update_guest", "id": "bo", "data": { "table_id": "table-6" } },
        ]),
    )
    .await;
    http.post(&guests(), json!({ "id": "hal", "guestName": "Hal", "partySize": 1, "table_id": "table-1" })).await.ok();
    // Who is deleted leaves its table; who is cleared away has finished.
    http.delete(&guest("hal")).await.ok();
    http.patch(&table("table-2"), status("dirty")).await.ok();
    http.post(&tables(), json!({ "id": "table-7", "tableNumber": 7, "capacity": 2, "status": "reserved" })).await.ok();
    http.post(&guests(), json!({ "id": "ivy", "guestName": "Ivy", "partySize": 2, "tags": ["regular"] })).await.ok();
}

async fn transact(http: &mut Http, operations: Value) {
    let body = json!({ "restaurant_id": RESTAURANT, "operations": operations });
    http.post("/transactions/atomic", body).await.ok();
}
