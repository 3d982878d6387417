//! `If-Match` on every write to a row that exists.

use serde_json::{Value, json};

use crate::common::{Answer, Http, RESTAURANT, TestServer, guest, table};

async fn write(http: &mut Http, method: &str, path: &str, if_match: &str, body: &Value) -> Answer {
    http.send(method, path, &[("content-type", "application/json"), ("if-match", if_match)], body.to_string()).await
}

#[tokio::test]
async fn a_write_meant_for_another_version_is_refused_with_the_row_as_it_is() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 4).await;
    let mut device = server.device().await;
    let restaurant = format!("/restaurants/{RESTAURANT}");
    let cases = [
        (guest("g"), "guest", json!({ "notes": "Aisle" })),
        (table("t"), "table", json!({ "notes": "Wobbles" })),
        (restaurant.clone(), "restaurant", json!({ "name": "Chez Ana" })),
    ];
    for (path, kind, body) in &cases {
        let row = http.get(path).await.ok()[kind].take();
        for method in ["PUT", "PATCH", "DELETE"].into_iter().filter(|method| *path != restaurant || *method != "PUT") {
            for stale in ["\"2\"", "\"2\", \"3\"", "W/\"1\"", "\"one\""] {
                let problem = write(&mut http, method, path, stale, body).await.problem(412, "precondition_failed");
                assert_eq!(problem["current"], row, "{method} {path}");
            }
        }
    }
    device.expect_silence().await;

    for (path, kind, body) in &cases {
        let answer = write(&mut http, "PATCH", path, "\"9\", \"1\"", body).await;
        let tag = answer.header("etag").expect("a tag").to_owned();
        assert_eq!((answer.ok()[kind]["version"].as_u64(), tag.as_str()), (Some(2), "\"2\""));
        write(&mut http, "PATCH", path, "*", body).await.ok();
    }
    for (path, ..) in &cases {
        write(&mut http, "DELETE", path, "\"2\"", &Value::Null).await.ok();
        write(&mut http, "DELETE", path, "*", &Value::Null).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn of_two_who_edit_the_same_version_one_learns_of_the_other() {
    let server = TestServer::start().await;
    let (mut a, mut b) = (server.http().await, server.http().await);
    a.add_guest("g", 2).await;
    let path = guest("g");
    let bodies = [json!({ "notes": "from a" }), json!({ "notes": "from b" })];
    let (first, second) = tokio::join!(
        write(&mut a, "PUT", &path, "\"1\"", &bodies[0]),
        write(&mut b, "PUT", &path, "\"1\"", &bodies[1])
    );
    let mut answers = [first, second];
    answers.sort_by_key(|answer| answer.status);
    let [won, lost] = answers;
    assert_eq!(lost.problem(412, "precondition_failed")["current"], won.ok()["guest"]);
}
