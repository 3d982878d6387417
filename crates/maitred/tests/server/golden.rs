//! The messages on the wire, compared with the files in `golden/` at the root of the repository. Its README says what
//! the files are; `GOLDEN_WRITE=1` writes those in `golden/wire/` and `golden/fold/` anew.

mod evening;

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use maitred::access::Role;
use serde_json::{Value, json};

use crate::{
    access::{guarded_server, join, token},
    common::{Device, RESTAURANT, TestServer, guest, guests, table, tables},
};

/// What stands in the files for every time, every UUID and every delay.
const SOME_TIME: &str = "2025-08-16T07:21:27.177385Z";
const SOME_UUID: &str = "00000000-0000-7000-8000-000000000000";
const SOME_DELAY: &str = "1000";

/// A time that a client gives is the same in every run; it stays in the files as it is.
const BOOKED_FOR: &str = "2025-08-16T19:30:00.000000Z";

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "golden", name].iter().collect::<PathBuf>().with_extension("json")
}

fn read(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("golden/{name}.json: {error}"))
}

/// The example has come true in `message`: each of its keys is there, with the same value. More keys are allowed.
#[track_caller]
fn assert_covers(example: &Value, message: &Value) {
    let (Value::Object(wanted), Value::Object(found)) = (example, message) else {
        return assert_eq!(example, message);
    };
    for (key, example) in wanted {
        let value = found.get(key).unwrap_or_else(|| panic!("no {key} in {message}"));
        if key == "timestamp" {
            assert!(is_time(value.as_str().expect("a text")), "{value} has not the shape of {example}");
        } else {
            assert_covers(example, value);
        }
    }
}

#[tokio::test]
async fn every_example_of_the_requirements_is_produced_by_the_running_server() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("guest-123", 2).await;
    http.add_guest("guest-456", 2).await;
    http.add_table("table-456", 4).await;
    http.add_table("table-789", 4).await;
    let mut device = server.device().await;
    let example = |name: &str| -> Value { read(&format!("requirements/{name}")).parse().expect("JSON") };

    http.put(&guest("guest-123"), json!({ "status": "seated", "table_id": "table-456" })).await.ok();
    assert_covers(&example("guest_updated"), &device.next().await);
    assert_covers(&example("table_updated"), &device.next().await);

    let walk_in = json!({ "id": "guest-789", "guestName": "John Doe", "partySize": 4 });
    http.post(&guests(), walk_in).await.ok();
    assert_covers(&example("guest_created"), &device.next().await);

    let operations = json!([
        { "op": "update_guest", "id": "guest-123", "data": { "notes": "by the window" } },
        { "op": "update_guest", "id": "guest-456", "data": { "status": "seated", "table_id": "table-789" } },
        { "op": "update_table", "id": "table-789", "data": { "section": "terrace" } },
    ]);
    let transaction = json!({ "restaurant_id": RESTAURANT, "operations": operations });
    http.post("/transactions/atomic", transaction).await.ok();
    assert_covers(&example("atomic_transaction_complete"), &device.next().await);
}

#[tokio::test]
async fn the_message_by_which_the_ios_client_identifies_itself_is_taken_word_for_word_and_echoed() {
    let server =
        TestServer::start_with(|config| config.restaurants.push("test-restaurant".parse().expect("an id"))).await;
    let text = read("requirements/restaurant_connect");
    let mut device = Device::connect(server.address, "").await;
    device.say_text(&text).await;
    assert_covers(&text.parse().expect("JSON"), &device.next().await);
}

/// Compares a text that is laid out with its file, or writes the file.
#[track_caller]
fn assert_golden(name: &str, laid_out: &str) {
    let text = format!("{laid_out}\n");
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        fs::write(file(name), text).expect("a file that can be written");
    } else {
        assert_eq!(text, read(name), "golden/{name}.json says otherwise; GOLDEN_WRITE=1 writes it anew");
    }
}

#[tokio::test]
async fn every_change_is_written_as_its_golden_file_shows() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    let json_of_host_stand = [("content-type", "application/json"), ("x-device-id", "host-stand")];

    let walk_in = json!({ "id": "guest-123", "guestName": "Zoë Rivera 🎂", "partySize": 4, "phone": "+44 20 7946 0123",
        "tags": ["birthday"], "source": "walk_in", "quotedWaitMinutes": 15 });
    http.send("POST", &guests(), &json_of_host_stand, walk_in.to_string()).await.ok();
    device.expect_golden("guest_created").await;

    let booking = json!({ "guestName": "Okafor", "partySize": 2, "source": "online", "reservationTime": BOOKED_FOR });
    http.post(&guests(), booking).await.ok();
    device.expect_golden("guest_created_by_reservation").await;

    let round = json!({ "id": "table-456", "tableNumber": 12, "capacity": 4, "section": "terrace", "shape": "round",
        "position": { "x": 0.25, "y": 0.5 }, "rotation": 45, "notes": null });
    http.post(&tables(), round).await.ok();
    device.expect_golden("table_created").await;

    http.patch(&guest("guest-123"), json!({ "notes": "by the window", "partySize": 3 })).await.ok();
    device.expect_golden("guest_updated_update").await;
    http.patch(&table("table-456"), json!({ "position": { "x": 0.75, "y": 0.5 } })).await.ok();
    device.expect_golden("table_updated_update").await;

    let seat = json!({ "status": "seated", "table_id": "table-456" });
    http.send("PUT", &guest("guest-123"), &json_of_host_stand, seat.to_string()).await.ok();
    device.expect_golden("guest_updated_status_change").await;
    device.expect_golden("table_updated_status_change").await;

    let settings =
        json!({ "name": "Chez Maître", "timezone": "Europe/Paris", "settings": { "dirtyAfterFinish": true } });
    http.patch(&format!("/restaurants/{RESTAURANT}"), settings).await.ok();
    device.expect_golden("restaurant_updated").await;

    let operations = json!([
        { "op": "create_guest", "id": "guest-789", "data": { "guestName": "John Doe", "partySize": 4 } },
        { "op": "create_table", "id": "table-789", "data": { "tableNumber": "13", "capacity": 6 } },
        { "op": "update_guest", "id": "guest-123", "data": { "status": "finished" } },
    ]);
    let transaction = json!({ "transaction_id": "txn-1", "restaurant_id": RESTAURANT, "operations": operations });
    http.send("POST", "/transactions/atomic", &json_of_host_stand, transaction.to_string()).await.ok();
    device.expect_golden("atomic_transaction_complete").await;

    let operations = json!([
        { "op": "update_guest", "id": "guest-789", "data": { "table_id": "table-789" } },
        { "op": "delete_guest", "id": "guest-123" },
        { "op": "delete_table", "id": "table-456" },
    ]);
    http.post("/transactions/atomic", json!({ "restaurant_id": RESTAURANT, "operations": operations })).await.ok();
    device.expect_golden("atomic_transaction_complete_without_a_name").await;

    http.delete(&guest("guest-789")).await.ok();
    device.expect_golden("guest_deleted").await;
    device.expect("table_updated").await;
    http.delete(&table("table-789")).await.ok();
    device.expect_golden("table_deleted").await;
}

#[tokio::test]
async fn everything_else_that_the_server_says_is_written_as_its_golden_file_shows() {
    let mut server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("guest-123", 4).await;
    http.add_table("table-456", 4).await;
    http.patch(&guest("guest-123"), json!({ "table_id": "table-456" })).await.ok();

    let mut by_url = Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}&since=99")).await;
    by_url.expect_golden("restaurant_connect_by_url").await;
    by_url.expect_golden("snapshot").await;

    let mut device = Device::connect(server.address, "").await;
    device.say(json!({ "type": "ping" })).await;
    device.expect_golden("pong_before_joining").await;
    device.say(json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "platform": "iOS" })).await;
    device.expect_golden("restaurant_connect").await;
    device.say(json!({ "type": "ping" })).await;
    device.expect_golden("pong").await;
    device.say_text("not JSON").await;
    device.expect_golden("error_malformed_json").await;
    device.say(json!({ "type": "guest_updated", "guest_id": "guest-123" })).await;
    device.expect_golden("error_unknown_type").await;
    device.say(json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "platform": 17 })).await;
    device.expect_golden("error_invalid").await;
    device.say(json!({ "type": "restaurant_connect", "restaurant_id": "another" })).await;
    device.expect_golden("error_already_joined").await;

    let mut lost = Device::connect(server.address, "?restaurant_id=nowhere").await;
    lost.expect_golden("error_not_found").await;
    lost.expect_golden("bye_not_found").await;
    server.stop();
    device.expect_golden("bye_shutting_down").await;
}

#[tokio::test]
async fn a_heartbeat_is_written_as_its_golden_file_shows() {
    let server = TestServer::start_with(|config| config.realtime.heartbeat_interval = Duration::from_millis(50)).await;
    server.http().await.add_guest("guest-123", 4).await;
    let mut device = server.device().await;
    device.expect_golden("heartbeat").await;
}

#[tokio::test]
async fn what_a_device_hears_of_its_token_is_written_as_its_golden_files_show() {
    let server = guarded_server().await;
    let mut stranger = join(&server, None, json!({})).await;
    stranger.expect_golden("error_unauthorized").await;
    stranger.expect_golden("bye_not_allowed").await;
    let mut elsewhere = join(&server, Some(&token(Role::Host, &["another"], 600)), json!({})).await;
    elsewhere.expect_golden("error_forbidden").await;
    elsewhere.expect_golden("bye_not_allowed").await;
    let mut short = join(&server, Some(&token(Role::Host, &[RESTAURANT], 3)), json!({})).await;
    short.expect("restaurant_connect").await;
    short.expect_golden("token_expiring").await;
}

#[test]
fn golden_files_are_messages_whose_type_comes_first() {
    for folder in ["requirements", "wire"] {
        let folder = file(folder).with_extension("");
        for entry in fs::read_dir(&folder).expect("the golden files") {
            let path = entry.expect("a file").path();
            let text = fs::read_to_string(&path).expect("text");
            let message: Value = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            let kind = message["type"].as_str().expect("a type");
            assert!(name.starts_with(kind), "{name} holds a {kind}");
            let first = text.trim_start_matches(['{', ' ', '\n']);
            assert!(first.starts_with("\"type\":"), "{name} begins with {first}");
        }
    }
}

impl Device {
    /// The next message is, but for what differs from run to run, the one in `golden/wire/`.
    async fn expect_golden(&mut self, name: &str) {
        let text = self.next_text().await.expect("a message, but the socket closed");
        assert_golden(&format!("wire/{name}"), &pretty(&text));
    }
}

/// A JSON text laid out for people, its keys in their order, with placeholders for what differs from run to run.
fn pretty(json: &str) -> String {
    lay_out(json, &mut |_| SOME_TIME.to_owned())
}

/// The same, but which time comes before which is still to be seen: the earliest is six in the evening, and each of the
/// others a minute later than the one before.
fn pretty_in_order(json: &str) -> String {
    let mut times = BTreeSet::new();
    lay_out(json, &mut |time| {
        times.insert(time.to_owned());
        String::new()
    });
    let minutes: Vec<String> = times.into_iter().collect();
    lay_out(json, &mut |time| {
        let minute = minutes.iter().position(|other| other == time).expect("it was there a moment ago");
        format!("2025-08-16T{:02}:{:02}:00.000000Z", 18 + minute / 60, minute % 60)
    })
}

fn lay_out(json: &str, time: &mut impl FnMut(&str) -> String) -> String {
    let (mut out, mut depth, mut key) = (String::new(), 0, "");
    let mut rest = json;
    while let Some(char) = rest.chars().next() {
        let (token, after) = rest.split_at(match char {
            '"' => end_of_text(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(['}', ']', ',']).unwrap_or(rest.len()),
        });
        rest = after;
        match char {
            '{' | '[' if rest.starts_with(['}', ']']) => out.push(char),
            '{' | '[' => {
                depth += 1;
                out += token;
                new_line(&mut out, depth);
            }
            '}' | ']' if out.ends_with(['{', '[']) => out.push(char),
            '}' | ']' => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(char);
            }
            ',' => {
                out.push(char);
                new_line(&mut out, depth);
            }
            ':' => out += ": ",
            '"' if rest.starts_with(':') => {
                key = token;
                out += token;
            }
            '"' => out += &placeholder(token, time),
            _ if key == "\"retry_ms\"" => out += SOME_DELAY,
            _ => out += token,
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// How long the quoted text is that `rest` begins with.
fn end_of_text(rest: &str) -> usize {
    let mut escaped = true;
    let end = rest.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    });
    end.expect("a text that ends") + 1
}

/// What stands in a file for this quoted text.
fn placeholder(quoted: &str, time: &mut impl FnMut(&str) -> String) -> String {
    let text = quoted.trim_matches('"');
    let uuid_at = text.len().checked_sub(SOME_UUID.len()).filter(|at| text.is_char_boundary(*at));
    match uuid_at {
        _ if text == BOOKED_FOR => quoted.to_owned(),
        _ if is_time(text) => format!("\"{}\"", time(text)),
        Some(at) if is_uuid(&text[at..]) => format!("\"{}{SOME_UUID}\"", &text[..at]),
        _ => quoted.to_owned(),
    }
}

/// Whether a text is a time as this wire writes it: RFC 3339, UTC, microseconds, `Z`.
fn is_time(text: &str) -> bool {
    has_shape_of(SOME_TIME, text, |char| char.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    has_shape_of(SOME_UUID, text, |char| char.is_ascii_hexdigit())
}

/// Whether two texts are the same but for their digits.
fn has_shape_of(example: &str, text: &str, is_digit: impl Fn(char) -> bool) -> bool {
    let mut pairs = example.chars().zip(text.chars());
    example.len() == text.len() && pairs.all(|(one, other)| if is_digit(one) { is_digit(other) } else { one == other })
}

#[test]
fn a_text_is_laid_out_with_placeholders_and_nothing_else_changed() {
    let text = r#"{"type":"x","b":[],"a":["say \"1, {\" \\",1.5,{}],"retry_ms":250,"timestamp":"2026-01-02T03:04:05.060708Z","epoch":"0198c2d1-aaaa-7bbb-8ccc-0123456789ab"}"#;
    let laid_out = pretty(text);
    let expected = json!({ "type": "x", "b": [], "a": ["say \"1, {\" \\", 1.5, {}], "retry_ms": 1000,
        "timestamp": SOME_TIME, "epoch": SOME_UUID });
    assert_eq!(laid_out.parse::<Value>().expect("JSON"), expected);
    assert!(laid_out.starts_with("{\n  \"type\": \"x\",\n  \"b\": [],\n  \"a\": [\n    \"say"), "{laid_out}");
    let times = r#"["2026-01-02T03:04:05.060708Z","2025-01-02T03:04:05.060708Z","2026-01-02T03:04:05.060708Z"]"#;
    let times = pretty_in_order(times).parse::<Value>().expect("JSON");
    let [six, one_past] = ["2025-08-16T18:00:00.000000Z", "2025-08-16T18:01:00.000000Z"];
    assert_eq!(times, json!([one_past, six, one_past]));
}
