//! Nodes that start: together, and where they can't.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tempfile::tempdir;

use crate::{
    common::RESTAURANT,
    engines::Postgres,
    nodes::{add, log, names, node, number, past},
    program::Program,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_nodes_that_start_together_on_an_empty_database_make_it_once_and_all_serve() {
    let url = Postgres::shared().await.database().await;
    let nodes = join_all((0..10).map(|_| node(&url))).await;
    let past = past(&url).await;
    assert_eq!(number(&past, "SELECT count(*) FROM maitred_schema").await, 1);
    assert_eq!(number(&past, "SELECT count(*) FROM restaurants").await, 1);
    let each = nodes.iter().enumerate().map(async |(index, node)| {
        add(&mut node.http().await, RESTAURANT, &format!("of node {index}")).await.ok();
    });
    join_all(each).await;
    let mut told = BTreeSet::new();
    for node in &nodes {
        told.insert(names(&log(&mut node.http().await, RESTAURANT).await));
    }
    assert_eq!(told, BTreeSet::from([(0..10).map(|index| format!("of node {index}")).collect()]));
}

/// What `maitred serve` says to a database that it can't serve.
async fn refused(url: &str, because: &[&str]) {
    let folder = tempdir().expect("a folder");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--database", url];
    let words = Program::maitred(folder.path(), &arguments).ended().await.badly(because);
    let address = url.rsplit('@').next().expect("an address");
    assert!(words.contains(&format!("can't open the database postgres://{address}: ")), "{words}");
    assert!(!words.contains("s3cret"), "{words}");
}

#[tokio::test]
async fn serve_says_what_is_wrong_with_the_database_and_what_to_do() {
    // A server of its own, since it is told to ask for passwords.
    let postgres = Postgres::start().await;
    let url = postgres.database().await;
    let past = past(&url).await;
    past.batch_execute(
        "CREATE ROLE locked LOGIN PASSWORD 'right';
         CREATE TABLE rules (rule text);
         INSERT INTO rules VALUES ('host all locked 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust');
         DO $$ BEGIN EXECUTE format('COPY rules TO %L', current_setting('hba_file')); END $$;
         DROP TABLE rules;
         SELECT pg_reload_conf()",
    )
    .await
    .expect("settings");
    let latin = "CREATE DATABASE letters ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    past.batch_execute(latin).await.expect("a database");
    let locked = url.replace("maitred@", "locked:s3cret@");
    refused(&locked, &["does not let this user in; check the user, the password", "password authentication failed"])
        .await;
    refused(
        &postgres.url("nowhere"),
        &["does not let this user in", "the database's name", "\"nowhere\" does not exist"],
    )
    .await;
    refused("postgres://maitred:s3cret@127.0.0.1:1/x", &["does not answer; see that it runs", "refused"]).await;
    refused(&postgres.url("letters"), &["its encoding is LATIN1", "ENCODING 'UTF8'"]).await;

    node(&url).await.stopped().await;
    past.batch_execute("UPDATE maitred_schema SET steps = 999").await.expect("a newer schema");
    // Whoever may only read is told the same.
    past.batch_execute("GRANT SELECT ON maitred_schema TO locked").await.expect("a right");
    for url in [url.clone(), url.replace("maitred@", "locked:right@")] {
        refused(&url, &["written by a newer maitred (schema 999", "upgrade this program"]).await;
    }
}
