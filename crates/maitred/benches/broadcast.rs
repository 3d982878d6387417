//! How soon devices hear: the time from a writer's sending of a request until the last device of the restaurant has the
//! message, against the real binary in a process of its own; and what a connection and a write cost that process.
//! `cargo bench --bench broadcast`; a number after `--` sets the seconds a line.

#[path = "../tests/server/common.rs"]
mod common;
#[path = "measured/measured.rs"]
mod measured;

use std::{net::SocketAddr, time::Duration};

use common::{Device, Http, RESTAURANT, guest};
use measured::{Process, cpu_ms, percentiles, rss_kib};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};

/// Writes a second: a busy restaurant's.
const RATE: u64 = 20;

/// Idle connections of which the memory is taken.
const IDLE: usize = 2_000;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{RATE} writes a second for {seconds} s; times in ms, from the writer's sending");
    println!("{:>8} {:>8} {:>8} {:>8} {:>8} {:>14}", "devices", "p50", "p99", "worst", "answer", "CPU a write");
    for devices in [10, 100] {
        runtime.block_on(broadcast(devices, seconds));
    }
    println!();
    runtime.block_on(idle());
}

/// The real server, on a database of its own, which is gone with the folder.
fn server() -> (Process, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = format!("sqlite:{}", folder.path().join("maitred.db").display());
    (Process::start(&["--database", &database, "--restaurant", RESTAURANT]), folder)
}

async fn broadcast(devices: usize, seconds: u64) {
    let (server, _folder) = server();
    let (received, mut receipts) = mpsc::unbounded_channel();
    for _ in 0..devices {
        let mut device = join(server.address).await;
        let received = received.clone();
        tokio::spawn(async move {
            while device.next_text().await.is_some() {
                _ = received.send(Instant::now());
            }
        });
    }
    let mut http = Http::connect(server.address).await;
    http.add_guest("guest", 2).await;
    for _ in 0..devices {
        receipts.recv().await.expect("a receipt");
    }
    let cpu_before = cpu_ms(server.id());
    let mut pace = interval(Duration::from_micros(1_000_000 / RATE));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut answers) = (Vec::new(), Vec::new());
    for status in ["arrived", "waiting"].into_iter().cycle().take((seconds * RATE) as usize) {
        pace.tick().await;
        let sent = Instant::now();
        http.put(&guest("guest"), json!({ "status": status })).await.ok();
        answers.push(sent.elapsed());
        let mut latest = sent;
        for _ in 0..devices {
            latest = latest.max(receipts.recv().await.expect("a receipt"));
        }
        last.push(latest - sent);
    }
    let cpu = (cpu_ms(server.id()) - cpu_before) / last.len() as f64;
    let [p50, p99, worst] = percentiles(&mut last);
    let [answer, ..] = percentiles(&mut answers);
    println!("{devices:>8} {p50:>8.2} {p99:>8.2} {worst:>8.2} {answer:>8.2} {cpu:>14.2}");
}

/// What connections cost that do nothing.
async fn idle() {
    let (server, _folder) = server();
    drop(join(server.address).await);
    let before = rss_kib(server.id());
    let begun = Instant::now();
    let mut devices = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        devices.push(join(server.address).await);
    }
    let (rate, kib) = (IDLE as f64 / begun.elapsed().as_secs_f64(), (rss_kib(server.id()) - before) / IDLE as f64);
    println!("{IDLE} idle devices: {kib:.1} KiB of memory each; {rate:.0} joined a second, one after the other");
}

async fn join(address: SocketAddr) -> Device {
    let mut device = Device::connect(address, &format!("?restaurant_id={RESTAURANT}")).await;
    let joined: Value = device.next().await;
    assert_eq!(joined["type"], "restaurant_connect", "{joined}");
    device
}
