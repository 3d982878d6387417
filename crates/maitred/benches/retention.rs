//! What forgetting old messages costs the writes beside it: the latency of single writes with and without, in turns, in
//! one run. `cargo bench --bench retention`; a number after `--` sets how many old messages there are.

#[path = "../tests/server/common.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{TestServer, guest};
use maitred::{config::Retention, dispatch::now, retention::prune};
use rusqlite::Connection;
use serde_json::json;

/// Rounds of each kind, in turns, since a machine's speed drifts.
const ROUNDS: usize = 3;

/// How long writes are timed where nothing is pruned beside them.
const QUIET: Duration = Duration::from_secs(3);

fn main() {
    let messages = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(600_000);
    tokio::runtime::Runtime::new().expect("a runtime").block_on(run(messages));
}

async fn run(messages: u64) {
    let server = TestServer::start_with(|config| config.retention.interval = Duration::from_secs(1_000_000)).await;
    server.http().await.add_guest("g", 2).await;
    println!("{:<34} {:>8} {:>9} {:>9} {:>9}", "single writes over HTTP", "writes", "p50 ms", "p99 ms", "max ms");
    for _ in 0..ROUNDS {
        age(&server, messages);
        let until = Instant::now() + QUIET;
        report("alone", write_while(&server, || Instant::now() < until).await);
        let store = server.store.clone();
        let begun = Instant::now();
        let pruning = tokio::spawn(async move {
            let mut dropped = 0;
            prune(&store, &Retention::default(), now(), &mut dropped).await.expect("a round");
            dropped
        });
        let latencies = write_while(&server, || !pruning.is_finished()).await;
        report("beside pruning", latencies);
        let dropped = pruning.await.expect("no panic");
        println!("  {dropped} messages dropped in {:.1} s", begun.elapsed().as_secs_f64());
    }
    server.stopped().await;
}

/// Puts old messages, 600 bytes each, before all others.
fn age(server: &TestServer, messages: u64) {
    let mut file = Connection::open(&server.database).expect("a database");
    let transaction = file.transaction().expect("a transaction");
    transaction.execute("DELETE FROM log", ()).expect("an empty log");
    let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)
               INSERT INTO log (restaurant_id, seq, at, message) SELECT 'old-' || n % 10, n, 0, ?1 FROM n";
    transaction.execute(sql, ("x".repeat(600), messages)).expect("old messages");
    transaction.commit().expect("old messages");
    // They were written long ago: none of this is still on its way into the file.
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).expect("a checkpoint");
}

/// Writes one after the other over one connection, and times each.
async fn write_while(server: &TestServer, go_on: impl Fn() -> bool) -> Vec<Duration> {
    let mut http = server.http().await;
    let path = guest("g");
    let mut latencies = Vec::new();
    for turn in 0_u64.. {
        if !go_on() {
            break;
        }
        let begun = Instant::now();
        http.patch(&path, json!({ "notes": turn.to_string() })).await.ok();
        latencies.push(begun.elapsed());
    }
    latencies
}

fn report(what: &str, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{what:<34} {:>8} {:>9.2} {:>9.2} {:>9.2}", latencies.len(), at(0.5), at(0.99), at(1.0));
}
