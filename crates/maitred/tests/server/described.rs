//! What the server says of itself is true of what it says and does.

use std::{collections::BTreeSet, fs, path::PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::common::{Http, TestServer};

async fn document(http: &mut Http, path: &str) -> Value {
    let answer = http.get(path).await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    answer.json()
}

/// The messages of a folder of `golden/`, by the names of their files.
fn golden(folder: &str) -> Vec<(String, Value)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "golden", folder].iter().collect();
    let files = fs::read_dir(folder).expect("the golden files").map(|entry| entry.expect("a file").path());
    let read = |path: PathBuf| fs::read_to_string(&path).expect("text").parse().expect("JSON");
    files.map(|path| (path.display().to_string(), read(path))).collect()
}

/// What validates the payload of a message by its name in the document.
fn payload(asyncapi: &Value, name: &str) -> Validator {
    let mut schema = asyncapi["components"]["messages"][name]["payload"].clone();
    assert!(schema.is_object(), "no message {name}");
    schema["components"] = asyncapi["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

/// `guest_created` as the document calls it.
fn named(direction: &str, message: &Value) -> String {
    let kind = message["type"].as_str().expect("a type");
    let words = kind.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    direction.to_owned() + &words.collect::<String>()
}

#[tokio::test]
async fn every_golden_message_is_as_the_document_describes_it() {
    let server = TestServer::start().await;
    let asyncapi = document(&mut server.http().await, "/asyncapi.json").await;
    let mut seen = BTreeSet::new();
    for (file, message) in golden("wire") {
        let name = named("Server", &message);
        payload(&asyncapi, &name).validate(&message).unwrap_or_else(|error| panic!("{file}: {error}"));
        seen.insert(name);
    }
    let described = asyncapi["operations"]["say"]["messages"].as_array().expect("a list");
    assert_eq!(seen.len(), described.len(), "every message that is described has a golden file: {seen:?}");
}

#[tokio::test]
async fn every_example_of_the_requirements_has_a_place_in_the_document() {
    let server = TestServer::start().await;
    let asyncapi = document(&mut server.http().await, "/asyncapi.json").await;
    for (file, message) in golden("requirements") {
        if message["type"] == "restaurant_connect" {
            let device = payload(&asyncapi, &named("Device", &message));
            device.validate(&message).unwrap_or_else(|error| panic!("{file}: {error}"));
            continue;
        }
        // The examples show less than there is: each of their keys must be described, and fit.
        let mut schema = asyncapi["components"]["schemas"][named("Server", &message)].clone();
        let properties = schema["properties"].as_object_mut().expect("properties");
        for key in message.as_object().expect("an object").keys() {
            assert!(properties.contains_key(key), "{file}: nothing is said of {key}");
        }
        properties.remove("data");
        schema["required"] = json!([]);
        schema["components"] = asyncapi["components"].clone();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        validator.validate(&message).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[tokio::test]
async fn what_a_device_may_say_is_told_from_what_it_may_not() {
    let server = TestServer::start().await;
    let asyncapi = document(&mut server.http().await, "/asyncapi.json").await;
    let connect = payload(&asyncapi, "DeviceRestaurantConnect");
    for good in [json!({}), json!({ "platform": null, "since": 41, "epoch": "e", "device_id": "d", "more": 1 })] {
        let mut message = json!({ "type": "restaurant_connect", "restaurant_id": "bistro" });
        message.as_object_mut().expect("an object").extend(good.as_object().expect("an object").clone());
        assert!(connect.is_valid(&message), "{message}");
    }
    for bad in [
        json!({ "type": "restaurant_connect" }),
        json!({ "type": "restaurant_connect", "restaurant_id": 7 }),
        json!({ "type": "restaurant_connect", "restaurant_id": "bistro", "platform": {} }),
        json!({ "type": "ping", "restaurant_id": "bistro" }),
    ] {
        assert!(!connect.is_valid(&bad), "{bad}");
    }
    for kind in ["ping", "pong", "heartbeat"] {
        let message = json!({ "type": kind });
        assert!(payload(&asyncapi, &named("Device", &message)).is_valid(&message), "{kind}");
    }
}

#[tokio::test]
async fn the_methods_that_a_path_allows_are_those_that_are_described() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let openapi = document(&mut http, "/openapi.json").await;
    let paths = openapi["paths"].as_object().expect("paths");
    assert!(paths.len() > 10, "{paths:?}");
    for (path, operations) in paths {
        let refused = http.send("PROPFIND", &path.replace(['{', '}'], ""), &[], String::new()).await;
        let allowed = refused.header("allow").unwrap_or_else(|| panic!("{path}: {}", refused.text)).to_owned();
        refused.problem(405, "method_not_allowed");
        let allowed: BTreeSet<String> = allowed.split(',').map(|method| method.trim().to_lowercase()).collect();
        let described = operations.as_object().expect("operations").keys().cloned();
        // Whatever answers GET answers HEAD.
        let described: BTreeSet<String> = described
            .flat_map(|method| if method == "get" { vec![method, "head".into()] } else { vec![method] })
            .collect();
        assert_eq!(allowed, described, "{path}");
    }
}

#[tokio::test]
async fn the_page_shows_every_route_and_message_and_loads_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let (openapi, asyncapi) = (document(&mut http, "/openapi.json").await, document(&mut http, "/asyncapi.json").await);
    let page = http.get("/docs").await;
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    let operations = openapi["paths"].as_object().expect("paths").values().filter_map(Value::as_object).flatten();
    for (_, operation) in operations {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(page.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for message in asyncapi["components"]["messages"].as_object().expect("messages").values() {
        let name = message["name"].as_str().expect("a name");
        assert!(page.text.contains(&format!("<code>{name}</code>")), "{name}");
    }
    for foreign in ["http:", "https:", "<script", "style="] {
        assert!(!page.text.contains(foreign), "{foreign}");
    }
    for link in page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.text.contains(&format!("id=\"{link}\"")), "nothing at #{link}");
    }
    assert_eq!(http.get("/docs/style.css").await.header("content-type"), Some("text/css; charset=utf-8"));
}
