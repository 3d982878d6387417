//! What a file holds that a PostgreSQL server has differently, or not at all.

use rusqlite::Connection;
use serde_json::json;

use crate::{FILE, House, engines::Postgres, number, postgres, stop, turn_back::turn_back};

#[tokio::test(flavor = "multi_thread")]
async fn times_never_go_back_and_no_name_has_a_character_that_postgresql_has_not() {
    let url = Postgres::shared().await.database().await;
    let house = House::with(&["annex", "bistro"]).await;
    let serving = house.serve(FILE, &[]).await;
    let mut owner = house.owner(&serving).await;
    for (size, key) in [(3, "young"), (4, "old")] {
        let key = [("idempotency-key", key)];
        owner.ask_with("PATCH", "/restaurants/bistro/guests/g", &key, json!({ "partySize": size })).await.ok();
    }
    let offer = json!({ "role": "host" });
    owner.ask("POST", "/restaurants/bistro/pairing_codes", offer).await.ok();
    stop(serving).await;
    let file = house.file();
    file.execute_batch(
        "UPDATE log SET at = at + 3600000000 WHERE restaurant_id = 'bistro' AND seq = 1;
         UPDATE log SET subject = 'A' || char(0) || 'na' WHERE restaurant_id = 'bistro' AND seq = 2;
         UPDATE pairing_codes SET made_by = char(0);
         UPDATE idempotency SET kept_at = kept_at - 86400000000 WHERE key = 'old';
         INSERT INTO purges VALUES ('bistro', 'nobody', 2);",
    )
    .expect("a strange file");
    let first: i64 = file
        .query_row("SELECT at FROM log WHERE restaurant_id = 'bistro' AND seq = 1", (), |row| row.get(0))
        .expect("a time");
    drop(file);

    let said = house.migrate(&url, &[]).await.well();
    assert!(said.contains("bistro: 2 names of those who did something") && said.contains("U+FFFD"), "{said}");
    assert!(!said.contains("annex: 0"), "{said}");
    let database = postgres(&url).await;
    let ats = format!("SELECT count(*) FROM log WHERE restaurant_id = 'bistro' AND at = {first}");
    assert_eq!(number(&database, &ats).await, 3);
    assert_eq!(number(&database, "SELECT logged_at FROM restaurants WHERE id = 'bistro'").await, first);
    let subjects = "SELECT count(*) FROM log WHERE subject = 'A\u{fffd}na' OR subject = 'Ana'";
    assert_eq!(number(&database, subjects).await, 4);
    assert_eq!(number(&database, "SELECT count(*) FROM pairing_codes WHERE made_by = '\u{fffd}'").await, 1);
    assert_eq!(number(&database, "SELECT count(*) FROM idempotency WHERE key = 'young'").await, 1);
    assert_eq!(number(&database, "SELECT count(*) FROM idempotency").await, 1, "what has expired stays behind");
    assert_eq!(number(&database, "SELECT through FROM purges WHERE guest_id = 'nobody'").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_release_moves_as_it_is_and_stays_one() {
    let url = Postgres::shared().await.database().await;
    let house = House::with(&["annex", "bistro"]).await;
    let serving = house.serve(FILE, &[]).await;
    let before = house.owner(&serving).await.get("/restaurants/bistro/changes").await.text;
    stop(serving).await;
    let path = house.path().join("maitred.db");
    turn_back(&path);
    let said = house.migrate(&url, &[]).await.well();
    assert!(said.contains("bistro: moved, 1 guest, 0 tables, 1 message, 0 paired devices"), "{said}");
    let steps = |file: &Connection| file.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    assert_eq!(steps(&house.file()), Ok(1));
    let database = postgres(&url).await;
    let times = "SELECT count(*) FROM log WHERE abs(at / 1e6 - extract(epoch FROM (message::json ->> 'timestamp')::timestamptz)) < 0.001";
    assert_eq!(number(&database, times).await, 2);
    let serving = house.serve(&url, &[]).await;
    assert_eq!(house.owner(&serving).await.get("/restaurants/bistro/changes").await.text, before);
}
