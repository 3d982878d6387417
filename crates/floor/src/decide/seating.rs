//! What a client's half of a move means: who sits down, who gets up, who has finished. The tables' own statuses follow
//! from it when the draft is judged.

use super::draft::{Draft, Op};
use crate::{Edit, GuestPatch, GuestStatus, Id, Rejection, TablePatch, TableStatus};

impl Draft<'_> {
    /// What a request about a guest says of its status and table.
    pub(super) fn move_guest(&mut self, op: Op, id: &Id, patch: &GuestPatch) {
        let left = self.before.guests.get(id).and_then(|guest| guest.table_id.as_ref());
        let leaves = patch.status.is_some_and(|status| status != GuestStatus::Seated);
        let Some(guest) = self.guest(id) else { return };
        // A reference equal to the present one says nothing, but an override beside it is meant.
        let claim = match &patch.table_id {
            Edit::Keep => Edit::Keep,
            Edit::Clear if guest.row.table_id.is_none() => Edit::Keep,
            Edit::Set(table) if guest.row.table_id.as_ref() == Some(table) => {
                guest.override_capacity |= patch.override_capacity;
                Edit::Keep
            }
            // A device that sends whole rows names the table that is being left, which an earlier operation may have freed.
            Edit::Set(table) if leaves && left == Some(table) => Edit::Keep,
            other => other.clone(),
        };
        match (claim, patch.status) {
            (Edit::Keep, None) => {}
            (Edit::Keep, Some(GuestStatus::Seated)) => {
                let table = guest.row.table_id.clone();
                guest.place(op, table, GuestStatus::Seated);
            }
            (Edit::Set(table), None | Some(GuestStatus::Seated)) if self.table(&table).is_some() => {
                self.sit(op, id, &table, patch.override_capacity);
            }
            (Edit::Set(table), None | Some(GuestStatus::Seated)) => {
                self.refuse(op, Rejection::invalid("table_id", format!("names no table of this restaurant: {table}")));
            }
            (Edit::Set(_), Some(status)) => {
                let message = format!("can't be given beside status {}", status.as_str());
                self.refuse(op, Rejection::invalid("table_id", message));
            }
            (Edit::Clear, None) => self.get_up(op, id, GuestStatus::Waiting),
            (Edit::Keep | Edit::Clear, Some(status)) => self.get_up(op, id, status),
        }
    }

    /// What a request about a table says of its status and guest.
    pub(super) fn move_table(&mut self, op: Op, id: &Id, patch: &TablePatch) {
        let sitters = self.sitters(id);
        let left_by = self.before.tables.get(id).and_then(|table| table.guest_id.as_ref());
        let is_left = patch.status.is_some_and(|status| status != TableStatus::Occupied);
        // A reference equal to the present one says nothing, but an override beside it is meant.
        let claim = match &patch.guest_id {
            Edit::Keep => Edit::Keep,
            Edit::Clear if sitters.is_empty() => Edit::Keep,
            Edit::Set(id) if sitters.contains(id) => {
                if let Some(guest) = self.guest(id) {
                    guest.override_capacity |= patch.override_capacity;
                }
                Edit::Keep
            }
            // As with a guest: a whole row names the guest who is leaving.
            Edit::Set(guest) if is_left && left_by == Some(guest) => Edit::Keep,
            other => other.clone(),
        };
        if let (Edit::Set(guest), status) = (&claim, patch.status) {
            match status {
                Some(status) if status != TableStatus::Occupied => {
                    let message = format!("can't be given beside status {}", status.as_str());
                    self.refuse(op, Rejection::invalid("guest_id", message));
                }
                _ if self.guest(guest).is_none() => {
                    let message = format!("names no guest of this restaurant: {guest}");
                    self.refuse(op, Rejection::invalid("guest_id", message));
                }
                _ => self.sit(op, guest, id, patch.override_capacity),
            }
            return;
        }
        let leave = |draft: &mut Self, status| sitters.iter().for_each(|guest| draft.get_up(op, guest, status));
        match patch.status {
            None if claim == Edit::Clear => leave(self, GuestStatus::Waiting),
            None => {}
            Some(TableStatus::Occupied) => {
                if claim == Edit::Clear {
                    leave(self, GuestStatus::Waiting);
                }
                if self.sitters(id).is_empty()
                    && let Some(table) = self.table(id)
                {
                    table.demands_guest.get_or_insert(op);
                }
            }
            Some(status @ (TableStatus::Reserved | TableStatus::OutOfService)) => {
                let in_use = self.refuse_if_in_use(op, id);
                if !in_use {
                    self.ask_status(id, status);
                }
            }
            Some(status @ (TableStatus::Available | TableStatus::Dirty)) => {
                leave(self, GuestStatus::Finished);
                self.ask_status(id, status);
            }
        }
    }

    /// Refuses to delete, block or reserve a table at which somebody sits. Says whether somebody does.
    pub(super) fn refuse_if_in_use(&mut self, op: Op, id: &Id) -> bool {
        let sitters = self.sitters(id);
        let (Some(sitter), Some(table)) = (sitters.first(), self.current_table(id)) else { return false };
        let by = self.current_guest(sitter).cloned().map(Box::new);
        self.refuse(op, Rejection::TableInUse { table: Box::new(table.clone()), by });
        true
    }

    fn ask_status(&mut self, id: &Id, status: TableStatus) {
        if let Some(table) = self.table(id) {
            table.asked_status = Some(status);
            table.demands_guest = None;
        }
    }

    fn sit(&mut self, op: Op, guest: &Id, table: &Id, override_capacity: bool) {
        if let Some(guest) = self.guest(guest) {
            guest.place(op, Some(table.clone()), GuestStatus::Seated);
            guest.override_capacity = override_capacity;
        }
    }

    fn get_up(&mut self, op: Op, guest: &Id, status: GuestStatus) {
        if let Some(guest) = self.guest(guest) {
            guest.place(op, None, status);
        }
    }
}
