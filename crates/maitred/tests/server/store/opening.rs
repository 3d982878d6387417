//! What a store opens, and what it tells the person whose file it can't open.

use std::{fs, os::unix::fs::symlink, path::Path};

use maitred::store::StoreError;
use rusqlite::Connection;

use super::{create_restaurant, open_file, restaurants};

/// Why a file can't be opened, in words that name the file.
#[track_caller]
fn refused(path: &Path) -> String {
    match open_file(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error @ StoreError::Open { .. }) => {
            let words = error.to_string();
            assert!(words.contains(&path.display().to_string()), "{words}");
            words
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_is_open_once_whatever_path_leads_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (real, link) = (folder.path().join("real.db"), folder.path().join("link.db"));
    // The link is there before the file that it leads to.
    symlink(&real, &link).expect("a link");
    fs::create_dir(folder.path().join("sub")).expect("a folder");
    let around = folder.path().join("sub/../real.db");
    for (first, others) in [(&link, [&real, &link, &around]), (&real, [&link, &real, &around])] {
        let store = open_file(first).expect("a store");
        for path in others {
            let words = refused(path);
            assert!(words.contains(&format!("process {}", std::process::id())), "{words}");
        }
        store.close().await;
    }
    open_file(&around).expect("a lock that was let go");
}

#[tokio::test]
async fn a_closed_store_leaves_one_file_that_holds_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("maitred.db");
    let store = open_file(&path).expect("a store");
    store.execute(create_restaurant()).await.expect("a restaurant");
    restaurants(&store).await.expect("a read");
    store.close().await;
    assert!(!folder.path().join("maitred.db-wal").exists());
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).expect("a copy");
    let store = open_file(&copy).expect("a store");
    assert_eq!(restaurants(&store).await.expect("a read"), 1);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("letter.txt");
    let letter = "Dear Ana, ".repeat(1_000);
    fs::write(&path, &letter).expect("a file");
    let words = refused(&path);
    assert!(words.contains("not a SQLite database"), "{words}");
    assert_eq!(fs::read_to_string(&path).expect("a file"), letter);
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bookmarks.db");
    Connection::open(&path).expect("a database").execute_batch("CREATE TABLE bookmarks (url TEXT)").expect("a table");
    let before = fs::read(&path).expect("a file");
    let words = refused(&path);
    assert!(words.contains("another program's"), "{words}");
    assert_eq!(fs::read(&path).expect("a file"), before);
}

#[tokio::test]
async fn the_database_of_a_newer_maitred_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("maitred.db");
    open_file(&path).expect("a store").close().await;
    Connection::open(&path).expect("a database").pragma_update(None, "user_version", 999).expect("a version");
    let words = refused(&path);
    assert!(words.contains("newer") && words.contains("999") && words.contains("upgrade"), "{words}");
}

#[test]
fn a_file_that_can_be_neither_found_nor_made_is_named_with_what_to_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    for path in [folder.path().join("missing/maitred.db"), file.join("maitred.db"), folder.path().to_owned()] {
        let words = refused(&path);
        assert!(words.contains("folder"), "{words}");
    }
    assert!(!folder.path().join("missing").exists(), "a folder that was misspelt is not made");
}

#[test]
fn a_folder_that_may_not_be_written_is_named_with_what_to_check() {
    // Nobody may make files here, not even root, which ordinary permissions don't keep out.
    let path = Path::new("/proc/maitred.db");
    if path.parent().is_some_and(Path::exists) {
        let words = refused(path);
        assert!(words.contains("may this user write there"), "{words}");
    }
}

#[tokio::test]
async fn the_journal_is_a_write_ahead_log_in_a_file_that_bears_our_mark() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("maitred.db");
    let store = open_file(&path).expect("a store");
    store.execute(create_restaurant()).await.expect("a restaurant");
    let connection = Connection::open(&path).expect("a database");
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a mode");
    let mark: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).expect("a mark");
    assert_eq!((mode.as_str(), mark.to_be_bytes()), ("wal", *b"mtrd"));
}
