//! The kinds of values that fields hold. Each is one limit, seen from both sides: what is read, and what JSON Schema says
//! is read. JSON Schema never promises more than the reader takes.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{describe::define, kind};
use crate::Time;

/// How a value is read.
pub trait Reads {
    /// What it is read as.
    type Value: PartialEq;

    /// Reads a value that is not `null`. The error is the rest of a sentence that begins with the field's name.
    fn read(&self, value: &Value) -> Result<Self::Value, String>;

    /// In JSON Schema, what can be read.
    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema;
}

/// See [`text`] and [`filled_text`].
pub struct Text {
    limit: usize,
    filled: bool,
}

/// A text that may be blank, of at most `limit` characters (Unicode scalar values).
pub(crate) fn text(limit: usize) -> Text {
    Text { limit, filled: false }
}

/// A text with something to read in it, of at most `limit` characters.
pub fn filled_text(limit: usize) -> Text {
    Text { limit, filled: true }
}

impl Reads for Text {
    type Value = String;

    fn read(&self, value: &Value) -> Result<String, String> {
        let text = value.as_str().ok_or_else(|| format!("must be a text, not {}", kind(value)))?;
        if text.chars().any(char::is_control) {
            Err("must not contain control characters".to_owned())
        } else if text.chars().count() > self.limit {
            Err(format!("must be at most {} characters", self.limit))
        } else if self.filled && text.trim().is_empty() {
            Err("must not be blank".to_owned())
        } else {
            Ok(text.to_owned())
        }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        // The control characters of Unicode's category Cc, as `char::is_control` knows them.
        const PLAIN: &str = r"[^\u0000-\u001f\u007f-\u009f]*";
        const PRINTED: &str = r"[^\s\u0000-\u001f\u007f-\u009f]";
        if self.filled {
            let pattern = format!("^{PLAIN}{PRINTED}{PLAIN}$");
            json_schema!({ "type": "string", "minLength": 1, "maxLength": self.limit, "pattern": pattern })
        } else {
            json_schema!({ "type": "string", "maxLength": self.limit, "pattern": format!("^{PLAIN}$") })
        }
    }
}

/// A whole number from `low` to `high`. `4.0` is whole; `"4"` is no number.
pub(crate) struct WholeNumber {
    low: u16,
    high: u16,
}

/// A whole number from `low` to `high`.
pub(crate) fn whole_number(low: u16, high: u16) -> WholeNumber {
    WholeNumber { low, high }
}

impl Reads for WholeNumber {
    type Value = u16;

    fn read(&self, value: &Value) -> Result<u16, String> {
        let Self { low, high } = *self;
        let number = value.as_f64().ok_or_else(|| format!("must be a whole number, not {}", kind(value)))?;
        if number.fract() != 0.0 {
            Err("must be a whole number".to_owned())
        } else if !(f64::from(low)..=f64::from(high)).contains(&number) {
            Err(format!("must be from {low} to {high}"))
        } else {
            Ok(number as u16)
        }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": self.low, "maximum": self.high })
    }
}

/// See [`number`].
pub(crate) struct Number {
    low: f64,
    high: f64,
}

/// A number from `low` to `high`.
pub(crate) fn number(low: f64, high: f64) -> Number {
    Number { low, high }
}

impl Reads for Number {
    type Value = f64;

    fn read(&self, value: &Value) -> Result<f64, String> {
        match value.as_f64() {
            None => Err(format!("must be a number, not {}", kind(value))),
            Some(number) if !(self.low..=self.high).contains(&number) => {
                Err(format!("must be from {} to {}", self.low, self.high))
            }
            // Adding zero turns -0.0 into 0.0.
            Some(number) => Ok(number + 0.0),
        }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": self.low, "maximum": self.high })
    }
}

/// `true` or `false`.
pub(crate) struct Boolean;

impl Reads for Boolean {
    type Value = bool;

    fn read(&self, value: &Value) -> Result<bool, String> {
        value.as_bool().ok_or_else(|| format!("must be true or false, not {}", kind(value)))
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

/// A point in time with its zone.
pub(crate) struct Moment;

impl Reads for Moment {
    type Value = Time;

    fn read(&self, value: &Value) -> Result<Time, String> {
        let text = value.as_str().ok_or_else(|| format!("must be a time, not {}", kind(value)))?;
        text.parse().map_err(|error| format!("{error}"))
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A list of at most `limit` of the same.
pub(crate) struct List<R> {
    /// What one of them is called.
    pub(crate) of: &'static str,
    /// How one of them is read.
    pub(crate) each: R,
    /// How many there may be.
    pub(crate) limit: usize,
}

impl<R: Reads> Reads for List<R> {
    type Value = Vec<R::Value>;

    fn read(&self, value: &Value) -> Result<Vec<R::Value>, String> {
        let Self { of, each, limit } = self;
        let list = value.as_array().ok_or_else(|| format!("must be a list, not {}", kind(value)))?;
        if list.len() > *limit {
            return Err(format!("must be at most {limit} {of}s"));
        }
        list.iter().map(|item| each.read(item).map_err(|message| format!("has a {of} that {message}"))).collect()
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "maxItems": self.limit, "items": self.each.schema(schemas) })
    }
}

/// A fixed set of words.
pub trait Words: Copy + PartialEq + 'static {
    /// What such a word is called in the schemas.
    const NAME: &'static str;
    /// All of them.
    const ALL: &'static [Self];
    /// Other words for the same, which devices say too.
    const ALSO: &'static [(&'static str, Self)];

    /// The word as the wire writes it.
    fn as_str(self) -> &'static str;
}

/// One of a fixed set of words, whatever their case, spaces and punctuation.
pub struct Word<T>(std::marker::PhantomData<T>);

/// One of the words of `T`.
pub fn word<T: Words>() -> Word<T> {
    Word(std::marker::PhantomData)
}

impl<T: Words> Reads for Word<T> {
    type Value = T;

    fn read(&self, value: &Value) -> Result<T, String> {
        let choices = || T::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
        let text = value.as_str().ok_or_else(|| format!("must be one of {}, not {}", choices(), kind(value)))?;
        let found = spellings::<T>().find(|(spelling, _)| letters(spelling).eq(letters(text)));
        found.map(|(_, word)| word).ok_or_else(|| format!("must be one of {}, not {text:?}", choices()))
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        define(schemas, &format!("{}Input", T::NAME), |_| {
            let words: Vec<_> = T::ALL.iter().map(|word| word.as_str()).collect();
            let patterns: Vec<_> = spellings::<T>().map(|(spelling, _)| loosely(spelling)).collect();
            let also: Vec<_> = T::ALSO.iter().map(|(also, word)| format!("`{also}` is `{}`", word.as_str())).collect();
            let also = if also.is_empty() { String::new() } else { format!(" {}.", also.join(", ")) };
            json_schema!({
                "description": format!("Compared by its letters alone, case aside: `No Show` is `no_show`.{also}"),
                "anyOf": [
                    { "type": "string", "enum": words },
                    { "type": "string", "pattern": format!("^({})$", patterns.join("|")) },
                ],
            })
        })
    }
}

fn spellings<T: Words>() -> impl Iterator<Item = (&'static str, T)> {
    T::ALL.iter().map(|word| (word.as_str(), *word)).chain(T::ALSO.iter().copied())
}

/// The letters of a word alone, in lower case: how statuses and the like are compared. A control character counts as a
/// letter, which no word has.
fn letters(text: &str) -> impl Iterator<Item = char> {
    let counts = |char: &char| char.is_ascii_alphabetic() || char.is_control();
    text.chars().filter(counts).map(|char| char.to_ascii_lowercase())
}

/// A pattern of the same letters in any case, with anything between them that does not count.
fn loosely(spelling: &str) -> String {
    const BETWEEN: &str = r"[^A-Za-z\u0000-\u001f\u007f-\u009f]*";
    let each = letters(spelling).map(|letter| format!("[{}{letter}]{BETWEEN}", letter.to_uppercase()));
    BETWEEN.to_owned() + &each.collect::<String>()
}
