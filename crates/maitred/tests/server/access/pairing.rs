//! Pairing a device: the code, the token, the list, the end.

use maitred::{access::Role, config::MAX_PAIRING_CODES};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{ask, devices, guarded_server, guarded_server_with, keys, paired, pairing_codes, token};
use crate::common::{RESTAURANT, TestServer, guests};

fn manager() -> String {
    token(Role::Manager, &[RESTAURANT], 600)
}

#[tokio::test]
async fn a_device_trades_a_code_for_a_token_that_outlives_the_server_and_is_kept_nowhere() {
    let server = guarded_server().await;
    let mut http = server.http().await;
    let (device, token) = paired(&mut http, &manager(), Role::Host).await;
    assert_eq!((&device["name"], &device["role"]), (&json!("Host stand"), &json!("host")));
    assert_eq!((&device["pairedBy"], &device["revokedAt"]), (&json!("a manager"), &json!(null)));
    let guest = json!({ "guestName": "Rivera", "partySize": 2 });
    ask(&mut http, Some(&token), "POST", &guests(), &guest).await.ok();
    let folder = server.stopped().await;
    let bytes = std::fs::read(folder.path().join("maitred.db")).expect("a file");
    let secret = token.strip_prefix("mtd_").expect("its sign").as_bytes();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret), "the token is in the file");
    let server = TestServer::start_in(folder, |config| config.keys = keys(&[super::SECRET])).await;
    ask(&mut server.http().await, Some(&token), "GET", &guests(), &json!(null)).await.ok();
}

#[tokio::test]
async fn a_code_is_good_once_for_ten_minutes_and_for_its_restaurant() {
    let server = guarded_server_with(|config| config.restaurants.push("elsewhere".parse().expect("an id"))).await;
    let mut http = server.http().await;
    let code = ask(&mut http, Some(&manager()), "POST", &pairing_codes(), &json!({})).await.ok()["pairing_code"].take();
    let digits = code["code"].as_str().expect("a code");
    assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
    assert_eq!(code["role"], "host");
    // As people type it.
    let trade = json!({ "code": format!("{} {}", &digits[..3], &digits[3..]), "name": "Door" });
    ask(&mut http, None, "POST", "/restaurants/elsewhere/devices", &trade).await.problem(403, "wrong_code");
    let paired = ask(&mut http, None, "POST", &devices(), &trade).await.ok();
    assert_eq!(paired["device"]["name"], "Door");
    let again = ask(&mut http, None, "POST", &devices(), &trade).await;
    let nowhere = ask(&mut http, None, "POST", "/restaurants/no-such-house/devices", &trade).await;
    assert_eq!(again.text, nowhere.text, "whether there is such a restaurant is not told");
    again.problem(403, "wrong_code");

    let late = ask(&mut http, Some(&manager()), "POST", &pairing_codes(), &json!({})).await.ok();
    let file = Connection::open(&server.database).expect("a database");
    file.execute("UPDATE pairing_codes SET expires_at = expires_at - 600000000", ()).expect("ten minutes");
    let trade = json!({ "code": late["pairing_code"]["code"] });
    ask(&mut http, None, "POST", &devices(), &trade).await.problem(403, "wrong_code");
}

#[tokio::test]
async fn whoever_guesses_loses_the_code_and_then_the_patience_of_the_server() {
    let server = guarded_server().await;
    let mut http = server.http().await;
    let code = ask(&mut http, Some(&manager()), "POST", &pairing_codes(), &json!({})).await.ok()["pairing_code"].take();
    let right = code["code"].as_str().expect("a code").to_owned();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..10 {
        ask(&mut http, None, "POST", &devices(), &json!({ "code": wrong })).await.problem(403, "wrong_code");
    }
    ask(&mut http, None, "POST", &devices(), &json!({ "code": right })).await.problem(403, "wrong_code");
    let mut answer = ask(&mut http, None, "POST", &devices(), &json!({ "code": wrong })).await;
    for _ in 0..20 {
        if answer.status == 429 {
            break;
        }
        answer = ask(&mut http, None, "POST", &devices(), &json!({ "code": wrong })).await;
    }
    let seconds: u64 = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("when");
    assert!((1..=6).contains(&seconds), "{seconds}");
    answer.problem(429, "too_many_tries");
}

#[tokio::test]
async fn no_more_codes_are_open_at_once_than_devices_are_set_up() {
    let server = guarded_server().await;
    let mut http = server.http().await;
    for _ in 0..MAX_PAIRING_CODES {
        ask(&mut http, Some(&manager()), "POST", &pairing_codes(), &json!({})).await.ok();
    }
    ask(&mut http, Some(&manager()), "POST", &pairing_codes(), &json!({})).await.problem(429, "too_many_codes");
}

#[tokio::test]
async fn nobody_makes_a_device_of_more_than_they_are() {
    let server = guarded_server().await;
    let mut http = server.http().await;
    let offer = json!({ "role": "owner" });
    ask(&mut http, Some(&manager()), "POST", &pairing_codes(), &offer).await.problem(403, "forbidden");
    let owner = token(Role::Owner, &["*"], 600);
    ask(&mut http, Some(&owner), "POST", &pairing_codes(), &offer).await.ok();
    let nowhere = "/restaurants/no-such-house/pairing_codes";
    ask(&mut http, Some(&owner), "POST", nowhere, &json!({})).await.problem(404, "not_found");
    for (bad, field) in [(json!({ "role": "waiter" }), "role"), (json!({ "name": " " }), "name"), (json!([]), "body")] {
        let problem = ask(&mut http, Some(&owner), "POST", &pairing_codes(), &bad).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let problem = ask(&mut http, None, "POST", &devices(), &json!({ "name": 7 })).await.problem(422, "invalid");
    let fields: Vec<_> = problem["errors"].as_array().expect("a list").iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["code", "name"]);
}

#[tokio::test]
async fn devices_are_listed_renamed_and_revoked_and_that_is_written_down() {
    let server = guarded_server().await;
    let (mut http, manager) = (server.http().await, manager());
    let (first, _) = paired(&mut http, &manager, Role::Host).await;
    let (second, token) = paired(&mut http, &manager, Role::Display).await;
    let path = format!("{}/{}", devices(), second["id"].as_str().expect("an id"));
    let renamed = ask(&mut http, Some(&manager), "PATCH", &path, &json!({ "name": "Kitchen" })).await.ok();
    assert_eq!(renamed["device"]["name"], "Kitchen");
    let revoked = ask(&mut http, Some(&manager), "DELETE", &path, &json!(null)).await.ok()["device"].take();
    assert_eq!(revoked["revokedBy"], "a manager");
    let again = ask(&mut http, Some(&manager), "DELETE", &path, &json!(null)).await.ok();
    assert_eq!(again["device"], revoked, "once is enough");
    let listed = ask(&mut http, Some(&manager), "GET", &devices(), &json!(null)).await.ok();
    assert_eq!(listed["devices"], json!([revoked, first]));
    assert!(!listed.to_string().contains(token.strip_prefix("mtd_").expect("its sign")));
    ask(&mut http, Some(&token), "GET", &guests(), &json!(null)).await.problem(401, "unauthorized");
    let nobody = format!("{}/device-x", devices());
    for (method, body) in [("PATCH", json!({ "name": "x" })), ("DELETE", Value::Null)] {
        ask(&mut http, Some(&manager), method, &nobody, &body).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_devices_of_a_restaurant_go_with_it() {
    let server = guarded_server().await;
    let (mut http, owner) = (server.http().await, token(Role::Owner, &["*"], 600));
    let (_, device) = paired(&mut http, &owner, Role::Host).await;
    let path = format!("/restaurants/{RESTAURANT}");
    ask(&mut http, Some(&owner), "DELETE", &path, &json!(null)).await.ok();
    ask(&mut http, Some(&owner), "POST", "/restaurants", &json!({ "id": RESTAURANT })).await.ok();
    ask(&mut http, Some(&device), "GET", &guests(), &json!(null)).await.problem(401, "unauthorized");
    let listed = ask(&mut http, Some(&owner), "GET", &devices(), &json!(null)).await.ok();
    assert_eq!(listed["devices"], json!([]));
}
