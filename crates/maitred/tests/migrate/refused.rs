//! What can't move, and is told so with the reason: nothing has changed then, on either side.

use std::fs;

use rusqlite::Connection;
use serde_json::json;

use crate::{Ended, FILE, House, engines::Postgres, number, postgres, run, stop};

async fn migrate(house: &House, from: &str, to: &str) -> Ended {
    run(house.path(), &["migrate", "--from", from, "--to", to]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_not_be_moved_from_is_named_with_the_reason_and_left_as_it_is() {
    let house = House::with(&["annex", "bistro"]).await;
    let url = Postgres::shared().await.database().await;
    let whole = fs::read(house.path().join("maitred.db")).expect("a file");
    let write = |name: &str, bytes: &[u8]| fs::write(house.path().join(name), bytes).expect("a file");
    write("letter.db", "Dear Sir or Madam, ".repeat(1_000).as_bytes());
    write("empty.db", b"");
    write("half.db", &whole[..whole.len() / 2 / 4_096 * 4_096]);
    write("cut.db", &whole[..whole.len() - 1]);
    write("newer.db", &whole);
    write("nobody.db", &whole);
    write("muddled.db", &whole);
    let change = |name: &str, sql: &str| {
        let file = Connection::open(house.path().join(name)).expect("a database");
        file.execute_batch(sql).expect("a change");
        file.close().expect("a file");
    };
    change("newer.db", "PRAGMA user_version = 99");
    change("nobody.db", "DELETE FROM restaurants");
    change("muddled.db", "UPDATE guests SET body = '{\"guestName\": 555}' WHERE restaurant_id = 'annex'");
    change("bookmarks.db", "CREATE TABLE bookmarks (url TEXT)");
    for (file, because) in [
        ("missing.db", &["there is no database at", "missing.db", "--from"][..]),
        ("letter.db", &["can't move from", "letter.db", "not a SQLite database", "another file"]),
        ("empty.db", &["empty.db", "it is empty"]),
        ("half.db", &["half.db", "damaged", "earlier backup"]),
        ("cut.db", &["cut.db", "cut off", "`maitred restore`"]),
        ("newer.db", &["newer.db", "newer maitred (schema 99", "upgrade this program"]),
        ("nobody.db", &["nobody.db", "no restaurant", "--from"]),
        ("bookmarks.db", &["bookmarks.db", "another program's"]),
        ("muddled.db", &["1 restaurant could not move", "annex: it is damaged", "`maitred restore`"]),
    ] {
        let before = fs::read(house.path().join(file)).ok();
        let said = migrate(&house, &format!("sqlite:{file}"), &url).await.badly(because);
        assert!(!said.contains("555"), "{said}");
        assert_eq!(fs::read(house.path().join(file)).ok(), before, "{file}");
    }
    let database = postgres(&url).await;
    assert_eq!(number(&database, "SELECT count(*) FROM restaurants WHERE id = 'bistro'").await, 1, "of muddled.db");
    assert_eq!(number(&database, "SELECT count(*) FROM guests WHERE restaurant_id = 'annex'").await, 0);

    for (from, to) in [(FILE, "sqlite:other.db"), (&url, FILE), (&url, &url), ("sqlite::memory:", &url)] {
        let because = ["only move from a SQLite file to a PostgreSQL server", "--from sqlite:FILE", "--to postgres://"];
        migrate(&house, from, to).await.badly(&because);
    }
    let unknown = house.migrate(&url, &["--restaurant", "trattoria"]).await;
    unknown.badly(&["no restaurant trattoria", "maitred.db", "annex, bistro"]);
    let serving = house.serve(FILE, &[]).await;
    let process = serving.program.id().to_string();
    migrate(&house, FILE, &url).await.badly(&["maitred.db", "another maitred (process", &process, "stop that one"]);
    stop(serving).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_not_take_them_is_named_with_the_reason() {
    let house = House::with(&["bistro"]).await;
    let cluster = Postgres::shared().await;
    let (newer, plain) = (cluster.database().await, cluster.database().await);
    house.migrate(&newer, &[]).await.well();
    postgres(&newer).await.batch_execute("UPDATE maitred_schema SET steps = 99").await.expect("a change");
    let latin = format!("{plain}_latin");
    let name = latin.rsplit('/').next().expect("a name");
    let make = format!("CREATE DATABASE {name} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0");
    let owner = postgres(&plain).await;
    owner.batch_execute(&make).await.expect("a database");
    owner.batch_execute("CREATE ROLE ada LOGIN").await.expect("a role");
    let as_ada = plain.replace("maitred@", "ada@");
    for (to, because) in [
        (
            "postgres://ada:opensesame@127.0.0.1:1/floors",
            &["127.0.0.1:1/floors", "does not answer", "see that it runs"][..],
        ),
        (&cluster.url("no_such_database"), &["no_such_database", "does not let this user in", "the database's name"]),
        (&plain.replace("maitred@", "eve:opensesame@"), &["does not let this user in", "the password", "eve"]),
        (&as_ada, &["may not make tables", "OWNER"]),
        (&latin, &["encoding is LATIN1", "UTF8", "name that one"]),
        (&newer, &["newer maitred (schema 99", "upgrade this program"]),
    ] {
        let said = house.migrate(to, &[]).await.badly(&[&["can't open the database postgres://"], because].concat());
        assert!(!said.contains("opensesame") && said.lines().count() == 1, "{said}");
    }
    // What is sent and what is there must be the same.
    house.migrate(&plain, &["--restaurant", "bistro"]).await.well();
    let forget = "DELETE FROM restaurants; DELETE FROM guests; DELETE FROM log; DELETE FROM idempotency;
                  CREATE RULE quiet AS ON INSERT TO log DO INSTEAD NOTHING";
    owner.batch_execute(forget).await.expect("a rule");
    house.migrate(&plain, &[]).await.badly(&["bistro: what the server has is not what it was sent", "messages: 0"]);
    assert_eq!(number(&owner, "SELECT count(*) FROM guests").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_that_is_there_already_is_left_as_it_is_and_the_others_move() {
    let url = Postgres::shared().await.database().await;
    let house = House::with(&["annex", "bistro"]).await;
    stop(house.serve(&url, &["--restaurant", "bistro"]).await).await;
    let ended = house.migrate(&url, &[]).await;
    assert!(ended.stdout.contains("annex: moved, ") && !ended.stdout.contains("bistro: moved"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Moved 1 restaurant"), "{}", ended.stdout);
    let another =
        ["1 restaurant could not move", "bistro: another restaurant of this id", "0 guests", "serve --restaurant"];
    ended.badly(&another);
    let serving = house.serve(&url, &[]).await;
    let mut owner = house.owner(&serving).await;
    owner.ask("DELETE", "/restaurants/bistro", json!(null)).await.ok();
    house.migrate(&url, &[]).await.well();

    // There, somebody who is in the last message is forgotten, and life goes on: it is still what moved.
    owner.ask("DELETE", "/restaurants/bistro/guests/g?purge=true", json!(null)).await.ok();
    let said = house.migrate(&url, &[]).await.well();
    assert!(said.contains("Moved 0 restaurants") && said.contains("2 restaurants moved before"), "{said}");
    let floor = owner.get("/restaurants/bistro/floor").await.text;

    // The file is served again by mistake. As many messages, and not the same; then more.
    for _ in 0..2 {
        let mistake = house.serve(FILE, &[]).await;
        let guest = json!({ "guestName": "Okafor", "partySize": 2 });
        house.owner(&mistake).await.ask("POST", "/restaurants/bistro/guests", guest).await.ok();
        stop(mistake).await;
        let ended = house.migrate(&url, &[]).await;
        assert!(ended.stdout.contains("annex: moved before"), "{}", ended.stdout);
        ended.badly(&["bistro: it moved before", "served again", "DELETE /restaurants/bistro", "new-epoch"]);
        assert_eq!(owner.get("/restaurants/bistro/floor").await.text, floor);
    }
}
