//! 404 and 405: what isn't there, and what can't be done to what is.

use serde_json::json;

use crate::common::{RESTAURANT, TestServer, guest, guests, table, tables};

#[tokio::test]
async fn a_route_that_does_not_exist_is_not_found_by_any_method() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let restaurant = format!("/restaurants/{RESTAURANT}");
    for path in [
        "/index.html",
        "/web",
        "/web/",
        "/web/version/",
        "/restaurants/",
        "/Restaurants",
        &format!("{restaurant}/"),
        &format!("{restaurant}/guests/"),
        &format!("{restaurant}/waiters"),
        &format!("{restaurant}/guests/g/status"),
        "/transactions",
        "/favicon.ico",
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            let problem = http.json(method, path, json!({})).await.problem(404, "not_found");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(path)), "{problem}");
        }
    }
}

#[tokio::test]
async fn a_method_that_a_route_lacks_is_told_which_it_has() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let restaurant = format!("/restaurants/{RESTAURANT}");
    for (path, allowed, refused) in [
        ("/restaurants".to_owned(), "GET HEAD POST", "PUT PATCH DELETE OPTIONS BREW"),
        (restaurant.clone(), "DELETE GET HEAD PATCH", "POST PUT"),
        (format!("{restaurant}/floor"), "GET HEAD", "POST PUT PATCH DELETE"),
        (format!("{restaurant}/changes"), "GET HEAD", "POST PUT PATCH DELETE"),
        (guests(), "GET HEAD POST", "PUT PATCH DELETE"),
        (guest("g"), "DELETE GET HEAD PATCH PUT", "POST"),
        (tables(), "GET HEAD POST", "PUT PATCH DELETE"),
        (table("t"), "DELETE GET HEAD PATCH PUT", "POST"),
        ("/transactions/atomic".to_owned(), "POST", "GET PUT PATCH DELETE"),
        ("/realtime".to_owned(), "GET HEAD", "POST PUT"),
        ("/".to_owned(), "GET HEAD", "POST PUT PATCH DELETE OPTIONS BREW"),
        ("/web/version/app/no-such-file.js".to_owned(), "GET HEAD", "POST PUT PATCH DELETE"),
        ("/healthz".to_owned(), "GET HEAD", "POST"),
        ("/readyz".to_owned(), "GET HEAD", "POST"),
    ] {
        for method in refused.split(' ') {
            let answer = http.json(method, &path, json!({})).await;
            let mut allow: Vec<&str> = answer.header("allow").unwrap_or_default().split(',').map(str::trim).collect();
            allow.sort_unstable();
            assert_eq!(allow.join(" "), allowed, "{method} {path}");
            answer.problem(405, "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn what_has_never_been_is_not_found_by_any_method() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    let body = json!({ "guestName": "Rivera", "partySize": 2, "tableNumber": "7", "capacity": 4, "name": "Chez" });
    for (method, path, named) in [
        ("GET", guest("nobody"), "nobody"),
        ("PUT", guest("nobody"), "nobody"),
        ("PATCH", guest("nobody"), "nobody"),
        ("DELETE", guest("nobody"), "nobody"),
        ("GET", table("none"), "none"),
        ("PUT", table("none"), "none"),
        ("PATCH", table("none"), "none"),
        ("DELETE", table("none"), "none"),
        // Guests and tables are different things, whatever their ids.
        ("GET", guest("t"), "t"),
        ("DELETE", table("g"), "g"),
        ("GET", "/restaurants/nowhere".to_owned(), "nowhere"),
        ("PATCH", "/restaurants/nowhere".to_owned(), "nowhere"),
        ("DELETE", "/restaurants/nowhere".to_owned(), "nowhere"),
        ("GET", "/restaurants/nowhere/floor".to_owned(), "nowhere"),
        ("GET", "/restaurants/nowhere/changes".to_owned(), "nowhere"),
        ("GET", "/restaurants/nowhere/guests".to_owned(), "nowhere"),
        ("POST", "/restaurants/nowhere/guests".to_owned(), "nowhere"),
        ("GET", "/restaurants/nowhere/guests/g".to_owned(), "nowhere"),
        ("PUT", "/restaurants/nowhere/guests/g".to_owned(), "nowhere"),
        ("DELETE", "/restaurants/nowhere/guests/g".to_owned(), "nowhere"),
        ("GET", "/restaurants/nowhere/tables".to_owned(), "nowhere"),
        ("POST", "/restaurants/nowhere/tables".to_owned(), "nowhere"),
        ("PATCH", "/restaurants/nowhere/tables/t".to_owned(), "nowhere"),
        ("POST", "/transactions/atomic?restaurant_id=nowhere".to_owned(), "nowhere"),
    ] {
        let problem = http.json(method, &path, body.clone()).await.problem(404, "not_found");
        let detail = problem["detail"].as_str().expect("words");
        assert!(detail.contains(&format!("{named:?}")), "{method} {path}: {detail}");
    }
}

#[tokio::test]
async fn what_cannot_be_an_id_is_not_found_either() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for id in [
        "a%2Fb",
        "..%2F..%2Fetc%2Fpasswd",
        "a%20b",
        "%20",
        "%00",
        "%FF%FE",
        "%C3%28",
        "%E2%80%AE",
        "%F0%9F%8D%95",
        "-g",
        ".",
        "g'--",
        "%",
        "%zz",
        &"x".repeat(65),
        &"x".repeat(10_000),
    ] {
        for path in [guest(id), table(id), format!("/restaurants/{id}"), format!("/restaurants/{id}/guests/g")] {
            for method in ["GET", "PUT", "DELETE"] {
                if method == "PUT" && path == format!("/restaurants/{id}") {
                    continue;
                }
                http.json(method, &path, json!({})).await.problem(404, "not_found");
            }
        }
    }
    assert_eq!(http.get(&guests()).await.ok()["guests"], json!([]));
}

#[tokio::test]
async fn realtime_without_a_websocket_says_what_belongs_there() {
    let server = TestServer::start().await;
    let answer = server.http().await.get("/realtime").await;
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    answer.problem(426, "upgrade_required");
}
