//! Writes that are committed together, and the log that they leave.

use std::{collections::BTreeMap, path::Path};

use floor::Rejection;
use futures_util::future::join_all;
use maitred::store::{Store, WriteError};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{add_guest, change_guest, create_restaurant, open_file};
use crate::common::RESTAURANT;

/// What the file holds, read behind the store's back.
struct File {
    head: u64,
    epoch: String,
    /// By number.
    log: Vec<(u64, String)>,
    /// By id, in JSON.
    guests: BTreeMap<String, String>,
}

impl File {
    fn read(path: &Path) -> Self {
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database");
        let (head, epoch) = file
            .query_row("SELECT head, epoch FROM restaurants WHERE id = ?1", [RESTAURANT], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("a restaurant");
        let mut log = file.prepare("SELECT seq, message FROM log ORDER BY seq").expect("a log");
        let mut guests = file.prepare("SELECT id, body FROM guests").expect("guests");
        let log = log.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("rows").collect::<Result<_, _>>();
        let guests =
            guests.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("rows").collect::<Result<_, _>>();
        Self { head, epoch, log: log.expect("texts"), guests: guests.expect("texts") }
    }
}

/// Folds a log of single guests into the rows that it tells of.
fn fold(log: &[(u64, String)]) -> BTreeMap<String, String> {
    let mut guests = BTreeMap::new();
    for (_, message) in log {
        let message: Value = serde_json::from_str(message).expect("JSON");
        let id = message["guest_id"].as_str().expect("an id").to_owned();
        match message["type"].as_str() {
            Some("guest_deleted") => _ = guests.remove(&id),
            _ => _ = guests.insert(id, message["data"].clone()),
        }
    }
    guests.into_iter().map(|(id, row)| (id, row.to_string())).collect()
}

async fn store_in(folder: &Path) -> Store {
    let store = open_file(&folder.join("maitred.db")).expect("a store");
    store.execute(create_restaurant()).await.expect("a restaurant");
    store
}

#[tokio::test]
async fn a_write_that_the_database_fails_costs_those_committed_with_it_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store_in(folder.path()).await;
    // A database that fails on one guest, as a disk would with a bad spot.
    let path = folder.path().join("maitred.db");
    let saboteur = Connection::open(&path).expect("a database");
    let trigger = "CREATE TRIGGER bad_spot AFTER INSERT ON guests WHEN NEW.id = 'bad'
                   BEGIN SELECT RAISE(ABORT, 'a bad spot'); END";
    saboteur.execute_batch(trigger).expect("a trigger");

    let name = |index: usize| if index % 50 == 25 { "bad".to_owned() } else { format!("g{index}") };
    let outcomes = join_all((0..300).map(|index| store.execute(add_guest(&name(index))))).await;
    let mut numbers = Vec::new();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match (name(index).as_str(), outcome) {
            ("bad", Err(WriteError::Store(error))) => assert!(error.to_string().contains("a bad spot"), "{error}"),
            (_, Ok(outcome)) => numbers.push(outcome.seq),
            (name, other) => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(numbers, (1..=294).collect::<Vec<u64>>(), "each its number, in the order of asking, without a hole");
    let file = File::read(&path);
    assert_eq!((file.head, file.log.len(), file.guests.len()), (294, 294, 294));
    assert!(fold(&file.log).keys().eq(file.guests.keys()), "the log tells of the guests that there are");
    saboteur.execute_batch("DROP TRIGGER bad_spot").expect("no trigger");
    store.execute(add_guest("bad")).await.expect("the store goes on");
}

#[tokio::test]
async fn a_refused_write_costs_those_committed_with_it_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store_in(folder.path()).await;
    store.execute(add_guest("twin")).await.expect("a guest");
    // Asked for at once, so that they wait for the disk together; every third of them can't be.
    let writes = (0..300).map(|index| match index % 3 {
        0 => add_guest("twin"),
        1 => add_guest(&format!("g{index}")),
        _ => change_guest("twin", json!({ "notes": format!("turn {index}") })),
    });
    let outcomes = join_all(writes.map(|write| store.execute(write))).await;
    let mut numbers = Vec::new();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match (index % 3, outcome) {
            (0, Err(WriteError::Refused(refusal))) => {
                assert!(matches!(refusal.rejection, Rejection::AlreadyExists { .. }), "{refusal:?}");
            }
            (1 | 2, Ok(outcome)) => numbers.push(outcome.seq),
            (_, other) => panic!("{index}: {other:?}"),
        }
    }
    assert_eq!(numbers, (2..=201).collect::<Vec<u64>>(), "each its number, in the order of asking, without a hole");

    let file = File::read(&folder.path().join("maitred.db"));
    assert_eq!(file.log.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=201).collect::<Vec<_>>());
    assert_eq!(file.head, 201);
    for (seq, message) in &file.log {
        let message: Value = serde_json::from_str(message).expect("JSON");
        assert_eq!(message["seq"], *seq);
    }
    let rows = file.guests.iter().map(|(id, row)| {
        let row: Value = serde_json::from_str(row).expect("JSON");
        (id.clone(), row.to_string())
    });
    assert_eq!(rows.collect::<BTreeMap<_, _>>(), fold(&file.log), "the log tells what the rows say");
    assert_eq!(file.guests.len(), 101);
}

#[tokio::test]
async fn a_restart_keeps_rows_log_head_and_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("maitred.db");
    let store = store_in(folder.path()).await;
    for index in 0..10 {
        store.execute(add_guest(&format!("g{index}"))).await.expect("a guest");
    }
    let before = File::read(&path);
    store.close().await;
    drop(store);

    let store = open_file(&path).expect("a store");
    assert!(matches!(store.execute(create_restaurant()).await, Err(WriteError::Refused(_))));
    let after = File::read(&path);
    assert_eq!((after.head, &after.epoch), (10, &before.epoch));
    assert_eq!((after.log, after.guests), (before.log, before.guests));
    let next = store.execute(add_guest("next")).await.expect("a guest");
    assert_eq!(next.seq, 11);
}

#[tokio::test]
async fn a_deleted_restaurant_leaves_no_row_behind() {
    let server = crate::common::TestServer::start().await;
    let mut http = server.http().await;
    http.add_table("t", 2).await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let body = r#"{"guestName":"Rivera","partySize":2}"#;
    http.send("POST", &crate::common::guests(), &headers, body).await.ok();
    http.delete(&format!("/restaurants/{RESTAURANT}")).await.ok();
    let file = Connection::open_with_flags(&server.database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database");
    for table in ["restaurants", "guests", "tables", "log", "idempotency"] {
        let count: u64 =
            file.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).expect("a count");
        assert_eq!(count, 0, "{table}");
    }
}
