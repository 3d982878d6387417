//! The door: takes connections in or turns them away, and gives each a task of its own. It reads nothing before that, so
//! that no peer keeps another one waiting.

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc};

use axum::Router;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Duration, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{ACCEPT_PAUSE, Limits, MAX_HEAD_BYTES, REFUSAL_TIMEOUT, TOLD_REFUSALS},
    connection::Connection,
    edge::{Edge, router, too_many_connections},
    hub::Hub,
    metrics::Metrics,
    peer::{Connections, Peer, Place},
    tls::Tls,
};

/// What all connections need.
pub(super) struct Reception {
    http: http1::Builder,
    service: TowerToHyperService<Router>,
    tls: Option<Arc<Tls>>,
    limits: Arc<Limits>,
    /// How long a peer may take nothing of an answer.
    patience: Duration,
    connections: Option<Arc<Connections>>,
    /// What those are told who are one too many, and how many more may be told so now.
    refusal: Arc<[u8]>,
    told: Arc<Semaphore>,
    hub: Arc<Hub>,
}

impl Reception {
    /// At the door of `edge`; `connections` are counted where there is a limit to them.
    pub(super) fn new(edge: Edge, tls: Option<Arc<Tls>>, connections: Option<Arc<Connections>>) -> Arc<Self> {
        let (limits, hub, patience) =
            (Arc::clone(&edge.house.limits), Arc::clone(&edge.house.hub), edge.house.rhythm.send_timeout);
        let mut http = http1::Builder::new();
        // A client that hangs up once it has sent its request meant it; nor is one who only closed its sending side gone.
        http.half_close(true);
        http.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(MAX_HEAD_BYTES);
        let refusal = too_many_connections(&limits).into();
        let told = Arc::new(Semaphore::new(TOLD_REFUSALS));
        let service = TowerToHyperService::new(router(edge));
        Arc::new(Self { http, service, tls, limits, patience, connections, refusal, told, hub })
    }

    /// Accepts connections until `shutdown` completes. Each is one of `requests`, until it ends or becomes a session; on
    /// `finish` it ends with the request that is under way.
    pub(super) async fn accept(
        self: &Arc<Self>,
        listener: TcpListener,
        requests: &TaskTracker,
        finish: &CancellationToken,
        shutdown: impl Future<Output = ()>,
    ) {
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut shutdown => return,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let peer = Peer { address };
            let place = match self.connections.as_ref().map(|connections| connections.admit(peer)) {
                Some(None) => {
                    self.turn_away(stream, address);
                    continue;
                }
                Some(place) => place,
                None => None,
            };
            // Small messages must not wait for company (Nagle's algorithm).
            _ = stream.set_nodelay(true);
            requests.spawn(Arc::clone(self).attend(stream, peer, place, finish.clone()));
        }
    }

    /// Tells a connection that it is one too many, as long as that costs little.
    fn turn_away(&self, mut stream: TcpStream, address: SocketAddr) {
        self.metrics().refused_connections.inc();
        tracing::debug!(%address, "turned a connection away: its address has as many as it may have");
        // Where a handshake comes first, the word would cost more than the connection.
        if self.tls.is_some() {
            return;
        }
        let Ok(permit) = Arc::clone(&self.told).try_acquire_owned() else { return };
        let refusal = Arc::clone(&self.refusal);
        tokio::spawn(timeout(REFUSAL_TIMEOUT, async move {
            let _permit = permit;
            stream.write_all(&refusal).await.ok()?;
            stream.shutdown().await.ok()?;
            // A connection that is closed with bytes unread is reset, and its peer may never read why.
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await.ok()? > 0 {}
            Some(())
        }));
    }

    /// Serves a connection to its end.
    async fn attend(self: Arc<Self>, stream: TcpStream, peer: Peer, place: Option<Place>, finish: CancellationToken) {
        let connection = match &self.tls {
            None => Connection::plain(stream, place, self.patience),
            Some(tls) => {
                let handshake = Box::pin(timeout(self.limits.tls_timeout, tls.accept(stream)));
                let stream = tokio::select! {
                    stream = handshake => stream,
                    () = finish.cancelled() => return,
                };
                match stream {
                    Ok(Ok(stream)) => Connection::tls(stream, place, self.patience),
                    Ok(Err(error)) => return tracing::debug!(address = %peer.address, %error, "no TLS handshake"),
                    Err(_) => return tracing::debug!(address = %peer.address, "no TLS handshake in time"),
                }
            }
        };
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            self.service.call(request)
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(connection), service).with_upgrades());
        // A connection that fails has nobody left to tell.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = finish.cancelled() => {
                connection.as_mut().graceful_shutdown();
                _ = connection.await;
            }
        }
    }

    fn metrics(&self) -> &Metrics {
        &self.hub.metrics
    }
}
