//! Floods of pings from peers that do not read the pongs.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::House;
use crate::realtime::{PING, PONG, RawPeer, frame};

const PEERS: usize = 4;

/// Pings of each: their pongs, of 127 bytes each, would be 12 MB.
const PINGS: usize = 100_000;

/// What all of them together may cost: what the library holds of pongs, and buffers.
const COST_KIB: u64 = 2 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn pongs_that_are_not_read_are_not_kept_and_the_newest_ping_is_answered() {
    let mut house = House::open(&[]).await;
    let address = house.address;
    let abuse = join_all((0..PEERS).map(async |_| {
        let mut peer = RawPeer::upgrade(address, "?restaurant_id=annex").await;
        assert_eq!(peer.message().await["type"], "restaurant_connect");
        let pings = frame(0x80 | PING, &[b'x'; 125]).repeat(500);
        for _ in 0..PINGS / 500 {
            peer.send(&pings).await;
        }
        peer.send(&frame(0x80 | PING, b"the last")).await;
        peer
    }));
    let peers = house.beside("pings without end", COST_KIB, abuse).await;
    for mut peer in peers {
        let mut pongs = 0;
        loop {
            let (opcode, payload) = peer.frame().await.expect("a connection that stays");
            assert_eq!(opcode, PONG);
            pongs += 1;
            if payload == b"the last" {
                break;
            }
        }
        println!("{pongs} of {PINGS} pings were answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_asks_on_and_on_and_does_not_read_is_not_listened_to_until_it_does() {
    let mut house = House::open(&[]).await;
    let address = house.address;
    let asking = tokio::spawn(async move {
        let mut peer = RawPeer::upgrade(address, "?restaurant_id=annex").await;
        let questions = frame(0x81, br#"{"type":"ping"}"#).repeat(1_000);
        // Ends when the server no longer takes any, which is for ever.
        loop {
            peer.send(&questions).await;
        }
    });
    house.beside("questions without end", COST_KIB, sleep(Duration::from_secs(1))).await;
    assert!(!asking.is_finished(), "it is not cut off for as long as it may yet read");
    asking.abort();
}
