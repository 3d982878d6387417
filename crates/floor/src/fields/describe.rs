//! What a reader of fields would take, in JSON Schema: told by the reader itself, which is run with nothing to read.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Fields, Purpose, Reads};
use crate::Id;

/// What the fields of an object may be, as far as they have been told.
pub(crate) struct Description<'a> {
    pub(crate) schemas: &'a mut SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<String>,
    all_of: Vec<Value>,
}

/// The schema of the objects that `read` reads. It is run once, on an object without fields.
pub fn describe(schemas: &mut SchemaGenerator, purpose: Purpose, read: impl FnOnce(&mut Fields<'_>)) -> Schema {
    let nothing = Map::new();
    let description = Description { schemas, properties: Map::new(), required: Vec::new(), all_of: Vec::new() };
    let mut fields = Fields { description: Some(description), ..Fields::new(&nothing, purpose) };
    read(&mut fields);
    fields.description.map(Description::into_schema).unwrap_or_default()
}

/// A schema that others refer to by its name.
pub fn define(schemas: &mut SchemaGenerator, name: &str, make: impl FnOnce(&mut SchemaGenerator) -> Schema) -> Schema {
    if !schemas.definitions().contains_key(name) {
        let schema = make(schemas).to_value();
        schemas.definitions_mut().insert(name.to_owned(), schema);
    }
    Schema::new_ref(format!("#{}/{name}", schemas.settings().definitions_path))
}

/// The same, or `null`.
pub(crate) fn or_null(mut schema: Schema) -> Schema {
    if let Some(Value::String(kind)) = schema.get("type") {
        let kinds = json!([kind, "null"]);
        schema.insert("type".to_owned(), kinds);
        schema
    } else {
        json_schema!({ "anyOf": [schema, { "type": "null" }] })
    }
}

/// Gives the properties of a schema the descriptions that those of `row` have, which say the same of the same things.
pub(crate) fn described_as(mut schema: Schema, row: &Schema) -> Schema {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return schema };
    for (name, property) in properties {
        let said = row.pointer(&format!("/properties/{name}/description"));
        if let (Some(said), Value::Object(property)) = (said, property) {
            property.entry("description").or_insert_with(|| said.clone());
        }
    }
    schema
}

impl Description<'_> {
    /// A field that may hold this, or nothing where it `can_be_empty`.
    pub(super) fn field(&mut self, names: &[&str], reads: &impl Reads, can_be_empty: bool) {
        let schema = reads.schema(self.schemas);
        self.property(names, if can_be_empty { or_null(schema) } else { schema });
    }

    /// A field under its name and its other spellings.
    pub(crate) fn property(&mut self, names: &[&str], schema: Schema) {
        for alias in &names[1..] {
            let mut schema = schema.clone();
            schema.insert("description".to_owned(), json!(format!("Another spelling of `{}`.", names[0])));
            schema.insert("deprecated".to_owned(), json!(true));
            schema.insert("x-alias-of".to_owned(), json!(names[0]));
            self.properties.insert((*alias).to_owned(), schema.to_value());
        }
        self.properties.insert(names[0].to_owned(), schema.to_value());
    }

    /// One of these names must be there.
    pub(crate) fn demand(&mut self, names: &[&str]) {
        match names {
            [name] => self.required.push((*name).to_owned()),
            names => self.all_of.push(any_of_them(names)),
        }
    }

    /// The caller names the row.
    pub(crate) fn own_id(&mut self) {
        let id = self.schemas.subschema_for::<Id>();
        self.property(&["id"], id);
        self.demand(&["id"]);
    }

    /// Something that is said of several fields at once.
    pub(crate) fn also(&mut self, constraint: Value) {
        self.all_of.push(constraint);
    }

    fn into_schema(self) -> Schema {
        let mut schema = json_schema!({ "type": "object", "properties": self.properties });
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), json!(self.required));
        }
        if !self.all_of.is_empty() {
            schema.insert("allOf".to_owned(), json!(self.all_of));
        }
        schema
    }
}

/// An object that has at least one of these fields.
fn any_of_them(names: &[&str]) -> Value {
    let each: Vec<_> = names.iter().map(|name| json!({ "required": [name] })).collect();
    json!({ "anyOf": each })
}
