//! How long the log remembers. From time to time, what is too old or too much is dropped from it, piece by piece, so that
//! writes have their turn between any two. Never touches a restaurant's rows, its last number or its epoch: a device that
//! comes back from before what is left is shown the floor as it is.

use std::{sync::Arc, time::Duration};

use floor::Time;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    config::{PRUNE_REST, Retention},
    dispatch::now,
    metrics::Metrics,
    store::{Piece, Store, StoreError},
};

/// Drops what the log need not keep any more, now and then again and again, for as long as the store is open.
pub async fn prune_regularly(store: Store, retention: Retention, metrics: Arc<Metrics>) {
    let mut rounds = interval(retention.interval);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
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
    }
}

/// Drops what the log need not keep at this time, and counts the messages in `dropped`, up to a failure as well.
///
/// # Errors
/// If the database fails, or is closed meanwhile. What was dropped before stays dropped.
pub async fn prune(store: &Store, retention: &Retention, at: Time, dropped: &mut u64) -> Result<(), StoreError> {
    // Before the first year there is nothing to drop.
    if let Ok(than) = earlier(at, retention.age) {
        while let Some(piece) = store.survey(move |survey| survey.old_messages(than)).await? {
            drop_piece(store, piece, dropped).await?;
        }
    }
    let keep = retention.messages;
    for restaurant in store.survey(move |survey| survey.overlong_logs(keep)).await? {
        let surplus = || {
            let restaurant = restaurant.clone();
            store.survey(move |survey| survey.surplus_messages(&restaurant, keep))
        };
        while let Some(piece) = surplus().await? {
            drop_piece(store, piece, dropped).await?;
        }
    }
    Ok(())
}

async fn drop_piece(store: &Store, piece: Piece, dropped: &mut u64) -> Result<(), StoreError> {
    *dropped += store.forget(piece).await? as u64;
    sleep(PRUNE_REST).await;
    Ok(())
}

fn earlier(at: Time, by: Duration) -> Result<Time, floor::InvalidTime> {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Time::from_microseconds(at.as_microseconds().saturating_sub(by))
}
