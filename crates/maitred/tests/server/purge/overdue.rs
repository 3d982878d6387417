//! Guests whose evening has long been over.

use std::time::Duration;

use maitred::config::Retention;
use rusqlite::Connection;
use serde_json::json;
use tokio::time::timeout;

use super::{TELLING, ada, assert_files_tell_nothing, assert_tells_nothing, changes};
use crate::{
    common::{Http, PATIENCE, RESTAURANT, TestServer, guest, guests},
    program::{Program, Serving, folder},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn who_has_been_gone_for_long_is_deleted_and_forgotten_and_devices_hear_of_it() {
    let server = TestServer::start_with(|config| {
        config.retention = Retention { guests: Some(DAY), interval: Duration::from_millis(5), ..Retention::default() };
    })
    .await;
    let mut http = server.http().await;
    http.add_table("t", 4).await;
    let statuses = ["finished", "cancelled", "no_show", "waiting", "seated"];
    for status in statuses {
        http.post(&guests(), ada(status)).await.ok();
        let body = if status == "finished" || status == "seated" { json!({ "table_id": "t" }) } else { json!({}) };
        http.patch(&guest(status), body).await.ok();
        http.patch(&guest(status), json!({ "status": status })).await.ok();
    }
    http.post(&guests(), ada("recent")).await.ok();
    http.patch(&guest("recent"), json!({ "status": "no_show" })).await.ok();
    let mut device = server.device().await;
    // Two days go by for all but the last.
    let file = Connection::open(&server.database).expect("a database");
    let past = "UPDATE guests SET created_at = '2020-01-01T00:00:00.000000Z', body = json_replace(body, '$.createdAt',
                '2020-01-01T00:00:00.000000Z', '$.finishedTime', CASE WHEN body ->> 'finishedTime' IS NULL THEN NULL
                ELSE '2020-01-01T00:00:00.000000Z' END) WHERE id <> 'recent'";
    file.execute(past, ()).expect("older guests");
    drop(file);
    let mut gone = Vec::new();
    for _ in 0..3 {
        gone.push(device.expect("guest_deleted").await["guest_id"].as_str().expect("an id").to_owned());
    }
    gone.sort();
    assert_eq!(gone, ["cancelled", "finished", "no_show"]);
    let mut trail = Vec::new();
    let forgotten = async {
        loop {
            let page = http.get(&format!("/restaurants/{RESTAURANT}/audit?limit=500")).await.ok();
            trail = page["entries"].as_array().expect("entries").clone();
            let tells = |id: &str| {
                trail.iter().any(|entry| entry["change"]["guest_id"] == id && entry.to_string().contains(TELLING[1]))
            };
            if !gone.iter().any(|id| tells(id)) {
                assert!(tells("recent") && tells("waiting") && tells("seated"), "all others are as they were");
                return;
            }
        }
    };
    timeout(PATIENCE, forgotten).await.expect("a round that forgets them");
    for entry in trail.iter().filter(|entry| entry["change"]["type"] == "guest_deleted") {
        assert_eq!(entry["subject"], "maitred");
    }
    for id in ["waiting", "seated", "recent"] {
        http.get(&guest(id)).await.ok();
    }
    device.expect_silence().await;
}

#[tokio::test]
async fn nobody_is_forgotten_unless_told_to() {
    let server = TestServer::start_with(|config| config.retention.interval = Duration::from_millis(1)).await;
    let mut http = server.http().await;
    http.post(&guests(), ada("ada")).await.ok();
    http.patch(&guest("ada"), json!({ "status": "cancelled" })).await.ok();
    let file = Connection::open(&server.database).expect("a database");
    let past =
        "UPDATE guests SET created_at = '2020-01-01T00:00:00.000000Z', body = json_replace(body, '$.finishedTime',
                '2020-01-01T00:00:00.000000Z')";
    file.execute(past, ()).expect("an older guest");
    // As many rounds as another restaurant's prunings take.
    for index in 0..20 {
        http.add_guest(&format!("g{index}"), 2).await;
    }
    http.get(&guest("ada")).await.ok();
    assert_eq!(changes(&mut http).await.len(), 22);
}

#[tokio::test]
async fn serve_forgets_guests_after_as_many_days_as_it_is_told() {
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let mut http = Http::connect(serving.address).await;
    http.post("/restaurants/bistro/guests", ada("ada")).await.ok();
    http.patch("/restaurants/bistro/guests/ada", json!({ "status": "no_show" })).await.ok();
    serving.program.signal("TERM");
    serving.program.ended().await.well();
    let file = Connection::open(&database).expect("a database");
    let past = "UPDATE guests SET created_at = strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '-3 days'),
                body = json_replace(body, '$.finishedTime', strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '-3 days'))";
    file.execute(past, ()).expect("an older guest");
    file.close().expect("a whole file");
    let serve = |more: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        Serving::listening(Program::maitred_with(folder.path(), &arguments, variables))
    };
    let serving = serve(&[], &[("MAITRED_PURGE_GUESTS_AFTER_DAYS", "4")]).await;
    Http::connect(serving.address).await.get("/restaurants/bistro/guests/ada").await.ok();
    drop(serving);
    let mut serving = serve(&["--purge-guests-after-days", "2"], &[("MAITRED_PURGE_GUESTS_AFTER_DAYS", "4")]).await;
    let told = serving.program.complaint("evening has long been over").await;
    assert!(told.contains("INFO") && told.contains("guests=1"), "{told}");
    assert_files_tell_nothing(&database);
    let mut http = Http::connect(serving.address).await;
    http.get("/restaurants/bistro/guests/ada").await.problem(404, "not_found");
    assert_tells_nothing("the log", http.get("/restaurants/bistro/changes").await.text.as_bytes());
    let refused = Program::maitred(folder.path(), &["serve", "--purge-guests-after-days", "0"]).ended().await;
    refused.badly(&["--purge-guests-after-days", "0"]);
}
