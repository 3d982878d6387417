//! `/transactions/atomic`.

use axum::extract::State;
use floor::{Command, TransactionBody};

use super::{
    Edge,
    input::{Query, Writing, restaurant_id},
    problem::Problem,
};
use crate::{
    dispatch::{dispatch, mint},
    store::Outcome,
};

pub(super) async fn transact(State(edge): State<Edge>, query: Query, writing: Writing) -> Result<Outcome, Problem> {
    let body = TransactionBody(&writing.body);
    let restaurant = body.restaurant_id(query.get("restaurant_id")).map_err(|fault| writing.caller.refuse(fault))?;
    let command = Command::Transact(body.read(mint));
    Ok(dispatch(&edge.store, restaurant_id(restaurant)?, command, writing.caller).await?)
}
