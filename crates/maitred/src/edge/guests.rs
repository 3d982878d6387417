//! `/restaurants/{restaurant_id}/guests`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use floor::{
    EntityKind, Expectation, FieldError, Guest, GuestPatch, GuestStatus, Id, Operation, Purpose, Refusal, Rejection,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use super::{
    Edge,
    answer::{self, OneGuest},
    input::{By, Ids, Query, Writing},
    problem::Problem,
    rows::{head, in_restaurant, missing, new_id, row_id, write},
};
use crate::{
    access::Right,
    config::{DEFAULT_GUESTS_PAGE, MAX_PAGE},
    dispatch::{Caller, delete_for_good},
    store::{GuestsPage, Outcome, Place, WriteError},
};

/// Some guests, newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Guests {
    #[schemars(with = "Vec<Guest>")]
    guests: Vec<Box<RawValue>>,
    /// What the next page comes `after`; null on the last.
    next: Option<String>,
    /// The number of the restaurant's last message.
    seq: u64,
}

pub(super) async fn list(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    query: Query,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &restaurant)?;
    let Wanted { statuses, after, limit } = in_restaurant(&edge, &permit, Wanted::read(&query)).await?;
    let read = edge.store.guests(&permit, statuses, after, limit).await?;
    let (GuestsPage { guests, next }, head) = read.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    Ok(answer::ok(&Guests { guests, next: next.map(|next| next.to_string()), seq: head.seq }))
}

pub(super) async fn show(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &restaurant)?;
    let read = edge.store.guest(&permit, &id).await?;
    let (guest, head) = read.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    let guest = guest.ok_or_else(|| missing(EntityKind::Guest, &id))?;
    Ok(answer::row(&guest, &OneGuest { guest: &*guest, seq: head.seq }))
}

pub(super) async fn create(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    Writing { body, caller, .. }: Writing,
) -> Result<Outcome, Problem> {
    let id = new_id(EntityKind::Guest, &body);
    let patch = GuestPatch::read(&id, &body, Purpose::Create);
    write(&edge, &restaurant, Operation::CreateGuest(id, patch), Expectation::Any, caller).await
}

pub(super) async fn update(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    Writing { body, caller, expects }: Writing,
) -> Result<Outcome, Problem> {
    let id = row_id(&caller, &restaurant, EntityKind::Guest, &id)?;
    let patch = GuestPatch::read(&id, &body, Purpose::Update);
    write(&edge, &restaurant, Operation::UpdateGuest(id, patch), expects, caller).await
}

pub(super) async fn delete(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    query: Query,
    Writing { mut caller, expects, .. }: Writing,
) -> Result<Response, Problem> {
    let purges = match query.get("purge") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            caller.faults.push(FieldError::new("purge", format!("must be true or false, not {other:?}")));
            false
        }
    };
    if purges {
        return purge(&edge, &restaurant, &id, expects, caller).await;
    }
    let id = row_id(&caller, &restaurant, EntityKind::Guest, &id)?;
    Ok(write(&edge, &restaurant, Operation::DeleteGuest(id), expects, caller).await?.into_response())
}

/// Deletes a guest and forgets who it was; only the latter where it has been deleted before.
async fn purge(
    edge: &Edge,
    restaurant: &str,
    id: &str,
    expects: Expectation,
    mut caller: Caller,
) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Body {
        guest: Gone,
        seq: u64,
    }
    #[derive(Serialize)]
    struct Gone {
        id: Id,
    }
    let permit = caller.identity.permit(Right::Manage, restaurant)?;
    let guest: Id = id.parse().map_err(|_| missing(EntityKind::Guest, id))?;
    // The answer to a plain deletion must not pass for the answer to this one.
    if let Some(idempotency) = &mut caller.idempotency {
        idempotency.fingerprint =
            Sha256::new().chain_update(idempotency.fingerprint).chain_update("purge").finalize().into();
    }
    loop {
        let deleted = delete_for_good(&edge.store, restaurant, guest.clone(), expects.clone(), caller.clone()).await;
        let refusal = match deleted {
            Ok(outcome) => {
                edge.purges.finish(permit.restaurant()).await.map_err(Problem::not_yet_purged)?;
                return Ok(outcome.into_response());
            }
            Err(WriteError::Refused(refusal)) if is_missing_guest(&refusal) && caller.faults.is_empty() => refusal,
            Err(error) => return Err(error.into()),
        };
        match edge.purges.forget_deleted(&permit, guest.clone()).await.map_err(Problem::not_yet_purged)? {
            // Somebody has brought it back meanwhile.
            None => {}
            Some(false) => return Err(refusal.into()),
            Some(true) => {
                let seq = head(edge, &permit).await?.seq;
                return Ok(answer::ok(&Body { guest: Gone { id: guest }, seq }));
            }
        }
    }
}

fn is_missing_guest(refusal: &Refusal) -> bool {
    matches!(refusal.rejection, Rejection::NotFound { kind: EntityKind::Guest, .. })
}

/// Which guests are asked for.
struct Wanted {
    statuses: Vec<GuestStatus>,
    after: Option<Place>,
    limit: u64,
}

impl Wanted {
    fn read(query: &Query) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut statuses = Vec::new();
        for status in query.all("status") {
            match GuestStatus::read(&Value::from(status)) {
                Ok(status) => statuses.push(status),
                Err(message) => faults.push(FieldError::new("status", message)),
            }
        }
        if statuses.is_empty() {
            statuses.extend(GuestStatus::ALL);
        }
        let after = query.get("after").and_then(|after| {
            let message = || format!("must be what an earlier page names as its next, not {after:?}");
            after.parse().map_err(|()| faults.push(FieldError::new("after", message()))).ok()
        });
        let limit = query.number("limit", DEFAULT_GUESTS_PAGE, 1, MAX_PAGE, &mut faults);
        if faults.is_empty() { Ok(Self { statuses, after, limit }) } else { Err(faults) }
    }
}
