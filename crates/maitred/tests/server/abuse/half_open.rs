//! Connections that never come to the point.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{House, last_words};
use crate::common::PATIENCE;

/// Connections of each kind.
const EACH: usize = 300;

/// A connection that has not asked for anything yet: its task, and the buffer of 8 KiB that its head is read into.
const COST_KIB: u64 = 2 * EACH as u64 * 32;

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_drip_and_connections_that_say_nothing_are_closed_and_cost_little() {
    let mut house = House::open(&["--head-timeout", "1"]).await;
    let address = house.address;
    let mute = async || {
        let stream = TcpStream::connect(address).await.expect("a connection");
        last_words(stream).await
    };
    // Byte by byte, so that there is always a sign of life, and never an end.
    let drip = async || {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let head = "GET /realtime HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nx: ".bytes();
        let dripped = async {
            for byte in head.chain(std::iter::repeat(b'x')) {
                // Slowly, so that its time is over long before it is too long.
                sleep(Duration::from_millis(10)).await;
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
        };
        timeout(PATIENCE, dripped).await.expect("a server that does not wait for ever");
    };
    let abuse = async {
        let mutes = join_all((0..EACH).map(|_| mute()));
        let drips = join_all((0..EACH).map(|_| drip()));
        let (mutes, _) = tokio::join!(mutes, drips);
        mutes
    };
    let ends = house.beside("half-open connections", COST_KIB, abuse).await;
    assert!(ends.iter().all(|said| said.is_empty() || said.starts_with("HTTP/1.1 408 ")), "{:?}", ends.first());
}
