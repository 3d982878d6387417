//! `/transactions/atomic`.

use axum::extract::State;
use floor::{Command, TransactionBody};

use super::{
    Edge,
    input::{Query, Writing},
    problem::Problem,
};
use crate::{
    access::Right,
    dispatch::{dispatch, mint},
    store::Outcome,
};

pub(super) async fn transact(State(edge): State<Edge>, query: Query, writing: Writing) -> Result<Outcome, Problem> {
    writing.caller.identity.may(Right::Serve)?;
    let body = TransactionBody(&writing.body);
    let restaurant = body.restaurant_id(query.get("restaurant_id")).map_err(|fault| writing.caller.refuse(fault))?;
    let command = Command::Transact(body.read(mint));
    Ok(dispatch(&edge.store, restaurant, command, writing.caller).await?)
}
