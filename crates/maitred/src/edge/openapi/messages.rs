//! The messages that tell of changes, as schemas by name.

use std::borrow::Cow;

use floor::Change;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Any message that tells of a change: an entry of the log.
pub(in crate::edge) struct AnyChange;

impl JsonSchema for AnyChange {
    fn schema_name() -> Cow<'static, str> {
        "Change".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let each: Vec<Schema> = Change::message_schemas(schemas)
            .into_iter()
            .map(|(kind, schema)| define(schemas, &pascal_case(&kind), schema))
            .collect();
        json_schema!({ "description": "A message that tells of a change.", "oneOf": each })
    }
}

/// Gives a schema a name, and refers to it by that.
pub(super) fn define(schemas: &mut SchemaGenerator, name: &str, schema: Schema) -> Schema {
    schemas.definitions_mut().insert(name.to_owned(), schema.to_value());
    Schema::new_ref(format!("#{}/{name}", schemas.settings().definitions_path))
}

/// `guest_created` as `GuestCreated`.
pub(super) fn pascal_case(name: &str) -> String {
    let capitalized = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('_').map(capitalized).collect()
}
