//! Dispatch: a command in, an outcome out. Gives each command its id and its time on the way to the store, the same for
//! HTTP, the demo and the command line. The one place that reads the clock and draws ids.

use std::time::{SystemTime, UNIX_EPOCH};

use floor::{Command, EntityKind, Expectation, FieldError, Id, Operation, Refusal, Rejection, Step, Time};
use uuid::Uuid;

use crate::{
    access::{Identity, Right},
    store::{Idempotency, Outcome, Store, Write, WriteError},
};

/// Who asks, and how to know a retry.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who, as their token says.
    pub identity: Identity,
    /// The device, as it names itself.
    pub device: Option<String>,
    /// Set where the client may send the same request again after a lost answer.
    pub idempotency: Option<Idempotency>,
    /// What is wrong with the form of the request as a whole: told unless something that ranks before it is wrong, too.
    pub faults: Vec<FieldError>,
}

impl Caller {
    /// Someone of whom nothing is known yet but who they are.
    pub fn new(identity: Identity) -> Self {
        Self { identity, device: None, idempotency: None, faults: Vec::new() }
    }

    /// Whoever works in this process.
    pub fn of_the_house() -> Self {
        Self::new(Identity::of_the_house())
    }

    /// A refusal for one more fault, where no command can be made of the request.
    pub(crate) fn refuse(&self, fault: FieldError) -> Refusal {
        let mut faults = self.faults.clone();
        faults.push(fault);
        Refusal::of(Rejection::Invalid(faults))
    }
}

/// Carries out a command on a restaurant, if the caller may ask for it.
///
/// # Errors
/// Whichever it is, nothing of the command was kept.
pub async fn dispatch(
    store: &Store,
    restaurant: &str,
    command: Command,
    caller: Caller,
) -> Result<Outcome, WriteError> {
    let permit = caller.identity.permit(Right::to_command(&command), restaurant)?;
    let write = Write::new(&permit, uuid(""), caller.device, now(), command);
    store.execute(write.known_by(caller.idempotency).with_faults(caller.faults)).await
}

/// Deletes a guest, and notes down in the same transaction that it is to be forgotten.
///
/// # Errors
/// As with [`dispatch`].
pub async fn delete_for_good(
    store: &Store,
    restaurant: &str,
    guest: Id,
    expects: Expectation,
    caller: Caller,
) -> Result<Outcome, WriteError> {
    let permit = caller.identity.permit(Right::Manage, restaurant)?;
    let command = Command::Write(Step { operation: Operation::DeleteGuest(guest), expects });
    let write = Write::new(&permit, uuid(""), caller.device, now(), command).purging();
    store.execute(write.known_by(caller.idempotency).with_faults(caller.faults)).await
}

/// What time it is.
pub fn now() -> Time {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_microseconds(since_1970.as_micros() as i64).expect("it is before the year 9999")
}

/// A new id for a row, or for a transaction.
pub fn mint(kind: Option<EntityKind>) -> Id {
    uuid(match kind {
        Some(EntityKind::Guest) => "guest-",
        Some(EntityKind::Table) => "table-",
        Some(EntityKind::Restaurant) => "restaurant-",
        None => "txn-",
    })
}

/// An id that nobody has had before, behind a prefix.
pub(crate) fn uuid(prefix: &str) -> Id {
    format!("{prefix}{}", Uuid::now_v7()).parse().expect("a prefix of letters and a uuid are an id")
}
