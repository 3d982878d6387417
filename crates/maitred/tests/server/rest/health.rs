//! `/healthz`, `/readyz`, and HEAD wherever there is GET.

use serde_json::json;

use crate::common::{RESTAURANT, TestServer, guest, guests, table, tables};

#[tokio::test]
async fn a_server_says_that_it_lives_and_takes_requests() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    assert_eq!(http.get("/healthz").await.ok(), json!({ "success": true, "status": "alive" }));
    assert_eq!(http.get("/readyz").await.ok(), json!({ "success": true, "status": "ready" }));
}

#[tokio::test]
async fn a_server_whose_store_is_closed_is_alive_and_not_ready() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    server.store.close().await;
    http.get("/healthz").await.ok();
    let not_ready = http.get("/readyz").await;
    assert_eq!(not_ready.header("retry-after"), Some("1"));
    not_ready.problem(503, "shutting_down");
    let refused = http.post(&guests(), json!({ "guestName": "Rivera", "partySize": 2 })).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.problem(503, "shutting_down");
}

#[tokio::test]
async fn head_answers_as_get_does_but_for_the_body() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 4).await;
    let restaurant = format!("/restaurants/{RESTAURANT}");
    for path in [
        "/restaurants".to_owned(),
        restaurant.clone(),
        format!("{restaurant}/floor"),
        format!("{restaurant}/changes"),
        guests(),
        guest("g"),
        guest("nobody"),
        tables(),
        table("t"),
        "/healthz".to_owned(),
        "/readyz".to_owned(),
    ] {
        let (get, head) = (http.get(&path).await, http.send("HEAD", &path, &[], "").await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}
