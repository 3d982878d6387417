//! One write, or several that happen together or not at all: the operations in order, then the judgement.

use super::{
    draft::{Draft, DraftGuest, DraftTable, Op, Presence},
    judge::{Judged, RowRef},
};
use crate::{
    Answer, Decision, Edit, Entity, EntityKind, Expectation, Guest, GuestPatch, GuestStatus, Id, Operation,
    OperationResult, Refusal, Rejection, ResultStatus, Settings, Slice, Step, Table, TablePatch, Time, Transaction,
};

/// Decides one operation. Its messages are one a changed row.
pub(super) fn write(step: &Step, slice: &Slice, settings: Settings, at: Time) -> Result<Decision, Refusal> {
    let judged = judge(std::slice::from_ref(step), slice, settings, at)
        .map_err(|refusal| Refusal { operation: None, ..refusal })?;
    let result = judged.results.into_iter().next().expect("one operation has one result");
    Ok(Decision { changes: judged.changes, answer: Answer::One(result), affected_entities: None })
}

/// Decides a transaction. It has one message, or none if nothing changed.
pub(super) fn transact(
    transaction: &Transaction,
    slice: &Slice,
    settings: Settings,
    at: Time,
) -> Result<Decision, Refusal> {
    if !transaction.errors.is_empty() {
        let rejection = Rejection::Invalid(transaction.errors.clone());
        return Err(Refusal { rejection, operation: transaction.unreadable });
    }
    let judged = judge(&transaction.steps, slice, settings, at)?;
    let answer = Answer::Transaction { transaction_id: transaction.id.clone(), results: judged.results };
    Ok(Decision { changes: judged.changes, answer, affected_entities: Some(judged.affected) })
}

struct Outcome {
    results: Vec<OperationResult>,
    changes: Vec<crate::Change>,
    affected: Vec<Id>,
}

fn judge(steps: &[Step], slice: &Slice, settings: Settings, at: Time) -> Result<Outcome, Refusal> {
    let mut draft = Draft::new(slice, settings, at);
    for (op, step) in steps.iter().enumerate() {
        draft.perform(op, step);
    }
    let named: Vec<RowRef> = steps.iter().map(|step| step.operation.row()).collect();
    let Judged { changes, affected, draft } = draft.judge(&named)?;
    let results = steps
        .iter()
        .zip(&named)
        .map(|(step, row)| OperationResult { status: step.operation.result_status(), entity: draft.entity(row) });
    Ok(Outcome { results: results.collect(), changes, affected })
}

impl Draft<'_> {
    /// Does what operation `op` asks for, and notes what can't be.
    fn perform(&mut self, op: Op, step: &Step) {
        match &step.operation {
            Operation::CreateGuest(id, patch) => self.create_guest(op, id, patch),
            Operation::UpdateGuest(id, patch) => self.update_guest(op, id, patch, &step.expects),
            Operation::DeleteGuest(id) => self.delete_guest(op, id, &step.expects),
            Operation::CreateTable(id, patch) => self.create_table(op, id, patch),
            Operation::UpdateTable(id, patch) => self.update_table(op, id, patch, &step.expects),
            Operation::DeleteTable(id) => self.delete_table(op, id, &step.expects),
        }
    }

    fn create_guest(&mut self, op: Op, id: &Id, patch: &GuestPatch) {
        self.refuse_faults(op, &patch.errors);
        if self.guest(id).is_some()
            && let Some(guest) = self.current_guest(id)
        {
            self.refuse(op, Rejection::AlreadyExists { current: Box::new(Entity::Guest(guest.clone())) });
        }
        let mut row = Guest::blank(id.clone(), self.at);
        if patch.reservation_time.value().is_some() {
            row.status = GuestStatus::Confirmed;
        }
        patch.apply_to(&mut row);
        self.guests.insert(id.clone(), DraftGuest::new(row, Presence::Fresh, op));
        self.move_guest(op, id, patch);
    }

    fn update_guest(&mut self, op: Op, id: &Id, patch: &GuestPatch, expects: &Expectation) {
        let Some(guest) = self.guest(id) else { return self.refuse_missing(op, EntityKind::Guest, id) };
        if patch.check_in_time != Edit::Keep {
            guest.checked_in_by = op;
        }
        patch.apply_to(&mut guest.row);
        self.check_guest(op, id, expects);
        self.refuse_faults(op, &patch.errors);
        self.move_guest(op, id, patch);
    }

    fn delete_guest(&mut self, op: Op, id: &Id, expects: &Expectation) {
        let Some(guest) = self.guest(id) else { return self.refuse_missing(op, EntityKind::Guest, id) };
        guest.presence = Presence::Gone;
        self.check_guest(op, id, expects);
    }

    fn create_table(&mut self, op: Op, id: &Id, patch: &TablePatch) {
        self.refuse_faults(op, &patch.errors);
        if self.table(id).is_some()
            && let Some(table) = self.current_table(id)
        {
            self.refuse(op, Rejection::AlreadyExists { current: Box::new(Entity::Table(table.clone())) });
        }
        let mut row = Table::blank(id.clone(), self.at);
        patch.apply_to(&mut row);
        self.tables.insert(id.clone(), DraftTable::new(row, Presence::Fresh, op));
        self.move_table(op, id, patch);
    }

    fn update_table(&mut self, op: Op, id: &Id, patch: &TablePatch, expects: &Expectation) {
        let Some(table) = self.table(id) else { return self.refuse_missing(op, EntityKind::Table, id) };
        if patch.table_number.as_ref().is_some_and(|number| *number != table.row.table_number) {
            table.numbered_by = op;
        }
        patch.apply_to(&mut table.row);
        self.check_table(op, id, expects);
        self.refuse_faults(op, &patch.errors);
        self.move_table(op, id, patch);
    }

    fn delete_table(&mut self, op: Op, id: &Id, expects: &Expectation) {
        if self.table(id).is_none() {
            return self.refuse_missing(op, EntityKind::Table, id);
        }
        self.check_table(op, id, expects);
        if !self.refuse_if_in_use(op, id)
            && let Some(table) = self.table(id)
        {
            table.presence = Presence::Gone;
        }
    }

    fn refuse_missing(&mut self, op: Op, kind: EntityKind, id: &Id) {
        self.refuse(op, Rejection::NotFound { kind, id: id.to_string() });
    }

    fn check_guest(&mut self, op: Op, id: &Id, expects: &Expectation) {
        if let Some(guest) = self.current_guest(id)
            && let Err(rejection) = expects.check(guest.version, || Entity::Guest(guest.clone()))
        {
            self.refuse(op, rejection);
        }
    }

    fn check_table(&mut self, op: Op, id: &Id, expects: &Expectation) {
        if let Some(table) = self.current_table(id)
            && let Err(rejection) = expects.check(table.version, || Entity::Table(table.clone()))
        {
            self.refuse(op, rejection);
        }
    }
}

impl Operation {
    /// The row that it is about.
    fn row(&self) -> RowRef {
        match self {
            Self::CreateGuest(id, _) | Self::UpdateGuest(id, _) | Self::DeleteGuest(id) => RowRef::Guest(id.clone()),
            Self::CreateTable(id, _) | Self::UpdateTable(id, _) | Self::DeleteTable(id) => RowRef::Table(id.clone()),
        }
    }

    fn result_status(&self) -> ResultStatus {
        match self {
            Self::CreateGuest(..) | Self::CreateTable(..) => ResultStatus::Created,
            Self::DeleteGuest(_) | Self::DeleteTable(_) => ResultStatus::Deleted,
            Self::UpdateGuest(..) | Self::UpdateTable(..) => ResultStatus::Updated,
        }
    }
}
