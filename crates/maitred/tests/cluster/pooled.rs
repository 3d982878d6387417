//! Nodes behind PgBouncer, which hands its few connections on after each transaction.

use std::time::Duration;

use futures_util::future::join_all;
use maitred::config::Retention;
use serde_json::json;
use tokio::join;

use crate::{
    common::{Http, TestServer, metric},
    engines::{PgBouncer, Postgres},
    nodes::{add, node_with, number, open, past, text},
};

/// How many connections PgBouncer has to share.
const SHARED: i64 = 4;

const RESTAURANTS: [&str; 4] = ["bistro", "cafe", "diner", "trattoria"];

/// What is written beside the parties that come: they are seated, told of and deleted, and devices are paired.
async fn work(server: &TestServer, writer: usize, parties: usize) {
    let (mut http, restaurant) = (server.http().await, RESTAURANTS[writer % RESTAURANTS.len()]);
    let (guests, tables) = (format!("/restaurants/{restaurant}/guests"), format!("/restaurants/{restaurant}/tables"));
    let table = json!({ "tableNumber": format!("T{writer}"), "capacity": 4 });
    let table = text(&http.post(&tables, table).await.ok()["table"]["id"]);
    for index in 0..parties {
        let guest = text(&add(&mut http, restaurant, &format!("{writer}/{index}")).await.ok()["guest"]["id"]);
        let guest = format!("{guests}/{guest}");
        http.put(&guest, json!({ "table_id": table })).await.ok();
        http.put(&guest, json!({ "table_id": null })).await.ok();
        http.delete(&guest).await.ok();
    }
    let code = http.post(&format!("/restaurants/{restaurant}/pairing_codes"), json!({})).await.ok();
    let trade = json!({ "code": code["pairing_code"]["code"] });
    let device = text(&http.post(&format!("/restaurants/{restaurant}/devices"), trade).await.ok()["device"]["id"]);
    http.delete(&format!("/restaurants/{restaurant}/devices/{device}")).await.ok();
}

async fn read(server: &TestServer, reader: usize, times: usize) {
    let (mut http, restaurant) = (server.http().await, RESTAURANTS[reader % RESTAURANTS.len()]);
    for _ in 0..times {
        let floor = http.get(&format!("/restaurants/{restaurant}/floor")).await.ok();
        let page = http.get(&format!("/restaurants/{restaurant}/changes?since={}", floor["seq"])).await;
        // Unless so much was written meanwhile that it has been forgotten.
        if page.status != 410 {
            assert!(page.ok()["seq"].as_u64() >= floor["seq"].as_u64());
        }
        http.get(&format!("/restaurants/{restaurant}/guests")).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_behind_a_pool_of_four_connections_have_all_that_they_need() {
    const PARTIES: usize = 5;
    let url = Postgres::shared().await.database().await;
    let pool = PgBouncer::start(Postgres::shared().await).await;
    let pooled = pool.url_of(&url);
    let (one, other) = join!(pooled_node(&pooled), pooled_node(&pooled));
    let mut http: Http = one.http().await;
    for restaurant in RESTAURANTS {
        open(&mut http, restaurant).await.ok();
    }
    let server = |index: usize| if (index / RESTAURANTS.len()).is_multiple_of(2) { &one } else { &other };
    let writers = join_all((0..32).map(|writer| work(server(writer), writer, PARTIES)));
    let readers = join_all((0..8).map(|reader| read(server(reader), reader, 20)));
    join!(writers, readers);

    let past = past(&url).await;
    for restaurant in RESTAURANTS {
        // A table, and per party its arrival, seating and rising, each of which changes both, and its departure.
        let messages = 8 * (1 + PARTIES as i64 * (1 + 2 + 2 + 1));
        assert_eq!(number(&past, &format!("SELECT head FROM restaurants WHERE id = '{restaurant}'")).await, messages);
        let holes = format!(
            "SELECT max(seq) - min(seq) + 1 - count(*) + {messages} - max(seq) FROM log
             WHERE restaurant_id = '{restaurant}'"
        );
        assert_eq!(number(&past, &holes).await, 0, "{restaurant}");
        assert_eq!(
            number(&past, &format!("SELECT count(*) FROM guests WHERE restaurant_id = '{restaurant}'")).await,
            0
        );
    }
    let connections = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(number(&past, connections).await, SHARED, "as many as there are to share, and all were needed");
    let mut dropped = 0;
    for server in [&one, &other] {
        let mut http = server.http().await;
        dropped += metric(&mut http, "maitred_pruned_messages_total").await;
        assert_eq!(metric(&mut http, "maitred_writes_total{result=\"failed\"}").await, 0);
    }
    assert!(dropped > 0, "what is too much was dropped meanwhile");
}

/// One that forgets as fast as it can.
async fn pooled_node(url: &str) -> TestServer {
    let retention = Retention { messages: 50, interval: Duration::from_millis(1), ..Retention::default() };
    node_with(url, |config| config.retention = retention).await
}
