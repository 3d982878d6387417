//! What every database keeps: commits that several writes share, the log that they leave, reads of one moment, keys, and
//! what is forgotten. Each promise is told on each database.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use floor::{Rejection, Time};
use futures_util::future::join_all;
use maitred::{
    config::{Database, IDEMPOTENCY_RETENTION, LOG_AGE, Retention},
    dispatch::now,
    retention::prune,
    store::{Idempotency, Store, StoreError, WriteError},
};
use serde_json::{Value, json};

use super::{add_guest, adding, change_guest, create_restaurant, later, open, place::Place, restaurants, write_at};
use crate::common::{RESTAURANT, TestServer, guest, guests, permit};

/// What the database holds, read behind the store's back.
#[derive(Debug, PartialEq)]
struct Rows {
    head: u64,
    epoch: String,
    /// By number.
    log: Vec<(u64, Value)>,
    /// By id.
    guests: BTreeMap<String, Value>,
}

impl Rows {
    async fn read(place: &Place) -> Self {
        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let restaurant = place.query(&format!("SELECT head, epoch FROM restaurants WHERE id = '{RESTAURANT}'")).await;
        let log = place.query("SELECT seq, message FROM log ORDER BY seq").await;
        let guests = place.query("SELECT id, body FROM guests").await;
        Self {
            head: restaurant[0][0].parse().expect("a number"),
            epoch: restaurant[0][1].clone(),
            log: log.iter().map(|row| (row[0].parse().expect("a number"), json(&row[1]))).collect(),
            guests: guests.iter().map(|row| (row[0].clone(), json(&row[1]))).collect(),
        }
    }

    /// The guests that a log of single guests tells of.
    fn told(&self) -> BTreeMap<String, Value> {
        let mut guests = BTreeMap::new();
        for (_, message) in &self.log {
            let id = message["guest_id"].as_str().expect("an id").to_owned();
            match message["type"].as_str() {
                Some("guest_deleted") => _ = guests.remove(&id),
                _ => _ = guests.insert(id, message["data"].clone()),
            }
        }
        guests
    }
}

/// The numbers of the log's messages, as a reader is told.
async fn numbers(store: &Store) -> Vec<u64> {
    let page = store.log_after(&permit(), 0, u64::MAX, usize::MAX).await.expect("a read").expect("a restaurant");
    page.messages.iter().map(|message| message.seq).collect()
}

#[tokio::test]
async fn a_write_that_the_database_fails_costs_those_committed_with_it_nothing() {
    for place in Place::each().await {
        let store = place.store().await;
        place.sabotage().await;
        let name = |index: usize| if index % 50 == 25 { "bad".to_owned() } else { format!("g{index}") };
        let outcomes = join_all((0..300).map(|index| store.execute(add_guest(&name(index))))).await;
        let mut numbers = Vec::new();
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match (name(index).as_str(), outcome) {
                ("bad", Err(WriteError::Store(error))) => assert!(error.to_string().contains("a bad spot"), "{error}"),
                (_, Ok(outcome)) => numbers.push(outcome.seq),
                (name, other) => panic!("{}, {name}: {other:?}", place.name),
            }
        }
        assert_eq!(numbers, (1..=294).collect::<Vec<u64>>(), "each its number, in the order of asking, without a hole");
        let rows = Rows::read(&place).await;
        assert_eq!((rows.head, rows.log.len(), rows.guests.len()), (294, 294, 294), "{}", place.name);
        assert_eq!(rows.told(), rows.guests, "the log tells of the guests that there are");
        place.repair().await;
        store.execute(add_guest("bad")).await.expect("the store goes on");
    }
}

#[tokio::test]
async fn a_row_that_is_damaged_costs_only_those_who_name_it() {
    for place in Place::each().await {
        let store = place.store().await;
        store.execute(add_guest("bad")).await.expect("a guest");
        place.query("UPDATE guests SET body = '{' WHERE id = 'bad'").await;
        let writes = (0..100).map(|index| match index % 20 {
            10 => change_guest("bad", json!({ "notes": "Aisle" })),
            _ => add_guest(&format!("g{index}")),
        });
        for (index, outcome) in join_all(writes.map(|write| store.execute(write))).await.into_iter().enumerate() {
            match (index % 20, outcome) {
                (10, Err(WriteError::Store(error))) => assert!(error.to_string().contains("is damaged"), "{error}"),
                (_, outcome) => _ = outcome.unwrap_or_else(|error| panic!("{}, {index}: {error}", place.name)),
            }
        }
        assert_eq!(numbers(&store).await, (1..=96).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_refused_write_costs_those_committed_with_it_nothing() {
    for place in Place::each().await {
        let store = place.store().await;
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
                (_, other) => panic!("{}, {index}: {other:?}", place.name),
            }
        }
        assert_eq!(numbers, (2..=201).collect::<Vec<u64>>(), "each its number, in the order of asking, without a hole");
        let rows = Rows::read(&place).await;
        assert_eq!(rows.log.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=201).collect::<Vec<_>>());
        assert_eq!((rows.head, rows.guests.len()), (201, 101), "{}", place.name);
        for (seq, message) in &rows.log {
            assert_eq!(message["seq"], *seq);
        }
        assert_eq!(rows.told(), rows.guests, "the log tells what the rows say");
    }
}

#[tokio::test]
async fn a_restart_keeps_rows_log_head_and_epoch() {
    for place in Place::each().await {
        let store = place.store().await;
        for index in 0..10 {
            store.execute(add_guest(&format!("g{index}"))).await.expect("a guest");
        }
        let before = Rows::read(&place).await;
        store.close().await;
        drop(store);

        let store = place.open().await;
        assert!(matches!(store.execute(create_restaurant()).await, Err(WriteError::Refused(_))));
        assert_eq!((before.head, Rows::read(&place).await), (10, before), "{}", place.name);
        let next = store.execute(add_guest("next")).await.expect("a guest");
        assert_eq!(next.seq, 11);
    }
}

#[tokio::test]
async fn a_deleted_restaurant_leaves_no_row_behind() {
    for place in Place::each().await {
        let server = TestServer::start_with(|config| config.database = place.database.clone()).await;
        let mut http = server.http().await;
        http.add_table("t", 2).await;
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        http.send("POST", &guests(), &headers, r#"{"guestName":"Rivera","partySize":2}"#).await.ok();
        let house = format!("/restaurants/{RESTAURANT}");
        let code = http.post(&format!("{house}/pairing_codes"), json!({})).await.ok()["pairing_code"]["code"].take();
        http.post(&format!("{house}/devices"), json!({ "code": code })).await.ok();
        http.post(&format!("{house}/pairing_codes"), json!({})).await.ok();
        http.delete(&house).await.ok();
        for table in ["restaurants", "guests", "tables", "log", "idempotency", "devices", "pairing_codes", "purges"] {
            assert_eq!(place.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}, {}", place.name);
        }
    }
}

#[tokio::test]
async fn what_was_answered_is_seen_by_every_read_begun_afterwards() {
    let places = Place::each().await;
    for database in places.iter().map(|place| place.database.clone()).chain([Database::Memory]) {
        let store = open(&database).await.expect("a store");
        store.execute(create_restaurant()).await.expect("a restaurant");
        let write_then_read = |index: u64| {
            let (store, database) = (store.clone(), &database);
            async move {
                let id = format!("g{index}");
                let outcome = store.execute(add_guest(&id)).await.expect("a guest");
                let read = store.guest(&permit(), &id).await.expect("a read");
                let (guest, head) = read.expect("a restaurant");
                assert!(guest.is_some(), "{database:?}");
                assert!(head.seq >= outcome.seq, "{database:?}");
            }
        };
        join_all((0..100).map(write_then_read)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_at_once_is_of_one_moment_while_writes_go_on() {
    for place in Place::each().await {
        let store = place.store().await;
        let writing = tokio::spawn({
            let store = store.clone();
            async move {
                for index in 0..300 {
                    store.execute(add_guest(&format!("g{index}"))).await.expect("a guest");
                }
            }
        });
        let mut moments = BTreeSet::new();
        while !writing.is_finished() {
            let floor = store.floor(&permit()).await.expect("a read").expect("a restaurant");
            // Each guest has one message.
            assert_eq!(floor.guests.len() as u64, floor.restaurant.head.seq);
            let page = store.log_after(&permit(), 0, 1_000, usize::MAX).await.expect("a read").expect("a restaurant");
            assert_eq!(page.messages.last().map_or(0, |last| last.seq), page.head.seq);
            moments.insert(page.head.seq);
        }
        writing.await.expect("no panic");
        assert!(moments.len() > 10, "reads and writes took turns on {}: {moments:?}", place.name);
    }
}

#[tokio::test]
async fn a_closed_store_says_so_to_writers_and_readers() {
    let places = Place::each().await;
    for database in places.iter().map(|place| place.database.clone()).chain([Database::Memory]) {
        let store = open(&database).await.expect("a store");
        store.execute(create_restaurant()).await.expect("a restaurant");
        let under_way = join_all((0..50).map(|index| store.execute(add_guest(&format!("g{index}")))));
        let (outcomes, ()) = tokio::join!(under_way, store.close());
        assert!(outcomes.iter().all(Result::is_ok), "what was asked for before is finished: {outcomes:?}");
        let write = store.execute(add_guest("late")).await;
        assert!(matches!(write, Err(WriteError::Store(StoreError::Closed))), "{write:?}");
        let read = restaurants(&store).await;
        assert!(matches!(read, Err(StoreError::Closed)), "{database:?}: {read:?}");
        store.close().await;
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_24_hours_and_thrown_away_some_time_after() {
    for place in Place::each().await {
        let store = place.store().await;
        let ask = |name: &str, fingerprint: u8, at: Time| {
            let idempotency = Idempotency { key: "k".to_owned(), fingerprint: [fingerprint; 32] };
            store.execute(write_at(adding(name), at).known_by(Some(idempotency)))
        };
        let at = now();
        let kept = ask("first", 1, at).await.expect("a guest");
        let last_moment = later(at, IDEMPOTENCY_RETENTION - Duration::from_micros(1));
        assert_eq!(ask("first", 1, last_moment).await.expect("the same answer"), kept, "{}", place.name);
        assert!(matches!(ask("second", 2, last_moment).await, Err(WriteError::KeyReused)));
        let next_day = later(at, IDEMPOTENCY_RETENTION);
        let done = ask("second", 2, next_day).await.expect("a key that is free again");
        assert_eq!(done.seq, kept.seq + 1);
        assert_eq!(ask("second", 2, next_day).await.expect("the same answer"), done);
        let other = Idempotency { key: "other".to_owned(), fingerprint: [3; 32] };
        let day_after = later(next_day, IDEMPOTENCY_RETENTION);
        store.execute(write_at(adding("third"), day_after).known_by(Some(other))).await.expect("a guest");
        let keys = place.query("SELECT key FROM idempotency").await;
        assert_eq!(keys, [["other"]], "{}", place.name);
    }
}

#[tokio::test]
async fn a_log_forgets_what_is_old_and_what_is_too_much_and_nothing_else() {
    for place in Place::each().await {
        let store = place.store().await;
        let chat = async |name: &str, count: u64| {
            for outcome in join_all((0..count).map(|i| store.execute(add_guest(&format!("{name}-{i}"))))).await {
                outcome.expect("a guest");
            }
        };
        let drop_beyond = async |messages: u64, at: Time| {
            let mut dropped = 0;
            let retention = Retention { messages, ..Retention::default() };
            prune(&store, &retention, at, &mut dropped).await.expect("a round");
            dropped
        };
        chat("old", 700).await;
        let noon = later(now(), LOG_AGE);
        chat("young", 400).await;
        assert_eq!((drop_beyond(u64::MAX, noon).await, drop_beyond(u64::MAX, noon).await), (700, 0), "{}", place.name);
        assert_eq!(numbers(&store).await, (701..=1_100).collect::<Vec<_>>());
        assert_eq!((drop_beyond(100, now()).await, drop_beyond(100, now()).await), (300, 0), "{}", place.name);
        assert_eq!(numbers(&store).await, (1_001..=1_100).collect::<Vec<_>>());
        let rows = Rows::read(&place).await;
        assert_eq!((rows.head, rows.guests.len()), (1_100, 1_100), "rows and head stay");
        assert_eq!(store.execute(add_guest("next")).await.expect("a guest").seq, 1_101);
    }
}

#[tokio::test]
async fn who_is_overdue_is_whose_evening_was_over_by_then_and_who_was_not_called_back() {
    for place in Place::each().await {
        let store = place.store().await;
        for name in ["gone", "called-back", "waiting"] {
            store.execute(add_guest(name)).await.expect("a guest");
        }
        for (name, status) in [("gone", "no_show"), ("called-back", "cancelled"), ("called-back", "waiting")] {
            store.execute(change_guest(name, json!({ "status": status }))).await.expect("a change");
        }
        let before = later(now(), Duration::from_secs(1));
        let overdue = store.overdue_guests(before, 10).await.expect("a read");
        let told: Vec<_> = overdue.iter().map(|guest| (guest.guest.as_str(), guest.version)).collect();
        assert_eq!(told, [("gone", 2)], "{}", place.name);
        let long_ago = Time::from_microseconds(before.as_microseconds() - 60_000_000).expect("a time");
        assert!(store.overdue_guests(long_ago, 10).await.expect("a read").is_empty(), "{}", place.name);
    }
}

#[tokio::test]
async fn nothing_in_the_database_tells_who_a_purged_guest_was() {
    const TELLING: [&str; 3] = ["Lovelace", "555-0100-42", "ada@analytical.test"];
    for place in Place::each().await {
        let server = TestServer::start_with(|config| config.database = place.database.clone()).await;
        let mut http = server.http().await;
        let ada = json!({ "id": "ada", "guestName": TELLING[0], "partySize": 2, "phone": TELLING[1],
                          "email": TELLING[2] });
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        http.send("POST", &guests(), &headers, ada.to_string()).await.ok();
        http.put(&guest("ada"), json!({ "notes": "a regular" })).await.ok();
        let telling = async || {
            let mut texts = Vec::new();
            for sql in ["SELECT body FROM guests", "SELECT message FROM log", "SELECT outcome FROM idempotency"] {
                texts.extend(place.query(sql).await.concat());
            }
            texts.iter().filter(|text| TELLING.iter().any(|word| text.contains(word))).count()
        };
        assert_eq!(telling().await, 4, "{}", place.name);
        http.delete(&format!("{}?purge=true", guest("ada"))).await.ok();
        assert_eq!((telling().await, numbers(&server.store).await), (0, vec![1, 2, 3]), "{}", place.name);
        assert_eq!(place.number("SELECT count(*) FROM purges").await, 0, "nothing is left to do");
        let again = http.send("POST", &guests(), &headers, ada.to_string()).await.ok();
        assert_eq!(again["guest"]["guestName"], "(purged)", "a retry is told what it was told, but for who it was");
    }
}
