//! The operations of a transaction by name, and the versions that they are meant for.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::{
    EntityKind,
    fields::{Reads, kind},
};

/// The largest version that every JSON reader keeps exact (2^53 - 1): no row gets there.
const MAX_VERSION: f64 = 9_007_199_254_740_991.0;

/// The operations by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    CreateGuest,
    UpdateGuest,
    DeleteGuest,
    CreateTable,
    UpdateTable,
    DeleteTable,
}

impl Op {
    pub(super) const ALL: [Self; 6] = [
        Self::CreateGuest,
        Self::UpdateGuest,
        Self::DeleteGuest,
        Self::CreateTable,
        Self::UpdateTable,
        Self::DeleteTable,
    ];

    fn verb(self) -> &'static str {
        match self {
            Self::CreateGuest | Self::CreateTable => "create",
            Self::UpdateGuest | Self::UpdateTable => "update",
            Self::DeleteGuest | Self::DeleteTable => "delete",
        }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::CreateGuest | Self::UpdateGuest | Self::DeleteGuest => "guest",
            Self::CreateTable | Self::UpdateTable | Self::DeleteTable => "table",
        }
    }

    /// What to call a row that this operation makes.
    pub(super) fn makes(self) -> Option<EntityKind> {
        match self {
            Self::CreateGuest => Some(EntityKind::Guest),
            Self::CreateTable => Some(EntityKind::Table),
            Self::UpdateGuest | Self::DeleteGuest | Self::UpdateTable | Self::DeleteTable => None,
        }
    }
}

/// The name of an operation. A list of one kind of rows says `create` where the general form says `create_guest`.
#[derive(Clone, Copy)]
pub(super) struct OpName {
    /// The kind of rows of the list, if it is of one kind.
    pub(super) noun: Option<&'static str>,
    /// The operations that there are to choose from.
    pub(super) among: &'static [Op],
}

impl OpName {
    /// The field that the name stands in.
    pub(super) fn key(self) -> &'static str {
        if self.noun.is_some() { "operation" } else { "op" }
    }

    /// Each of them with what it is called here.
    fn names(self) -> impl Iterator<Item = (String, Op)> {
        self.among.iter().copied().filter(move |op| self.noun.is_none_or(|noun| noun == op.noun())).map(move |op| {
            let name = if self.noun.is_some() { op.verb().to_owned() } else { format!("{}_{}", op.verb(), op.noun()) };
            (name, op)
        })
    }
}

impl Reads for OpName {
    type Value = Op;

    fn read(&self, value: &Value) -> Result<Op, String> {
        let text = value.as_str().ok_or_else(|| format!("must be a text, not {}", kind(value)))?;
        self.names().find(|(name, _)| name == text).map(|(_, op)| op).ok_or_else(|| match self.noun {
            None => format!("must be create_, update_ or delete_ with guest or table, not {text:?}"),
            Some(_) => format!("must be create, update or delete, not {text:?}"),
        })
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        let names: Vec<String> = self.names().map(|(name, _)| name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// A version that a row may have.
pub(super) struct Version;

impl Reads for Version {
    type Value = u64;

    fn read(&self, value: &Value) -> Result<u64, String> {
        let whole = |number: &f64| number.fract() == 0.0 && (1.0..=MAX_VERSION).contains(number);
        let number = value.as_f64().filter(whole).ok_or("must be a version: a whole number from 1")?;
        Ok(number as u64)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX_VERSION as u64 })
    }
}
