//! What devices see of a move: nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{
    Caller, FILE, House,
    common::{Device, Http, PATIENCE},
    engines::{PgBouncer, Postgres},
    number, postgres, stop,
};

/// All that can be read of two restaurants, page after page where it comes in pages.
async fn tell(owner: &mut Caller) -> Vec<(String, u16, String)> {
    let mut told = vec![("/restaurants".to_owned(), 200, owner.get("/restaurants").await.text)];
    for restaurant in ["annex", "bistro"] {
        for page in [
            "",
            "floor",
            "guests",
            "tables",
            "changes",
            "changes?since=12",
            "audit",
            "devices",
            "guests/ada",
            "tables/t1",
        ] {
            let path = format!("/restaurants/{restaurant}/{page}");
            let path = path.trim_end_matches('/');
            let answer = owner.get(path).await;
            told.push((path.to_owned(), answer.status.as_u16(), answer.text));
        }
        let mut path = format!("/restaurants/{restaurant}/guests?limit=2");
        loop {
            let answer = owner.get(&path).await;
            let next = answer.json()["next"].as_str().map(str::to_owned);
            told.push((path, answer.status.as_u16(), answer.text));
            let Some(next) = next else { break };
            path = format!("/restaurants/{restaurant}/guests?limit=2&after={next}");
        }
    }
    told
}

/// Plays an evening in `bistro`, and a little of one in `annex`.
async fn play(owner: &mut Caller) {
    for (id, number) in [("t1", "1"), ("t2", "2"), ("t10", "10")] {
        let table = json!({ "id": id, "tableNumber": number, "capacity": 4 });
        owner.ask("POST", "/restaurants/bistro/tables", table).await.ok();
    }
    for (id, name) in
        [("ada", "Ada"), ("zoë", "Zoë 🍽️ \"O'Hara\" \\u0041"), ("kim", "Kim"), ("lee", "Lee"), ("ray", "Ray")]
    {
        let guest = json!({ "id": id.replace('ë', "e"), "guestName": name, "partySize": 2 });
        owner.ask("POST", "/restaurants/bistro/guests", guest).await.ok();
    }
    for (guest, change) in [
        ("ada", json!({ "table_id": "t1" })),
        ("zoe", json!({ "table_id": "t2", "notes": "By the window" })),
        ("kim", json!({ "status": "no_show" })),
        ("ada", json!({ "status": "finished" })),
    ] {
        owner.ask("PATCH", &format!("/restaurants/bistro/guests/{guest}"), change).await.ok();
    }
    owner.ask("DELETE", "/restaurants/bistro/guests/ray?purge=true", Value::Null).await.ok();
    let operations = json!([
        { "op": "create_guest", "data": { "guestName": "Okafor", "partySize": 3, "table_id": "t10" } },
        { "op": "update_guest", "id": "lee", "data": { "tags": ["birthday"] } },
    ]);
    let transaction = json!({ "restaurant_id": "bistro", "operations": operations });
    owner.ask("POST", "/transactions/atomic", transaction).await.ok();
    owner.ask("POST", "/restaurants/annex/guests", json!({ "guestName": "Ida", "partySize": 1 })).await.ok();
}

/// A code that lets a device into `bistro`.
async fn code(owner: &mut Caller) -> String {
    let offer = json!({ "role": "host", "name": "Host stand" });
    let answer = owner.ask("POST", "/restaurants/bistro/pairing_codes", offer).await.ok();
    answer["pairing_code"]["code"].as_str().expect("a code").to_owned()
}

/// Trades a code for a token; the device's id, and that.
async fn pair(http: &mut Http, code: &str) -> (String, String) {
    let answer = http.post("/restaurants/bistro/devices", json!({ "code": code })).await.ok();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&answer["device"]["id"]), text(&answer["token"]))
}

async fn floor_as(http: &mut Http, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    http.send("GET", "/restaurants/bistro/floor", &[("authorization", &bearer)], "").await.status.as_u16()
}

/// The next messages to a device, word by word, up to this number.
async fn texts(device: &mut Device, last: u64) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let text = device.next_text().await.expect("a message");
        let message: Value = serde_json::from_str(&text).expect("JSON");
        texts.push(text);
        if message["seq"] == last {
            return texts;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_resume_on_the_new_server_with_the_very_messages_that_they_missed() {
    let url = Postgres::shared().await.database().await;
    let house = House::new().await;
    let serving = house.serve(FILE, &["--restaurant", "annex", "--restaurant", "bistro"]).await;
    let mut owner = house.owner(&serving).await;
    play(&mut owner).await;
    let (kitchen, paired) = pair(&mut owner.http, &code(&mut house.owner(&serving).await).await).await;
    let (lost, revoked) = pair(&mut owner.http, &code(&mut house.owner(&serving).await).await).await;
    owner.ask("DELETE", &format!("/restaurants/bistro/devices/{lost}"), Value::Null).await.ok();
    let open_code = code(&mut owner).await;
    stop(serving).await;

    // Of the log, only the last messages are kept. The first look for others comes with the start.
    let serving = house.serve(FILE, &["--keep-messages", "8"]).await;
    let mut owner = house.owner(&serving).await;
    let pruned = async {
        while owner.get("/restaurants/bistro/changes?since=0").await.status != 410 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, pruned).await.expect("a round of pruning");
    let (device, ack) = house.come_back(&serving, 0, "").await;
    let (since, epoch) = (ack["seq"].as_u64().expect("a number"), ack["epoch"].as_str().expect("an epoch").to_owned());
    drop(device);
    let (mut witness, _) = house.come_back(&serving, since, &epoch).await;
    let party = json!({ "id": "late", "guestName": "Night Owls", "partySize": 4 });
    let once = [("idempotency-key", "tap-17"), ("x-device-id", "host-stand")];
    let first = owner.ask_with("POST", "/restaurants/bistro/guests", &once, party.clone()).await;
    let head = first.json()["seq"].as_u64().expect("a number") + 2;
    owner.ask("PATCH", "/restaurants/bistro/guests/late", json!({ "table_id": "t1" })).await.ok();
    let missed = texts(&mut witness, head).await;
    assert_eq!(missed.len() as u64, head - since);
    let before = tell(&mut owner).await;
    // However it ended: what was answered is in the file, or beside it.
    serving.program.signal("KILL");
    serving.program.ended().await;

    let said = house.migrate(&url, &[]).await.well();
    assert!(
        said.contains("annex: moved, 1 guest, 0 tables, 1 message, 0 paired devices; its next message is number 2."),
        "{said}"
    );
    let bistro = format!("bistro: moved, 6 guests, 3 tables, {} messages, 2 paired devices", 8 + missed.len());
    assert!(said.contains(&bistro) && said.contains(&format!("number {}.", head + 1)), "{said}");
    assert!(said.contains("Moved 2 restaurants") && said.contains("maitred serve --database"), "{said}");
    assert!(said.contains("Do not serve ") && said.contains("maitred.db any more"), "{said}");

    let serving = house.serve(&url, &[]).await;
    let mut owner = house.owner(&serving).await;
    let after = tell(&mut owner).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    let (mut device, ack) = house.come_back(&serving, since, &epoch).await;
    assert_eq!((&ack["seq"], &ack["epoch"]), (&json!(head), &json!(epoch)));
    assert_eq!(texts(&mut device, head).await, missed);
    device.expect_silence().await;

    let again = owner.ask_with("POST", "/restaurants/bistro/guests", &once, party).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text), "a retry over the move");
    device.expect_silence().await;
    let other = json!({ "guestName": "Others", "partySize": 4 });
    let reused = owner.ask_with("POST", "/restaurants/bistro/guests", &once, other).await;
    reused.problem(422, "idempotency_key_reused");

    assert_eq!(floor_as(&mut owner.http, &paired).await, 200);
    assert_eq!(floor_as(&mut owner.http, &revoked).await, 401);
    let (late, token) = pair(&mut owner.http, &open_code).await;
    assert!(late != kitchen && floor_as(&mut owner.http, &token).await == 200, "a code that was open still is");
    owner.ask("PATCH", "/restaurants/bistro/guests/late", json!({ "status": "finished" })).await.ok();
    for seq in head + 1..=head + 2 {
        assert_eq!(device.next().await["seq"], seq, "it goes on from there");
    }
    let (mut stale, _) = house.come_back(&serving, 0, &epoch).await;
    stale.expect("snapshot").await;
    stop(serving).await;

    let database = postgres(&url).await;
    let over = "SELECT count(*) FROM guests WHERE over_at = body::json ->> 'finishedTime'";
    assert_eq!(number(&database, over).await, 3, "ada, kim and late");
    let halves = "SELECT count(*) FROM guests g JOIN tables t USING (restaurant_id)
                  WHERE g.table_id = t.id AND t.guest_id = g.id";
    assert_eq!(number(&database, halves).await, 2, "zoe and Okafor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_moves_beside_others_that_are_served_there_already() {
    let url = Postgres::shared().await.database().await;
    let house = House::with(&["annex", "bistro", "cellar"]).await;
    // Through a pooler that may hand the connection on after each transaction.
    let pool = PgBouncer::start(Postgres::shared().await).await;
    let pooled = pool.url_of(&url);
    house.migrate(&pooled, &["--restaurant", "annex"]).await.well();
    let serving = house.serve(&url, &[]).await;
    let mut owner = house.owner(&serving).await;
    owner.get("/restaurants/bistro/floor").await.problem(404, "not_found");
    let said = house.migrate(&pooled, &["--restaurant", "bistro", "--restaurant", "annex"]).await.well();
    assert!(said.contains("annex: moved before") && said.contains("bistro: moved,"), "{said}");
    let floor = owner.get("/restaurants/bistro/floor").await.ok();
    let (mut device, _) = house.come_back(&serving, 0, floor["epoch"].as_str().expect("an epoch")).await;
    assert_eq!(device.expect("guest_created").await["guest_id"], "g");
    owner.ask("PATCH", "/restaurants/bistro/guests/g", json!({ "partySize": 3 })).await.ok();
    assert_eq!(device.expect("guest_updated").await["seq"], 2);
    owner.get("/restaurants/cellar/floor").await.problem(404, "not_found");
}
