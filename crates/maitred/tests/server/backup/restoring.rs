//! `maitred restore`: the backup takes the database's place, and what was there is kept.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Told, add, contents, house, kept, name, names, run, serve, stop};
use crate::{
    common::Device,
    program::{Serving, folder},
    store::turn_back,
};

/// A device of `bistro` that comes back; what it is acknowledged with.
async fn come_back(serving: &Serving, since: u64, epoch: &str) -> (Device, Value) {
    let query = format!("?restaurant_id=bistro&since={since}&epoch={epoch}");
    let mut device = Device::connect(serving.address, &query).await;
    let ack = device.expect("restaurant_connect").await;
    (device, ack)
}

/// The database that was restored, whose last number is 10, can be served and written.
async fn goes_on_after_ten(folder: &Path) {
    let serving = serve(folder).await;
    add(&serving, 11..12).await;
    stop(serving).await;
    assert_eq!(Told::by(&folder.join("maitred.db")).head, 11);
}

#[tokio::test]
async fn after_a_restore_every_device_is_shown_the_floor_of_the_backup_and_goes_on_from_there() {
    let (folder, database) = house().await;
    let before = Told::by(&database);
    let backup = fs::read(folder.path().join("monday.db")).expect("a backup");
    let said = run(folder.path(), &["restore", "monday.db"]).await.well();
    let from = database.with_file_name("monday.db");
    let expected = format!("Restored {} from {}: 1 restaurant.", database.display(), from.display());
    assert!(said.starts_with(&expected) && said.contains("shown the floor anew"), "{said}");
    let former = Told::by(&kept(&said));
    assert_eq!((former.head, &former.epoch, former.guests.len()), (15, &before.epoch, 15), "kept, and whole");
    assert_eq!(fs::read(&from).expect("a backup"), backup, "left as it is");
    assert_eq!(names(folder.path()), ["maitred.db", "monday.db", &name(&kept(&said))].map(str::to_owned).into());

    let serving = serve(folder.path()).await;
    let (ahead, ack) = come_back(&serving, 15, &before.epoch).await;
    let (behind, _) = come_back(&serving, 5, &before.epoch).await;
    let mut devices = [ahead, behind];
    let epoch = ack["epoch"].as_str().expect("an epoch").to_owned();
    assert_ne!(epoch, before.epoch);
    assert_eq!(epoch.as_bytes()[14], b'7', "a UUID of version 7: {epoch}");
    for device in &mut devices {
        let snapshot = device.expect("snapshot").await;
        assert_eq!((&snapshot["seq"], &snapshot["epoch"]), (&json!(10), &json!(epoch)));
        assert_eq!(snapshot["data"]["guests"].as_array().map(Vec::len), Some(10));
    }
    add(&serving, 11..13).await;
    for device in &mut devices {
        for seq in 11..13 {
            assert_eq!(device.expect("guest_created").await["seq"], seq);
        }
        device.expect_silence().await;
    }
    // In its new life, the log is followed as ever, from before the restore as well.
    let (mut device, _) = come_back(&serving, 9, &epoch).await;
    for seq in 10..13 {
        assert_eq!(device.expect("guest_created").await["seq"], seq);
    }
}

#[tokio::test]
async fn each_restaurant_has_a_new_life_after_each_restore() {
    let (folder, database) = folder();
    for id in ["bistro", "annex"] {
        run(folder.path(), &["restaurant", "add", id]).await.well();
    }
    let said = run(folder.path(), &["backup", "monday.db"]).await.well();
    assert!(said.contains("2 restaurants"), "{said}");
    let mut epochs = BTreeSet::new();
    for _ in 0..3 {
        run(folder.path(), &["restore", "monday.db"]).await.well();
        let file = Connection::open(&database).expect("a database");
        let mut lives = file.prepare("SELECT epoch FROM restaurants").expect("restaurants");
        epochs
            .extend(lives.query_map((), |row| row.get::<_, String>(0)).expect("rows").map(|epoch| epoch.expect("one")));
    }
    assert_eq!(epochs.len(), 6);
    // Each of them left what it replaced.
    assert_eq!(names(folder.path()).iter().filter(|name| name.starts_with("maitred.db.until-")).count(), 3);
}

#[tokio::test]
async fn a_restore_while_a_server_runs_is_refused_and_the_server_goes_on() {
    let (folder, database) = house().await;
    let serving = serve(folder.path()).await;
    let refused = run(folder.path(), &["restore", "monday.db"]).await;
    refused.badly(&["can't restore", "maitred.db", "another maitred", "stop that one"]);
    add(&serving, 20..21).await;
    stop(serving).await;
    assert_eq!(Told::by(&database).head, 16);
    assert_eq!(names(folder.path()), ["maitred.db", "monday.db"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_restore_while_something_else_reads_the_database_is_refused_and_changes_nothing() {
    let (folder, database) = house().await;
    let reader = Connection::open(&database).expect("a database");
    let transaction = reader.unchecked_transaction().expect("a transaction");
    transaction.query_row("SELECT count(*) FROM guests", (), |row| row.get::<_, u64>(0)).expect("a read");
    let refused = run(folder.path(), &["restore", "monday.db"]).await;
    refused.badly(&["can't replace", "maitred.db", "another program is reading it"]);
    drop(transaction);
    reader.close().expect("the end of it");
    assert_eq!(Told::by(&database).head, 15);
    assert_eq!(names(folder.path()), ["maitred.db", "monday.db"].map(str::to_owned).into());
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_with_the_reason_and_changes_nothing() {
    let (folder, database) = house().await;
    let backup = fs::read(folder.path().join("monday.db")).expect("a backup");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file");
    write("letter.db", "Dear Sir or Madam, ".repeat(1_000).as_bytes());
    write("empty.db", b"");
    write("truncated.db", &backup[..backup.len() / 2]);
    write("stub.db", &backup[..50]);
    // The heads of pages from the middle on.
    let mut bad_spot = backup.clone();
    bad_spot[backup.len() / 2 / 4096 * 4096..].chunks_mut(4096).for_each(|page| page[..64].fill(0xA5));
    write("spot.db", &bad_spot);
    let other = Connection::open(folder.path().join("bookmarks.db")).expect("a database");
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").expect("a table");
    other.close().expect("a file");
    write("newer.db", &backup);
    let newer = Connection::open(folder.path().join("newer.db")).expect("a database");
    newer.pragma_update(None, "user_version", 999).expect("a version");
    newer.close().expect("a file");
    fs::hard_link(&database, folder.path().join("same.db")).expect("a link");
    fs::create_dir(folder.path().join("folder.db")).expect("a folder");
    let before = contents(folder.path());
    for (file, because) in [
        ("missing.db", &["there is no backup at", "another file"][..]),
        ("folder.db", &["there is no backup at", "another file"]),
        ("maitred.db", &["the database itself", "another file"]),
        ("same.db", &["the database itself", "another file"]),
        ("letter.db", &["not a SQLite database", "another file"]),
        ("empty.db", &["empty", "another file"]),
        ("truncated.db", &["damaged", "earlier backup"]),
        ("stub.db", &["damaged", "earlier backup"]),
        ("spot.db", &["damaged", "earlier backup"]),
        ("bookmarks.db", &["another program's", "another file"]),
        ("newer.db", &["newer maitred", "999", "upgrade"]),
    ] {
        let words = run(folder.path(), &["restore", file]).await.badly(because);
        assert!(words.contains(&folder.path().join(file).display().to_string()), "{words}");
        assert!(contents(folder.path()) == before, "{file} has changed something: {:?}", names(folder.path()));
    }
    let elsewhere = ["restore", "monday.db", "--database", "sqlite:bookmarks.db"];
    run(folder.path(), &elsewhere).await.badly(&["bookmarks.db", "another program's", "another file"]);
    let nowhere = ["restore", "monday.db", "--database", "sqlite:no/such/folder/maitred.db"];
    run(folder.path(), &nowhere).await.badly(&["no/such/folder/maitred.db", "folder exist"]);
    let memory = ["restore", "monday.db", "--database", "sqlite::memory:"];
    run(folder.path(), &memory).await.badly(&["memory", "--database"]);
    assert!(contents(folder.path()) == before, "{:?}", names(folder.path()));
}

#[tokio::test]
async fn what_a_killed_server_left_in_its_journal_is_kept_and_not_carried_into_the_restored_database() {
    let (folder, database) = house().await;
    let serving = serve(folder.path()).await;
    add(&serving, 16..21).await;
    serving.program.signal("KILL");
    serving.program.ended().await;
    let journal = folder.path().join("maitred.db-wal");
    assert!(fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0), "a journal to be left");
    // With nobody there to serve it, it can still be backed up as it is.
    run(folder.path(), &["backup", "tuesday.db"]).await.well();
    assert_eq!(Told::by(&folder.path().join("tuesday.db")).head, 20);

    let said = run(folder.path(), &["restore", "monday.db"]).await.well();
    assert!(!journal.exists(), "{:?}", names(folder.path()));
    assert_eq!(Told::by(&kept(&said)).head, 20);
    let restored = Told::by(&database);
    assert_eq!((restored.head, restored.guests.len()), (10, 10));
    goes_on_after_ten(folder.path()).await;
}

#[tokio::test]
async fn a_database_that_can_not_even_be_opened_is_moved_aside_with_its_journal() {
    let (folder, database) = house().await;
    let serving = serve(folder.path()).await;
    add(&serving, 16..21).await;
    serving.program.signal("KILL");
    serving.program.ended().await;
    let journal = fs::read(folder.path().join("maitred.db-wal")).expect("a journal");
    let mut broken = fs::read(&database).expect("a database");
    broken[..4096].fill(0);
    fs::write(&database, &broken).expect("a broken database");
    // A journal that is whole would heal it.
    let rubbish = vec![7; journal.len()];
    fs::write(folder.path().join("maitred.db-wal"), &rubbish).expect("a broken journal");
    fs::remove_file(folder.path().join("maitred.db-shm")).expect("no index");

    let said = run(folder.path(), &["restore", "monday.db"]).await.well();
    let former = kept(&said);
    assert!(fs::read(&former).expect("a file") == broken);
    assert!(fs::read(format!("{}-wal", former.display())).expect("a journal") == rubbish);
    assert_eq!(Told::by(&database).head, 10);
    goes_on_after_ten(folder.path()).await;
}

#[tokio::test]
async fn a_journal_without_its_database_is_moved_aside_too() {
    let (folder, database) = house().await;
    let serving = serve(folder.path()).await;
    add(&serving, 16..21).await;
    serving.program.signal("KILL");
    serving.program.ended().await;
    let journal = fs::read(folder.path().join("maitred.db-wal")).expect("a journal");
    fs::remove_file(&database).expect("a database to lose");
    let said = run(folder.path(), &["restore", "monday.db"]).await.well();
    let former = format!("{}-wal", kept(&said).display());
    assert!(fs::read(former).expect("a journal") == journal);
    assert_eq!(Told::by(&database).head, 10);
}

#[tokio::test]
async fn a_backup_can_be_restored_where_there_is_no_database_and_through_a_link() {
    let (folder, database) = house().await;
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let said = run(&elsewhere, &["restore", "../monday.db"]).await.well();
    assert!(!said.contains("kept"), "{said}");
    assert_eq!(names(&elsewhere), ["maitred.db"].map(str::to_owned).into());
    assert_eq!(Told::by(&elsewhere.join("maitred.db")).head, 10);

    symlink(&database, elsewhere.join("link.db")).expect("a link");
    let said = run(&elsewhere, &["restore", "../monday.db", "--database", "sqlite:link.db"]).await.well();
    assert_eq!(kept(&said).parent(), database.parent());
    assert!(elsewhere.join("link.db").is_symlink());
    assert_eq!(Told::by(&database).head, 10);
}

#[tokio::test]
async fn a_backup_of_an_earlier_release_is_brought_up_to_date() {
    let (folder, database) = house().await;
    turn_back(&folder.path().join("monday.db"));
    let backup = fs::read(folder.path().join("monday.db")).expect("a backup");
    run(folder.path(), &["restore", "monday.db"]).await.well();
    assert!(fs::read(folder.path().join("monday.db")).expect("a backup") == backup, "left as it is");
    assert_eq!(Told::by(&database).head, 10);
    goes_on_after_ten(folder.path()).await;
}
