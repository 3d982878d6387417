//! A device that reads slowly, or not for a while: it loses nothing, and nobody waits for it.

use std::time::Duration;

use maitred::config::DRAIN_TIMEOUT;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{chat, chatty, device_with_a_small_buffer};
use crate::common::{Device, Http, RESTAURANT, TestServer, await_metric};

/// More bytes than lie between the server and a device that does not read, in the buffers of the system.
const MORE_THAN_BUFFERS_HOLD: usize = 8 * 1024 * 1024;

/// Messages that together are too long for all buffers; returns the number of the last.
async fn fill_buffers(http: &mut Http) -> u64 {
    let notes = "🍽".repeat(2_000);
    let (mut bytes, mut seq) = (0, 0);
    while bytes < MORE_THAN_BUFFERS_HOLD {
        let operations = (0..30).map(|_| {
            json!({ "op": "create_guest", "data": { "guestName": "Long", "partySize": 2, "status": "cancelled", "notes": notes } })
        });
        let body = json!({ "restaurant_id": RESTAURANT, "operations": operations.collect::<Vec<_>>() });
        bytes += body.to_string().len();
        seq = http.post("/transactions/atomic", body).await.ok()["seq"].as_u64().expect("a number");
    }
    seq
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_fell_far_behind_hears_every_message_once_and_in_order() {
    let server = TestServer::start().await;
    let mut slow = device_with_a_small_buffer(server.address, RESTAURANT).await;
    let mut http = chatty(&server).await;
    let (mut quick, _) = Device::join(&server, "&since=0").await;
    let filled = fill_buffers(&mut http).await;
    // More than a restaurant keeps at hand, fewer than are replayed.
    let last = filled + 400;
    chat(&mut http, filled + 1..=last).await;
    quick.expect_numbers(1..=last).await;
    slow.expect_numbers(1..=last).await;
    chat(&mut http, [0]).await;
    slow.expect_numbers([last + 1]).await;
    slow.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_lags_when_the_server_goes_down_hears_all_that_was_answered_before_the_good_bye() {
    let mut server = TestServer::start().await;
    let mut slow = device_with_a_small_buffer(server.address, RESTAURANT).await;
    let mut http = chatty(&server).await;
    let filled = fill_buffers(&mut http).await;
    // So few that all of them wait at hand, while the device's session waits for the device.
    let last = filled + 20;
    chat(&mut http, filled + 1..=last).await;
    drop(http);
    server.stop();
    slow.expect_numbers(1..=last).await;
    slow.expect_bye("shutting_down").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_fell_too_far_behind_is_shown_the_floor_and_goes_on_from_there() {
    let server = TestServer::start().await;
    let mut slow = device_with_a_small_buffer(server.address, RESTAURANT).await;
    let mut http = chatty(&server).await;
    let filled = fill_buffers(&mut http).await;
    let last = filled + 600;
    chat(&mut http, filled + 1..=last).await;
    let mut seq = 0;
    let snapshot = loop {
        let message = slow.next().await;
        if message["type"] == "snapshot" {
            break message;
        }
        seq += 1;
        assert_eq!(message["seq"], seq);
    };
    assert_eq!(snapshot["seq"], last);
    assert_eq!(snapshot["data"]["guests"][0]["notes"], last.to_string());
    chat(&mut http, [0]).await;
    slow.expect_numbers([last + 1]).await;
    slow.expect_silence().await;
}

/// A device that was given up wakes up, and finds what it had been sent, whole, and a good-bye behind it; returns the
/// number of the last message.
async fn wake_up(device: &mut Device, reason: &str) -> u64 {
    for seq in 1.. {
        let message = device.next().await;
        if message["type"] == "bye" {
            assert_eq!(message["reason"], reason);
            return seq - 1;
        }
        assert_eq!(message["seq"], seq);
    }
    unreachable!("numbers have no end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_takes_nothing_for_long_is_told_good_bye_and_comes_back_without_a_loss() {
    let server = TestServer::start_with(|config| config.realtime.send_timeout = Duration::from_millis(100)).await;
    let mut stuck = device_with_a_small_buffer(server.address, RESTAURANT).await;
    let mut http = chatty(&server).await;
    let last = fill_buffers(&mut http).await;
    await_metric(&mut http, r#"maitred_sessions_ended_total{reason="not_reading"}"#, 1).await;
    let seq = wake_up(&mut stuck, "not_reading").await;
    assert!(seq < last, "it was given up in the midst of what it had missed");
    let (mut back, _) = Device::join(&server, &format!("&since={seq}")).await;
    back.expect_numbers(seq + 1..=last).await;
    back.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_reads_slowly_but_reads_is_not_given_up() {
    let server = TestServer::start_with(|config| config.realtime.send_timeout = Duration::from_secs(1)).await;
    let mut slow = device_with_a_small_buffer(server.address, RESTAURANT).await;
    let mut http = chatty(&server).await;
    let filled = tokio::spawn(async move { fill_buffers(&mut http).await });
    // In all it takes several times as long as it may take over nothing.
    let mut seq = 0;
    while !filled.is_finished() || seq < 30 {
        seq += 1;
        slow.expect_numbers([seq]).await;
        sleep(Duration::from_millis(100)).await;
    }
    slow.expect_numbers(seq + 1..=filled.await.expect("no panic")).await;
    slow.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_does_not_read_holds_up_neither_the_good_bye_of_others_nor_the_end() {
    let mut server = TestServer::start().await;
    let mut stuck = device_with_a_small_buffer(server.address, RESTAURANT).await;
    let mut quick = server.device().await;
    let mut http = chatty(&server).await;
    let last = fill_buffers(&mut http).await;
    drop(http);
    server.stop();
    quick.expect_numbers(1..=last).await;
    quick.expect_bye("shutting_down").await;
    let begun = Instant::now();
    server.stopped().await;
    assert!(begun.elapsed() < DRAIN_TIMEOUT, "the device was waited for until all patience was gone");
    assert!(wake_up(&mut stuck, "shutting_down").await < last);
}
