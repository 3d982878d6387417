//! What devices say on their sockets: on one that has joined, and on one that has not.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{
    bending::{Dialect, bent, seeds},
    runtime, torment, validator,
};
use crate::common::{Device, RESTAURANT, TestServer};

/// Changes before the torment begins, so that a device can have missed some.
const HEAD: u64 = 3;

const NAMES: [&str; 8] = ["type", "restaurant_id", "platform", "device_id", "since", "epoch", "token", "Type"];
const VALUES: [&str; 10] = [
    "restaurant_connect",
    "ping",
    "pong",
    "heartbeat",
    RESTAURANT,
    "elsewhere",
    "EPOCH",
    "PING",
    "guest_created",
    "iOS",
];

struct Scene {
    server: TestServer,
    epoch: String,
    /// A device that has joined, and one that has not; none after a case that broke, or a good-bye.
    joined: Option<Device>,
    bare: Option<Device>,
    /// Hears what happens in the restaurant, which is nothing.
    watcher: Device,
    /// What the server may say, and a device, by the message's type.
    server_says: BTreeMap<String, Validator>,
    device_says: BTreeMap<String, Validator>,
}

#[test]
fn whatever_a_device_says_is_answered_as_described_and_disturbs_nobody() {
    let (runtime, seeds) = (runtime(), seeds("messages", "json"));
    let scene = RefCell::new(runtime.block_on(Scene::open()));
    let play = |text: &[u8]| {
        let mut scene = scene.borrow_mut();
        let text = String::from_utf8_lossy(text).replace("EPOCH", &scene.epoch);
        runtime.block_on(scene.say(&text));
    };
    seeds.iter().for_each(|seed| play(&seed.text));
    let dialect = Dialect::json(&NAMES, &VALUES);
    dialect.words().into_iter().for_each(|word| play(word.as_bytes()));
    torment(600, &bent(seeds, dialect), |bent| play(&bent.text));
}

/// What a text must be answered with, on a socket that has joined or not.
enum Due {
    Error(&'static str),
    Pong,
    Silence,
    /// This restaurant is joined; the last is where the device left off.
    Joined(Value, Option<Value>),
    /// It is another restaurant.
    Elsewhere,
}

impl Scene {
    async fn open() -> Self {
        // A device that has not joined is kept for as long as nothing happens to it.
        let patient = |config: &mut maitred::config::Config| {
            config.limits.identify_timeout = Duration::from_secs(24 * 60 * 60);
        };
        let server = TestServer::start_with(patient).await;
        let mut http = server.http().await;
        for index in 0..HEAD {
            http.add_guest(&format!("g{index}"), 2).await;
        }
        let asyncapi = http.get("/asyncapi.json").await.json();
        let says = |direction: &str| {
            let messages = asyncapi["components"]["messages"].as_object().expect("messages");
            let messages = messages.iter().filter(|(name, _)| name.starts_with(direction));
            let of = |(_, message): (_, &Value)| {
                (message["name"].as_str().expect("a type").to_owned(), validator(&asyncapi, &message["payload"]))
            };
            messages.map(of).collect()
        };
        let (server_says, device_says): (BTreeMap<_, _>, BTreeMap<_, _>) = (says("Server"), says("Device"));
        assert_eq!(device_says.len(), 4, "{:?}", device_says.keys());
        let mut watcher = Device::connect(server.address, &format!("?restaurant_id={RESTAURANT}")).await;
        let epoch = watcher.expect("restaurant_connect").await["epoch"].as_str().expect("a text").to_owned();
        Self { server, epoch, joined: None, bare: None, watcher, server_says, device_says }
    }

    /// Says a text on both sockets and judges what comes back.
    async fn say(&mut self, text: &str) {
        let mut joined = match self.joined.take() {
            Some(joined) => joined,
            None => self.server.device().await,
        };
        let heard = self.heard(&mut joined, text).await;
        let stays = self.judge(text, true, &heard);
        assert!(stays, "{heard:?}");
        self.joined = Some(joined);

        let mut bare = match self.bare.take() {
            Some(bare) => bare,
            None => Device::connect(self.server.address, "").await,
        };
        let heard = self.heard(&mut bare, text).await;
        if self.judge(text, false, &heard) && heard.last().is_some_and(|pong| pong["seq"].is_null()) {
            self.bare = Some(bare);
        }
        self.watcher.expect_silence().await;
    }

    /// Everything that the server says to a text, up to the answer to a ping after it or to the end.
    async fn heard(&self, device: &mut Device, text: &str) -> Vec<Value> {
        let mut pongs_due = if matches!(self.due(text), Due::Pong) { 2 } else { 1 };
        device.say_text(text).await;
        device.say(json!({ "type": "ping" })).await;
        let mut heard = Vec::new();
        while pongs_due > 0 {
            let Some(said) = device.next_text().await else { break };
            let said: Value = serde_json::from_str(&said).expect("JSON");
            let kind = said["type"].as_str().unwrap_or_default();
            let schema = self.server_says.get(kind).unwrap_or_else(|| panic!("nothing is said of {said}"));
            schema.validate(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
            pongs_due -= usize::from(kind == "pong");
            if kind != "heartbeat" {
                heard.push(said);
            }
        }
        heard
    }

    /// What is due by the description of what a device may say, and by the words about what it may not.
    fn due(&self, text: &str) -> Due {
        let Ok(said) = serde_json::from_str::<Value>(text) else { return Due::Error("malformed_json") };
        if !said.is_object() {
            return Due::Error("invalid");
        }
        let Some(kind) = said["type"].as_str() else { return Due::Error("unknown_type") };
        let Some(schema) = self.device_says.get(kind) else { return Due::Error("unknown_type") };
        let mut form = said.clone();
        // What is no number is no fault: the device is shown the floor.
        let since = form.as_object_mut().and_then(|form| form.remove("since")).filter(|since| !since.is_null());
        match kind {
            _ if !schema.is_valid(&form) => Due::Error("invalid"),
            "ping" => Due::Pong,
            "restaurant_connect" if said["restaurant_id"] == RESTAURANT => Due::Joined(said, since),
            "restaurant_connect" => Due::Elsewhere,
            _ => Due::Silence,
        }
    }

    /// Judges what came back; whether the conversation goes on.
    #[track_caller]
    fn judge(&self, text: &str, is_joined: bool, heard: &[Value]) -> bool {
        let kinds: Vec<&str> = heard.iter().filter_map(|said| said["type"].as_str()).collect();
        let is_error = |code: &str| {
            let message = heard[0]["message"].as_str().unwrap_or_default();
            assert!(heard[0]["code"] == code && !message.is_empty(), "{code} is due: {heard:?}");
        };
        match self.due(text) {
            Due::Error(code) => {
                assert_eq!(kinds, ["error", "pong"], "{heard:?}");
                is_error(code);
            }
            Due::Pong => assert_eq!(kinds, ["pong", "pong"]),
            Due::Silence => assert_eq!(kinds, ["pong"]),
            Due::Elsewhere if is_joined => {
                assert_eq!(kinds, ["error", "pong"], "{heard:?}");
                is_error("already_joined");
            }
            Due::Elsewhere => {
                assert_eq!(kinds, ["error", "bye"], "{heard:?}");
                is_error("not_found");
                assert_eq!(heard[1]["reason"], "not_found");
                return false;
            }
            Due::Joined(..) if is_joined => assert_eq!(kinds, ["restaurant_connect", "pong"], "{heard:?}"),
            Due::Joined(said, since) => {
                assert_eq!(heard[0]["type"], "restaurant_connect", "{heard:?}");
                assert_eq!(heard[0]["platform"], said["platform"], "it is echoed");
                self.judge_resuming(&said, since, &heard[1..]);
            }
        }
        true
    }

    /// A device that says where it left off hears what it missed, or is shown the floor.
    fn judge_resuming(&self, said: &Value, since: Option<Value>, heard: &[Value]) {
        let (pong, missed) = heard.split_last().expect("a pong");
        assert_eq!((&pong["type"], &pong["seq"]), (&json!("pong"), &json!(HEAD)), "{heard:?}");
        let same_life = said["epoch"].as_str().is_none_or(|epoch| epoch == self.epoch);
        let numbers: Vec<Option<u64>> = missed.iter().map(|message| message["seq"].as_u64()).collect();
        match since.map(|since| since.as_u64().filter(|since| same_life && *since <= HEAD)) {
            None => assert!(missed.is_empty(), "{missed:?}"),
            Some(Some(since)) => assert_eq!(numbers, (since + 1..=HEAD).map(Some).collect::<Vec<_>>(), "{missed:?}"),
            Some(None) => {
                assert_eq!((&missed[0]["type"], numbers), (&json!("snapshot"), vec![Some(HEAD)]), "{missed:?}");
            }
        }
    }
}
