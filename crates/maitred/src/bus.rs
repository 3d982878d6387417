//! The bus: how processes that share a database tell each other what they have committed. It only hastens: whatever it
//! loses, delays or brings out of order is in the log, where sessions and the sweep find it. Nobody ever waits for it.

mod nats;
mod notice;
mod notify;
mod sweep;

use std::{sync::Arc, time::Duration};

use floor::Id;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    config::{BUS_ATTEND_TIMEOUT, BUS_QUEUE, BusUrl, Database, LOOK_QUEUE, PostgresUrl},
    feed::Committed,
    hub::{Hub, Records},
    metrics::Metrics,
    store::Store,
};
use nats::Nats;
use notice::Notice;
use sweep::Sweep;

/// The ways between this process and the others. Clones share them.
#[derive(Clone)]
pub(crate) struct Bus {
    /// What is to be told to others. What finds no place is not told.
    outbox: mpsc::Sender<(Id, Notice)>,
    /// Restaurants that are to be looked at in the database.
    looks: Looks,
    nats: Option<Nats>,
    metrics: Arc<Metrics>,
    /// They end with the last clone.
    _tasks: Arc<[AbortOnDropHandle<()>]>,
}

/// Where to say that a restaurant is to be looked at in the database, because something about it is news.
#[derive(Clone)]
pub(crate) struct Looks(mpsc::Sender<Id>);

/// A restaurant that this process hears of, as long as this is kept.
pub(crate) struct Attendance {
    _ear: Option<AbortOnDropHandle<()>>,
}

impl Bus {
    /// The way to the other processes that share `store`'s database; none where there can't be any. It comes about by
    /// itself, whether anybody is there to talk to yet or not.
    pub(crate) fn open(
        url: Option<&BusUrl>,
        database: &Database,
        store: &Store,
        hub: &Arc<Hub>,
        records: &Arc<Records>,
        sweep_interval: Duration,
    ) -> Option<Self> {
        let (Some(name), Database::Server(server)) = (store.shared_name(), database) else { return None };
        let metrics = Arc::clone(&hub.metrics);
        let (outbox, letters) = mpsc::channel(BUS_QUEUE);
        let (looks, asked) = mpsc::channel(LOOK_QUEUE);
        let looks = Looks(looks);
        let sweep = Sweep::new(store.clone(), Arc::clone(hub), Arc::clone(records), sweep_interval);
        let again = sweep.at_once();
        let (nats, bus) = match url {
            Some(BusUrl::Nats(url)) => {
                let (nats, bus) = Nats::open(url, name, Arc::clone(hub), looks.clone(), letters, again);
                (Some(nats), bus)
            }
            Some(BusUrl::Postgres(url)) => (None, listen(url, hub, &looks, letters, again)),
            None => (None, listen(server, hub, &looks, letters, again)),
        };
        let tasks = [tokio::spawn(sweep.run(asked)), bus].map(AbortOnDropHandle::new);
        Some(Self { outbox, looks, nats, metrics, _tasks: tasks.into() })
    }

    /// Tells the other processes what this one has committed.
    pub(crate) fn publish(&self, committed: &Committed) {
        let (restaurant, notice) = Notice::of(committed);
        if self.outbox.try_send((restaurant.clone(), notice)).is_err() {
            self.metrics.bus("dropped");
        }
    }

    /// Has a restaurant looked at in the database.
    pub(crate) fn look_at(&self, restaurant: &Id) {
        self.looks.at(restaurant);
    }

    /// Waits a moment for what is to be told to be on its way, for a process that is about to end.
    pub(crate) async fn finish(&self) {
        let told = async {
            // Every place is free when everything was taken.
            _ = self.outbox.reserve_many(BUS_QUEUE).await;
            if let Some(nats) = &self.nats {
                nats.flush().await;
            }
        };
        // What is not told by then, the others' sweep finds.
        _ = timeout(BUS_ATTEND_TIMEOUT, told).await;
    }

    /// Begins to hear what other processes tell of a restaurant. What they tell just now may be missed: the sweep finds it.
    pub(crate) async fn attend(&self, restaurant: &Id) -> Attendance {
        let ear = match &self.nats {
            Some(nats) => Some(nats.attend(restaurant).await),
            // Every process hears of every restaurant.
            None => None,
        };
        Attendance { _ear: ear }
    }
}

fn listen(
    server: &PostgresUrl,
    hub: &Arc<Hub>,
    looks: &Looks,
    letters: mpsc::Receiver<(Id, Notice)>,
    again: Arc<Notify>,
) -> JoinHandle<()> {
    tokio::spawn(notify::run(server.clone(), Arc::clone(hub), looks.clone(), letters, again))
}

impl Looks {
    /// Never waits: where too many are asked for, the next sweep finds the rest.
    pub(crate) fn at(&self, restaurant: &Id) {
        _ = self.0.try_send(restaurant.clone());
    }
}
