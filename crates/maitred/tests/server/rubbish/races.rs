//! Several clients that want the same thing at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::{Answer, TestServer, guest, guests, table, tables};

/// Sends these requests at once, each over a connection of its own.
async fn at_once(server: &TestServer, requests: Vec<(&'static str, String, Value)>) -> Vec<Answer> {
    let mut connections = Vec::new();
    for _ in &requests {
        connections.push(server.http().await);
    }
    let exchanges = connections
        .into_iter()
        .zip(requests)
        .map(|(mut http, (method, path, body))| tokio::spawn(async move { http.json(method, &path, body).await }));
    let answers = join_all(exchanges.collect::<Vec<_>>()).await;
    answers.into_iter().map(|answer| answer.expect("an answer")).collect()
}

/// The one success among refusals that all show `current` as the winner's row.
#[track_caller]
fn one_of(answers: Vec<Answer>, status: u16, kind: &str, code: &str) -> Value {
    let (won, lost): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!(won.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>(), [status]);
    let row = won.into_iter().next().expect("one").ok()[kind].take();
    for answer in lost {
        assert_eq!(answer.problem(409, code)["current"], row);
    }
    row
}

#[tokio::test]
async fn of_two_who_create_the_same_id_one_is_told_that_it_exists() {
    let server = TestServer::start().await;
    let mut device = server.device().await;
    for (turn, clients) in [2, 16].into_iter().enumerate() {
        let id = format!("same-{turn}");
        let body = |index| json!({ "id": id, "guestName": format!("Party {index}"), "partySize": 2 });
        let answers = at_once(&server, (0..clients).map(|index| ("POST", guests(), body(index))).collect()).await;
        let row = one_of(answers, 201, "guest", "already_exists");
        assert_eq!(device.expect("guest_created").await["data"], row);
        let body = |index: usize| json!({ "id": id, "tableNumber": format!("{turn}-{index}"), "capacity": 2 });
        let answers = at_once(&server, (0..clients).map(|index| ("POST", tables(), body(index))).collect()).await;
        let row = one_of(answers, 201, "table", "already_exists");
        assert_eq!(device.expect("table_created").await["data"], row);
        let answers = at_once(&server, vec![("POST", "/restaurants".to_owned(), json!({ "id": id })); clients]).await;
        one_of(answers, 201, "restaurant", "already_exists");
    }
    device.expect_silence().await;
}

#[tokio::test]
async fn of_sixteen_who_want_one_table_one_gets_it() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_table("t", 4).await;
    for index in 0..16 {
        http.add_guest(&format!("g{index}"), 2).await;
    }
    let wish = |index| ("PUT", guest(&format!("g{index}")), json!({ "status": "seated", "table_id": "t" }));
    let answers = at_once(&server, (0..16).map(wish).collect()).await;
    let row = http.get(&table("t")).await.ok()["table"].take();
    let mut seated = Vec::new();
    for answer in answers {
        if answer.status == 200 {
            seated.push(answer.ok()["guest"]["id"].clone());
        } else {
            assert_eq!(answer.problem(409, "table_occupied")["current"], row);
        }
    }
    assert_eq!(seated, [row["guest_id"].clone()]);
    let list = http.get(&format!("{}?status=seated", guests())).await.ok();
    assert_eq!(list["guests"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_table_number_is_given_once() {
    let server = TestServer::start().await;
    let body = |index| json!({ "id": format!("t{index}"), "tableNumber": "7", "capacity": 2 });
    let answers = at_once(&server, (0..8).map(|index| ("POST", tables(), body(index))).collect()).await;
    one_of(answers, 201, "table", "duplicate_table_number");
}
