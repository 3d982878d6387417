//! What the server writes to its own log, at its most talkative.

use rusqlite::Connection;
use serde_json::json;

use super::{TELLING, ada, assert_tells_nothing};
use crate::{
    common::{Device, Http, raw_text},
    program::{Program, Serving, folder},
};

const TOKEN: &str = "tkn-7d1f-do-not-tell";

#[tokio::test]
async fn nothing_that_tells_who_somebody_is_stands_in_the_servers_own_log() {
    let (folder, database) = folder();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:maitred.db", "--restaurant", "bistro"];
    let serving =
        Serving::listening(Program::maitred_with(folder.path(), &arguments, &[("MAITRED_LOG", "trace")])).await;
    let mut http = Http::connect(serving.address).await;
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
    let guests = "/restaurants/bistro/guests";
    let ada_s = "/restaurants/bistro/guests/ada";
    let mut device = Device::connect(serving.address, "?restaurant_id=bistro").await;
    device.expect("restaurant_connect").await;

    // What is done, and heard of.
    http.send("POST", guests, &headers, ada("ada").to_string()).await.ok();
    http.post("/restaurants/bistro/tables", json!({ "id": "t", "tableNumber": "7", "capacity": 2 })).await.ok();
    http.put(ada_s, json!({ "table_id": "t", "notes": TELLING[3] })).await.ok();
    for _ in 0..4 {
        device.next().await;
    }
    // What is refused, by form, by a rule, by what is there already.
    let words = TELLING.join(" ");
    http.send("POST", guests, &headers, format!("{{\"phone\": \"{words}\" {words}"))
        .await
        .problem(400, "malformed_json");
    http.send("POST", guests, &headers, json!(words).to_string()).await.problem(422, "invalid");
    http.send("POST", guests, &[("content-type", words.as_str())], words.clone())
        .await
        .problem(415, "unsupported_media_type");
    let bad = json!({ "guestName": 7, "partySize": words, "phone": [words], "email": words.repeat(9), "tags": words });
    http.post(guests, bad).await.problem(422, "invalid");
    http.post(guests, ada("ada")).await.problem(409, "already_exists");
    http.put(ada_s, json!({ "status": words })).await.problem(422, "invalid");
    let other = json!({ "id": "other", "guestName": TELLING[0], "partySize": 1, "notes": TELLING[3], "table_id": "t" });
    http.post(guests, other).await.problem(409, "table_occupied");
    let operations = json!({ "operations": [{ "op": words, "data": { "phone": TELLING[1] } }] });
    http.post("/transactions/atomic?restaurant_id=bistro", operations).await.problem(422, "invalid");
    let key = [("content-type", "application/json"), ("idempotency-key", TOKEN), ("x-device-id", "ipad-1")];
    http.send("POST", guests, &key, json!({ "id": "k", "guestName": words, "partySize": 2 }).to_string()).await.ok();
    http.send("POST", guests, &key, ada("k2").to_string()).await.problem(422, "idempotency_key_reused");
    let place = TELLING[1];
    http.get(&format!("{guests}?status={place}&after={place}&limit={place}&token={TOKEN}"))
        .await
        .problem(422, "invalid");
    http.get(&format!("/{place}/{TOKEN}")).await.problem(404, "not_found");
    http.get(&format!("/restaurants/{place}/guests/{place}")).await.problem(404, "not_found");
    raw_text(serving.address, format!("{words}\r\n\r\n").as_bytes()).await;
    raw_text(serving.address, format!("GET / HTTP/1.1\r\n{words}\r\n\r\n").as_bytes()).await;
    // What a socket is told.
    device.say_text(&format!("{{{words}")).await;
    device.say(json!({ "type": words, "phone": TELLING[1] })).await;
    device.say(json!({ "type": "restaurant_connect", "restaurant_id": words, "token": TOKEN })).await;
    device.say(json!({ "type": "restaurant_connect", "restaurant_id": 7, "notes": TELLING[3] })).await;
    let mut errors = 0;
    while errors < 4 {
        errors += usize::from(device.next().await["type"] == "error");
    }
    let mut stranger = Device::connect(serving.address, &format!("?restaurant_id={place}&token={TOKEN}")).await;
    stranger.expect("error").await;
    stranger.expect_bye("not_found").await;

    // A broken world: rows that can't be read, in three ways.
    let file = Connection::open(&database).expect("a database");
    let intact: String =
        file.query_row("SELECT body FROM guests WHERE id = 'ada'", (), |row| row.get(0)).expect("a row");
    let wrong = [
        intact.replace("\"partySize\":2", &format!("\"partySize\":\"{words}\"")),
        format!("{{\"phone\": {words}"),
        format!("\"{words}\""),
    ];
    for body in wrong {
        file.execute("UPDATE guests SET body = ?1 WHERE id = 'ada'", [body]).expect("a broken row");
        let problem = http.put(ada_s, json!({ "partySize": 1 })).await.problem(503, "store_unavailable");
        assert_tells_nothing("what a client is told", problem.to_string().as_bytes());
    }
    file.execute("UPDATE guests SET body = ?1 WHERE id = 'ada'", [intact]).expect("the row again");
    let trigger = "CREATE TRIGGER full BEFORE UPDATE OF message ON log BEGIN SELECT RAISE(ABORT, 'no room'); END";
    file.execute_batch(trigger).expect("a trigger");
    http.delete(&format!("{ada_s}?purge=true")).await.problem(503, "store_unavailable");
    file.execute_batch("DROP TRIGGER full").expect("room");
    drop(file);
    http.delete(&format!("{ada_s}?purge=true")).await.ok();

    serving.program.signal("TERM");
    let ended = serving.program.ended().await;
    for proof in ["broadcast", "joined", "a request failed", "kind=\"guest_created\""] {
        assert!(ended.stderr.contains(proof), "it is not talkative enough to prove anything: {}", ended.stderr);
    }
    assert_tells_nothing("standard error", ended.stderr.as_bytes());
    assert!(!ended.stderr.contains(TOKEN), "{}", ended.stderr);
    assert_tells_nothing("standard output", ended.well().as_bytes());
}
