//! Coming back: what was missed, in order, and then what happens. No gap, no repeat.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{chat, chatty, floor};
use crate::common::{Device, Http, RESTAURANT, TestServer, guests};

/// The most missed messages that are always replayed.
const ALWAYS_REPLAYED: u64 = 500;

/// A part of a snapshot, as it comes over the wire, is smaller than this.
const PART_BYTES: usize = 256 * 1024;

/// Guests whose notes take 8,000 bytes each.
async fn add_long_guests(http: &mut Http, count: usize) {
    for index in 0..count {
        let notes = "🍽".repeat(2_000);
        let body = json!({ "id": format!("long-{index}"), "guestName": "Long", "partySize": 2, "notes": notes });
        http.post(&guests(), body).await.ok();
    }
}

#[tokio::test]
async fn a_device_that_comes_back_hears_what_it_missed_to_the_letter_and_then_what_happens() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    let (mut witness, ack) = Device::join(&server, "").await;
    chat(&mut http, 2..=40).await;
    let mut said = Vec::new();
    for _ in 2..=40 {
        said.push(witness.next_text().await.expect("a message"));
    }
    let epoch = ack["epoch"].as_str().expect("an epoch");
    let by_url = Device::join(&server, &format!("&since=10&epoch={epoch}")).await;
    let without_epoch = Device::join(&server, "&since=10").await;
    let mut device = Device::connect(server.address, "").await;
    let connect = json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "since": 10, "epoch": epoch });
    device.say(connect).await;
    let ack = device.expect("restaurant_connect").await;
    let mut returned = [by_url, without_epoch, (device, ack)];
    for (device, ack) in &mut returned {
        assert_eq!(ack["seq"], 40, "the log's head, which the replay leads to");
        for expected in &said[9..] {
            assert_eq!(device.next_text().await.as_ref(), Some(expected));
        }
        device.expect_silence().await;
    }
    chat(&mut http, 41..=43).await;
    for (device, _) in &mut returned {
        device.expect_numbers(41..=43).await;
        device.expect_silence().await;
    }
    let (mut up_to_date, ack) = Device::join(&server, "&since=43").await;
    assert_eq!(ack["seq"], 43);
    up_to_date.expect_silence().await;
    let (mut from_the_start, _) = Device::join(&server, "&since=0").await;
    from_the_start.expect_numbers(1..=43).await;
    from_the_start.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_back_while_others_write_misses_nothing_and_hears_nothing_twice() {
    const MESSAGES: u64 = 400;
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    let (mut witness, _) = Device::join(&server, "&since=0").await;
    let writer = tokio::spawn(async move { chat(&mut http, 2..=MESSAGES).await });
    // One comes back at every tenth message, from where it once was.
    let mut returning = Vec::new();
    for number in 1..=MESSAGES {
        witness.expect_numbers([number]).await;
        if number % 10 == 0 {
            let (since, address) = (number / 2, server.address);
            returning.push(tokio::spawn(async move {
                let query = format!("?restaurant_id={RESTAURANT}&since={since}");
                let mut device = Device::connect(address, &query).await;
                assert!(device.expect("restaurant_connect").await["seq"].as_u64() >= Some(since));
                device.expect_numbers(since + 1..=MESSAGES).await;
                device.expect_silence().await;
            }));
        }
    }
    writer.await.expect("no panic");
    for device in join_all(returning).await {
        device.expect("no panic");
    }
}

#[tokio::test]
async fn a_replay_of_many_long_messages_is_whole_too() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    add_long_guests(&mut http, 100).await;
    let (mut device, _) = Device::join(&server, "&since=0").await;
    device.expect_numbers(1..=100).await;
    device.expect_silence().await;
}

#[tokio::test]
async fn a_cursor_that_can_not_be_followed_is_answered_with_the_floor_as_it_is() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    http.add_table("t", 4).await;
    let (_, ack) = Device::join(&server, "").await;
    let mut devices = Vec::new();
    for query in ["&since=99", "&since=1&epoch=another", "&since=ten", "&since=-1", "&since=1.5", "&since="] {
        devices.push(Device::join(&server, query).await.0);
    }
    for since in [json!(99), json!("1"), json!(-1), json!(1.5), json!([]), json!(true)] {
        let mut device = Device::connect(server.address, "").await;
        device.say(json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "since": since })).await;
        device.expect("restaurant_connect").await;
        devices.push(device);
    }
    let floor = floor(&mut http).await;
    for device in &mut devices {
        let snapshot = device.expect("snapshot").await;
        assert_eq!((&snapshot["part"], &snapshot["parts"]), (&json!(1), &json!(1)));
        assert_eq!((&snapshot["seq"], &snapshot["epoch"]), (&json!(2), &ack["epoch"]));
        assert_eq!(snapshot["restaurant_id"], RESTAURANT);
        for rows in ["restaurant", "guests", "tables"] {
            assert_eq!(snapshot["data"][rows], floor[rows]);
        }
        device.expect_silence().await;
    }
    chat(&mut http, [3]).await;
    for device in &mut devices {
        device.expect_numbers([3]).await;
    }
}

#[tokio::test]
async fn five_hundred_missed_messages_are_replayed_and_one_more_is_a_snapshot() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    chat(&mut http, 2..=ALWAYS_REPLAYED + 1).await;
    let (mut device, _) = Device::join(&server, "&since=1").await;
    device.expect_numbers(2..=ALWAYS_REPLAYED + 1).await;
    device.expect_silence().await;
    let (mut device, _) = Device::join(&server, "&since=0").await;
    let snapshot = device.expect("snapshot").await;
    assert_eq!(snapshot["seq"], ALWAYS_REPLAYED + 1);
    assert_eq!(snapshot["data"]["guests"][0]["notes"], (ALWAYS_REPLAYED + 1).to_string());
    chat(&mut http, [0]).await;
    device.expect_numbers([ALWAYS_REPLAYED + 2]).await;
}

#[tokio::test]
async fn a_large_floor_comes_in_parts_that_together_are_the_floor() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    add_long_guests(&mut http, 90).await;
    for index in 0..40 {
        let notes = "🪑".repeat(2_000);
        let body = json!({ "id": format!("t-{index}"), "tableNumber": index, "capacity": 4, "notes": notes });
        http.post(&crate::common::tables(), body).await.ok();
    }
    let (mut device, _) = Device::join(&server, "&since=999").await;
    let floor = floor(&mut http).await;
    let mut rows: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut count = 0;
    loop {
        let text = device.next_text().await.expect("a message");
        assert!(text.len() < PART_BYTES, "{} bytes", text.len());
        let mut part: Value = text.parse().expect("JSON");
        count += 1;
        assert_eq!((&part["type"], &part["part"]), (&json!("snapshot"), &json!(count)));
        assert_eq!((&part["seq"], &part["epoch"]), (&floor["seq"], &floor["epoch"]));
        assert_eq!(part["data"]["restaurant"], floor["restaurant"], "each part has it");
        for name in ["guests", "tables"] {
            let Value::Array(more) = part["data"][name].take() else { panic!("no list of {name}") };
            rows.entry(name).or_default().extend(more);
        }
        if part["part"] == part["parts"] {
            break;
        }
    }
    assert!(count >= 5, "1 MB in parts of less than 256 KiB: {count}");
    assert_eq!((&json!(rows["guests"]), &json!(rows["tables"])), (&floor["guests"], &floor["tables"]));
    device.expect_silence().await;
    http.add_guest("g", 2).await;
    device.expect_numbers([131]).await;
}

#[tokio::test]
async fn a_device_goes_on_where_it_left_off_after_the_server_was_restarted() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    let (mut device, ack) = Device::join(&server, "").await;
    chat(&mut http, 2..=5).await;
    device.expect_numbers(2..=5).await;
    drop(device);
    chat(&mut http, 6..=8).await;
    drop(http);
    let server = server.restart().await;
    let epoch = ack["epoch"].as_str().expect("an epoch");
    let (mut device, again) = Device::join(&server, &format!("&since=5&epoch={epoch}")).await;
    assert_eq!((&again["epoch"], &again["seq"]), (&ack["epoch"], &json!(8)));
    device.expect_numbers(6..=8).await;
    chat(&mut server.http().await, [9]).await;
    device.expect_numbers([9]).await;
    device.expect_silence().await;
}
