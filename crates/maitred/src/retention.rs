//! How long things are remembered. From time to time, what is too old or too much is dropped from the log, piece by piece,
//! so that writes have their turn between any two; it never touches a restaurant's rows, its last number or its epoch: a
//! device that comes back from before what is left is shown the floor as it is. Guests whose evening has long been over are
//! deleted, as by anybody else, and forgotten.

use std::{sync::Arc, time::Duration};

use floor::{Expectation, Rejection, Time};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    access::Identity,
    config::{PRUNE_REST, PURGE_GUESTS, Retention},
    dispatch::{Caller, delete_for_good, now},
    metrics::Metrics,
    purge::Purges,
    store::{Overdue, Store, StoreError, WriteError},
};

/// Forgets what need not be kept any more, now and then again and again, for as long as the store is open.
pub async fn forget_regularly(store: Store, purges: Arc<Purges>, retention: Retention, metrics: Arc<Metrics>) {
    let mut rounds = interval(retention.interval);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        // Where several processes share the database, one of them is enough.
        match store.takes_round("retention", retention.interval).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::warn!(%error, "could not look for what need not be kept any more; trying again later");
                continue;
            }
        }
        let mut dropped = 0;
        let result = prune(&store, &retention, now(), &mut dropped).await;
        metrics.pruned_messages.inc_by(dropped);
        if dropped > 0 {
            tracing::info!(messages = dropped, "dropped what the log need not keep any more");
        }
        match result {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            // A full disk may have room again, and until then the log is merely too long.
            Err(error) => tracing::warn!(%error, "could not drop old messages from the log; trying again later"),
        }
        let mut gone = 0;
        let result = purge_guests(&store, &purges, &retention, now(), &mut gone).await;
        if gone > 0 {
            tracing::info!(guests = gone, "deleted and forgot guests whose evening has long been over");
        }
        match result {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => tracing::warn!(%error, "could not purge guests; trying again later"),
        }
    }
}

/// Drops what the log need not keep at this time, and counts the messages in `dropped`, up to a failure as well.
///
/// # Errors
/// If the database fails, or is closed meanwhile. What was dropped before stays dropped.
pub async fn prune(store: &Store, retention: &Retention, at: Time, dropped: &mut u64) -> Result<(), StoreError> {
    // Before the first year there is nothing to drop.
    if let Ok(than) = earlier(at, retention.age) {
        while rest_after(store.prune_old(than).await?, dropped).await {}
    }
    for restaurant in store.overlong_logs(retention.messages).await? {
        while rest_after(store.prune_surplus(&restaurant, retention.messages).await?, dropped).await {}
    }
    Ok(())
}

/// Counts a piece that was dropped, and leaves the writer for itself for a moment; says no if there was nothing to drop.
async fn rest_after(piece: usize, dropped: &mut u64) -> bool {
    *dropped += piece as u64;
    if piece > 0 {
        sleep(PRUNE_REST).await;
    }
    piece > 0
}

/// Finishes what purges a crash or a full disk has left open; then deletes and forgets the guests whose evening has been
/// over for too long at this time, and counts them in `gone`, up to a failure as well.
///
/// # Errors
/// If the database fails, or is closed meanwhile. Whoever was deleted before is forgotten by a later round at the latest.
pub async fn purge_guests(
    store: &Store,
    purges: &Purges,
    retention: &Retention,
    at: Time,
    gone: &mut u64,
) -> Result<(), StoreError> {
    purges.finish_all().await?;
    let Some(Ok(than)) = retention.guests.map(|age| earlier(at, age)) else { return Ok(()) };
    loop {
        let overdue = store.overdue_guests(than, PURGE_GUESTS).await?;
        let before = *gone;
        for guest in overdue {
            *gone += u64::from(delete_overdue(store, guest).await?);
        }
        purges.finish_all().await?;
        // Those who were left are not overdue any more, or will be found by the next round.
        if *gone == before {
            return Ok(());
        }
        sleep(PRUNE_REST).await;
    }
}

/// Whether the guest was deleted: it may have been called back meanwhile, or deleted with all others.
async fn delete_overdue(store: &Store, Overdue { restaurant, guest, version }: Overdue) -> Result<bool, StoreError> {
    let expects = Expectation::IfMatch(vec![version]);
    let caller = Caller::new(Identity::of_the_process());
    match delete_for_good(store, restaurant.as_str(), guest, expects, caller).await {
        Ok(_) => Ok(true),
        Err(WriteError::Refused(refusal))
            if matches!(refusal.rejection, Rejection::NotFound { .. } | Rejection::PreconditionFailed { .. }) =>
        {
            Ok(false)
        }
        Err(WriteError::Store(error)) => Err(error),
        Err(WriteError::Refused(_) | WriteError::KeyReused | WriteError::Denied(_)) => {
            Err(StoreError::Bug("the deletion of a guest whose evening is over was refused".to_owned()))
        }
    }
}

fn earlier(at: Time, by: Duration) -> Result<Time, floor::InvalidTime> {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Time::from_microseconds(at.as_microseconds().saturating_sub(by))
}
