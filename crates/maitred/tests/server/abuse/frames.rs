//! Frames that break RFC 6455, section 5, in pieces and whole.

use serde_json::{Value, json};

use super::House;
use crate::realtime::{CLOSE, PING, PONG, RawPeer, TEXT, frame};

/// The most memory that a few dozen peers of this kind may cost.
const COST_KIB: u64 = 4 * 1024;

const FINAL: u8 = 0x80;

async fn peer(house: &House) -> RawPeer {
    let mut peer = RawPeer::upgrade(house.address, "?restaurant_id=annex").await;
    assert_eq!(peer.message().await["type"], "restaurant_connect");
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_one_text_however_it_is_cut() {
    let mut house = House::open(&[]).await;
    let mut peer = peer(&house).await;
    // In the middle of a character, and with pings and pieces of nothing in between.
    let text = r#"{"type":"ping","note":"🍽"}"#.as_bytes();
    let abuse = async {
        for cut in 1..text.len() {
            let (begin, end) = text.split_at(cut);
            let pieces = [frame(TEXT, begin), frame(0, b""), frame(FINAL | PING, b"still there?"), frame(FINAL, end)];
            peer.send(&pieces.concat()).await;
            let (mut pongs, mut control) = (0, 0);
            while (pongs, control) != (1, 1) {
                match peer.frame().await.expect("an open connection") {
                    (TEXT, said) => {
                        let said: Value = serde_json::from_slice(&said).expect("JSON");
                        assert_eq!(said["type"], "pong", "cut at {cut}: {said}");
                        pongs += 1;
                    }
                    (PONG, echo) => {
                        assert_eq!(echo, b"still there?");
                        control += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    };
    house.beside("texts in pieces", COST_KIB, abuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_protocol_end_the_conversation_with_its_code() {
    let mut house = House::open(&[]).await;
    let cut_character = [frame(TEXT, b"\xf0\x9f"), frame(FINAL, b"")].concat();
    let wrong_later = [frame(TEXT, b"{"), frame(0, b"\x80"), frame(FINAL, b"}")].concat();
    let surrogate = frame(FINAL | TEXT, b"\xed\xa0\x80");
    let nothing_to_continue = frame(FINAL, b"{}");
    let text_in_a_text = [frame(TEXT, b"{"), frame(FINAL | TEXT, b"{}")].concat();
    let ping_in_pieces = frame(PING, b"");
    let long_ping = frame(FINAL | PING, &[0; 126]);
    let half_a_close_code = frame(FINAL | CLOSE, b"\x03");
    let reserved_bit = frame(FINAL | 0x40 | TEXT, b"{}");
    for (what, bytes) in [
        ("a cut character", cut_character),
        ("what is no UTF-8 in a later piece", wrong_later),
        ("a surrogate", surrogate),
        ("an end without a beginning", nothing_to_continue),
        ("a text within a text", text_in_a_text),
        ("a ping in pieces", ping_in_pieces),
        ("a ping over 125 bytes", long_ping),
        ("half a close code", half_a_close_code),
        ("a reserved bit", reserved_bit),
    ] {
        let mut peer = peer(&house).await;
        let abuse = async {
            peer.send(&bytes).await;
            let bye = peer.message().await;
            assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("protocol_error")), "{what}");
            assert_eq!(peer.close_code().await, 1002, "{what}");
        };
        house.beside(what, COST_KIB, abuse).await;
    }
}
