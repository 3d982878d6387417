//! A disk that fills up under a server, and has room again.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{disk::Disk, guests, large_party, log, post_with_key, text};
use crate::common::{Answer, Device, Http};

const GUESTS: &str = "/restaurants/bistro/guests";

/// The server said that its disk is full, what to do, and that nothing happened.
#[track_caller]
fn is_full(answer: Answer) {
    assert_eq!(answer.header("retry-after"), Some("1"));
    let problem = answer.problem(503, "store_unavailable");
    let detail = problem["detail"].as_str().expect("a text");
    let sentence = "the disk that holds maitred.db is full: free some space; writes go on by themselves then";
    assert!(detail.contains(sentence) && detail.contains("Nothing was changed"), "{detail}");
}

/// Adds guests until it has been refused five times; tells who was added and who was not.
async fn add_until_full(address: SocketAddr, writer: usize) -> (Vec<String>, Vec<String>) {
    let mut http = Http::connect(address).await;
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    for number in 0.. {
        let id = format!("guest-{writer}-{number}");
        let answer = http.post(GUESTS, large_party(&id)).await;
        if answer.status == 201 {
            added.push(id);
            continue;
        }
        is_full(answer);
        refused.push(id);
        if refused.len() == 5 {
            break;
        }
    }
    (added, refused)
}

/// All that a device hears, up to the guest `last`.
async fn hear(mut device: Device) -> Vec<Value> {
    let mut heard = Vec::new();
    loop {
        let message = device.next().await;
        let is_last = message["guest_id"] == "last";
        heard.push(message);
        if is_last {
            device.expect_silence().await;
            return heard;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_nothing_else_until_it_has_room_again() {
    // Room for the log file at its usual size, and for some hundred guests beside it.
    let disk = Disk::of(6 * 1_024);
    let mut serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    http.post("/restaurants/bistro/tables", json!({ "id": "t", "tableNumber": "1", "capacity": 2 })).await.ok();
    std::fs::write(disk.path("something large"), vec![0; 1024 * 1024]).expect("a file");
    let mut device = Device::connect(serving.address, "?restaurant_id=bistro").await;
    assert_eq!(device.expect("restaurant_connect").await["seq"], 1);
    let hearing = tokio::spawn(hear(device));

    let writers: Vec<_> = (0..8).map(|writer| tokio::spawn(add_until_full(serving.address, writer))).collect();
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    for writer in writers {
        let (more_added, more_refused) = writer.await.expect("a writer");
        added.extend(more_added);
        refused.extend(more_refused);
    }
    assert!(added.len() > 100 && refused.len() == 40, "{} added", added.len());
    let logged = serving.program.complaint("is full").await;
    let path = logged.split_whitespace().find(|word| word.ends_with("/maitred.db")).expect("the whole path");
    assert!(path.starts_with('/') && logged.contains("SQLite's code 13"), "{logged}");

    disk.fill(0);
    is_full(http.put("/restaurants/bistro/tables/t", json!({ "status": "dirty" })).await);
    is_full(http.delete(&format!("{GUESTS}/{}", added[0])).await);
    // All that is read goes on as ever, and so does the process.
    http.get("/readyz").await.ok();
    http.get("/restaurants/bistro/floor").await.ok();
    added.sort();
    assert_eq!(guests(&mut http).await, added, "nobody of whom it was said that nothing was changed");
    assert_eq!(log(&mut http).await.len(), 1 + added.len());
    let mut late = Device::connect(serving.address, "?restaurant_id=bistro").await;
    assert_eq!(late.expect("restaurant_connect").await["seq"], 1 + added.len());

    disk.free();
    std::fs::remove_file(disk.path("something large")).expect("a file");
    for id in ["next", "last"] {
        http.post(GUESTS, large_party(id)).await.ok();
        assert_eq!(late.expect("guest_created").await["guest_id"], id);
        added.push(id.to_owned());
    }
    let heard = hearing.await.expect("a device that stayed");
    let numbers: Vec<_> = heard.iter().map(|message| message["seq"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, (2..=1 + added.len() as u64).collect::<Vec<_>>(), "each message once, in order");
    let mut heard: Vec<_> = heard.iter().map(|message| text(&message["guest_id"])).collect();
    heard.sort();
    added.sort();
    assert_eq!(heard, added);

    serving.program.signal("KILL");
    serving.program.ended().await;
    let serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    assert_eq!(guests(&mut http).await, added, "all who were answered, and nobody else");
    assert_eq!(log(&mut http).await.len(), 1 + added.len());
}

#[tokio::test]
async fn a_write_that_a_full_disk_refused_is_done_once_when_its_retries_find_room() {
    let disk = Disk::of(2 * 1_024);
    let serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    http.post(GUESTS, large_party("first")).await.ok();
    disk.fill(0);
    is_full(post_with_key(&mut http, GUESTS, "k", &large_party("second")).await);
    is_full(post_with_key(&mut http, GUESTS, "k", &large_party("second")).await);
    disk.free();
    let done = post_with_key(&mut http, GUESTS, "k", &large_party("second")).await;
    let again = post_with_key(&mut http, GUESTS, "k", &large_party("second")).await;
    assert_eq!((done.status.as_u16(), &done.text), (201, &again.text));
    assert_eq!(done.ok()["seq"], 2);
    serving.program.signal("KILL");
    serving.program.ended().await;
    let serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    assert_eq!(post_with_key(&mut http, GUESTS, "k", &large_party("second")).await.text, again.text);
    assert_eq!(guests(&mut http).await, ["first", "second"]);
}

#[tokio::test]
async fn a_server_whose_disk_is_full_when_it_ends_loses_nothing() {
    let disk = Disk::of(2 * 1_024);
    let serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    for number in 0..40 {
        http.post(GUESTS, large_party(&format!("guest-{number}"))).await.ok();
    }
    disk.fill(0);
    let before = guests(&mut http).await;
    serving.program.signal("TERM");
    serving.program.ended().await.well();
    disk.free();
    let serving = disk.serve().await;
    assert_eq!(guests(&mut Http::connect(serving.address).await).await, before);
}

#[tokio::test]
async fn a_disk_too_full_to_start_on_is_named_however_much_is_free() {
    let disk = Disk::of(1_024);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--restaurant", "bistro"];
    // From not even the lock file to all but the tables.
    for free_kib in [0, 4, 8, 12, 16, 24, 36, 48] {
        disk.fill(free_kib);
        disk.maitred(&serve).ended().await.badly(&["maitred.db", "its disk is full; free some space and start again"]);
        disk.free();
    }
    // What the attempts have left is a new database.
    disk.serve().await;
}

#[tokio::test]
async fn a_server_that_was_killed_starts_again_though_its_disk_has_filled_up() {
    let disk = Disk::of(1_024);
    let serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    http.post(GUESTS, large_party("first")).await.ok();
    serving.program.signal("KILL");
    serving.program.ended().await;
    disk.fill(0);
    let serving = disk.serve().await;
    let mut http = Http::connect(serving.address).await;
    assert_eq!(guests(&mut http).await, ["first"]);
    is_full(http.post(GUESTS, large_party("second")).await);
    disk.free();
    http.post(GUESTS, large_party("second")).await.ok();
    assert_eq!(guests(&mut http).await, ["first", "second"]);
}

#[tokio::test]
async fn a_command_on_a_full_disk_says_so() {
    let disk = Disk::of(1_024);
    disk.maitred(&["restaurant", "add", "bistro", "--tables", "14"]).ended().await.well();
    disk.fill(48);
    let refused = disk.maitred(&["restaurant", "add", "annex", "--tables", "200"]).ended().await;
    refused.badly(&["the disk that holds", "maitred.db", "is full: free some space"]);
}
