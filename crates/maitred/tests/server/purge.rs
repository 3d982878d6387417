//! Forgetting who somebody was: in the rows, the log, the answers kept for retries, the process and the files.

mod beside;
mod crashes;
mod files;
mod overdue;
mod said;

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::common::{Device, Http, RESTAURANT, TestServer, guest, guests, table};

/// What tells who Ada is.
const TELLING: [&str; 5] = ["Lovelace", "555-0100-42", "ada@analytical.test", "allergic to punch cards", "countess"];

/// Ada, whom everything is known of. The notes are long enough for pages of their own.
fn ada(id: &str) -> Value {
    json!({ "id": id, "guestName": TELLING[0], "partySize": 2, "phone": TELLING[1], "email": TELLING[2],
            "notes": TELLING[3].repeat(60), "tags": [TELLING[4]] })
}

fn purging(id: &str) -> String {
    format!("{}?purge=true", guest(id))
}

#[track_caller]
fn assert_tells_nothing(what: &str, text: &[u8]) {
    for word in TELLING {
        let found = text.windows(word.len()).filter(|window| *window == word.as_bytes()).count();
        assert_eq!(found, 0, "{word} is in {what}");
    }
}

/// The file and what stands beside it.
#[track_caller]
fn assert_files_tell_nothing(database: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", database.display());
        // Where there is none, it tells nothing either.
        assert_tells_nothing(&path, &fs::read(&path).unwrap_or_default());
    }
}

/// The log of [`RESTAURANT`].
async fn changes(http: &mut Http) -> Vec<Value> {
    let page = http.get(&format!("/restaurants/{RESTAURANT}/changes")).await.ok();
    assert_eq!(page["next"], Value::Null);
    page["changes"].as_array().expect("changes").clone()
}

/// The same messages as before, without what tells who `id` is.
fn without(id: &str, mut changes: Vec<Value>) -> Vec<Value> {
    let clean = |change: &mut Value| {
        if change["guest_id"] == id && change["type"] != "guest_deleted" {
            for (field, value) in [("guestName", json!("(purged)")), ("tags", json!([]))] {
                change["data"][field] = value;
            }
            ["phone", "email", "notes"].into_iter().for_each(|field| change["data"][field] = Value::Null);
        }
    };
    for change in &mut changes {
        clean(change);
        change.get_mut("changes").and_then(Value::as_array_mut).into_iter().flatten().for_each(clean);
    }
    changes
}

/// A device that comes back to the beginning is told exactly these.
async fn assert_replayed(server: &TestServer, expected: &[Value]) {
    let mut device = Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}&since=0")).await;
    device.expect("restaurant_connect").await;
    for change in expected {
        assert_eq!(&device.next().await, change);
    }
    device.expect_silence().await;
}

#[tokio::test]
async fn a_purged_guest_is_gone_from_rows_log_answers_and_files_and_all_else_is_as_it_was() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let mut device = server.device().await;
    http.add_table("t", 4).await;
    http.add_guest("other", 2).await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    http.send("POST", &guests(), &headers, ada("ada").to_string()).await.ok();
    http.put(&guest("ada"), json!({ "table_id": "t" })).await.ok();
    let operations = json!([
        { "op": "update_guest", "id": "ada", "data": { "quotedWaitMinutes": 5 } },
        { "op": "update_guest", "id": "other", "data": { "notes": "a friend of somebody" } },
    ]);
    let path = format!("/transactions/atomic?restaurant_id={RESTAURANT}");
    let headers = [("content-type", "application/json"), ("idempotency-key", "t")];
    let transaction = json!({ "operations": operations }).to_string();
    http.send("POST", &path, &headers, transaction.clone()).await.ok();
    let before = changes(&mut http).await;
    for change in &before {
        assert_eq!(&device.next().await, change);
    }

    let answer = http.delete(&purging("ada")).await;
    assert_files_tell_nothing(&server.database);
    assert_tells_nothing("the answer", answer.text.as_bytes());
    let answer = answer.ok();
    assert_eq!((&answer["guest"]["id"], &answer["guest"]["guestName"]), (&json!("ada"), &json!("(purged)")));
    http.get(&guest("ada")).await.problem(404, "not_found");
    assert_eq!(http.get(&table("t")).await.ok()["table"]["status"], "available");
    let after = changes(&mut http).await;
    let (old, new) = after.split_at(before.len());
    assert_eq!(old, without("ada", before));
    let kinds: Vec<_> = new.iter().map(|change| &change["type"]).collect();
    assert_eq!(kinds, ["guest_deleted", "table_updated"]);
    assert_eq!(answer["seq"], new[1]["seq"]);
    for change in new {
        assert_eq!(&device.next().await, change);
    }
    assert_replayed(&server, &after).await;
    // A retry is told what it was told, but for who it was.
    let replayed = http.send("POST", &path, &headers, transaction).await;
    assert_tells_nothing("a kept answer", replayed.text.as_bytes());
    let results = replayed.ok()["results"].take();
    assert_eq!(
        (&results[0]["guest"]["guestName"], &results[0]["guest"]["quotedWaitMinutes"]),
        (&json!("(purged)"), &json!(5))
    );
    assert_eq!(results[1]["guest"]["notes"], "a friend of somebody");
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let replayed = http.send("POST", &guests(), &headers, ada("ada").to_string()).await.ok();
    assert_eq!((&replayed["guest"]["guestName"], &replayed["guest"]["tags"]), (&json!("(purged)"), &json!([])));
    let open: u64 = rusqlite::Connection::open(&server.database)
        .and_then(|file| file.query_row("SELECT count(*) FROM purges", (), |row| row.get(0)))
        .expect("a count");
    assert_eq!(open, 0, "nothing is left to do");
}

#[tokio::test]
async fn a_guest_who_was_deleted_before_can_be_forgotten_as_long_as_anything_tells_of_it() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post(&guests(), ada("ada")).await.ok();
    http.delete(&guest("ada")).await.ok();
    let before = changes(&mut http).await;
    for _ in 0..2 {
        let answer = http.delete(&purging("ada")).await.ok();
        assert_eq!(answer, json!({ "success": true, "guest": { "id": "ada" }, "seq": 2 }));
    }
    assert_eq!(changes(&mut http).await, without("ada", before));
    assert_files_tell_nothing(&server.database);
    http.delete(&purging("nobody")).await.problem(404, "not_found");
    http.delete(&purging("no%20id")).await.problem(404, "not_found");
    http.delete("/restaurants/nowhere/guests/ada?purge=true").await.problem(404, "not_found");
}

#[tokio::test]
async fn whoever_comes_later_under_the_same_id_is_somebody_else() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post(&guests(), ada("g")).await.ok();
    http.delete(&purging("g")).await.ok();
    http.add_guest("g", 3).await;
    http.add_guest("other", 3).await;
    http.delete(&purging("other")).await.ok();
    let after = changes(&mut http).await;
    assert_eq!(
        (&after[0]["data"]["guestName"], &after[2]["data"]["guestName"]),
        (&json!("(purged)"), &json!("Party of g"))
    );
    assert_eq!(http.get(&guest("g")).await.ok()["guest"]["guestName"], "Party of g");
}

#[tokio::test]
async fn what_is_asked_for_is_checked_like_any_deletion() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post(&guests(), ada("ada")).await.ok();
    for query in ["?purge=maybe", "?purge=", "?purge=true&purge=1"] {
        let problem = http.delete(&format!("{}{query}", guest("ada"))).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "purge", "{query}");
    }
    http.send("DELETE", &purging("ada"), &[("if-match", "\"7\"")], "").await.problem(412, "precondition_failed");
    assert_eq!(changes(&mut http).await.len(), 1, "nothing has happened yet");
    // A plain deletion, and a purge under its key.
    let answer = http.send("DELETE", &format!("{}?purge=false", guest("ada")), &[("idempotency-key", "k")], "").await;
    assert_eq!(answer.ok()["guest"]["guestName"], TELLING[0], "as it last stood");
    for _ in 0..2 {
        http.send("DELETE", &purging("ada"), &[("idempotency-key", "k")], "").await.ok();
        assert_tells_nothing("the log", json!(changes(&mut http).await).to_string().as_bytes());
    }
    http.post(&guests(), ada("ada")).await.ok();
    let first = http.send("DELETE", &purging("ada"), &[("idempotency-key", "p")], "").await.ok();
    let again = http.send("DELETE", &purging("ada"), &[("idempotency-key", "p")], "").await.ok();
    assert_eq!(first, again);
    assert_files_tell_nothing(&server.database);
}
