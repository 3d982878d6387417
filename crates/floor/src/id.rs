//! Ids: the names by which rows refer to each other. Never minted here; that takes randomness.

use std::{
    borrow::{Borrow, Cow},
    fmt,
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The id of a restaurant, guest, table or request: 1–64 characters of `[A-Za-z0-9._:-]`, the first a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Id(Box<str>);

impl Id {
    /// The longest id, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// An id that stands for all of them, where one is needed and none is meant.
    pub(crate) fn any() -> Self {
        Self("any".into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that can't be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be 1 to 64 characters of A-Z a-z 0-9 . _ : - and begin with a letter or digit")
    }
}

impl std::error::Error for InvalidId {}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        if begins_well && text.len() <= Self::MAX_LENGTH && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId)
        }
    }
}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = format!("^[A-Za-z0-9][A-Za-z0-9._:-]{{0,{}}}$", Self::MAX_LENGTH - 1);
        json_schema!({ "type": "string", "pattern": pattern })
    }
}

impl TryFrom<String> for Id {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

// Lets maps keyed by `Id` be asked with a plain `&str`; both order and hash alike.
impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_1_to_64_plain_characters_beginning_with_a_letter_or_digit() {
        for good in ["a", "7", "guest-123", "table:4.b_2", &"x".repeat(64)] {
            assert_eq!(good.parse::<Id>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-a", ".a", "a b", "a/b", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Id>(), Err(InvalidId), "{bad:?}");
        }
    }
}
