//! The rows as they would be if the operations so far were accepted, and the refusals they have earned so far.
//! Judges nothing: operations may leave it contradictory for a while, as two parties that swap tables do.

use std::collections::BTreeMap;

use crate::{
    FieldError, Guest, GuestStatus, Id, Refusal, Rejection, Settings, Slice, Table, TableStatus, Time,
    rejection::Precedence,
};

/// The index of an operation in its transaction; 0 for a request that is none.
pub(super) type Op = usize;

pub(super) struct Draft<'a> {
    pub(super) before: &'a Slice,
    pub(super) settings: Settings,
    pub(super) at: Time,
    pub(super) guests: BTreeMap<Id, DraftGuest>,
    pub(super) tables: BTreeMap<Id, DraftTable>,
    refusal: Option<(Precedence, Op, Rejection)>,
}

/// How a row came to be in the draft, or that it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It was there before.
    Kept,
    /// An operation created it.
    Fresh,
    /// An operation deleted it; the row is as it last stood.
    Gone,
}

pub(super) struct DraftGuest {
    pub(super) row: Guest,
    pub(super) presence: Presence,
    /// The last operation that asked for its check-in time.
    pub(super) checked_in_by: Op,
    /// The last operation that gave it another status or table, and whether the capacity is overridden.
    pub(super) moved_by: Op,
    pub(super) override_capacity: bool,
}

pub(super) struct DraftTable {
    pub(super) row: Table,
    pub(super) presence: Presence,
    /// The last status that an operation asked for, other than occupied.
    pub(super) asked_status: Option<TableStatus>,
    /// The operation that asked for `occupied` where nobody sat, and named nobody.
    pub(super) demands_guest: Option<Op>,
    /// The last operation that gave it another number.
    pub(super) numbered_by: Op,
}

impl<'a> Draft<'a> {
    pub(super) fn new(before: &'a Slice, settings: Settings, at: Time) -> Self {
        let guests =
            before.guests.values().map(|row| (row.id.clone(), DraftGuest::new(row.clone(), Presence::Kept, 0)));
        let tables =
            before.tables.values().map(|row| (row.id.clone(), DraftTable::new(row.clone(), Presence::Kept, 0)));
        Self { before, settings, at, guests: guests.collect(), tables: tables.collect(), refusal: None }
    }

    /// Notes that operation `op` can't be. The refusal that ranks first is the one that the caller is told.
    pub(super) fn refuse(&mut self, op: Op, rejection: Rejection) {
        let rank = (rejection.precedence(), op);
        if let (Some((precedence, first, Rejection::Invalid(known))), Rejection::Invalid(faults)) =
            (&mut self.refusal, &rejection)
            && rank == (*precedence, *first)
        {
            // All wrong fields of one operation are told at once.
            return known.extend_from_slice(faults);
        }
        if self.refusal.as_ref().is_none_or(|(precedence, first, _)| rank < (*precedence, *first)) {
            self.refusal = Some((rank.0, op, rejection));
        }
    }

    /// Notes the faults of a patch, if it has any.
    pub(super) fn refuse_faults(&mut self, op: Op, errors: &[FieldError]) {
        if !errors.is_empty() {
            self.refuse(op, Rejection::Invalid(errors.to_vec()));
        }
    }

    /// The refusal that ranks first, with the operation that earned it.
    pub(super) fn refusal(&mut self) -> Option<Refusal> {
        let (_, op, rejection) = self.refusal.take()?;
        Some(Refusal { rejection, operation: Some(op) })
    }

    pub(super) fn guest(&mut self, id: &Id) -> Option<&mut DraftGuest> {
        self.guests.get_mut(id).filter(|guest| guest.presence != Presence::Gone)
    }

    pub(super) fn table(&mut self, id: &Id) -> Option<&mut DraftTable> {
        self.tables.get_mut(id).filter(|table| table.presence != Presence::Gone)
    }

    /// Those who claim a table by now: one, none, or for a while several.
    pub(super) fn sitters(&self, table: &Id) -> Vec<Id> {
        let here = |guest: &&DraftGuest| guest.sits() == Some(table);
        self.guests.values().filter(here).map(|guest| guest.row.id.clone()).collect()
    }

    /// A guest as it is without the request; as drafted, if the request creates it.
    pub(super) fn current_guest(&self, id: &Id) -> Option<&Guest> {
        self.before.guests.get(id).or_else(|| self.guests.get(id).map(|guest| &guest.row))
    }

    /// A table as it is without the request; as drafted, if the request creates it.
    pub(super) fn current_table(&self, id: &Id) -> Option<&Table> {
        self.before.tables.get(id).or_else(|| self.tables.get(id).map(|table| &table.row))
    }
}

impl DraftGuest {
    pub(super) fn new(row: Guest, presence: Presence, op: Op) -> Self {
        Self { row, presence, checked_in_by: op, moved_by: op, override_capacity: false }
    }

    /// Gives it this table and status. What it has already, no operation gives it.
    pub(super) fn place(&mut self, op: Op, table: Option<Id>, status: GuestStatus) {
        if self.row.table_id != table || self.row.status != status {
            self.row.table_id = table;
            self.row.status = status;
            self.moved_by = op;
        }
    }

    /// The table that it claims.
    pub(super) fn sits(&self) -> Option<&Id> {
        self.row.table_id.as_ref().filter(|_| self.presence != Presence::Gone)
    }
}

impl DraftTable {
    pub(super) fn new(row: Table, presence: Presence, op: Op) -> Self {
        Self { row, presence, asked_status: None, demands_guest: None, numbered_by: op }
    }
}
