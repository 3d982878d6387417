//! Pings, pongs and heartbeats: how each side knows that the other is there, and what it may have missed.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{CLOSE, PING, RawPeer, TEXT, chat, chatty};
use crate::common::{Device, PATIENCE, TestServer};

#[tokio::test]
async fn a_pong_carries_the_number_of_the_last_message_sent() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    let (mut device, _) = Device::join(&server, "").await;
    for number in 2..=5 {
        chat(&mut http, [number]).await;
        device.expect_numbers([number]).await;
        device.say(json!({ "type": "ping" })).await;
        assert_eq!(device.expect("pong").await["seq"], number);
    }
}

#[tokio::test]
async fn pongs_and_heartbeats_from_a_device_are_taken_in_silence() {
    let server = TestServer::start().await;
    let (mut device, _) = Device::join(&server, "").await;
    device.say(json!({ "type": "pong", "timestamp": "2025-08-16T07:21:27.177385Z" })).await;
    device.say(json!({ "type": "heartbeat" })).await;
    device.expect_silence().await;
}

#[tokio::test]
async fn a_quiet_floor_is_heard_of_by_heartbeats_that_carry_its_number() {
    let server = TestServer::start_with(|config| config.realtime.heartbeat_interval = Duration::from_millis(50)).await;
    let (mut device, _) = Device::join(&server, "").await;
    for _ in 0..3 {
        let heartbeat = device.expect("heartbeat").await;
        assert_eq!(heartbeat["seq"], 0);
        assert_eq!(heartbeat.as_object().map(serde_json::Map::len), Some(3), "type, timestamp, seq: {heartbeat}");
    }
    chatty(&server).await;
    while device.next().await["type"] == "heartbeat" {}
    assert_eq!(device.expect("heartbeat").await["seq"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_heartbeat_or_pong_counts_has_been_sent_before_it() {
    const MESSAGES: u64 = 300;
    let server = TestServer::start_with(|config| config.realtime.heartbeat_interval = Duration::from_millis(1)).await;
    let (mut device, _) = Device::join(&server, "").await;
    let mut http = chatty(&server).await;
    let writer = tokio::spawn(async move { chat(&mut http, 2..=MESSAGES).await });
    let (mut last, mut others) = (0, 0);
    while last < MESSAGES {
        let message = device.next().await;
        if matches!(message["type"].as_str(), Some("heartbeat" | "pong")) {
            assert_eq!(message["seq"], last, "{message}");
            others += 1;
        } else {
            last += 1;
            assert_eq!(message["seq"], last, "{message}");
            device.say(json!({ "type": "ping" })).await;
        }
    }
    assert!(others > 0, "there were heartbeats or pongs among the messages");
    writer.await.expect("no panic");
}

#[tokio::test]
async fn the_server_pings_and_answers_pings() {
    let server = TestServer::start_with(|config| config.realtime.ping_interval = Duration::from_millis(20)).await;
    let (mut device, _) = Device::join(&server, "").await;
    device.socket.send(Message::Ping("are you there?".into())).await.expect("a socket that takes it");
    let (mut pings, mut pongs) = (0, 0);
    while pings < 3 || pongs < 1 {
        match timeout(PATIENCE, device.socket.next()).await.expect("in time").expect("open").expect("whole") {
            Message::Ping(_) => pings += 1,
            Message::Pong(payload) => {
                assert_eq!(payload, "are you there?");
                pongs += 1;
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_peer_that_gives_no_sign_of_life_is_pinged_and_then_closed() {
    let server = TestServer::start_with(|config| {
        config.realtime.ping_interval = Duration::from_millis(100);
        config.realtime.silence_timeout = Duration::from_millis(400);
    })
    .await;
    let mut peer = RawPeer::join(server.address).await;
    assert_eq!(peer.message().await["type"], "restaurant_connect");
    let mut seen = Vec::new();
    while let Some((opcode, payload)) = peer.frame().await {
        if opcode == TEXT {
            let bye: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
            assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("idle_timeout")));
        }
        seen.push(opcode);
    }
    assert_eq!(seen[0], PING);
    assert_eq!(seen[seen.len() - 2..], [TEXT, CLOSE], "and then the connection ends: {seen:?}");
}

#[tokio::test]
async fn a_device_that_only_answers_pings_stays() {
    const SILENCE: Duration = Duration::from_secs(2);
    let server = TestServer::start_with(|config| {
        config.realtime.ping_interval = Duration::from_millis(100);
        config.realtime.heartbeat_interval = Duration::from_millis(100);
        config.realtime.silence_timeout = SILENCE;
    })
    .await;
    let (mut device, _) = Device::join(&server, "").await;
    // Its library answers pings while it reads.
    let joined = Instant::now();
    while joined.elapsed() < SILENCE + SILENCE / 4 {
        device.expect("heartbeat").await;
    }
    device.say(json!({ "type": "ping" })).await;
    while device.next().await["type"] != "pong" {}
}
