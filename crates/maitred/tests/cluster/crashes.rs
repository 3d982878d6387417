//! The database crashes, or stops for a while, under those who write.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::{join, time::sleep};

use crate::{
    common::{Http, PATIENCE, RESTAURANT, TestServer},
    engines::Postgres,
    nodes::{add, await_number, log, names, node, past, text, unavailable},
};

const WRITERS: usize = 16;

/// The longest that anybody is kept waiting by a database that is gone.
const A_FEW_SECONDS: Duration = Duration::from_secs(5);

/// What has come of everybody's writes so far.
#[derive(Default)]
struct Tally {
    done: AtomicUsize,
    unavailable: AtomicUsize,
    in_doubt: AtomicUsize,
}

impl Tally {
    async fn reaches(&self, which: impl Fn(&Self) -> &AtomicUsize, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while which(self).load(Ordering::SeqCst) < count {
            assert!(Instant::now() < deadline, "stays under {count}");
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Writes, and repeats each write with its key until it is acknowledged.
async fn insist(server: &TestServer, writer: usize, count: usize, tally: &Tally) -> BTreeMap<String, (u64, String)> {
    let mut http = server.http().await;
    let mut acknowledged = BTreeMap::new();
    for index in 0..count {
        let name = format!("{writer}/{index}");
        let (seq, guest) = loop {
            let asked = Instant::now();
            let answer = add(&mut http, RESTAURANT, &name).await;
            assert!(asked.elapsed() < A_FEW_SECONDS, "an answer after {:?}: {}", asked.elapsed(), answer.text);
            if answer.status == 201 {
                let body = answer.ok();
                break (body["seq"].as_u64().expect("a number"), text(&body["guest"]["id"]));
            }
            tally.in_doubt.fetch_add(usize::from(answer.text.contains("Whether it was carried out")), Ordering::SeqCst);
            unavailable(answer);
            tally.unavailable.fetch_add(1, Ordering::SeqCst);
            // As a client would that is told to come back.
            sleep(Duration::from_millis(10)).await;
        };
        acknowledged.insert(name, (seq, guest));
        tally.done.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_are_repeated_with_their_key_through_crashes_are_in_the_log_exactly_once() {
    const CRASHES: usize = 4;
    const EACH: usize = 25;
    let mut postgres = Postgres::start().await;
    let url = postgres.database().await;
    let server = node(&url).await;
    let tally = Tally::default();
    let crashes = async {
        for crash in 1..=CRASHES {
            tally.reaches(|tally| &tally.done, crash * WRITERS * EACH / (CRASHES + 1)).await;
            let before = tally.unavailable.load(Ordering::SeqCst);
            postgres.crash().await;
            tally.reaches(|tally| &tally.unavailable, before + 2 * WRITERS).await;
            let mut http: Http = server.http().await;
            let asked = Instant::now();
            unavailable(http.get(&format!("/restaurants/{RESTAURANT}/floor")).await);
            assert!(asked.elapsed() < A_FEW_SECONDS, "{:?}", asked.elapsed());
            postgres.start_again().await;
        }
    };
    let writers = join_all((0..WRITERS).map(|writer| insist(&server, writer, EACH, &tally)));
    let (acknowledged, ()) = join!(writers, crashes);
    let acknowledged: BTreeMap<_, _> = acknowledged.into_iter().flatten().collect();
    let told = log(&mut server.http().await, RESTAURANT).await;
    assert_eq!(names(&told), acknowledged.keys().cloned().collect::<Vec<_>>(), "each exactly once");
    for (seq, guest) in acknowledged.values() {
        assert_eq!(told[*seq as usize - 1]["guest_id"], guest.as_str());
    }
    println!("{} answers were in doubt", tally.in_doubt.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_after_its_commit_is_in_doubt_and_its_key_tells_what_became_of_it() {
    let mut postgres = Postgres::start().await;
    let url = postgres.database().await;
    let (server, direct) = join!(node(&url), past(&url));
    let mut http = server.http().await;
    // A commit waits for a standby that there is not, when it is on the disk already.
    direct.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await.expect("a setting");
    direct.batch_execute("SELECT pg_reload_conf()").await.expect("a signal");
    await_number(&direct, "SELECT count(*) FROM pg_settings WHERE setting = 'nobody'", 1).await;
    let mut behind = server.http().await;
    let crash = async {
        await_number(&direct, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", 1).await;
        // On the way out, so that nothing waits for standbys any more when it comes back.
        direct.batch_execute("SET synchronous_commit = local").await.expect("a setting");
        direct.batch_execute("ALTER SYSTEM RESET ALL").await.expect("a setting");
        let (waits, ()) = join!(add(&mut behind, RESTAURANT, "behind"), async {
            for _ in 0..3 {
                server.http().await.get("/healthz").await.ok();
            }
            postgres.crash().await;
        });
        waits
    };
    let (answer, waits) = join!(add(&mut http, RESTAURANT, "party"), crash);
    let detail = text(&unavailable(answer)["detail"]);
    assert!(detail.contains("Whether it was carried out shows when that is put right"), "{detail}");
    let detail = text(&unavailable(waits)["detail"]);
    assert!(detail.contains("does not answer") && detail.contains("Nothing was changed; try again."), "{detail}");
    postgres.start_again().await;
    assert_eq!(names(&log(&mut http, RESTAURANT).await), ["party"], "it was on the disk");
    assert_eq!(add(&mut http, RESTAURANT, "party").await.ok()["seq"], 1);
    assert_eq!(add(&mut http, RESTAURANT, "behind").await.ok()["seq"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_for_two_seconds_delays_all_and_fails_nobody() {
    let mut postgres = Postgres::start().await;
    let url = postgres.database().await;
    let server = node(&url).await;
    let tally = Tally::default();
    let freeze = async {
        tally.reaches(|tally| &tally.done, 5 * WRITERS).await;
        postgres.freeze();
        let mut http = server.http().await;
        let path = format!("/restaurants/{RESTAURANT}/floor");
        let (answer, ()) = join!(http.get(&path), async {
            sleep(Duration::from_secs(2)).await;
            postgres.thaw();
        });
        answer.ok();
    };
    let writers = join_all((0..WRITERS).map(|writer| insist(&server, writer, 20, &tally)));
    join!(writers, freeze);
    assert_eq!(tally.unavailable.load(Ordering::SeqCst), 0);
    assert_eq!(log(&mut server.http().await, RESTAURANT).await.len(), WRITERS * 20);
}
