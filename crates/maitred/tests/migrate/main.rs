//! Moving from a SQLite file to a PostgreSQL server, and what is to be said when either is set back: by the real binary, with
//! files that a real server has written, to a real PostgreSQL.

#[path = "../server/common.rs"]
mod common;
#[path = "../engines/engines.rs"]
mod engines;
#[path = "../server/program.rs"]
mod program;
#[path = "../server/store/turn_back.rs"]
mod turn_back;

mod details;
mod interrupted;
mod new_epoch;
mod refused;
mod resuming;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use common::{Answer, Device, Http};
use program::{Ended, Program, Serving, folder};

/// The file that restaurants move out of, in the folder of a [`House`].
const FILE: &str = "sqlite:maitred.db";

/// A folder with `maitred.db`, and the secret that lets its owner in.
struct House {
    folder: TempDir,
    owner: String,
}

impl House {
    /// Without any database yet.
    async fn new() -> Self {
        let (folder, _) = folder();
        run(folder.path(), &["secret", "maitred.secret"]).await.well();
        let token = ["token", "--token-secret-file", "maitred.secret", "--role", "owner", "--subject", "Ana"];
        let owner = run(folder.path(), &token).await.well().trim().to_owned();
        Self { folder, owner }
    }

    /// With a database of these restaurants, each of which has one guest, `g`.
    async fn with(restaurants: &[&str]) -> Self {
        let house = Self::new().await;
        let more: Vec<&str> = restaurants.iter().flat_map(|id| ["--restaurant", *id]).collect();
        let serving = house.serve(FILE, &more).await;
        let mut owner = house.owner(&serving).await;
        for id in restaurants {
            let guest = json!({ "id": "g", "guestName": "Rivera", "partySize": 2 });
            owner.ask("POST", &format!("/restaurants/{id}/guests"), guest).await.ok();
        }
        stop(serving).await;
        house
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file, as SQLite alone sees it.
    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path().join("maitred.db")).expect("a database")
    }

    async fn serve(&self, database: &str, more: &[&str]) -> Serving {
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--token-secret-file", "maitred.secret", "--database", database];
        Serving::listening(Program::maitred(self.path(), &[&serve, more].concat())).await
    }

    async fn owner(&self, serving: &Serving) -> Caller {
        Caller { http: Http::connect(serving.address).await, token: self.owner.clone() }
    }

    /// Runs `maitred migrate` to the end.
    async fn migrate(&self, to: &str, more: &[&str]) -> Ended {
        run(self.path(), &[&["migrate", "--from", FILE, "--to", to], more].concat()).await
    }

    /// A device of `bistro` that comes back, and what it is acknowledged with.
    async fn come_back(&self, serving: &Serving, since: u64, epoch: &str) -> (Device, Value) {
        let query = format!("?restaurant_id=bistro&since={since}&epoch={epoch}");
        let mut device = Device::connect_as(serving.address, &query, Some(&self.owner)).await;
        let ack = device.expect("restaurant_connect").await;
        (device, ack)
    }
}

/// Someone with a token.
struct Caller {
    http: Http,
    token: String,
}

impl Caller {
    async fn ask(&mut self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(method, path, &[], body).await
    }

    async fn ask_with(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.http.send(method, path, &[&headers, more].concat(), body.to_string()).await
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, Value::Null).await
    }
}

/// `maitred` in a folder, until it ends.
async fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Program::maitred(folder, arguments).ended().await
}

async fn stop(serving: Serving) {
    serving.program.signal("TERM");
    serving.program.ended().await.well();
}

/// The database itself, as PostgreSQL alone sees it.
async fn postgres(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a server that takes connections");
    tokio::spawn(connection);
    client
}

/// The first number that a question is answered with.
async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect("an answer").get(0)
}
