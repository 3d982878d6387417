//! A PostgreSQL cluster: empty databases by the dozen, and a server that crashes when told to.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

use super::process::{self, Engine, Process, Program};

/// Where Debian keeps the programs of each version, in `{version}/bin`.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The superuser, who needs no password.
pub(super) const USER: &str = "maitred";

/// A cluster of its own. It is ended, and its files are removed, when it is dropped.
pub(crate) struct Postgres {
    engine: Engine,
    databases: AtomicUsize,
}

impl Postgres {
    /// With Debian's settings, but for 300 connections.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more arguments for the server, such as `["-c", "fsync=off"]`.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        let (folder, programs) = (process::folder(), programs());
        // Without a sync: a machine that loses its power loses its tests as well.
        let initdb = Program { path: programs.join("initdb"), ready: "", end: "KILL" };
        let layout = ["-D", "data", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
        Process::spawn(&initdb, &layout.map(str::to_owned), folder.path()).succeeded().await;

        // Told to quit, it takes all of its backends with it. Killed, it would leave behind those that are busy.
        let server = Program {
            path: programs.join("postgres"),
            ready: "database system is ready to accept connections",
            end: "QUIT",
        };
        let engine = Engine::start(server, folder, |port| {
            let port = port.to_string();
            let own = ["-D", "data", "-h", "127.0.0.1", "-p", &port, "-k", "", "-N", "300"];
            own.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect()
        });
        Self { engine: engine.await, databases: AtomicUsize::new(0) }
    }

    /// The cluster of all tests in this process that need no more than a database of their own. It ends with the
    /// process, however that ends. The next process that starts an engine removes its files.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// `postgres://maitred@127.0.0.1:PORT/DATABASE`
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port())
    }

    /// Creates an empty database that nobody else has; returns its URL.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let (client, connection) =
            tokio_postgres::connect(&self.url("postgres"), NoTls).await.expect("a server that takes connections");
        let connection = tokio::spawn(connection);
        // By the default strategy: the other one, which copies files, takes two checkpoints of the whole cluster, and
        // two to four times as long.
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a new database");
        drop(client);
        connection.await.expect("no panic").expect("a connection that closes in good order");
        self.url(&name)
    }

    /// Ends it as a crash does: nothing is written any more, and the next start recovers from the log.
    pub(crate) async fn crash(&mut self) {
        self.engine.end("QUIT").await;
    }

    /// Ends it in good order, without waiting for its clients to leave.
    pub(crate) async fn stop(&mut self) {
        self.engine.end("INT").await;
    }

    /// Starts it on the same data and port after a [`Self::crash`] or [`Self::stop`]; waits until it takes queries.
    pub(crate) async fn start_again(&mut self) {
        self.engine.start_again().await;
    }

    /// Stops the time of the server and of all of its backends, until [`Self::thaw`].
    pub(crate) fn freeze(&mut self) {
        self.engine.freeze();
    }

    pub(crate) fn thaw(&mut self) {
        self.engine.thaw();
    }

    pub(super) fn port(&self) -> u16 {
        self.engine.port()
    }
}

/// The folder of the highest version's programs.
fn programs() -> PathBuf {
    let entries = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let versions = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let folders = versions.map(|version| (version, Path::new(VERSIONS).join(version.to_string()).join("bin")));
    let highest = folders.filter(|(_, folder)| folder.join("postgres").exists()).max();
    highest.unwrap_or_else(|| panic!("no PostgreSQL in {VERSIONS}: install Debian's package `postgresql`")).1
}
