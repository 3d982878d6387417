//! A device that was away for long: one connection, and it is right again. `LONG_ABSENCE_CHANGES` makes it longer.

use std::{env, ops::Range};

use floor::{Command, Expectation, GuestPatch, Operation, Purpose, Step};
use futures_util::future::join_all;
use maitred::store::{Store, Write};
use serde_json::{Value, json};

use super::floor;
use crate::{
    common::{Device, RESTAURANT, TestServer},
    store::write,
};

/// Changes that the device misses.
const CHANGES: u64 = 20_000;

/// Changes that are asked for at once, so that they share the disk's time.
const AT_ONCE: u64 = 1_000;

/// As many changes, by the store itself.
async fn make_changes(store: &Store, numbers: Range<u64>) {
    for first in numbers.clone().step_by(AT_ONCE as usize) {
        let writes = (first..numbers.end.min(first + AT_ONCE)).map(|number| store.execute(change(number)));
        for outcome in join_all(writes).await {
            outcome.expect("a change");
        }
    }
}

/// A party that comes, or, every other time, one that leaves: few are there at any time.
fn change(number: u64) -> Write {
    let id = format!("guest-{}", number / 2).parse().expect("an id");
    let operation = if number.is_multiple_of(2) {
        let body = json!({ "guestName": "Rivera", "partySize": 2 });
        Operation::CreateGuest(id, patch(&format!("guest-{}", number / 2), body, Purpose::Create))
    } else {
        let status = if number % 1_000 == 1 { "arrived" } else { "cancelled" };
        Operation::UpdateGuest(
            id,
            patch(&format!("guest-{}", number / 2), json!({ "status": status }), Purpose::Update),
        )
    };
    let command = Command::Write(Step { operation, expects: Expectation::Any });
    write(command)
}

fn patch(id: &str, body: Value, purpose: Purpose) -> GuestPatch {
    let Value::Object(body) = body else { panic!("an object") };
    GuestPatch::read(&id.parse().expect("an id"), &body, purpose)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_missed_tens_of_thousands_of_changes_is_right_again_in_one_connection() {
    let changes = env::var("LONG_ABSENCE_CHANGES").map_or(CHANGES, |text| text.parse().expect("a number"));
    let server = TestServer::start().await;
    make_changes(&server.store, 0..10).await;
    let (mut device, ack) = Device::join(&server, "&since=0").await;
    device.expect_numbers(1..=10).await;
    let epoch = ack["epoch"].as_str().expect("an epoch").to_owned();
    drop(device);
    make_changes(&server.store, 10..changes + 10).await;
    let (mut device, ack) = Device::join(&server, &format!("&since=10&epoch={epoch}")).await;
    assert_eq!(ack["seq"], changes + 10);
    let snapshot = device.expect("snapshot").await;
    let mut http = server.http().await;
    let floor = floor(&mut http).await;
    assert_eq!((&snapshot["part"], &snapshot["parts"]), (&json!(1), &json!(1)));
    assert_eq!(snapshot["seq"], changes + 10);
    for rows in ["restaurant", "guests", "tables"] {
        assert_eq!(snapshot["data"][rows], floor[rows]);
    }
    assert!(floor["guests"].as_array().is_some_and(|guests| guests.len() > 10), "a floor with guests on it");
    device.expect_silence().await;
    http.add_guest("last", 2).await;
    device.expect_numbers([changes + 11]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_sent_the_messages_it_missed_where_the_floor_would_be_more() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    // A floor of 1,400 parties, in seven messages.
    for _ in 0..7 {
        let operations = vec![json!({ "op": "create_guest", "data": { "guestName": "Wedding", "partySize": 2 } }); 200];
        let body = json!({ "restaurant_id": RESTAURANT, "operations": operations });
        http.post("/transactions/atomic", body).await.ok();
    }
    make_changes(&server.store, 0..1_300).await;
    let (mut device, ack) = Device::join(&server, "&since=7").await;
    assert_eq!(ack["seq"], 1_307);
    device.expect_numbers(8..=1_307).await;
    device.expect_silence().await;
}
