//! Two nodes write to the same restaurant at once: there is one log, as if there were one node.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;
use tokio::join;

use crate::{
    common::{RESTAURANT, TestServer},
    engines::Postgres,
    nodes::{add, log, node, open, text},
};

/// A write that was acknowledged.
struct Acknowledged {
    asked: Instant,
    answered: Instant,
    seq: u64,
    guest: String,
}

async fn write(server: &TestServer, writer: usize, count: usize) -> Vec<Acknowledged> {
    let mut http = server.http().await;
    let mut acknowledged = Vec::new();
    for index in 0..count {
        let asked = Instant::now();
        let answer = add(&mut http, RESTAURANT, &format!("{writer}/{index}")).await.ok();
        let (answered, seq) = (Instant::now(), answer["seq"].as_u64().expect("a number"));
        acknowledged.push(Acknowledged { asked, answered, seq, guest: text(&answer["guest"]["id"]) });
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_nodes_acknowledge_is_in_one_log_once_without_a_hole_in_the_order_of_the_commits() {
    const EACH: usize = 15;
    let url = Postgres::shared().await.database().await;
    let (one, other) = join!(node(&url), node(&url));
    let writers =
        (0..64).map(|writer: usize| write(if writer.is_multiple_of(2) { &one } else { &other }, writer, EACH));
    let acknowledged: Vec<_> = join_all(writers).await.into_iter().flatten().collect();

    let told = log(&mut one.http().await, RESTAURANT).await;
    assert_eq!(told, log(&mut other.http().await, RESTAURANT).await, "both read the same");
    assert_eq!(told.len(), 64 * EACH, "nothing beside what was acknowledged");
    for write in &acknowledged {
        assert_eq!(told[write.seq as usize - 1]["guest_id"], write.guest.as_str());
        let before = acknowledged.iter().filter(|earlier| earlier.answered < write.asked);
        let last = before.map(|earlier| earlier.seq).max().unwrap_or_default();
        assert!(last < write.seq, "{last} was answered before {} was asked for", write.seq);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_writers_at_two_nodes_are_all_answered() {
    const EACH: usize = 4;
    let url = Postgres::shared().await.database().await;
    let (one, other) = join!(node(&url), node(&url));
    let writers =
        (0..500).map(|writer: usize| write(if writer.is_multiple_of(2) { &one } else { &other }, writer, EACH));
    let acknowledged: usize = join_all(writers).await.iter().map(Vec::len).sum();
    assert_eq!(acknowledged, 500 * EACH);
    assert_eq!(log(&mut one.http().await, RESTAURANT).await.len(), 500 * EACH, "each of them, once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_comes_to_both_nodes_at_once_is_carried_out_once_and_both_tell_the_same() {
    let url = Postgres::shared().await.database().await;
    let (one, other) = join!(node(&url), node(&url));
    let (mut one, mut other) = (one.http().await, other.http().await);
    for key in 0..50 {
        let name = format!("party {key}");
        let (first, second) = join!(add(&mut one, RESTAURANT, &name), add(&mut other, RESTAURANT, &name));
        assert_eq!((first.status.as_u16(), &first.text), (201, &second.text));
    }
    assert_eq!(log(&mut one, RESTAURANT).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_open_the_same_restaurant_at_once_one_does_and_the_other_finds_it_there() {
    let url = Postgres::shared().await.database().await;
    let (one, other) = join!(node(&url), node(&url));
    let (mut one, mut other) = (one.http().await, other.http().await);
    for life in 0..10 {
        let id = format!("bistro-{life}");
        let (first, second) = join!(open(&mut one, &id), open(&mut other, &id));
        let (done, refused) = if first.status == 201 { (first, second) } else { (second, first) };
        assert_eq!(done.status, 201, "{}", done.text);
        assert_eq!(refused.problem(409, "already_exists")["current"], done.ok()["restaurant"]);
        // The first write comes to both at once as well.
        let (first, second) = join!(add(&mut one, &id, "one"), add(&mut other, &id, "other"));
        let mut numbers = [first.ok()["seq"].take(), second.ok()["seq"].take()];
        numbers.sort_by_key(|seq| seq.as_u64());
        assert_eq!(numbers, [json!(1), json!(2)]);
    }
}
