//! A restaurant that is deleted, and opened again, while many write to it.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use tokio::join;

use crate::{
    common::{Http, TestServer},
    engines::Postgres,
    nodes::{add, await_number, log, node, number, open, past, text},
};

/// Writes until it is told to stop, and tells how many writes were done.
async fn write(server: &TestServer, writer: usize, stop: &AtomicBool) -> usize {
    let mut http = server.http().await;
    let mut done = 0;
    for index in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let answer = add(&mut http, "bistro", &format!("{writer}/{index}")).await;
        if answer.status == 404 {
            answer.problem(404, "not_found");
        } else {
            assert_eq!(answer.status, 201, "{}", answer.text);
            done += 1;
        }
    }
    done
}

async fn epoch(http: &mut Http) -> String {
    text(&http.get("/restaurants/bistro/floor").await.ok()["epoch"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restaurant_that_is_deleted_under_32_writers_and_opened_again_has_nothing_of_its_life_before() {
    let url = Postgres::shared().await.database().await;
    let (one, other, past) = join!(node(&url), node(&url), past(&url));
    let (mut http, stop) = (one.http().await, AtomicBool::new(false));
    let lives = async {
        let mut epochs = BTreeSet::new();
        for _ in 0..6 {
            open(&mut http, "bistro").await.ok();
            await_number(&past, "SELECT coalesce(max(head), 0) FROM restaurants WHERE id = 'bistro'", 30).await;
            assert!(epochs.insert(epoch(&mut http).await), "each life has its own epoch");
            http.delete("/restaurants/bistro").await.ok();
            for table in ["guests", "log", "idempotency"] {
                let left = format!("SELECT count(*) FROM {table} WHERE restaurant_id = 'bistro'");
                assert_eq!(number(&past, &left).await, 0, "{table}");
            }
        }
        open(&mut http, "bistro").await.ok();
        await_number(&past, "SELECT max(head) FROM restaurants WHERE id = 'bistro'", 1).await;
        assert!(epochs.insert(epoch(&mut http).await), "each life has its own epoch");
        stop.store(true, Ordering::Relaxed);
    };
    let writers =
        (0..32).map(|writer: usize| write(if writer.is_multiple_of(2) { &one } else { &other }, writer, &stop));
    let (written, ()) = join!(join_all(writers), lives);
    assert!(written.iter().all(|count| *count > 0), "everyone had a turn: {written:?}");

    for server in [&one, &other] {
        let mut http = server.http().await;
        // Nobody's lane is stuck.
        add(&mut http, "bistro", "one more").await.ok();
        let told = log(&mut http, "bistro").await;
        let ids: BTreeSet<_> = told.iter().map(|change| text(&change["guest_id"])).collect();
        let rows = past.query_typed("SELECT id FROM guests WHERE restaurant_id = 'bistro'", &[]).await.expect("rows");
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<BTreeSet<String>>(), ids, "the log tells of all rows");
    }
}
