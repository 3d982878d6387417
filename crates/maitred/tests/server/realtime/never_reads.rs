//! A device that never reads, beside ten that do. The real server, in a process of its own, so that its memory can be
//! seen. `NEVER_READS_SECONDS` makes it last longer.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::device_with_a_small_buffer;
use crate::{
    common::{Device, Http, PATIENCE, metric},
    program::{Program, Serving, folder},
};

const READING: usize = 10;
const WRITES_A_SECOND: u64 = 200;
const SECONDS: u64 = 2;

/// What the server's memory may grow by while it writes: the cache of the database, and a restaurant's newest
/// messages. In the long run it is far less than what the device did not read.
const GROWTH_KIB: u64 = 24 * 1024;

/// Ten devices of a restaurant, who tell when they hear what.
async fn ten_devices(address: SocketAddr, restaurant: &str) -> mpsc::UnboundedReceiver<(u64, Instant)> {
    let (told, heard) = mpsc::unbounded_channel();
    for _ in 0..READING {
        let mut device = Device::connect(address, &format!("?restaurant_id={restaurant}")).await;
        device.expect("restaurant_connect").await;
        let told = told.clone();
        tokio::spawn(async move {
            while let Some(text) = device.next_text().await {
                let message: Value = text.parse().expect("JSON");
                _ = told.send((message["seq"].as_u64().expect("a number"), Instant::now()));
            }
        });
    }
    heard
}

/// Writes at a steady pace, and returns how long each message took until the last of the ten had it.
async fn evening(address: SocketAddr, restaurant: &str, seconds: u64) -> Vec<Duration> {
    let mut heard = ten_devices(address, restaurant).await;
    let mut http = Http::connect(address).await;
    let path = format!("/restaurants/{restaurant}/guests/guest");
    let mut pace = interval(Duration::from_micros(1_000_000 / WRITES_A_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    for number in 0..seconds * WRITES_A_SECOND {
        pace.tick().await;
        let sent = Instant::now();
        let notes = format!("{number} {}", "🍽".repeat(1_900));
        let seq = http.patch(&path, json!({ "notes": notes })).await.ok()["seq"].take();
        let mut latest = sent;
        for _ in 0..READING {
            let (number, at) = timeout(PATIENCE, heard.recv()).await.expect("all ten hear").expect("ten devices");
            assert_eq!(seq, number, "each hears each, in order");
            latest = latest.max(at);
        }
        times.push(latest - sent);
    }
    times
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_never_reads_is_nothing_to_the_ten_that_do() {
    let seconds =
        std::env::var("NEVER_READS_SECONDS").map_or(SECONDS, |text| text.parse().expect("a number of seconds"));
    let (folder, _) = folder();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--restaurant", "alone", "--restaurant", "beside"];
    let serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
    let address = serving.address;
    let mut http = Http::connect(address).await;
    for restaurant in ["alone", "beside"] {
        let guest = json!({ "id": "guest", "guestName": "Rivera", "partySize": 2 });
        http.post(&format!("/restaurants/{restaurant}/guests"), guest).await.ok();
    }
    let mut alone = evening(address, "alone", seconds).await;
    let mut stuck = device_with_a_small_buffer(address, "beside").await;
    let before = serving.program.memory_kib();
    let mut beside = evening(address, "beside", seconds).await;
    let after = serving.program.memory_kib();
    for (name, times) in [("without it", &mut alone), ("beside it", &mut beside)] {
        let (p50, p99) = (percentile(times, 0.5), percentile(times, 0.99));
        println!("{name}: until the last of ten had it, p50 {p50:.2} ms, p99 {p99:.2} ms");
    }
    println!("memory: {before} KiB before, {after} KiB after");
    assert!(after.saturating_sub(before) < GROWTH_KIB, "{before} KiB became {after} KiB");
    assert_eq!(metric(&mut http, "maitred_devices").await, 2 * READING as u64 + 1, "it is still there");
    // When it reads at last, it is as right as the others: it hears all of it, or is shown the floor.
    let head = 1 + seconds * WRITES_A_SECOND;
    let mut last = 1;
    while last < head {
        let message = stuck.next().await;
        let seq = message["seq"].as_u64().expect("a number");
        assert!(seq == last + 1 || message["type"] == "snapshot", "{seq} after {last}");
        last = seq;
    }
    stuck.expect_silence().await;
}
