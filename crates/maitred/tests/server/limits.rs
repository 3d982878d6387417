//! What one peer may take of the server, and what it is told when it takes more.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use maitred::config::Config;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    common::{
        Device, Http, PATIENCE, RESTAURANT, TestServer, await_metric, guest, guests, raw, raw_text, table, tables,
    },
    program::{Program, Serving, folder},
};

/// A server to which its peers are strangers.
async fn among_strangers(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::start_with(|config| {
        config.at_home = false;
        change(config);
    })
    .await
}

/// What a connection is told that sends nothing.
async fn told(address: SocketAddr) -> String {
    let mut text = String::new();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("in time").expect("a whole answer");
    text
}

/// Waits until there is a place for one more connection.
pub(crate) async fn served(address: SocketAddr) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let served = async { while !raw_text(address, request).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, served).await.expect("a free place");
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_one_more_is_told_so_before_it_has_said_anything() {
    let server = among_strangers(|config| config.limits.address_connections = 3).await;
    let mut http = server.http().await;
    let joined = server.device().await;
    // Sockets keep their places, and so do connections that say nothing.
    let _mute = TcpStream::connect(server.address).await.expect("a connection");
    let answer = raw(server.address, b"").await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-length"), Some(answer.text.len().to_string().as_str()));
    let problem = answer.problem(503, "too_many_connections");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains('3')), "{problem}");
    // Who has asked already comes to read it, too.
    let asked = raw(server.address, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    asked.problem(503, "too_many_connections");
    http.get("/healthz").await.ok();
    await_metric(&mut http, "maitred_refused_connections_total", 2).await;
    // The place of a device that leaves is free again.
    drop(joined);
    served(server.address).await;
}

#[tokio::test]
async fn a_restaurant_has_so_many_devices_and_one_more_is_told_to_try_later() {
    let server = TestServer::start_with(|config| config.limits.restaurant_devices = 2).await;
    let mut http = server.http().await;
    http.post("/restaurants", json!({ "id": "annex" })).await.ok();
    let first = server.device().await;
    let mut second = server.device().await;
    let mut third = Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}")).await;
    let bye = third.expect("bye").await;
    assert_eq!(bye["reason"], "too_many_devices");
    assert!(bye["retry_ms"].as_u64().is_some_and(|pause| (1_000..5_000).contains(&pause)), "{bye}");
    assert_eq!(third.close_code().await, Some(1013));
    // The same by message; elsewhere there is room.
    let mut fourth = Device::connect(server.address, "").await;
    fourth.say(json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT })).await;
    assert_eq!(fourth.expect_bye("too_many_devices").await, 1013);
    server.device_in("annex").await;
    // A place that is given up is free.
    drop(first);
    await_metric(&mut http, "maitred_sessions_ended_total{reason=\"gone\"}", 2).await;
    let mut fifth = server.device().await;
    http.add_guest("g", 2).await;
    for device in [&mut second, &mut fifth] {
        device.expect("guest_created").await;
    }
}

#[tokio::test]
async fn an_address_that_writes_too_often_is_told_when_to_go_on_and_nothing_of_it_is_kept() {
    let server = among_strangers(|config| config.limits.device_writes = 1).await;
    let mut http = server.http().await;
    let mut device = server.device().await;
    let mut last = 0;
    // Every way to write, on any connection. A second or two may pass on a slow machine, and let one through.
    let mut other = server.http().await;
    let operation = json!({ "op": "create_guest", "data": { "guestName": "Rivera", "partySize": 2 } });
    for (method, path, body) in [
        ("POST", guests(), json!({ "id": "first", "guestName": "Rivera", "partySize": 2 })),
        ("PATCH", guest("first"), json!({ "notes": "x" })),
        ("PUT", guest("first"), json!({ "notes": "y" })),
        ("POST", tables(), json!({ "id": "t", "tableNumber": 1, "capacity": 2 })),
        ("POST", "/transactions/atomic".to_owned(), json!({ "restaurant_id": RESTAURANT, "operations": [operation] })),
        ("PATCH", format!("/restaurants/{RESTAURANT}"), json!({ "name": "Chez Maître" })),
        ("DELETE", table("t"), json!({})),
    ] {
        loop {
            let answer = other.json(method, &path, body.clone()).await;
            if answer.status != 429 {
                last = answer.json()["seq"].as_u64().unwrap_or(last);
                continue;
            }
            assert_eq!(answer.header("retry-after"), Some("1"), "{method} {path}");
            answer.problem(429, "too_many_writes");
            break;
        }
    }
    assert!(last >= 1, "the first was let through");
    // Reading is nobody's loss, and malformed requests are told what is wrong with them.
    http.get(&guests()).await.ok();
    http.send("POST", &guests(), &[("content-type", "application/json")], "{").await.problem(400, "malformed_json");
    for seq in 1..=last {
        assert_eq!(device.next().await["seq"], seq);
    }
    device.expect_silence().await;
    // Who waits is let through.
    let let_in = async { while http.json("PATCH", &guest("first"), json!({ "notes": "x" })).await.status != 200 {} };
    timeout(PATIENCE, let_in).await.expect("its turn");
    device.expect("guest_updated").await;
}

#[tokio::test]
async fn who_is_at_home_is_neither_counted_nor_held_up() {
    let server = TestServer::start_with(|config| {
        (config.limits.address_connections, config.limits.device_writes) = (1, 1);
    })
    .await;
    let mut connections = Vec::new();
    for number in 0..5 {
        let mut http = server.http().await;
        http.add_guest(&format!("guest-{number}"), 2).await;
        connections.push(http);
    }
}

#[tokio::test]
async fn a_body_that_drips_is_cut_off_with_a_reason_and_nothing_of_it_is_kept() {
    let server = TestServer::start_with(|config| config.limits.body_timeout = Duration::from_millis(200)).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!("POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n", guests());
    stream.write_all(format!("{head}content-length: 200\r\n\r\n{{\"guestName\":").as_bytes()).await.expect("written");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("a whole answer");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    let body: Value = answer.split_once("\r\n\r\n").and_then(|(_, body)| body.parse().ok()).expect("JSON");
    assert_eq!((&body["code"], &body["status"]), (&json!("request_timeout"), &json!(408)));
    let guests = server.http().await.get(&guests()).await.ok();
    assert_eq!(guests["guests"], json!([]));
}

#[tokio::test]
async fn a_body_and_a_message_are_held_to_the_sizes_that_are_set() {
    let server = TestServer::start_with(|config| {
        (config.limits.body_bytes, config.limits.device_message_bytes) = (1_024, 2_048);
    })
    .await;
    let mut http = server.http().await;
    let note = |length: usize| json!({ "guestName": "Rivera", "partySize": 2, "notes": "x".repeat(length) });
    http.post(&guests(), note(900)).await.ok();
    let problem = http.post(&guests(), note(1_100)).await.problem(413, "too_large");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("1024")), "{problem}");
    let mut device = server.device().await;
    device.say(json!({ "type": "ping", "padding": "x".repeat(2_000) })).await;
    device.expect("pong").await;
    device.say(json!({ "type": "ping", "padding": "x".repeat(2_100) })).await;
    assert_eq!(device.expect_bye("too_large").await, 1009);
}

#[tokio::test]
async fn no_more_is_replayed_one_by_one_than_is_set() {
    let server = TestServer::start_with(|config| config.limits.replay_messages = 5).await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    for number in 0..10 {
        http.patch(&guest("g"), json!({ "notes": number.to_string() })).await.ok();
    }
    for (since, first) in [(6, "guest_updated"), (5, "snapshot")] {
        let mut device = Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}&since={since}")).await;
        device.expect("restaurant_connect").await;
        device.expect(first).await;
    }
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_its_answer_is_not_waited_for() {
    let server = among_strangers(|config| {
        config.realtime.send_timeout = Duration::from_millis(300);
        (config.limits.device_writes, config.limits.address_connections) = (1_000_000, 2);
    })
    .await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    for number in 0..200 {
        let notes = format!("{number} {}", "🍽".repeat(1_900));
        http.patch(&guest("g"), json!({ "notes": notes })).await.ok();
    }
    let changes = format!("/restaurants/{RESTAURANT}/changes");
    let page = http.get(&changes).await.text.len();
    // Four pages of 1.5 MB are more than the system takes off the server's hands, since the peer's own buffer is small.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 * 1024).expect("a small buffer");
    let mut stream = socket.connect(server.address).await.expect("a connection");
    let request = format!("GET {changes} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    for _ in 0..4 {
        stream.write_all(request.as_bytes()).await.expect("written");
    }
    assert!(told(server.address).await.starts_with("HTTP/1.1 503 "));
    // It is given up before it has read a byte, and its place is free; what was sent so far is all that comes.
    served(server.address).await;
    let mut read = Vec::new();
    _ = timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("an end");
    assert!(read.starts_with(b"HTTP/1.1 200 "));
    assert!(read.len() < 4 * page, "{} bytes", read.len());
}

#[tokio::test]
async fn serve_takes_its_limits_as_arguments_and_refuses_what_would_shut_everybody_out() {
    let (folder, _) = folder();
    let run = |argument: &'static str, value: &'static str| {
        Program::maitred(folder.path(), &["serve", "--listen", "127.0.0.1:0", argument, value]).ended()
    };
    for argument in [
        "--max-body-bytes",
        "--max-message-bytes",
        "--max-devices",
        "--max-connections",
        "--max-writes",
        "--max-replay",
        "--head-timeout",
        "--body-timeout",
        "--tls-timeout",
        "--identify-timeout",
    ] {
        run(argument, "0").await.badly(&[argument, "0 is not in"]);
    }
}

#[tokio::test]
async fn serve_holds_the_limits_for_strangers_where_it_listens_for_others_than_this_machine() {
    let (folder, _) = folder();
    let arguments = ["serve", "--listen", "0.0.0.0:0", "--open", "--restaurant", "bistro", "--max-writes", "1"];
    let variables = [("MAITRED_MAX_CONNECTIONS", "2")];
    let program = Program::maitred_with(folder.path(), &arguments, &variables);
    let serving = Serving::listening(program).await;
    let address = SocketAddr::from(([127, 0, 0, 1], serving.address.port()));
    let mut http = Http::connect(address).await;
    let body = json!({ "guestName": "Rivera", "partySize": 2 });
    let held = async { while http.post("/restaurants/bistro/guests", body.clone()).await.status != 429 {} };
    timeout(PATIENCE, held).await.expect("a pace that is held");
    let _second = TcpStream::connect(address).await.expect("a connection");
    assert!(told(address).await.starts_with("HTTP/1.1 503 "));
}

#[tokio::test]
async fn a_thousand_who_come_while_the_server_is_held_up_are_all_let_in_when_it_goes_on() {
    rlimit::increase_nofile_limit(u64::MAX).expect("as many files as may be");
    let (folder, _) = folder();
    let serving = Serving::listening(Program::maitred(folder.path(), &["serve", "--listen", "127.0.0.1:0"])).await;
    serving.program.signal("STOP");
    let connections = join_all((0..1_000).map(|_| TcpStream::connect(serving.address)));
    let connections = timeout(PATIENCE, connections).await.expect("a queue that takes them all");
    serving.program.signal("CONT");
    for connection in connections {
        let mut connection = connection.expect("a connection");
        connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("a request");
        let mut answer = [0; 12];
        timeout(PATIENCE, connection.read_exact(&mut answer)).await.expect("in time").expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
}
