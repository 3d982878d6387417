//! `maitred backup` and `maitred restore`: a copy that is whole, and a way back that loses nothing on its way.

mod restoring;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    common::{Http, PATIENCE},
    program::{Program, Serving, folder},
    shutdown::add_guests,
};

const ANY_PORT: &str = "127.0.0.1:0";

/// What a database file says of `bistro`, read as SQLite alone reads it.
struct Told {
    head: u64,
    epoch: String,
    /// The ids of those whom the log tells of.
    logged: Vec<String>,
    /// Those who are there, by id, as the log tells of them.
    guests: BTreeMap<String, Value>,
}

impl Told {
    /// Reads a file that is whole: what it holds agrees, and its log has no hole.
    fn by(path: &Path) -> Self {
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a database");
        let check: String = file.query_row("PRAGMA integrity_check", (), |row| row.get(0)).expect("a check");
        assert_eq!(check, "ok");
        let (head, epoch) = file
            .query_row("SELECT head, epoch FROM restaurants WHERE id = 'bistro'", (), |row| {
                Ok((row.get::<_, u64>(0)?, row.get(1)?))
            })
            .expect("a restaurant");
        let pairs = |sql: &str| -> Vec<(Value, String)> {
            let mut rows = file.prepare(sql).expect("rows");
            let rows = rows.query_map((), |row| Ok((row.get::<_, String>(1)?, row.get::<_, String>(0)?)));
            let rows = rows.expect("rows").map(|row| row.expect("texts"));
            rows.map(|(body, key)| (body.parse().expect("JSON"), key)).collect()
        };
        let log = pairs("SELECT seq || '', message FROM log ORDER BY seq");
        let numbers: Vec<String> = log.iter().map(|(_, seq)| seq.clone()).collect();
        assert_eq!(numbers, (1..=head).map(|seq| seq.to_string()).collect::<Vec<_>>(), "up to the head without a hole");
        let id = |message: &Value| message["guest_id"].as_str().expect("an id").to_owned();
        let folded = log.iter().map(|(message, _)| (id(message), message["data"].clone())).collect();
        let guests: BTreeMap<_, _> =
            pairs("SELECT id, body FROM guests").into_iter().map(|(body, id)| (id, body)).collect();
        assert_eq!(guests, folded, "the log tells what the rows say");
        Self { head, epoch, logged: log.iter().map(|(message, _)| id(message)).collect(), guests }
    }
}

/// `maitred` in a folder, until it ends.
async fn run(folder: &Path, arguments: &[&str]) -> crate::program::Ended {
    Program::maitred(folder, arguments).ended().await
}

async fn serve(folder: &Path) -> Serving {
    Serving::start(folder, ANY_PORT).await
}

async fn stop(serving: Serving) {
    serving.program.signal("TERM");
    serving.program.ended().await.well();
}

async fn add(serving: &Serving, ids: std::ops::Range<u64>) {
    let mut http = Http::connect(serving.address).await;
    for id in ids {
        let body = json!({ "id": format!("guest-{id}"), "guestName": "Rivera", "partySize": 2 });
        http.post("/restaurants/bistro/guests", body).await.ok();
    }
}

/// A folder with the database `maitred.db` of ten guests, its backup `monday.db`, and then five guests more.
async fn house() -> (tempfile::TempDir, PathBuf) {
    let (folder, database) = folder();
    let serving = serve(folder.path()).await;
    add(&serving, 1..11).await;
    run(folder.path(), &["backup", "monday.db"]).await.well();
    add(&serving, 11..16).await;
    stop(serving).await;
    (folder, database)
}

/// What is in a folder, by name; lock files aside, which say nothing.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.is_file() && path.extension().is_none_or(|extension| extension != "lock"));
    files.map(|path| (name(&path), fs::read(&path).expect("a file"))).collect()
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned()
}

fn names(folder: &Path) -> BTreeSet<String> {
    contents(folder).into_keys().collect()
}

/// Where a restore says that the former database is.
fn kept(said: &str) -> PathBuf {
    let (_, rest) = said.split_once("is kept in ").unwrap_or_else(|| panic!("nothing kept: {said}"));
    rest.lines().next().and_then(|line| line.strip_suffix('.')).expect("a path").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_busy_server_has_every_write_that_was_answered_before_it_began() {
    let (folder, database) = folder();
    let serving = serve(folder.path()).await;
    let (sender, mut answers) = mpsc::unbounded_channel();
    for writer in 0..8 {
        tokio::spawn(add_guests(serving.address, writer, sender.clone()));
    }
    drop(sender);
    let mut answered = Vec::new();
    for backup in ["one.db", "two.db", "three.db"] {
        for _ in 0..100 {
            answered.push(timeout(PATIENCE, answers.recv()).await.expect("in time").expect("an answer"));
        }
        while let Ok(id) = answers.try_recv() {
            answered.push(id);
        }
        let said = run(folder.path(), &["backup", backup]).await.well();
        let path = database.with_file_name(backup);
        let expected = format!("Backed up {} to {}: 1 restaurant, ", database.display(), path.display());
        assert!(said.starts_with(&expected) && said.lines().count() == 1, "{said}");
        let told = Told::by(&path);
        for id in &answered {
            assert!(told.guests.contains_key(id), "{id} is not in {backup}");
        }
        assert_eq!(told.logged.len(), told.guests.len(), "each of them once");
    }
    // They wrote on meanwhile, and still do.
    let next = timeout(PATIENCE, answers.recv()).await.expect("in time");
    assert!(next.is_some(), "a server that goes on");
    stop(serving).await;
    let files = names(folder.path());
    assert_eq!(files, ["maitred.db", "one.db", "three.db", "two.db"].map(str::to_owned).into(), "and nothing else");
}

#[tokio::test]
async fn what_can_not_be_backed_up_is_refused_with_the_reason_and_changes_nothing() {
    let (folder, _) = house().await;
    let backup = fs::read(folder.path().join("monday.db")).expect("a backup");
    fs::write(folder.path().join("letter.db"), "Dear Sir or Madam, ".repeat(1_000)).expect("a file");
    fs::write(folder.path().join("empty.db"), "").expect("a file");
    fs::write(folder.path().join("truncated.db"), &backup[..backup.len() / 2]).expect("a file");
    let other = Connection::open(folder.path().join("bookmarks.db")).expect("a database");
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").expect("a table");
    other.close().expect("a file");
    let before = contents(folder.path());
    for (file, database, because) in [
        ("new.db", "missing.db", &["there is no database at", "missing.db", "--database"][..]),
        ("new.db", ":memory:", &["memory", "no other process", "--database"]),
        ("new.db", "letter.db", &["letter.db", "not a SQLite database"]),
        ("new.db", "empty.db", &["empty.db", "it is empty"]),
        ("new.db", "bookmarks.db", &["bookmarks.db", "another program's"]),
        ("new.db", "truncated.db", &["truncated.db", "damaged", "earlier backup"]),
        ("monday.db", "maitred.db", &["monday.db", "there already", "another file"]),
        ("maitred.db", "maitred.db", &["maitred.db", "there already", "another file"]),
        ("no/new.db", "maitred.db", &["no/new.db", "folder exist"]),
    ] {
        let url = format!("sqlite:{database}");
        run(folder.path(), &["backup", file, "--database", &url]).await.badly(because);
        // Reading a database that nobody serves may leave the two files beside it that a server uses, empty.
        let mut after = contents(folder.path());
        after.retain(|name, _| !name.ends_with("-wal") && !name.ends_with("-shm"));
        assert!(after == before, "{file} of {database} has changed something: {:?}", names(folder.path()));
    }
}

#[tokio::test]
async fn copies_are_readable_by_whom_the_database_is() {
    let (folder, database) = house().await;
    let mode = |name: &str| fs::metadata(folder.path().join(name)).expect("a file").permissions().mode() & 0o777;
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).expect("a mode");
    run(folder.path(), &["backup", "tuesday.db"]).await.well();
    assert_eq!(mode("tuesday.db"), 0o600);
    assert_ne!(mode("monday.db"), 0o600, "a backup from before");
    run(folder.path(), &["restore", "monday.db"]).await.well();
    assert_eq!(mode("maitred.db"), 0o600);
}

#[tokio::test]
async fn what_an_interrupted_backup_or_restore_left_is_written_over_but_not_what_another_is_writing() {
    let (folder, database) = house().await;
    for stale in
        ["tuesday.db.partial", "tuesday.db.partial-journal", "maitred.db.restoring", "maitred.db.restoring-wal"]
    {
        fs::write(folder.path().join(stale), "half a file").expect("a file");
    }
    let partial = File::open(folder.path().join("tuesday.db.partial")).expect("a file");
    partial.lock().expect("a lock");
    let refused = run(folder.path(), &["backup", "tuesday.db"]).await;
    refused.badly(&["tuesday.db.partial", "another maitred", "another file"]);
    assert_eq!(fs::read(folder.path().join("tuesday.db.partial")).expect("a file"), b"half a file");
    drop(partial);
    run(folder.path(), &["backup", "tuesday.db"]).await.well();
    let said = run(folder.path(), &["restore", "tuesday.db"]).await.well();
    let expected = ["maitred.db", "monday.db", "tuesday.db", &name(&kept(&said))].map(str::to_owned).into();
    assert_eq!(names(folder.path()), expected);
    assert_eq!(Told::by(&database).head, 15);
}

#[tokio::test]
async fn the_help_says_what_becomes_of_the_files_and_of_the_devices() {
    let (folder, _) = folder();
    for (arguments, essentials) in [
        (["--help", "--"], &["backup", "restore", "while it runs"][..]),
        (["backup", "--help"], &["while the server runs", "never overwritten", "--database", "maitred restore"]),
        (
            ["restore", "--help"],
            &["while no server runs", "kept beside it", "floor anew", "--database", "maitred backup"],
        ),
    ] {
        let help = run(folder.path(), &arguments).await.well();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in essentials {
            assert!(help.contains(words), "nothing of {words:?} in the help of {arguments:?}:\n{help}");
        }
    }
}
