//! One story, told on every database: what a client is told does not depend on where the data is.

use maitred::config::Database;
use serde_json::{Value, json};

use crate::{
    common::{Http, RESTAURANT, TestServer, guest, guests, table, tables},
    engines::Postgres,
};

/// Times, minted ids and epochs differ from one telling to the next; all else must not.
fn without_chance(text: &str) -> String {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    blank(&mut value);
    value.to_string()
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if key.ends_with("At")
                    || key.ends_with("Time")
                    || ["timestamp", "statusSince", "epoch"].contains(&key.as_str())
                {
                    *value = json!(value.is_null());
                } else {
                    blank(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(blank),
        _ => {}
    }
}

/// An evening, as one device does it and another hears it.
async fn tell(server: &TestServer) -> Vec<String> {
    let (mut http, mut device) = (server.http().await, server.device().await);
    let mut told = Vec::new();
    let add = |id: &str| json!({ "id": id, "guestName": format!("Party of {id}"), "partySize": 2 });
    let seat = json!([
        { "op": "update_guest", "id": "h", "data": { "table_id": "t" } },
        { "op": "update_guest", "id": "g", "data": { "status": "finished" } },
    ]);
    let steps = [
        ("POST", guests(), add("g")),
        ("POST", guests(), add("h")),
        ("POST", guests(), add("g")),
        ("POST", tables(), json!({ "id": "t", "tableNumber": 10, "capacity": 2, "position": { "x": 0.1, "y": 0.7 } })),
        ("POST", tables(), json!({ "id": "u", "tableNumber": 2, "capacity": 2 })),
        ("POST", tables(), json!({ "id": "v", "tableNumber": 2, "capacity": 2 })),
        ("PUT", guest("g"), json!({ "table_id": "t" })),
        ("PUT", guest("h"), json!({ "table_id": "t" })),
        ("PUT", guest("g"), json!({ "status": "hungry" })),
        (
            "POST",
            "/transactions/atomic".to_owned(),
            json!({ "restaurant_id": RESTAURANT, "transaction_id": "x", "operations": seat }),
        ),
        ("PATCH", format!("/restaurants/{RESTAURANT}"), json!({ "settings": { "dirtyAfterFinish": true } })),
        ("PATCH", table("t"), json!({ "guest_id": null, "status": "available" })),
        ("DELETE", table("u"), json!(null)),
        ("DELETE", guest("g"), json!(null)),
        ("GET", format!("/restaurants/{RESTAURANT}/floor"), json!(null)),
        ("GET", format!("{}?status=finished&limit=1", guests()), json!(null)),
        ("GET", tables(), json!(null)),
        ("GET", format!("/restaurants/{RESTAURANT}/changes?since=3&limit=4"), json!(null)),
        ("GET", format!("/restaurants/{RESTAURANT}/changes?since=99"), json!(null)),
        ("POST", "/restaurants".to_owned(), json!({ "id": "bistro" })),
        ("GET", "/restaurants".to_owned(), json!(null)),
        ("DELETE", "/restaurants/bistro".to_owned(), json!(null)),
        ("GET", guest("nobody"), json!(null)),
    ];
    for (method, path, body) in steps {
        told.push(step(&mut http, method, &path, &body).await);
    }
    let head = http.get(&guests()).await.ok()["seq"].as_u64().expect("a number");
    for _ in 0..head {
        told.push(without_chance(&device.next_text().await.expect("a message")));
    }
    device.expect_silence().await;
    told
}

/// A request with a key and its retry, and what both were told.
async fn step(http: &mut Http, method: &str, path: &str, body: &Value) -> String {
    let key = format!("{method} {path} {}", body.to_string().len());
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let first = http.send(method, path, &headers, body.to_string()).await;
    if first.status.is_success() {
        assert_eq!(http.send(method, path, &headers, body.to_string()).await.text, first.text, "{method} {path}");
    }
    format!("{method} {path}: {} {:?} {}", first.status, first.header("etag"), without_chance(&first.text))
}

#[tokio::test]
async fn the_same_is_told_on_every_database() {
    let file = tell(&TestServer::start().await).await;
    let postgres = Postgres::shared().await.database().await.parse().expect("a URL");
    for database in [Database::Memory, postgres] {
        let other = tell(&TestServer::start_with(|config| config.database = database).await).await;
        assert_eq!(file.len(), other.len());
        for (file, other) in file.iter().zip(&other) {
            assert_eq!(file, other);
        }
    }
}
