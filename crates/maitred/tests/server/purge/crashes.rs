//! The real binary, killed or failing between the deletion and its end.

use std::{path::Path, time::Duration};

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{TELLING, ada, assert_files_tell_nothing};
use crate::{
    common::{Device, Http, PATIENCE, await_metric},
    program::{Serving, folder},
};

const LISTEN: &str = "127.0.0.1:0";

/// What a device is told that comes back to the beginning, up to a number.
async fn replayed(serving: &Serving, until: u64) -> Vec<Value> {
    let mut device = Device::connect(serving.address, "?restaurant_id=bistro&since=0").await;
    device.expect("restaurant_connect").await;
    let mut messages = Vec::new();
    for _ in 0..until {
        messages.push(device.next().await);
    }
    messages
}

fn count(database: &Path, sql: &str) -> u64 {
    Connection::open(database).and_then(|file| file.query_row(sql, (), |row| row.get(0))).expect("a count")
}

async fn until_nothing_is_open(database: &Path) {
    let done = async {
        while count(database, "SELECT count(*) FROM purges") > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, done).await.expect("a start that finishes the purge");
}

/// Puts so many messages that tell of Ada behind her first one, as if she had changed as often.
fn lengthen(database: &Path, messages: u64) {
    let file = Connection::open(database).expect("a database");
    let sql = "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n <= ?1)
               INSERT INTO log (restaurant_id, seq, at, message)
               SELECT restaurant_id, n, at, replace(message, '\"seq\":1,', '\"seq\":' || n || ',') FROM n, log WHERE seq = 1";
    file.execute(sql, [messages]).expect("a long log");
    file.execute("UPDATE restaurants SET head = ?1 + 1", [messages]).expect("a head");
    file.close().expect("a whole file");
}

#[tokio::test]
async fn a_purge_that_is_killed_in_the_middle_is_finished_by_the_next_start() {
    const MESSAGES: u64 = 3_000;
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), LISTEN).await;
    let mut http = Http::connect(serving.address).await;
    let mut guest = ada("ada");
    guest["notes"] = json!(TELLING[3]);
    http.post("/restaurants/bistro/guests", guest).await.ok();
    serving.program.signal("TERM");
    serving.program.ended().await.well();
    lengthen(&database, MESSAGES);

    let serving = Serving::start(folder.path(), LISTEN).await;
    let mut http = Http::connect(serving.address).await;
    let asked = tokio::spawn(async move {
        // No answer comes from a server that is killed.
        crate::common::raw_text_until_closed(
            serving.address,
            b"DELETE /restaurants/bistro/guests/ada?purge=true HTTP/1.1\r\nhost: localhost\r\n\r\n",
        )
        .await
    });
    // A piece has 256 messages at the most, and the writer rests after each.
    await_metric(&mut http, "maitred_purged_texts_total", 1).await;
    serving.program.signal("KILL");
    serving.program.ended().await;
    assert_eq!(asked.await.expect("no panic"), "", "it was not answered");
    let left = format!("SELECT count(*) FROM log WHERE message LIKE '%{}%'", TELLING[1]);
    let left = count(&database, &left);
    assert!(0 < left && left < MESSAGES, "{left} messages are left to rewrite");
    assert_eq!(count(&database, "SELECT count(*) FROM purges"), 1);
    assert_eq!(count(&database, "SELECT count(*) FROM guests"), 0);

    let serving = Serving::start(folder.path(), LISTEN).await;
    until_nothing_is_open(&database).await;
    assert_files_tell_nothing(&database);
    let mut http = Http::connect(serving.address).await;
    let page = http.get(&format!("/restaurants/bistro/changes?since={}", MESSAGES - 200)).await.ok();
    let numbers: Vec<_> =
        page["changes"].as_array().expect("changes").iter().map(|change| change["seq"].as_u64()).collect();
    assert_eq!(numbers, (MESSAGES - 199..=MESSAGES + 2).map(Some).collect::<Vec<_>>(), "the same numbers");
    http.delete("/restaurants/bistro/guests/ada?purge=true").await.ok();
}

#[tokio::test]
async fn a_purge_that_the_disk_fails_says_so_and_is_finished_when_it_works_again() {
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), LISTEN).await;
    let mut http = Http::connect(serving.address).await;
    http.post("/restaurants/bistro/guests", ada("ada")).await.ok();
    // As a full disk would, once the deletion has taken the last of it.
    let file = Connection::open(&database).expect("a database");
    let trigger = "CREATE TRIGGER full BEFORE UPDATE OF message ON log BEGIN SELECT RAISE(ABORT, 'no room'); END";
    file.execute_batch(trigger).expect("a trigger");
    let problem = http.delete("/restaurants/bistro/guests/ada?purge=true").await.problem(503, "store_unavailable");
    let detail = problem["detail"].as_str().expect("words");
    assert!(detail.starts_with("The guest is deleted, but"), "{detail}");
    assert!(!detail.contains("Nothing was changed"), "{detail}");
    http.get("/restaurants/bistro/guests/ada").await.problem(404, "not_found");
    serving.program.signal("KILL");
    serving.program.ended().await;
    file.execute_batch("DROP TRIGGER full").expect("room");
    drop(file);
    let serving = Serving::start(folder.path(), LISTEN).await;
    until_nothing_is_open(&database).await;
    assert_files_tell_nothing(&database);
    let messages = replayed(&serving, 2).await;
    assert_eq!((&messages[0]["seq"], &messages[0]["data"]["guestName"]), (&json!(1), &json!("(purged)")));
    assert_eq!((&messages[1]["seq"], &messages[1]["type"]), (&json!(2), &json!("guest_deleted")));
}

#[tokio::test]
async fn a_purge_that_failed_can_be_asked_for_again() {
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), LISTEN).await;
    let mut http = Http::connect(serving.address).await;
    http.post("/restaurants/bistro/guests", ada("ada")).await.ok();
    let file = Connection::open(&database).expect("a database");
    let trigger = "CREATE TRIGGER full BEFORE UPDATE OF message ON log BEGIN SELECT RAISE(ABORT, 'no room'); END";
    file.execute_batch(trigger).expect("a trigger");
    for _ in 0..2 {
        http.delete("/restaurants/bistro/guests/ada?purge=true").await.problem(503, "store_unavailable");
    }
    file.execute_batch("DROP TRIGGER full").expect("room");
    drop(file);
    let answer = http.delete("/restaurants/bistro/guests/ada?purge=true").await.ok();
    assert_eq!(answer, json!({ "success": true, "guest": { "id": "ada" }, "seq": 2 }));
    assert_files_tell_nothing(&database);
}
