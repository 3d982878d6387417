//! Purges beside devices that come back and writers that go on: whoever asks after the answer is told nothing.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::{changes, purging};
use crate::{
    common::{Device, PATIENCE, RESTAURANT, TestServer, guest, guests},
    retention::numbers,
};

/// What tells who a guest of this number is.
fn secret(index: usize) -> String {
    format!("secret-{index:04}")
}

#[tokio::test]
async fn messages_at_hand_pages_and_floors_are_let_go_of() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for index in 0..200 {
        let body = json!({ "id": format!("g{index}"), "guestName": secret(index), "partySize": 2 });
        http.post(&guests(), body).await.ok();
    }
    // A room that has the newest messages, pages that others have read, and a floor.
    let _listener = server.device().await;
    let replay = async |since: &str, until: u64| {
        let query = format!("?restaurant_id={RESTAURANT}&since={since}");
        let mut device = Device::connect(server.address, &query).await;
        device.expect("restaurant_connect").await;
        let mut texts = Vec::new();
        loop {
            let text = device.next_text().await.expect("a message");
            let message: Value = serde_json::from_str(&text).expect("JSON");
            texts.push(text);
            if message["seq"] == until {
                return texts.concat();
            }
        }
    };
    for index in [3, 150, 199] {
        assert!(replay("0", 200).await.contains(&secret(index)));
        assert!(replay("-1", 200).await.contains(&secret(index)), "a floor");
    }
    http.patch(&guest("g3"), json!({ "partySize": 3 })).await.ok();
    let mut head = 201;
    for index in [3, 150, 199] {
        http.delete(&purging(&format!("g{index}"))).await.ok();
        head += 1;
        for since in ["0", "180", "200", "-1"] {
            assert!(!replay(since, head).await.contains(&secret(index)), "{index} since {since}");
        }
        let other = secret(index - 1);
        assert!(replay("0", head).await.contains(&other), "others are there");
    }
}

/// Comes back to the beginning again and again, and checks that nobody is told of who was forgotten before it came.
async fn come_back_again_and_again(
    server: Arc<TestServer>,
    forgotten: watch::Receiver<usize>,
    over: Arc<AtomicBool>,
) -> u64 {
    let mut replays = 0;
    while !over.load(Ordering::SeqCst) {
        let gone = *forgotten.borrow();
        let query = format!("?restaurant_id={RESTAURANT}&since=0");
        let mut device = Device::connect(server.address, &query).await;
        let head = device.expect("restaurant_connect").await["seq"].as_u64().expect("a number");
        for seq in 1..=head {
            let text = device.next_text().await.expect("a message");
            let message: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(message["seq"], seq, "no hole and no repeat");
            for index in 0..gone {
                assert!(!text.contains(&secret(index)), "{index} was forgotten before {gone}");
            }
        }
        replays += 1;
    }
    replays
}

#[tokio::test(flavor = "multi_thread")]
async fn purges_beside_writers_and_devices_that_come_back_are_true_from_their_answer_on() {
    const GUESTS: usize = 30;
    let server = Arc::new(TestServer::start().await);
    let mut http = server.http().await;
    for index in 0..GUESTS {
        let body = json!({ "id": format!("g{index}"), "guestName": secret(index), "partySize": 2 });
        http.post(&guests(), body).await.ok();
        http.patch(&guest(&format!("g{index}")), json!({ "notes": secret(index) })).await.ok();
    }
    let (forget, forgotten) = watch::channel(0);
    let over = Arc::new(AtomicBool::new(false));
    let devices: Vec<_> = (0..4)
        .map(|_| tokio::spawn(come_back_again_and_again(Arc::clone(&server), forgotten.clone(), Arc::clone(&over))))
        .collect();
    let mut live = server.device().await;
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let (server, over) = (Arc::clone(&server), Arc::clone(&over));
            tokio::spawn(async move {
                let mut http = server.http().await;
                let mut written = 0_u64;
                while !over.load(Ordering::SeqCst) && written < 300 {
                    http.add_guest(&format!("w{writer}-{written}"), 2).await;
                    written += 1;
                }
                written
            })
        })
        .collect();
    for index in 0..GUESTS {
        http.delete(&purging(&format!("g{index}"))).await.ok();
        forget.send_replace(index + 1);
    }
    over.store(true, Ordering::SeqCst);
    let replays: u64 = join_all(devices).await.into_iter().map(|device| device.expect("no complaint")).sum();
    assert!(replays >= 4, "{replays} replays");
    let mut written = 0;
    for writer in writers {
        written += writer.await.expect("no panic");
    }
    let head = 3 * GUESTS as u64 + written;
    let mut heard = BTreeSet::new();
    while heard.len() < (head - 2 * GUESTS as u64) as usize {
        heard.insert(live.next().await["seq"].as_u64().expect("a number"));
    }
    assert_eq!(heard, (2 * GUESTS as u64 + 1..=head).collect(), "a live device misses nothing");
    let mut page = http.get(&format!("/restaurants/{RESTAURANT}/changes")).await.ok();
    let mut last = 0;
    loop {
        for seq in numbers(&page) {
            assert_eq!(seq, last + 1);
            last = seq;
        }
        let Some(next) = page["next"].as_u64() else { break };
        page = http.get(&format!("/restaurants/{RESTAURANT}/changes?since={next}")).await.ok();
    }
    assert_eq!(last, head);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_are_purged_at_once_are_all_forgotten_by_the_time_they_are_answered() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for index in 0..40 {
        let body = json!({ "id": format!("g{index}"), "guestName": secret(index), "partySize": 2 });
        http.post(&guests(), body).await.ok();
    }
    let purges = (0..40).map(|index| {
        let address = server.address;
        async move {
            let mut http = crate::common::Http::connect(address).await;
            http.delete(&purging(&format!("g{index}"))).await.ok();
        }
    });
    timeout(PATIENCE, join_all(purges)).await.expect("in time");
    let text = json!(changes(&mut http).await).to_string();
    assert!(!text.contains("secret-"), "{text}");
}
