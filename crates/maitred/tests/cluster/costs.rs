//! What a write costs: how often a node waits for the database's answer, and how much the database looks at.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use serde_json::json;
use tokio_postgres::Client;

use crate::{
    common::{Http, PATIENCE, RESTAURANT, guest},
    engines::Postgres,
    nodes::{add, node, node_with, past},
};

/// What passes between a node and the server.
#[derive(Default)]
struct Traffic {
    /// How often the node spoke after the server had.
    turns: AtomicU64,
    server_spoke: AtomicBool,
}

/// Stands in front of a database, and counts.
async fn counted(url: &str, traffic: Arc<Traffic>) -> String {
    let (before, after) = url.split_once("127.0.0.1:").expect("an address");
    let (port, database) = after.split_once('/').expect("a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let ours = listener.local_addr().expect("an address");
    let server: u16 = port.parse().expect("a port");
    tokio::spawn(async move {
        while let Ok((node, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", server)).await.expect("a connection");
            let ((from_node, to_node), (from_server, to_server)) = (node.into_split(), server.into_split());
            let (asked, answered) = (Arc::clone(&traffic), Arc::clone(&traffic));
            tokio::spawn(pass(from_node, to_server, move || {
                if asked.server_spoke.swap(false, Ordering::SeqCst) {
                    asked.turns.fetch_add(1, Ordering::SeqCst);
                }
            }));
            tokio::spawn(pass(from_server, to_node, move || answered.server_spoke.store(true, Ordering::SeqCst)));
        }
    });
    format!("{before}{ours}/{database}")
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, heard: impl Fn()) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        heard();
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_write_takes_two_round_trips_and_a_read_one() {
    let url = Postgres::shared().await.database().await;
    let traffic = Arc::new(Traffic::default());
    let counted = counted(&url, Arc::clone(&traffic)).await;
    // What is told to other nodes is told past it.
    let bus = Some(url.parse().expect("an address"));
    let server = node_with(&counted, |config| config.bus = bus).await;
    let mut http = server.http().await;
    // Makes the connections.
    add(&mut http, RESTAURANT, "first").await.ok();
    http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok();

    traffic.turns.store(0, Ordering::SeqCst);
    for index in 0..50 {
        add(&mut http, RESTAURANT, &format!("party {index}")).await.ok();
    }
    assert_eq!(traffic.turns.swap(0, Ordering::SeqCst), 2 * 50);
    for path in ["", "/floor", "/guests", "/tables", "/changes"] {
        http.get(&format!("/restaurants/{RESTAURANT}{path}")).await.ok();
    }
    assert_eq!(traffic.turns.load(Ordering::SeqCst), 5);
}

/// What the database has looked at so far in the tables of rows and keys.
#[derive(Clone, Copy)]
struct Looks {
    /// How many rows it passed on its way through whole tables.
    passed: i64,
    /// How often it looked something up.
    lookups: i64,
    /// How many entries of indexes it took for that.
    entries: i64,
}

impl Looks {
    async fn so_far(past: &Client) -> Self {
        let tables = "('restaurants', 'guests', 'tables', 'idempotency')";
        let sql = format!(
            "SELECT (SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables WHERE relname IN {tables}),
                    sum(idx_scan)::bigint, sum(idx_tup_read)::bigint
             FROM pg_stat_user_indexes WHERE relname IN {tables}"
        );
        let row = past.query_typed_one(&sql, &[]).await.expect("a row");
        Self { passed: row.get(0), lookups: row.get(1), entries: row.get(2) }
    }
}

/// A write that names a row, has a key and changes something.
async fn rename(http: &mut Http, turn: usize) {
    let (key, body) = (format!("rename {turn}"), json!({ "guestName": format!("Party {turn}") }));
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    http.send("PUT", &guest("one"), &headers, body.to_string()).await.ok();
}

#[tokio::test]
async fn a_write_looks_up_what_it_needs_however_few_rows_there_were_when_its_plans_were_made() {
    let url = Postgres::shared().await.database().await;
    let (server, past) = (node(&url).await, past(&url).await);
    let mut http = server.http().await;
    http.add_guest("one", 2).await;
    http.add_table("t", 2).await;
    http.put(&guest("one"), json!({ "table_id": "t" })).await.ok();
    past.batch_execute("ANALYZE").await.expect("statistics of a page or two");
    // A function's plans are kept from its sixth call on.
    for turn in 0..10 {
        rename(&mut http, turn).await;
    }
    past.batch_execute(&format!(
        "INSERT INTO guests (restaurant_id, id, status, created_at, body)
         SELECT '{RESTAURANT}', 'past-' || n, 'finished', '2025-01-01T00:00:00.000000Z', '{{}}' FROM generate_series(1, 5000) n;
         INSERT INTO idempotency (restaurant_id, key, fingerprint, outcome, kept_at)
         SELECT '{RESTAURANT}', 'past-' || n, '', '', 9e15 FROM generate_series(1, 5000) n",
    ))
    .await
    .expect("what was long ago");

    // A connection tells what it has looked at once a second, after a write.
    let (before, deadline) = (Looks::so_far(&past).await, Instant::now() + PATIENCE);
    let mut turn = 10;
    let after = loop {
        rename(&mut http, turn).await;
        turn += 1;
        let after = Looks::so_far(&past).await;
        if after.lookups - before.lookups > 200 {
            break after;
        }
        assert!(Instant::now() < deadline, "the statistics stay as they are");
    };
    assert_eq!(after.passed, before.passed, "no table was gone through");
    let (lookups, entries) = (after.lookups - before.lookups, after.entries - before.entries);
    assert!(entries <= 2 * lookups, "{entries} entries in {lookups} lookups");
}
