//! Opening, changing and closing a restaurant. Never looks at its guests and tables.

use crate::{
    Answer, Change, Decision, Entity, Expectation, OperationResult, Refusal, Rejection, Request, Restaurant,
    RestaurantPatch, ResultStatus, Time,
};

pub(super) fn create(patch: &RestaurantPatch, request: &Request) -> Result<Decision, Refusal> {
    refuse_faults(patch)?;
    let mut restaurant = Restaurant::blank(request.restaurant.clone(), request.at);
    patch.apply_to(&mut restaurant);
    Ok(decision(ResultStatus::Created, restaurant.clone(), vec![Change::RestaurantCreated(restaurant)]))
}

pub(super) fn refuse_second(patch: &RestaurantPatch, restaurant: &Restaurant) -> Result<Decision, Refusal> {
    refuse_faults(patch)?;
    Err(Refusal::of(Rejection::AlreadyExists { current: Box::new(Entity::Restaurant(restaurant.clone())) }))
}

pub(super) fn update(
    patch: &RestaurantPatch,
    expects: &Expectation,
    before: &Restaurant,
    at: Time,
) -> Result<Decision, Refusal> {
    expects.check(before.version, || Entity::Restaurant(before.clone())).map_err(Refusal::of)?;
    refuse_faults(patch)?;
    let mut restaurant = before.clone();
    patch.apply_to(&mut restaurant);
    if restaurant == *before {
        return Ok(decision(ResultStatus::Updated, restaurant, Vec::new()));
    }
    restaurant.version += 1;
    restaurant.updated_at = at;
    Ok(decision(ResultStatus::Updated, restaurant.clone(), vec![Change::RestaurantUpdated(restaurant)]))
}

pub(super) fn delete(expects: &Expectation, restaurant: &Restaurant) -> Result<Decision, Refusal> {
    expects.check(restaurant.version, || Entity::Restaurant(restaurant.clone())).map_err(Refusal::of)?;
    let change = Change::RestaurantDeleted(restaurant.id.clone());
    Ok(decision(ResultStatus::Deleted, restaurant.clone(), vec![change]))
}

fn refuse_faults(patch: &RestaurantPatch) -> Result<(), Refusal> {
    if patch.errors.is_empty() { Ok(()) } else { Err(Refusal::of(Rejection::Invalid(patch.errors.clone()))) }
}

fn decision(status: ResultStatus, restaurant: Restaurant, changes: Vec<Change>) -> Decision {
    let answer = Answer::One(OperationResult { status, entity: Entity::Restaurant(restaurant) });
    Decision { changes, answer, affected_entities: None }
}

impl Expectation {
    /// Whether `version` is one that the write was meant for; `current` is the row as it is.
    pub(super) fn check(&self, version: u64, current: impl FnOnce() -> Entity) -> Result<(), Rejection> {
        match self {
            Self::Any => Ok(()),
            Self::IfMatch(versions) if versions.contains(&version) => Ok(()),
            Self::IfMatch(_) => Err(Rejection::PreconditionFailed { current: Box::new(current()) }),
            Self::Version(expected) if *expected == version => Ok(()),
            Self::Version(expected) => {
                Err(Rejection::VersionConflict { current: Box::new(current()), expected: *expected })
            }
        }
    }
}
