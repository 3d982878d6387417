//! One write, from the rows it needs to the log. Written once; what is SQL in it stands in the transaction that it is
//! handed. Runs inside that transaction and never commits.

use floor::{Change, Refusal, Rejection, Request, Slice, decide};

use super::{Outcome, StoreError, Write, WriteError, sqlite::Tx};
use crate::feed::Committed;

/// What a write came to, and what the devices are to hear of it once it is committed.
pub(super) struct Executed {
    pub(super) outcome: Outcome,
    pub(super) committed: Vec<Committed>,
}

pub(super) fn execute(tx: &Tx<'_>, write: &Write) -> Result<Executed, WriteError> {
    let request = &write.request;
    let mut key_is_taken = false;
    if let Some(idempotency) = &write.idempotency
        && let Some(kept) = tx.find_kept(&request.restaurant, &idempotency.key, request.at)?
    {
        if kept.fingerprint == idempotency.fingerprint {
            return Ok(Executed { outcome: kept.outcome, committed: Vec::new() });
        }
        key_is_taken = true;
    }
    let (slice, head) = load(tx, request)?;
    let decision = match decide(&slice, request) {
        Err(missing @ Refusal { rejection: Rejection::NotFound { .. }, .. }) => {
            return Err(WriteError::Refused(missing));
        }
        _ if key_is_taken => return Err(WriteError::KeyReused),
        Err(stale @ Refusal { rejection: Rejection::PreconditionFailed { .. }, .. }) => {
            return Err(WriteError::Refused(stale));
        }
        _ if !write.faults.is_empty() => {
            return Err(WriteError::Refused(Refusal::of(Rejection::Invalid(write.faults.clone()))));
        }
        Err(refusal) => return Err(WriteError::Refused(refusal)),
        Ok(decision) => decision,
    };
    let decision = if write.purging { decision.purged() } else { decision };
    let messages = decision.messages(request, head).map_err(|rejection| WriteError::Refused(Refusal::of(rejection)))?;
    for change in &decision.changes {
        tx.put(request, change)?;
    }
    let mut committed = Vec::with_capacity(messages.len());
    let mut seq = head;
    for message in messages {
        seq += 1;
        tx.append(request, seq, write.subject.as_deref(), &message)?;
        committed.push(Committed::Message { restaurant: request.restaurant.clone(), seq, message });
    }
    if seq > head {
        tx.set_head(&request.restaurant, seq)?;
    }
    if write.purging {
        let mut deleted = decision.changes.iter().filter_map(|change| match change {
            Change::GuestDeleted(id) => Some(id),
            _ => None,
        });
        deleted.try_for_each(|guest| tx.intend_purge(&request.restaurant, guest, seq))?;
    }
    if decision.changes.iter().any(|change| matches!(change, Change::RestaurantDeleted(_))) {
        committed.push(Committed::RestaurantDeleted(request.restaurant.clone()));
    }
    let outcome = Outcome { answer: decision.answer, seq };
    if let Some(idempotency) = &write.idempotency {
        tx.keep(&request.restaurant, idempotency, &outcome, request.at)?;
    }
    Ok(Executed { outcome, committed })
}

/// The rows that the command names and those paired with them, and the number of the restaurant's last message.
fn load(tx: &Tx<'_>, request: &Request) -> Result<(Slice, u64), StoreError> {
    let mut slice = Slice::default();
    let Some((restaurant, head)) = tx.restaurant(&request.restaurant)? else { return Ok((slice, 0)) };
    let id = restaurant.id.clone();
    slice.restaurant = Some(restaurant);
    let needs = request.command.needs();
    let mut guests = Vec::new();
    let mut tables = Vec::new();
    for guest in needs.guests {
        guests.extend(tx.guest(&id, guest)?);
    }
    for table in needs.tables {
        tables.extend(tx.table(&id, table)?);
    }
    for number in needs.table_numbers {
        tables.extend(tx.tables_numbered(&id, number)?);
    }
    // A seating has two halves, and each points to the other: one step from each row named closes the circle.
    let paired_tables: Vec<_> = guests.iter().filter_map(|guest| guest.table_id.clone()).collect();
    let paired_guests: Vec<_> = tables.iter().filter_map(|table| table.guest_id.clone()).collect();
    slice.guests.extend(guests.into_iter().map(|guest| (guest.id.clone(), guest)));
    slice.tables.extend(tables.into_iter().map(|table| (table.id.clone(), table)));
    for table in paired_tables {
        if !slice.tables.contains_key(&table) {
            slice.tables.extend(tx.table(&id, &table)?.map(|table| (table.id.clone(), table)));
        }
    }
    for guest in paired_guests {
        if !slice.guests.contains_key(&guest) {
            slice.guests.extend(tx.guest(&id, &guest)?.map(|guest| (guest.id.clone(), guest)));
        }
    }
    Ok((slice, head))
}
