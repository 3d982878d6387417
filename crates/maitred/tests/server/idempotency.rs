//! `Idempotency-Key`: a request that is sent again after a lost answer is not done again.

use serde_json::{Value, json};

use crate::common::{Answer, Http, RESTAURANT, TestServer, guest, guests, table, tables};

const TRANSACTIONS: &str = "/transactions/atomic";

async fn send(http: &mut Http, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    http.send(method, path, &headers, body.to_string()).await
}

fn rivera() -> Value {
    json!({ "guestName": "Rivera", "partySize": 2 })
}

/// What a client can tell two answers apart by.
fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>, &str) {
    (answer.status.as_u16(), answer.header("etag"), answer.header("content-type"), &answer.text)
}

#[tokio::test]
async fn a_retry_of_any_write_is_given_the_very_same_answer_and_nothing_is_broadcast() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    http.post("/restaurants", json!({ "id": "closing" })).await.ok();
    let restaurant = format!("/restaurants/{RESTAURANT}");
    let operation = json!({ "op": "create_guest", "data": rivera() });
    let writes = [
        ("POST", "/restaurants", json!({ "id": "bistro" })),
        ("PATCH", &restaurant, json!({ "name": "Chez Ana" })),
        ("POST", &guests(), rivera()),
        ("PUT", &guest("g"), json!({ "table_id": "t" })),
        ("PATCH", &guest("g"), json!({ "notes": "Aisle" })),
        ("POST", &tables(), json!({ "tableNumber": "7", "capacity": 2 })),
        ("PUT", &table("t"), json!({ "status": "dirty" })),
        ("PATCH", &table("t"), json!({ "rotation": 0.1 })),
        ("POST", TRANSACTIONS, json!({ "restaurant_id": RESTAURANT, "operations": [operation] })),
        ("DELETE", &table("t"), json!(null)),
        ("DELETE", &guest("g"), json!(null)),
        ("DELETE", "/restaurants/closing", json!(null)),
    ];
    let mut answers = Vec::new();
    for (index, (method, path, body)) in writes.iter().enumerate() {
        let answer = send(&mut http, method, path, &format!("key {index}"), body).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        answers.push(answer);
    }
    let floor = http.get(&format!("{restaurant}/floor")).await.text;
    let mut device = server.device().await;
    for (index, ((method, path, body), first)) in writes.iter().zip(&answers).enumerate() {
        let again = send(&mut http, method, path, &format!("key {index}"), body).await;
        assert_eq!(told(&again), told(first), "{method} {path}");
    }
    device.expect_silence().await;
    assert_eq!(http.get(&format!("{restaurant}/floor")).await.text, floor);
}

#[tokio::test]
async fn a_key_that_came_with_another_request_is_refused() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_guest("h", 2).await;
    let said = json!({ "notes": "Aisle" });
    send(&mut http, "PUT", &guest("g"), "k", &said).await.ok();
    for (method, path, body) in [
        ("PUT", guest("g"), json!({ "notes": "Window" })),
        ("PUT", guest("g"), json!({})),
        ("PATCH", guest("g"), said.clone()),
        ("DELETE", guest("g"), json!(null)),
        ("PUT", guest("h"), said.clone()),
        ("POST", guests(), rivera()),
    ] {
        send(&mut http, method, &path, "k", &body).await.problem(422, "idempotency_key_reused");
    }
    send(&mut http, "PUT", &guest("g"), "K", &json!({ "notes": "Window" })).await.ok();
}

#[tokio::test]
async fn bodies_are_compared_as_json_values() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let first = http.send("POST", &guests(), &headers, r#"{"guestName":"Zoë","partySize":2,"tags":["a","b"]}"#).await;
    assert_eq!(first.status, 201);
    let other_letters = r#" { "tags" : ["a","\u0062"], "partySize" : 2, "guestName" : "Zo\u00eb" } "#;
    assert_eq!(http.send("POST", &guests(), &headers, other_letters).await.text, first.text);
    let other_order = r#"{"guestName":"Zoë","partySize":2,"tags":["b","a"]}"#;
    http.send("POST", &guests(), &headers, other_order).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    send(&mut http, "PUT", &guest("nobody"), "k", &json!({})).await.problem(404, "not_found");
    send(&mut http, "PUT", &guest("g"), "k", &json!({ "partySize": 0 })).await.problem(422, "invalid");
    send(&mut http, "PUT", &guest("g"), "k", &json!({ "table_id": "t" })).await.problem(422, "invalid");
    // The same request is judged anew: by now there is such a table.
    http.add_table("t", 2).await;
    send(&mut http, "PUT", &guest("g"), "k", &json!({ "table_id": "t" })).await.ok();
    send(&mut http, "PUT", &guest("g"), "k", &json!({})).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_key_belongs_to_one_restaurant() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "other" })).await.ok();
    let here = send(&mut http, "POST", &guests(), "k", &rivera()).await.ok();
    let there = send(&mut http, "POST", "/restaurants/other/guests", "k", &rivera()).await.ok();
    assert_ne!(here["guest"]["id"], there["guest"]["id"]);
    assert_eq!((&here["seq"], &there["seq"]), (&json!(1), &json!(1)));
}

/// As many answers, each to a request of its own connection, all asked for at once. A request is its method, its path and
/// its body.
async fn at_once(server: &TestServer, key: &'static str, requests: Vec<(&'static str, String, Value)>) -> Vec<Answer> {
    let mut connections = Vec::new();
    for request in requests {
        connections.push((server.http().await, request));
    }
    let requests = connections.into_iter().map(|(mut http, (method, path, body))| {
        tokio::spawn(async move { send(&mut http, method, &path, key, &body).await })
    });
    let mut answers = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        answers.push(request.await.expect("an answer"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn of_identical_requests_at_once_one_is_done_and_all_are_told_of_it_to_the_letter() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let mut device = server.device().await;
    let create = json!({ "op": "create_guest", "data": rivera() });
    let transaction = json!({ "restaurant_id": RESTAURANT, "operations": [create, create] });
    for (key, method, path, body, heard) in [
        ("create", "POST", guests(), rivera(), "guest_created"),
        ("transact", "POST", TRANSACTIONS.to_owned(), transaction, "atomic_transaction_complete"),
        ("change", "PATCH", guest("g"), json!({ "notes": "Aisle" }), "guest_updated"),
        ("delete", "DELETE", guest("g"), json!(null), "guest_deleted"),
    ] {
        for how_many in [2, 16] {
            http.add_guest("g", 2).await;
            device.expect("guest_created").await;
            let before = http.get(&guests()).await.ok();
            // Each number has a key of its own.
            let key = if how_many == 2 { key } else { key.to_uppercase().leak() };
            let answers = at_once(&server, key, vec![(method, path.clone(), body.clone()); how_many]).await;
            assert!(answers[0].status.is_success(), "{}", answers[0].text);
            for answer in &answers {
                assert_eq!(told(answer), told(&answers[0]), "{method} {path}");
            }
            let message = device.expect(heard).await;
            device.expect_silence().await;
            assert_eq!(message["seq"], before["seq"].as_u64().expect("a number") + 1);
            if method != "DELETE" {
                http.delete(&guest("g")).await.ok();
                device.expect("guest_deleted").await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_requests_with_one_key_at_once_one_is_done_and_the_others_are_refused() {
    let server = TestServer::start().await;
    let mut device = server.device().await;
    let bodies = (0..16).map(|number| json!({ "guestName": format!("Party {number}"), "partySize": 2 }));
    let requests: Vec<_> = bodies.map(|body| ("POST", guests(), body)).collect();
    let answers = at_once(&server, "k", requests.clone()).await;
    let winner = answers.iter().position(|answer| answer.status == 201).expect("one that is done");
    let winning = told(&answers[winner]);
    assert_eq!(told(&send(&mut server.http().await, "POST", &guests(), "k", &requests[winner].2).await), winning);
    assert_eq!(device.expect("guest_created").await["data"]["guestName"], requests[winner].2["guestName"]);
    device.expect_silence().await;
    for (number, answer) in answers.into_iter().enumerate() {
        if number != winner {
            answer.problem(422, "idempotency_key_reused");
        }
    }
}

#[tokio::test]
async fn a_retried_transaction_has_the_id_that_it_was_given_the_first_time() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let create = json!({ "op": "create_guest", "data": rivera() });
    let body = json!({ "restaurant_id": RESTAURANT, "operations": [create] });
    let first = send(&mut http, "POST", TRANSACTIONS, "k", &body).await.ok();
    assert!(first["transaction_id"].as_str().is_some_and(|id| id.starts_with("txn-")), "{first}");
    assert_eq!(send(&mut http, "POST", TRANSACTIONS, "k", &body).await.ok(), first);
    // The id alone is no key.
    let mut named = body;
    named["transaction_id"] = first["transaction_id"].clone();
    let other = http.post(TRANSACTIONS, named).await.ok();
    assert_eq!(other["transaction_id"], first["transaction_id"]);
    assert_ne!(other["results"][0]["entity_id"], first["results"][0]["entity_id"]);
}

#[tokio::test]
async fn a_retry_is_recognised_by_the_next_server() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let created = send(&mut http, "POST", &guests(), "create", &rivera()).await;
    let path = guest(created.json()["guest"]["id"].as_str().expect("an id"));
    let deleted = send(&mut http, "DELETE", &path, "delete", &json!(null)).await;
    drop(http);
    let server = server.restart().await;
    let mut http = server.http().await;
    assert_eq!(told(&send(&mut http, "POST", &guests(), "create", &rivera()).await), told(&created));
    assert_eq!(told(&send(&mut http, "DELETE", &path, "delete", &json!(null)).await), told(&deleted));
    assert_eq!(http.get(&guests()).await.ok(), json!({ "success": true, "guests": [], "next": null, "seq": 2 }));
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for key in ["", &"k".repeat(256), "caf\u{e9}"] {
        for (method, path) in [("POST", guests()), ("PATCH", format!("/restaurants/{RESTAURANT}"))] {
            let problem = send(&mut http, method, &path, key, &rivera()).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
        }
    }
    for key in ["k", &"k".repeat(255)] {
        let first = send(&mut http, "POST", &guests(), key, &rivera()).await;
        assert_eq!(send(&mut http, "POST", &guests(), key, &rivera()).await.text, first.text);
    }
}
