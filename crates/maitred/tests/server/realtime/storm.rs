//! A house of devices that all come back at once: each becomes right, and the database hardly notices.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::SocketAddr,
    time::Duration,
};

use futures_util::future::join_all;
use maitred::{config::Retention, dispatch::now, retention::prune};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::{chat, chatty};
use crate::{
    common::{Device, Http, PATIENCE, RESTAURANT, TestServer, metric},
    program::{Program, Serving, folder},
};

const RESTAURANTS: usize = 10;
const DEVICES_EACH: usize = 200;

/// What a restaurant's devices missed before they come back. Some missed more than is replayed.
const MISSED: u64 = 600;

/// Reads of the database that bringing a restaurant's devices up to date may take: one for its head, each of the ten
/// pages that lie within 600 messages, a floor; and again for those that come when the log has moved on.
const READS_EACH: u64 = 40;

fn restaurant(index: usize) -> String {
    format!("house-{index}")
}

/// Stands for a message where two thousand devices keep all that they hear.
fn digest(message: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish()
}

/// What the sessions have read from the database.
async fn session_reads(http: &mut Http) -> u64 {
    let mut reads = 0;
    for what in ["head", "page", "floor"] {
        reads += metric(http, &format!("maitred_session_reads_total{{what=\"{what}\"}}")).await;
    }
    reads
}

/// Changes a guest of each restaurant so many times, all restaurants side by side; returns their last numbers.
async fn change(address: SocketAddr, times: u64) -> Vec<u64> {
    let restaurants = (0..RESTAURANTS).map(async |index| {
        let mut http = Http::connect(address).await;
        let path = format!("/restaurants/{}/guests/guest", restaurant(index));
        let mut seq = 0;
        for number in 0..times {
            let answer = http.patch(&path, json!({ "notes": format!("{times} {number}") })).await.ok();
            seq = answer["seq"].as_u64().expect("a number");
        }
        seq
    });
    join_all(restaurants).await
}

/// A device that comes back from `since` and listens until it has heard number `until` says; returns digests of what it
/// heard, by number, each right after the one before it but for a snapshot.
async fn come_back(
    address: SocketAddr,
    restaurant: String,
    since: u64,
    mut until: watch::Receiver<u64>,
) -> HashMap<u64, u64> {
    let mut device = Device::connect(address, &format!("?restaurant_id={restaurant}&since={since}")).await;
    device.expect("restaurant_connect").await;
    let (mut last, mut heard) = (since, HashMap::new());
    loop {
        let known = *until.borrow_and_update();
        if known > 0 && last >= known {
            return heard;
        }
        tokio::select! {
            text = device.next_text() => {
                let message: Value = text.expect("a message, but the socket closed").parse().expect("JSON");
                let seq = message["seq"].as_u64().expect("a number");
                match message["type"].as_str() {
                    Some("snapshot") => assert_eq!(message["data"]["guests"][0]["id"], "guest"),
                    Some("heartbeat") => continue,
                    _ => {
                        assert_eq!(seq, last + 1, "{restaurant}: {message}");
                        heard.insert(seq, digest(&message));
                    }
                }
                last = seq;
            }
            _ = until.changed() => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_devices_that_come_back_after_a_crash_are_right_and_share_what_they_read() {
    rlimit::increase_nofile_limit(u64::MAX).expect("as many files as may be");
    let (folder, _) = folder();
    let names: Vec<String> = (0..RESTAURANTS).map(restaurant).collect();
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:maitred.db"];
    for name in &names {
        arguments.extend(["--restaurant", name]);
    }
    let serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
    let mut http = Http::connect(serving.address).await;
    for name in &names {
        let guest = json!({ "id": "guest", "guestName": "Rivera", "partySize": 2 });
        http.post(&format!("/restaurants/{name}/guests"), guest).await.ok();
    }
    change(serving.address, MISSED).await;
    drop(http);
    serving.program.signal("KILL");
    serving.program.ended().await;

    let serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
    let mut http = Http::connect(serving.address).await;
    let (told, until) = watch::channel(0);
    // Each left off at a place of its own, most of them a short while ago.
    let devices = (0..RESTAURANTS * DEVICES_EACH).map(|index| {
        let most = if (index / RESTAURANTS).is_multiple_of(10) { MISSED + 1 } else { 60 };
        let missed = index as u64 * 7 % most;
        let since = MISSED + 1 - missed;
        let device = come_back(serving.address, restaurant(index % RESTAURANTS), since, until.clone());
        tokio::spawn(timeout(3 * PATIENCE, device))
    });
    let devices: Vec<_> = devices.collect();
    // The evening goes on while they come.
    let last = change(serving.address, 50).await;
    assert!(last.iter().all(|seq| *seq == last[0]), "{last:?}");
    let reads = session_reads(&mut http).await;
    told.send(last[0]).expect("devices that listen");
    let mut logs = HashMap::new();
    for name in &names {
        let mut log = HashMap::new();
        for since in [0, 500] {
            let page = http.get(&format!("/restaurants/{name}/changes?since={since}")).await.ok();
            for message in page["changes"].as_array().expect("messages") {
                log.insert(message["seq"].as_u64().expect("a number"), digest(message));
            }
        }
        logs.insert(name.clone(), log);
    }
    let mut messages = 0;
    for (index, device) in join_all(devices).await.into_iter().enumerate() {
        let heard = device.expect("no panic").expect("an end in time");
        let log = &logs[&restaurant(index % RESTAURANTS)];
        for (seq, digest) in &heard {
            assert_eq!(log.get(seq), Some(digest), "number {seq} is the log's");
        }
        messages += heard.len();
    }
    let reads = reads.max(session_reads(&mut http).await);
    println!("{} devices came back, heard {messages} messages; {reads} reads", RESTAURANTS * DEVICES_EACH);
    assert!(reads <= READS_EACH * RESTAURANTS as u64, "{reads} reads for {RESTAURANTS} restaurants");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_while_too_many_are_served_is_asked_to_come_back_later() {
    let server = TestServer::start_with(|config| config.realtime.read_line = 0).await;
    let mut http = chatty(&server).await;
    for query in [format!("?restaurant_id={RESTAURANT}"), format!("?restaurant_id={RESTAURANT}&since=0")] {
        let mut device = Device::connect(server.address, &query).await;
        let bye = device.expect("bye").await;
        assert_eq!(bye["reason"], "busy");
        let retry_ms = bye["retry_ms"].as_u64().expect("a number");
        assert!((1_000..5_000).contains(&retry_ms), "{bye}");
        assert_eq!(device.close_code().await, Some(1013));
    }
    chat(&mut http, [2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_come_back_to_a_floor_of_many_rows_share_it() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    chat(&mut http, 2..=700).await;
    // None of them can be replayed to; some are there before the others.
    let (_present, _) = Device::join(&server, "").await;
    let before = session_reads(&mut http).await;
    let devices = join_all((0..100).map(|_| Device::join(&server, "&since=0"))).await;
    for (mut device, _) in devices {
        assert_eq!(device.expect("snapshot").await["seq"], 700);
        device.expect_silence().await;
    }
    let reads = session_reads(&mut http).await - before;
    assert!(reads <= 2, "{reads} reads for a hundred devices");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_come_back_to_a_log_that_has_forgotten_them_share_what_they_read() {
    let server = TestServer::start().await;
    let mut http = chatty(&server).await;
    chat(&mut http, 2..=20).await;
    let everything = Retention { age: Duration::ZERO, ..Retention::default() };
    let mut dropped = 0;
    prune(&server.store, &everything, now(), &mut dropped).await.expect("a log that can be pruned");
    assert_eq!(dropped, 20);
    let devices = join_all((0..100).map(|_| Device::join(&server, "&since=5"))).await;
    for (mut device, _) in devices {
        assert_eq!(device.expect("snapshot").await["seq"], 20);
        device.expect_silence().await;
    }
    let reads = session_reads(&mut http).await;
    assert!(reads <= 3, "{reads} reads for a hundred devices");
    // What has been written since is not forgotten.
    chat(&mut http, 21..=30).await;
    let (mut device, _) = Device::join(&server, "&since=25").await;
    device.expect_numbers(26..=30).await;
    device.expect_silence().await;
}
