//! `/restaurants/{id}/tables` and `/restaurants/{id}/tables/{table_id}`.

use serde_json::{Value, json};

use super::{ids, take_times};
use crate::common::{TestServer, guest, table, tables};

#[tokio::test]
async fn a_new_table_of_which_little_is_said_is_answered_with_every_key() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let answer = http.post(&tables(), json!({ "tableNumber": "12", "capacity": 4 })).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (201, Some("\"1\"")));
    let mut body = answer.ok();
    let row = body["table"].take();
    assert_eq!(body, json!({ "success": true, "table": null, "seq": 1 }));
    let id = row["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("table-") && id.len() == "table-".len() + 36, "{id}");
    assert_eq!(
        take_times(row, &["createdAt", "updatedAt", "statusSince"]),
        json!({
            "id": id, "tableNumber": "12", "capacity": 4, "status": "available", "guest_id": null, "section": null,
            "shape": null, "position": null, "rotation": null, "notes": null, "version": 1,
        })
    );
}

#[tokio::test]
async fn what_is_said_of_a_table_is_kept_and_can_be_read_again() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let said = json!({
        "id": "t", "tableNumber": "A1", "capacity": 6, "status": "reserved", "section": "Terrace", "shape": "round",
        "position": { "x": 0.25, "y": 1.0 }, "rotation": -45.5, "notes": "Wobbles",
    });
    let row = http.post(&tables(), said.clone()).await.ok()["table"].take();
    let mut expected = said;
    expected["guest_id"] = Value::Null;
    expected["version"] = json!(1);
    assert_eq!(take_times(row.clone(), &["createdAt", "updatedAt", "statusSince"]), expected);
    let read = http.get(&table("t")).await;
    assert_eq!((read.status.as_u16(), read.header("etag")), (200, Some("\"1\"")));
    assert_eq!(read.ok(), json!({ "success": true, "table": row, "seq": 1 }));
}

#[tokio::test]
async fn a_place_on_the_plan_never_drifts_however_often_it_is_read_and_written() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    // Places that a decoder which is not exact reads as a neighbouring number.
    let places: Vec<f64> = (1..=200_u32).map(|n| f64::from(n).sqrt().fract() / 3.0 + f64::EPSILON).collect();
    let mut row = http.add_table("t", 4).await;
    for (turn, pair) in places.windows(2).enumerate() {
        let said = json!({ "position": { "x": pair[0], "y": pair[1] }, "rotation": pair[0] * 360.0 });
        let answer = http.patch(&table("t"), said.clone()).await.ok();
        row = answer["table"].clone();
        for key in ["position", "rotation"] {
            assert_eq!(row[key].to_string(), said[key].to_string(), "turn {turn}");
        }
        // A change to something else reads the stored row and writes it again.
        row = http.patch(&table("t"), json!({ "notes": format!("turn {turn}") })).await.ok()["table"].take();
        for key in ["position", "rotation"] {
            assert_eq!(row[key].to_string(), said[key].to_string(), "turn {turn}");
        }
    }
    assert_eq!(http.put(&table("t"), row.clone()).await.ok()["table"], row, "put back whole, it is as it was");
}

#[tokio::test]
async fn put_and_patch_both_merge() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post(&tables(), json!({ "id": "t", "tableNumber": "1", "capacity": 4, "section": "Bar" })).await.ok();
    for (method, capacity, version) in [("PUT", 5, 2), ("PATCH", 6, 3)] {
        let answer = http.json(method, &table("t"), json!({ "capacity": capacity })).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some(format!("\"{version}\"").as_str())));
        let body = answer.ok();
        let row = &body["table"];
        assert_eq!((&row["capacity"], &row["section"]), (&json!(capacity), &json!("Bar")));
        assert_eq!((&row["version"], &body["seq"]), (&json!(version), &json!(version)));
    }
}

#[tokio::test]
async fn the_names_that_real_devices_use_are_understood() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    let row = http.post(&tables(), json!({ "id": "t", "number": 7, "capacity": 2 })).await.ok()["table"].take();
    assert_eq!(row["tableNumber"], "7");
    let row = http.put(&table("t"), json!({ "currentGuestId": "g" })).await.ok()["table"].take();
    assert_eq!((&row["status"], &row["guest_id"]), (&json!("occupied"), &json!("g")));
    assert_eq!(http.get(&guest("g")).await.ok()["guest"]["table_id"], "t");
    for (said, status) in [("Cleaning", "dirty"), ("outOfService", "out_of_service"), ("AVAILABLE", "available")] {
        assert_eq!(http.put(&table("t"), json!({ "status": said })).await.ok()["table"]["status"], status);
    }
    assert_eq!(http.get(&guest("g")).await.ok()["guest"]["status"], "finished");
}

#[tokio::test]
async fn a_deleted_table_is_answered_as_it_last_stood_and_is_gone() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let row = http.add_table("t", 4).await;
    let answer = http.delete(&table("t")).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("\"1\"")));
    assert_eq!(answer.ok(), json!({ "success": true, "table": row, "seq": 2 }));
    http.get(&table("t")).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_list_is_whole_and_in_the_order_of_the_numbers() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    assert_eq!(http.get(&tables()).await.ok(), json!({ "success": true, "tables": [], "seq": 0 }));
    // More than a page of anything else would hold.
    let numbers: Vec<usize> = (1..=150).rev().collect();
    let operations: Vec<Value> = numbers
        .iter()
        .map(|number| {
            let data = json!({ "tableNumber": number, "capacity": 4 });
            json!({ "op": "create_table", "id": format!("t{number}"), "data": data })
        })
        .collect();
    let body = json!({ "restaurant_id": crate::common::RESTAURANT, "operations": operations });
    http.post("/transactions/atomic", body).await.ok();
    let list = http.get(&tables()).await.ok();
    assert_eq!((list["seq"].as_u64(), list.as_object().map(serde_json::Map::len)), (Some(1), Some(3)));
    let expected: Vec<String> = (1..=150).map(|number| format!("t{number}")).collect();
    assert_eq!(ids(&list["tables"]), expected);
}
