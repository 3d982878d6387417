//! Forgetting who somebody was, to the end: the texts of the log and the answers kept for retries, what this process keeps
//! at hand of them, and the database's log file. The intent is on disk with the deletion; whatever becomes of the process
//! after that, the next start or the next round of the retention finishes it. Never touches a number or an epoch: devices
//! that come back are sent the same messages, of nobody in particular.

use std::{collections::BTreeSet, sync::Arc};

use floor::Id;
use tokio::{sync::Mutex, time::sleep};

use crate::{
    access::Permit,
    config::{EMPTY_REST, EMPTY_TRIES, PRUNE_REST},
    hub::{Hub, Records},
    store::{Purge, Search, Store, StoreError},
};

/// Whoever forgets, one restaurant at a time.
pub struct Purges {
    store: Store,
    hub: Arc<Hub>,
    records: Arc<Records>,
    /// Those who ask at the same time wait for each other: the log is then looked through once for all of them.
    turn: Mutex<()>,
}

impl Purges {
    /// Forgets what is in `store`, and what `hub` and `records` keep of it at hand.
    pub fn new(store: Store, hub: Arc<Hub>, records: Arc<Records>) -> Self {
        Self { store, hub, records, turn: Mutex::default() }
    }

    /// Forgets all who are to be forgotten, wherever they were. Does nothing if there is nobody.
    ///
    /// # Errors
    /// If the database fails or is closed meanwhile. What was forgotten stays forgotten.
    pub async fn finish_all(&self) -> Result<(), StoreError> {
        let purges = self.store.purges(None).await?;
        let restaurants: BTreeSet<Id> = purges.iter().map(|purge| purge.restaurant().clone()).collect();
        for restaurant in &restaurants {
            self.finish(restaurant).await?;
        }
        Ok(())
    }

    /// Forgets the guests of a restaurant who are to be forgotten. After that, this process tells nobody any more who they
    /// were, and neither do the files, unless a reader kept the log file from being emptied. In that case the guests stay
    /// noted down, for a later round to try again.
    ///
    /// # Errors
    /// If the database fails or is closed meanwhile. What was forgotten stays forgotten.
    pub async fn finish(&self, restaurant: &Id) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.forget(restaurant).await.map(drop)
    }

    /// Forgets a guest who has been deleted, and tells whether there was anything that told of it; none if there is one of
    /// that id again.
    ///
    /// # Errors
    /// If the database fails or is closed meanwhile. What was forgotten stays forgotten.
    pub async fn forget_deleted(&self, permit: &Permit, guest: Id) -> Result<Option<bool>, StoreError> {
        let _turn = self.turn.lock().await;
        if !self.store.intend_purge(permit, &guest).await? {
            return Ok(None);
        }
        Ok(Some(self.forget(permit.restaurant()).await?.contains(guest.as_str())))
    }

    /// Who of them is told of, by the texts that were there.
    async fn forget(&self, restaurant: &Id) -> Result<BTreeSet<String>, StoreError> {
        let purges = self.store.purges(Some(restaurant)).await?;
        let mut told = BTreeSet::new();
        if purges.is_empty() {
            return Ok(told);
        }
        let mut from = Some(Search::START);
        while let Some(search) = from {
            let step = self.store.purge_step(restaurant, search).await?;
            told.extend(step.told);
            from = step.next;
            if step.rewritten > 0 {
                self.hub.metrics.purged_texts.inc_by(step.rewritten as u64);
                sleep(PRUNE_REST).await;
            }
        }
        // After the texts: whoever looks for them from here on finds the new ones. Before anybody is told that it is done.
        self.records.forget();
        self.hub.forget(restaurant);
        self.scrub(purges).await?;
        Ok(told)
    }

    /// The last of it: nothing that was overwritten is left beside the database.
    async fn scrub(&self, purges: Vec<Purge>) -> Result<(), StoreError> {
        for _ in 0..EMPTY_TRIES {
            if self.store.scrub().await? {
                return self.store.strike_off(purges).await;
            }
            sleep(EMPTY_REST).await;
        }
        tracing::info!("a reader keeps the database's log file from being emptied after a purge; trying again later");
        Ok(())
    }
}
