//! What the three kinds of rows have in common on the wire.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Guest, Id, Restaurant, Table};

/// The kinds of rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A restaurant.
    Restaurant,
    /// A party of guests.
    Guest,
    /// A table.
    Table,
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restaurant => "restaurant",
            Self::Guest => "guest",
            Self::Table => "table",
        })
    }
}

/// A whole row of any kind. In JSON it stands under the name of its kind: `{"guest": {…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// A restaurant.
    Restaurant(Restaurant),
    /// A party of guests.
    Guest(Guest),
    /// A table.
    Table(Table),
}

impl Entity {
    /// Which kind it is.
    pub fn kind(&self) -> EntityKind {
        match self {
            Self::Restaurant(_) => EntityKind::Restaurant,
            Self::Guest(_) => EntityKind::Guest,
            Self::Table(_) => EntityKind::Table,
        }
    }

    /// Its id.
    pub fn id(&self) -> &Id {
        match self {
            Self::Restaurant(restaurant) => &restaurant.id,
            Self::Guest(guest) => &guest.id,
            Self::Table(table) => &table.id,
        }
    }

    /// How many commits have changed it, its creation included.
    pub fn version(&self) -> u64 {
        match self {
            Self::Restaurant(restaurant) => restaurant.version,
            Self::Guest(guest) => guest.version,
            Self::Table(table) => table.version,
        }
    }
}
