//! `/restaurants/{restaurant_id}/guests`.

use axum::{extract::State, response::Response};
use floor::{EntityKind, Expectation, FieldError, Guest, GuestPatch, GuestStatus, Operation, Purpose};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Edge,
    answer::{self, OneGuest},
    input::{By, Ids, Query, Writing},
    problem::Problem,
    rows::{in_restaurant, missing, new_id, read, row_id, write},
};
use crate::{
    access::Right,
    config::{DEFAULT_GUESTS_PAGE, MAX_PAGE},
    store::{GuestsPage, Outcome, Place},
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
    let (page, seq) = read(&edge, &permit, move |snapshot| snapshot.guests(&statuses, after.as_ref(), limit)).await?;
    let GuestsPage { guests, next } = page;
    Ok(answer::ok(&Guests { guests, next: next.map(|next| next.to_string()), seq }))
}

pub(super) async fn show(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    By(identity): By,
) -> Result<Response, Problem> {
    let (permit, wanted) = (identity.permit(Right::See, &restaurant)?, id.clone());
    let (guest, seq) = read(&edge, &permit, move |snapshot| snapshot.guest(&wanted)).await?;
    let guest = guest.ok_or_else(|| missing(EntityKind::Guest, &id))?;
    Ok(answer::row(&guest, &OneGuest { guest: &*guest, seq }))
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
    Writing { caller, expects, .. }: Writing,
) -> Result<Outcome, Problem> {
    let id = row_id(&caller, &restaurant, EntityKind::Guest, &id)?;
    write(&edge, &restaurant, Operation::DeleteGuest(id), expects, caller).await
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
