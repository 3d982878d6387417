//! What the database refuses: the caller is told, and nobody else is harmed.

use futures_util::future::join_all;
use maitred::{
    access::{Right, Token},
    store::WriteError,
};
use serde_json::json;
use tokio::join;
use tokio_postgres::Client;

use crate::{
    common::RESTAURANT,
    engines::Postgres,
    nodes::{add, adding, guarded_node, log, names, node, past, token_of, unavailable},
};

/// Has the database start anew with its settings, as a fail-over does.
async fn set(past: &Client, setting: &str) {
    let database: String = past.query_typed_one("SELECT current_database()", &[]).await.expect("a row").get(0);
    past.batch_execute(&format!("ALTER DATABASE {database} {setting}")).await.expect("a setting");
    let all = "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    past.batch_execute(all).await.expect("an end");
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_read_and_says_so_to_those_who_write() {
    let url = Postgres::shared().await.database().await;
    let (server, past) = join!(node(&url), past(&url));
    let mut http = server.http().await;
    add(&mut http, RESTAURANT, "before").await.ok();
    set(&past, "SET default_transaction_read_only = on").await;
    let problem = unavailable(add(&mut http, RESTAURANT, "during").await);
    let detail = problem["detail"].as_str().expect("words");
    assert!(detail.contains("takes no writes now, as a standby does not"), "{detail}");
    assert!(detail.contains("Nothing was changed; try again."), "{detail}");
    unavailable(http.post(&format!("/restaurants/{RESTAURANT}/pairing_codes"), json!({})).await);
    assert_eq!(names(&log(&mut http, RESTAURANT).await), ["before"]);
    set(&past, "RESET default_transaction_read_only").await;
    add(&mut http, RESTAURANT, "after").await.ok();
}

#[tokio::test]
async fn a_server_that_would_see_everything_as_of_one_moment_is_told_how_writes_see_it() {
    let url = Postgres::shared().await.database().await;
    let past = past(&url).await;
    set(&past, "SET default_transaction_isolation = 'serializable'").await;
    let (one, other) = join!(node(&url), node(&url));
    let write = async |writer: usize| {
        let mut http = if writer.is_multiple_of(2) { &one } else { &other }.http().await;
        for index in 0..10 {
            add(&mut http, RESTAURANT, &format!("{writer}/{index}")).await.ok();
        }
    };
    join_all((0..8).map(write)).await;
    assert_eq!(log(&mut one.http().await, RESTAURANT).await.len(), 80);
}

#[tokio::test]
async fn a_name_that_the_database_cannot_hold_fails_its_bearer_and_none_of_those_committed_with_it() {
    let url = Postgres::shared().await.database().await;
    let server = guarded_node(&url).await;
    let write = async |index: usize| {
        let name = if index % 10 == 5 { "Ada\0Lovelace" } else { "Ada" };
        let identity = server.access.identify(Some(&Token(token_of(name)))).await.expect("somebody known");
        let permit = identity.permit(Right::Own, RESTAURANT).expect("a permit");
        server.store.execute(adding(&permit, &format!("g{index}"))).await
    };
    // Asked for at once, so that they wait together.
    for (index, outcome) in join_all((0..50).map(write)).await.into_iter().enumerate() {
        match (index % 10, outcome) {
            (5, Err(WriteError::Store(error))) => {
                assert!(error.for_clients().contains("can't hold a character in it"), "{error}");
                assert!(!error.is_in_doubt() && !error.may_pass(), "nothing was changed, and nothing will be");
            }
            (_, outcome) => _ = outcome.expect("a guest"),
        }
    }
    let mut http = server.http().await;
    let bearer = format!("Bearer {}", token_of("Ada\0Lovelace"));
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let path = format!("/restaurants/{RESTAURANT}/pairing_codes");
    let problem = http.send("POST", &path, &headers, "{}").await.json();
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("U+0000")), "{problem}");
}
