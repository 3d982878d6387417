//! Heads and frames that are larger than any could be meant.

use futures_util::future::join_all;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{House, last_words};
use crate::realtime::{RawPeer, TEXT, frame};

const PEERS: usize = 200;

/// What a peer may make the server hold: a head of 32 KiB, or a message of 64 KiB in the library's buffer and again in
/// what it has read of the message so far; each in a buffer that has grown by doubling.
const COST_KIB: u64 = PEERS as u64 * 2 * (64 + 64);

/// Sends this again and again, 2 MiB in all, unless it is cut off before.
async fn pour(stream: &mut TcpStream, piece: &[u8]) {
    for _ in 0..2 * 1024 * 1024 / piece.len() {
        if stream.write_all(piece).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_without_end_are_refused_before_they_are_held() {
    let mut house = House::open(&[]).await;
    let address = house.address;
    let line = format!("x: {}\r\n", "x".repeat(4_000));
    let peer = async |begin: &str, piece: &str| {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(begin.as_bytes()).await.expect("a server that reads");
        pour(&mut stream, piece.as_bytes()).await;
        last_words(stream).await
    };
    let abuse = join_all((0..PEERS).map(|index| match index % 3 {
        0 => peer("GET /healthz HTTP/1.1\r\nhost: localhost\r\n", &line),
        1 => peer("GET /realtime HTTP/1.1\r\nhost: localhost\r\nx: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        _ => peer("GET /", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    }));
    for said in house.beside("heads without end", COST_KIB, abuse).await {
        // Who sends on after it is cut off may lose the answer with the connection.
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 431 ") || said.starts_with("HTTP/1.1 414 "), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_announce_more_than_there_is_memory_are_refused_by_their_head() {
    let mut house = House::open(&[]).await;
    let address = house.address;
    let abuse = join_all((0..PEERS).map(async |index| {
        let restaurant = if index % 2 == 0 { "?restaurant_id=annex" } else { "" };
        let mut peer = RawPeer::upgrade(address, restaurant).await;
        if index % 2 == 0 {
            assert_eq!(peer.message().await["type"], "restaurant_connect");
        }
        let length = [1 << 20, 1 << 32, 1 << 62, u64::MAX][index % 4];
        let head = [&[0x80 | TEXT, 0x80 | 127][..], &length.to_be_bytes(), &[0; 4]].concat();
        peer.send(&head).await;
        let bye = peer.message().await;
        assert!(["too_large", "protocol_error"].contains(&bye["reason"].as_str().expect("a reason")), "{bye}");
        assert!([1002, 1009].contains(&peer.close_code().await));
    }));
    house.beside("frames of any size", COST_KIB, abuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_never_finished_are_held_to_the_limit_of_one() {
    let mut house = House::open(&[]).await;
    let address = house.address;
    let most = vec![b'x'; 64 * 1024];
    let abuse = join_all((0..PEERS).map(async |_| {
        let mut peer = RawPeer::upgrade(address, "?restaurant_id=annex").await;
        assert_eq!(peer.message().await["type"], "restaurant_connect");
        peer.send(&frame(TEXT, &most)).await;
        // Pieces of nothing, as many as one likes, and still not the end.
        let nothing = frame(0, b"").repeat(1_000);
        peer.send(&nothing).await;
        peer
    }));
    let peers = house.beside("messages without end", COST_KIB, abuse).await;
    for mut peer in peers {
        peer.send(&frame(0, b"x")).await;
        assert_eq!(peer.message().await["reason"], "too_large");
        assert_eq!(peer.close_code().await, 1009);
    }
}
