//! `/audit`: who did what, newest first, as far back as the log reaches.

use floor::{Command, Expectation, Operation, Step};
use maitred::{
    access::Identity,
    config::{LOG_AGE, Retention},
    dispatch::{Caller, delete_for_good, dispatch, now},
    retention::prune,
};
use serde_json::{Value, json};

use crate::{
    common::{Http, RESTAURANT, TestServer, guest, guests},
    store::{adding, later},
};

fn audit(query: &str) -> String {
    format!("/restaurants/{RESTAURANT}/audit{query}")
}

/// The whole trail, page by page.
async fn trail(http: &mut Http, limit: u64) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut before = String::new();
    loop {
        let page = http.get(&audit(&format!("?limit={limit}{before}"))).await.ok();
        let list = page["entries"].as_array().expect("entries");
        assert!(list.len() as u64 <= limit);
        entries.extend(list.iter().cloned());
        let Some(next) = page["next"].as_u64() else { return entries };
        assert_eq!(list.last().expect("an entry before the next page")["seq"], next);
        before = format!("&before={next}");
    }
}

#[tokio::test]
async fn each_entry_says_who_did_what_where_and_when() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let headers = [("content-type", "application/json"), ("x-device-id", "host-stand")];
    let body = json!({ "id": "ada", "guestName": "Ada", "partySize": 2 });
    http.send("POST", &guests(), &headers, body.to_string()).await.ok();
    let caller = Caller::new(Identity::of_the_process());
    dispatch(&server.store, RESTAURANT, adding("bob"), caller).await.expect("a guest");

    let page = http.get(&audit("")).await.ok();
    let changes = http.get(&format!("/restaurants/{RESTAURANT}/changes")).await.ok();
    let entry = |index: usize, subject: Value, device: Value| {
        let change = &changes["changes"][index];
        json!({ "seq": change["seq"], "timestamp": change["timestamp"], "subject": subject, "device": device,
                "change": change })
    };
    let expected = json!({
        "success": true,
        "entries": [entry(1, json!("maitred"), Value::Null), entry(0, Value::Null, json!("host-stand"))],
        "next": null, "seq": 2, "epoch": changes["epoch"],
    });
    assert_eq!(page, expected);
}

#[tokio::test]
async fn the_trail_is_the_log_backwards_however_it_is_paged_and_whatever_is_written_meanwhile() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for index in 0..25 {
        http.add_guest(&format!("g{index}"), 2).await;
    }
    let whole: Vec<u64> = (1..=25).rev().collect();
    for limit in [1, 5, 24, 25, 26, 500] {
        let numbers: Vec<_> = trail(&mut http, limit).await.iter().map(|entry| entry["seq"].as_u64()).collect();
        assert_eq!(numbers, whole.iter().copied().map(Some).collect::<Vec<_>>(), "{limit} a page");
    }
    let first = http.get(&audit("?limit=10")).await.ok();
    http.add_guest("meanwhile", 2).await;
    let second = http.get(&audit(&format!("?limit=10&before={}", first["next"]))).await.ok();
    assert_eq!((&second["entries"][0]["seq"], &second["seq"]), (&json!(15), &json!(26)));
}

#[tokio::test]
async fn it_reaches_back_as_far_as_the_log_does() {
    let server = TestServer::start_with(|config| config.retention.interval = 1_000 * LOG_AGE).await;
    let mut http = server.http().await;
    for index in 0..10 {
        http.add_guest(&format!("g{index}"), 2).await;
    }
    prune(&server.store, &Retention { messages: 4, ..Retention::default() }, now(), &mut 0).await.expect("a round");
    let numbers: Vec<_> = trail(&mut http, 3).await.iter().map(|entry| entry["seq"].as_u64()).collect();
    assert_eq!(numbers, [10, 9, 8, 7].map(Some));
    prune(&server.store, &Retention::default(), later(now(), 2 * LOG_AGE), &mut 0).await.expect("a round");
    let nothing = http.get(&audit("")).await.ok();
    assert_eq!((&nothing["entries"], &nothing["next"], &nothing["seq"]), (&json!([]), &Value::Null, &json!(10)));
}

#[tokio::test]
async fn a_page_is_bounded_by_bytes_as_well() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    // Transactions of 170 guests with long notes: some 270 KiB each, so that twenty are over 4 MiB.
    for transaction in 0..20 {
        let create = |index: usize| {
            json!({ "op": "create_guest", "id": format!("g{transaction}-{index}"),
                    "data": { "guestName": "Ada", "partySize": 2, "notes": "n".repeat(1_100) } })
        };
        let operations: Vec<_> = (0..170).map(create).collect();
        let path = format!("/transactions/atomic?restaurant_id={RESTAURANT}");
        http.post(&path, json!({ "operations": operations })).await.ok();
    }
    let page = http.get(&audit("?limit=500")).await;
    assert!(page.text.len() < 5 * 1024 * 1024, "{} bytes", page.text.len());
    assert!(page.json()["next"].as_u64().is_some_and(|next| next > 1), "there is a next page");
    let numbers: Vec<_> = trail(&mut http, 500).await.iter().map(|entry| entry["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=20).rev().map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_wrong_question_is_told_after_a_missing_restaurant() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.get("/restaurants/nowhere/audit?limit=0").await.problem(404, "not_found");
    for (query, field) in
        [("?limit=0", "limit"), ("?limit=501", "limit"), ("?before=0", "before"), ("?before=x", "before")]
    {
        let problem = http.get(&audit(query)).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn what_was_done_to_a_guest_stays_on_the_trail_after_it_is_forgotten() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("ada", 2).await;
    http.delete(&format!("{}?purge=true", guest("ada"))).await.ok();
    let entries = trail(&mut http, 100).await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["change"]["type"], "guest_deleted");
    assert_eq!(entries[1]["change"]["data"]["guestName"], "(purged)");
    // Nor can one be deleted for good who is not there.
    let caller = Caller::new(Identity::of_the_process());
    let expects = Expectation::Any;
    let id: floor::Id = "ada".parse().expect("an id");
    delete_for_good(&server.store, RESTAURANT, id.clone(), expects.clone(), caller.clone()).await.expect_err("gone");
    let delete = Command::Write(Step { operation: Operation::DeleteGuest(id), expects });
    dispatch(&server.store, RESTAURANT, delete, caller).await.expect_err("gone");
    assert_eq!(trail(&mut http, 100).await.len(), 2, "what was refused leaves nothing");
}
