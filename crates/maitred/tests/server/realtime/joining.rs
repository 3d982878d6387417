//! How a device gets in, and how it is sent away.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{RawPeer, TEXT, chat, chatty, frame};
use crate::common::{Device, RESTAURANT, TestServer};

fn keys(message: &Value) -> Vec<&str> {
    message.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn connect(restaurant: &str) -> Value {
    json!({ "type": "restaurant_connect", "restaurant_id": restaurant, "platform": "iOS", "device_id": "ipad-1" })
}

#[tokio::test]
async fn a_device_joins_by_its_url_or_by_its_first_message_and_is_told_where_the_log_stands() {
    let server = TestServer::start().await;
    let (mut by_url, ack_by_url) = Device::join(&server, "&platform=web&device_id=stand").await;
    assert_eq!(ack_by_url["seq"], 0, "before the first message");
    let mut by_message = Device::connect(server.address, "").await;
    by_message.say(connect(RESTAURANT)).await;
    let ack_by_message = by_message.expect("restaurant_connect").await;
    for (ack, platform) in [(&ack_by_url, "web"), (&ack_by_message, "iOS")] {
        assert_eq!(keys(ack), ["epoch", "platform", "restaurant_id", "seq", "timestamp", "type"]);
        assert_eq!((&ack["restaurant_id"], &ack["platform"]), (&json!(RESTAURANT), &json!(platform)));
    }
    assert!(ack_by_url["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()));
    assert_eq!(ack_by_url["epoch"], ack_by_message["epoch"]);

    let mut http = chatty(&server).await;
    chat(&mut http, 2..=3).await;
    for device in [&mut by_url, &mut by_message] {
        device.expect_numbers(1..=3).await;
    }
    let (_, ack) = Device::join(&server, "").await;
    assert_eq!((&ack["seq"], &ack["platform"]), (&json!(3), &Value::Null));
    assert_eq!(ack["epoch"], super::floor(&mut http).await["epoch"]);
}

#[tokio::test]
async fn a_socket_opens_however_browsers_and_ipads_word_their_handshake() {
    let server = TestServer::start().await;
    let query = format!("?restaurant_id={RESTAURANT}");
    for headers in [
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nOrigin: http://localhost\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nCache-Control: no-cache\r\n\
         Sec-WebSocket-Extensions: permessage-deflate",
    ] {
        let mut peer = RawPeer::open(server.address, &query, headers, &[]).await;
        assert_eq!(peer.message().await["type"], "restaurant_connect");
    }
}

#[tokio::test]
async fn what_a_device_says_in_one_breath_with_its_handshake_or_in_pieces_is_heard() {
    let server = TestServer::start().await;
    let headers = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13";
    let more = frame(0x80 | TEXT, connect(RESTAURANT).to_string().as_bytes());
    let mut peer = RawPeer::open(server.address, "", headers, &more).await;
    assert_eq!(peer.message().await["type"], "restaurant_connect");
    peer.send(&frame(TEXT, br#"{"type":"#)).await;
    peer.send(&frame(0x80, br#""ping"}"#)).await;
    assert_eq!(peer.message().await["type"], "pong");
}

#[tokio::test]
async fn naming_the_same_restaurant_again_is_answered_again_and_changes_nothing_else() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    let (mut device, _) = Device::join(&server, "").await;
    chat(&mut http, 2..=3).await;
    device.expect_numbers(2..=3).await;
    let mut again = connect(RESTAURANT);
    again["since"] = json!(0);
    device.say(again).await;
    assert_eq!(device.expect("restaurant_connect").await["seq"], 3);
    device.expect_silence().await;
    chat(&mut http, 4..=4).await;
    device.expect_numbers([4]).await;
    device.expect_silence().await;
}

#[tokio::test]
async fn a_socket_is_for_one_restaurant_and_stays_with_it() {
    let server = TestServer::start_with(|config| config.restaurants.push("elsewhere".parse().expect("an id"))).await;
    let (mut device, _) = Device::join(&server, "").await;
    for other in ["elsewhere", "nowhere"] {
        device.say(connect(other)).await;
        assert_eq!(device.expect("error").await["code"], "already_joined");
    }
    let mut http = server.http().await;
    let party = json!({ "guestName": "Rivera", "partySize": 2 });
    http.post("/restaurants/elsewhere/guests", party).await.ok();
    device.expect_silence().await;
    http.add_guest("g", 2).await;
    assert_eq!(device.expect("guest_created").await["guest_id"], "g");
}

#[tokio::test]
async fn whoever_names_an_unknown_restaurant_is_told_so_and_sent_away() {
    let server = TestServer::start().await;
    for unknown in ["nowhere", "", "no-id/at all", "TEST-RESTAURANT-1"] {
        let escaped: String = form_urlencoded::byte_serialize(unknown.as_bytes()).collect();
        let by_url = Device::connect(server.address, &format!("?restaurant_id={escaped}&since=0")).await;
        let mut by_message = Device::connect(server.address, "").await;
        by_message.say(connect(unknown)).await;
        for mut device in [by_url, by_message] {
            let error = device.expect("error").await;
            assert_eq!(error["code"], "not_found");
            assert!(error["message"].as_str().is_some_and(|message| message.contains(unknown)), "{error}");
            assert_eq!(device.expect_bye("not_found").await, 1008);
        }
    }
}

#[tokio::test]
async fn whoever_names_no_restaurant_in_time_is_sent_away() {
    let server = TestServer::start_with(|config| config.limits.identify_timeout = Duration::from_millis(200)).await;
    let mut mute = Device::connect(server.address, "").await;
    assert_eq!(mute.expect_bye("identify_timeout").await, 1008);
    let mut talker = Device::connect(server.address, "").await;
    talker.say(json!({ "type": "pong" })).await;
    assert_eq!(talker.expect_bye("identify_timeout").await, 1008, "other talk does not help");
}

#[tokio::test]
async fn a_ping_before_joining_is_answered_without_a_number() {
    let server = TestServer::start().await;
    let mut device = Device::connect(server.address, "").await;
    device.say(json!({ "type": "ping" })).await;
    let pong = device.expect("pong").await;
    assert_eq!((&pong["seq"], keys(&pong)), (&Value::Null, vec!["seq", "timestamp", "type"]));
    device.say(connect(RESTAURANT)).await;
    device.expect("restaurant_connect").await;
    device.say(json!({ "type": "ping" })).await;
    assert_eq!(device.expect("pong").await["seq"], 0);
}

#[tokio::test]
async fn when_a_restaurant_is_deleted_its_devices_are_sent_away_and_no_others() {
    let server = TestServer::start_with(|config| config.restaurants.push("elsewhere".parse().expect("an id"))).await;
    let mut http = chatty(&server).await;
    let (mut device, ack) = Device::join(&server, "").await;
    let mut elsewhere = server.device_in("elsewhere").await;
    http.delete(&format!("/restaurants/{RESTAURANT}")).await.ok();
    assert_eq!(device.expect_bye("restaurant_deleted").await, 1008);
    elsewhere.expect_silence().await;

    // Another life of the same id is another log.
    http.post("/restaurants", json!({ "id": RESTAURANT })).await.ok();
    let epoch = ack["epoch"].as_str().expect("an epoch");
    let (mut back, again) = Device::join(&server, &format!("&since=1&epoch={epoch}")).await;
    assert_ne!(again["epoch"], ack["epoch"]);
    assert_eq!(again["seq"], 0);
    assert_eq!(back.expect("snapshot").await["data"]["guests"], json!([]));
    http.add_guest("g", 2).await;
    assert_eq!(back.expect("guest_created").await["seq"], 1);
}

#[tokio::test]
async fn a_device_that_closes_is_answered_with_a_close() {
    let server = TestServer::start().await;
    let mut joined = server.device().await;
    let mut bare = Device::connect(server.address, "").await;
    for device in [&mut joined, &mut bare] {
        let close = CloseFrame { code: CloseCode::Normal, reason: "that was it".into() };
        device.socket.send(Message::Close(Some(close))).await.expect("a socket that takes it");
        assert_eq!(device.close_code().await, Some(1000));
        assert!(device.socket.next().await.is_none(), "and the connection is closed without an error");
    }
}

#[tokio::test]
async fn a_request_that_opens_no_websocket_is_told_what_is_there() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let answer = http.get(&format!("/realtime?restaurant_id={RESTAURANT}")).await;
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    answer.problem(426, "upgrade_required");
    let half = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    http.send("GET", "/realtime", &half, "").await.problem(426, "upgrade_required");
    let answer = http.post("/realtime", json!({})).await;
    assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")));
    answer.problem(405, "method_not_allowed");
}
