//! A client says one half of a seating, and the other half follows in the same commit.

use serde_json::{Value, json};

use crate::given::*;

/// Tables 1 and 2 are free, 3 is Cleo's, 4 is reserved, 5 is dirty, 6 is out of service. Ada sits at 1, Bob waits.
fn evening() -> Floor {
    given(people())
}

fn people() -> [floor::Command; 9] {
    [
        table("1", json!({})),
        table("2", json!({})),
        table("3", json!({})),
        table("4", json!({ "status": "reserved" })),
        table("5", json!({ "status": "dirty" })),
        table("6", json!({ "status": "out_of_service" })),
        seated("ada", "1"),
        guest("bob", json!({})),
        seated("cleo", "3"),
    ]
}

/// The same, and parties leave dirty tables behind.
fn tidy_evening() -> Floor {
    given(people().into_iter().chain([dirty_after_finish()]))
}

fn taken(table: &str, by: &str) -> Became {
    table_updated(table, json!({ "status": "occupied", "guest_id": by, "statusSince": clock("20:00") }))
}

fn left(table: &str, status: &str) -> Became {
    table_updated(table, json!({ "status": status, "guest_id": null, "statusSince": clock("20:00") }))
}

fn sat_down(guest: &str, table: &str) -> Became {
    guest_updated(guest, json!({ "status": "seated", "table_id": table, "seatedTime": clock("20:00") }))
}

fn got_up(guest: &str, status: &str) -> Became {
    guest_updated(guest, json!({ "status": status, "table_id": null, "seatedTime": null }))
}

fn is_over(guest: &str, status: &str) -> Became {
    guest_updated(guest, json!({ "status": status, "table_id": null, "finishedTime": clock("20:00") }))
}

#[test]
fn naming_a_table_seats_a_guest_there_with_or_without_the_status() {
    for body in [
        json!({ "table_id": "2" }),
        json!({ "tableId": "2", "status": "seated" }),
        json!({ "assignedTableId": "2", "status": "Seated" }),
    ] {
        evening().when(update_guest("bob", body)).then([sat_down("bob", "2"), taken("2", "bob")]);
    }
}

#[test]
fn a_reserved_table_may_be_seated() {
    evening().when(update_guest("bob", json!({ "table_id": "4" }))).then([sat_down("bob", "4"), taken("4", "bob")]);
    evening().when(update_table("4", json!({ "guest_id": "bob" }))).then([taken("4", "bob"), sat_down("bob", "4")]);
}

#[test]
fn naming_another_table_moves_a_guest_who_sits_already() {
    for body in [json!({ "table_id": "2" }), json!({ "table_id": "2", "status": "seated" })] {
        evening().when(update_guest("ada", body)).then([
            guest_updated("ada", json!({ "table_id": "2" })),
            left("1", "available"),
            taken("2", "ada"),
        ]);
    }
    // The table left comes before the table taken, whatever their ids.
    let floor = given([table("1", json!({})), table("2", json!({})), seated("ada", "2")]);
    floor.when(update_guest("ada", json!({ "table_id": "1" }))).then([
        guest_updated("ada", json!({ "table_id": "1" })),
        left("2", "available"),
        taken("1", "ada"),
    ]);
}

#[test]
fn a_move_leaves_no_dirty_table_behind() {
    tidy_evening().when(update_guest("ada", json!({ "table_id": "2" }))).then([
        guest_updated("ada", json!({ "table_id": "2" })),
        left("1", "available"),
        taken("2", "ada"),
    ]);
}

#[test]
fn a_new_guest_may_be_seated_at_once() {
    evening().when(guest("dora", json!({ "table_id": "2", "reservationTime": "2025-08-16T20:00:00Z" }))).then([
        guest_created("dora", json!({ "status": "seated", "table_id": "2", "version": 1 })),
        taken("2", "dora"),
    ]);
}

#[test]
fn seated_without_any_table_is_refused() {
    evening().when(update_guest("bob", json!({ "status": "seated" }))).refused("table_required").naming(&["table_id"]);
    evening().when(update_guest("bob", json!({ "status": "seated", "table_id": null }))).refused("table_required");
    evening().when(update_guest("ada", json!({ "status": "seated", "table_id": "" }))).refused("table_required");
    evening().when(guest("dora", json!({ "status": "seated" }))).refused("table_required");
}

#[test]
fn clearing_the_table_of_a_seated_guest_un_seats_it() {
    for (body, status) in [
        (json!({ "table_id": null }), "waiting"),
        (json!({ "table_id": "" }), "waiting"),
        (json!({ "table_id": null, "status": "waiting" }), "waiting"),
        (json!({ "table_id": null, "status": "arrived" }), "arrived"),
        (json!({ "status": "waiting" }), "waiting"),
        (json!({ "status": "arrived" }), "arrived"),
    ] {
        evening().when(update_guest("ada", body)).then([got_up("ada", status), left("1", "available")]);
    }
    tidy_evening()
        .when(update_guest("ada", json!({ "table_id": null })))
        .then([got_up("ada", "waiting"), left("1", "available")]);
}

#[test]
fn clearing_no_table_says_nothing() {
    evening().when(update_guest("bob", json!({ "table_id": null }))).then_nothing();
    evening().when(update_table("2", json!({ "guest_id": null }))).then_nothing();
}

#[test]
fn a_seated_guest_whose_evening_is_over_frees_its_table() {
    for status in ["finished", "cancelled", "no_show"] {
        for body in [
            json!({ "status": status }),
            json!({ "status": status, "table_id": null }),
            // The present table says nothing.
            json!({ "status": status, "table_id": "1" }),
        ] {
            evening().when(update_guest("ada", body.clone())).then([is_over("ada", status), left("1", "available")]);
            tidy_evening().when(update_guest("ada", body)).then([is_over("ada", status), left("1", "dirty")]);
        }
    }
}

#[test]
fn freeing_an_occupied_table_finishes_its_guest() {
    for (floor, status) in [
        (evening(), "available"),
        (evening(), "dirty"),
        // An explicit status beats the restaurant's custom.
        (tidy_evening(), "available"),
        (tidy_evening(), "dirty"),
    ] {
        floor
            .when(update_table("1", json!({ "status": status })))
            .then([left("1", status), is_over("ada", "finished")]);
    }
    for status in ["available", "cleaning"] {
        let written = if status == "cleaning" { "dirty" } else { status };
        let outcome = evening().when(update_table("1", json!({ "status": status, "guest_id": null })));
        outcome.then([left("1", written), is_over("ada", "finished")]);
        // The present guest says nothing.
        let outcome = evening().when(update_table("1", json!({ "status": status, "guest_id": "ada" })));
        outcome.then([left("1", written), is_over("ada", "finished")]);
    }
}

#[test]
fn naming_a_guest_seats_it_at_the_table() {
    for body in [
        json!({ "guest_id": "bob" }),
        json!({ "currentGuestId": "bob", "status": "occupied" }),
        json!({ "guestId": "bob" }),
        json!({ "current_guest_id": "bob", "status": "Occupied" }),
    ] {
        evening().when(update_table("2", body)).then([taken("2", "bob"), sat_down("bob", "2")]);
    }
    evening().when(update_table("2", json!({ "guest_id": "ada" }))).then([
        taken("2", "ada"),
        guest_updated("ada", json!({ "table_id": "2" })),
        left("1", "available"),
    ]);
    evening()
        .when(table("7", json!({ "guest_id": "bob", "status": "occupied" })))
        .then([table_created("7", json!({ "status": "occupied", "guest_id": "bob" })), sat_down("bob", "7")]);
}

#[test]
fn clearing_the_guest_of_an_occupied_table_un_seats_it() {
    for floor in [evening(), tidy_evening()] {
        let outcome = floor.when(update_table("1", json!({ "guest_id": null })));
        outcome.then([left("1", "available"), got_up("ada", "waiting")]);
    }
    evening()
        .when(update_table("1", json!({ "guest_id": "" })))
        .then([left("1", "available"), got_up("ada", "waiting")]);
}

#[test]
fn occupied_without_a_guest_is_refused() {
    evening().when(update_table("2", json!({ "status": "occupied" }))).refused("guest_required").naming(&["guest_id"]);
    evening().when(update_table("1", json!({ "status": "occupied", "guest_id": null }))).refused("guest_required");
    evening().when(table("7", json!({ "status": "occupied" }))).refused("guest_required");
}

#[test]
fn deleting_a_seated_guest_frees_its_table() {
    for floor in [evening(), tidy_evening()] {
        floor.when(delete_guest("ada")).then([guest_deleted("ada"), left("1", "available")]);
    }
}

#[test]
fn a_reference_equal_to_the_present_one_says_nothing() {
    evening().when(update_guest("ada", json!({ "table_id": "1", "status": "seated" }))).then_nothing();
    evening().when(update_table("1", json!({ "guest_id": "ada", "status": "occupied" }))).then_nothing();
    evening()
        .when(update_guest("ada", json!({ "table_id": "1", "status": "waiting" })))
        .then([got_up("ada", "waiting"), left("1", "available")]);
}

#[test]
fn a_new_reference_beside_a_status_that_contradicts_it_is_a_fault_of_the_reference() {
    for status in
        ["confirmed", "running_late", "partially_arrived", "arrived", "waiting", "finished", "cancelled", "no_show"]
    {
        evening().when(update_guest("bob", json!({ "table_id": "2", "status": status }))).faulted(&["table_id"]);
        evening().when(update_guest("ada", json!({ "table_id": "2", "status": status }))).faulted(&["table_id"]);
    }
    for status in ["available", "reserved", "dirty", "out_of_service"] {
        evening().when(update_table("2", json!({ "guest_id": "bob", "status": status }))).faulted(&["guest_id"]);
        evening().when(update_table("1", json!({ "guest_id": "bob", "status": status }))).faulted(&["guest_id"]);
    }
}

#[test]
fn a_reference_to_nothing_is_a_fault_of_the_reference() {
    evening().when(update_guest("bob", json!({ "table_id": "99" }))).faulted(&["table_id"]);
    evening().when(update_table("2", json!({ "guest_id": "nobody" }))).faulted(&["guest_id"]);
    evening().when(update_table("2", json!({ "guest_id": "nobody", "status": "occupied" }))).faulted(&["guest_id"]);
    evening().when(guest("dora", json!({ "table_id": "99" }))).faulted(&["table_id"]);
    // The ids of the two kinds are kept apart.
    evening().when(update_guest("bob", json!({ "table_id": "cleo" }))).faulted(&["table_id"]);
}

#[test]
fn nobody_is_displaced() {
    evening().when(update_guest("bob", json!({ "table_id": "3" }))).refused("table_occupied").showing("3");
    evening().when(update_guest("ada", json!({ "table_id": "3" }))).refused("table_occupied").showing("3");
    evening().when(update_table("3", json!({ "guest_id": "bob" }))).refused("table_occupied").showing("3");
    evening().when(guest("dora", json!({ "table_id": "3" }))).refused("table_occupied").showing("3");
}

#[test]
fn a_dirty_or_blocked_table_is_not_seated() {
    for id in ["5", "6"] {
        evening().when(update_guest("bob", json!({ "table_id": id }))).refused("table_unavailable").showing(id);
        evening().when(update_table(id, json!({ "guest_id": "ada" }))).refused("table_unavailable").showing(id);
        let occupied = json!({ "guest_id": "bob", "status": "occupied" });
        evening().when(update_table(id, occupied)).refused("table_unavailable").showing(id);
    }
}

#[test]
fn a_party_larger_than_the_table_needs_an_override() {
    let floor = || {
        given([table("1", json!({ "capacity": 2 })), table("2", json!({})), guest("ada", json!({ "partySize": 4 }))])
    };
    for (command, first) in [
        (update_guest as fn(&str, Value) -> floor::Command, ("ada", json!({ "table_id": "1" }))),
        (update_table, ("1", json!({ "guest_id": "ada" }))),
    ] {
        let (id, body) = first;
        floor().when(command(id, body.clone())).refused("capacity_exceeded").showing("1");
        let not_overridden = merged(body.clone(), json!({ "override": false }));
        floor().when(command(id, not_overridden)).refused("capacity_exceeded").showing("1");
        let overridden = floor().when(command(id, merged(body, json!({ "override": true })))).into_floor();
        assert_eq!(overridden.guest("ada")["table_id"], "1");
    }
    let exact = floor().when(update_guest("ada", json!({ "table_id": "1", "partySize": 2 }))).into_floor();
    assert_eq!(exact.guest("ada")["table_id"], "1");
    let sitting = floor().when(update_guest("ada", json!({ "table_id": "2" }))).into_floor();
    sitting.when(update_guest("ada", json!({ "table_id": "1" }))).refused("capacity_exceeded").showing("1");
}

#[test]
fn capacity_is_no_matter_to_a_party_that_stays() {
    let floor = given([table("1", json!({})), seated("ada", "1")]);
    let grown = floor.when(update_guest("ada", json!({ "partySize": 9 }))).into_floor();
    grown
        .when(update_guest("ada", json!({ "partySize": 10, "table_id": "1", "status": "seated" })))
        .then([guest_updated("ada", json!({ "partySize": 10 }))]);
}

#[test]
fn a_guest_whose_evening_is_over_is_restored_before_it_is_seated() {
    let floor = || given([table("1", json!({})), guest("ada", json!({ "status": "no_show" }))]);
    floor().when(update_guest("ada", json!({ "table_id": "1" }))).refused("invalid_transition").showing("ada");
    floor().when(update_table("1", json!({ "guest_id": "ada" }))).refused("invalid_transition").showing("ada");
}
