//! A real server on a real port, and clients that know only the public protocol.
#![allow(dead_code, reason = "each test or benchmark uses a part of it")]

use std::{env, fs, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::response;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use maitred::{
    access::{Authoriser, Identity, Permit, Right},
    config::{Config, Database},
    server::Server,
    store::Store,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// How long anything may take before a test gives up on it: far beyond what it takes, so that it only ever ends a test
/// that would hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The restaurant that every test server has.
pub(crate) const RESTAURANT: &str = "test-restaurant-1";

/// The permit of the house for [`RESTAURANT`].
pub(crate) fn permit() -> Permit {
    Identity::of_the_house().permit(Right::Own, RESTAURANT).expect("a permit")
}

/// A server of its own, on a port of its own, with a database file of its own.
///
/// With `MAITRED_TEST_POSTGRES=postgres://USER@HOST:PORT` in the environment, it has a new database of that server
/// instead: by hand, all tests can thus be run on PostgreSQL. Those fail that look into the file.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    /// The store itself, for what can't be seen from outside.
    pub(crate) store: Store,
    /// Who may come in.
    pub(crate) access: Arc<Authoriser>,
    pub(crate) database: PathBuf,
    shutdown: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    folder: TempDir,
}

impl TestServer {
    /// With one restaurant, [`RESTAURANT`].
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::start_in(folder, change).await
    }

    /// In a folder that may hold a database already.
    pub(crate) async fn start_in(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let database = folder.path().join("maitred.db");
        let mut config = Config::new(match env::var("MAITRED_TEST_POSTGRES") {
            Ok(server) => database_of(&folder, &server).await,
            Err(_) => Database::File(database.clone()),
        });
        config.restaurants.push(RESTAURANT.parse().expect("an id"));
        change(&mut config);
        let server = Server::open(config).await.expect("a server");
        let (store, access) = (server.store().clone(), Arc::clone(server.access()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (shutdown, told) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(listener, async { _ = told.await }));
        Self { address, store, access, database, shutdown: Some(shutdown), serving, folder }
    }

    /// Asks the server to go down; it is down when [`Self::stopped`] returns.
    pub(crate) fn stop(&mut self) {
        _ = self.shutdown.take().expect("stopped once").send(());
    }

    /// Waits until the server is down; its folder can be started in again.
    pub(crate) async fn stopped(mut self) -> TempDir {
        if self.shutdown.is_some() {
            self.stop();
        }
        timeout(PATIENCE, self.serving).await.expect("the server goes down").expect("without a panic");
        self.folder
    }

    /// The same database in a new server.
    pub(crate) async fn restart(self) -> Self {
        let folder = self.stopped().await;
        Self::start_in(folder, |_| {}).await
    }

    pub(crate) async fn http(&self) -> Http {
        Http::connect(self.address).await
    }

    /// A device that is in [`RESTAURANT`] and has been told so.
    pub(crate) async fn device(&self) -> Device {
        self.device_in(RESTAURANT).await
    }

    pub(crate) async fn device_in(&self, restaurant: &str) -> Device {
        let mut device = Device::connect(self.address, &format!("?restaurant_id={restaurant}")).await;
        device.expect("restaurant_connect").await;
        device
    }
}

/// One connection that is kept alive from request to request.
pub(crate) struct Http {
    sender: http1::SendRequest<Full<Bytes>>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body; null if it is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text);
        let body = self.json();
        assert_eq!(body["success"], true, "{}", self.text);
        body
    }

    /// The body of a problem, which is what RFC 9457 and the contract say it is.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.json()["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let body = self.json();
        assert_eq!(body["success"], false);
        assert_eq!(body["status"], status);
        for key in ["type", "title", "detail"] {
            assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {}", self.text);
        }
        body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self::over(stream).await
    }

    /// On a connection of any kind.
    pub(crate) async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self { sender }
    }

    /// Any request, with any body.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let (parts, bytes) = self.exchange(method, path, headers, body.into()).await;
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// The same for an answer that may be no text.
    pub(crate) async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> (response::Parts, Bytes) {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).expect("a method")).uri(path);
        request = request.header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).expect("a request");
        let exchange = async {
            self.sender.ready().await.expect("a connection that is still open");
            let response = self.sender.send_request(request).await.expect("an answer");
            let (parts, body) = response.into_parts();
            (parts, body.collect().await.expect("a whole answer").to_bytes())
        };
        timeout(PATIENCE, exchange).await.expect("an answer in time")
    }

    /// A JSON body.
    pub(crate) async fn json(&mut self, method: &str, path: &str, body: Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "").await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.json("POST", path, body).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Value) -> Answer {
        self.json("PUT", path, body).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.json("PATCH", path, body).await
    }

    /// A new party in [`RESTAURANT`]; returns the row.
    pub(crate) async fn add_guest(&mut self, id: &str, size: u16) -> Value {
        let body = json!({ "id": id, "guestName": format!("Party of {id}"), "partySize": size });
        self.post(&guests(), body).await.ok()["guest"].take()
    }

    /// A new table in [`RESTAURANT`]; returns the row.
    pub(crate) async fn add_table(&mut self, id: &str, capacity: u16) -> Value {
        let body = json!({ "id": id, "tableNumber": id, "capacity": capacity });
        self.post(&tables(), body).await.ok()["table"].take()
    }
}

/// What the server has counted under this name; 0 if nothing yet.
pub(crate) async fn metric(http: &mut Http, name: &str) -> u64 {
    let answer = http.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let value = answer.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().expect("a whole number"))
}

/// Waits until the server has counted so many.
pub(crate) async fn await_metric(http: &mut Http, name: &str, count: u64) {
    let counted = async {
        while metric(http, name).await < count {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, counted).await.unwrap_or_else(|_| panic!("{name} stays under {count}"));
}

/// What the server says to these very bytes until it closes, whether or not it hears them out.
pub(crate) async fn raw_text(address: SocketAddr, bytes: &[u8]) -> String {
    exchange(address, bytes).await.0
}

/// What the server says to these very bytes until the connection ends, by whatever means, with nothing more said to it.
pub(crate) async fn raw_text_until_closed(address: SocketAddr, bytes: &[u8]) -> String {
    let mut text = Vec::new();
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        stream.read_to_end(&mut text).await
    };
    // A server that is killed resets its connections.
    _ = timeout(PATIENCE, exchange).await.expect("an end in time");
    String::from_utf8_lossy(&text).into_owned()
}

async fn exchange(address: SocketAddr, bytes: &[u8]) -> (String, io::Result<()>) {
    let mut text = Vec::new();
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        stream.shutdown().await?;
        stream.read_to_end(&mut text).await.map(drop)
    };
    let result = timeout(PATIENCE, exchange).await.expect("an end in time");
    (String::from_utf8_lossy(&text).into_owned(), result)
}

/// The answer to these very bytes, which ask for the connection to be closed.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    let (text, result) = exchange(address, bytes).await;
    result.expect("a server that takes all that is sent before it closes");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| {
        (name.parse::<HeaderName>().expect("a name"), value.parse::<HeaderValue>().expect("a value"))
    });
    Answer { status, headers: headers.collect(), text: body.to_owned() }
}

/// `/restaurants/test-restaurant-1/guests`
pub(crate) fn guests() -> String {
    format!("/restaurants/{RESTAURANT}/guests")
}

/// `/restaurants/test-restaurant-1/guests/{id}`
pub(crate) fn guest(id: &str) -> String {
    format!("/restaurants/{RESTAURANT}/guests/{id}")
}

/// `/restaurants/test-restaurant-1/tables`
pub(crate) fn tables() -> String {
    format!("/restaurants/{RESTAURANT}/tables")
}

/// `/restaurants/test-restaurant-1/tables/{id}`
pub(crate) fn table(id: &str) -> String {
    format!("/restaurants/{RESTAURANT}/tables/{id}")
}

/// A device on `/realtime`.
pub(crate) struct Device {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Device {
    /// Opens a socket; `query` is empty or begins with `?`.
    pub(crate) async fn connect(address: SocketAddr, query: &str) -> Self {
        let url = format!("ws://{address}/realtime{query}");
        let (socket, _) = timeout(PATIENCE, connect_async(url)).await.expect("in time").expect("a socket");
        Self { socket }
    }

    /// The same with a token in the request's head.
    pub(crate) async fn connect_as(address: SocketAddr, query: &str, token: Option<&str>) -> Self {
        let mut request = format!("ws://{address}/realtime{query}").into_client_request().expect("a request");
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a header");
            request.headers_mut().insert("authorization", bearer);
        }
        let (socket, _) = timeout(PATIENCE, connect_async(request)).await.expect("in time").expect("a socket");
        Self { socket }
    }

    /// The same on a connection whose own settings matter.
    pub(crate) async fn over(stream: TcpStream, query: &str) -> Self {
        Self::over_any(MaybeTlsStream::Plain(stream), query).await
    }

    pub(crate) async fn over_any(stream: MaybeTlsStream<TcpStream>, query: &str) -> Self {
        let url = format!("ws://localhost/realtime{query}");
        let opened = client_async(url, stream);
        let (socket, _) = timeout(PATIENCE, opened).await.expect("in time").expect("a socket");
        Self { socket }
    }

    /// The connection itself.
    pub(crate) fn stream(&self) -> &TcpStream {
        match self.socket.get_ref() {
            MaybeTlsStream::Plain(stream) => stream,
            _ => unreachable!("a test that asks for it speaks plainly"),
        }
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("a socket that takes it");
    }

    /// The next text message; none once the server has closed.
    pub(crate) async fn next_text(&mut self) -> Option<String> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        let text = self.next_text().await.expect("a message, but the socket closed");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The next message, which is of this type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Nothing has been sent to this device that it has not read: a ping is answered first.
    pub(crate) async fn expect_silence(&mut self) {
        self.say(json!({ "type": "ping" })).await;
        self.expect("pong").await;
    }

    /// The `bye`, and the code of the close after it.
    pub(crate) async fn expect_bye(&mut self, reason: &str) -> u16 {
        let bye = self.expect("bye").await;
        assert_eq!(bye["reason"], reason, "{bye}");
        assert!(bye["retry_ms"].as_u64().is_some(), "{bye}");
        self.close_code().await.expect("a close with a code")
    }

    /// Waits for the server to close, and tells its code.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a close in time") {
                Some(Ok(Message::Close(frame))) => return frame.map(|CloseFrame { code, .. }| code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// The database of a PostgreSQL server that stands for a folder's file. Who starts again in that folder finds the same one.
async fn database_of(folder: &TempDir, server: &str) -> Database {
    let named = folder.path().join("database");
    let name = fs::read_to_string(&named).unwrap_or_default();
    if !name.is_empty() {
        return format!("{server}/{name}").parse().expect("a URL");
    }
    let name = format!("test_{:016x}", rand::random::<u64>());
    let (client, connection) =
        tokio_postgres::connect(&format!("{server}/postgres"), tokio_postgres::NoTls).await.expect("a server");
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
    fs::write(named, &name).expect("a file in our own folder");
    format!("{server}/{name}").parse().expect("a URL")
}
