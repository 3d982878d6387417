//! How the server ends: in good order where it is asked to, and without losing an answered write however it ends.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};

use crate::{
    common::{Device, Http, PATIENCE, TestServer, guests},
    program::{Serving, folder, try_to_add_guest},
};

/// A request of which the server has the head and half of the body.
struct HalfSent {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl HalfSent {
    async fn post(address: SocketAddr, path: &str, body: &Value) -> Self {
        let mut body = body.to_string().into_bytes();
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json");
        let head = format!("{head}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.expect("a server that reads");
        // The server answers this much once it has begun to carry the request out.
        let mut go_on = [0; 25];
        timeout(PATIENCE, stream.read_exact(&mut go_on)).await.expect("in time").expect("an answer");
        assert_eq!(go_on, *b"HTTP/1.1 100 Continue\r\n\r\n");
        let rest = body.split_off(body.len() / 2);
        stream.write_all(&body).await.expect("a server that reads");
        Self { stream, rest }
    }

    /// Sends the rest, and reads the answer until the server closes.
    async fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).await.expect("a server that reads");
        let mut answer = String::new();
        timeout(PATIENCE, self.stream.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
        answer
    }
}

/// Waits until nobody listens there any more.
async fn refused(address: SocketAddr) {
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(PATIENCE, refused).await.expect("a server that stops listening");
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_heard_before_the_devices_are_told_to_come_back() {
    let mut server = TestServer::start().await;
    let mut joined = server.device().await;
    let mut bare = Device::connect(server.address, "").await;
    let body = json!({ "id": "late", "guestName": "Rivera", "partySize": 2 });
    let request = HalfSent::post(server.address, &guests(), &body).await;
    server.stop();
    refused(server.address).await;
    let answer = request.finish().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(joined.expect("guest_created").await["guest_id"], "late");
    for device in [&mut joined, &mut bare] {
        let bye = device.expect("bye").await;
        assert_eq!(bye["reason"], "shutting_down");
        assert!(bye["retry_ms"].as_u64().is_some_and(|pause| pause <= 10_000), "{bye}");
        assert_eq!(device.close_code().await, Some(1001));
    }
    let server = server.restart().await;
    server.http().await.get(&format!("{}/late", guests())).await.ok();
}

#[tokio::test]
async fn the_devices_of_a_house_are_told_different_times_to_come_back() {
    let mut server = TestServer::start().await;
    let mut devices = Vec::new();
    for _ in 0..8 {
        devices.push(server.device().await);
    }
    server.stop();
    let mut pauses = Vec::new();
    for device in &mut devices {
        pauses.push(device.expect("bye").await["retry_ms"].as_u64().expect("milliseconds"));
    }
    pauses.dedup();
    assert!(pauses.len() > 1, "all in {}", pauses[0]);
}

#[tokio::test]
async fn neither_idle_connections_nor_devices_that_do_not_read_hold_the_end_up() {
    let server = TestServer::start().await;
    let mut idle = server.http().await;
    idle.get(&guests()).await.ok();
    let half_a_head = {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhos").await.expect("a server that reads");
        stream
    };
    let deaf = [server.device().await, Device::connect(server.address, "").await];
    timeout(PATIENCE, server.stopped()).await.expect("an end in time");
    drop((idle, half_a_head, deaf));
}

#[tokio::test]
async fn sigterm_and_sigint_end_the_program_in_good_order_and_its_data_stays() {
    let (folder, _) = folder();
    for (run, signal) in ["TERM", "INT"].into_iter().enumerate() {
        let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
        let mut http = Http::connect(serving.address).await;
        let mut device = Device::connect(serving.address, "?restaurant_id=bistro").await;
        assert_eq!(device.expect("restaurant_connect").await["seq"], run, "what was written before {signal} is there");
        let body = json!({ "guestName": "Rivera", "partySize": 2 });
        http.post("/restaurants/bistro/guests", body).await.ok();
        device.expect("guest_created").await;
        serving.program.signal(signal);
        assert_eq!(device.expect_bye("shutting_down").await, 1001);
        serving.program.ended().await.well();
    }
    let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let guests = Http::connect(serving.address).await.get("/restaurants/bistro/guests").await.ok();
    assert_eq!(guests["guests"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    let (folder, _) = folder();
    let mut serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    // What would hold it up.
    let body = json!({ "guestName": "Rivera", "partySize": 2 });
    let request = HalfSent::post(serving.address, "/restaurants/bistro/guests", &body).await;
    serving.program.signal("TERM");
    serving.program.complaint("again").await;
    serving.program.signal("TERM");
    assert_eq!(serving.program.ended().await.status.code(), Some(1));
    drop(request);
}

/// Adds guests, one connection each, until the server is gone; tells the ids of those whose answers came.
pub(crate) async fn add_guests(address: SocketAddr, writer: usize, answered: mpsc::UnboundedSender<String>) {
    for number in 0.. {
        let id = format!("guest-{writer}-{number}");
        let body = json!({ "id": id, "guestName": "Rivera", "partySize": 2 });
        let answer = try_to_add_guest(address, "", &body).await;
        if answer.is_none_or(|(status, _)| status != 201) || answered.send(id).is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_write_is_there_after_the_process_was_killed() {
    let (folder, _) = folder();
    let mut answered = Vec::new();
    for round in 1..=3 {
        let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
        let (sender, mut answers) = mpsc::unbounded_channel();
        for writer in 0..8 {
            tokio::spawn(add_guests(serving.address, round * 100 + writer, sender.clone()));
        }
        drop(sender);
        for _ in 0..100 {
            answered.push(timeout(PATIENCE, answers.recv()).await.expect("in time").expect("an answer"));
        }
        serving.program.signal("KILL");
        while let Some(id) = timeout(PATIENCE, answers.recv()).await.expect("writers that give up") {
            answered.push(id);
        }
        assert_eq!(serving.program.ended().await.status.code(), None, "killed");
    }
    let serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let mut http = Http::connect(serving.address).await;
    for id in &answered {
        http.get(&format!("/restaurants/bistro/guests/{id}")).await.ok();
    }
    // And the log tells of each guest who is there, once, without a hole.
    let (mut since, mut told) = (json!(0), Vec::new());
    while !since.is_null() {
        let page = http.get(&format!("/restaurants/bistro/changes?since={since}")).await.ok();
        told.extend(page["changes"].as_array().expect("changes").iter().map(|change| change["seq"].clone()));
        since = page["next"].clone();
    }
    assert!(told.len() >= answered.len());
    assert_eq!(told, (1..=told.len()).map(Value::from).collect::<Vec<_>>());
    let floor = http.get("/restaurants/bistro/floor").await.ok();
    assert_eq!(floor["guests"].as_array().map(Vec::len), Some(told.len()));
}
