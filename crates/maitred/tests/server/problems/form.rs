//! 413, 415, 400 and 422: bodies and headers that can't be used.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::common::{Http, TestServer, guest, guests, raw, table, tables};

/// The limit of a body.
const LIMIT: usize = 256 * 1024;

fn sorted_fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors");
    let mut fields: Vec<&str> = errors.iter().map(|error| error["field"].as_str().expect("a field")).collect();
    fields.sort_unstable();
    fields
}

/// A guest's body of exactly this many bytes.
fn body_of(bytes: usize) -> String {
    let bare = r#"{"guestName":"Rivera","partySize":2,"ignored":""}"#;
    let filler = "x".repeat(bytes - bare.len());
    bare.replace(r#":""}"#, &format!(r#":"{filler}"}}"#))
}

#[tokio::test]
async fn a_body_may_have_256_kib_and_not_a_byte_more() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let json = [("content-type", "application/json")];
    assert_eq!(http.send("POST", &guests(), &json, body_of(LIMIT)).await.status, 201);
    http.send("POST", &guests(), &json, body_of(LIMIT + 1)).await.problem(413, "too_large");
    // The connection has been read to its end, and goes on.
    assert_eq!(http.get(&guests()).await.ok()["guests"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_client_that_has_sent_10_mb_can_read_why_it_was_refused() {
    const BODY: usize = 10 * 1024 * 1024;
    let server = TestServer::start().await;
    let head = |path: &str, length: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n{length}\r\n\r\n"
        )
    };
    for path in [guests(), tables(), "/restaurants".to_owned(), "/transactions/atomic".to_owned()] {
        let announced = [head(&path, &format!("content-length: {BODY}")).into_bytes(), vec![b' '; BODY]].concat();
        raw(server.address, &announced).await.problem(413, "too_large");
        let mut chunked = head(&path, "transfer-encoding: chunked").into_bytes();
        for _ in 0..BODY / (64 * 1024) {
            chunked.extend_from_slice(b"10000\r\n");
            chunked.extend_from_slice(&[b' '; 64 * 1024]);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        raw(server.address, &chunked).await.problem(413, "too_large");
    }
}

#[tokio::test]
async fn a_client_that_has_sent_10_mb_to_the_wrong_place_can_read_so() {
    const BODY: usize = 10 * 1024 * 1024;
    let server = TestServer::start().await;
    for (line, status, code) in [
        ("POST /nowhere".to_owned(), 404, "not_found"),
        (format!("PUT {}", guests()), 405, "method_not_allowed"),
        (format!("DELETE {}", guest("nobody")), 404, "not_found"),
    ] {
        let head = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {BODY}\r\n\r\n");
        raw(server.address, &[head.into_bytes(), vec![b' '; BODY]].concat()).await.problem(status, code);
    }
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_refused_before_it_sends() {
    let server = TestServer::start().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n\
         expect: 100-continue\r\ncontent-length: 99999999\r\n\r\n",
        guests()
    );
    raw(server.address, head.as_bytes()).await.problem(413, "too_large");
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_not_read_as_json() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let body = r#"{"guestName":"Rivera","partySize":2}"#;
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/json"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
    ] {
        let headers: Vec<_> = content_type.map(|content_type| ("content-type", content_type)).into_iter().collect();
        for (method, path) in [("POST", guests()), ("PUT", guest("g")), ("PATCH", table("t"))] {
            http.send(method, &path, &headers, body).await.problem(415, "unsupported_media_type");
        }
    }
    for content_type in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
        assert_eq!(http.send("POST", &guests(), &[("content-type", content_type)], body).await.status, 201);
    }
}

async fn post(http: &mut Http, body: impl Into<bytes::Bytes>) -> crate::common::Answer {
    http.send("POST", &guests(), &[("content-type", "application/json")], body).await
}

#[tokio::test]
async fn what_is_not_json_is_told_so() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for body in [
        &b""[..],
        b" ",
        b"guestName=Rivera&partySize=2",
        b"{",
        br#"{"guestName":"Rivera","partySize":2"#,
        br#"{"guestName":"Rivera","partySize":2,}"#,
        br#"{"guestName":"Rivera","partySize":2} and more"#,
        br#"{"guestName":"Rivera","partySize":2}{}"#,
        br"{'guestName':'Rivera','partySize':2}",
        br#"{"guestName":"Rivera","partySize":02}"#,
        br#"{"guestName":"Rivera","partySize":NaN}"#,
        br#"{"guestName":"\ud83c","partySize":2}"#,
        br#"{"guestName":"\udf7d\ud83c","partySize":2}"#,
        br#"{"guestName":"Riv\xera","partySize":2}"#,
        b"{\"guestName\":\"Riv\nera\",\"partySize\":2}",
        b"{\"guestName\":\"\xff\xfe\",\"partySize\":2}",
        b"{\"guestName\":\"\xed\xa0\xbc\",\"partySize\":2}",
        b"\xef\xbb\xbf{\"guestName\":\"Rivera\",\"partySize\":2}",
        b"\x00",
    ] {
        post(&mut http, body).await.problem(400, "malformed_json");
    }
    assert_eq!(http.get(&guests()).await.ok()["guests"], json!([]));
}

#[tokio::test]
async fn json_may_nest_100_levels_deep_and_no_deeper() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!(r#"{{"guestName":"Rivera","partySize":2,"ignored":{open}{close}}}"#)
    };
    assert_eq!(post(&mut http, nested(100)).await.status, 201);
    post(&mut http, nested(101)).await.problem(400, "malformed_json");
    // As deep as a body can be: the end of a stack, if there were a frame a level.
    post(&mut http, "[".repeat(LIMIT)).await.problem(400, "malformed_json");
    post(&mut http, r#"{"a":"#.repeat(LIMIT / 5)).await.problem(400, "malformed_json");
}

#[tokio::test]
async fn of_a_repeated_key_the_last_counts() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let body = r#"{"guestName":"first","partySize":100,"partySize":2,"guestName":"last"}"#;
    let row = post(&mut http, body).await.ok()["guest"].take();
    assert_eq!((&row["guestName"], &row["partySize"]), (&json!("last"), &json!(2)));
}

#[tokio::test]
async fn an_escaped_character_is_the_character() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let body = r#"{"guestName":"\u0041na \ud83c\udf7d","partySize":2}"#;
    assert_eq!(post(&mut http, body).await.ok()["guest"]["guestName"], "Ana 🍽");
}

#[tokio::test]
async fn a_body_that_is_no_object_is_told_so_in_one_fault() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    for body in ["[]", "null", "7", "\"guest\"", "true"] {
        for (method, path) in [
            ("POST", guests()),
            ("PUT", guest("g")),
            ("PATCH", guest("g")),
            ("POST", tables()),
            ("PATCH", table("t")),
            ("PATCH", format!("/restaurants/{}", crate::common::RESTAURANT)),
            ("POST", format!("/transactions/atomic?restaurant_id={}", crate::common::RESTAURANT)),
        ] {
            let answer = http.send(method, &path, &[("content-type", "application/json")], body).await;
            let problem = answer.problem(422, "invalid");
            assert_eq!(sorted_fields(&problem), ["body"], "{method} {path}");
        }
        for path in ["/restaurants", "/transactions/atomic"] {
            let answer = http.send("POST", path, &[("content-type", "application/json")], body).await;
            assert!(sorted_fields(&answer.problem(422, "invalid")).contains(&"body"), "{path}");
        }
    }
}

#[tokio::test]
async fn all_wrong_fields_are_named_at_once_with_what_is_wrong() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let body = json!({
        "guestName": "", "partySize": "4", "status": "hungry", "phone": 7, "tags": "vip", "quotedWaitMinutes": 1.5,
        "reservationTime": "2025-08-16T18:00:00", "notes": "a\u{7}b", "source": "pigeon", "table_id": "a b",
    });
    let problem = http.post(&guests(), body).await.problem(422, "invalid");
    let expected = [
        "guestName",
        "notes",
        "partySize",
        "phone",
        "quotedWaitMinutes",
        "reservationTime",
        "source",
        "status",
        "table_id",
        "tags",
    ];
    assert_eq!(sorted_fields(&problem), expected);
    for error in problem["errors"].as_array().expect("errors") {
        assert_eq!(error.as_object().map(serde_json::Map::len), Some(2), "{error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 5), "{error}");
        let in_words = format!("{} {}", error["field"].as_str().expect("a"), error["message"].as_str().expect("b"));
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&in_words)), "{problem}");
    }
    let problem = http.post(&guests(), json!({})).await.problem(422, "invalid");
    assert_eq!(sorted_fields(&problem), ["guestName", "partySize"]);
    let problem =
        http.post(&tables(), json!({ "position": { "x": 2 }, "shape": "star" })).await.problem(422, "invalid");
    assert_eq!(sorted_fields(&problem), ["capacity", "position", "shape", "tableNumber"]);
}

#[tokio::test]
async fn the_two_halves_of_a_seating_have_codes_of_their_own() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    let problem = http.put(&guest("g"), json!({ "status": "seated" })).await.problem(422, "table_required");
    assert_eq!(sorted_fields(&problem), ["table_id"]);
    let problem = http.put(&table("t"), json!({ "status": "occupied" })).await.problem(422, "guest_required");
    assert_eq!(sorted_fields(&problem), ["guest_id"]);
    let problem = http.put(&guest("g"), json!({ "table_id": "nowhere" })).await.problem(422, "invalid");
    assert_eq!(sorted_fields(&problem), ["table_id"]);
    let problem = http.put(&guest("g"), json!({ "id": "h" })).await.problem(422, "invalid");
    assert_eq!(sorted_fields(&problem), ["id"]);
}

#[tokio::test]
async fn a_header_that_cannot_be_used_is_named() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let long = "x".repeat(201);
    let body = r#"{"guestName":"Rivera","partySize":2}"#;
    for device in [long.as_str(), "caf\u{e9}"] {
        let headers = [("content-type", "application/json"), ("x-device-id", device)];
        let problem = http.send("POST", &guests(), &headers, body).await.problem(422, "invalid");
        assert_eq!(sorted_fields(&problem), ["X-Device-Id"]);
    }
    let headers = [("content-type", "application/json"), ("x-device-id", &long[..200])];
    assert_eq!(http.send("POST", &guests(), &headers, body).await.status, 201);
}

#[tokio::test]
async fn a_body_that_ends_before_its_time_changes_nothing() {
    let server = TestServer::start().await;
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n",
        guests()
    );
    write!(request, r#"{{"guestName":"Rivera","partySize":2}}"#).expect("a text");
    // The client goes; whether it still reads an answer is its affair.
    _ = crate::common::raw_text(server.address, request.as_bytes()).await;
    assert_eq!(server.http().await.get(&guests()).await.ok()["guests"], json!([]));
}
