//! The log forgets what is old or too much, and nothing else.

use std::{path::Path, time::Duration};

use floor::Time;
use futures_util::future::join_all;
use maitred::{
    config::{LOG_AGE, LOG_MESSAGES, Retention},
    dispatch::now,
    retention::prune,
    store::{LogPage, Store},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    common::{Device, Http, PATIENCE, RESTAURANT, TestServer, permit},
    program::{Program, Serving, folder},
    store::{add_guest, later},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A server that prunes only when it is told to.
async fn quiet_server() -> TestServer {
    TestServer::start_with(|config| config.retention.interval = 1_000 * DAY).await
}

/// As many messages, of guests whose names begin with this.
async fn chat(store: &Store, name: &str, count: u64) {
    let writes = (0..count).map(|index| store.execute(add_guest(&format!("{name}-{index}"))));
    for outcome in join_all(writes).await {
        outcome.expect("a guest");
    }
}

/// Prunes what is older than a time, and tells how many messages that were.
async fn prune_older(store: &Store, than: Time) -> u64 {
    let mut dropped = 0;
    prune(store, &Retention::default(), later(than, LOG_AGE), &mut dropped).await.expect("a round");
    dropped
}

/// Prunes what is more than so many messages a restaurant, and tells how many messages that were.
async fn prune_beyond(store: &Store, messages: u64) -> u64 {
    let mut dropped = 0;
    prune(store, &Retention { messages, ..Retention::default() }, now(), &mut dropped).await.expect("a round");
    dropped
}

fn changes(since: u64) -> String {
    format!("/restaurants/{RESTAURANT}/changes?since={since}")
}

/// The numbers on a page of the log.
pub(crate) fn numbers(page: &Value) -> Vec<u64> {
    page["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["seq"].as_u64().expect("a number"))
        .collect()
}

/// A device that comes back, with its acknowledgement taken.
async fn come_back(server: &TestServer, since: u64) -> Device {
    let query = format!("?restaurant_id={RESTAURANT}&since={since}");
    let mut device = Device::connect(server.address, &query).await;
    device.expect("restaurant_connect").await;
    device
}

/// The log of [`RESTAURANT`] from the first number to the last; there must not be a hole.
fn ends_of_log(database: &Path) -> (u64, u64) {
    let file = Connection::open(database).expect("a database");
    let sql = "SELECT min(seq), max(seq), count(*) FROM log WHERE restaurant_id = ?1";
    let (first, last, count): (u64, u64, u64) =
        file.query_row(sql, [RESTAURANT], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("a log");
    assert_eq!(count, last - first + 1, "no hole between {first} and {last}");
    (first, last)
}

#[tokio::test]
async fn what_is_too_old_is_gone_from_the_log_and_all_else_is_there() {
    let server = quiet_server().await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "bistro" })).await.ok();
    chat(&server.store, "old", 700).await;
    http.post("/restaurants/bistro/guests", json!({ "guestName": "Rivera", "partySize": 2 })).await.ok();
    let noon = now();
    chat(&server.store, "young", 20).await;
    let floor = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.text;
    assert_eq!(prune_older(&server.store, noon).await, 701);
    assert_eq!(prune_older(&server.store, noon).await, 0);
    for since in [0, 1, 699] {
        http.get(&changes(since)).await.problem(410, "log_pruned");
    }
    assert_eq!(numbers(&http.get(&changes(700)).await.ok()), (701..=720).collect::<Vec<_>>());
    assert_eq!(numbers(&http.get(&changes(719)).await.ok()), [720]);
    assert!(numbers(&http.get(&changes(720)).await.ok()).is_empty());
    http.get(&changes(721)).await.problem(410, "log_pruned");
    http.get("/restaurants/bistro/changes?since=0").await.problem(410, "log_pruned");
    assert_eq!(http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.text, floor, "rows, head and epoch stay");
}

#[tokio::test]
async fn a_restaurant_keeps_so_many_messages_and_a_quiet_one_all_of_its_own() {
    let server = quiet_server().await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "bistro" })).await.ok();
    http.post("/restaurants/bistro/guests", json!({ "guestName": "Rivera", "partySize": 2 })).await.ok();
    chat(&server.store, "guest", 900).await;
    assert_eq!(prune_beyond(&server.store, 900).await, 0);
    assert_eq!(prune_beyond(&server.store, 100).await, 800);
    assert_eq!(prune_beyond(&server.store, 100).await, 0);
    http.get(&changes(799)).await.problem(410, "log_pruned");
    assert_eq!(numbers(&http.get(&changes(800)).await.ok()), (801..=900).collect::<Vec<_>>());
    assert_eq!(numbers(&http.get("/restaurants/bistro/changes?since=0").await.ok()), [1]);
}

#[tokio::test]
async fn a_device_from_before_what_is_left_is_shown_the_floor_and_one_from_after_hears_what_it_missed() {
    let server = quiet_server().await;
    chat(&server.store, "guest", 40).await;
    assert_eq!(prune_beyond(&server.store, 20).await, 20);
    let (mut before, mut after) = (come_back(&server, 19).await, come_back(&server, 20).await);
    let snapshot = before.expect("snapshot").await;
    assert_eq!((&snapshot["seq"], snapshot["data"]["guests"].as_array().map(Vec::len)), (&json!(40), Some(40)));
    for seq in 21..=40 {
        assert_eq!(after.expect("guest_created").await["seq"], seq);
    }
    chat(&server.store, "next", 3).await;
    for device in [&mut before, &mut after] {
        for seq in 41..=43 {
            assert_eq!(device.expect("guest_created").await["seq"], seq);
        }
        device.expect_silence().await;
    }
}

#[tokio::test]
async fn a_restaurant_whose_whole_log_is_gone_goes_on_where_it_was() {
    let server = quiet_server().await;
    chat(&server.store, "guest", 10).await;
    assert_eq!(prune_older(&server.store, later(now(), DAY)).await, 10);
    // Neither is the number forgotten when the server is.
    let server = server.restart().await;
    let mut http = server.http().await;
    let page = http.get(&changes(10)).await.ok();
    assert_eq!((numbers(&page), &page["seq"], &page["next"]), (vec![], &json!(10), &Value::Null));
    http.get(&changes(9)).await.problem(410, "log_pruned");
    let (mut up_to_date, mut behind) = (come_back(&server, 10).await, come_back(&server, 9).await);
    assert_eq!(behind.expect("snapshot").await["seq"], 10);
    up_to_date.expect_silence().await;
    chat(&server.store, "next", 1).await;
    for device in [&mut up_to_date, &mut behind] {
        assert_eq!(device.expect("guest_created").await["seq"], 11);
    }
    assert_eq!(numbers(&http.get(&changes(10)).await.ok()), [11]);
    http.get(&changes(9)).await.problem(410, "log_pruned");
}

/// Follows the log until its head is this number: each page goes on where the last one ended, or the log no longer
/// reaches back and the floor says where to go on.
async fn follow(mut http: Http, until: u64) {
    let mut last = 0;
    while last < until {
        let answer = http.get(&changes(last)).await;
        if answer.status == 410 {
            let floor = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok();
            last = floor["seq"].as_u64().expect("a number");
            continue;
        }
        for seq in numbers(&answer.ok()) {
            assert_eq!(seq, last + 1);
            last = seq;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_beside_eight_writers_loses_nothing_and_leaves_no_hole() {
    const EACH: u64 = 150;
    let server = TestServer::start_with(|config| {
        config.retention = Retention { messages: 50, interval: Duration::from_millis(1), ..Retention::default() };
    })
    .await;
    let reader = tokio::spawn(follow(server.http().await, 8 * EACH));
    let writers = join_all((0..8).map(|writer| {
        let store = server.store.clone();
        tokio::spawn(async move {
            for index in 0..EACH {
                store.execute(add_guest(&format!("guest-{writer}-{index}"))).await.expect("a guest");
                let page = store.log_after(&permit(), 0, u64::MAX, usize::MAX).await;
                let LogPage { head, messages } = page.expect("a read").expect("a restaurant");
                assert!(messages.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "a hole");
                let (first, last) = (messages[0].seq, messages[messages.len() - 1].seq);
                assert_eq!(last, head.seq);
                assert!(first == 1 || last - first + 1 >= 50, "only {first} to {last} are left");
            }
        })
    }))
    .await;
    writers.into_iter().for_each(|writer| writer.expect("no panic"));
    timeout(PATIENCE, reader).await.expect("in time").expect("no panic");
    let mut http = server.http().await;
    let pruned = async { while http.get(&changes(8 * EACH - 51)).await.status != 410 {} };
    timeout(PATIENCE, pruned).await.expect("a round that finds what is left to drop");
    assert_eq!(ends_of_log(&server.database), (8 * EACH - 49, 8 * EACH));
    let floor = server.store.floor(&permit()).await.expect("a read").expect("a restaurant");
    assert_eq!(floor.guests.len() as u64, 8 * EACH);
}

#[tokio::test]
async fn messages_from_a_clock_that_was_ahead_keep_what_follows_them_until_there_are_too_many() {
    let server = quiet_server().await;
    chat(&server.store, "old", 10).await;
    chat(&server.store, "future", 10).await;
    chat(&server.store, "behind", 10).await;
    let file = Connection::open(&server.database).expect("a database");
    let century = later(now(), 36_500 * DAY).as_microseconds();
    file.execute("UPDATE log SET at = ?1 WHERE seq BETWEEN 11 AND 20", [century]).expect("a clock that was wrong");
    let noon = now();
    chat(&server.store, "young", 10).await;
    assert_eq!(prune_older(&server.store, noon).await, 10);
    assert_eq!(ends_of_log(&server.database), (11, 40), "neither a young one nor a hole");
    assert_eq!(prune_beyond(&server.store, 15).await, 15);
    assert_eq!(ends_of_log(&server.database), (26, 40));
    assert_eq!(prune_older(&server.store, noon).await, 5, "nothing stands in the way any more");
    assert_eq!(ends_of_log(&server.database), (31, 40));
}

#[tokio::test]
async fn a_round_that_fails_costs_nothing_but_that_round() {
    let server = TestServer::start_with(|config| {
        config.retention = Retention { messages: 300, interval: Duration::from_millis(1), ..Retention::default() };
    })
    .await;
    // A database that fails on one message, as a full disk would after a while.
    let file = Connection::open(&server.database).expect("a database");
    let trigger = "CREATE TRIGGER full BEFORE DELETE ON log WHEN OLD.seq = 300
                   BEGIN SELECT RAISE(ABORT, 'no room'); END";
    file.execute_batch(trigger).expect("a trigger");
    chat(&server.store, "guest", 1_000).await;
    let mut dropped = 0;
    let retention = Retention { messages: 300, ..Retention::default() };
    let error = prune(&server.store, &retention, now(), &mut dropped).await.expect_err("a round that fails");
    assert!(error.to_string().contains("no room"), "{error}");
    chat(&server.store, "next", 1).await;
    let (first, last) = ends_of_log(&server.database);
    assert!(first <= 300, "what could not be dropped is there, from {first} on");
    assert_eq!(last, 1_001);
    file.execute_batch("DROP TRIGGER full").expect("room");
    let mut http = server.http().await;
    let pruned = async { while http.get(&changes(700)).await.status != 410 {} };
    timeout(PATIENCE, pruned).await.expect("a later round that succeeds");
    assert_eq!(ends_of_log(&server.database), (702, 1_001));
}

/// A folder whose database has twenty messages of `bistro`, half of them three days old.
async fn house(serving: Serving, database: &Path) {
    let mut http = Http::connect(serving.address).await;
    for _ in 0..20 {
        http.post("/restaurants/bistro/guests", json!({ "guestName": "Rivera", "partySize": 2 })).await.ok();
    }
    serving.program.signal("TERM");
    serving.program.ended().await.well();
    let file = Connection::open(database).expect("a database");
    let three_days = (3 * DAY).as_micros() as i64;
    file.execute("UPDATE log SET at = at - ?1 WHERE seq <= 10", [three_days]).expect("an older log");
}

#[tokio::test]
async fn serve_keeps_as_much_as_it_is_told_to() {
    const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
    for (more, environment, first) in [
        (&[][..], &[][..], 1),
        (&["--keep-days", "2"], &[("MAITRED_KEEP_DAYS", "9")], 11),
        (&["--keep-days", "4"], &[], 1),
        (&[], &[("MAITRED_KEEP_DAYS", "2"), ("MAITRED_KEEP_MESSAGES", "5")], 16),
        (&["--keep-messages", "15"], &[], 6),
    ] {
        let (folder, database) = folder();
        house(Serving::start(folder.path(), "127.0.0.1:0").await, &database).await;
        let arguments = [&SERVE, more].concat();
        let mut serving = Serving::listening(Program::maitred_with(folder.path(), &arguments, environment)).await;
        if first > 1 {
            let told = serving.program.complaint("dropped").await;
            assert!(told.contains("INFO") && told.contains(&format!("messages={}", first - 1)), "{told}");
        }
        let mut http = Http::connect(serving.address).await;
        let page = http.get(&format!("/restaurants/bistro/changes?since={}", first - 1)).await.ok();
        assert_eq!(numbers(&page), (first..=20).collect::<Vec<_>>(), "{more:?} {environment:?}");
        if first > 1 {
            http.get(&format!("/restaurants/bistro/changes?since={}", first - 2)).await.problem(410, "log_pruned");
        }
    }
    let (folder, _) = folder();
    for (flag, value) in [("--keep-days", "0"), ("--keep-days", "40000"), ("--keep-messages", "0")] {
        let refused = Program::maitred(folder.path(), &[&SERVE[..], &[flag, value]].concat()).ended().await;
        refused.badly(&[flag, value]);
    }
    assert_eq!((LOG_AGE, LOG_MESSAGES), (7 * DAY, 100_000), "the defaults that the help names");
    let help = Program::maitred(folder.path(), &["serve", "--help"]).ended().await.well();
    for words in ["--keep-days", "[default: 7]", "MAITRED_KEEP_DAYS", "--keep-messages", "[default: 100000]"] {
        assert!(help.contains(words), "nothing of {words:?} in:\n{help}");
    }
}

#[tokio::test]
async fn serve_says_that_it_could_not_prune_and_goes_on() {
    let (folder, database) = folder();
    house(Serving::start(folder.path(), "127.0.0.1:0").await, &database).await;
    let file = Connection::open(&database).expect("a database");
    let trigger = "CREATE TRIGGER full BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'no room'); END";
    file.execute_batch(trigger).expect("a trigger");
    file.close().expect("a whole file");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--keep-messages", "5"];
    let mut serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
    let told = serving.program.complaint("could not drop").await;
    assert!(told.contains("WARN") && told.contains("no room"), "{told}");
    let mut http = Http::connect(serving.address).await;
    http.post("/restaurants/bistro/guests", json!({ "guestName": "Rivera", "partySize": 2 })).await.ok();
    serving.program.signal("TERM");
    let said = serving.program.ended().await;
    assert!(!said.stderr.contains("could not drop"), "once a round: {}", said.stderr);
    said.well();
}
