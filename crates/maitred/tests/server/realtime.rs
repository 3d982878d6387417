//! The WebSocket, line by line of what the contract says of it.

mod gibberish;
mod joining;
mod keeping_alive;
mod long_absence;
mod never_reads;
mod resuming;
mod slow;
mod storm;

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::common::{Device, Http, PATIENCE, RESTAURANT, TestServer, guest};

/// A connection to a restaurant whose log has one message, the arrival of the guest `chatty`.
async fn chatty(server: &TestServer) -> Http {
    let mut http = server.http().await;
    http.add_guest("chatty", 2).await;
    http
}

/// A message for each number, which becomes the notes of `chatty`. Where `chatty` alone has been talked of, the numbers
/// from 2 on are the messages' own.
async fn chat(http: &mut Http, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        http.patch(&guest("chatty"), json!({ "notes": number.to_string() })).await.ok();
    }
}

/// The restaurant's floor, as it is.
async fn floor(http: &mut Http) -> Value {
    http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok()
}

impl Device {
    /// Opens a socket that names [`RESTAURANT`] and more in its URL, and returns the acknowledgement.
    async fn join(server: &TestServer, more: &str) -> (Self, Value) {
        let mut device = Self::connect(server.address, &format!("?restaurant_id={RESTAURANT}{more}")).await;
        let ack = device.expect("restaurant_connect").await;
        (device, ack)
    }

    /// The next messages have just these numbers.
    async fn expect_numbers(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            let message = self.next().await;
            assert_eq!(message["seq"], number, "{message}");
        }
    }
}

/// A device whose own buffer is small, so that the server soon has to keep for it what it does not read.
async fn device_with_a_small_buffer(address: SocketAddr, restaurant: &str) -> Device {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 * 1024).expect("a small buffer");
    let stream = socket.connect(address).await.expect("a connection");
    let mut device = Device::over(stream, &format!("?restaurant_id={restaurant}")).await;
    device.expect("restaurant_connect").await;
    device
}

/// Frames of RFC 6455, section 5.2.
pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A peer that speaks WebSocket by hand, and answers nothing by itself.
pub(crate) struct RawPeer {
    pub(crate) stream: TcpStream,
}

impl RawPeer {
    async fn join(address: SocketAddr) -> Self {
        Self::upgrade(address, &format!("?restaurant_id={RESTAURANT}")).await
    }

    /// Opens a socket as any device does.
    pub(crate) async fn upgrade(address: SocketAddr, query: &str) -> Self {
        let headers = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13";
        Self::open(address, query, headers, &[]).await
    }

    /// Opens a socket with these headers and the key of RFC 6455, section 1.3, and sends more in the same breath.
    pub(crate) async fn open(address: SocketAddr, query: &str, headers: &str, more: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
        let head = format!("GET /realtime{query} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n{key}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), more].concat()).await.expect("a server that reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("the head of an answer"));
        }
        let answer = String::from_utf8(answer).expect("text").to_lowercase();
        assert!(answer.starts_with("http/1.1 101 "), "{answer}");
        assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
        assert!(!answer.contains("sec-websocket-extensions"), "nothing is agreed to that is not done: {answer}");
        Self { stream }
    }

    /// The next frame, by opcode and payload; none once the server has closed the connection.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let read = async {
            let first = self.stream.read_u8().await.ok()?;
            let length = match self.stream.read_u8().await.ok()? {
                126 => self.stream.read_u16().await.ok()?.into(),
                127 => self.stream.read_u64().await.ok()?,
                length => length.into(),
            };
            let mut payload = vec![0; length as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            Some((first & 0x0F, payload))
        };
        timeout(PATIENCE, read).await.expect("a frame in time")
    }

    /// The next message, past the server's pings.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            match self.frame().await.expect("a message, but the connection is closed") {
                (TEXT, text) => return serde_json::from_slice(&text).expect("JSON"),
                (PING, _) => {}
                (opcode, payload) => panic!("opcode {opcode}: {payload:?}"),
            }
        }
    }

    /// The code of the close that comes next, after which the connection is closed.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let (opcode, payload) = self.frame().await.expect("a close, but the connection is closed");
        assert_eq!(opcode, CLOSE);
        u16::from_be_bytes([payload[0], payload[1]])
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("a server that reads");
    }
}

/// A frame from a client, masked by a key of zeros; `first` is the opcode, with 0x80 if the message ends here.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | 127];
    frame.extend((payload.len() as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}
