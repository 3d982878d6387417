//! PgBouncer between a client and a cluster, with few connections to share and its other settings as they come.

use std::fs;

use super::{
    postgres::{Postgres, USER},
    process::{self, Engine, Program},
};

/// A pool of its own, which may hand a connection to another client after each transaction. It is ended when it is
/// dropped.
pub(crate) struct PgBouncer {
    engine: Engine,
    /// Of the cluster behind it.
    behind: u16,
}

impl PgBouncer {
    /// In front of all databases of a cluster, with four connections to each.
    pub(crate) async fn start(postgres: &Postgres) -> Self {
        let path = process::program("pgbouncer", "pgbouncer");
        let (folder, behind) = (process::folder(), postgres.port());
        let settings = folder.path().join("pgbouncer.ini");
        let server = Program { path, ready: "process up", end: "KILL" };
        let engine = Engine::start(server, folder, |port| {
            fs::write(&settings, ini(port, behind)).expect("a file in our own folder");
            vec!["pgbouncer.ini".to_owned()]
        });
        Self { engine: engine.await, behind }
    }

    /// `postgres://maitred@127.0.0.1:PORT/DATABASE`
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.engine.port())
    }

    /// The way through this pool to the database with this URL.
    pub(crate) fn url_of(&self, database_url: &str) -> String {
        let (direct, pooled) = (format!(":{}/", self.behind), format!(":{}/", self.engine.port()));
        assert!(database_url.contains(&direct), "{database_url} is not of the cluster behind this pool");
        database_url.replacen(&direct, &pooled, 1)
    }
}

fn ini(port: u16, behind: u16) -> String {
    format!(
        "[databases]
* = host=127.0.0.1 port={behind} user={USER}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
"
    )
}
