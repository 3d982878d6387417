//! Which failure is told when a request earns two: the one that the contract names first.

use serde_json::{Value, json};

use crate::common::{Answer, Http, RESTAURANT, TestServer, guest, guests, table};

const JSON: (&str, &str) = ("content-type", "application/json");
const TEXT: (&str, &str) = ("content-type", "text/plain");

fn too_large() -> String {
    "x".repeat(256 * 1024 + 1)
}

async fn put(http: &mut Http, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    http.send("PUT", path, &[&[JSON], headers].concat(), body.to_string()).await
}

#[tokio::test]
async fn what_is_wrong_with_the_route_comes_before_what_is_wrong_with_the_body() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.send("BREW", "/nowhere", &[TEXT], too_large()).await.problem(404, "not_found");
    http.send("PUT", "/restaurants", &[TEXT], too_large()).await.problem(405, "method_not_allowed");
    http.send("PUT", &guests(), &[TEXT], "{").await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_body_is_weighed_then_named_then_read() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.send("POST", &guests(), &[TEXT], too_large()).await.problem(413, "too_large");
    http.send("POST", &guests(), &[JSON], too_large()).await.problem(413, "too_large");
    http.send("POST", &guests(), &[TEXT], "{").await.problem(415, "unsupported_media_type");
    http.send("PUT", &guest("nobody"), &[JSON], "{").await.problem(400, "malformed_json");
    http.send("POST", "/restaurants/nowhere/guests", &[JSON], "{").await.problem(400, "malformed_json");
    http.send("POST", "/restaurants/nowhere/guests", &[TEXT], "{}").await.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn what_is_missing_comes_before_what_is_stale_or_wrong() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let wrong = json!({ "partySize": 0, "status": "hungry" });
    put(&mut http, &guest("nobody"), &[("if-match", "\"1\"")], wrong.clone()).await.problem(404, "not_found");
    put(&mut http, &table("none"), &[], json!({ "capacity": 0 })).await.problem(404, "not_found");
    for body in [wrong, json!([]), json!(null)] {
        let long = "k".repeat(256);
        for headers in [vec![], vec![("idempotency-key", long.as_str())], vec![("x-device-id", long.as_str())]] {
            put(&mut http, &guest("nobody"), &headers, body.clone()).await.problem(404, "not_found");
            put(&mut http, "/restaurants/nowhere/guests/g", &headers, body.clone()).await.problem(404, "not_found");
            let headers = [&[JSON], headers.as_slice()].concat();
            for path in ["/restaurants/nowhere/tables", "/transactions/atomic?restaurant_id=nowhere"] {
                http.send("POST", path, &headers, body.to_string()).await.problem(404, "not_found");
            }
            http.send("DELETE", &guest("nobody"), &headers, "").await.problem(404, "not_found");
        }
    }
    for query in ["guests?limit=0", "guests?status=hungry", "guests?after=x", "changes?since=x"] {
        http.get(&format!("/restaurants/nowhere/{query}")).await.problem(404, "not_found");
        http.get(&format!("/restaurants/{RESTAURANT}/{query}")).await.problem(422, "invalid");
    }
    let faulty = http.get(&format!("{}?limit=0&status=hungry&after=x", guests())).await.problem(422, "invalid");
    assert_eq!(faulty["errors"].as_array().map(Vec::len), Some(3), "{faulty}");
    // A reference in a body is a field like any other.
    http.add_guest("g", 2).await;
    put(&mut http, &guest("g"), &[], json!({ "table_id": "none" })).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_retry_is_recognised_before_it_is_found_stale_wrong_or_in_conflict() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    let conditional = [("idempotency-key", "k"), ("if-match", "\"1\"")];
    let first = put(&mut http, &guest("g"), &conditional, json!({ "notes": "x" })).await;
    let again = put(&mut http, &guest("g"), &conditional, json!({ "notes": "x" })).await;
    assert_eq!((again.status.as_u16(), again.text), (200, first.text), "though the guest is at version 2 by now");
    for body in [json!({ "notes": "y" }), json!({ "partySize": 0 }), json!({ "status": "finished" }), json!([])] {
        put(&mut http, &guest("g"), &conditional, body).await.problem(422, "idempotency_key_reused");
    }
    put(&mut http, &guest("nobody"), &conditional, json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_stale_comes_before_what_is_wrong_and_that_before_conflicts() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    let stale = ("if-match", "\"9\"");
    let long = "k".repeat(256);
    for headers in [vec![stale], vec![stale, ("idempotency-key", &long)], vec![stale, ("x-device-id", &long)]] {
        for body in [json!({ "partySize": 0 }), json!({ "status": "finished" }), json!([])] {
            put(&mut http, &guest("g"), &headers, body).await.problem(412, "precondition_failed");
        }
        let headers = [&[JSON], headers.as_slice()].concat();
        http.send("DELETE", &guest("g"), &headers, "").await.problem(412, "precondition_failed");
    }
    put(&mut http, &guest("g"), &[], json!({ "status": "finished", "partySize": 0 })).await.problem(422, "invalid");
    put(&mut http, &guest("g"), &[("x-device-id", &long)], json!({ "status": "finished" }))
        .await
        .problem(422, "invalid");
    let twice = json!({ "id": "g", "guestName": "", "partySize": 2 });
    http.post(&guests(), twice).await.problem(422, "invalid");
    http.post("/restaurants", json!({ "id": RESTAURANT, "timezone": "Mars" })).await.problem(422, "invalid");
}
