//! What becomes of a database that an earlier release has made.

use rusqlite::Connection;
use serde_json::json;

use super::turn_back::turn_back;
use crate::common::{Http, RESTAURANT, TestServer, guest};

/// All that a client can read of two restaurants.
async fn tell(http: &mut Http) -> Vec<String> {
    let mut told = Vec::new();
    for path in ["", "/floor", "/guests", "/tables", "/changes", "/changes?since=3"] {
        for restaurant in [RESTAURANT, "bistro"] {
            told.push(http.get(&format!("/restaurants/{restaurant}{path}")).await.text);
        }
    }
    told
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date_with_all_that_it_holds() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "bistro" })).await.ok();
    http.add_table("t", 4).await;
    // The two take turns, so that their messages alternate in the log.
    for index in 0..5 {
        http.add_guest(&format!("g{index}"), 2).await;
        let body = json!({ "guestName": "Zoë 🍽️", "partySize": 3 });
        http.post("/restaurants/bistro/guests", body).await.ok();
    }
    http.put(&guest("g0"), json!({ "table_id": "t" })).await.ok();
    let before = tell(&mut http).await;
    drop(http);
    let path = server.database.clone();
    let folder = server.stopped().await;
    turn_back(&path);

    let server = TestServer::start_in(folder, |_| {}).await;
    let mut http = server.http().await;
    assert_eq!(tell(&mut http).await, before, "to the letter");
    let file = Connection::open(&path).expect("a database");
    let count = |sql: &str| file.query_row(sql, (), |row| row.get::<_, u64>(0)).expect("a count");
    assert_eq!(count("PRAGMA user_version"), 3);
    assert_eq!(count("SELECT count(*) FROM log"), 13);
    let disorder = "SELECT count(*) FROM log AS one JOIN log AS next ON next.position = one.position + 1
                    WHERE next.at < one.at OR next.message ->> 'timestamp' < one.message ->> 'timestamp'";
    assert_eq!(count(disorder), 0, "in the order of the commits");
    let wrong = "SELECT count(*) FROM log WHERE abs(at / 1e6 - unixepoch(message ->> 'timestamp', 'subsec')) > 0.001";
    assert_eq!(count(wrong), 0, "each at its own time");
    http.add_guest("next", 3).await;
    let next = http.get(&format!("/restaurants/{RESTAURANT}/changes?since=8")).await.ok();
    assert_eq!((&next["changes"][0]["seq"], &next["changes"][0]["guest_id"]), (&json!(9), &json!("next")));
}
