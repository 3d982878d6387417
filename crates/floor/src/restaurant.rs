//! A restaurant: the name, time zone and settings that its floor runs by.

use jiff::tz::TimeZoneDatabase;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    FieldError, Id, Purpose, Time,
    fields::{Boolean, Description, Fields, Reads, Text, define, describe, described_as, filled_text},
};

/// A restaurant as stored and as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Restaurant {
    /// Its id.
    pub id: Id,
    /// What people call it, 1–200 characters. The id, until someone gives it a name.
    pub name: String,
    /// The IANA name of the time zone it lives by.
    pub timezone: String,
    /// How its floor behaves.
    pub settings: Settings,
    /// How many commits have changed it, its creation included.
    pub version: u64,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// How a restaurant's floor behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Whether a table that a party leaves for good becomes `dirty` rather than `available`.
    pub dirty_after_finish: bool,
}

/// What a request says about a restaurant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RestaurantPatch {
    pub(crate) name: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) dirty_after_finish: Option<bool>,
    pub(crate) errors: Vec<FieldError>,
}

/// The longest name of a restaurant, in characters.
const MAX_NAME: usize = 200;

impl RestaurantPatch {
    /// Reads the JSON object of a request; faults are kept inside and judged by [`crate::decide`].
    pub fn read(id: &Id, object: &Map<String, Value>, purpose: Purpose) -> Self {
        let mut fields = Fields::new(object, purpose);
        let patch = Self::read_fields(id, &mut fields);
        Self { errors: fields.into_errors(), ..patch }
    }

    /// In JSON Schema, what [`Self::read`] takes: a reference to `NewRestaurant` or `RestaurantChanges`, by the purpose.
    pub fn schema(purpose: Purpose, schemas: &mut SchemaGenerator) -> Schema {
        let name = if purpose == Purpose::Create { "NewRestaurant" } else { "RestaurantChanges" };
        define(schemas, name, |schemas| {
            let read = |fields: &mut Fields<'_>| {
                Self::read_fields(&Id::any(), fields);
                if purpose == Purpose::Create {
                    // Nobody mints an id for a restaurant.
                    fields.describe(Description::own_id);
                }
            };
            described_as(describe(schemas, purpose, read), &Restaurant::json_schema(schemas))
        })
    }

    fn read_fields(id: &Id, fields: &mut Fields<'_>) -> Self {
        fields.same_id(id);
        Self {
            name: fields.never_null(&["name"], filled_text(MAX_NAME)),
            timezone: fields.never_null(&["timezone"], ZoneName(filled_text(MAX_NAME))),
            dirty_after_finish: fields.object("settings", read_settings),
            errors: Vec::new(),
        }
    }

    pub(crate) fn apply_to(&self, restaurant: &mut Restaurant) {
        if let Some(name) = &self.name {
            restaurant.name.clone_from(name);
        }
        if let Some(timezone) = &self.timezone {
            restaurant.timezone.clone_from(timezone);
        }
        if let Some(dirty_after_finish) = self.dirty_after_finish {
            restaurant.settings.dirty_after_finish = dirty_after_finish;
        }
    }
}

impl Restaurant {
    /// A restaurant of which nothing is known yet but its id.
    pub(crate) fn blank(id: Id, at: Time) -> Self {
        Self {
            name: id.to_string(),
            id,
            timezone: "UTC".to_owned(),
            settings: Settings::default(),
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }
}

fn read_settings(settings: &mut Fields<'_>) -> Option<bool> {
    settings.never_null(&["dirtyAfterFinish", "dirty_after_finish"], Boolean)
}

/// The name of a zone in the IANA database that is compiled in, in its canonical spelling.
struct ZoneName(Text);

impl Reads for ZoneName {
    type Value = String;

    fn read(&self, value: &Value) -> Result<String, String> {
        let name = self.0.read(value)?;
        let unknown = || format!("must be an IANA time zone such as Europe/Paris, not {name:?}");
        let zone = TimeZoneDatabase::bundled().get(&name).map_err(|_| unknown())?;
        zone.iana_name().map(str::to_owned).ok_or_else(unknown)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        // A list of the 600 names that there are would be long, and out of date with the next release of the database.
        let mut schema = self.0.schema(schemas);
        schema.insert("format".to_owned(), "iana-time-zone".into());
        schema.insert("examples".to_owned(), json!(["Europe/Paris"]));
        schema
    }
}
