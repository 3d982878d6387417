//! What it costs to be more than one: how soon devices at one node hear what was written at another, how many writes a
//! second one and two nodes carry out beside what PostgreSQL itself does (`pgbench`), what many writers and a restaurant that
//! somebody holds do to the others, and what a write takes of each machine. Against the real binary, Debian's PostgreSQL and
//! NATS, each in processes of their own. `cargo bench --bench nodes`; a number after `--` sets the seconds a line.

#[path = "../tests/server/common.rs"]
mod common;
#[path = "../tests/engines/engines.rs"]
mod engines;
#[path = "measured/measured.rs"]
mod measured;

use std::{fs, process::Command, sync::Arc, time::Duration};

use common::{Device, Http};
use engines::{Nats, Postgres};
use measured::{Process, cpu_ms, percentiles, rss_kib, stat};
use serde_json::json;
use tokio::{
    sync::{Mutex, mpsc},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_postgres::{Client, NoTls};

/// Writes a second where it is measured how soon devices hear: a busy restaurant's.
const RATE: u64 = 20;

/// Devices of that restaurant.
const DEVICES: usize = 10;

/// Restaurants that are written to where there are many.
const RESTAURANTS: usize = 64;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(8);
    let length = Duration::from_secs(seconds);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        hearing(length).await;
        writing(length).await;
        held(length).await;
        costs(length).await;
    });
}

/// A node, on a database that others may be on as well.
fn start(database: &str, bus: Option<&str>) -> Process {
    let mut arguments = vec!["--database", database];
    arguments.extend(bus.iter().flat_map(|bus| ["--bus", bus]));
    Process::start(&arguments)
}

/// How soon the last device of a restaurant hears.
async fn hearing(length: Duration) {
    let (postgres, nats, folder) =
        (Postgres::start().await, Nats::start().await, tempfile::tempdir().expect("a folder"));
    println!(
        "{RATE} writes a second to one restaurant of {DEVICES} devices; ms from the writer's sending to the last of them"
    );
    println!("{:<52} {:>8} {:>8} {:>8} {:>8}", "", "p50", "p99", "worst", "answer");
    let file = format!("sqlite:{}", folder.path().join("maitred.db").display());
    let alone = start(&file, None);
    hear("one node, SQLite", &alone, &alone, length).await;
    drop(alone);
    let database = postgres.database().await;
    for (bus, name) in [(Some(nats.url()), "NATS"), (None, "LISTEN/NOTIFY")] {
        let nodes = [start(&database, bus.as_deref()), start(&database, bus.as_deref())];
        if bus.is_some() {
            hear("one node, PostgreSQL", &nodes[0], &nodes[0], length).await;
        }
        hear(&format!("devices at one node, writer at another, {name}"), &nodes[0], &nodes[1], length).await;
    }
    println!();
}

async fn hear(name: &str, devices_at: &Process, writer_at: &Process, length: Duration) {
    let mut http = Http::connect(writer_at.address).await;
    http.post("/restaurants", json!({ "id": "house" })).await;
    let (received, mut receipts) = mpsc::unbounded_channel();
    for _ in 0..DEVICES {
        let mut device = Device::connect(devices_at.address, "?restaurant_id=house").await;
        device.expect("restaurant_connect").await;
        let received = received.clone();
        tokio::spawn(async move {
            while device.next_text().await.is_some() {
                _ = received.send(Instant::now());
            }
        });
    }
    let guest = add(&mut http, "house").await;
    for _ in 0..DEVICES {
        receipts.recv().await.expect("a receipt");
    }
    let mut pace = interval(Duration::from_micros(1_000_000 / RATE));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut answers) = (Vec::new(), Vec::new());
    for status in ["arrived", "waiting"].into_iter().cycle().take((length.as_secs() * RATE) as usize) {
        pace.tick().await;
        let sent = Instant::now();
        http.put(&guest, json!({ "status": status })).await.ok();
        answers.push(sent.elapsed());
        let mut latest = sent;
        for _ in 0..DEVICES {
            latest = latest.max(receipts.recv().await.expect("a receipt"));
        }
        last.push(latest - sent);
    }
    let ([p50, p99, worst], [answer, ..]) = (percentiles(&mut last), percentiles(&mut answers));
    println!("{name:<52} {p50:>8.2} {p99:>8.2} {worst:>8.2} {answer:>8.2}");
}

/// How many writes a second.
async fn writing(length: Duration) {
    let (postgres, nats) = (Postgres::start().await, Nats::start().await);
    let database = postgres.database().await;
    let nodes = [start(&database, Some(&nats.url())), start(&database, Some(&nats.url()))];
    println!("writes a second, each one row and one message{:>28} {:>8} {:>8} {:>8}", "", "p50 ms", "p99 ms", "failed");
    let line = async |name: &str, nodes: &[Process], writers: usize, restaurants: usize| {
        let (rate, [p50, p99, _], failed) = write(nodes, writers, restaurants, length).await;
        println!("{name:<62} {rate:>8.0} {p50:>8.2} {p99:>8.2} {failed:>8}");
        rate
    };
    // A look at the machine before and after, since both ask for all of it.
    let before = pgbench(&postgres, length).await;
    println!("{:<62} {before:>8.0}", "pgbench, 64 clients, the same rows in prepared statements");
    let one = line("one node, 64 writers, 64 restaurants", &nodes[..1], 64, RESTAURANTS).await;
    let two = line("two nodes, 64 writers, 64 restaurants", &nodes, 64, RESTAURANTS).await;
    line("one node, 64 writers, one restaurant", &nodes[..1], 64, 1).await;
    line("two nodes, 64 writers, one restaurant", &nodes, 64, 1).await;
    line("one node, 1 writer", &nodes[..1], 1, 1).await;
    line("two nodes, 500 writers, 64 restaurants", &nodes, 500, RESTAURANTS).await;
    line("two nodes, 500 writers, one restaurant", &nodes, 500, 1).await;
    let after = pgbench(&postgres, length).await;
    println!("{:<62} {after:>8.0}", "pgbench again");
    let bench = (before + after) / 2.0;
    println!("of pgbench: one node {:.2}, two nodes {:.2}", one / bench, two / bench);
    println!();
}

/// Has writers change guests for a while, each a guest of its own; how many writes a second, how long they took, and how many
/// were not carried out.
async fn write(nodes: &[Process], writers: usize, restaurants: usize, length: Duration) -> (f64, [f64; 3], usize) {
    let mut paths = Vec::new();
    let mut http = Http::connect(nodes[0].address).await;
    for restaurant in 0..restaurants {
        http.post("/restaurants", json!({ "id": format!("house-{restaurant}") })).await;
    }
    for writer in 0..writers {
        paths.push(add(&mut http, &format!("house-{}", writer % restaurants)).await);
    }
    let (begun, until) = (Instant::now(), Instant::now() + length);
    let writing = paths.into_iter().enumerate().map(|(writer, guest)| {
        let address = nodes[writer % nodes.len()].address;
        tokio::spawn(async move {
            let mut http = Http::connect(address).await;
            let (mut times, mut failed) = (Vec::new(), 0);
            for status in ["arrived", "waiting"].into_iter().cycle() {
                let sent = Instant::now();
                if sent > until {
                    break;
                }
                match http.put(&guest, json!({ "status": status })).await.status.is_success() {
                    true => times.push(sent.elapsed()),
                    false => failed += 1,
                }
            }
            (times, failed)
        })
    });
    let (mut times, mut failed) = (Vec::new(), 0);
    for writer in writing.collect::<Vec<_>>() {
        let (its_times, its_failed) = writer.await.expect("a writer that does not panic");
        times.extend(its_times);
        failed += its_failed;
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    (rate, percentiles(&mut times), failed)
}

/// What PostgreSQL does of the same by itself: takes the restaurant's row, reads the guest, puts it, appends to the log.
async fn pgbench(postgres: &Postgres, length: Duration) -> f64 {
    let database = postgres.database().await;
    drop(start(&database, None));
    let client = client(&database).await;
    let fill = format!(
        "INSERT INTO restaurants (id, body, head, epoch) SELECT 'r' || r, repeat('r', 230), 0, 'e'
         FROM generate_series(1, {RESTAURANTS}) r;
         INSERT INTO guests (restaurant_id, id, status, created_at, body)
         SELECT 'r' || r, 'g' || g, 'waiting', '2026', repeat('g', 420)
         FROM generate_series(1, {RESTAURANTS}) r, generate_series(1, 30) g; ANALYZE"
    );
    client.batch_execute(&fill).await.expect("rows");
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("write.sql");
    let statements = format!(
        "\\set r random(1, {RESTAURANTS})\n\\set g random(1, 30)\nBEGIN;
         SELECT body, head, epoch FROM restaurants WHERE id = 'r' || :r FOR NO KEY UPDATE;
         SELECT body FROM guests WHERE restaurant_id = 'r' || :r AND id = 'g' || :g;
         INSERT INTO guests (restaurant_id, id, status, created_at, body)
         VALUES ('r' || :r, 'g' || :g, 'arrived', '2026', repeat('h', 420))
         ON CONFLICT (restaurant_id, id) DO UPDATE SET status = excluded.status, body = excluded.body;
         WITH next AS (UPDATE restaurants SET head = head + 1 WHERE id = 'r' || :r RETURNING head)
         INSERT INTO log (restaurant_id, seq, at, message) SELECT 'r' || :r, head, 1, repeat('m', 600) FROM next;
         COMMIT;"
    );
    // One statement a line, as pgbench reads them.
    let lines = statements.replace("\n         ", " ").replace("; ", ";\n");
    fs::write(&script, lines).expect("a file");
    let (seconds, file) = (length.as_secs().to_string(), script.to_str().expect("a path").to_owned());
    let output = tokio::task::spawn_blocking(move || {
        Command::new("pgbench")
            .args(["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", &seconds, "-f", &file, &database])
            .output()
            .expect("pgbench, of Debian's package postgresql")
    });
    let output = output.await.expect("no panic");
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// What a restaurant that somebody holds does to another.
async fn held(length: Duration) {
    let postgres = Postgres::start().await;
    let database = postgres.database().await;
    let node = start(&database, None);
    let mut http = Http::connect(node.address).await;
    let mut guests = Vec::new();
    for restaurant in ["a", "b"] {
        http.post("/restaurants", json!({ "id": restaurant })).await;
        guests.push(add(&mut http, restaurant).await);
    }
    println!("writes to B, one after the other, ms{:>28} {:>8} {:>8}", "p50", "p99", "worst");
    let line = async |name: &str, http: &mut Http| {
        let mut times = Vec::new();
        let until = Instant::now() + Duration::from_secs(2);
        for status in ["arrived", "waiting"].into_iter().cycle() {
            let sent = Instant::now();
            if sent > until {
                break;
            }
            http.put(&guests[1], json!({ "status": status })).await.ok();
            times.push(sent.elapsed());
        }
        let [p50, p99, worst] = percentiles(&mut times);
        println!("{name:<55} {p50:>8.2} {p99:>8.2} {worst:>8.2}");
    };
    for _ in 0..length.as_secs().div_ceil(8) {
        line("nobody holds anything", &mut http).await;
        let holder = client(&database).await;
        holder.batch_execute("BEGIN; SELECT * FROM restaurants WHERE id = 'a' FOR UPDATE").await.expect("A's lock");
        let waiting: Vec<_> = (0..64)
            .map(|writer| {
                let (address, guest) = (node.address, guests[0].clone());
                tokio::spawn(async move {
                    let mut http = Http::connect(address).await;
                    http.put(&guest, json!({ "notes": format!("writer {writer}") })).await.ok();
                })
            })
            .collect();
        line("A is held for 2 s, and 64 writers wait for it", &mut http).await;
        holder.batch_execute("COMMIT").await.expect("A's lock, let go");
        for writer in waiting {
            writer.await.expect("each of them was answered");
        }
    }
    println!();
}

/// What a write and a device take of each machine.
async fn costs(length: Duration) {
    let (postgres, nats) = (Postgres::start().await, Nats::start().await);
    let database = postgres.database().await;
    let node = start(&database, Some(&nats.url()));
    let other = start(&database, Some(&nats.url()));
    let client = client(&database).await;
    let number = async |sql: &str| -> f64 {
        client.query_typed_one(sql, &[]).await.expect("an answer").try_get::<_, f64>(0).expect("a number")
    };
    // One write a restaurant at a time, as from many quiet houses: nothing is grouped. Each has a device at the other node.
    let mut http = Http::connect(node.address).await;
    let (mut guests, mut devices) = (Vec::new(), Vec::new());
    for restaurant in 0..200 {
        let id = format!("quiet-{restaurant}");
        http.post("/restaurants", json!({ "id": id })).await;
        guests.push(add(&mut http, &id).await);
        let mut device = Device::connect(other.address, &format!("?restaurant_id={id}")).await;
        device.expect("restaurant_connect").await;
        devices.push(device);
    }
    let heard = Arc::new(Mutex::new(0_u64));
    for mut device in devices {
        let heard = Arc::clone(&heard);
        tokio::spawn(async move {
            while device.next_text().await.is_some() {
                *heard.lock().await += 1;
            }
        });
    }
    let backend = number("SELECT pg_backend_pid()::float8").await as u32;
    let (postmaster, port) = (parent(backend), nats.url().rsplit(':').next().expect("a port").to_owned());
    let nats_process = process_with(&["nats-server", &port]);
    let cpu = || [cpu_ms(node.id()), cpu_ms(other.id()), family_cpu_ms(postmaster), cpu_ms(nats_process)];
    let wal = "SELECT (pg_current_wal_lsn() - '0/0')::float8";
    let (cpu_before, wal_before) = (cpu(), number(wal).await);
    let (begun, mut writes) = (Instant::now(), 0_u64);
    let mut pace = interval(Duration::from_millis(5));
    'all: for status in ["arrived", "waiting"].into_iter().cycle() {
        for guest in &guests {
            pace.tick().await;
            if begun.elapsed() > length {
                break 'all;
            }
            http.put(guest, json!({ "status": status })).await.ok();
            writes += 1;
        }
    }
    sleep_until(Instant::now() + Duration::from_millis(500)).await;
    let used: Vec<f64> = cpu().iter().zip(cpu_before).map(|(after, before)| (after - before) / writes as f64).collect();
    let wal = (number(wal).await - wal_before) / writes as f64;
    let size = |table: &str| format!("SELECT pg_total_relation_size('{table}')::float8");
    let messages = number("SELECT count(*)::float8 FROM log").await;
    println!("CPU ms a write, 200 restaurants in turn, one device each at the other node, {writes} writes:");
    println!(
        "  node that writes {:.2}, node that tells {:.2}, PostgreSQL {:.2}, NATS {:.3}",
        used[0], used[1], used[2], used[3]
    );
    println!(
        "  WAL {:.1} KiB a write; log {:.2} KiB a message with its indexes; {} of {writes} heard",
        wal / 1024.0,
        number(&size("log")).await / messages / 1024.0,
        heard.lock().await
    );
    sweep(&client, &database, &nats).await;
}

/// What a sweep costs the database, and an idle restaurant with one device a node.
async fn sweep(client: &Client, database: &str, nats: &Nats) {
    const MANY: usize = 10_000;
    let fill = format!(
        "INSERT INTO restaurants (id, body, head, epoch)
         SELECT 's' || r, '{{\"id\":\"s' || r || '\",\"name\":\"s\",\"timezone\":\"UTC\",
         \"settings\":{{\"dirtyAfterFinish\":false}},\"version\":1,\"createdAt\":\"2026-01-01T00:00:00.000000Z\",
         \"updatedAt\":\"2026-01-01T00:00:00.000000Z\"}}', 0, 'e' FROM generate_series(1, {MANY}) r; ANALYZE restaurants"
    );
    client.batch_execute(&fill).await.expect("restaurants");
    let node = start(database, Some(&nats.url()));
    let before = rss_kib(node.id());
    let begun = Instant::now();
    let mut devices = Vec::with_capacity(MANY);
    for first in (1..=MANY).step_by(50) {
        let joining = (first..first + 50).map(|number| async move {
            let mut device = Device::connect(node.address, &format!("?restaurant_id=s{number}")).await;
            device.expect("restaurant_connect").await;
            device
        });
        devices.extend(futures_util::future::join_all(joining).await);
    }
    let joined = MANY as f64 / begun.elapsed().as_secs_f64();
    println!(
        "{MANY} idle devices, each of a restaurant of its own: {:.1} KiB each at the node; {joined:.0} joined a second",
        (rss_kib(node.id()) - before) / MANY as f64
    );
    let ids: Vec<String> = (1..=MANY).map(|number| format!("s{number}")).collect();
    let mut times = Vec::new();
    for _ in 0..20 {
        let asked = Instant::now();
        let sql = "SELECT r.head, r.epoch, r.notices, r.id FROM restaurants r WHERE r.id = ANY ($1)";
        let rows = client.query_typed(sql, &[(&ids, tokio_postgres::types::Type::TEXT_ARRAY)]).await.expect("heads");
        assert_eq!(rows.len(), MANY);
        times.push(asked.elapsed());
    }
    let [p50, ..] = percentiles(&mut times);
    println!("the sweep's question about {MANY} restaurants takes {p50:.1} ms");
}

/// A new party; its path.
async fn add(http: &mut Http, restaurant: &str) -> String {
    let path = format!("/restaurants/{restaurant}/guests");
    let answer = http.post(&path, json!({ "guestName": "Rivera", "partySize": 2, "phone": "555-0100" })).await.ok();
    format!("{path}/{}", answer["guest"]["id"].as_str().expect("an id"))
}

async fn client(database: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(database, NoTls).await.expect("a database");
    tokio::spawn(connection);
    client
}

fn parent(process: u32) -> u32 {
    stat(process).expect("a process")[1].parse().expect("its parent")
}

/// CPU time of a process and all of its children so far, in ms.
fn family_cpu_ms(postmaster: u32) -> f64 {
    let is_family = |process: &u32| {
        *process == postmaster || stat(*process).is_some_and(|fields| fields[1] == postmaster.to_string())
    };
    processes().filter(is_family).map(cpu_ms).sum()
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").expect("a Linux").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn process_with(words: &[&str]) -> u32 {
    let is_it = |process: &u32| {
        let line = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        words.iter().all(|word| line.contains(word)) && !line.contains("setpriv")
    };
    processes().find(is_it).unwrap_or(0)
}
