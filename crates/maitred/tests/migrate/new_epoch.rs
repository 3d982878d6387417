//! `maitred new-epoch`, and what `backup` and `restore` say of a PostgreSQL server.

use serde_json::json;

use crate::{House, engines::Postgres, number, postgres, program::Program, run, stop};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_epoch_every_device_is_shown_the_floor_and_goes_on_from_there() {
    let url = Postgres::shared().await.database().await;
    let house = House::with(&["annex", "bistro"]).await;
    house.migrate(&url, &[]).await.well();
    let serving = house.serve(&url, &[]).await;
    let floor = house.owner(&serving).await.get("/restaurants/bistro/floor").await.ok();
    let (seq, former) = (floor["seq"].as_u64().expect("a number"), floor["epoch"].as_str().expect("an epoch"));
    stop(serving).await;

    for _ in 0..2 {
        let said = run(house.path(), &["new-epoch", "--database", &url]).await.well();
        assert!(said.starts_with("Named a new epoch of the log of 2 restaurants on postgres://127.0.0.1:"), "{said}");
        assert!(said.contains("shown the floor anew") && !said.contains("maitred@"), "{said}");
    }
    let database = postgres(&url).await;
    assert_eq!(number(&database, "SELECT count(DISTINCT epoch) FROM restaurants").await, 2);

    let serving = house.serve(&url, &[]).await;
    let (mut device, ack) = house.come_back(&serving, seq, former).await;
    let epoch = ack["epoch"].as_str().expect("an epoch").to_owned();
    assert!(epoch != former && epoch.as_bytes()[14] == b'7', "a UUID of version 7: {epoch}");
    let snapshot = device.expect("snapshot").await;
    assert_eq!((&snapshot["seq"], &snapshot["epoch"]), (&json!(seq), &json!(epoch)));
    let mut owner = house.owner(&serving).await;
    owner.ask("PATCH", "/restaurants/bistro/guests/g", json!({ "partySize": 5 })).await.ok();
    assert_eq!(device.expect("guest_updated").await["seq"], seq + 1);
    // In its new life, the log is followed as ever, from before as well.
    let (mut device, _) = house.come_back(&serving, 0, &epoch).await;
    for seq in 1..=seq + 1 {
        assert_eq!(device.next().await["seq"], seq);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_database_is_set_back_in_its_own_way_and_the_other_way_says_which() {
    let house = House::with(&["bistro"]).await;
    let url = Postgres::shared().await.database().await;
    for (arguments, because) in [
        (["new-epoch", "--database", "sqlite:maitred.db"], &["maitred.db", "`maitred restore`", "--database"][..]),
        (["new-epoch", "--database", "sqlite::memory:"], &["memory", "--database"]),
        (["new-epoch", "--database", &url], &["test_", "nothing of maitred", "the database's name"]),
        (
            ["new-epoch", "--database", "postgres://ada:opensesame@127.0.0.1:1/floors"],
            &["127.0.0.1:1", "does not answer"],
        ),
    ] {
        let said = run(house.path(), &arguments).await.badly(because);
        assert!(!said.contains("opensesame"), "{said}");
    }
    for arguments in [
        &["serve", "--database", "postgres://ada:opensesame@db.example:many/floors"][..],
        &["migrate", "--from", "postgres:ada:opensesame", "--to", &url],
    ] {
        let said = run(house.path(), arguments).await.badly(&["invalid value 'postgres://…'", "must "]);
        assert!(!said.contains("opensesame"), "{said}");
    }
    let environment = [("MAITRED_DATABASE", "postgres://ada:opensesame@db.example/floors")];
    for command in ["serve", "migrate", "new-epoch"] {
        let help = Program::maitred_with(house.path(), &[command, "--help"], &environment).ended().await.well();
        assert!(help.contains("MAITRED_DATABASE") && !help.contains("opensesame"), "{help}");
    }
    assert_eq!(number(&postgres(&url).await, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, 0);
    for (arguments, because) in [
        (["backup", "monday.db", "--database", &url], ["pg_dump", "pg_basebackup", "new-epoch", "test_"]),
        (["restore", "monday.db", "--database", &url], ["pg_restore", "new-epoch", "maitred migrate", "test_"]),
    ] {
        run(house.path(), &arguments).await.badly(&because);
    }
    assert!(!house.path().join("monday.db").exists());
    for (arguments, essentials) in [
        (["migrate", "--help"], ["no server has the file open", "stays as it is", "notice nothing", "--restaurant"]),
        (["new-epoch", "--help"], ["no server runs", "maitred restore", "point in time", "--database"]),
    ] {
        let help = run(house.path(), &arguments).await.well();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in essentials {
            assert!(help.contains(words), "nothing of {words:?} in the help of {arguments:?}:\n{help}");
        }
    }
}
