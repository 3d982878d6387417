//! `/restaurants/{restaurant_id}/tables`.

use axum::{extract::State, response::Response};
use floor::{EntityKind, Expectation, Operation, Purpose, Refusal, Table, TablePatch};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Edge,
    answer::{self, OneTable},
    input::{By, Ids, Writing},
    problem::Problem,
    rows::{missing, new_id, row_id, write},
};
use crate::{access::Right, store::Outcome};

/// Every table, by number.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tables {
    #[schemars(with = "Vec<Table>")]
    tables: Vec<Box<RawValue>>,
    /// The number of the restaurant's last message.
    seq: u64,
}

pub(super) async fn list(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &restaurant)?;
    let tables = edge.store.tables(&permit).await?;
    let (tables, head) = tables.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    Ok(answer::ok(&Tables { tables, seq: head.seq }))
}

pub(super) async fn show(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &restaurant)?;
    let read = edge.store.table(&permit, &id).await?;
    let (table, head) = read.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    let table = table.ok_or_else(|| missing(EntityKind::Table, &id))?;
    Ok(answer::row(&table, &OneTable { table: &*table, seq: head.seq }))
}

pub(super) async fn create(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    Writing { body, caller, .. }: Writing,
) -> Result<Outcome, Problem> {
    let id = new_id(EntityKind::Table, &body);
    let patch = TablePatch::read(&id, &body, Purpose::Create);
    write(&edge, &restaurant, Operation::CreateTable(id, patch), Expectation::Any, caller).await
}

pub(super) async fn update(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    Writing { body, caller, expects }: Writing,
) -> Result<Outcome, Problem> {
    let id = row_id(&caller, &restaurant, EntityKind::Table, &id)?;
    let patch = TablePatch::read(&id, &body, Purpose::Update);
    write(&edge, &restaurant, Operation::UpdateTable(id, patch), expects, caller).await
}

pub(super) async fn delete(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    Writing { caller, expects, .. }: Writing,
) -> Result<Outcome, Problem> {
    let id = row_id(&caller, &restaurant, EntityKind::Table, &id)?;
    write(&edge, &restaurant, Operation::DeleteTable(id), expects, caller).await
}
