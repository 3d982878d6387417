//! The server as a whole: opens the store, accepts connections, and in the end lets everyone finish.

mod accept;

use std::{future::Future, sync::Arc};

use floor::{Command, Id, Purpose, Rejection, RestaurantPatch};
use serde_json::Map;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use crate::{
    access::Authoriser,
    bus::Bus,
    config::{Config, DRAIN_TIMEOUT, Limits, PAIRING_TRY_INTERVAL, Realtime, Retention},
    dispatch::{Caller, dispatch},
    edge::Edge,
    feed::Feed,
    hub::{House, Hub, Records},
    origin::AllowedOrigin,
    pace::Pace,
    peer::Connections,
    purge::Purges,
    retention::forget_regularly,
    store::{Store, StoreError, WriteError},
    tls::Tls,
};
use accept::Reception;

/// A server whose store is open, and that listens to nobody yet.
pub struct Server {
    store: Store,
    hub: Arc<Hub>,
    records: Arc<Records>,
    bus: Option<Bus>,
    access: Arc<Authoriser>,
    realtime: Realtime,
    retention: Retention,
    limits: Limits,
    at_home: bool,
    tls: Option<Arc<Tls>>,
    allow_origins: Arc<[AllowedOrigin]>,
}

impl Server {
    /// Opens the store, and creates the configured restaurants that it lacks.
    ///
    /// # Errors
    /// If the database can't be opened or written.
    pub async fn open(mut config: Config) -> Result<Self, StoreError> {
        let hub = Arc::new(Hub::default());
        let feed = Feed::new(Arc::clone(&hub));
        let store = Store::open(&config.database, feed.clone()).await?;
        let records = Arc::new(Records::new(store.clone(), config.realtime.read_line, Arc::clone(&hub.metrics)));
        let interval = config.realtime.sweep_interval;
        let bus = Bus::open(config.bus.as_ref(), &config.database, &store, &hub, &records, interval);
        bus.iter().for_each(|bus| feed.connect(bus.clone()));
        for restaurant in std::mem::take(&mut config.restaurants) {
            create_if_absent(&store, restaurant).await?;
        }
        let access = Arc::new(Authoriser::new(config.keys, store.clone(), Arc::clone(&hub)));
        let Config { realtime, retention, limits, at_home, tls, .. } = config;
        let allow_origins = config.allow_origins.into();
        Ok(Self { store, hub, records, bus, access, realtime, retention, limits, at_home, tls, allow_origins })
    }

    /// The store, for whoever writes from within the process.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who may come in, for whoever changes the keys.
    pub fn access(&self) -> &Arc<Authoriser> {
        &self.access
    }

    /// Serves until `shutdown` completes, then lets requests under way finish, says good-bye to the devices and closes
    /// the database.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (farewell, bus) = (CancellationToken::new(), self.bus.clone());
        let sessions = TaskTracker::new();
        let purges = Purges::new(self.store.clone(), Arc::clone(&self.hub), Arc::clone(&self.records));
        let purges = Arc::new(purges);
        let house = House {
            hub: Arc::clone(&self.hub),
            records: self.records,
            bus: self.bus,
            access: Arc::clone(&self.access),
            rhythm: self.realtime,
            limits: Arc::new(self.limits),
            shutdown: farewell.clone(),
        };
        let edge = Edge {
            store: self.store.clone(),
            house: Arc::new(house),
            purges: Arc::clone(&purges),
            tls: self.tls.is_some(),
            at_home: self.at_home,
            allow_origins: Arc::clone(&self.allow_origins),
            pace: (!self.at_home).then(|| Arc::new(Pace::of_writes(self.limits.device_writes))),
            guesses: Arc::new(Pace::new(PAIRING_TRY_INTERVAL, self.limits.pairing_tries)),
            sessions: sessions.clone(),
        };
        let forgetting = forget_regularly(self.store.clone(), purges, self.retention, Arc::clone(&self.hub.metrics));
        let forgetting = AbortOnDropHandle::new(tokio::spawn(forgetting));
        let (requests, finish) = (TaskTracker::new(), CancellationToken::new());
        let connections = (!self.at_home).then(|| Connections::new(self.limits.address_connections));
        let reception = Reception::new(edge, self.tls.clone(), connections);
        reception.accept(listener, &requests, &finish, shutdown).await;
        forgetting.abort();
        // It has nothing to finish: what it has begun, the writer does or leaves.
        _ = forgetting.await;
        requests.close();
        finish.cancel();
        if timeout(DRAIN_TIMEOUT, requests.wait()).await.is_err() {
            tracing::warn!(requests = requests.len(), "some requests took too long to finish and were cut off");
        }
        sessions.close();
        farewell.cancel();
        if timeout(DRAIN_TIMEOUT, sessions.wait()).await.is_err() {
            tracing::warn!(devices = sessions.len(), "some devices took too long to say good-bye to and were cut off");
        }
        self.store.close().await;
        if let Some(bus) = bus {
            bus.finish().await;
        }
    }
}

async fn create_if_absent(store: &Store, id: Id) -> Result<(), StoreError> {
    let patch = RestaurantPatch::read(&id, &Map::new(), Purpose::Create);
    match dispatch(store, id.as_str(), Command::CreateRestaurant(patch), Caller::of_the_house()).await {
        Ok(_) => Ok(()),
        Err(WriteError::Refused(refusal)) if matches!(refusal.rejection, Rejection::AlreadyExists { .. }) => Ok(()),
        Err(WriteError::Store(error)) => Err(error.at_start()),
        Err(WriteError::Refused(_) | WriteError::KeyReused | WriteError::Denied(_)) => {
            Err(StoreError::Bug("a restaurant of a valid id was refused".to_owned()))
        }
    }
}
