//! Reads the fields of a JSON object that a device sent: aliases, types and limits, every fault named at once.
//! Knows nothing of guests or tables, and never stops at the first fault. Run with nothing to read, the same reading says
//! what it would take.

mod describe;
mod readers;

use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Id;
pub(crate) use describe::{Description, described_as, or_null};
pub use describe::{define, describe};
pub(crate) use readers::{Boolean, List, Moment, number, text, whole_number};
pub use readers::{Reads, Text, Word, Words, filled_text, word};

/// What a request says about one field that can be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Edit<T> {
    /// The key is absent: the field stays as it is.
    #[default]
    Keep,
    /// The key is `null`: the field becomes empty.
    Clear,
    /// The key has a value.
    Set(T),
}

impl<T: Clone> Edit<T> {
    /// Does to `field` what the request says.
    pub(crate) fn apply_to(&self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value.clone()),
        }
    }
}

impl<T> Edit<T> {
    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

/// One field of a request that can't be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// The field's name as the answers write it, whichever alias the request used.
    pub field: String,
    /// What is wrong with it, as the rest of a sentence that begins with the field's name.
    pub message: String,
}

impl FieldError {
    /// `field` is wrong in the way that `message` says.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Whether a body describes a new row or a change to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Fields without which the row can't exist are demanded.
    Create,
    /// Absent fields stay as they are.
    Update,
}

/// A JSON object being read, and the faults found so far.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    purpose: Purpose,
    errors: Vec<FieldError>,
    /// Set where the reading only tells what it would take.
    description: Option<Description<'a>>,
}

impl<'a> Fields<'a> {
    /// Reads `object`, which is meant for `purpose`.
    pub fn new(object: &'a Map<String, Value>, purpose: Purpose) -> Self {
        Self { object, purpose, errors: Vec::new(), description: None }
    }

    /// Reads a field that can be empty. `names` are its spellings, the output name first.
    pub fn optional<R: Reads>(&mut self, names: &[&str], reads: R) -> Edit<R::Value> {
        self.describe(|description| description.field(names, &reads, true));
        self.any(names, &reads)
    }

    /// Reads the id of another row, which `null` and `""` clear alike.
    pub(crate) fn reference(&mut self, names: &[&str]) -> Edit<Id> {
        self.describe(|description| {
            let id = description.schemas.subschema_for::<Id>();
            description
                .property(names, json_schema!({ "anyOf": [id, { "type": ["string", "null"], "maxLength": 0 }] }));
        });
        self.edit(names, |value| match value {
            Value::Null => Ok(Edit::Clear),
            Value::String(text) if text.is_empty() => Ok(Edit::Clear),
            Value::String(text) => text.parse().map(Edit::Set).map_err(|error| format!("{error}")),
            other => Err(format!("must be an id, not {}", kind(other))),
        })
    }

    /// Reads a field where `null` is refused, too, but only after all else that is said of it.
    pub(crate) fn null_refused_later<R: Reads>(&mut self, names: &[&str], reads: R) -> Edit<R::Value> {
        self.describe(|description| description.field(names, &reads, false));
        self.any(names, &reads)
    }

    fn any<R: Reads>(&mut self, names: &[&str], reads: &R) -> Edit<R::Value> {
        self.edit(names, |value| match value {
            Value::Null => Ok(Edit::Clear),
            value => reads.read(value).map(Edit::Set),
        })
    }

    /// Reads what all spellings of a field say of it, which must be one thing.
    fn edit<T: PartialEq>(&mut self, names: &[&str], read: impl Fn(&Value) -> Result<Edit<T>, String>) -> Edit<T> {
        let mut edit = Edit::Keep;
        for (alias, value) in names.iter().filter_map(|name| self.object.get_key_value(*name)) {
            let read = match read(value) {
                Ok(read) => read,
                Err(message) => {
                    self.fault(names[0], message);
                    return Edit::Keep;
                }
            };
            if edit != Edit::Keep && edit != read {
                self.fault(names[0], format!("is said twice, and {alias:?} says something else"));
                return Edit::Keep;
            }
            edit = read;
        }
        edit
    }

    /// Reads a field that can be absent but not `null`.
    pub fn never_null<R: Reads>(&mut self, names: &[&str], reads: R) -> Option<R::Value> {
        let edit = self.null_refused_later(names, reads);
        self.refuse_null(names[0], edit)
    }

    /// Reads whether a limit is to be overridden: only by a plain yes.
    pub(crate) fn overrides(&mut self) -> bool {
        self.describe(|description| {
            let what = "Whether the party may be larger than its table. Said of this request, and not kept.";
            description.property(&["override"], json_schema!({ "type": ["boolean", "null"], "description": what }));
        });
        self.any(&["override"], &Boolean) == Edit::Set(true)
    }

    /// Reads a field that a new row can't do without.
    pub fn required<R: Reads>(&mut self, names: &[&str], reads: R) -> Option<R::Value> {
        let known = self.errors.len();
        let value = self.never_null(names, reads);
        self.demand(names, value, known)
    }

    /// Reads an object inside this one, which can be absent but not `null`.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl Fn(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        self.describe(|description| {
            let schema = describe(description.schemas, Purpose::Update, |inner| _ = read(inner));
            description.property(&[name], schema);
        });
        match self.object.get(name)? {
            Value::Object(object) => {
                let mut inner = Fields::new(object, Purpose::Update);
                let value = read(&mut inner);
                for error in inner.into_errors() {
                    self.fault(&format!("{name}.{}", error.field), error.message);
                }
                value
            }
            other => {
                self.fault(name, format!("must be an object, not {}", kind(other)));
                None
            }
        }
    }

    /// Refuses `null` where a field can't be empty.
    pub(crate) fn refuse_null<T>(&mut self, field: &str, edit: Edit<T>) -> Option<T> {
        match edit {
            Edit::Keep => None,
            Edit::Set(value) => Some(value),
            Edit::Clear => {
                self.fault(field, "can't be null");
                None
            }
        }
    }

    /// Demands a value for a new row, unless reading it has already added to the `known` faults.
    pub(crate) fn demand<T>(&mut self, names: &[&str], value: Option<T>, known: usize) -> Option<T> {
        if self.purpose == Purpose::Create {
            self.describe(|description| description.demand(names));
        }
        if value.is_none() && self.purpose == Purpose::Create && self.errors.len() == known {
            self.fault(names[0], "is required");
        }
        value
    }

    /// The `id` of a body may repeat the row's own, and nothing else.
    pub(crate) fn same_id(&mut self, id: &Id) {
        let purpose = self.purpose;
        self.describe(|description| {
            let mut schema = or_null(description.schemas.subschema_for::<Id>());
            if purpose == Purpose::Update {
                schema.insert("description".to_owned(), "Its id, which never changes: another one is refused.".into());
            }
            description.property(&["id"], schema);
        });
        let message = match self.object.get("id") {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) if text == id.as_str() => return,
            Some(Value::String(text)) => match text.parse::<Id>() {
                Ok(_) => format!("is not the one that is written to, which is {id}"),
                Err(error) => error.to_string(),
            },
            Some(other) => format!("must be a text, not {}", kind(other)),
        };
        self.fault("id", message);
    }

    pub(crate) fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    pub(crate) fn fault_count(&self) -> usize {
        self.errors.len()
    }

    /// Tells what a field may be, where somebody asks.
    pub(crate) fn describe(&mut self, tell: impl FnOnce(&mut Description<'a>)) {
        if let Some(description) = &mut self.description {
            tell(description);
        }
    }

    /// Every fault that was found.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }
}

/// What kind of JSON value it is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
