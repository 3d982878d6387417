//! `/restaurants` and `/restaurants/{id}`.

use serde_json::json;

use super::{ids, take_times};
use crate::common::{RESTAURANT, TestServer, guests};

#[tokio::test]
async fn a_restaurant_needs_no_more_than_an_id() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let answer = http.post("/restaurants", json!({ "id": "bistro" })).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (201, Some("\"1\"")));
    let mut body = answer.ok();
    let row = body["restaurant"].take();
    assert_eq!(body, json!({ "success": true, "restaurant": null, "seq": 0 }));
    assert_eq!(
        take_times(row.clone(), &["createdAt", "updatedAt"]),
        json!({
            "id": "bistro", "name": "bistro", "timezone": "UTC", "settings": { "dirtyAfterFinish": false }, "version": 1,
        })
    );
    let read = http.get("/restaurants/bistro").await;
    assert_eq!((read.status.as_u16(), read.header("etag")), (200, Some("\"1\"")));
    assert_eq!(read.ok(), json!({ "success": true, "restaurant": row, "seq": 0 }));
}

#[tokio::test]
async fn the_list_has_every_restaurant_by_id() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for id in ["z", "a"] {
        http.post("/restaurants", json!({ "id": id, "name": "Chez", "timezone": "europe/paris" })).await.ok();
    }
    let list = http.get("/restaurants").await.ok();
    assert_eq!(ids(&list["restaurants"]), ["a", RESTAURANT, "z"]);
    assert_eq!(list["restaurants"][0]["timezone"], "Europe/Paris", "a zone has one spelling");
    assert_eq!(list.as_object().map(serde_json::Map::len), Some(2), "{list}");
}

#[tokio::test]
async fn patch_merges_into_a_restaurant_and_its_settings_and_is_broadcast() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    let path = format!("/restaurants/{RESTAURANT}");
    let body = http.patch(&path, json!({ "settings": { "dirtyAfterFinish": true } })).await.ok();
    assert_eq!((&body["seq"], &body["restaurant"]["version"]), (&json!(1), &json!(2)));
    assert_eq!(device.expect("restaurant_updated").await["data"], body["restaurant"]);
    let body = http.patch(&path, json!({ "name": "Chez Ana", "settings": {} })).await.ok();
    let row = &body["restaurant"];
    assert_eq!((&row["name"], &row["timezone"]), (&json!("Chez Ana"), &json!("UTC")));
    assert_eq!(row["settings"], json!({ "dirtyAfterFinish": true }));
    let message = device.expect("restaurant_updated").await;
    assert_eq!((&message["seq"], &message["data"]), (&json!(2), row));
    let same = http.patch(&path, json!({ "name": "Chez Ana" })).await;
    assert_eq!(same.header("etag"), Some("\"3\""));
    assert_eq!(same.ok()["seq"], 2);
    device.expect_silence().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_restaurant_is_named_by_its_field() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for (body, field) in [
        (json!({}), "id"),
        (json!({ "id": null }), "id"),
        (json!({ "id": 7 }), "id"),
        (json!({ "id": "a/b" }), "id"),
        (json!({ "id": "b", "timezone": "Mars/Olympus" }), "timezone"),
        (json!({ "id": "b", "name": " " }), "name"),
        (json!({ "id": "b", "settings": { "dirtyAfterFinish": "yes" } }), "settings.dirtyAfterFinish"),
    ] {
        let problem = http.post("/restaurants", body.clone()).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{body}");
    }
    http.get("/restaurants/b").await.problem(404, "not_found");
}

#[tokio::test]
async fn delete_removes_everything_and_a_namesake_begins_a_new_life() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 4).await;
    let path = format!("/restaurants/{RESTAURANT}");
    let before = http.get(&format!("{path}/floor")).await.ok();
    let answer = http.delete(&path).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("\"1\"")));
    assert_eq!(answer.ok(), json!({ "success": true, "restaurant": before["restaurant"], "seq": 2 }));
    for below in ["", "/floor", "/changes", "/guests", "/guests/g", "/tables", "/tables/t"] {
        http.get(&format!("{path}{below}")).await.problem(404, "not_found");
    }
    http.delete(&path).await.problem(404, "not_found");

    http.post("/restaurants", json!({ "id": RESTAURANT })).await.ok();
    let after = http.get(&format!("{path}/floor")).await.ok();
    assert_eq!((&after["seq"], &after["guests"], &after["tables"]), (&json!(0), &json!([]), &json!([])));
    assert_ne!(after["epoch"], before["epoch"]);
    let changes = http.get(&format!("{path}/changes")).await.ok();
    assert_eq!((&changes["changes"], &changes["epoch"]), (&json!([]), &after["epoch"]));
    let first = http.post(&guests(), json!({ "id": "g", "guestName": "Rivera", "partySize": 2 })).await.ok();
    assert_eq!((&first["seq"], &first["guest"]["version"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn what_happens_in_one_restaurant_stays_there() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "other" })).await.ok();
    let mut device = server.device_in("other").await;
    http.add_guest("g", 2).await;
    http.get("/restaurants/other/guests/g").await.problem(404, "not_found");
    let other = http.post("/restaurants/other/guests", json!({ "id": "g", "guestName": "Wu", "partySize": 1 })).await;
    assert_eq!(other.ok()["seq"], 1, "the same id, and a count of its own");
    assert_eq!(device.expect("guest_created").await["data"]["guestName"], "Wu");
    http.delete("/restaurants/other").await.ok();
    assert_eq!(http.get(&guests()).await.ok()["guests"][0]["id"], "g");
}
