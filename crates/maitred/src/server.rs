//! The server as a whole: opens the store, accepts connections, and in the end lets everyone finish.

use std::{future::Future, pin::pin, sync::Arc};

use floor::{Command, Id, Purpose, Rejection, RestaurantPatch};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde_json::Map;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use crate::{
    config::{ACCEPT_PAUSE, Config, DRAIN_TIMEOUT, HEADER_READ_TIMEOUT, Realtime, Retention},
    dispatch::{Caller, dispatch},
    edge::{Edge, router},
    feed::Feed,
    hub::{Hub, Records},
    purge::Purges,
    retention::forget_regularly,
    store::{Store, StoreError, WriteError},
};

/// A server whose store is open, and that listens to nobody yet.
pub struct Server {
    store: Store,
    hub: Arc<Hub>,
    realtime: Realtime,
    retention: Retention,
}

impl Server {
    /// Opens the store, and creates the configured restaurants that it lacks.
    ///
    /// # Errors
    /// If the database can't be opened or written.
    pub async fn open(config: Config) -> Result<Self, StoreError> {
        let hub = Arc::new(Hub::default());
        let store = Store::open(&config.database, Feed::new(Arc::clone(&hub)))?;
        for restaurant in config.restaurants {
            create_if_absent(&store, restaurant).await?;
        }
        Ok(Self { store, hub, realtime: config.realtime, retention: config.retention })
    }

    /// The store, for whoever writes from within the process.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Serves until `shutdown` completes, then lets requests under way finish, says good-bye to the devices and closes
    /// the database.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let farewell = CancellationToken::new();
        let sessions = TaskTracker::new();
        let records = Records::new(self.store.clone(), self.realtime.read_line, Arc::clone(&self.hub.metrics));
        let records = Arc::new(records);
        let purges = Purges::new(self.store.clone(), Arc::clone(&self.hub), Arc::clone(&records));
        let purges = Arc::new(purges);
        let edge = Edge {
            store: self.store.clone(),
            records,
            purges: Arc::clone(&purges),
            hub: Arc::clone(&self.hub),
            realtime: self.realtime,
            shutdown: farewell.clone(),
            sessions: sessions.clone(),
        };
        let forgetting = forget_regularly(self.store.clone(), purges, self.retention, Arc::clone(&self.hub.metrics));
        let forgetting = AbortOnDropHandle::new(tokio::spawn(forgetting));
        let (requests, finish) = (TaskTracker::new(), CancellationToken::new());
        accept(edge, listener, &requests, &finish, shutdown).await;
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
    }
}

/// Accepts connections until `shutdown` completes. Each is one of `requests`, until it ends or becomes a session; on
/// `finish` it ends with the request that is under way.
async fn accept(
    edge: Edge,
    listener: TcpListener,
    requests: &TaskTracker,
    finish: &CancellationToken,
    shutdown: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router(edge));
    let mut http = http1::Builder::new();
    // A client that hangs up once it has sent its request meant it; nor is one who only closed its sending side gone.
    http.half_close(true);
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Small messages must not wait for company (Nagle's algorithm).
        _ = stream.set_nodelay(true);
        let connection = http.serve_connection(TokioIo::new(stream), service.clone()).with_upgrades();
        let finish = finish.clone();
        requests.spawn(async move {
            let mut connection = pin!(connection);
            // A connection that fails has nobody left to tell.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = finish.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    _ = connection.await;
                }
            }
        });
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
