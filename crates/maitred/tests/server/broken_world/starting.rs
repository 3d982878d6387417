//! Files that no server can work with: each is told by its name with the remedy, and left as it was.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::disk::Disk;
use crate::{
    common::Http,
    program::{Program, Serving, folder},
};

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--restaurant", "bistro"];

/// A database with a floor in it, closed in good order.
async fn well_kept() -> TempDir {
    let (folder, _) = folder();
    Program::maitred(folder.path(), &["restaurant", "add", "bistro", "--tables", "14"]).ended().await.well();
    folder
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).expect("a file");
    file.seek(SeekFrom::Start(at)).expect("a place");
    file.write_all(bytes).expect("room");
}

/// All files of a folder that hold data.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let named = entries.map(|entry| (entry.file_name().into_string().expect("a name"), entry.path()));
    let data = named.filter(|(name, _)| !name.ends_with(".lock") && !name.ends_with("-shm"));
    data.map(|(name, path)| (name, fs::read(path).expect("a file"))).collect()
}

/// The server does not start, says so in one line with these words, and leaves all as it was.
async fn refused(folder: &Path, because: &[&str]) {
    let before = files(folder);
    let words =
        Program::maitred(folder, &SERVE).ended().await.badly(&[&["can't open", "maitred.db"], because].concat());
    assert_eq!(words.lines().count(), 1, "{words}");
    assert_eq!(files(folder), before, "{words}");
}

#[tokio::test]
async fn a_damaged_file_is_named_with_the_way_to_a_backup_and_left_as_it_was() {
    const DAMAGED: [&str; 2] = ["it is damaged", "`maitred restore`"];
    const NO_DATABASE: [&str; 3] = ["not a SQLite database", "name another file", "`maitred restore`"];
    let folder = well_kept().await;
    let path = folder.path().join("maitred.db");
    let whole = fs::read(&path).expect("a file");
    const CUT_OFF: [&str; 2] = ["it is cut off", "`maitred restore`"];
    let page = 4_096;
    for (length, because) in [
        (whole.len() - 1, &CUT_OFF[..]),
        (whole.len() - page, &DAMAGED),
        (page + 1, &CUT_OFF),
        (page, &DAMAGED),
        (50, &CUT_OFF),
        (10, &NO_DATABASE),
    ] {
        fs::write(&path, &whole[..length]).expect("a file");
        refused(folder.path(), because).await;
    }
    for (at, bytes, because) in [
        // The name of the format, its settings, the page that lists the tables, and that page emptied.
        (0, &b"Dear Sir or Madam"[..], &NO_DATABASE[..]),
        (16, &[0xff; 60], &NO_DATABASE),
        (100, &[0xff; 3_996], &DAMAGED),
        (100, &[0; 3_996], &DAMAGED),
        (103, &[0, 0], &DAMAGED),
    ] {
        fs::write(&path, &whole).expect("a file");
        overwrite(&path, at, bytes);
        refused(folder.path(), because).await;
    }
    fs::write(&path, &whole).expect("a file");
    Serving::start(folder.path(), "127.0.0.1:0").await;
}

#[tokio::test]
async fn answered_writes_that_only_the_log_file_has_are_not_thrown_away_with_it() {
    let folder = well_kept().await;
    let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let mut http = Http::connect(serving.address).await;
    http.post("/restaurants/bistro/guests", json!({ "id": "g", "guestName": "Rivera", "partySize": 2 })).await.ok();
    serving.program.signal("KILL");
    serving.program.ended().await;
    let (database, log) = (folder.path().join("maitred.db"), folder.path().join("maitred.db-wal"));
    let (whole, whole_log) = (fs::read(&database).expect("a file"), fs::read(&log).expect("a log file"));

    overwrite(&log, 0, b"garbage");
    refused(folder.path(), &["maitred.db-wal", "is damaged", "`maitred restore`", "move that file away"]).await;
    fs::write(&log, &whole_log).expect("a file");
    fs::write(&database, "").expect("a file");
    refused(folder.path(), &["it is empty", "maitred.db-wal", "`maitred restore`", "move that file away"]).await;

    fs::write(&database, &whole).expect("a file");
    let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    Http::connect(serving.address).await.get("/restaurants/bistro/guests/g").await.ok();
}

#[tokio::test]
async fn a_log_file_that_a_loss_of_power_left_without_a_beginning_is_no_obstacle() {
    let folder = well_kept().await;
    for left in [&[][..], &[0x37, 0x7f], &[0; 8_192]] {
        fs::write(folder.path().join("maitred.db-wal"), left).expect("a file");
        let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
        serving.program.signal("TERM");
        serving.program.ended().await.well();
    }
}

#[tokio::test]
async fn an_empty_file_is_a_new_database_and_a_folder_is_none() {
    let (folder, database) = folder();
    fs::write(&database, "").expect("a file");
    Serving::start(folder.path(), "127.0.0.1:0").await;
    let (folder, database) = crate::program::folder();
    fs::create_dir(&database).expect("a folder");
    Program::maitred(folder.path(), &SERVE).ended().await.badly(&["maitred.db", "it is a folder; name a file in it"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing was made beside it");
}

#[tokio::test]
async fn what_may_not_be_written_is_named_and_left_as_it_was() {
    const REMEDY: &str = "it may not be written; make the file, its folder and their file system writable";
    let disk = Disk::of(1_024);
    disk.maitred(&["restaurant", "add", "bistro", "--tables", "14"]).ended().await.well();
    let whole = fs::read(disk.path("maitred.db")).expect("a file");
    let refused = async |because| disk.maitred(&SERVE).ended().await.badly(&["maitred.db", REMEDY, because]);
    // The file alone, and then all that is there.
    disk.run("mount --bind maitred.db maitred.db && mount -o remount,bind,ro maitred.db");
    let words = refused("Read-only file system").await;
    assert!(!words.contains(".lock"), "{words}");
    disk.run("umount maitred.db");
    disk.run("mount -o remount,bind,ro .");
    refused("maitred.db.lock").await;
    let new = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:new.db"];
    disk.maitred(&new).ended().await.badly(&["new.db", REMEDY]);
    disk.maitred(&["restaurant", "add", "annex"]).ended().await.badly(&["maitred.db", REMEDY]);
    disk.run("mount -o remount,bind,rw .");
    assert!(!disk.path("new.db").exists() && !disk.path("maitred.db-wal").exists());
    assert_eq!(fs::read(disk.path("maitred.db")).expect("a file"), whole);
    disk.serve().await;
}

#[tokio::test]
async fn another_program_that_holds_the_file_is_the_reason_given() {
    let folder = well_kept().await;
    let other = Connection::open(folder.path().join("maitred.db")).expect("a database");
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").expect("a mode");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    Program::maitred(folder.path(), &SERVE)
        .ended()
        .await
        .badly(&["maitred.db", "another program holds it; let that one finish, or end it"]);
    drop(other);
    Serving::start(folder.path(), "127.0.0.1:0").await;
}
