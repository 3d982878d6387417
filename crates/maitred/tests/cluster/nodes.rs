//! Nodes on one database, what is asked of them, and a way into the database that goes past them.

use std::{fs, sync::Arc, time::Duration};

use floor::{Command, Expectation, GuestPatch, Operation, Purpose, Step};
use maitred::{
    access::{self, Claims, Keys, Permit, Restaurants, Role, SigningKey},
    config::{Config, KeyFiles},
    dispatch::{mint, now},
    store::Write,
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls};

use crate::common::{Answer, Http, PATIENCE, TestServer};

/// A node of its own, in this process.
pub(crate) async fn node(url: &str) -> TestServer {
    node_with(url, |_| {}).await
}

/// With other settings.
pub(crate) async fn node_with(url: &str, change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::start_with(|config| {
        config.database = url.parse().expect("a URL");
        change(config);
    })
    .await
}

/// One that tokens let into, which are signed with [`SECRET`].
pub(crate) async fn guarded_node(url: &str) -> TestServer {
    node_with(url, |config| config.keys = keys()).await
}

/// What vouches for the tokens of [`token_of`].
pub(crate) fn keys() -> Arc<Keys> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    fs::write(&path, SECRET).expect("a file");
    Arc::new(Keys::read(&KeyFiles { secrets: vec![path], ..KeyFiles::default() }).expect("keys"))
}

/// The token of somebody who may do everything.
pub(crate) fn token_of(subject: &str) -> String {
    let exp = (now().as_microseconds() / 1_000_000 + 600).unsigned_abs();
    let restaurants = Restaurants::One("*".to_owned());
    let claims = Claims { sub: subject.to_owned(), restaurants, role: Role::Owner, exp };
    access::mint(&claims, &SigningKey::Secret(SECRET.to_vec())).expect("a token")
}

const SECRET: &[u8] = b"an-apple-a-day-keeps-the-doctor-away";

/// A connection to the database that goes past the nodes.
pub(crate) async fn past(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    // Ends with the client, or with the server.
    tokio::spawn(connection);
    client
}

/// A number that a query finds.
pub(crate) async fn number(past: &Client, sql: &str) -> i64 {
    past.query_typed_one(sql, &[]).await.expect("a row").get(0)
}

/// Waits until a query finds at least so much.
pub(crate) async fn await_number(past: &Client, sql: &str, least: i64) {
    let found = async {
        while number(past, sql).await < least {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("stays under {least}: {sql}"));
}

/// How many connections of the database wait for what another one holds.
pub(crate) const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// The nodes' connections to the database that are open.
pub(crate) const CONNECTIONS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'maitred'";

/// Opens a restaurant.
pub(crate) async fn open(http: &mut Http, restaurant: &str) -> Answer {
    http.post("/restaurants", json!({ "id": restaurant })).await
}

/// A new party, with a key of the same name. The server mints its id, so that a write that is done twice shows.
pub(crate) async fn add(http: &mut Http, restaurant: &str, name: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", name)];
    let body = json!({ "guestName": name, "partySize": 2 });
    http.send("POST", &format!("/restaurants/{restaurant}/guests"), &headers, body.to_string()).await
}

/// The same as a write to the store itself, without a key.
pub(crate) fn adding(permit: &Permit, id: &str) -> Write {
    let (id, body) = (id.parse().expect("an id"), json!({ "guestName": id, "partySize": 2 }));
    let patch = GuestPatch::read(&id, body.as_object().expect("an object"), Purpose::Create);
    let step = Step { operation: Operation::CreateGuest(id, patch), expects: Expectation::Any };
    Write::new(permit, mint(None), None, now(), Command::Write(step))
}

/// The whole log of a restaurant, as a node tells it. It has no hole.
pub(crate) async fn log(http: &mut Http, restaurant: &str) -> Vec<Value> {
    let (mut since, mut log) = (json!(0), Vec::new());
    while !since.is_null() {
        let page = http.get(&format!("/restaurants/{restaurant}/changes?since={since}")).await.ok();
        log.extend(page["changes"].as_array().expect("changes").iter().cloned());
        since = page["next"].clone();
    }
    let numbers: Vec<_> = log.iter().map(|change| change["seq"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, (1..=log.len() as u64).collect::<Vec<_>>(), "a log without a hole");
    log
}

/// The names of the guests that a log tells of, sorted.
pub(crate) fn names(log: &[Value]) -> Vec<String> {
    let mut names: Vec<_> = log.iter().map(|change| text(&change["data"]["guestName"])).collect();
    names.sort();
    names
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// That the store is of no use just now, with when to come back.
#[track_caller]
pub(crate) fn unavailable(answer: Answer) -> Value {
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse().is_ok_and(|s: u64| s > 0)));
    answer.problem(503, "store_unavailable")
}
