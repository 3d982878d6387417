//! `/restaurants/{restaurant_id}/floor` and `/changes`: what is, and how it came to be.

use axum::{extract::State, response::Response};
use floor::{Guest, Refusal, Restaurant, Table};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Edge, answer,
    input::{By, Ids, Query},
    openapi::AnyChange,
    problem::Problem,
    rows::in_restaurant,
};
use crate::{
    access::Right,
    config::{MAX_PAGE, MAX_PAGE_BYTES},
    store::{FloorRows, Head, LogPage, RestaurantRow, StoreError},
};

/// Everything that a device draws, in one consistent read.
#[derive(Serialize, JsonSchema)]
pub(super) struct Floor {
    #[schemars(with = "Restaurant")]
    restaurant: Box<RawValue>,
    /// Those who are not finished, cancelled or no-show.
    #[schemars(with = "Vec<Guest>")]
    guests: Vec<Box<RawValue>>,
    #[schemars(with = "Vec<Table>")]
    tables: Vec<Box<RawValue>>,
    /// The number of the restaurant's last message.
    seq: u64,
    /// The name of this life of the log.
    epoch: String,
}

/// Some of the log: the very messages that devices were sent.
#[derive(Serialize, JsonSchema)]
pub(super) struct Changes {
    #[schemars(with = "Vec<AnyChange>")]
    changes: Vec<Box<RawValue>>,
    /// Where the next page begins; null at the end.
    next: Option<u64>,
    /// The number of the restaurant's last message.
    seq: u64,
    /// The name of this life of the log.
    epoch: String,
}

pub(super) async fn show(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &restaurant)?;
    let floor = edge.store.floor(&permit).await?.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    let FloorRows { restaurant: RestaurantRow { body, head }, guests, tables } = floor;
    Ok(answer::ok(&Floor { restaurant: body, guests, tables, seq: head.seq, epoch: head.epoch }))
}

pub(super) async fn changes(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    query: Query,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &restaurant)?;
    let mut faults = Vec::new();
    let since = query.number("since", 0, 0, u64::MAX, &mut faults);
    let limit = query.number("limit", MAX_PAGE, 1, MAX_PAGE, &mut faults);
    let wanted = if faults.is_empty() { Ok((since, limit)) } else { Err(faults) };
    let (since, limit) = in_restaurant(&edge, &permit, wanted).await?;
    let page = edge.store.log_after(&permit, since, limit, MAX_PAGE_BYTES).await?;
    let LogPage { head: Head { seq, epoch, .. }, messages } = page.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    let reaches_back = messages.first().map_or(since == seq, |first| first.seq == since + 1);
    if !reaches_back {
        return Err(Problem::log_pruned(since, seq));
    }
    let next = messages.last().map(|last| last.seq).filter(|last| *last < seq);
    let changes = messages.into_iter().map(|logged| RawValue::from_string(logged.message));
    let changes = changes.collect::<Result<_, _>>().map_err(StoreError::from)?;
    Ok(answer::ok(&Changes { changes, next, seq, epoch }))
}
