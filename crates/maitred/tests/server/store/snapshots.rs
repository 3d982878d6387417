//! What a reader sees while others write.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use maitred::{config::Database, store::StoreError};

use super::{add_guest, create_restaurant, open, open_file, restaurants};
use crate::common::permit;

#[tokio::test]
async fn what_was_answered_is_seen_by_every_read_begun_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    for database in &[Database::File(folder.path().join("maitred.db")), Database::Memory] {
        let store = open(database).expect("a store");
        store.execute(create_restaurant()).await.expect("a restaurant");
        let write_then_read = |index: u64| {
            let store = store.clone();
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
    let folder = tempfile::tempdir().expect("a folder");
    let store = open_file(&folder.path().join("maitred.db")).expect("a store");
    store.execute(create_restaurant()).await.expect("a restaurant");
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
    assert!(moments.len() > 10, "reads and writes took turns: {moments:?}");
}

#[tokio::test]
async fn a_closed_store_says_so_to_writers_and_readers() {
    let folder = tempfile::tempdir().expect("a folder");
    for database in [Database::File(folder.path().join("maitred.db")), Database::Memory] {
        let store = open(&database).expect("a store");
        store.execute(create_restaurant()).await.expect("a restaurant");
        let under_way = join_all((0..50).map(|index| store.execute(add_guest(&format!("g{index}")))));
        let (outcomes, ()) = tokio::join!(under_way, store.close());
        assert!(outcomes.iter().all(Result::is_ok), "what was asked for before is finished: {outcomes:?}");
        let write = store.execute(add_guest("late")).await;
        assert!(matches!(write, Err(maitred::store::WriteError::Store(StoreError::Closed))), "{write:?}");
        let read = restaurants(&store).await;
        assert!(matches!(read, Err(StoreError::Closed)), "{database:?}: {read:?}");
        store.close().await;
    }
}
