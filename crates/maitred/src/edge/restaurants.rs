//! `/restaurants`.

use axum::{extract::State, response::Response};
use floor::{Command, FieldError, Id, InvalidId, Purpose, Refusal, Restaurant, RestaurantPatch};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Edge,
    answer::{self, OneRestaurant},
    input::{By, Ids, Writing},
    problem::Problem,
};
use crate::{
    access::Right,
    dispatch::dispatch,
    store::{Outcome, RestaurantRow},
};

/// Every restaurant, by id.
#[derive(Serialize, JsonSchema)]
pub(super) struct Restaurants {
    #[schemars(with = "Vec<Restaurant>")]
    restaurants: Vec<Box<RawValue>>,
}

pub(super) async fn list(State(edge): State<Edge>, By(identity): By) -> Result<Response, Problem> {
    let restaurants = edge.store.restaurants(identity.scope()).await?;
    Ok(answer::ok(&Restaurants { restaurants }))
}

pub(super) async fn show(State(edge): State<Edge>, Ids([id]): Ids<1>, By(identity): By) -> Result<Response, Problem> {
    let permit = identity.permit(Right::See, &id)?;
    let restaurant = edge.store.restaurant(&permit).await?;
    let RestaurantRow { body, head, .. } = restaurant.ok_or_else(|| Refusal::no_restaurant(&id))?;
    Ok(answer::row(&body, &OneRestaurant { restaurant: &*body, seq: head.seq }))
}

pub(super) async fn create(State(edge): State<Edge>, writing: Writing) -> Result<Outcome, Problem> {
    writing.caller.identity.may(Right::Own)?;
    let id: Result<Id, String> = match writing.body.get("id") {
        None | Some(Value::Null) => Err("is required".to_owned()),
        Some(Value::String(id)) => id.parse().map_err(|error: InvalidId| error.to_string()),
        Some(_) => Err("must be a text".to_owned()),
    };
    let id = id.map_err(|message| writing.caller.refuse(FieldError::new("id", message)))?;
    let patch = RestaurantPatch::read(&id, &writing.body, Purpose::Create);
    Ok(dispatch(&edge.store, id.as_str(), Command::CreateRestaurant(patch), writing.caller).await?)
}

pub(super) async fn update(State(edge): State<Edge>, Ids([id]): Ids<1>, writing: Writing) -> Result<Outcome, Problem> {
    // Asked for before the id is read, since what can't be an id must look like what is another's.
    let permit = writing.caller.identity.permit(Right::Manage, &id)?;
    let patch = RestaurantPatch::read(permit.restaurant(), &writing.body, Purpose::Update);
    Ok(dispatch(&edge.store, &id, Command::UpdateRestaurant(patch, writing.expects), writing.caller).await?)
}

pub(super) async fn delete(State(edge): State<Edge>, Ids([id]): Ids<1>, writing: Writing) -> Result<Outcome, Problem> {
    Ok(dispatch(&edge.store, &id, Command::DeleteRestaurant(writing.expects), writing.caller).await?)
}
