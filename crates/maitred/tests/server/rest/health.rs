//! `/healthz`, `/readyz`, `/metrics`, and HEAD wherever there is GET.

use serde_json::json;

use crate::common::{RESTAURANT, TestServer, await_metric, guest, guests, metric, table, tables};

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
async fn a_server_tells_what_it_has_counted() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let mut device = server.device().await;
    http.add_guest("g", 2).await;
    http.post(&guests(), json!({ "id": "g", "guestName": "Okafor", "partySize": 2 }))
        .await
        .problem(409, "already_exists");
    device.expect("guest_created").await;
    let answer = http.get("/metrics").await;
    assert!(answer.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("application/openmetrics-text")));
    assert!(answer.text.ends_with("# EOF\n"), "{}", answer.text);
    for (name, count) in [
        // The restaurant was the first.
        (r#"maitred_writes_total{outcome="done"}"#, 2),
        (r#"maitred_writes_total{outcome="refused"}"#, 1),
        ("maitred_commit_seconds_count", 3),
        ("maitred_messages_total", 1),
        ("maitred_devices", 1),
        (r#"maitred_session_reads_total{what="head"}"#, 1),
    ] {
        assert_eq!(metric(&mut http, name).await, count, "{name} in {}", answer.text);
    }
    drop(device);
    await_metric(&mut http, r#"maitred_sessions_ended_total{reason="gone"}"#, 1).await;
    assert_eq!(metric(&mut http, "maitred_devices").await, 0);
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
