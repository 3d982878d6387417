//! Bodies of requests, on every kind of write.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fmt,
};

use jsonschema::Validator;
use proptest::{prelude::*, sample::Index};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, json};

use super::{
    bending::{Dialect, bent, seeds},
    lenient_validator, runtime, torment, validator,
};
use crate::common::{Answer, Http, RESTAURANT, TestServer};

/// The deepest nesting of a JSON body.
const DEEPEST: usize = 100;

/// What stands in the place of a code that is open, in a body.
const CODE: &str = "000 000";

const NAMES: [&str; 44] = [
    "id",
    "guestName",
    "name",
    "first_name",
    "lastName",
    "partySize",
    "party_size",
    "status",
    "table_id",
    "tableId",
    "assignedTableId",
    "phone",
    "phoneNumber",
    "email",
    "notes",
    "tags",
    "source",
    "reservationTime",
    "checkInTime",
    "notifiedTime",
    "quotedWaitMinutes",
    "override",
    "tableNumber",
    "number",
    "capacity",
    "guest_id",
    "currentGuestId",
    "section",
    "shape",
    "position",
    "rotation",
    "timezone",
    "settings",
    "dirtyAfterFinish",
    "op",
    "operation",
    "data",
    "expected_version",
    "operations",
    "guests",
    "tables",
    "restaurant_id",
    "role",
    "code",
];
const VALUES: [&str; 26] = [
    "g",
    "t",
    "g9",
    "t9",
    "seated",
    "Waitlist",
    "occupied",
    "cleaning",
    "finished",
    "no show",
    "available",
    "create_guest",
    "update_table",
    "delete_guest",
    "update",
    "delete",
    "create",
    "2025-08-16T20:00:00Z",
    "Europe/Paris",
    "round",
    "phone",
    RESTAURANT,
    "elsewhere",
    "owner",
    "host",
    CODE,
];

struct Scene {
    /// Keeps the server.
    _server: TestServer,
    http: Http,
    /// The routes that take a body, by the names of their operations.
    routes: BTreeMap<String, Route>,
    openapi: Value,
    /// What answers look like, by operation and status. Made when they are first needed: there are long patterns in them.
    answers: HashMap<(String, u16), Validator>,
    floor: Validator,
    /// The number of the restaurant's last change; none when it is to be begun anew.
    seq: Option<u64>,
    /// A pairing code that is open.
    code: String,
}

struct Route {
    method: String,
    path: String,
    described: Value,
    takes: Validator,
}

#[test]
fn whatever_a_body_holds_it_is_answered_as_described_and_a_refusal_changes_nothing() {
    let (runtime, seeds) = (runtime(), seeds("bodies", "json"));
    let scene = RefCell::new(runtime.block_on(Scene::open()));
    let play = |operation: &str, body: &[u8]| runtime.block_on(scene.borrow_mut().send(operation, body));
    let operation_of = |seed: &str| seed.split('.').next().expect("a name").to_owned();
    seeds.iter().for_each(|seed| play(&operation_of(&seed.name), &seed.text));
    let names: Vec<String> = scene.borrow().routes.keys().cloned().collect();
    for name in &names {
        assert!(seeds.iter().any(|seed| operation_of(&seed.name) == *name), "there is no seed for {name}");
    }
    let dialect = Dialect::json(&NAMES, &VALUES);
    for (index, word) in dialect.words().into_iter().enumerate() {
        play(&names[index % names.len()], word.as_bytes());
    }
    // Now and then a body comes to another route than that which it was meant for.
    let strayed = proptest::option::weighted(0.15, any::<Index>());
    torment(500, &(bent(seeds, dialect), strayed), |(bent, strayed)| {
        let operation = strayed.map_or_else(|| operation_of(&bent.seed), |index| index.get(&names).clone());
        play(&operation, &bent.text);
    });
}

impl Scene {
    async fn open() -> Self {
        let server = TestServer::start_with(|config| config.limits.pairing_tries = u32::MAX).await;
        let mut http = server.http().await;
        let openapi = http.get("/openapi.json").await.json();
        let json = "/content/application~1json/schema";
        let mut routes = BTreeMap::new();
        for (path, operations) in openapi["paths"].as_object().expect("paths") {
            for (method, described) in operations.as_object().expect("operations") {
                let name = described["operationId"].as_str().expect("a name").to_owned();
                let Some(takes) = described["requestBody"].pointer(json) else { continue };
                // PUT is PATCH; a restaurant is made anew all the time; the name of a device is one of its fields.
                if ["putGuest", "putTable", "createRestaurant", "putRestaurant", "renameDevice"]
                    .contains(&name.as_str())
                {
                    continue;
                }
                let names = [("{restaurant_id}", RESTAURANT), ("{guest_id}", "g"), ("{table_id}", "t")];
                let path = names.iter().fold(path.clone(), |path, (name, id)| path.replace(name, id));
                let takes = lenient_validator(&openapi, takes);
                routes.insert(name, Route { method: method.to_uppercase(), path, described: described.clone(), takes });
            }
        }
        let shown = &openapi["paths"]["/restaurants/{restaurant_id}/floor"]["get"]["responses"]["200"];
        let floor = validator(&openapi, shown.pointer(json).expect("a schema"));
        let (answers, code) = (HashMap::new(), String::new());
        Self { _server: server, http, routes, openapi, answers, floor, seq: None, code }
    }

    /// Sends a body and judges what comes of it.
    async fn send(&mut self, operation: &str, body: &[u8]) {
        let before = match self.seq.take() {
            Some(seq) => seq,
            None => self.begin_anew().await,
        };
        let body = self.with_open_code(body);
        let Route { method, path, .. } = &self.routes[operation];
        let answer = self.http.send(method, path, &[("content-type", "application/json")], body.clone()).await;
        let status = answer.status.as_u16();
        self.judge_form(operation, &answer);
        let route = &self.routes[operation];
        let depth = serde_json::from_slice(&body).map(|Depth(depth)| depth);
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) if depth.is_ok_and(|depth| depth <= DEEPEST) => {
                assert_ne!(status, 400, "it is JSON: {}", answer.text);
                if !value.is_object() {
                    assert_eq!(status, 422, "{}", answer.text);
                }
                if answer.status.is_success() {
                    route.takes.validate(&value).unwrap_or_else(|error| panic!("{error}, yet {}", answer.text));
                }
            }
            _ => assert_eq!(status, 400, "it is not JSON, or nests too deep: {}", answer.text),
        }
        let after = self.floor().await;
        if answer.status.is_success() {
            assert!(after >= before, "{before} was followed by {after}");
        } else {
            assert_eq!(after, before, "a refusal changed something: {}", answer.text);
        }
        // The next case finds the floor as this one did, so that it can be played alone.
        let is_used = after != before || status == 201 || answer.json()["code"] == "wrong_code";
        self.seq = (!is_used).then_some(after);
    }

    /// One party, one table, one code; the number of the last change.
    async fn begin_anew(&mut self) -> u64 {
        let (http, house) = (&mut self.http, format!("/restaurants/{RESTAURANT}"));
        http.delete(&house).await;
        http.post("/restaurants", json!({ "id": RESTAURANT })).await.ok();
        let operations = json!([
            { "op": "create_guest", "data": { "id": "g", "guestName": "Rivera", "partySize": 2 } },
            { "op": "create_table", "data": { "id": "t", "tableNumber": "1", "capacity": 4 } },
        ]);
        let body = json!({ "restaurant_id": RESTAURANT, "operations": operations });
        http.post("/transactions/atomic", body).await.ok();
        let offered = http.post(&format!("{house}/pairing_codes"), json!({})).await.ok();
        offered["pairing_code"]["code"].as_str().expect("a code").clone_into(&mut self.code);
        self.floor().await
    }

    /// The number of the last change; what the server shows is as it describes it.
    async fn floor(&mut self) -> u64 {
        let floor = self.http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok();
        self.floor.validate(&floor).unwrap_or_else(|error| panic!("{error}: {floor}"));
        floor["seq"].as_u64().expect("a number")
    }

    fn with_open_code(&self, body: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(body) {
            Ok(text) => text.replace(CODE, &self.code).into_bytes(),
            Err(_) => body.to_vec(),
        }
    }

    /// The answer is among those that are described, and says why.
    fn judge_form(&mut self, operation: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        assert!(status < 500, "{status}: {}", answer.text);
        let key = (operation.to_owned(), status);
        let schema = self.answers.entry(key).or_insert_with(|| {
            let mut described = &self.routes[operation].described["responses"][status.to_string()];
            assert!(described.is_object(), "{operation} is answered {status}: {}", answer.text);
            if let Some(place) = described["$ref"].as_str() {
                described = self.openapi.pointer(&place[1..]).expect("what is referred to");
            }
            let content = described["content"].as_object().and_then(|content| content.values().next());
            validator(&self.openapi, &content.expect("a body")["schema"])
        });
        let body = answer.json();
        schema.validate(&body).unwrap_or_else(|error| panic!("{error}: {}", answer.text));
        if answer.status.is_success() {
            return;
        }
        let is_filled = |text: &Value| text.as_str().is_some_and(|text| !text.trim().is_empty());
        assert!(is_filled(&body["detail"]), "{}", answer.text);
        if body["code"] == "invalid" {
            let faults = body["errors"].as_array().expect("a list");
            let told = faults.iter().all(|fault| is_filled(&fault["field"]) && is_filled(&fault["message"]));
            assert!(told && !faults.is_empty(), "{}", answer.text);
        }
    }
}

/// How deep a text nests lists and objects, those that a repeated key throws away among them.
struct Depth(usize);

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Depth(0))
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        let mut deepest = 0;
        while let Some(Depth(depth)) = items.next_element()? {
            deepest = deepest.max(depth);
        }
        Ok(Depth(1 + deepest))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut deepest = 0;
        while let Some((String { .. }, Depth(depth))) = fields.next_entry()? {
            deepest = deepest.max(depth);
        }
        Ok(Depth(1 + deepest))
    }
}
