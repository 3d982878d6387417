//! What goes wrong outside of the program: a full disk, a file that may not be written, damage, a clock that jumps back,
//! a process that is killed. Each is told in one sentence that names the file and the remedy, and ends when its cause does.

mod clock;
mod damage;
mod disk;
mod full;
mod killed;
mod starting;

use serde_json::{Value, json};

use crate::common::{Answer, Http};

/// A party whose row is large, so that a disk soon fills up.
fn large_party(id: &str) -> Value {
    json!({ "id": id, "guestName": format!("Party of {id}"), "partySize": 2, "notes": "n".repeat(1_500) })
}

/// Asks for a write that is known by a key.
async fn post_with_key(http: &mut Http, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    http.send("POST", path, &headers, body.to_string()).await
}

/// The whole log of `bistro`, which has no hole.
async fn log(http: &mut Http) -> Vec<Value> {
    let (mut since, mut log) = (json!(0), Vec::new());
    while !since.is_null() {
        let page = http.get(&format!("/restaurants/bistro/changes?since={since}")).await.ok();
        log.extend(page["changes"].as_array().expect("changes").iter().cloned());
        since = page["next"].clone();
    }
    let numbers: Vec<_> = log.iter().map(|change| change["seq"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, (1..=log.len() as u64).collect::<Vec<_>>(), "a log without a hole");
    log
}

/// The ids of all guests of `bistro`, sorted.
async fn guests(http: &mut Http) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = http.get(&format!("/restaurants/bistro/guests?limit=500{after}")).await.ok();
        ids.extend(page["guests"].as_array().expect("guests").iter().map(|guest| text(&guest["id"])));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    ids.sort();
    ids
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
