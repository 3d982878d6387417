//! What group commit is worth: writes a second on this machine, from bare SQLite up to HTTP, in one run, so that the
//! figures can be compared with each other. `cargo bench --bench commits`; a number after `--` sets the seconds a line.

#[path = "../tests/server/common.rs"]
mod common;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use common::{Http, RESTAURANT, TestServer, guest};
use floor::{Command, Expectation, GuestPatch, Id, Operation, Purpose, Step};
use maitred::{
    dispatch::{Caller, dispatch},
    store::Store,
};
use rusqlite::Connection;
use serde_json::{Value, json};

/// How many write at once where it is not one.
const MANY: usize = 64;

/// Rows in a commit of the grouped raw figure.
const RAW_GROUP: usize = 32;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(3.0);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let bench = Bench { time: Duration::from_secs_f64(seconds) };

    println!("{:<52} {:>10}", format!("writes a second, {seconds} s a line"), "");
    let single = bench.raw(1);
    report("SQLite, a row a commit (WAL, FULL)", single);
    let grouped = bench.raw(RAW_GROUP);
    report(&format!("SQLite, {RAW_GROUP} rows a commit"), grouped);
    let store_one = runtime.block_on(bench.store(1));
    report("store, 1 caller", store_one);
    let store_many = runtime.block_on(bench.store(MANY));
    report(&format!("store, {MANY} callers"), store_many);
    let http_one = runtime.block_on(bench.http(1));
    report("HTTP, 1 writer", http_one);
    let http_many = runtime.block_on(bench.http(MANY));
    report(&format!("HTTP, {MANY} writers"), http_many);

    println!();
    ratio(&format!("store, {MANY} callers to 1"), store_many / store_one);
    ratio(&format!("store, {MANY} callers, to SQLite's rows in groups"), store_many / grouped);
    ratio(&format!("HTTP, {MANY} writers to 1"), http_many / http_one);
}

fn report(what: &str, per_second: f64) {
    println!("{what:<52} {per_second:>10.0}");
}

fn ratio(what: &str, ratio: f64) {
    println!("{what:<52} {ratio:>10.2}");
}

struct Bench {
    /// How long each figure is taken.
    time: Duration,
}

impl Bench {
    /// Bare SQLite: rows a second, so many to a commit, each a few numbers and a short text.
    fn raw(&self, group: usize) -> f64 {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = open_raw(&folder.path().join("raw.db")).expect("a database");
        let mut insert = connection.prepare("INSERT INTO raw (text) VALUES (?1)").expect("a statement");
        let begun = Instant::now();
        let mut rows = 0;
        while begun.elapsed() < self.time {
            connection.execute_batch("BEGIN IMMEDIATE").expect("begin");
            for _ in 0..group {
                insert.execute(["a row of bare SQLite"]).expect("insert");
            }
            connection.execute_batch("COMMIT").expect("commit");
            rows += group;
        }
        rows as f64 / begun.elapsed().as_secs_f64()
    }

    /// The store through its own API: commands a second, each a guest's change of status.
    async fn store(&self, callers: usize) -> f64 {
        let server = server_with_guests(callers).await;
        let done = self
            .many(callers, |caller, turns| {
                let store = server.store.clone();
                async move {
                    let id: Id = format!("guest-{caller}").parse().expect("an id");
                    for status in turns {
                        change_status(&store, &id, status).await;
                    }
                }
            })
            .await;
        server.stopped().await;
        done
    }

    /// The same over HTTP, each writer on a connection of its own.
    async fn http(&self, writers: usize) -> f64 {
        let server = server_with_guests(writers).await;
        let address = server.address;
        let done = self
            .many(writers, |writer, turns| async move {
                let mut http = Http::connect(address).await;
                let path = guest(&format!("guest-{writer}"));
                for status in turns {
                    http.put(&path, status).await.ok();
                }
            })
            .await;
        server.stopped().await;
        done
    }

    /// Runs `count` writers side by side until the time is up; what they did a second.
    async fn many<F: Future<Output = ()> + Send + 'static>(
        &self,
        count: usize,
        writer: impl Fn(usize, Turns) -> F,
    ) -> f64 {
        let done = Arc::new(AtomicU64::new(0));
        let begun = Instant::now();
        let writers: Vec<_> =
            (0..count).map(|index| tokio::spawn(writer(index, turns(begun + self.time, Arc::clone(&done))))).collect();
        for writer in writers {
            writer.await.expect("a writer that does not panic");
        }
        done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
    }
}

/// Bodies that each change something.
type Turns = Box<dyn Iterator<Item = Value> + Send>;

/// Bodies until the time is up, counted: a writer carries out each one that it is given.
fn turns(until: Instant, done: Arc<AtomicU64>) -> Turns {
    let statuses = [json!({ "status": "arrived" }), json!({ "status": "waiting" })].into_iter().cycle();
    Box::new(statuses.take_while(move |_| Instant::now() < until).inspect(move |_| {
        done.fetch_add(1, Ordering::Relaxed);
    }))
}

/// A server with a guest for each writer, `guest-0` and so on.
async fn server_with_guests(count: usize) -> TestServer {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for guest in 0..count {
        http.add_guest(&format!("guest-{guest}"), 2).await;
    }
    server
}

fn open_raw(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE raw (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")?;
    Ok(connection)
}

async fn change_status(store: &Store, id: &Id, body: Value) {
    let patch = GuestPatch::read(id, body.as_object().expect("an object"), Purpose::Update);
    let operation = Operation::UpdateGuest(id.clone(), patch);
    let command = Command::Write(Step { operation, expects: Expectation::Any });
    dispatch(store, RESTAURANT, command, Caller::of_the_house()).await.expect("an outcome");
}
