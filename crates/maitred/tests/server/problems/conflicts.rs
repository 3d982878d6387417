//! 409: each with the row that stood in the way, as it is.

use serde_json::{Value, json};

use crate::common::{Http, TestServer, guest, guests, table, tables};

/// A request that conflicts changes nothing, says why by its code, and shows what stood in the way.
async fn refused(http: &mut Http, method: &str, path: &str, body: Value, code: &str, in_the_way: &str) {
    let kind = if in_the_way.contains("/guests/") { "guest" } else { "table" };
    let before = http.get(in_the_way).await.ok();
    let problem = http.json(method, path, body).await.problem(409, code);
    assert_eq!(problem["current"], before[kind], "{method} {path}");
    assert_eq!(problem.get("errors"), None);
    assert_eq!(http.get(in_the_way).await.ok(), before, "nothing changed, not even the head");
}

#[tokio::test]
async fn each_conflict_shows_the_row_that_stood_in_the_way() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let (g, h, t, u) = (&guest("g"), &guest("h"), &table("t"), &table("u"));
    http.add_guest("g", 4).await;
    http.add_guest("h", 2).await;
    http.add_table("t", 4).await;
    http.add_table("u", 2).await;
    http.put(g, json!({ "table_id": "t" })).await.ok();

    refused(&mut http, "PUT", h, json!({ "table_id": "t" }), "table_occupied", t).await;
    refused(&mut http, "PUT", t, json!({ "guest_id": "h" }), "table_occupied", t).await;
    refused(&mut http, "PATCH", g, json!({ "table_id": "u" }), "capacity_exceeded", u).await;
    for status in ["reserved", "out_of_service"] {
        refused(&mut http, "PUT", t, json!({ "status": status }), "table_in_use", t).await;
    }
    refused(&mut http, "DELETE", t, Value::Null, "table_in_use", t).await;
    refused(&mut http, "PUT", h, json!({ "status": "finished" }), "invalid_transition", h).await;
    refused(&mut http, "PATCH", u, json!({ "tableNumber": "t" }), "duplicate_table_number", t).await;
    let body = json!({ "tableNumber": "t", "capacity": 9 });
    refused(&mut http, "POST", &tables(), body, "duplicate_table_number", t).await;
    let body = json!({ "id": "g", "guestName": "Wu", "partySize": 1 });
    refused(&mut http, "POST", &guests(), body, "already_exists", g).await;
    let body = json!({ "id": "t", "tableNumber": "77", "capacity": 1 });
    refused(&mut http, "POST", &tables(), body, "already_exists", t).await;
    http.put(u, json!({ "status": "dirty" })).await.ok();
    refused(&mut http, "PUT", h, json!({ "table_id": "u" }), "table_unavailable", u).await;

    let restaurant = format!("/restaurants/{}", crate::common::RESTAURANT);
    let row = http.get(&restaurant).await.ok()["restaurant"].take();
    let problem = http.post("/restaurants", json!({ "id": crate::common::RESTAURANT })).await;
    assert_eq!(problem.problem(409, "already_exists")["current"], row);
}

#[tokio::test]
async fn a_conflict_of_versions_shows_the_row_as_it_is() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let row = http.add_guest("g", 2).await;
    let operation = json!({ "op": "update_guest", "id": "g", "data": { "notes": "x" }, "expected_version": 7 });
    let body = json!({ "restaurant_id": crate::common::RESTAURANT, "operations": [operation] });
    let problem = http.post("/transactions/atomic", body).await.problem(409, "version_conflict");
    assert_eq!((&problem["current"], &problem["operation"]), (&row, &json!(0)));
}
