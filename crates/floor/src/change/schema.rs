//! What the messages look like, in JSON Schema: told by a sample of each, made by what makes the real ones.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Action, Answer, Change, Decision, Message, OperationResult, WrittenResult};
use crate::{Command, Expectation, Guest, Id, Request, Restaurant, Table, Time, fields::define};

impl Change {
    /// In JSON Schema, every message that tells devices of a change, each with its type.
    pub fn message_schemas(schemas: &mut SchemaGenerator) -> Vec<(String, Schema)> {
        let samples = samples();
        let mut all: Vec<_> = samples.iter().map(|change| whole(&[change], None, schemas)).collect();
        let parts: Vec<_> = samples.iter().filter(|change| !matches!(change, Self::RestaurantUpdated(_))).collect();
        all.push(whole(&parts, Some(Vec::new()), schemas));
        all
    }
}

/// One change of each kind that devices hear of.
fn samples() -> Vec<Change> {
    let (id, at) = (Id::any(), Time::from_microseconds(0).expect("1970 is a year like any other"));
    let (guest, table) = (Guest::blank(id.clone(), at), Table::blank(id.clone(), at));
    vec![
        Change::RestaurantUpdated(Restaurant::blank(id.clone(), at)),
        Change::GuestCreated(guest.clone()),
        Change::GuestUpdated(guest, Action::Update),
        Change::GuestDeleted(id.clone()),
        Change::TableCreated(table.clone()),
        Change::TableUpdated(table, Action::Update),
        Change::TableDeleted(id),
    ]
}

/// The message that tells of these changes: of one, or of a transaction's.
fn whole(changes: &[&Change], transaction: Option<Vec<Id>>, schemas: &mut SchemaGenerator) -> (String, Schema) {
    let at = Time::from_microseconds(0).expect("1970 is a year like any other");
    let command = Command::DeleteRestaurant(Expectation::Any);
    let request = Request { id: Id::any(), restaurant: Id::any(), origin: None, at, command };
    let answer = Answer::Transaction { transaction_id: String::new(), results: Vec::new() };
    let sample = changes.iter().map(|change| (*change).clone()).collect();
    let decision = Decision { changes: sample, answer, affected_entities: transaction };
    let texts = decision.messages(&request, 0).expect("a sample is small");
    let message: Map<String, Value> = serde_json::from_str(&texts[0]).expect("messages are JSON objects");
    let data = data(changes[0], schemas);
    let parts: Vec<Schema> = if message.contains_key("changes") {
        changes.iter().map(|change| part(change, schemas)).collect()
    } else {
        Vec::new()
    };
    let name = message["type"].as_str().unwrap_or_default().to_owned();
    (name, like(&message, &data, &parts, schemas))
}

/// One of the changes that a transaction's message tells of.
fn part(change: &Change, schemas: &mut SchemaGenerator) -> Schema {
    let message = serde_json::to_value(change.message()).expect("messages have text keys and finite numbers only");
    let data = data(change, schemas);
    like(message.as_object().expect("a message is an object"), &data, &[], schemas)
}

/// Messages with the fields of this one.
fn like(message: &Map<String, Value>, data: &Schema, changes: &[Schema], schemas: &mut SchemaGenerator) -> Schema {
    let every_field = Message::json_schema(schemas);
    let mut properties = Map::new();
    for (key, value) in message {
        let known = every_field.pointer(&format!("/properties/{key}")).cloned().unwrap_or_default();
        let description = &known["description"];
        properties.insert(
            key.clone(),
            match key.as_str() {
                "type" => json!({ "const": value }),
                "data" => data.clone().to_value(),
                "changes" => json!({ "type": "array", "items": { "anyOf": changes }, "description": description }),
                _ => known,
            },
        );
    }
    let required: Vec<&String> = message.keys().collect();
    json_schema!({ "type": "object", "properties": properties, "required": required })
}

fn data(change: &Change, schemas: &mut SchemaGenerator) -> Schema {
    match change {
        Change::RestaurantCreated(_) | Change::RestaurantUpdated(_) => schemas.subschema_for::<Restaurant>(),
        Change::GuestCreated(_) | Change::GuestUpdated(..) => schemas.subschema_for::<Guest>(),
        Change::TableCreated(_) | Change::TableUpdated(..) => schemas.subschema_for::<Table>(),
        Change::RestaurantDeleted(_) | Change::GuestDeleted(_) | Change::TableDeleted(_) => {
            let id = schemas.subschema_for::<Id>();
            define(
                schemas,
                "Gone",
                |_| json_schema!({ "type": "object", "properties": { "id": id }, "required": ["id"] }),
            )
        }
    }
}

impl JsonSchema for OperationResult {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        WrittenResult::schema_name()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        WrittenResult::json_schema(schemas)
    }
}
