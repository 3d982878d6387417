//! Bytes that are no HTTP, no JSON, or nothing at all.

use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use serde_json::json;

use crate::common::{RESTAURANT, TestServer, guest, guests, raw_text, table, tables};

/// The same rubbish every time.
const SEED: u64 = 7;

/// Something that is nearly what the server wants: a good body, a few of whose bytes are not.
fn nearly(body: &str, random: &mut SmallRng) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..4) {
            0 => bytes[at] = random.random(),
            1 => _ = bytes.remove(at),
            2 => bytes.insert(at, b"{}[]\",:\\0-e\x00\xff"[random.random_range(0..13)]),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[tokio::test]
async fn random_bytes_are_answered_with_a_reason_by_every_route() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    let mut random = SmallRng::seed_from_u64(SEED);
    let transaction = json!({ "restaurant_id": RESTAURANT, "transaction_id": "x", "operations": [
        { "op": "update_guest", "id": "g", "data": { "table_id": "t" }, "expected_version": 1 },
    ] });
    let routes = [
        ("POST", guests(), json!({ "guestName": "Zoë", "partySize": 2, "tags": ["vip"] })),
        ("PUT", guest("g"), json!({ "status": "seated", "table_id": "t", "quotedWaitMinutes": 15 })),
        ("PATCH", guest("g"), json!({ "table_id": null, "reservationTime": "2025-08-16T18:00:00Z" })),
        ("POST", tables(), json!({ "tableNumber": 7, "capacity": 4, "position": { "x": 0.5, "y": 0.5 } })),
        ("PUT", table("t"), json!({ "status": "available", "rotation": -45.5 })),
        ("POST", "/restaurants".to_owned(), json!({ "id": "bistro", "settings": { "dirtyAfterFinish": true } })),
        ("PATCH", format!("/restaurants/{RESTAURANT}"), json!({ "timezone": "Europe/Paris" })),
        ("POST", "/transactions/atomic".to_owned(), transaction),
    ];
    let headers = [("content-type", "application/json")];
    for turn in 0..1_600 {
        let (method, path, good) = &routes[turn % routes.len()];
        let body = if random.random_bool(0.2) {
            let mut noise = vec![0; random.random_range(0..300)];
            random.fill_bytes(&mut noise);
            noise
        } else {
            nearly(&good.to_string(), &mut random)
        };
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = http.send(method, path, &headers, body).await;
        let status = answer.status.as_u16();
        if status >= 300 {
            assert!(
                [400, 409, 422].contains(&status) || (status, path.as_str()) == (404, "/transactions/atomic"),
                "{status} for {method} {path} {shown}"
            );
            let code = answer.json()["code"].as_str().expect("a code").to_owned();
            answer.problem(status, &code);
        }
    }
    // What got through was a sensible request by chance; the house is in order.
    let floor = http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok();
    for guest in floor["guests"].as_array().expect("guests") {
        assert_eq!(guest["status"] == "seated", guest["table_id"] != json!(null), "{guest}");
    }
    http.add_guest("after", 2).await;
}

#[tokio::test]
async fn random_queries_and_paths_are_answered_with_a_reason() {
    const LETTERS: &[u8] = b"abcgt019.-_~%/=&+?!*'();:@,$[]";
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    let mut random = SmallRng::seed_from_u64(SEED);
    let restaurant = format!("/restaurants/{RESTAURANT}");
    let stems = [
        format!("{}?status=", guests()),
        format!("{}?limit=", guests()),
        format!("{}?after=", guests()),
        format!("{restaurant}/changes?since="),
        format!("{restaurant}/changes?limit="),
        guest(""),
        table(""),
        "/restaurants/".to_owned(),
        "/".to_owned(),
        "/realtime?restaurant_id=".to_owned(),
    ];
    for turn in 0..1_000 {
        let length = random.random_range(0..24);
        let tail: String = (0..length).map(|_| LETTERS[random.random_range(0..LETTERS.len())] as char).collect();
        let path = format!("{}{tail}", stems[turn % stems.len()]);
        let answer = http.get(&path).await;
        assert!([200, 404, 405, 410, 422, 426].contains(&answer.status.as_u16()), "{} for {path}", answer.status);
    }
}

#[tokio::test]
async fn what_is_no_http_is_cut_off_and_the_next_one_is_served() {
    let server = TestServer::start().await;
    let mut random = SmallRng::seed_from_u64(SEED);
    let host = "host: localhost\r\n";
    let mut rubbish: Vec<Vec<u8>> = [
        "\r\n\r\n".to_owned(),
        "hello\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        format!("GET /healthz HTTP/9.9\r\n{host}\r\n"),
        format!("GET /health z HTTP/1.1\r\n{host}\r\n"),
        format!("GET /healthz HTTP/1.1\r\n{host}no colon\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\n{host}a: \0\r\n\r\n"),
        format!("POST {} HTTP/1.1\r\n{host}content-length: -1\r\n\r\n", guests()),
        format!("POST {} HTTP/1.1\r\n{host}content-length: 99999999999999999999999\r\n\r\n", guests()),
        format!("POST {} HTTP/1.1\r\n{host}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}", guests()),
        format!("POST {} HTTP/1.1\r\n{host}transfer-encoding: rot13\r\n\r\n{{}}", guests()),
        format!("GET /{} HTTP/1.1\r\n{host}\r\n", "x".repeat(100_000)),
        format!("GET /healthz HTTP/1.1\r\n{host}{}\r\n", "a: b\r\n".repeat(1_000)),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET /realtime HTTP/1.1\r\n".to_owned(),
        String::new(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    for _ in 0..50 {
        let mut noise = vec![0; random.random_range(1..2_000)];
        random.fill_bytes(&mut noise);
        rubbish.push(noise);
    }
    for bytes in rubbish {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let answer = raw_text(server.address, &bytes).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(refused, "{shown:?} is answered {answer:?}");
    }
    // A chunked body that is none is a body that broke.
    let head = format!("POST {} HTTP/1.1\r\n{host}content-type: application/json\r\n", guests());
    let broken = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n");
    let answer = raw_text(server.address, broken.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");

    let mut http = server.http().await;
    http.get("/healthz").await.ok();
    http.add_guest("g", 2).await;
}

#[tokio::test]
async fn a_head_that_never_ends_holds_nobody_up() {
    use tokio::{io::AsyncWriteExt, net::TcpStream};
    let server = TestServer::start().await;
    let mut dawdlers = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.expect("a server that listens");
        dawdlers.push(stream);
    }
    server.http().await.add_guest("g", 2).await;
}
