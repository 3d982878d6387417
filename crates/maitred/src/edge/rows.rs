//! What guests and tables have in common at the edge.

use floor::{Command, EntityKind, Expectation, FieldError, Id, Operation, Refusal, Rejection, Step};
use serde_json::{Map, Value};

use super::{Edge, problem::Problem};
use crate::{
    access::{Permit, Right},
    dispatch::{Caller, dispatch, mint},
    store::{Head, Outcome},
};

/// The id that a new row brings along, or a new one. One that can't be an id is found out with the other fields.
pub(super) fn new_id(kind: EntityKind, body: &Map<String, Value>) -> Id {
    let brought = body.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    brought.unwrap_or_else(|| mint(Some(kind)))
}

/// The id of a row in a path that is to be written. What can't be an id is missing, for those who may know.
pub(super) fn row_id(caller: &Caller, restaurant: &str, kind: EntityKind, text: &str) -> Result<Id, Problem> {
    let Ok(id) = text.parse() else {
        caller.identity.permit(Right::Serve, restaurant)?;
        return Err(missing(kind, text).into());
    };
    Ok(id)
}

pub(super) fn missing(kind: EntityKind, id: &str) -> Refusal {
    Refusal::of(Rejection::NotFound { kind, id: id.to_owned() })
}

/// Carries out one operation.
pub(super) async fn write(
    edge: &Edge,
    restaurant: &str,
    operation: Operation,
    expects: Expectation,
    caller: Caller,
) -> Result<Outcome, Problem> {
    let command = Command::Write(Step { operation, expects });
    Ok(dispatch(&edge.store, restaurant, command, caller).await?)
}

/// What a query asks for. What is wrong with it is told only if there is a restaurant that it could be about.
pub(super) async fn in_restaurant<T>(
    edge: &Edge,
    permit: &Permit,
    wanted: Result<T, Vec<FieldError>>,
) -> Result<T, Problem> {
    match wanted {
        Ok(wanted) => Ok(wanted),
        Err(faults) => {
            head(edge, permit).await?;
            Err(Refusal::of(Rejection::Invalid(faults)).into())
        }
    }
}

/// Where the log of a restaurant ends.
pub(super) async fn head(edge: &Edge, permit: &Permit) -> Result<Head, Problem> {
    let head = edge.store.head(permit).await?;
    Ok(head.ok_or_else(|| Refusal::no_restaurant(permit.restaurant().as_str()))?)
}
