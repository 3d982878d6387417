//! A clock that jumps back, as one does that is set by hand or had run ahead.

use std::time::Duration;

use floor::{Answer, Entity, Guest, Time};
use maitred::{
    config::IDEMPOTENCY_RETENTION,
    dispatch::now as clock,
    store::{Idempotency, Write},
};
use serde_json::{Value, json};

use crate::{
    common::{TestServer, guests},
    store::{adding, changing, later, write_at},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn earlier(time: Time, by: Duration) -> Time {
    Time::from_microseconds(time.as_microseconds() - by.as_micros() as i64).expect("a time")
}

fn keyed(write: Write, key: &str) -> Write {
    write.known_by(Some(Idempotency { key: key.to_owned(), fingerprint: [7; 32] }))
}

async fn carried_out(server: &TestServer, write: Write) -> (Guest, u64) {
    let outcome = server.store.execute(write).await.expect("a guest");
    let Answer::One(result) = outcome.answer else { panic!("one guest, not {:?}", outcome.answer) };
    let Entity::Guest(guest) = result.entity else { panic!("a guest, not {:?}", result.entity) };
    (guest, outcome.seq)
}

#[tokio::test]
async fn the_order_of_changes_is_that_of_their_numbers_whatever_the_clock_says() {
    let server = TestServer::start().await;
    let mut device = server.device().await;
    let now = clock();
    let (guest, _) = carried_out(&server, write_at(adding("g"), now)).await;
    let (finished, seq) = {
        let body = json!({ "status": "finished" });
        server.http().await.add_table("t", 2).await;
        carried_out(&server, write_at(changing("g", json!({ "table_id": "t" })), earlier(now, DAY))).await;
        carried_out(&server, write_at(changing("g", body), earlier(now, 30 * DAY))).await
    };
    // What they went through keeps its order; that it went on is what the version says, not the clock.
    assert_eq!((finished.created_at, finished.version), (guest.created_at, 3));
    let stages = [finished.check_in_time, finished.seated_time, finished.finished_time];
    assert!(stages.iter().all(Option::is_some) && stages.is_sorted(), "{stages:?}");
    assert!(finished.check_in_time >= Some(finished.created_at), "{finished:?}");
    for number in 1..=seq {
        assert_eq!(device.next().await["seq"], number);
    }
    device.expect_silence().await;
}

#[tokio::test]
async fn a_list_that_is_read_page_by_page_while_the_clock_jumps_neither_misses_nor_repeats_a_guest() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let now = clock();
    for number in 0..12_u32 {
        let time = if number % 2 == 0 { earlier(now, DAY * number) } else { later(now, DAY * number) };
        carried_out(&server, write_at(adding(&format!("g{number}")), time)).await;
    }
    // Two who came at the same microsecond.
    carried_out(&server, write_at(adding("twin-a"), now)).await;
    carried_out(&server, write_at(adding("twin-b"), now)).await;
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = http.get(&format!("{}?limit=3{after}", guests())).await.ok();
        ids.extend(page["guests"].as_array().expect("guests").iter().map(|guest| guest["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let expected = ["g11", "g9", "g7", "g5", "g3", "g1", "twin-b", "twin-a", "g0", "g2", "g4", "g6", "g8", "g10"];
    assert_eq!(ids, expected.map(Value::from), "those who came last by the clock of their time stand first");
}

#[tokio::test]
async fn a_retry_is_known_though_the_clock_has_jumped_back_since() {
    let server = TestServer::start().await;
    let now = clock();
    let ahead = later(now, 365 * DAY);
    let first = carried_out(&server, keyed(write_at(adding("g"), ahead), "k")).await;
    for time in [now, earlier(now, 365 * DAY), ahead] {
        assert_eq!(carried_out(&server, keyed(write_at(adding("g"), time), "k")).await, first);
    }
    // It is thrown away when the clock comes by again: kept longer than a day, and not for ever.
    let (_, seq) = carried_out(&server, keyed(write_at(adding("h"), later(ahead, IDEMPOTENCY_RETENTION)), "k")).await;
    assert_eq!(seq, first.1 + 1);
}

#[tokio::test]
async fn answers_kept_while_the_clock_ran_ahead_do_not_stop_others_from_being_thrown_away() {
    let server = TestServer::start().await;
    let now = clock();
    carried_out(&server, keyed(write_at(adding("ahead"), later(now, 365 * DAY)), "ahead")).await;
    for number in 0..10_u32 {
        carried_out(&server, keyed(write_at(adding(&format!("g{number}")), now), &format!("k{number}"))).await;
    }
    for number in 0..3_u32 {
        let next_day = later(now, IDEMPOTENCY_RETENTION + Duration::from_secs(1));
        carried_out(&server, keyed(write_at(adding(&format!("h{number}")), next_day), &format!("l{number}"))).await;
    }
    let file = rusqlite::Connection::open(&server.database).expect("a database");
    let kept: Vec<String> = file
        .prepare("SELECT key FROM idempotency ORDER BY key")
        .expect("keys")
        .query_map((), |row| row.get(0))
        .expect("keys")
        .collect::<Result<_, _>>()
        .expect("texts");
    assert_eq!(kept, ["ahead", "l0", "l1", "l2"]);
}
