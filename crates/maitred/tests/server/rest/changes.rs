//! `GET /restaurants/{id}/changes`: the log.

use serde_json::{Value, json};

use crate::common::{Device, Http, RESTAURANT, TestServer, guest, guests, tables};

fn changes(query: &str) -> String {
    format!("/restaurants/{RESTAURANT}/changes{query}")
}

/// Something of everything, ten messages in all.
async fn evening(http: &mut Http) {
    let device = [("content-type", "application/json"), ("x-device-id", "host \"1\"")];
    let body = json!({ "id": "g", "guestName": "Zoë 🍽️ \u{5d0}\u{5d1}", "partySize": 4 });
    http.send("POST", &guests(), &device, body.to_string()).await.ok();
    http.add_table("t", 4).await;
    http.put(&guest("g"), json!({ "table_id": "t" })).await.ok();
    http.patch(&format!("/restaurants/{RESTAURANT}"), json!({ "name": "Chez Ana" })).await.ok();
    let operations = json!([{ "op": "update_guest", "id": "g", "data": { "status": "finished" } }]);
    http.post("/transactions/atomic", json!({ "restaurant_id": RESTAURANT, "operations": operations })).await.ok();
    http.delete(&guest("g")).await.ok();
    for number in 7..=9 {
        http.post(&tables(), json!({ "tableNumber": number, "capacity": 2 })).await.ok();
    }
}

async fn hear(device: &mut Device, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        texts.push(device.next_text().await.expect("a message"));
    }
    texts
}

#[tokio::test]
async fn the_log_holds_the_very_texts_that_the_devices_were_sent() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    evening(&mut http).await;
    let texts = hear(&mut device, 10).await;
    let answer = http.get(&changes("")).await;
    let epoch = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok()["epoch"].take();
    let expected =
        format!(r#"{{"success":true,"changes":[{}],"next":null,"seq":10,"epoch":{epoch}}}"#, texts.join(","));
    assert_eq!(answer.text, expected);
    let sequence: Vec<Value> =
        answer.ok()["changes"].as_array().expect("a list").iter().map(|m| m["seq"].clone()).collect();
    assert_eq!(sequence, (1..=10).map(Value::from).collect::<Vec<_>>());
    // A device that resumes is sent the same once more.
    let query = format!("?restaurant_id={RESTAURANT}&since=4&epoch={}", epoch.as_str().expect("a text"));
    let mut resumed = Device::connect(server.address, &query).await;
    resumed.expect("restaurant_connect").await;
    assert_eq!(hear(&mut resumed, 6).await, texts[4..]);
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    evening(&mut http).await;
    let (mut since, mut seen) = (json!(0), Vec::new());
    let mut pages = 0;
    while !since.is_null() {
        let mut page = http.get(&changes(&format!("?since={since}&limit=3"))).await.ok();
        seen.extend(page["changes"].as_array().expect("a list").iter().map(|message| message["seq"].as_u64()));
        assert_eq!(page["seq"], 10);
        since = page["next"].take();
        pages += 1;
    }
    assert_eq!((seen, pages), ((1..=10).map(Some).collect(), 4));
    let rest = http.get(&changes("?since=8")).await.ok();
    assert_eq!((rest["changes"].as_array().map(Vec::len), &rest["next"]), (Some(2), &Value::Null));
    let end = http.get(&changes("?since=10")).await.ok();
    assert_eq!((&end["changes"], &end["next"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn a_page_of_the_log_has_500_messages_unless_fewer_are_asked_for() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for size in (1..=99).cycle().take(501) {
        http.post(&guests(), json!({ "guestName": "Rivera", "partySize": size })).await.ok();
    }
    let page = http.get(&changes("")).await.ok();
    assert_eq!((page["changes"].as_array().map(Vec::len), &page["next"]), (Some(500), &json!(500)));
}

#[tokio::test]
async fn a_reader_ahead_of_the_log_is_told_to_begin_anew() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.get(&changes("?since=1")).await.problem(410, "log_pruned");
    evening(&mut http).await;
    for since in ["11", "9007199254740993", "18446744073709551615"] {
        http.get(&changes(&format!("?since={since}"))).await.problem(410, "log_pruned");
    }
    for (query, field) in [
        ("?since=-1", "since"),
        ("?since=x", "since"),
        ("?since=1.5", "since"),
        ("?since=18446744073709551616", "since"),
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
    ] {
        let problem = http.get(&changes(query)).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}
