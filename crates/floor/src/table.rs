//! A table: its fields, its statuses, where it stands. Who sits at it is the affair of `decide/seating.rs`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Edit, FieldError, Id, Purpose, Time,
    fields::{
        Fields, Reads, Text, Words, define, describe, described_as, filled_text, kind, number, text, whole_number, word,
    },
};

/// A table as stored and as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Its id.
    pub id: Id,
    /// What the staff call it, 1–20 characters, unique in the restaurant.
    pub table_number: String,
    /// How many people it seats, 1–99.
    pub capacity: u16,
    /// Whether it can be seated.
    pub status: TableStatus,
    /// Who sits there; null unless occupied.
    #[serde(rename = "guest_id")]
    pub guest_id: Option<Id>,
    /// The part of the room, at most 60 characters.
    pub section: Option<String>,
    /// How it is drawn.
    pub shape: Option<Shape>,
    /// Where its centre stands.
    pub position: Option<Position>,
    /// In degrees, -360..360.
    pub rotation: Option<f64>,
    /// At most 2,000 characters.
    pub notes: Option<String>,
    /// When the status last changed.
    pub status_since: Time,
    /// How many commits have changed it, its creation included.
    pub version: u64,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Whether a table can be seated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the trade's own")]
pub enum TableStatus {
    Available,
    Reserved,
    Occupied,
    Dirty,
    OutOfService,
}

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "shapes are shapes")]
pub enum Shape {
    Round,
    Square,
    Rectangle,
    Oval,
}

/// A place on the floor plan, both axes from 0 to 1 of its width and height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// From the left edge.
    pub x: f64,
    /// From the top edge.
    pub y: f64,
}

impl TableStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Available, Self::Reserved, Self::Occupied, Self::Dirty, Self::OutOfService];

    /// The status that a device means, whatever its case, spaces and punctuation.
    ///
    /// # Errors
    /// The rest of a sentence that lists the known statuses.
    pub fn read(value: &Value) -> Result<Self, String> {
        word::<Self>().read(value)
    }

    /// The status as the wire and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Occupied => "occupied",
            Self::Dirty => "dirty",
            Self::OutOfService => "out_of_service",
        }
    }

    /// Whether nobody may be seated there before someone has seen to it.
    pub fn is_unavailable(self) -> bool {
        matches!(self, Self::Dirty | Self::OutOfService)
    }
}

impl Words for TableStatus {
    const NAME: &str = "TableStatus";
    const ALL: &[Self] = &Self::ALL;
    const ALSO: &[(&str, Self)] = &[("cleaning", Self::Dirty), ("needs_cleaning", Self::Dirty)];

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl Words for Shape {
    const NAME: &str = "Shape";
    const ALL: &[Self] = &[Self::Round, Self::Square, Self::Rectangle, Self::Oval];
    const ALSO: &[(&str, Self)] = &[];

    fn as_str(self) -> &'static str {
        match self {
            Self::Round => "round",
            Self::Square => "square",
            Self::Rectangle => "rectangle",
            Self::Oval => "oval",
        }
    }
}

impl Table {
    /// A table of which nothing is known yet but its id.
    pub(crate) fn blank(id: Id, at: Time) -> Self {
        Self {
            id,
            table_number: String::new(),
            capacity: 1,
            status: TableStatus::Available,
            guest_id: None,
            section: None,
            shape: None,
            position: None,
            rotation: None,
            notes: None,
            status_since: at,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }
}

/// What a request says about a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TablePatch {
    pub(crate) table_number: Option<String>,
    pub(crate) capacity: Option<u16>,
    pub(crate) status: Option<TableStatus>,
    pub(crate) guest_id: Edit<Id>,
    pub(crate) section: Edit<String>,
    pub(crate) shape: Edit<Shape>,
    pub(crate) position: Edit<Position>,
    pub(crate) rotation: Edit<f64>,
    pub(crate) notes: Edit<String>,
    pub(crate) override_capacity: bool,
    pub(crate) errors: Vec<FieldError>,
}

impl TablePatch {
    /// Reads the JSON object of a request; faults are kept inside and judged by [`crate::decide`].
    pub fn read(id: &Id, object: &Map<String, Value>, purpose: Purpose) -> Self {
        let mut fields = Fields::new(object, purpose);
        let patch = Self::read_fields(id, &mut fields);
        Self { errors: fields.into_errors(), ..patch }
    }

    /// In JSON Schema, what [`Self::read`] takes: a reference to `NewTable` or `TableChanges`, by the purpose. What
    /// depends on more than one field, or on the floor, is beyond it.
    pub fn schema(purpose: Purpose, schemas: &mut SchemaGenerator) -> Schema {
        let name = if purpose == Purpose::Create { "NewTable" } else { "TableChanges" };
        define(schemas, name, |schemas| {
            let read = |fields: &mut Fields<'_>| _ = Self::read_fields(&Id::any(), fields);
            described_as(describe(schemas, purpose, read), &Table::json_schema(schemas))
        })
    }

    fn read_fields(id: &Id, fields: &mut Fields<'_>) -> Self {
        fields.same_id(id);
        Self {
            table_number: fields
                .required(&["tableNumber", "table_number", "number"], TableNumber(filled_text(MAX_NUMBER))),
            capacity: fields.required(&["capacity"], whole_number(1, 99)),
            status: fields.never_null(&["status"], word()),
            guest_id: fields.reference(&["guest_id", "guestId", "currentGuestId", "current_guest_id"]),
            section: fields.optional(&["section"], text(60)),
            shape: fields.optional(&["shape"], word()),
            position: fields.optional(&["position"], OnThePlan(number(0.0, 1.0))),
            rotation: fields.optional(&["rotation"], number(-360.0, 360.0)),
            notes: fields.optional(&["notes"], text(2_000)),
            override_capacity: fields.overrides(),
            errors: Vec::new(),
        }
    }

    /// Applies everything but the status and the guest, which concern other rows too.
    pub(crate) fn apply_to(&self, table: &mut Table) {
        if let Some(number) = &self.table_number {
            table.table_number.clone_from(number);
        }
        if let Some(capacity) = self.capacity {
            table.capacity = capacity;
        }
        self.section.apply_to(&mut table.section);
        self.shape.apply_to(&mut table.shape);
        self.position.apply_to(&mut table.position);
        self.rotation.apply_to(&mut table.rotation);
        self.notes.apply_to(&mut table.notes);
    }
}

/// The longest number of a table, in characters. The largest whole number that is read has as many digits.
const MAX_NUMBER: usize = 20;

/// A table's number is a text, but devices also send it as a JSON integer, which is read as its digits.
struct TableNumber(Text);

impl Reads for TableNumber {
    type Value = String;

    fn read(&self, value: &Value) -> Result<String, String> {
        let Value::Number(number) = value else { return self.0.read(value) };
        let whole = |number: &f64| number.fract() == 0.0 && (0.0..u64::MAX as f64).contains(number);
        let digits = number.as_u64().or_else(|| number.as_f64().filter(whole).map(|number| number as u64));
        digits.map(|digits| digits.to_string()).ok_or_else(|| {
            format!("must be a text or a whole number that is not negative and has at most {MAX_NUMBER} digits")
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [self.0.schema(schemas), { "type": "integer", "minimum": 0, "maximum": u64::MAX }] })
    }
}

/// A place on the floor plan, each axis of which is such a number.
struct OnThePlan<R>(R);

impl<R: Reads<Value = f64>> Reads for OnThePlan<R> {
    type Value = Position;

    fn read(&self, value: &Value) -> Result<Position, String> {
        let object = value.as_object().ok_or_else(|| format!("must be an object with x and y, not {}", kind(value)))?;
        let axis = |name: &str| {
            let value = object.get(name).ok_or_else(|| format!("needs {name}"))?;
            self.0.read(value).map_err(|message| format!("has an {name} that {message}"))
        };
        Ok(Position { x: axis("x")?, y: axis("y")? })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let axis = self.0.schema(schemas);
        json_schema!({ "type": "object", "properties": { "x": axis, "y": axis }, "required": ["x", "y"] })
    }
}
