//! The judgement of a finished draft: both halves of each seating made to match, every rule that looks at the final
//! state, and what has really changed.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, DraftGuest, DraftTable, Op, Presence};
use crate::{Action, Change, Entity, GuestStatus, Id, Refusal, Rejection, TableStatus};

/// Names a row of a draft.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowRef {
    Guest(Id),
    Table(Id),
}

/// A draft that every rule says yes to.
pub(super) struct Judged<'a> {
    /// What really changed: the rows named by operations in that order, then guests, then tables, those left before
    /// those taken.
    pub(super) changes: Vec<Change>,
    /// The ids of all rows named by operations, then of those that changed as a consequence.
    pub(super) affected: Vec<Id>,
    /// The rows as they stand afterwards.
    pub(super) draft: Draft<'a>,
}

impl<'a> Draft<'a> {
    /// Judges the draft, whose operations named the rows `named`.
    pub(super) fn judge(mut self, named: &[RowRef]) -> Result<Judged<'a>, Refusal> {
        self.settle_tables();
        self.settle_guest_times();
        self.judge_guests();
        self.judge_tables();
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        self.count_versions();
        let rows = self.in_order(named);
        let changes = rows.iter().filter_map(|row| self.change(row)).collect();
        let affected = rows.into_iter().map(RowRef::into_id).collect();
        Ok(Judged { changes, affected, draft: self })
    }

    /// A table's status and guest follow from who claims it.
    fn settle_tables(&mut self) {
        let mut sitters: BTreeMap<Id, Id> = BTreeMap::new();
        for guest in self.guests.values() {
            if let Some(table) = guest.sits() {
                sitters.insert(table.clone(), guest.row.id.clone());
            }
        }
        for table in self.tables.values_mut().filter(|table| table.presence != Presence::Gone) {
            let before = self.before.tables.get(&table.row.id).filter(|_| table.presence == Presence::Kept);
            table.row.guest_id = sitters.remove(&table.row.id);
            table.row.status = match (&table.row.guest_id, table.asked_status) {
                (Some(_), _) => TableStatus::Occupied,
                (None, Some(asked)) => asked,
                (None, None) if table.row.status != TableStatus::Occupied => table.row.status,
                (None, None) => {
                    let left_by = before.and_then(|table| self.guests.get(table.guest_id.as_ref()?));
                    let for_good =
                        left_by.is_some_and(|guest| guest.presence != Presence::Gone && guest.row.status.is_over());
                    if for_good && self.settings.dirty_after_finish {
                        TableStatus::Dirty
                    } else {
                        TableStatus::Available
                    }
                }
            };
            if before.is_none_or(|before| before.status != table.row.status) {
                table.row.status_since = self.at;
            }
        }
    }

    fn settle_guest_times(&mut self) {
        for guest in self.guests.values_mut().filter(|guest| guest.presence != Presence::Gone) {
            let before = self.before.guests.get(&guest.row.id).filter(|_| guest.presence == Presence::Kept);
            guest.row.keep_times(before.map(|before| before.status), self.at);
        }
    }

    fn judge_guests(&mut self) {
        let mut refusals: Vec<(Op, Rejection)> = Vec::new();
        for guest in self.guests.values().filter(|guest| guest.presence != Presence::Gone) {
            let before = self.before.guests.get(&guest.row.id).filter(|_| guest.presence == Presence::Kept);
            if let Some(fault) = guest.row.misplaced_time() {
                refusals.push((guest.checked_in_by, Rejection::Invalid(vec![fault])));
            }
            if guest.row.status == GuestStatus::Seated && guest.row.table_id.is_none() {
                refusals.push((guest.moved_by, Rejection::TableRequired));
            }
            if let Some(before) = before
                && !before.status.can_become(guest.row.status)
            {
                let rejection = Rejection::InvalidTransition { guest: Box::new(before.clone()), to: guest.row.status };
                refusals.push((guest.moved_by, rejection));
            }
            let stayed = before.is_some_and(|before| before.table_id == guest.row.table_id);
            if let Some(table) = guest.sits().and_then(|id| self.tables.get(id))
                && !stayed
                && let Some(rejection) = self.judge_seating(guest, table)
            {
                refusals.push((guest.moved_by, rejection));
            }
        }
        refusals.into_iter().for_each(|(op, rejection)| self.refuse(op, rejection));
    }

    /// Whether a guest who was not at `table` before may have it.
    fn judge_seating(&self, guest: &DraftGuest, table: &DraftTable) -> Option<Rejection> {
        let current = || self.current_table(&table.row.id).cloned().map(Box::new);
        let was_there = |other: &DraftGuest| {
            self.before.guests.get(&other.row.id).is_some_and(|before| before.table_id == other.row.table_id)
        };
        // Of two who claim a table, the one who sat there stands in the way; of two new ones, the earlier.
        let in_the_way = self.guests.values().find(|other| {
            other.sits() == guest.sits()
                && other.row.id != guest.row.id
                && (was_there(other) || (other.moved_by, &other.row.id) < (guest.moved_by, &guest.row.id))
        });
        if let Some(other) = in_the_way {
            let by = self.current_guest(&other.row.id).cloned().map(Box::new);
            return Some(Rejection::TableOccupied { table: current()?, by });
        }
        let before = self.before.tables.get(&table.row.id).filter(|_| table.presence == Presence::Kept);
        let stood = table.asked_status.or(before.map(|before| before.status));
        if stood.is_some_and(TableStatus::is_unavailable) {
            return Some(Rejection::TableUnavailable { table: current()? });
        }
        let party_size = guest.row.party_size;
        if party_size > table.row.capacity && !guest.override_capacity {
            return Some(Rejection::CapacityExceeded { table: current()?, party_size });
        }
        None
    }

    fn judge_tables(&mut self) {
        let mut refusals: Vec<(Op, Rejection)> = Vec::new();
        let mut numbers: BTreeMap<&str, Vec<&DraftTable>> = BTreeMap::new();
        for table in self.tables.values().filter(|table| table.presence != Presence::Gone) {
            numbers.entry(&table.row.table_number).or_default().push(table);
            if let (Some(op), None) = (table.demands_guest, &table.row.guest_id) {
                refusals.push((op, Rejection::GuestRequired));
            }
        }
        for namesakes in numbers.values().filter(|tables| tables.len() > 1) {
            let is_new = |table: &DraftTable| {
                let before = self.before.tables.get(&table.row.id).filter(|_| table.presence == Presence::Kept);
                before.is_none_or(|before| before.table_number != table.row.table_number)
            };
            // The one that bore the number before stands in the way of the others; of new ones, the earliest.
            let Some(first) = namesakes.iter().min_by_key(|table| (is_new(table), table.numbered_by)) else { continue };
            let Some(current) = self.current_table(&first.row.id) else { continue };
            let others = namesakes.iter().filter(|table| table.row.id != first.row.id && is_new(table));
            refusals.extend(others.map(|table| {
                (table.numbered_by, Rejection::DuplicateTableNumber { table: Box::new(current.clone()) })
            }));
        }
        refusals.into_iter().for_each(|(op, rejection)| self.refuse(op, rejection));
    }

    /// A row that changed gets the next version and this request's time; one that didn't keeps its own.
    fn count_versions(&mut self) {
        for guest in self.guests.values_mut() {
            if let Some(before) = self.before.guests.get(&guest.row.id)
                && guest.presence != Presence::Gone
                && guest.row != *before
            {
                guest.row.version = before.version + 1;
                guest.row.updated_at = self.at;
            }
        }
        for table in self.tables.values_mut() {
            if let Some(before) = self.before.tables.get(&table.row.id)
                && table.presence != Presence::Gone
                && table.row != *before
            {
                table.row.version = before.version + 1;
                table.row.updated_at = self.at;
            }
        }
    }

    /// The rows that the devices are told of, in order: see [`Judged::changes`].
    fn in_order(&self, named: &[RowRef]) -> Vec<RowRef> {
        let mut seen: BTreeSet<&RowRef> = BTreeSet::new();
        let mut rows: Vec<RowRef> = named.iter().filter(|row| seen.insert(row)).cloned().collect();
        let changed = |row: &RowRef| !rows.contains(row) && self.change(row).is_some();
        let guests: Vec<RowRef> = self.guests.keys().cloned().map(RowRef::Guest).filter(changed).collect();
        let mut tables: Vec<&DraftTable> = self.tables.values().collect();
        tables.sort_by_key(|table| table.row.guest_id.is_some());
        let tables: Vec<RowRef> =
            tables.into_iter().map(|table| RowRef::Table(table.row.id.clone())).filter(changed).collect();
        rows.extend(guests);
        rows.extend(tables);
        rows
    }

    /// What really became of a row.
    fn change(&self, row: &RowRef) -> Option<Change> {
        let action = |status_changed| if status_changed { Action::StatusChange } else { Action::Update };
        match row {
            RowRef::Guest(id) => {
                let guest = self.guests.get(id)?;
                match (self.before.guests.get(id), guest.presence) {
                    (None, Presence::Gone) => None,
                    (None, _) => Some(Change::GuestCreated(guest.row.clone())),
                    (Some(_), Presence::Gone) => Some(Change::GuestDeleted(id.clone())),
                    (Some(before), _) if *before == guest.row => None,
                    (Some(before), _) => {
                        Some(Change::GuestUpdated(guest.row.clone(), action(before.status != guest.row.status)))
                    }
                }
            }
            RowRef::Table(id) => {
                let table = self.tables.get(id)?;
                match (self.before.tables.get(id), table.presence) {
                    (None, Presence::Gone) => None,
                    (None, _) => Some(Change::TableCreated(table.row.clone())),
                    (Some(_), Presence::Gone) => Some(Change::TableDeleted(id.clone())),
                    (Some(before), _) if *before == table.row => None,
                    (Some(before), _) => {
                        Some(Change::TableUpdated(table.row.clone(), action(before.status != table.row.status)))
                    }
                }
            }
        }
    }

    /// A row as it stands in the draft.
    pub(super) fn entity(&self, row: &RowRef) -> Entity {
        let known = "a row that an accepted operation names is in the draft";
        match row {
            RowRef::Guest(id) => Entity::Guest(self.guests.get(id).expect(known).row.clone()),
            RowRef::Table(id) => Entity::Table(self.tables.get(id).expect(known).row.clone()),
        }
    }
}

impl RowRef {
    fn into_id(self) -> Id {
        match self {
            Self::Guest(id) | Self::Table(id) => id,
        }
    }
}
