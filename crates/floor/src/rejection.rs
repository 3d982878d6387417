//! Every way in which a rule says no, as data and in words. Knows no HTTP status: that is the edge's affair.

use std::fmt;

use crate::{Entity, EntityKind, FieldError, Guest, GuestStatus, Table, change::MAX_MESSAGE_BYTES};

/// A request that a rule says no to.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Which rule, and what stood in the way.
    pub rejection: Rejection,
    /// The index of the operation that asked for it, in a transaction.
    pub operation: Option<usize>,
}

/// Which rule said no, with the row that stood in the way as it is without the request (boxed: a refusal is the rare
/// case, and should not make every `Result` as large as two rows).
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it, and `Display` says it in words")]
pub enum Rejection {
    NotFound { kind: EntityKind, id: String },
    PreconditionFailed { current: Box<Entity> },
    Invalid(Vec<FieldError>),
    TableRequired,
    GuestRequired,
    InvalidTransition { guest: Box<Guest>, to: GuestStatus },
    AlreadyExists { current: Box<Entity> },
    VersionConflict { current: Box<Entity>, expected: u64 },
    TableOccupied { table: Box<Table>, by: Option<Box<Guest>> },
    TableUnavailable { table: Box<Table> },
    CapacityExceeded { table: Box<Table>, party_size: u16 },
    TableInUse { table: Box<Table>, by: Option<Box<Guest>> },
    DuplicateTableNumber { table: Box<Table> },
    TooLarge { bytes: usize },
}

/// In which order rejections are told when a request earns several: what is missing before what was out of date,
/// that before what is wrong in itself, and that before what conflicts with the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precedence {
    Missing,
    OutOfDate,
    Wrong,
    Conflicting,
}

impl Rejection {
    /// One fault in one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// The name of the rule, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::PreconditionFailed { .. } => "precondition_failed",
            Self::Invalid(_) => "invalid",
            Self::TableRequired => "table_required",
            Self::GuestRequired => "guest_required",
            Self::InvalidTransition { .. } => "invalid_transition",
            Self::AlreadyExists { .. } => "already_exists",
            Self::VersionConflict { .. } => "version_conflict",
            Self::TableOccupied { .. } => "table_occupied",
            Self::TableUnavailable { .. } => "table_unavailable",
            Self::CapacityExceeded { .. } => "capacity_exceeded",
            Self::TableInUse { .. } => "table_in_use",
            Self::DuplicateTableNumber { .. } => "duplicate_table_number",
            Self::TooLarge { .. } => "too_large",
        }
    }

    /// The row that stood in the way, as it is without the request.
    pub fn current(&self) -> Option<Entity> {
        match self {
            Self::PreconditionFailed { current }
            | Self::AlreadyExists { current }
            | Self::VersionConflict { current, .. } => Some(current.as_ref().clone()),
            Self::InvalidTransition { guest, .. } => Some(Entity::Guest(guest.as_ref().clone())),
            Self::TableOccupied { table, .. }
            | Self::TableUnavailable { table }
            | Self::CapacityExceeded { table, .. }
            | Self::TableInUse { table, .. }
            | Self::DuplicateTableNumber { table } => Some(Entity::Table(table.as_ref().clone())),
            Self::NotFound { .. }
            | Self::Invalid(_)
            | Self::TableRequired
            | Self::GuestRequired
            | Self::TooLarge { .. } => None,
        }
    }

    /// The fields that are wrong, where it is about fields.
    pub fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(errors) => errors.clone(),
            Self::TableRequired => vec![FieldError::new("table_id", "is required by status seated")],
            Self::GuestRequired => vec![FieldError::new("guest_id", "is required by status occupied")],
            _ => Vec::new(),
        }
    }

    pub(crate) fn precedence(&self) -> Precedence {
        match self {
            Self::NotFound { .. } => Precedence::Missing,
            Self::PreconditionFailed { .. } => Precedence::OutOfDate,
            Self::Invalid(_) | Self::TableRequired | Self::GuestRequired => Precedence::Wrong,
            Self::InvalidTransition { .. }
            | Self::AlreadyExists { .. }
            | Self::VersionConflict { .. }
            | Self::TableOccupied { .. }
            | Self::TableUnavailable { .. }
            | Self::CapacityExceeded { .. }
            | Self::TableInUse { .. }
            | Self::DuplicateTableNumber { .. }
            | Self::TooLarge { .. } => Precedence::Conflicting,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { kind: EntityKind::Restaurant, id } => write!(f, "There is no restaurant {id:?}."),
            Self::NotFound { kind, id } => write!(f, "There is no {kind} {id:?} in this restaurant."),
            Self::PreconditionFailed { current } => {
                let (kind, version) = (current.kind(), current.version());
                write!(f, "The {kind} has changed meanwhile: it is at version {version}, which If-Match does not name.")
            }
            Self::Invalid(errors) => {
                let faults: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
                write!(f, "{}.", faults.join("; "))
            }
            Self::TableRequired => f.write_str("A guest can't be seated without a table: name one in table_id."),
            Self::GuestRequired => f.write_str("A table can't be occupied by nobody: name the guest in guest_id."),
            Self::InvalidTransition { guest, to } => {
                let (name, from, to) = (&guest.guest_name, guest.status.as_str(), to.as_str());
                write!(f, "{name} is {from} and can't become {to} from there.")
            }
            Self::AlreadyExists { current } => write!(f, "There is a {} {:?} already.", current.kind(), current.id()),
            Self::VersionConflict { current, expected } => {
                let (kind, version) = (current.kind(), current.version());
                write!(f, "The {kind} has changed meanwhile: it is at version {version}, not {expected}.")
            }
            Self::TableOccupied { table, by: Some(guest) } => {
                let (number, name, size) = (&table.table_number, &guest.guest_name, guest.party_size);
                write!(f, "Table {number} is taken by {name}, party of {size}.")
            }
            Self::TableOccupied { table, by: None } => write!(f, "Table {} is taken.", table.table_number),
            Self::TableUnavailable { table } => {
                write!(f, "Table {} is {} and can't be seated.", table.table_number, table.status.as_str())
            }
            Self::CapacityExceeded { table, party_size } => {
                let (number, capacity) = (&table.table_number, table.capacity);
                write!(f, "Table {number} seats {capacity}, not {party_size}; \"override\": true seats them anyway.")
            }
            Self::TableInUse { table, by: Some(guest) } => {
                let (number, name) = (&table.table_number, &guest.guest_name);
                write!(f, "{name} sits at table {number}: it can't be deleted, reserved or taken out of service.")
            }
            Self::TableInUse { table, by: None } => {
                write!(f, "Table {} is in use: it can't be deleted, reserved or blocked.", table.table_number)
            }
            Self::DuplicateTableNumber { table } => {
                write!(f, "There is a table {} already: {:?}.", table.table_number, table.id)
            }
            Self::TooLarge { bytes } => {
                write!(f, "The message to the devices would be {bytes} bytes, over {MAX_MESSAGE_BYTES}: split it up.")
            }
        }
    }
}

impl std::error::Error for Rejection {}

impl Refusal {
    /// A refusal of a request that is not a transaction.
    pub fn of(rejection: Rejection) -> Self {
        Self { rejection, operation: None }
    }

    /// There is no such restaurant.
    pub fn no_restaurant(id: impl fmt::Display) -> Self {
        Self::of(Rejection::NotFound { kind: EntityKind::Restaurant, id: id.to_string() })
    }
}
