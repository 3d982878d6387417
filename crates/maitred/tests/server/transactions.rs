//! `POST /transactions/atomic`: all or nothing, one answer, one message.

use serde_json::{Value, json};

use crate::common::{RESTAURANT, TestServer, guest, guests, table};

const PATH: &str = "/transactions/atomic";

fn to(restaurant: &str) -> String {
    format!("{PATH}?restaurant_id={restaurant}")
}

#[tokio::test]
async fn the_general_form_does_its_operations_in_order_and_tells_them_in_one_message() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("old", 2).await;
    http.add_table("t", 2).await;
    let mut device = server.device().await;
    let body = json!({ "transaction_id": "evening-7", "restaurant_id": RESTAURANT, "operations": [
        { "op": "create_table", "id": "u", "data": { "tableNumber": "9", "capacity": 4 } },
        { "op": "create_guest", "id": "new", "data": { "guestName": "Wu", "partySize": 4 } },
        { "op": "update_guest", "id": "new", "data": { "table_id": "u" } },
        { "op": "update_table", "id": "t", "data": { "section": "Bar" }, "expected_version": 1 },
        { "op": "delete_guest", "id": "old" },
    ] });
    let headers = [("content-type", "application/json"), ("x-device-id", "host")];
    let answer = http.send("POST", PATH, &headers, body.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, None));
    let answer = answer.ok();
    let (new, u) =
        (http.get(&guest("new")).await.ok()["guest"].take(), http.get(&table("u")).await.ok()["table"].take());
    let t = http.get(&table("t")).await.ok()["table"].take();
    assert_eq!((&new["status"], &u["status"]), (&json!("seated"), &json!("occupied")));
    let result = |kind: &str, status: &str, row: &Value| json!({ "entity_type": kind, "entity_id": row["id"], "status": status, kind: row });
    let old = &answer["results"][4]["guest"];
    assert_eq!((&old["id"], &old["version"]), (&json!("old"), &json!(1)));
    let expected = json!({ "success": true, "transaction_id": "evening-7", "seq": 3, "results": [
        result("table", "created", &u),
        result("guest", "created", &new),
        result("guest", "updated", &new),
        result("table", "updated", &t),
        result("guest", "deleted", old),
    ] });
    assert_eq!(answer, expected, "each result is the row as it stands after the whole");

    let message = device.expect("atomic_transaction_complete").await;
    let expected = json!({
        "type": "atomic_transaction_complete", "restaurant_id": RESTAURANT, "transaction_id": "evening-7",
        "timestamp": new["createdAt"], "affected_entities": ["u", "new", "t", "old"], "seq": 3, "origin": "host",
        "changes": [
            { "type": "table_created", "table_id": "u", "data": u },
            { "type": "guest_created", "guest_id": "new", "data": new },
            { "type": "table_updated", "table_id": "t", "action": "update", "data": t },
            { "type": "guest_deleted", "guest_id": "old", "data": { "id": "old" } },
        ],
    });
    assert_eq!(message, expected);
    device.expect_silence().await;
}

#[tokio::test]
async fn the_form_with_lists_of_guests_and_tables_is_understood_guests_first() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    http.add_table("t", 2).await;
    device.expect("table_created").await;
    let body = json!({
        "transaction_id": "x",
        "tables": [
            { "id": "t", "operation": "update", "data": { "notes": "Wobbles" } },
            { "operation": "create", "data": { "id": "u", "number": 8, "capacity": 2 } },
        ],
        "guests": [{ "id": "g", "operation": "create", "data": { "name": "Rivera", "party_size": 2, "tableId": "t" } }],
    });
    let answer = http.post(&to(RESTAURANT), body).await.ok();
    let told: Vec<(&Value, &Value)> =
        answer["results"].as_array().expect("results").iter().map(|it| (&it["entity_id"], &it["status"])).collect();
    let expected =
        [("g", "created"), ("t", "updated"), ("u", "created")].map(|(id, status)| (json!(id), json!(status)));
    assert_eq!(told, expected.iter().map(|(id, status)| (id, status)).collect::<Vec<_>>());
    let message = device.expect("atomic_transaction_complete").await;
    assert_eq!(message["affected_entities"], json!(["g", "t", "u"]));
    device.expect_silence().await;
}

#[tokio::test]
async fn two_parties_swap_tables() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for (guest, table) in [("g", "t"), ("h", "u")] {
        http.add_table(table, 2).await;
        http.add_guest(guest, 2).await;
        http.put(&crate::common::guest(guest), json!({ "table_id": table })).await.ok();
    }
    let body = json!({ "operations": [
        { "op": "update_guest", "id": "g", "data": { "table_id": "u" } },
        { "op": "update_guest", "id": "h", "data": { "table_id": "t" } },
    ] });
    http.post(&to(RESTAURANT), body).await.ok();
    assert_eq!(http.get(&table("t")).await.ok()["table"]["guest_id"], "h");
    assert_eq!(http.get(&table("u")).await.ok()["table"]["guest_id"], "g");
}

#[tokio::test]
async fn the_restaurant_may_be_named_by_the_query_the_body_or_both_alike() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "other" })).await.ok();
    let create = json!([{ "op": "create_guest", "data": { "guestName": "Rivera", "partySize": 2 } }]);
    let named = |restaurant: Value| json!({ "restaurant_id": restaurant, "operations": create });
    for (seq, (path, body)) in [
        (to(RESTAURANT), json!({ "operations": create })),
        (PATH.to_owned(), named(json!(RESTAURANT))),
        (to(RESTAURANT), named(json!(RESTAURANT))),
        (to(RESTAURANT), named(json!(null))),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(http.post(&path, body).await.ok()["seq"], seq + 1, "{path}");
    }
    for (path, body) in [
        (PATH.to_owned(), json!({ "operations": create })),
        (PATH.to_owned(), named(json!(null))),
        (PATH.to_owned(), named(json!(7))),
        (to(RESTAURANT), named(json!("other"))),
        (to("other"), named(json!(RESTAURANT))),
        (to("nowhere"), named(json!(RESTAURANT))),
    ] {
        let problem = http.post(&path, body).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "restaurant_id", "{path}");
    }
    for path in [to("nowhere"), to("a%20b"), to("")] {
        http.post(&path, json!({ "operations": create })).await.problem(404, "not_found");
    }
    assert_eq!(http.get("/restaurants/other/floor").await.ok()["seq"], 0);
}

#[tokio::test]
async fn one_refusal_refuses_all_and_names_the_operation() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let row = http.add_guest("g", 2).await;
    http.add_guest("big", 6).await;
    http.add_table("t", 2).await;
    let mut device = server.device().await;
    let floor = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.text;
    let good = json!({ "op": "create_guest", "id": "new", "data": { "guestName": "Wu", "partySize": 1 } });
    for (bad, status, code) in [
        (json!({ "op": "update_guest", "id": "nobody", "data": {} }), 404, "not_found"),
        (json!({ "op": "delete_table", "id": "none" }), 404, "not_found"),
        (json!({ "op": "update_guest", "id": "g", "data": { "partySize": 0 } }), 422, "invalid"),
        (json!({ "op": "update_guest", "id": "g", "data": { "status": "seated" } }), 422, "table_required"),
        (json!({ "op": "befriend_guest", "id": "g" }), 422, "invalid"),
        (json!({ "id": "g" }), 422, "invalid"),
        (json!("delete everything"), 422, "invalid"),
        (json!({ "op": "update_guest", "data": {} }), 422, "invalid"),
        (json!({ "op": "update_guest", "id": "g", "data": [] }), 422, "invalid"),
        (json!({ "op": "update_guest", "id": "g", "expected_version": 0 }), 422, "invalid"),
        (json!({ "op": "update_guest", "id": "g", "expected_version": 9 }), 409, "version_conflict"),
        (
            json!({ "op": "create_guest", "id": "g", "data": { "guestName": "X", "partySize": 1 } }),
            409,
            "already_exists",
        ),
        (json!({ "op": "update_guest", "id": "g", "data": { "status": "finished" } }), 409, "invalid_transition"),
        (json!({ "op": "update_guest", "id": "big", "data": { "table_id": "t" } }), 409, "capacity_exceeded"),
        (json!({ "op": "create_table", "data": { "tableNumber": "t", "capacity": 1 } }), 409, "duplicate_table_number"),
    ] {
        let body = json!({ "operations": [good, good_table(), bad] });
        let problem = http.post(&to(RESTAURANT), body).await.problem(status, code);
        assert_eq!(problem["operation"], 2, "{problem}");
        assert_eq!(problem.get("current").is_some(), status == 409, "{problem}");
    }
    device.expect_silence().await;
    assert_eq!(http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.text, floor);
    assert_eq!(http.get(&guest("g")).await.ok()["guest"], row);
}

fn good_table() -> Value {
    json!({ "op": "update_table", "id": "t", "data": { "section": "Bar" } })
}

#[tokio::test]
async fn what_changes_nothing_is_answered_and_not_broadcast() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let row = http.add_guest("g", 2).await;
    let mut device = server.device().await;
    let empty = http.post(&to(RESTAURANT), json!({ "transaction_id": "none", "operations": [] })).await;
    assert_eq!(empty.status, 200);
    assert_eq!(empty.ok(), json!({ "success": true, "transaction_id": "none", "results": [], "seq": 1 }));
    http.post(&to(RESTAURANT), json!({ "guests": [], "tables": [] })).await.ok();
    let same = json!({ "operations": [{ "op": "update_guest", "id": "g", "data": { "partySize": 2 } }] });
    let answer = http.post(&to(RESTAURANT), same).await.ok();
    assert_eq!((&answer["results"][0]["guest"], &answer["seq"]), (&row, &json!(1)));
    let come_and_gone = json!({ "operations": [
        { "op": "create_guest", "id": "ghost", "data": { "guestName": "Wu", "partySize": 1 } },
        { "op": "delete_guest", "id": "ghost" },
    ] });
    assert_eq!(http.post(&to(RESTAURANT), come_and_gone).await.ok()["seq"], 1);
    device.expect_silence().await;
}

#[tokio::test]
async fn a_transaction_has_up_to_200_operations_and_a_list_of_them() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let create = json!({ "op": "create_guest", "data": { "guestName": "Rivera", "partySize": 2 } });
    for body in [
        json!({ "operations": vec![create.clone(); 201] }),
        json!({}),
        json!({ "operations": null }),
        json!({ "operations": { "op": "create_guest" } }),
        json!({ "operations": [], "guests": [] }),
    ] {
        let problem = http.post(&to(RESTAURANT), body).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "operations");
        assert_eq!(problem.get("operation"), None);
    }
    let answer = http.post(&to(RESTAURANT), json!({ "operations": vec![create; 200] })).await.ok();
    assert_eq!((answer["results"].as_array().map(Vec::len), &answer["seq"]), (Some(200), &json!(1)));
}

#[tokio::test]
async fn a_transaction_whose_message_no_phone_would_take_is_refused() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    // 200 guests with 1,000 characters of 4 bytes each, in two requests that each fit …
    let notes = "🍽".repeat(1_000);
    for half in 0..4 {
        let create = |index: usize| {
            json!({ "op": "create_guest", "id": format!("g{}", half * 50 + index),
                    "data": { "guestName": "Rivera", "partySize": 2, "notes": notes } })
        };
        let body = json!({ "operations": (0..50).map(create).collect::<Vec<_>>() });
        http.post(&to(RESTAURANT), body).await.ok();
    }
    let mut device = server.device().await;
    // … and a small request that touches them all, whose message would hold them all.
    let touch = |index: usize| json!({ "op": "update_guest", "id": format!("g{index}"), "data": { "partySize": 3 } });
    let body = json!({ "operations": (0..200).map(touch).collect::<Vec<_>>() });
    let problem = http.post(&to(RESTAURANT), body).await.problem(413, "too_large");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("split it up")), "{problem}");
    device.expect_silence().await;
    assert_eq!(http.get(&guest("g0")).await.ok()["guest"]["partySize"], 2);
    let body = json!({ "operations": (0..100).map(touch).collect::<Vec<_>>() });
    http.post(&to(RESTAURANT), body).await.ok();
    assert_eq!(device.expect("atomic_transaction_complete").await["changes"].as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn a_transaction_is_echoed_by_the_name_that_it_brings_or_is_given_one() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    let create = json!([{ "op": "create_guest", "data": { "guestName": "Rivera", "partySize": 2 } }]);
    for name in ["7b1c", "end of night 🍽", &"x".repeat(200)] {
        let answer = http.post(&to(RESTAURANT), json!({ "transaction_id": name, "operations": create })).await.ok();
        assert_eq!(answer["transaction_id"], name);
        assert_eq!(device.expect("atomic_transaction_complete").await["transaction_id"], name);
    }
    let answer = http.post(&to(RESTAURANT), json!({ "operations": create })).await.ok();
    assert!(answer["transaction_id"].as_str().is_some_and(|id| id.starts_with("txn-")), "{answer}");
    assert_eq!(device.expect("atomic_transaction_complete").await["transaction_id"], answer["transaction_id"]);
    for name in [json!(7), json!(" "), json!("x".repeat(201))] {
        let problem = http.post(&to(RESTAURANT), json!({ "transaction_id": name, "operations": create })).await;
        assert_eq!(problem.problem(422, "invalid")["errors"][0]["field"], "transaction_id");
    }
    assert_eq!(http.get(&guests()).await.ok()["guests"].as_array().map(Vec::len), Some(4));
}
