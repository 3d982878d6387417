//! The AsyncAPI document: what is said on the socket, by the server and by devices.

use floor::Change;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    generator,
    messages::{define, pascal_case},
};
use crate::hub::{Hearsay, Say};

/// The AsyncAPI document. The server receives what devices say, and sends what it says and every change.
pub(super) fn document() -> Value {
    let mut schemas = generator();
    let received = by_type::<Hearsay>(&mut schemas);
    let mut sent = by_type::<Say<'_>>(&mut schemas);
    sent.extend(Change::message_schemas(&mut schemas));
    let mut messages = Map::new();
    let mut add = |direction: &str, all: Vec<(String, Schema)>| -> Vec<Value> {
        let each = all.into_iter().map(|(kind, mut schema)| {
            let name = format!("{direction}{}", pascal_case(&kind));
            let summary = schema.remove("description").unwrap_or_else(|| format!("A change: `{kind}`.").into());
            let payload = define(&mut schemas, &name, schema);
            let message = json!({
                "name": kind, "summary": summary, "contentType": "application/json", "payload": payload,
            });
            messages.insert(name.clone(), message);
            json!({ "$ref": format!("#/channels/realtime/messages/{name}") })
        });
        each.collect()
    };
    let (received, sent) = (add("Device", received), add("Server", sent));
    let channel: Map<String, Value> = messages
        .keys()
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "maitred",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One text message each. A device joins a restaurant by `restaurant_connect`, or by the same names in \
                the URL, and then hears of each of its changes, in order and without a gap. The routes are described in \
                /openapi.json.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": {
            "realtime": {
                "address": "/realtime",
                "messages": channel,
                "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
            },
        },
        "operations": {
            "hear": {
                "action": "receive", "summary": "What devices say.",
                "channel": { "$ref": "#/channels/realtime" }, "messages": received,
            },
            "say": {
                "action": "send", "summary": "What the server says.",
                "channel": { "$ref": "#/channels/realtime" }, "messages": sent,
            },
        },
        "components": { "messages": messages, "schemas": schemas.take_definitions(true) },
    })
}

/// The messages of an enum that is tagged by `type`, each with its type.
fn by_type<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Vec<(String, Schema)> {
    let all = T::json_schema(schemas).to_value();
    let each = all["oneOf"].as_array().into_iter().flatten().cloned();
    let each = each.filter_map(|message| {
        let kind = message["properties"]["type"]["const"].as_str()?.to_owned();
        Some((kind, message.try_into().ok()?))
    });
    each.collect()
}
