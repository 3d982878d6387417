//! `GET /restaurants/{id}/floor`.

use serde_json::json;

use super::ids;
use crate::common::{RESTAURANT, TestServer, guest, guests, table};

fn floor() -> String {
    format!("/restaurants/{RESTAURANT}/floor")
}

#[tokio::test]
async fn the_floor_is_what_a_device_draws_without_those_whose_evening_is_over() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let mut present = Vec::new();
    for status in ["waiting", "finished", "confirmed", "cancelled", "arrived", "no_show", "running_late"] {
        let body = json!({ "id": status, "guestName": "Rivera", "partySize": 2, "status": status });
        let row = http.post(&guests(), body).await.ok()["guest"].take();
        if !["finished", "cancelled", "no_show"].contains(&status) {
            present.push(row);
        }
    }
    let tables = [http.add_table("2", 4).await, http.add_table("10", 4).await];
    let mut device = crate::common::Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}")).await;
    let joined = device.expect("restaurant_connect").await;
    let restaurant = http.get(&format!("/restaurants/{RESTAURANT}")).await.ok()["restaurant"].take();
    let expected = json!({
        "success": true, "restaurant": restaurant, "guests": present, "tables": tables, "seq": 9,
        "epoch": joined["epoch"],
    });
    assert_eq!(http.get(&floor()).await.ok(), expected);
    assert_eq!(joined["seq"], 9);
    http.put(&guest("finished"), json!({ "status": "waiting" })).await.ok();
    let restored = http.get(&floor()).await.ok();
    assert!(ids(&restored["guests"]).contains(&"finished"));
}

#[tokio::test]
async fn the_floor_is_of_one_moment_however_busy_the_house() {
    const TURNS: u64 = 100;
    let server = TestServer::start().await;
    let (mut writer, mut reader) = (server.http().await, server.http().await);
    writer.add_table("t", 4).await;
    writer.add_guest("g", 4).await;
    let writing = tokio::spawn(async move {
        for turn in 0..TURNS {
            // By turns from the guest's side and from the table's; both change, so that each turn has two messages.
            match turn % 2 {
                0 => writer.put(&guest("g"), json!({ "table_id": "t" })).await.ok(),
                _ => writer.put(&table("t"), json!({ "guest_id": null })).await.ok(),
            };
        }
    });
    let mut heads = Vec::new();
    while heads.last() != Some(&(2 + 2 * TURNS)) {
        let floor = reader.get(&floor()).await.ok();
        let (guest, table) = (&floor["guests"][0], &floor["tables"][0]);
        assert_eq!(guest["table_id"] == "t", table["guest_id"] == "g", "{floor}");
        assert_eq!(guest["version"], table["version"], "{floor}");
        let seq = floor["seq"].as_u64().expect("a number");
        assert_eq!(guest["version"].as_u64(), Some(seq / 2), "{floor}");
        heads.push(seq);
    }
    assert!(heads.is_sorted(), "time does not go back");
    writing.await.expect("every write succeeds");
}
