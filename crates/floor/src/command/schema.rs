//! What the bodies of transactions may be, in JSON Schema.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::{MAX_OPERATIONS, Op, OpName, RESTAURANT_ID, TransactionBody, read_aim, read_name};
use crate::{
    GuestPatch, Id, Purpose, TablePatch,
    fields::{define, describe, or_null},
};

impl TransactionBody<'_> {
    /// In JSON Schema, what [`Self::read`] and [`Self::restaurant_id`] take: a reference to `TransactionBody`. What depends
    /// on more than one operation, or on the floor, is beyond it.
    pub fn schema(schemas: &mut SchemaGenerator) -> Schema {
        define(schemas, "TransactionBody", |schemas| {
            let [operations, guests, tables] = [None, Some("guest"), Some("table")].map(|noun| list(schemas, noun));
            let is_null = json!({ "type": "null" });
            describe(schemas, Purpose::Update, |fields| {
                read_name(fields);
                fields.describe(|description| {
                    let mut restaurant = or_null(description.schemas.subschema_for::<Id>());
                    let what = "The restaurant; it may stand in the query instead, or in both if they agree.";
                    restaurant.insert("description".to_owned(), what.into());
                    description.property(&RESTAURANT_ID, restaurant);
                    description.property(&["operations"], or_null(operations));
                    description.property(&["guests"], or_null(guests));
                    description.property(&["tables"], or_null(tables));
                    let lists = |name: &str| json!({ "required": [name], "properties": { name: { "type": "array" } } });
                    description.also(json!({ "anyOf": [
                        {
                            "required": ["operations"],
                            "properties": { "operations": { "type": "array" }, "guests": is_null, "tables": is_null },
                        },
                        { "properties": { "operations": is_null }, "anyOf": [lists("guests"), lists("tables")] },
                    ] }));
                });
            })
        })
    }
}

/// A list of operations on rows of one kind, or of any.
fn list(schemas: &mut SchemaGenerator, noun: Option<&'static str>) -> Schema {
    let name = match noun {
        None => "Operation",
        Some("guest") => "GuestOperation",
        Some(_) => "TableOperation",
    };
    let each = define(schemas, name, |schemas| {
        let ops = Op::ALL.iter().filter(|op| noun.is_none_or(|noun| noun == op.noun()));
        let each: Vec<Schema> = ops.map(|op| operation(schemas, std::slice::from_ref(op), noun)).collect();
        json_schema!({ "anyOf": each })
    });
    let what = "In the order in which they are done; those of both lists count together.";
    json_schema!({ "type": "array", "items": each, "maxItems": MAX_OPERATIONS, "description": what })
}

/// One operation, which is named by `among`.
fn operation(schemas: &mut SchemaGenerator, among: &'static [Op], noun: Option<&'static str>) -> Schema {
    describe(schemas, Purpose::Create, |fields| {
        let name = OpName { noun, among };
        read_aim(fields, name);
        fields.describe(|description| {
            let id = description.schemas.subschema_for::<Id>();
            description.property(&["id"], or_null(id.clone()));
            let data = match among[0] {
                Op::CreateGuest => GuestPatch::schema(Purpose::Create, description.schemas),
                Op::CreateTable => TablePatch::schema(Purpose::Create, description.schemas),
                Op::UpdateGuest => or_null(GuestPatch::schema(Purpose::Update, description.schemas)),
                Op::UpdateTable => or_null(TablePatch::schema(Purpose::Update, description.schemas)),
                Op::DeleteGuest | Op::DeleteTable => json_schema!({ "type": ["object", "null"] }),
            };
            description.property(&["data"], data);
            if among[0].makes().is_some() {
                description.demand(&["data"]);
            } else {
                // One of the two names the row.
                let named = json!({ "required": ["id"], "properties": { "id": id } });
                let data = json!({ "type": "object", "allOf": [named] });
                let inside = json!({ "required": ["data"], "properties": { "data": data } });
                description.also(json!({ "anyOf": [named, inside] }));
            }
        });
    })
}
