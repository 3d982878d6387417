//! Somebody else holds a restaurant: those who write to it wait, for some seconds, and nobody else does.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use maitred::{
    access::{Identity, Right, revoke},
    config::DATABASE_CONNECTIONS,
    dispatch::now,
};
use serde_json::json;
use tokio::join;
use tokio_postgres::Client;

use crate::{
    common::{Answer, Device, Http, TestServer},
    engines::Postgres,
    nodes::{
        CONNECTIONS, WAITING, add, adding, await_number, guarded_node, log, names, node, number, open, past, text,
        token_of, unavailable,
    },
};

/// For how long writes to the other restaurant are timed while one is held.
const A_WHILE: Duration = Duration::from_secs(2);

/// How much longer a write to the other restaurant may take while one is held: no more than a busy machine makes of it, and
/// far less than any wait for a lock or a connection would.
const NOISE: f64 = 8.0;

/// A node with the restaurants `held` and `free`, and somebody who goes past it.
async fn two_restaurants() -> (TestServer, Client) {
    let url = Postgres::shared().await.database().await;
    let (server, past) = join!(node(&url), past(&url));
    let mut http = server.http().await;
    for restaurant in ["held", "free"] {
        open(&mut http, restaurant).await.ok();
    }
    (server, past)
}

async fn hold(past: &Client) {
    past.batch_execute("BEGIN; SELECT FROM restaurants WHERE id = 'held' FOR UPDATE").await.expect("its row");
}

async fn let_go(past: &Client) {
    past.batch_execute("COMMIT").await.expect("an end");
}

/// What one of several writes at once came to, each on a connection of its own.
async fn writes(server: &TestServer, count: usize) -> Vec<Answer> {
    let write = async |index: usize| add(&mut server.http().await, "held", &format!("party {index}")).await;
    join_all((0..count).map(write)).await
}

/// The median of what writes to the other restaurant take, one after the other, for a while.
async fn median_of_free(http: &mut Http, turn: &str, a_while: Duration) -> Duration {
    let (begun, mut took) = (Instant::now(), Vec::new());
    while begun.elapsed() < a_while {
        let asked = Instant::now();
        add(http, "free", &format!("{turn} {}", took.len())).await.ok();
        took.push(asked.elapsed());
    }
    took.sort();
    took[took.len() / 2]
}

#[track_caller]
fn assert_unhurt(before: Duration, during: Duration) {
    let ratio = during.as_secs_f64() / before.as_secs_f64();
    println!("the median of writes to another restaurant: {before:?} before, {during:?} during, {ratio:.2} times");
    assert!(ratio < NOISE, "{before:?} became {during:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_wait_for_a_restaurant_that_is_held_and_add_nothing_to_what_another_takes() {
    let (server, past) = two_restaurants().await;
    let mut http = server.http().await;
    let before = median_of_free(&mut http, "before", A_WHILE / 2).await;
    hold(&past).await;
    // Those who pair devices don't go by the lane of those who write.
    let offer = async |_| server.http().await.post("/restaurants/held/pairing_codes", json!({})).await;
    let offers = join_all((0..2 * DATABASE_CONNECTIONS).map(offer));
    let meanwhile = async {
        await_number(&past, WAITING, 2).await;
        let during = median_of_free(&mut http, "during", A_WHILE).await;
        assert_eq!(number(&past, WAITING).await, 2, "one waits for all who write, one for all others");
        assert!(number(&past, CONNECTIONS).await <= DATABASE_CONNECTIONS as i64);
        let_go(&past).await;
        during
    };
    let (answers, offers, during) = join!(writes(&server, 64), offers, meanwhile);
    for answer in answers {
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    for answer in offers {
        assert!([201, 429].contains(&answer.status.as_u16()), "{}", answer.text);
    }
    assert_eq!(log(&mut http, "held").await.len(), 64, "all of it came true");
    assert_unhurt(before, during);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_longer_than_5_seconds_is_told_to_come_back_and_finds_it_open_again() {
    let (server, past) = two_restaurants().await;
    let mut http = server.http().await;
    let before = median_of_free(&mut http, "before", A_WHILE / 2).await;
    hold(&past).await;
    let asked = Instant::now();
    let (answers, during) = join!(writes(&server, 64), async {
        await_number(&past, WAITING, 1).await;
        median_of_free(&mut http, "during", A_WHILE).await
    });
    let waited = asked.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&waited), "{waited:?}");
    for answer in answers {
        let problem = unavailable(answer);
        let detail = problem["detail"].as_str().expect("words");
        assert!(detail.contains("holds what this needs") && detail.contains("Nothing was changed"), "{detail}");
    }
    assert_unhurt(before, during);
    let_go(&past).await;
    for answer in writes(&server, 64).await {
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    assert_eq!(log(&mut http, "held").await.len(), 64);
}

/// Asks for something that waits for the restaurant that is held, and does not wait for what comes of it.
async fn ask_and_leave<T: Send + 'static>(past: &Client, asking: impl Future<Output = T> + Send + 'static) {
    let asking = tokio::spawn(asking);
    await_number(past, WAITING, 1).await;
    asking.abort();
    assert!(asking.await.is_err_and(|error| error.is_cancelled()), "it waits");
}

#[tokio::test]
async fn a_write_whose_caller_is_cut_off_is_done_and_those_behind_it_have_their_turn() {
    let (server, past) = two_restaurants().await;
    hold(&past).await;
    let permit = Identity::of_the_house().permit(Right::Own, "held").expect("a permit");
    let (store, write) = (server.store.clone(), adding(&permit, "gone"));
    ask_and_leave(&past, async move { store.execute(write).await }).await;
    let mut http = server.http().await;
    let (answer, ()) = join!(add(&mut http, "held", "behind"), let_go(&past));
    assert_eq!(answer.ok()["seq"], 2);
    assert_eq!(names(&log(&mut http, "held").await), ["behind", "gone"]);
}

#[tokio::test]
async fn a_device_that_somebody_revokes_who_is_cut_off_is_sent_away_all_the_same() {
    let url = Postgres::shared().await.database().await;
    let (server, past) = join!(guarded_node(&url), past(&url));
    let (mut http, owner) = (server.http().await, format!("Bearer {}", token_of("an owner")));
    let headers = [("content-type", "application/json"), ("authorization", owner.as_str())];
    http.send("POST", "/restaurants", &headers, r#"{"id":"held"}"#).await.ok();
    let code = http.send("POST", "/restaurants/held/pairing_codes", &headers, "{}").await.ok();
    let trade = json!({ "code": code["pairing_code"]["code"] });
    let paired = http.post("/restaurants/held/devices", trade).await.ok();
    let mut device = Device::connect_as(server.address, "?restaurant_id=held", paired["token"].as_str()).await;
    device.expect("restaurant_connect").await;

    hold(&past).await;
    let permit = Identity::of_the_house().permit(Right::Own, "held").expect("a permit");
    let (store, id) = (server.store.clone(), text(&paired["device"]["id"]));
    ask_and_leave(&past, async move { revoke(&store, &permit, &id, now()).await }).await;
    let_go(&past).await;
    assert_eq!(device.expect_bye("not_allowed").await, 1008);
}
