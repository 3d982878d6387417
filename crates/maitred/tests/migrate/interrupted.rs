//! A move that is cut off, by whatever means: nothing of the restaurant is there, and the same again goes on.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use crate::{House, common::PATIENCE, engines::Postgres, number, postgres, program::Program};

/// Messages of a large restaurant, and about how long each is, in bytes: the longest that there are.
const MESSAGES: u64 = 120;
const LENGTH: u64 = 500_000;

/// Writes a long log for `bistro` into the file, and a guest who is to be forgotten.
fn write_much(house: &House) {
    let file = house.file();
    let fill = "WITH RECURSIVE numbers (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < ?1)
                INSERT INTO log (restaurant_id, seq, at, message)
                SELECT 'bistro', seq, 1755328887177385 + seq,
                       '{\"timestamp\":\"2025-08-16T07:21:27.177385Z\",\"data\":\"' || hex(zeroblob(?2 / 2)) || '\"}'
                FROM numbers";
    file.execute(fill, [MESSAGES, LENGTH]).expect("a log");
    file.execute("UPDATE restaurants SET head = ?1 WHERE id = 'bistro'", [MESSAGES]).expect("a head");
    file.execute("INSERT INTO purges VALUES ('bistro', 'nobody', 1)", ()).expect("a purge");
}

/// Stands in the way of the last of what a restaurant takes along, for as long as the transaction lasts.
async fn stand_in_the_way(url: &str) -> Client {
    let client = postgres(url).await;
    client.batch_execute("BEGIN; INSERT INTO purges VALUES ('bistro', 'nobody', 1)").await.expect("a row");
    client
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(client: &Client) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = async {
        while number(client, waits).await == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("a move that has come to its end");
}

/// Nothing of `bistro` is there, and `annex` is.
async fn only_the_annex_is_there(client: &Client) {
    for table in ["guests", "tables", "log", "idempotency", "purges"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE restaurant_id = 'bistro'");
        assert_eq!(number(client, &sql).await, 0, "{table}");
    }
    assert_eq!(number(client, "SELECT count(*) FROM restaurants").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_restaurant_whose_move_was_cut_off_nothing_is_there_and_the_same_again_moves_it() {
    let mut cluster = Postgres::start().await;
    let url = cluster.database().await;
    let house = House::with(&["annex", "bistro"]).await;
    write_much(&house);
    house.migrate(&url, &["--restaurant", "annex"]).await.well();
    let arguments = ["migrate", "--from", "sqlite:maitred.db", "--to", url.as_str()];

    let (onlooker, obstacle) = (postgres(&url).await, stand_in_the_way(&url).await);
    let mut program = Program::maitred(house.path(), &arguments);
    assert!(program.line().await.expect("a line").starts_with("Moving 2 restaurants from "));
    assert_eq!(program.line().await.expect("a line"), "annex: moved before; it is left as it is there.");
    somebody_waits(&onlooker).await;
    assert!(program.peak_memory_kib() * 1024 < MESSAGES * LENGTH * 4 / 5, "{} KiB", program.peak_memory_kib());
    program.signal("KILL");
    program.ended().await;
    obstacle.batch_execute("ROLLBACK").await.expect("an end");
    only_the_annex_is_there(&onlooker).await;

    let obstacle = stand_in_the_way(&url).await;
    let program = Program::maitred(house.path(), &arguments);
    somebody_waits(&onlooker).await;
    cluster.crash().await;
    program.ended().await.badly(&["can't go on with bistro: ", "does not answer", "run the same again"]);
    drop((onlooker, obstacle));
    cluster.start_again().await;
    let onlooker = postgres(&url).await;
    only_the_annex_is_there(&onlooker).await;

    let said = house.migrate(&url, &[]).await.well();
    assert!(said.contains("annex: moved before") && said.contains("bistro: moved, 1 guest"), "{said}");
    let log = "SELECT count(*) FROM log WHERE restaurant_id = 'bistro' AND length(message) > 400000";
    assert_eq!(number(&onlooker, log).await, MESSAGES as i64 - 1);
    let said = house.migrate(&url, &[]).await.well();
    assert!(said.contains("Moved 0 restaurants") && said.contains("2 restaurants moved before"), "{said}");
}
