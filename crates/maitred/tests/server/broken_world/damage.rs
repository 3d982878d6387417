//! A database that is damaged, or held by another program, while a server works with it.

use std::{
    fs::OpenOptions,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use rusqlite::Connection;
use serde_json::json;

use super::large_party;
use crate::{
    common::{Answer, Device, Http, TestServer, guest, guests, table},
    program::{Serving, folder},
};

/// The server said which file is damaged, what to do, and that nothing happened.
#[track_caller]
fn is_damaged(answer: Answer) {
    assert_eq!(answer.header("retry-after"), Some("1"));
    let problem = answer.problem(503, "store_unavailable");
    let detail = problem["detail"].as_str().expect("a text");
    let sentence = "maitred.db is damaged: stop the server and bring back a backup with `maitred restore`";
    assert!(detail.contains(sentence) && detail.ends_with("Nothing was changed."), "{detail}");
}

/// Overwrites all pages of a table, as a failing disk might.
fn destroy(database: &Path, table: &str) {
    let connection = Connection::open(database).expect("a database");
    let mut pages = connection.prepare("SELECT pageno, pgsize FROM dbstat WHERE name = ?1").expect("pages");
    let pages = pages.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).expect("pages");
    let pages: Vec<(u64, usize)> = pages.collect::<Result<_, _>>().expect("numbers");
    assert!(pages.len() > 10, "{} pages", pages.len());
    let mut file = OpenOptions::new().write(true).open(database).expect("a file");
    for (number, size) in pages {
        file.seek(SeekFrom::Start((number - 1) * size as u64)).expect("a place");
        file.write_all(&vec![0x2a; size]).expect("room");
    }
}

#[tokio::test]
async fn damage_is_told_to_those_whose_rows_it_took_and_to_nobody_else() {
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let mut http = Http::connect(serving.address).await;
    let guests = "/restaurants/bistro/guests";
    for number in 0..30 {
        http.post(guests, large_party(&format!("guest-{number}"))).await.ok();
    }
    http.post("/restaurants/bistro/tables", json!({ "id": "t", "tableNumber": "1", "capacity": 2 })).await.ok();
    serving.program.signal("TERM");
    serving.program.ended().await.well();
    drop(http);

    let mut serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let mut http = Http::connect(serving.address).await;
    let mut device = Device::connect(serving.address, "?restaurant_id=bistro").await;
    device.expect("restaurant_connect").await;
    destroy(&database, "guests");
    is_damaged(http.get(&format!("{guests}/guest-7")).await);
    is_damaged(http.get("/restaurants/bistro/floor").await);
    is_damaged(http.post(guests, large_party("new")).await);
    is_damaged(http.put(&format!("{guests}/guest-7"), json!({ "notes": "Aisle" })).await);
    is_damaged(http.delete(&format!("{guests}/guest-7")).await);
    let logged = serving.program.complaint("is damaged").await;
    assert!(logged.contains(&database.display().to_string()) && logged.contains("SQLite's code 11"), "{logged}");
    // Who needs a guest's row is told; tables, log and sockets go on.
    for round in 0..3 {
        let answer = http.put("/restaurants/bistro/tables/t", json!({ "notes": format!("round {round}") })).await.ok();
        assert_eq!(device.expect("table_updated").await["seq"], answer["seq"]);
        is_damaged(http.get(&format!("{guests}/guest-7")).await);
    }
    let changes = http.get("/restaurants/bistro/changes").await.ok();
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(34));
    http.get("/readyz").await.ok();
    // One who would have to be shown the floor is sent away; the server stays.
    let mut stranger = Device::connect(serving.address, "?restaurant_id=bistro&since=0&epoch=another").await;
    stranger.expect("restaurant_connect").await;
    assert_eq!(stranger.expect_bye("unavailable").await, 1013);
    serving.program.signal("TERM");
    let ended = serving.program.ended().await;
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended.well();
}

#[tokio::test]
async fn a_row_that_can_not_be_read_is_damage_too() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    let vandal = Connection::open(&server.database).expect("a database");
    for body in ["'{\"id\":'", "CAST(x'ff' AS TEXT)", "''"] {
        vandal.execute_batch(&format!("UPDATE guests SET body = {body}")).expect("a row");
        is_damaged(http.get(&guest("g")).await);
        is_damaged(http.put(&guest("g"), json!({ "notes": "Aisle" })).await);
        is_damaged(http.get(&guests()).await);
        http.put(&table("t"), json!({ "notes": body })).await.ok();
    }
    // A row that is JSON, and no guest.
    vandal.execute_batch("UPDATE guests SET body = '{}'").expect("a row");
    is_damaged(http.put(&guest("g"), json!({ "notes": "Aisle" })).await);
    vandal.execute_batch("UPDATE restaurants SET head = -1").expect("a row");
    is_damaged(http.get(&guests()).await);
    is_damaged(http.put(&table("t"), json!({ "notes": "Window" })).await);
}

#[tokio::test]
async fn another_program_that_holds_the_file_is_named_as_the_reason_until_it_lets_go() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let other = Connection::open(&server.database).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let body = json!({ "id": "g", "guestName": "Rivera", "partySize": 2 });
    let problem = http.post(&guests(), body.clone()).await.problem(503, "store_unavailable");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains("another program holds maitred.db: let it finish or end it"), "{detail}");
    assert!(detail.ends_with("Nothing was changed; try again."), "{detail}");
    http.get(&guests()).await.ok();
    other.execute_batch("COMMIT").expect("no lock");
    http.post(&guests(), body).await.ok();
}
