//! The one place where a request is decided. One line a command; what follows from it is in the files below.

mod draft;
mod judge;
mod restaurants;
mod seating;
mod steps;

use crate::{Command, Decision, Refusal, Request, Slice};

/// Decides `request` on the rows that it needs ([`Command::needs`]): what becomes true, or which rule says no.
/// The same rows and request always give the same decision.
///
/// # Errors
/// The refusal that ranks first, of all that the request earns: what is missing, out of date, wrong in itself,
/// and at last what conflicts with the floor; among equals, that of the earliest operation.
pub fn decide(slice: &Slice, request: &Request) -> Result<Decision, Refusal> {
    let Some(restaurant) = &slice.restaurant else {
        return match &request.command {
            Command::CreateRestaurant(patch) => restaurants::create(patch, request),
            _ => Err(Refusal::no_restaurant(&request.restaurant)),
        };
    };
    match &request.command {
        Command::CreateRestaurant(patch) => restaurants::refuse_second(patch, restaurant),
        Command::UpdateRestaurant(patch, expects) => restaurants::update(patch, expects, restaurant, request.at),
        Command::DeleteRestaurant(expects) => restaurants::delete(expects, restaurant),
        Command::Write(step) => steps::write(step, slice, restaurant.settings, request.at),
        Command::Transact(transaction) => steps::transact(transaction, slice, restaurant.settings, request.at),
    }
}
