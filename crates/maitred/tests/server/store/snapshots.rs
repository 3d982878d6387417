//! What a reader sees while others write.

use std::sync::mpsc;

use futures_util::future::join_all;
use maitred::{config::Database, store::StoreError};

use super::{add_guest, create_restaurant, open, open_file};
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
                let (guest, head) = store
                    .read(&permit(), move |snapshot| Ok((snapshot.guest(&id)?, snapshot.head()?)))
                    .await
                    .expect("a read");
                assert!(guest.is_some(), "{database:?}");
                assert!(head.is_some_and(|(seq, _)| seq >= outcome.seq), "{database:?}");
            }
        };
        join_all((0..100).map(write_then_read)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_does_not_move_while_writes_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open_file(&folder.path().join("maitred.db")).expect("a store");
    store.execute(create_restaurant()).await.expect("a restaurant");
    store.execute(add_guest("early")).await.expect("a guest");
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let reading = tokio::spawn({
        let store = store.clone();
        async move {
            let permit = permit();
            let read = store.read(&permit, move |snapshot| {
                let head = || Ok::<_, StoreError>(snapshot.head()?.map(|(seq, _)| seq));
                let before = head()?;
                _ = begun.send(());
                _ = may_go_on.recv();
                let guests = snapshot.present_guests()?.len();
                Ok((before, head()?, guests, snapshot.log_after(0, 500, usize::MAX)?.len()))
            });
            read.await
        }
    });
    has_begun.await.expect("a read that has begun");
    // Writers don't wait for readers, nor does another reader.
    for index in 0..20 {
        store.execute(add_guest(&format!("late{index}"))).await.expect("a guest");
    }
    let seen_now = store.read(&permit(), |snapshot| snapshot.present_guests()).await.expect("a read").len();
    go_on.send(()).expect("a reader that waits");
    let seen_then = reading.await.expect("a task").expect("a read");
    assert_eq!((seen_then, seen_now), ((Some(1), Some(1), 1, 1), 21));
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
        let read = store.survey(|survey| survey.restaurants(|_| true)).await;
        assert!(matches!(read, Err(StoreError::Closed)), "{database:?}: {read:?}");
        store.close().await;
    }
}
