//! What the server is for: what one device does, the others hear, and nobody who can't be told holds anyone up.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Barrier};

use crate::common::{Answer, Device, Http, RESTAURANT, TestServer, guest, guests, table, tables};

/// A device as it stands in a restaurant: it writes over HTTP, and hears over its socket.
struct Pad {
    name: &'static str,
    http: Http,
    socket: Device,
}

impl Pad {
    async fn join(server: &TestServer, name: &'static str) -> Self {
        Self { name, http: server.http().await, socket: server.device().await }
    }

    async fn write(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json"), ("x-device-id", self.name)];
        self.http.send(method, path, &headers, body.to_string()).await
    }
}

/// What a message is about, in short: `guest_updated g status_change`.
fn gist(message: &Value) -> String {
    let text = |key: &str| message[key].as_str();
    let id = text("guest_id").or(text("table_id")).or(text("transaction_id"));
    [text("type"), id, text("action")].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn whatever_one_device_changes_the_others_hear_and_it_hears_its_own_echo() {
    let server = TestServer::start_with(|config| config.restaurants.push("elsewhere".parse().expect("an id"))).await;
    let (mut a, mut b) = (Pad::join(&server, "pad-a").await, Pad::join(&server, "pad-b").await);
    let mut elsewhere = server.device_in("elsewhere").await;
    let restaurant = format!("/restaurants/{RESTAURANT}");
    let transaction = json!({ "restaurant_id": RESTAURANT, "transaction_id": "txn", "operations": [
        { "op": "create_guest", "id": "h", "data": { "guestName": "Okafor", "partySize": 2, "table_id": "t" } },
        { "op": "update_table", "id": "u", "data": { "section": "terrace" } },
    ]});
    let evening: [(&str, &str, Value, &[&str]); 17] = [
        ("POST", &guests(), json!({ "id": "g", "guestName": "Rivera", "partySize": 4 }), &["guest_created g"]),
        ("PUT", &guest("g"), json!({ "status": "arrived" }), &["guest_updated g status_change"]),
        ("PATCH", &guest("g"), json!({ "notes": "by the window" }), &["guest_updated g update"]),
        ("POST", &tables(), json!({ "id": "t", "tableNumber": "1", "capacity": 4 }), &["table_created t"]),
        ("POST", &tables(), json!({ "id": "u", "tableNumber": "2", "capacity": 6 }), &["table_created u"]),
        ("PATCH", &table("t"), json!({ "section": "terrace" }), &["table_updated t update"]),
        ("PUT", &table("t"), json!({ "status": "dirty" }), &["table_updated t status_change"]),
        ("PATCH", &table("t"), json!({ "status": "available" }), &["table_updated t status_change"]),
        (
            "PUT",
            &guest("g"),
            json!({ "status": "seated", "table_id": "t" }),
            &["guest_updated g status_change", "table_updated t status_change"],
        ),
        (
            "PUT",
            &guest("g"),
            json!({ "table_id": "u" }),
            &["guest_updated g update", "table_updated t status_change", "table_updated u status_change"],
        ),
        ("PATCH", &restaurant, json!({ "name": "Chez Maître" }), &["restaurant_updated"]),
        ("POST", "/transactions/atomic", transaction, &["atomic_transaction_complete txn"]),
        (
            "PATCH",
            &table("u"),
            json!({ "status": "available" }),
            &["table_updated u status_change", "guest_updated g status_change"],
        ),
        ("PATCH", &table("u"), json!({ "guest_id": null, "section": null }), &["table_updated u update"]),
        ("DELETE", &guest("h"), Value::Null, &["guest_deleted h", "table_updated t status_change"]),
        ("DELETE", &table("u"), Value::Null, &["table_deleted u"]),
        ("DELETE", &guest("g"), Value::Null, &["guest_deleted g"]),
    ];
    let mut seq = 0;
    for (method, path, body, expected) in evening {
        let answer = a.write(method, path, body).await.ok();
        for expected in expected {
            let text = b.socket.next_text().await.expect("a message");
            assert_eq!(a.socket.next_text().await.as_ref(), Some(&text), "both hear the same, to the letter");
            let message: Value = text.parse().expect("JSON");
            seq += 1;
            assert_eq!(gist(&message), *expected, "{method} {path}");
            assert_eq!(message["seq"], seq, "{message}");
            assert_eq!(message["origin"], "pad-a");
            assert_eq!(message["restaurant_id"], RESTAURANT);
        }
        assert_eq!(answer["seq"], seq, "the answer names the last message of {method} {path}");
    }
    // It goes both ways, and a writer without a name has none.
    b.write("POST", &guests(), json!({ "id": "i", "guestName": "Nguyen", "partySize": 1 })).await.ok();
    assert_eq!(a.socket.expect("guest_created").await["origin"], "pad-b");
    b.socket.expect("guest_created").await;
    b.http.delete(&guest("i")).await.ok();
    assert_eq!(a.socket.expect("guest_deleted").await["origin"], Value::Null);
    b.socket.expect("guest_deleted").await;
    for device in [&mut a.socket, &mut b.socket, &mut elsewhere] {
        device.expect_silence().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_parties_for_one_table_one_sits_down_and_forty_nine_are_told_that_it_is_taken() {
    const PARTIES: usize = 50;
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_table("t", 8).await;
    let operations = (0..PARTIES).map(|party| {
        json!({ "op": "create_guest", "id": format!("g-{party}"), "data": { "guestName": "Party", "partySize": 2 } })
    });
    let transaction = json!({ "restaurant_id": RESTAURANT, "operations": operations.collect::<Vec<_>>() });
    http.post("/transactions/atomic", transaction).await.ok();
    let mut device = server.device().await;

    let ready = Arc::new(Barrier::new(PARTIES));
    let races = (0..PARTIES).map(|party| {
        let (address, ready) = (server.address, Arc::clone(&ready));
        tokio::spawn(async move {
            let mut http = Http::connect(address).await;
            ready.wait().await;
            http.put(&guest(&format!("g-{party}")), json!({ "table_id": "t", "status": "seated" })).await
        })
    });
    let answers: Vec<Answer> = join_all(races).await.into_iter().map(|answer| answer.expect("no panic")).collect();
    let (seated, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    let [seated] = <[Answer; 1]>::try_from(seated).expect("exactly one is seated");
    let winner = seated.ok()["guest"]["id"].clone();
    assert_eq!(refused.len(), PARTIES - 1);
    for answer in refused {
        let problem = answer.problem(409, "table_occupied");
        assert_eq!((&problem["current"]["id"], &problem["current"]["guest_id"]), (&json!("t"), &winner));
    }
    assert_eq!(device.expect("guest_updated").await["guest_id"], winner);
    assert_eq!(device.expect("table_updated").await["data"]["guest_id"], winner);
    device.expect_silence().await;
    let floor = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok();
    let seated = floor["guests"].as_array().expect("guests").iter().filter(|guest| guest["status"] == "seated");
    assert_eq!(seated.count(), 1);
}

#[tokio::test]
async fn a_write_is_answered_and_heard_though_every_other_socket_is_broken() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    // Some vanish with a reset, some hang up without a word, some are there and never read.
    for _ in 0..10 {
        let reset = server.device().await;
        reset.stream().set_zero_linger().expect("a socket that can be reset");
        drop(reset);
        drop(server.device().await);
    }
    let deaf: Vec<Device> = join_all((0..10).map(|_| server.device())).await;
    for party in 0..5 {
        http.add_guest(&format!("before-{party}"), 2).await;
    }
    let mut healthy = server.device().await;
    let reset = server.device().await;
    reset.stream().set_zero_linger().expect("a socket that can be reset");
    drop(reset);
    for party in 0..50 {
        http.add_guest(&format!("after-{party}"), 2).await;
        assert_eq!(healthy.expect("guest_created").await["guest_id"], format!("after-{party}"));
    }
    drop(deaf);
}

#[tokio::test]
async fn nothing_is_broadcast_for_what_is_refused_rolled_back_or_changes_nothing() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for id in ["g", "h"] {
        http.add_guest(id, 4).await;
    }
    http.add_table("t", 4).await;
    http.patch(&guest("g"), json!({ "table_id": "t" })).await.ok();
    let mut device = server.device().await;

    let transaction = |operations: Value| json!({ "restaurant_id": RESTAURANT, "operations": operations });
    http.post(&guests(), json!({ "guestName": "Nobody" })).await.problem(422, "invalid");
    http.put(&guest("nobody"), json!({ "status": "arrived" })).await.problem(404, "not_found");
    http.put(&guest("h"), json!({ "table_id": "t" })).await.problem(409, "table_occupied");
    http.put(&guest("h"), json!({ "status": "seated" })).await.problem(422, "table_required");
    http.delete(&table("t")).await.problem(409, "table_in_use");
    http.send("PUT", &guest("h"), &[("content-type", "application/json"), ("if-match", "\"9\"")], "{}")
        .await
        .problem(412, "precondition_failed");
    // All of it would do, but for the last operation.
    let mut operations: Vec<Value> = (0..100)
        .map(|party| json!({ "op": "create_guest", "data": { "guestName": format!("Party {party}"), "partySize": 2 } }))
        .collect();
    operations.push(json!({ "op": "update_guest", "id": "nobody", "data": {} }));
    let refused = http.post("/transactions/atomic", transaction(json!(operations))).await;
    assert_eq!(refused.problem(404, "not_found")["operation"], 100);
    let swap = json!([
        { "op": "update_guest", "id": "h", "data": { "status": "arrived" } },
        { "op": "update_guest", "id": "h", "data": { "table_id": "t" } },
    ]);
    http.post("/transactions/atomic", transaction(swap)).await.problem(409, "table_occupied");
    // And these say what is so already.
    http.put(&guest("g"), json!({ "status": "seated", "table_id": "t", "partySize": 4 })).await.ok();
    http.patch(&format!("/restaurants/{RESTAURANT}"), json!({ "name": RESTAURANT })).await.ok();
    http.post("/transactions/atomic", transaction(json!([]))).await.ok();
    device.expect_silence().await;
    http.put(&guest("h"), json!({ "status": "arrived" })).await.ok();
    let heard = device.expect("guest_updated").await;
    assert_eq!(heard["seq"], 6, "the refused ones have left no hole: {heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_hear_of_a_write_whose_writer_hung_up_before_its_answer() {
    let server = TestServer::start().await;
    let mut device = server.device().await;
    for party in 0..50 {
        let body = json!({ "id": format!("g-{party}"), "guestName": "Rivera", "partySize": 2 }).to_string();
        let head = format!("POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json", guests());
        let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("a server that reads");
        drop(stream);
        assert_eq!(device.expect("guest_created").await["guest_id"], format!("g-{party}"));
    }
}
