//! Connections to the database that are cut off, each in its turn and all at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::join;
use tokio_postgres::Client;

use crate::{
    common::{RESTAURANT, TestServer},
    engines::Postgres,
    nodes::{CONNECTIONS, add, await_number, log, names, node, number, past, unavailable},
};

/// The server's ends of the nodes' connections.
async fn backends(past: &Client) -> Vec<i32> {
    let sql = "SELECT pid FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'maitred' ORDER BY pid";
    past.query_typed(sql, &[]).await.expect("rows").iter().map(|row| row.get(0)).collect()
}

async fn cut_off(past: &Client, backend: i32) {
    past.batch_execute(&format!("SELECT pg_terminate_backend({backend}, 1000)")).await.expect("an end");
}

/// Reads of several kinds at once, none of which fails.
async fn read(server: &TestServer) {
    let paths = ["", "/floor", "/guests", "/tables", "/changes", "/guests/nobody"];
    join_all(paths.iter().map(async |path| {
        let answer = server.http().await.get(&format!("/restaurants/{RESTAURANT}{path}")).await;
        assert!([200, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.text);
    }))
    .await;
}

#[tokio::test]
async fn nobody_notices_that_connections_were_lost_while_they_lay_idle() {
    let url = Postgres::shared().await.database().await;
    let (server, past) = join!(node(&url), past(&url));
    let mut http = server.http().await;
    read(&server).await;
    assert!(number(&past, CONNECTIONS).await > 2, "one for writes, some for reads");
    for (index, backend) in backends(&past).await.into_iter().enumerate() {
        cut_off(&past, backend).await;
        read(&server).await;
        add(&mut http, RESTAURANT, &format!("after {index}")).await.ok();
    }
    for index in 0..10 {
        read(&server).await;
        for backend in backends(&past).await {
            past.batch_execute(&format!("SELECT pg_terminate_backend({backend})")).await.expect("a signal");
        }
        // At once, so that nobody may have noticed yet.
        join!(read(&server), async { add(&mut http, RESTAURANT, &format!("after all {index}")).await.ok() });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_while_connections_are_cut_off_is_answered_and_what_is_written_is_there_once() {
    const WRITERS: usize = 8;
    let url = Postgres::shared().await.database().await;
    let (server, past) = join!(node(&url), past(&url));
    let (stop, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let write = async |writer: usize| {
        let mut http = server.http().await;
        let mut names = Vec::new();
        for index in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let name = format!("{writer}/{index}");
            loop {
                let answer = add(&mut http, RESTAURANT, &name).await;
                if answer.status == 201 {
                    break;
                }
                unavailable(answer);
            }
            names.push(name);
            written.fetch_add(1, Ordering::Relaxed);
        }
        names
    };
    let reads = async {
        while !stop.load(Ordering::Relaxed) {
            read(&server).await;
        }
    };
    let cuts = async {
        for _ in 0..10 {
            await_number(&past, CONNECTIONS, 3).await;
            for backend in backends(&past).await {
                cut_off(&past, backend).await;
            }
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (written, (), ()) = join!(join_all((0..WRITERS).map(write)), reads, cuts);
    let mut written = written.concat();
    written.sort();
    assert_eq!(names(&log(&mut server.http().await, RESTAURANT).await), written);
}
