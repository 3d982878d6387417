//! `/restaurants/{id}/guests` and `/restaurants/{id}/guests/{guest_id}`.

use serde_json::json;

use super::take_times;
use crate::common::{TestServer, guest, guests, table};

#[tokio::test]
async fn a_new_guest_of_which_little_is_said_is_answered_with_every_key() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let answer = http.post(&guests(), json!({ "guestName": "Rivera", "partySize": 4 })).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let mut body = answer.ok();
    let row = body["guest"].take();
    assert_eq!(body, json!({ "success": true, "guest": null, "seq": 1 }));
    let id = row["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("guest-") && id.len() == "guest-".len() + 36, "{id}");
    assert_eq!(row["createdAt"], row["updatedAt"]);
    assert_eq!(row["createdAt"], row["checkInTime"]);
    assert_eq!(
        take_times(row, &["createdAt", "updatedAt", "checkInTime"]),
        json!({
            "id": id, "guestName": "Rivera", "partySize": 4, "status": "waiting", "table_id": null, "phone": null,
            "email": null, "notes": null, "tags": [], "source": null, "reservationTime": null, "notifiedTime": null,
            "seatedTime": null, "finishedTime": null, "quotedWaitMinutes": null, "version": 1,
        })
    );
}

#[tokio::test]
async fn what_is_said_of_a_guest_is_kept_and_can_be_read_again() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let said = json!({
        "id": "guest-123", "guestName": "Ana de la Cruz", "partySize": 7, "phone": "+34 600 000 000",
        "email": "ana@example.com", "notes": "By the window", "tags": ["vip", "birthday"], "source": "online",
        "reservationTime": "2025-08-16T20:00:00+02:00", "notifiedTime": "2025-08-16T07:21:27.177385Z",
        "quotedWaitMinutes": 25,
    });
    let created = http.post(&guests(), said.clone()).await.ok();
    let mut expected = said;
    expected["reservationTime"] = json!("2025-08-16T18:00:00.000000Z");
    for (key, value) in [("status", json!("confirmed")), ("table_id", json!(null)), ("checkInTime", json!(null))] {
        expected[key] = value;
    }
    for (key, value) in [("seatedTime", json!(null)), ("finishedTime", json!(null)), ("version", json!(1))] {
        expected[key] = value;
    }
    let row = created["guest"].clone();
    assert_eq!(take_times(row.clone(), &["createdAt", "updatedAt"]), expected);

    let read = http.get(&guest("guest-123")).await;
    assert_eq!((read.status.as_u16(), read.header("etag")), (200, Some("\"1\"")));
    assert_eq!(read.ok(), json!({ "success": true, "guest": row, "seq": 1 }));
}

#[tokio::test]
async fn put_and_patch_both_merge() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post(&guests(), json!({ "id": "g", "guestName": "Rivera", "partySize": 4, "notes": "Aisle" })).await.ok();
    for (method, size, version) in [("PUT", 5, 2), ("PATCH", 6, 3)] {
        let answer = http.json(method, &guest("g"), json!({ "partySize": size })).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some(format!("\"{version}\"").as_str())));
        let body = answer.ok();
        assert_eq!(body["seq"], version);
        let row = &body["guest"];
        assert_eq!(
            (&row["partySize"], &row["notes"], &row["version"]),
            (&json!(size), &json!("Aisle"), &json!(version))
        );
    }
    let cleared = http.patch(&guest("g"), json!({ "notes": null })).await.ok();
    assert_eq!(cleared["guest"]["notes"], json!(null));
}

#[tokio::test]
async fn a_device_may_put_a_whole_guest_back() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    let row = http.add_guest("g", 2).await;
    device.expect("guest_created").await;
    let body = http.put(&guest("g"), row.clone()).await.ok();
    assert_eq!(body, json!({ "success": true, "guest": row, "seq": 1 }));
    device.expect_silence().await;
}

#[tokio::test]
async fn a_write_that_changes_nothing_answers_with_the_head_and_is_not_broadcast() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let first = http.add_guest("g", 2).await;
    http.add_guest("h", 2).await;
    let mut device = server.device().await;
    let answer = http.put(&guest("g"), json!({ "status": "Waitlist" })).await;
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.ok(), json!({ "success": true, "guest": first, "seq": 2 }));
    device.expect_silence().await;
}

#[tokio::test]
async fn a_seating_answers_with_the_number_of_its_last_message() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    http.add_table("t", 4).await;
    http.add_guest("g", 4).await;
    let body = http.put(&guest("g"), json!({ "status": "seated", "table_id": "t" })).await.ok();
    assert_eq!((&body["seq"], &body["guest"]["table_id"]), (&json!(4), &json!("t")));
    device.expect("table_created").await;
    device.expect("guest_created").await;
    assert_eq!(device.expect("guest_updated").await["seq"], 3);
    assert_eq!(device.expect("table_updated").await["seq"], 4);
    assert_eq!(http.get(&table("t")).await.ok()["table"]["guest_id"], "g");
}

#[tokio::test]
async fn a_deleted_guest_is_answered_as_it_last_stood_and_is_gone() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let row = http.add_guest("g", 2).await;
    let answer = http.delete(&guest("g")).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("\"1\"")));
    assert_eq!(answer.ok(), json!({ "success": true, "guest": row, "seq": 2 }));
    http.get(&guest("g")).await.problem(404, "not_found");
    http.delete(&guest("g")).await.problem(404, "not_found");
    let again = http.add_guest("g", 3).await;
    assert_eq!(again["version"], 1);
}

#[tokio::test]
async fn the_names_that_real_devices_use_are_understood() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_table("t", 4).await;
    let said = json!({
        "id": "g", "first_name": "Ana", "last_name": "Cruz", "party_size": 3, "status": "Seated",
        "assignedTableId": "t", "phone_number": "600", "quoted_wait_minutes": 5,
        "reservation_time": "2025-08-16T18:00:00Z",
    });
    let row = http.post(&guests(), said).await.ok()["guest"].take();
    let expected = [
        ("guestName", json!("Ana Cruz")),
        ("partySize", json!(3)),
        ("status", json!("seated")),
        ("table_id", json!("t")),
        ("phone", json!("600")),
        ("quotedWaitMinutes", json!(5)),
        ("reservationTime", json!("2025-08-16T18:00:00.000000Z")),
    ];
    for (key, value) in expected {
        assert_eq!(row[key], value, "{key}");
    }
    for (said, status) in [("No Show", "no_show"), ("WAITING", "waiting"), ("Canceled", "cancelled")] {
        assert_eq!(http.put(&guest("g"), json!({ "status": said })).await.ok()["guest"]["status"], status);
    }
}

#[tokio::test]
async fn an_id_that_a_client_brings_is_kept() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for id in ["7", "guest:4.b_2-X", &"x".repeat(64)] {
        assert_eq!(http.add_guest(id, 2).await["id"], id);
        assert_eq!(http.get(&guest(id)).await.ok()["guest"]["id"], id);
    }
    let null = http.post(&guests(), json!({ "id": null, "guestName": "Rivera", "partySize": 1 })).await.ok();
    assert!(null["guest"]["id"].as_str().is_some_and(|id| id.starts_with("guest-")), "{null}");
}
