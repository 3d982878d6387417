//! HTTP and WebSocket for clients whose server may be gone at any byte: whatever breaks is no error, only no answer.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use socket2::SockRef;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::write::{Answered, Write};

/// The receive buffer of a device that is to fall behind soon, in bytes.
const SMALL_BUFFER_BYTES: u32 = 4 * 1024;

/// The segments that such a device takes, in bytes: a sender's system sets aside room for ten of what its peer takes.
const SMALL_SEGMENT_BYTES: u32 = 536;

/// Where a client may find a server: the next address where the last led to none, as behind a load balancer.
#[derive(Clone)]
pub(crate) struct Addresses {
    all: Arc<[SocketAddr]>,
    at: usize,
}

impl Addresses {
    /// All of them, beginning with one.
    pub(crate) fn new(all: &Arc<[SocketAddr]>, first: usize) -> Self {
        Self { all: Arc::clone(all), at: first % all.len() }
    }

    pub(crate) fn current(&self) -> SocketAddr {
        self.all[self.at]
    }

    pub(crate) fn move_on(&mut self) {
        self.at = (self.at + 1) % self.all.len();
    }

    fn are_several(&self) -> bool {
        self.all.len() > 1
    }
}

/// An HTTP connection, kept alive as long as it lives.
pub(crate) struct Line {
    addresses: Addresses,
    open: Option<Open>,
}

struct Open {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Line {
    pub(crate) fn new(addresses: Addresses) -> Self {
        Self { addresses, open: None }
    }

    /// Whether there is a server to send something to.
    pub(crate) async fn is_ready(&mut self) -> bool {
        if let Some(open) = &mut self.open
            && open.sender.ready().await.is_ok()
        {
            return true;
        }
        self.hang_up();
        self.open = Open::to(self.addresses.current()).await;
        if self.open.is_none() {
            self.addresses.move_on();
        }
        self.open.is_some()
    }

    /// Sends a write on a line that is ready. None where the answer did not come to its end.
    pub(crate) async fn send(&mut self, write: &Write) -> Option<Answered> {
        let body = if write.body.is_null() { Bytes::new() } else { write.body.to_string().into() };
        let request = Request::builder()
            .method(write.method)
            .uri(&write.path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("idempotency-key", &write.key)
            .header("x-device-id", &write.key);
        self.exchange(request.body(Full::new(body)).expect("a request")).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Option<Answered> {
        if !self.is_ready().await {
            return None;
        }
        let request = Request::get(path).header("host", "localhost").body(Full::default()).expect("a request");
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Option<Answered> {
        let answered = async {
            let response = self.open.as_mut()?.sender.send_request(request).await.ok()?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await.ok()?.to_bytes();
            Some(Answered { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
        };
        let answered = answered.await;
        let elsewhere = |answer: &Answered| answer.is_try_again() && self.addresses.are_several();
        if answered.as_ref().is_none_or(elsewhere) {
            self.move_on();
        }
        answered
    }

    /// Closes the connection at once, and asks elsewhere next.
    pub(crate) fn move_on(&mut self) {
        self.hang_up();
        self.addresses.move_on();
    }

    /// Closes the connection at once, whatever is under way.
    pub(crate) fn hang_up(&mut self) {
        self.open = None;
    }
}

impl Open {
    async fn to(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let connection = tokio::spawn(async move {
            // How a connection ends is seen by whoever waits for an answer on it.
            _ = connection.await;
        });
        Some(Self { sender, connection })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A device's socket.
pub(crate) struct Socket {
    inner: WebSocketStream<TcpStream>,
    /// Whether the server soon has to keep for it what it does not read.
    pub(crate) small_buffer: bool,
}

impl Socket {
    /// Opens a socket; `query` is empty or begins with `?`.
    pub(crate) async fn open(address: SocketAddr, query: &str, small_buffer: bool) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        if small_buffer {
            socket.set_recv_buffer_size(SMALL_BUFFER_BYTES).ok()?;
            SockRef::from(&socket).set_tcp_mss(SMALL_SEGMENT_BYTES).ok()?;
        }
        let stream = socket.connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (inner, _) = client_async(format!("ws://localhost/realtime{query}"), stream).await.ok()?;
        Some(Self { inner, small_buffer })
    }

    pub(crate) async fn say(&mut self, message: Value) -> Option<()> {
        self.inner.send(Message::text(message.to_string())).await.ok()
    }

    /// The next text; none once the connection is over. May be dropped while waiting without losing anything.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            match self.inner.next().await? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Closes as the protocol has it.
    pub(crate) async fn close(mut self) {
        _ = self.inner.close(None).await;
        while let Some(Ok(_)) = self.inner.next().await {}
    }
}
