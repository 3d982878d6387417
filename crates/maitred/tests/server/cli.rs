//! The command line, as a person meets it.

use std::{collections::BTreeSet, fs, net::TcpListener, process::Command};

use serde_json::{Value, json};

use crate::{
    common::Http,
    program::{MAITRED, Program, Serving, folder},
};

const ANY_PORT: &str = "127.0.0.1:0";

async fn add_guest(http: &mut Http, id: &str) {
    let body = json!({ "id": id, "guestName": format!("Party of {id}"), "partySize": 2 });
    http.post("/restaurants/bistro/guests", body).await.ok();
}

/// `maitred tail bistro` on a server, with more arguments.
fn tail(serving: &Serving, more: &[&str]) -> Program {
    let url = serving.url();
    Program::maitred(&std::env::temp_dir(), &[&["tail", "bistro", "--url", &url], more].concat())
}

/// The next change that a `tail --json` prints.
async fn change(tail: &mut Program) -> Value {
    loop {
        let line = tail.line().await.expect("a line");
        let message: Value = line.parse().unwrap_or_else(|_| panic!("not JSON: {line}"));
        if !matches!(message["type"].as_str(), Some("restaurant_connect" | "bye" | "heartbeat")) {
            return message;
        }
    }
}

#[tokio::test]
async fn serve_says_in_one_line_where_it_listens_and_where_its_data_is() {
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let expected = format!("maitred listens on http://{}, its data is in {}", serving.address, database.display());
    assert_eq!(serving.line, expected);
    Http::connect(serving.address).await.get("/restaurants/bistro").await.ok();
    serving.program.signal("TERM");
    assert_eq!(serving.program.ended().await.well(), "", "and nothing else");
}

#[tokio::test]
async fn serve_takes_its_settings_from_the_environment_where_no_argument_says_otherwise() {
    let (folder, database) = folder();
    let url = format!("sqlite:{}", database.display());
    let environment = [("MAITRED_LISTEN", ANY_PORT), ("MAITRED_DATABASE", url.as_str())];
    let serving = Serving::listening(Program::maitred_with(folder.path(), &["serve"], &environment)).await;
    assert!(serving.line.ends_with(&database.display().to_string()), "{}", serving.line);
    drop(serving);
    let elsewhere = ["serve", "--database", "sqlite:elsewhere.db"];
    let serving = Serving::listening(Program::maitred_with(folder.path(), &elsewhere, &environment)).await;
    assert!(serving.line.ends_with("elsewhere.db"), "{}", serving.line);
}

#[tokio::test]
async fn serve_creates_the_restaurants_that_it_is_told_of_and_leaves_those_that_are_there() {
    let (folder, _) = folder();
    for run in 0..2 {
        let arguments = ["serve", "--listen", ANY_PORT, "--restaurant", "bistro", "--restaurant", "annex"];
        let serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
        let mut http = Http::connect(serving.address).await;
        http.get("/restaurants/annex").await.ok();
        let bistro = http.get("/restaurants/bistro").await.ok();
        assert_eq!(bistro["restaurant"]["version"], 1 + run);
        http.patch("/restaurants/bistro", json!({ "name": "Chez Maître" })).await.ok();
    }
    let arguments = ["serve", "--listen", ANY_PORT, "--restaurant", "no id"];
    Program::maitred(folder.path(), &arguments).ended().await.badly(&["no id", "1 to 64 characters"]);
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused_and_told_by_whom() {
    let (folder, database) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let refused = |arguments: &'static [&'static str]| Program::maitred(folder.path(), arguments).ended();
    let because = ["maitred.db", "another maitred", "stop that one"];
    refused(&["serve", "--listen", ANY_PORT]).await.badly(&because);
    refused(&["restaurant", "add", "annex"]).await.badly(&because);
    refused(&["restaurant", "list"]).await.badly(&because);
    // A link to the file is the same file.
    std::os::unix::fs::symlink(&database, folder.path().join("link.db")).expect("a link");
    refused(&["serve", "--listen", ANY_PORT, "--database", "sqlite:link.db"])
        .await
        .badly(&["link.db", "another maitred"]);
    Http::connect(serving.address).await.get("/restaurants/bistro").await.ok();
}

#[tokio::test]
async fn serve_says_what_is_wrong_with_an_address_that_it_can_not_listen_on() {
    let (folder, _) = folder();
    let taken = TcpListener::bind(ANY_PORT).expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = Program::maitred(folder.path(), &["serve", "--listen", &address]).ended().await;
    refused.badly(&["can't listen on", &address, "in use", "--listen"]);
    let refused = Program::maitred(folder.path(), &["serve", "--listen", "nonsense"]).ended().await;
    refused.badly(&["can't listen on", "nonsense"]);
}

#[tokio::test]
async fn serve_says_what_is_wrong_with_a_database_that_it_can_not_open() {
    let (folder, _) = folder();
    fs::write(folder.path().join("letter.db"), "Dear Sir or Madam, ".repeat(1_000)).expect("a file");
    fs::create_dir(folder.path().join("folder.db")).expect("a folder");
    for (url, because) in [
        ("mysql://localhost/bistro", ["--database", "mysql://localhost/bistro", "sqlite:FILE"]),
        ("bistro.db", ["--database", "bistro.db", "sqlite:FILE"]),
        ("sqlite:no/such/folder/bistro.db", ["no/such/folder/bistro.db", "can't open", "folder exist"]),
        ("sqlite:letter.db", ["letter.db", "not a SQLite database", "another file"]),
        ("sqlite:folder.db", ["folder.db", "can't open", ""]),
    ] {
        let arguments = ["serve", "--listen", ANY_PORT, "--database", url];
        Program::maitred(folder.path(), &arguments).ended().await.badly(&because);
    }
    let letter = fs::read_to_string(folder.path().join("letter.db")).expect("the file");
    assert!(letter.starts_with("Dear Sir or Madam"), "and left as it was");
}

#[tokio::test]
async fn a_restaurant_is_added_with_tables_and_listed() {
    let (folder, _) = folder();
    let run = |arguments: &'static [&'static str]| Program::maitred(folder.path(), arguments).ended();
    run(&["restaurant", "list"]).await.badly(&["maitred.db", "restaurant add"]);
    assert!(!folder.path().join("maitred.db").exists(), "looking makes no database");
    let added = run(&["restaurant", "add", "bistro", "--name", "Chez Maître", "--tables", "14"]).await.well();
    assert_eq!(added, "Added restaurant bistro with 14 tables.\n");
    run(&["restaurant", "add", "annex"]).await.well();
    let list = run(&["restaurant", "list"]).await.well();
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [
            vec!["ID", "TABLES", "GUESTS", "NAME"],
            vec!["annex", "0", "0", "annex"],
            vec!["bistro", "14", "0", "Chez", "Maître"],
        ]
    );
    run(&["restaurant", "add", "bistro", "--tables", "3"]).await.badly(&["bistro", "already"]);
    run(&["restaurant", "add", "no id"]).await.badly(&["no id", "1 to 64 characters"]);
    run(&["restaurant", "add", "large", "--tables", "201"]).await.badly(&["--tables", "201", "200"]);
    run(&["restaurant", "add", "nameless", "--name", " "]).await.badly(&["name"]);
    assert_eq!(run(&["restaurant", "list"]).await.well(), list, "what was refused has left nothing");

    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let mut http = Http::connect(serving.address).await;
    let tables = http.get("/restaurants/bistro/tables").await.ok();
    let numbers = tables["tables"].as_array().expect("tables").iter().map(|table| table["tableNumber"].clone());
    assert!(numbers.eq((1..=14).map(|number| json!(number.to_string()))));
}

#[tokio::test]
async fn tail_prints_a_readable_line_a_message() {
    let (folder, _) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let mut http = Http::connect(serving.address).await;
    add_guest(&mut http, "before").await;
    let mut tail = tail(&serving, &[]);
    let connected = tail.line().await.expect("a line");
    assert!(connected.contains("#1") && connected.contains("connected to bistro"), "{connected}");
    add_guest(&mut http, "g").await;
    let body = json!({ "id": "t", "tableNumber": 7, "capacity": 4 });
    http.post("/restaurants/bistro/tables", body).await.ok();
    let headers = [("content-type", "application/json"), ("x-device-id", "host-stand")];
    http.send("PUT", "/restaurants/bistro/guests/g", &headers, json!({ "table_id": "t" }).to_string()).await.ok();
    for words in [
        &["#2", "Party of g, party of 2, comes in, waiting"][..],
        &["#3", "table 7 is new, seats 4"],
        &["#4", "Party of g, party of 2, is seated at t", "(host-stand)"],
        &["#5", "table 7 is occupied by g", "(host-stand)"],
    ] {
        let line = tail.line().await.expect("a line");
        assert!(words.iter().all(|words| line.contains(words)), "{words:?}: {line}");
    }
    serving.program.signal("TERM");
    assert!(tail.line().await.is_some_and(|line| line.contains("shutting down")));
    tail.signal("INT");
    tail.ended().await.well();
}

#[tokio::test]
async fn tail_json_prints_the_very_messages_from_where_it_is_told_to_begin() {
    let (folder, _) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let mut http = Http::connect(serving.address).await;
    for id in ["a", "b", "c"] {
        add_guest(&mut http, id).await;
    }
    let page = http.get("/restaurants/bistro/changes").await;
    for (since, first) in [("0", 1), ("2", 3)] {
        let mut tail = tail(&serving, &["--json", "--since", since]);
        let connected: Value = tail.line().await.expect("a line").parse().expect("JSON");
        assert_eq!(connected["type"], "restaurant_connect");
        for seq in first..=3 {
            let line = tail.line().await.expect("a line");
            assert!(page.text.contains(&line), "to the letter: {line}");
            assert_eq!(line.parse::<Value>().expect("JSON")["seq"], seq);
        }
    }
}

#[tokio::test]
async fn tail_outlives_a_restart_of_the_server_and_neither_misses_nor_repeats_a_message() {
    let (folder, _) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let mut tail = tail(&serving, &["--json"]);
    assert!(tail.line().await.is_some_and(|line| line.contains("restaurant_connect")));
    let address = serving.address;
    let mut serving = Some(serving);
    let mut seq = 0;
    // Once it is asked to end, once it is killed.
    for signal in ["TERM", "KILL"] {
        let mut http = Http::connect(address).await;
        for _ in 0..5 {
            add_guest(&mut http, &format!("guest-{}", seq + 1)).await;
            seq += 1;
        }
        for expected in seq - 4..=seq {
            assert_eq!(change(&mut tail).await["seq"], expected);
        }
        let program = serving.take().expect("a server").program;
        program.signal(signal);
        program.ended().await;
        serving = Some(Serving::start(folder.path(), &address.to_string()).await);
        let mut http = Http::connect(address).await;
        add_guest(&mut http, &format!("guest-{}", seq + 1)).await;
        seq += 1;
        assert_eq!(change(&mut tail).await["seq"], seq);
    }
}

#[tokio::test]
async fn tail_is_shown_the_floor_anew_where_the_restaurant_has_a_new_life() {
    let (folder, _) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let mut http = Http::connect(serving.address).await;
    add_guest(&mut http, "a").await;
    let mut tail = tail(&serving, &["--json", "--since", "0"]);
    assert_eq!(change(&mut tail).await["seq"], 1);
    let address = serving.address.to_string();
    serving.program.signal("TERM");
    serving.program.ended().await.well();
    for file in ["maitred.db", "maitred.db-wal", "maitred.db-shm"] {
        // The latter two are there only after a crash.
        _ = fs::remove_file(folder.path().join(file));
    }
    let serving = Serving::start(folder.path(), &address).await;
    assert_eq!(change(&mut tail).await["type"], "snapshot");
    let mut http = Http::connect(serving.address).await;
    add_guest(&mut http, "b").await;
    assert_eq!(change(&mut tail).await["guest_id"], "b");
}

#[tokio::test]
async fn tail_of_an_unknown_restaurant_is_an_error() {
    let (folder, _) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let url = serving.url();
    let ended = Program::maitred(folder.path(), &["tail", "nowhere", "--url", &url]).ended().await;
    ended.badly(&["no restaurant", "nowhere", &url]);
    let ended = Program::maitred(folder.path(), &["tail", "bistro", "--url", "nonsense"]).ended().await;
    ended.badly(&["--url", "nonsense", "http://"]);
}

#[tokio::test]
async fn tail_waits_for_a_server_that_is_not_there_yet() {
    let (folder, _) = folder();
    // A port that was free a moment ago.
    let address = TcpListener::bind(ANY_PORT).and_then(|listener| listener.local_addr()).expect("a port").to_string();
    let url = format!("http://{address}");
    let mut tail = Program::maitred(folder.path(), &["tail", "bistro", "--url", &url]);
    tail.complaint("trying again").await;
    let _serving = Serving::start(folder.path(), &address).await;
    assert!(tail.line().await.is_some_and(|line| line.contains("connected to bistro")));
}

#[tokio::test]
async fn tail_ends_quietly_when_nobody_reads_it_any_more() {
    let (folder, _) = folder();
    let serving = Serving::start(folder.path(), ANY_PORT).await;
    let mut http = Http::connect(serving.address).await;
    for id in ["a", "b", "c"] {
        add_guest(&mut http, id).await;
    }
    let mut pipeline = Command::new("sh");
    let tail = format!("{MAITRED} tail bistro --url {} --since 0", serving.url());
    pipeline.arg("-c").arg(format!("{{ {tail}; echo ended with $? >&2; }} | head -n 1"));
    let mut pipeline = Program::start(pipeline);
    assert!(pipeline.line().await.is_some_and(|line| line.contains("connected")));
    // It finds out when it next has something to say.
    add_guest(&mut http, "d").await;
    let ended = pipeline.ended().await;
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", "ended with 0\n"));
}

#[tokio::test]
async fn the_demo_is_an_evening_that_can_be_listened_to() {
    let (folder, _) = folder();
    let demo = Program::maitred(folder.path(), &["demo", "--speed", "3600", "--listen", ANY_PORT]);
    let mut demo = Serving::listening(demo).await;
    let url = demo.url();
    assert!(demo.line.contains("host stand") && demo.line.contains("browser"), "{}", demo.line);
    let hint = demo.program.line().await.expect("a hint");
    assert!(hint.contains(&format!("maitred tail test-restaurant-1 --url {url}")), "{hint}");
    let arguments = ["tail", "test-restaurant-1", "--url", &url, "--json", "--since", "0"];
    let mut tail = Program::maitred(folder.path(), &arguments);
    let mut awaited = vec![
        ("guest_created", "waiting"),
        ("guest_updated", "seated"),
        ("table_updated", "occupied"),
        ("guest_created", "confirmed"),
        ("guest_updated", "finished"),
        ("table_updated", "dirty"),
        ("table_updated", "available"),
    ];
    while !awaited.is_empty() {
        let message = change(&mut tail).await;
        awaited.retain(|(kind, status)| message["type"] != *kind || message["data"]["status"] != *status);
    }
    let tables = Http::connect(demo.address).await.get("/restaurants/test-restaurant-1/tables").await.ok();
    let tables = tables["tables"].as_array().expect("tables");
    assert_eq!(tables.len(), 14);
    let sections: BTreeSet<&str> = tables.iter().filter_map(|table| table["section"].as_str()).collect();
    assert_eq!(sections.len(), 3, "{sections:?}");
    for status in ["reserved", "out_of_service"] {
        assert!(tables.iter().any(|table| table["status"] == status), "none is {status}");
    }
    demo.program.signal("INT");
    demo.program.ended().await.well();
    assert!(fs::read_dir(folder.path()).expect("the folder").next().is_none(), "it leaves nothing behind");
}

#[tokio::test]
async fn the_help_of_each_command_names_what_matters() {
    let (folder, _) = folder();
    for (arguments, essentials) in [
        (&["--help"][..], &["serve", "demo", "tail", "restaurant", "MAITRED_LOG", "Try it", "curl"][..]),
        (&["serve", "--help"], &["--listen", "127.0.0.1:8000", "MAITRED_LISTEN", "--database", "MAITRED_DATABASE"]),
        (&["serve", "--help"], &["sqlite:FILE", "--restaurant", "Ctrl-C", "SIGTERM"]),
        (&["demo", "--help"], &["test-restaurant-1", "--speed", "--listen", "memory"]),
        (&["tail", "--help"], &["--url", "MAITRED_URL", "--since", "--json", "comes back by itself"]),
        (&["restaurant", "--help"], &["add", "list", "while no server has it open"]),
        (&["restaurant", "add", "--help"], &["--name", "--tables", "--database", "1 to 64 characters"]),
        (&["restaurant", "list", "--help"], &["--database"]),
    ] {
        let help = Program::maitred(folder.path(), arguments).ended().await.well();
        // Where a line ends depends on the terminal.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in essentials {
            assert!(help.contains(words), "nothing of {words:?} in the help of {arguments:?}:\n{help}");
        }
    }
    Program::maitred(folder.path(), &[]).ended().await.badly(&["Usage: maitred <COMMAND>"]);
    Program::maitred(folder.path(), &["sevre"]).ended().await.badly(&["sevre", "serve"]);
    let version = Program::maitred(folder.path(), &["--version"]).ended().await.well();
    assert_eq!(version, concat!("maitred ", env!("CARGO_PKG_VERSION"), "\n"));
}
