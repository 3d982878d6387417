//! What makes no sense, or too much of it.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{RawPeer, TEXT, frame};
use crate::common::{Device, RESTAURANT, TestServer};
use futures_util::SinkExt;

/// The largest message that a device may send.
const LIMIT: usize = 64 * 1024;

#[tokio::test]
async fn gibberish_is_answered_with_an_error_and_the_connection_stays() {
    let server = TestServer::start().await;
    let mut bare = Device::connect(server.address, "").await;
    let (mut joined, _) = Device::join(&server, "").await;
    for device in [&mut bare, &mut joined] {
        for (text, code) in [
            ("", "malformed_json"),
            ("hello", "malformed_json"),
            ("{", "malformed_json"),
            (r#"{"type":"ping"} {"type":"ping"}"#, "malformed_json"),
            (&"[".repeat(10_000), "malformed_json"),
            ("[]", "invalid"),
            ("7", "invalid"),
            ("{}", "unknown_type"),
            (r#"{"type":7}"#, "unknown_type"),
            (r#"{"type":"PING"}"#, "unknown_type"),
            (r#"{"type":"guest_updated","guest_id":"g"}"#, "unknown_type"),
            (r#"{"type":"restaurant_connect"}"#, "invalid"),
            (r#"{"type":"restaurant_connect","restaurant_id":null}"#, "invalid"),
            (r#"{"type":"restaurant_connect","restaurant_id":["test-restaurant-1"]}"#, "invalid"),
            (r#"{"type":"restaurant_connect","restaurant_id":"test-restaurant-1","platform":7}"#, "invalid"),
            (r#"{"type":"restaurant_connect","restaurant_id":"test-restaurant-1","device_id":{}}"#, "invalid"),
            (r#"{"type":"restaurant_connect","restaurant_id":"test-restaurant-1","epoch":7}"#, "invalid"),
        ] {
            device.say_text(text).await;
            let error = device.expect("error").await;
            assert_eq!(error["code"], code, "{text}: {error}");
            assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        }
        let bytes = Message::binary(br#"{"type":"ping"}"#.as_slice());
        device.socket.send(bytes).await.expect("a socket that takes it");
        assert_eq!(device.expect("error").await["code"], "malformed_json");
        device.expect_silence().await;
    }
    bare.say(json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT })).await;
    bare.expect("restaurant_connect").await;
    server.http().await.add_guest("g", 2).await;
    bare.expect("guest_created").await;
    joined.expect("guest_created").await;
}

#[tokio::test]
async fn a_message_at_the_limit_is_read_and_one_over_it_ends_the_conversation() {
    let server = TestServer::start().await;
    let padded = |length: usize| {
        let (head, tail) = (r#"{"type":"ping","padding":""#, r#""}"#);
        format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()))
    };
    let (mut joined, _) = Device::join(&server, "").await;
    let mut bare = Device::connect(server.address, "").await;
    for device in [&mut joined, &mut bare] {
        device.say_text(&padded(LIMIT)).await;
        device.expect("pong").await;
        device.say_text(&padded(LIMIT + 1)).await;
        assert_eq!(device.expect_bye("too_large").await, 1009);
    }
    // However large it is, the sender comes to read why it is sent away.
    for length in [10 * LIMIT, 100 * LIMIT] {
        let (mut device, _) = Device::join(&server, "").await;
        device.say_text(&padded(length)).await;
        assert_eq!(device.expect_bye("too_large").await, 1009, "{length} bytes");
    }
}

#[tokio::test]
async fn a_message_in_many_frames_is_held_to_the_same_limit() {
    let server = TestServer::start().await;
    let mut peer = RawPeer::join(server.address).await;
    assert_eq!(peer.message().await["type"], "restaurant_connect");
    let piece = "x".repeat(LIMIT / 4);
    peer.send(&frame(TEXT, piece.as_bytes())).await;
    for _ in 0..4 {
        peer.send(&frame(0, piece.as_bytes())).await;
    }
    let bye = peer.message().await;
    assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("too_large")));
    assert_eq!(peer.close_code().await, 1009);
}

#[tokio::test]
async fn a_peer_that_breaks_the_websocket_protocol_is_sent_away() {
    let server = TestServer::start().await;
    let unmasked = b"\x81\x02{}".to_vec();
    let reserved_opcode = frame(0x80 | 5, b"{}");
    let no_text = frame(0x80 | TEXT, b"\xff\xfe");
    for bytes in [unmasked, reserved_opcode, no_text] {
        let mut peer = RawPeer::join(server.address).await;
        assert_eq!(peer.message().await["type"], "restaurant_connect");
        peer.send(&bytes).await;
        let bye = peer.message().await;
        assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("protocol_error")));
        assert_eq!(peer.close_code().await, 1002);
    }
}
