//! Bodies that never come to their end.

use futures_util::future::join_all;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{House, last_words};

const PEERS: usize = 200;

/// How much of its body each sends: nearly all that a body may be.
const SENT: usize = 250 * 1024;

/// Each body is held until its time is over, and its connection's buffers.
const COST_KIB: u64 = PEERS as u64 * 2 * 256;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_end_are_given_up_with_a_reason() {
    let mut house = House::open(&["--body-timeout", "1"]).await;
    let address = house.address;
    let abuse = join_all((0..PEERS).map(async |index| {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let announced = if index % 2 == 0 { "content-length: 262144" } else { "transfer-encoding: chunked" };
        let head = format!("POST /restaurants/bistro/guests HTTP/1.1\r\nhost: localhost\r\n{announced}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("a server that reads");
        let chunk = if index % 2 == 0 { String::new() } else { format!("{SENT:x}\r\n") };
        stream.write_all([chunk, " ".repeat(SENT)].concat().as_bytes()).await.expect("a server that reads");
        last_words(stream).await
    }));
    for answer in house.beside("bodies without end", COST_KIB, abuse).await {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        let body: Value = answer.split_once("\r\n\r\n").and_then(|(_, body)| body.parse().ok()).expect("JSON");
        assert_eq!(body["code"], "request_timeout");
    }
}
