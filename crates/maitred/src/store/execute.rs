//! One write, from the rows that it needs to what is to be put: the same for every database. Pure. Each side loads what
//! stands before the write and puts what comes of it, in one transaction, in which nobody else writes to that
//! restaurant.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use floor::{Change, Id, Refusal, Rejection, Slice, decide};

use super::{Outcome, StoreError, Write, WriteError};
use crate::feed::Committed;

/// What stands before a write: the rows that it needs and what goes with them.
#[derive(Default)]
pub(super) struct Before {
    /// The rows that the write names, and those paired with them: see [`floor::Command::needs`].
    pub(super) slice: Slice,
    /// The number of the restaurant's last message.
    pub(super) head: u64,
    /// The life of its log; empty where there is no restaurant.
    pub(super) epoch: String,
    /// Answers kept for retries, by key.
    pub(super) kept: HashMap<String, Kept>,
}

/// An answer kept for a retry.
pub(super) struct Kept {
    pub(super) fingerprint: [u8; 32],
    pub(super) outcome: Outcome,
}

/// What comes of a write: what is to be put, and what the devices are to hear of it once that is committed.
pub(super) struct Executed {
    pub(super) outcome: Outcome,
    /// What becomes true of the rows, in this order.
    pub(super) changes: Vec<Change>,
    /// What is appended to the log: the texts of the messages up to number `outcome.seq`.
    pub(super) messages: Vec<String>,
    /// The life of the log.
    epoch: String,
    /// The guests that are noted down to be forgotten.
    pub(super) forgets: Vec<Id>,
    /// Whether the answer is to be kept for a retry.
    pub(super) is_new: bool,
}

/// Decides a write. A command that trips over a bug must not take others down with it.
///
/// # Errors
/// Nothing of the write is to be put.
pub(super) fn execute(before: &Before, write: &Write) -> Result<Executed, WriteError> {
    catch_unwind(AssertUnwindSafe(|| execute_rashly(before, write)))
        .unwrap_or_else(|panic| Err(StoreError::Bug(panic_text(panic.as_ref())).into()))
}

fn execute_rashly(before: &Before, write: &Write) -> Result<Executed, WriteError> {
    let request = &write.request;
    let mut key_is_taken = false;
    if let Some(idempotency) = &write.idempotency
        && let Some(kept) = before.kept.get(&idempotency.key)
    {
        if kept.fingerprint == idempotency.fingerprint {
            return Ok(Executed::again(kept.outcome.clone()));
        }
        key_is_taken = true;
    }
    let decision = match decide(&before.slice, request) {
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
    let messages =
        decision.messages(request, before.head).map_err(|rejection| WriteError::Refused(Refusal::of(rejection)))?;
    let deleted = decision.changes.iter().filter_map(|change| match change {
        Change::GuestDeleted(id) if write.purging => Some(id.clone()),
        _ => None,
    });
    Ok(Executed {
        outcome: Outcome { answer: decision.answer, seq: before.head + messages.len() as u64 },
        forgets: deleted.collect(),
        changes: decision.changes,
        messages,
        epoch: before.epoch.clone(),
        is_new: true,
    })
}

impl Executed {
    /// What a retry comes to: it is told what it was told before.
    fn again(outcome: Outcome) -> Self {
        let (changes, messages, forgets) = (Vec::new(), Vec::new(), Vec::new());
        Self { outcome, changes, messages, epoch: String::new(), forgets, is_new: false }
    }

    /// The number of the first message, if there is one.
    fn first_seq(&self) -> u64 {
        self.outcome.seq + 1 - self.messages.len() as u64
    }

    /// The messages with their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u64, &str)> {
        (self.first_seq()..).zip(self.messages.iter().map(String::as_str))
    }

    /// What the caller is told, and what everyone else is to hear, now that it is committed.
    pub(super) fn committed(self, write: &Write) -> (Outcome, Vec<Committed>) {
        let restaurant = &write.request.restaurant;
        let messages = (self.first_seq()..).zip(self.messages).map(|(seq, message)| Committed::Message {
            restaurant: restaurant.clone(),
            epoch: self.epoch.clone(),
            seq,
            message,
        });
        let mut committed: Vec<_> = messages.collect();
        if self.changes.iter().any(|change| matches!(change, Change::RestaurantDeleted(_))) {
            committed.push(Committed::RestaurantDeleted(restaurant.clone()));
        }
        (self.outcome, committed)
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    // Words that were put together may quote a guest; where it happened stands on standard error.
    panic.downcast_ref::<&'static str>().map_or_else(|| "a panic".to_owned(), |text| (*text).to_owned())
}
