//! Restaurants: opened, changed, closed.

use floor::{Command, Expectation, Request, Slice, decide};
use serde_json::{Value, json};

use crate::{given::*, holds::id};

/// What opening a restaurant with `body` comes to, as JSON, or the code and fields of the refusal.
fn open(body: Value) -> Result<Value, (&'static str, Vec<String>)> {
    decide_on_nothing(create_restaurant(body))
}

fn decide_on_nothing(command: Command) -> Result<Value, (&'static str, Vec<String>)> {
    let request = Request { id: id("r"), restaurant: id("bistro"), origin: None, at: clock("20:00"), command };
    match decide(&Slice::default(), &request) {
        Ok(decision) => {
            assert_eq!(decision.messages(&request, 0), Ok(Vec::new()), "nobody could hear of it");
            Ok(json!(decision.answer)["one"]["restaurant"].clone())
        }
        Err(refusal) => {
            let fields = refusal.rejection.errors().into_iter().map(|error| error.field).collect();
            Err((refusal.rejection.code(), fields))
        }
    }
}

#[test]
fn a_restaurant_is_opened_with_what_it_says_and_defaults_for_the_rest() {
    let expected = json!({
        "id": "bistro", "name": "bistro", "timezone": "UTC", "settings": { "dirtyAfterFinish": false }, "version": 1,
        "createdAt": "2025-08-16T20:00:00.000000Z", "updatedAt": "2025-08-16T20:00:00.000000Z",
    });
    assert_eq!(open(json!({})), Ok(expected.clone()));
    let body = json!({
        "id": "bistro", "name": "Chez Nous", "timezone": "europe/paris", "settings": { "dirty_after_finish": true },
    });
    let told = json!({ "name": "Chez Nous", "timezone": "Europe/Paris", "settings": { "dirtyAfterFinish": true } });
    assert_eq!(open(body), Ok(merged(expected, told)));
}

#[test]
fn every_wrong_field_of_a_restaurant_is_named_at_once() {
    let body = json!({ "id": "other", "name": " ", "timezone": "Mars/Olympus", "settings": { "dirtyAfterFinish": 1 } });
    let named = ["id", "name", "timezone", "settings.dirtyAfterFinish"].map(str::to_owned).to_vec();
    assert_eq!(open(body.clone()), Err(("invalid", named)));
    given([]).when(update_restaurant(body)).faulted(&["id", "name", "timezone", "settings.dirtyAfterFinish"]);
    given([]).when(update_restaurant(json!({ "settings": [] }))).faulted(&["settings"]);
    given([]).when(update_restaurant(json!({ "name": "x".repeat(201) }))).faulted(&["name"]);
}

#[test]
fn a_restaurant_is_opened_once() {
    given([]).when(create_restaurant(json!({}))).refused("already_exists").showing("bistro");
    given([]).when(create_restaurant(json!({ "name": 5 }))).faulted(&["name"]);
}

#[test]
fn settings_are_merged() {
    let floor = given([]).when(update_restaurant(json!({ "settings": { "dirtyAfterFinish": true } })));
    let floor = floor.then([restaurant_updated(json!({ "settings": { "dirtyAfterFinish": true } }))]);
    let floor = floor.when(update_restaurant(json!({ "name": "Nous", "settings": { "unknown": 1 } })));
    let floor = floor.then([restaurant_updated(json!({ "name": "Nous" }))]);
    floor.when(update_restaurant(json!({ "name": "Nous" }))).then_nothing();
}

#[test]
fn a_restaurant_counts_its_versions_and_can_be_written_conditionally() {
    let outcome = given([]).when(if_match(&[1], update_restaurant(json!({ "name": "Nous" }))));
    assert_eq!(outcome.answer()["restaurant"]["version"], 2);
    assert_eq!(outcome.answer()["restaurant"]["updatedAt"], json!(clock("20:00")));
    let floor = outcome.into_floor();
    let stale = if_match(&[1], update_restaurant(json!({ "name": 5 })));
    floor.when(stale).refused("precondition_failed").showing("bistro");
    given([]).when(if_match(&[2], Command::DeleteRestaurant(Expectation::Any))).refused("precondition_failed");
}

#[test]
fn closing_a_restaurant_removes_all_that_belonged_to_it() {
    let mut slice = Slice::default();
    for command in [
        create_restaurant(json!({})),
        table("1", json!({})),
        seated("ada", "1"),
        Command::DeleteRestaurant(Expectation::Any),
    ] {
        let request = Request { id: id("r"), restaurant: id("bistro"), origin: None, at: clock("20:00"), command };
        let decision = decide(&slice, &request).expect("nothing stands in the way");
        decision.changes.iter().for_each(|change| slice.apply(change));
    }
    assert_eq!(slice, Slice::default());
}

#[test]
fn nothing_can_be_asked_of_a_restaurant_that_is_not_there() {
    for command in [
        update_restaurant(json!({ "name": 5 })),
        Command::DeleteRestaurant(Expectation::Any),
        guest("ada", json!({ "partySize": 0 })),
        transact(json!([])),
    ] {
        assert_eq!(decide_on_nothing(command), Err(("not_found", Vec::new())));
    }
}
