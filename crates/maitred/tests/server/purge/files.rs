//! What the files say, and when.

use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{sleep, timeout};

use super::{TELLING, ada, assert_files_tell_nothing, assert_tells_nothing, changes, purging};
use crate::{
    common::{PATIENCE, TestServer, guest, guests},
    store::turn_back,
};

fn open_purges(database: &std::path::Path) -> u64 {
    let file = Connection::open(database).expect("a database");
    file.query_row("SELECT count(*) FROM purges", (), |row| row.get(0)).expect("a count")
}

#[tokio::test]
async fn a_reader_in_the_way_delays_the_files_and_nothing_else() {
    let server = TestServer::start_with(|config| config.retention.interval = Duration::from_millis(5)).await;
    let mut http = server.http().await;
    http.post(&guests(), ada("ada")).await.ok();
    let reader = Connection::open(&server.database).expect("a database");
    reader.execute_batch("BEGIN; SELECT count(*) FROM log").expect("a snapshot that is held");
    http.delete(&purging("ada")).await.ok();
    assert_tells_nothing("the log", serde_json::json!(changes(&mut http).await).to_string().as_bytes());
    assert_eq!(open_purges(&server.database), 1, "it stays noted down");
    let wal = std::fs::read(format!("{}-wal", server.database.display())).expect("a log file");
    assert!(String::from_utf8_lossy(&wal).contains(TELLING[1]), "the reader still needs the old page");
    reader.execute_batch("COMMIT").expect("an end");
    let struck_off = async {
        while open_purges(&server.database) > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, struck_off).await.expect("a round that empties the log file");
    assert_files_tell_nothing(&server.database);
}

#[tokio::test]
async fn rows_that_grew_shrank_and_moved_leave_nothing_behind() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for turn in 0..6 {
        for index in 0..30 {
            let id = format!("g{index}");
            if turn == 0 {
                http.post(&guests(), ada(&id)).await.ok();
            } else {
                let notes = TELLING[3].repeat((index * 7 + turn * 11) % 80);
                http.patch(&guest(&id), serde_json::json!({ "notes": notes })).await.ok();
            }
        }
    }
    for index in 0..30 {
        http.delete(&purging(&format!("g{index}"))).await.ok();
    }
    assert_files_tell_nothing(&server.database);
}

#[tokio::test]
async fn what_an_earlier_release_left_in_a_file_does_not_outlive_the_upgrade() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("other", 2).await;
    drop(http);
    let path = server.database.clone();
    let folder = server.stopped().await;
    turn_back(&path);
    let file = Connection::open(&path).expect("a database");
    file.pragma_update(None, "secure_delete", "OFF").expect("as it was");
    file.execute("INSERT INTO guests VALUES ('r', 'g', 'waiting', 't', ?1)", [ada("g").to_string()]).expect("a row");
    file.execute("DELETE FROM guests WHERE id = 'g'", ()).expect("no row");
    file.close().expect("a whole file");
    let bytes = std::fs::read(&path).expect("a file");
    assert!(String::from_utf8_lossy(&bytes).contains(TELLING[1]), "what is deleted is still there");
    let server = TestServer::start_in(folder, |_| {}).await;
    assert_files_tell_nothing(&server.database);
    assert_eq!(server.http().await.get(&guest("other")).await.ok()["guest"]["id"], "other");
}
