//! The sweep: looks in the database whether there is anything that this process's devices have not been told, because the
//! bus lost it, or brings only the news that there is something. One question for all restaurants that have devices here,
//! every few seconds; and of each that has news, what it is.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use floor::Id;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::{
    access::{Identity, Right},
    config::{LOOKS_AT_ONCE, MAX_PAGE, RING_BYTES},
    hub::{Hub, Known, Records},
    store::{Head, LogPage, LoggedMessage, Store, StoreError},
};

pub(super) struct Sweep {
    store: Store,
    hub: Arc<Hub>,
    records: Arc<Records>,
    interval: Duration,
    at_once: Arc<Notify>,
}

impl Sweep {
    pub(super) fn new(store: Store, hub: Arc<Hub>, records: Arc<Records>, interval: Duration) -> Self {
        Self { store, hub, records, interval, at_once: Arc::default() }
    }

    /// Where to ask for a sweep at once, as is wise where the bus was away.
    pub(super) fn at_once(&self) -> Arc<Notify> {
        Arc::clone(&self.at_once)
    }

    /// Sweeps, and looks at the restaurants that are `asked` for, until nobody can ask any more.
    pub(super) async fn run(self, mut asked: mpsc::Receiver<Id>) {
        let sweep = Arc::new(self);
        let mut ticks = interval_at(Instant::now() + sweep.interval, sweep.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut queue = Queue::default();
        let mut looks = JoinSet::new();
        let mut sweeps = JoinSet::<Vec<Id>>::new();
        loop {
            while looks.len() < LOOKS_AT_ONCE
                && let Some(restaurant) = queue.next()
            {
                let sweep = Arc::clone(&sweep);
                looks.spawn(async move {
                    sweep.look_at(&restaurant).await;
                    restaurant
                });
            }
            tokio::select! {
                restaurant = asked.recv() => match restaurant {
                    Some(restaurant) => queue.add(restaurant),
                    None => return,
                },
                Some(done) = looks.join_next() => queue.done(done.ok().as_ref()),
                Some(behind) = sweeps.join_next() => behind.unwrap_or_default().into_iter().for_each(|restaurant| {
                    sweep.hub.metrics.swept.inc();
                    queue.add(restaurant);
                }),
                _ = ticks.tick(), if sweeps.is_empty() => {
                    sweeps.spawn(Arc::clone(&sweep).find_behind());
                }
                () = sweep.at_once.notified(), if sweeps.is_empty() => {
                    sweeps.spawn(Arc::clone(&sweep).find_behind());
                }
            }
        }
    }

    /// The restaurants of which the database knows more than this process.
    async fn find_behind(self: Arc<Self>) -> Vec<Id> {
        let known = self.hub.all_known();
        if known.is_empty() {
            return Vec::new();
        }
        let ids: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
        match self.store.heads(&ids).await {
            Ok(heads) => {
                self.complain_of_losses(&known, &heads);
                let is_behind = |(id, known): &(Id, Known)| {
                    heads.get(id).is_none_or(|head| {
                        head.seq > known.seq || head.epoch != known.epoch || head.notices != known.notices
                    })
                };
                known.into_iter().filter(is_behind).map(|(id, _)| id).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "could not sweep; trying again in a moment");
                Vec::new()
            }
        }
    }

    /// A database that was set back to an earlier state gives numbers away a second time, which devices take for those that they
    /// know. Nobody but a person can put that right.
    fn complain_of_losses(&self, known: &[(Id, Known)], heads: &HashMap<Id, Head>) {
        for (restaurant, Known { seq, epoch, .. }) in known {
            if let Some(head) = heads.get(restaurant).filter(|head| head.epoch == *epoch && head.seq < *seq) {
                tracing::error!(
                    %restaurant,
                    told = seq,
                    kept = head.seq,
                    "the database has lost changes that devices were told of, as one that was set back has: stop all servers, \
                     run `maitred new-epoch`, and start them again"
                );
            }
        }
    }

    /// Tells the devices of a restaurant what they have not been told.
    async fn look_at(&self, restaurant: &Id) {
        if let Some(known) = self.hub.known(restaurant)
            && let Err(error) = self.try_to_look_at(restaurant, known).await
        {
            tracing::warn!(%error, %restaurant, "could not look for what is new; the next sweep does");
        }
    }

    async fn try_to_look_at(&self, restaurant: &Id, known: Known) -> Result<(), StoreError> {
        let permit = Identity::of_the_process().permit(Right::See, restaurant.as_str());
        let permit = permit.map_err(|denied| StoreError::Bug(denied.to_string()))?;
        let page = self.store.log_after(&permit, known.seq, MAX_PAGE, RING_BYTES).await?;
        let Some(LogPage { head, messages }) = page.filter(|page| page.head.epoch == known.epoch) else {
            // It is gone, or has been and is another by now: who listened to this one is told so.
            self.hub.close_life(restaurant, &known.epoch);
            return Ok(());
        };
        if head.notices != known.notices {
            // Somebody may have been sent away, or be forgotten: which of the two is not known, and either is rare.
            self.records.forget();
            self.hub.forget(restaurant);
            self.hub.heed(restaurant, &head);
        }
        for LoggedMessage { seq, message } in messages {
            self.hub.publish(restaurant, &head.epoch, seq, &message);
        }
        // Where that was not all of it, or where the log has forgotten it, sessions see for themselves.
        self.hub.advance(restaurant, &head);
        Ok(())
    }
}

/// Restaurants to look at, each once; one at which somebody looks just now, only after that.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Id>,
    is_waiting: HashSet<Id>,
    under_way: HashSet<Id>,
}

impl Queue {
    fn add(&mut self, restaurant: Id) {
        if self.is_waiting.insert(restaurant.clone()) {
            self.waiting.push_back(restaurant);
        }
    }

    /// The next to look at, from now on under way.
    fn next(&mut self) -> Option<Id> {
        let index = self.waiting.iter().position(|restaurant| !self.under_way.contains(restaurant))?;
        let restaurant = self.waiting.remove(index)?;
        self.is_waiting.remove(&restaurant);
        self.under_way.insert(restaurant.clone());
        Some(restaurant)
    }

    /// A look came to its end; none says that it tripped over a bug, and not at which restaurant.
    fn done(&mut self, restaurant: Option<&Id>) {
        match restaurant {
            Some(restaurant) => _ = self.under_way.remove(restaurant),
            None => self.under_way.clear(),
        }
    }
}
