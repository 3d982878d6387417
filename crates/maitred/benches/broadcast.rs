//! How soon devices hear: the time from a writer's sending of a request until the last device of the restaurant has the
//! message, against the real binary in a process of its own; and what a connection and a write cost that process.
//! `cargo bench --bench broadcast`; a number after `--` sets the seconds a line.

#[path = "../tests/server/common.rs"]
mod common;

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::{Device, Http, RESTAURANT, guest};
use serde_json::{Value, json};
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

/// The real server, on a database of its own.
struct Process {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Process {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("maitred.db").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_maitred"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", &database, "--restaurant", RESTAURANT])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(',').next()).expect("its address");
        Self { address: address.parse().expect("an address"), child, _folder: folder }
    }

    /// CPU time so far, in ms (`/proc/PID/stat`, in ticks of 10 ms).
    fn cpu_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("its statistics");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: f64 = fields[11..=12].iter().map(|ticks| ticks.parse::<f64>().expect("ticks")).sum();
        ticks * 10.0
    }

    /// Memory in use, in KiB.
    fn rss_kib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("KiB")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

async fn broadcast(devices: usize, seconds: u64) {
    let server = Process::start();
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
    let cpu_before = server.cpu_ms();
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
    let cpu = (server.cpu_ms() - cpu_before) / last.len() as f64;
    let [p50, p99, worst] = percentiles(&mut last);
    let [answer, ..] = percentiles(&mut answers);
    println!("{devices:>8} {p50:>8.2} {p99:>8.2} {worst:>8.2} {answer:>8.2} {cpu:>14.2}");
}

/// What connections cost that do nothing.
async fn idle() {
    let server = Process::start();
    drop(join(server.address).await);
    let before = server.rss_kib();
    let begun = Instant::now();
    let mut devices = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        devices.push(join(server.address).await);
    }
    let (rate, kib) = (IDLE as f64 / begun.elapsed().as_secs_f64(), (server.rss_kib() - before) / IDLE as f64);
    println!("{IDLE} idle devices: {kib:.1} KiB of memory each; {rate:.0} joined a second, one after the other");
}

async fn join(address: SocketAddr) -> Device {
    let mut device = Device::connect(address, &format!("?restaurant_id={RESTAURANT}")).await;
    let joined: Value = device.next().await;
    assert_eq!(joined["type"], "restaurant_connect", "{joined}");
    device
}

/// The median, the 99th percentile and the worst, in ms.
fn percentiles(times: &mut [Duration]) -> [f64; 3] {
    times.sort();
    [0.5, 0.99, 1.0].map(|share| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0)
}
