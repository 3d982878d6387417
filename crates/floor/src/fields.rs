//! Reads the fields of a JSON object that a device sent: aliases, types and limits, every fault named at once.
//! Knows nothing of guests or tables, and never stops at the first fault.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Id, Time};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    purpose: Purpose,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, purpose: Purpose) -> Self {
        Self { object, purpose, errors: Vec::new() }
    }

    /// Reads a field that can be empty. `names` are its spellings, the output name first.
    pub(crate) fn optional<T: PartialEq>(
        &mut self,
        names: &[&str],
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Edit<T> {
        self.edit(names, |value| match value {
            Value::Null => Ok(Edit::Clear),
            value => parse(value).map(Edit::Set),
        })
    }

    /// Reads the id of another row, which `null` and `""` clear alike.
    pub(crate) fn reference(&mut self, names: &[&str]) -> Edit<Id> {
        self.edit(names, |value| match value {
            Value::Null => Ok(Edit::Clear),
            Value::String(text) if text.is_empty() => Ok(Edit::Clear),
            Value::String(text) => text.parse().map(Edit::Set).map_err(|error| format!("{error}")),
            other => Err(format!("must be an id, not {}", kind(other))),
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
    pub(crate) fn never_null<T: PartialEq>(
        &mut self,
        names: &[&str],
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let edit = self.optional(names, parse);
        self.refuse_null(names[0], edit)
    }

    /// Reads whether a limit is to be overridden: only by a plain yes.
    pub(crate) fn overrides(&mut self) -> bool {
        self.optional(&["override"], boolean) == Edit::Set(true)
    }

    /// Reads a field that a new row can't do without.
    pub(crate) fn required<T: PartialEq>(
        &mut self,
        names: &[&str],
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let known = self.errors.len();
        let value = self.never_null(names, parse);
        self.demand(names[0], value, known)
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
    pub(crate) fn demand<T>(&mut self, field: &str, value: Option<T>, known: usize) -> Option<T> {
        if value.is_none() && self.purpose == Purpose::Create && self.errors.len() == known {
            self.fault(field, "is required");
        }
        value
    }

    /// The `id` of a body may repeat the row's own, and nothing else.
    pub(crate) fn same_id(&mut self, id: &Id) {
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

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }
}

/// A text that may be blank, of at most `limit` characters (Unicode scalar values).
pub(crate) fn text(limit: usize) -> impl Fn(&Value) -> Result<String, String> {
    move |value| {
        let text = value.as_str().ok_or_else(|| format!("must be a text, not {}", kind(value)))?;
        if text.chars().any(char::is_control) {
            Err("must not contain control characters".to_owned())
        } else if text.chars().count() > limit {
            Err(format!("must be at most {limit} characters"))
        } else {
            Ok(text.to_owned())
        }
    }
}

/// A text with something to read in it, of at most `limit` characters.
pub(crate) fn filled_text(limit: usize) -> impl Fn(&Value) -> Result<String, String> {
    let text = text(limit);
    move |value| {
        let text = text(value)?;
        if text.trim().is_empty() { Err("must not be blank".to_owned()) } else { Ok(text) }
    }
}

/// A whole number from `low` to `high`. `4.0` is whole; `"4"` is no number.
pub(crate) fn whole_number(low: u16, high: u16) -> impl Fn(&Value) -> Result<u16, String> {
    move |value| {
        let number = value.as_f64().ok_or_else(|| format!("must be a whole number, not {}", kind(value)))?;
        if number.fract() != 0.0 {
            Err("must be a whole number".to_owned())
        } else if !(f64::from(low)..=f64::from(high)).contains(&number) {
            Err(format!("must be from {low} to {high}"))
        } else {
            Ok(number as u16)
        }
    }
}

/// A number from `low` to `high`.
pub(crate) fn number(low: f64, high: f64) -> impl Fn(&Value) -> Result<f64, String> {
    move |value| match value.as_f64() {
        None => Err(format!("must be a number, not {}", kind(value))),
        Some(number) if !(low..=high).contains(&number) => Err(format!("must be from {low} to {high}")),
        // Adding zero turns -0.0 into 0.0.
        Some(number) => Ok(number + 0.0),
    }
}

/// `true` or `false`.
pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", kind(value)))
}

/// A point in time with its zone.
pub(crate) fn time(value: &Value) -> Result<Time, String> {
    let text = value.as_str().ok_or_else(|| format!("must be a time, not {}", kind(value)))?;
    text.parse().map_err(|error| format!("{error}"))
}

/// One of a fixed set of words, whatever their case, spaces and punctuation.
pub(crate) fn word<T: Copy>(
    choices: &'static str,
    find: impl Fn(&str) -> Option<T>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| {
        let text = value.as_str().ok_or_else(|| format!("must be one of {choices}, not {}", kind(value)))?;
        find(&letters(text)).ok_or_else(|| format!("must be one of {choices}, not {text:?}"))
    }
}

/// The letters of a word alone, in lower case: how statuses and the like are compared.
pub(crate) fn letters(text: &str) -> String {
    text.chars().filter(|char| char.is_alphabetic()).flat_map(char::to_lowercase).collect()
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
