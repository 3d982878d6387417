//! The databases that the contract is told on, and a way into each that does not lead through the store.

use maitred::{config::Database, store::Store};
use rusqlite::{Connection, types::ValueRef};
use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::{create_restaurant, open};
use crate::engines::Postgres;

/// An empty database of its own.
pub(super) struct Place {
    /// What it is, for who reads of a failure.
    pub(super) name: &'static str,
    pub(super) database: Database,
    /// None where it is a file.
    url: Option<String>,
    folder: TempDir,
}

impl Place {
    /// One of each kind that outlives its store.
    pub(super) async fn each() -> [Self; 2] {
        let folder = || tempfile::tempdir().expect("a folder");
        let (file, url) = (folder(), Postgres::shared().await.database().await);
        let path = Database::File(file.path().join("maitred.db"));
        let server = url.parse().expect("a URL");
        [
            Self { name: "a file", database: path, url: None, folder: file },
            Self { name: "PostgreSQL", database: server, url: Some(url), folder: folder() },
        ]
    }

    pub(super) async fn open(&self) -> Store {
        open(&self.database).await.expect("a store")
    }

    /// A store with one restaurant.
    pub(super) async fn store(&self) -> Store {
        let store = self.open().await;
        store.execute(create_restaurant()).await.expect("a restaurant");
        store
    }

    /// What there is behind the store's back, each column as a text.
    pub(super) async fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let Some(url) = &self.url else { return self.query_file(sql) };
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let mut rows = Vec::new();
        for message in client.simple_query(sql).await.expect("an answer") {
            if let SimpleQueryMessage::Row(row) = message {
                rows.push((0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect());
            }
        }
        rows
    }

    fn query_file(&self, sql: &str) -> Vec<Vec<String>> {
        let file = Connection::open(self.folder.path().join("maitred.db")).expect("a database");
        let mut statement = file.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let mut rows = statement.query(()).expect("an answer");
        let mut found = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            let text = |column| match row.get_ref(column).expect("a column") {
                ValueRef::Null => String::new(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            };
            found.push((0..columns).map(text).collect());
        }
        found
    }

    /// A number that a query finds.
    pub(super) async fn number(&self, sql: &str) -> u64 {
        self.query(sql).await[0][0].parse().expect("a whole number")
    }

    /// Has the database fail on one guest, as a disk would with a bad spot, until [`Self::repair`].
    pub(super) async fn sabotage(&self) {
        let file = "CREATE TRIGGER bad_spot AFTER INSERT ON guests WHEN NEW.id = 'bad'
                    BEGIN SELECT RAISE(ABORT, 'a bad spot'); END";
        let server = "CREATE FUNCTION bad_spot() RETURNS trigger LANGUAGE plpgsql
                      AS $$ BEGIN RAISE EXCEPTION 'a bad spot'; END $$;
                      CREATE TRIGGER bad_spot AFTER INSERT ON guests FOR EACH ROW WHEN (NEW.id = 'bad')
                      EXECUTE FUNCTION bad_spot()";
        self.query(if self.url.is_some() { server } else { file }).await;
    }

    pub(super) async fn repair(&self) {
        self.query(if self.url.is_some() { "DROP TRIGGER bad_spot ON guests" } else { "DROP TRIGGER bad_spot" }).await;
    }
}
