//! Tables: how they begin, their statuses and numbers, and when they can't be touched.

use floor::TableStatus;
use serde_json::json;

use crate::given::*;

#[test]
fn a_new_table_is_whole_with_every_field_present() {
    let expected = json!({
        "id": "t", "tableNumber": "12", "capacity": 4, "status": "available", "guest_id": null, "section": null,
        "shape": null, "position": null, "rotation": null, "notes": null,
        "statusSince": "2025-08-16T20:00:00.000000Z", "version": 1, "createdAt": "2025-08-16T20:00:00.000000Z",
        "updatedAt": "2025-08-16T20:00:00.000000Z",
    });
    let outcome = given([]).when(create_table("t", json!({ "tableNumber": "12", "capacity": 4 })));
    assert_eq!(
        outcome.answer(),
        json!({
            "entity_type": "table", "entity_id": "t", "status": "created", "table": expected,
        })
    );
    outcome.then([table_created("t", expected)]);
}

#[test]
fn every_field_that_a_client_may_write_is_kept_as_given() {
    let body = json!({
        "tableNumber": "Bar 1", "capacity": 2, "status": "reserved", "section": "bar", "shape": "round",
        "position": { "x": 0.25, "y": 1.0 }, "rotation": -45.5, "notes": "wobbles",
    });
    given([]).when(create_table("t", body.clone())).then([table_created("t", body)]);
    let cleared = json!({ "section": null, "shape": null, "position": null, "rotation": null, "notes": null });
    let full = given([table(
        "1",
        json!({
            "section": "bar", "shape": "oval", "position": { "x": 0.0, "y": 0.0 }, "rotation": 90.0, "notes": "x",
        }),
    )]);
    full.when(update_table("1", cleared.clone())).then([table_updated("1", cleared)]);
}

#[test]
fn a_status_is_read_by_its_letters_alone_and_written_one_way() {
    for (spellings, status) in [
        (&["available", "Available"][..], "available"),
        (&["reserved", "RESERVED"], "reserved"),
        (&["occupied", "Occupied"], "occupied"),
        (&["dirty", "cleaning", "Cleaning", "needs_cleaning", "Needs Cleaning", "needsCleaning"], "dirty"),
        (&["out_of_service", "outOfService", "Out of Service", "out-of-service"], "out_of_service"),
    ] {
        for spelling in spellings {
            assert_eq!(TableStatus::read(&json!(spelling)).map(TableStatus::as_str), Ok(status), "{spelling:?}");
        }
    }
    for unknown in [json!("free"), json!(""), json!(true), json!(null)] {
        assert!(TableStatus::read(&unknown).is_err(), "{unknown}");
    }
    for status in TableStatus::ALL {
        assert_eq!(TableStatus::read(&json!(status)), Ok(status));
    }
}

#[test]
fn an_empty_table_may_go_from_any_status_to_any_other_but_occupied() {
    let statuses = ["available", "reserved", "dirty", "out_of_service"];
    for from in statuses {
        for to in statuses {
            let outcome =
                given([table("1", json!({ "status": from }))]).when(update_table("1", json!({ "status": to })));
            if from == to {
                outcome.then_nothing();
            } else {
                outcome.then([table_updated("1", json!({ "status": to, "statusSince": clock("20:00") }))]);
            }
        }
        given([table("1", json!({ "status": from }))])
            .when(update_table("1", json!({ "status": "occupied" })))
            .refused("guest_required")
            .naming(&["guest_id"]);
    }
}

#[test]
fn occupied_again_says_nothing_of_an_occupied_table() {
    given([table("1", json!({})), seated("ada", "1")])
        .when(update_table("1", json!({ "status": "occupied" })))
        .then_nothing();
}

#[test]
fn an_occupied_table_is_neither_deleted_nor_blocked_nor_reserved() {
    let floor = || given([table("1", json!({})), seated("ada", "1")]);
    floor().when(delete_table("1")).refused("table_in_use").showing("1");
    floor().when(update_table("1", json!({ "status": "out_of_service" }))).refused("table_in_use").showing("1");
    floor().when(update_table("1", json!({ "status": "reserved" }))).refused("table_in_use").showing("1");
    floor().when(update_table("1", json!({ "status": "reserved", "guest_id": null }))).refused("table_in_use");
}

#[test]
fn an_empty_table_is_deleted() {
    let outcome = given([table("1", json!({}))]).when(delete_table("1"));
    assert_eq!(outcome.answer()["table"]["tableNumber"], "1");
    outcome.then([table_deleted("1")]);
}

#[test]
fn a_table_number_is_unique_in_the_restaurant() {
    let floor = || given([table("a", json!({ "tableNumber": "1" })), table("b", json!({ "tableNumber": "2" }))]);
    floor().when(table("c", json!({ "tableNumber": 1 }))).refused("duplicate_table_number").showing("a");
    floor().when(update_table("b", json!({ "tableNumber": "1" }))).refused("duplicate_table_number").showing("a");
    floor().when(update_table("b", json!({ "tableNumber": "2" }))).then_nothing();
    floor()
        .when(update_table("b", json!({ "table_number": 3 })))
        .then([table_updated("b", json!({ "tableNumber": "3" }))]);
}

#[test]
fn a_second_table_with_the_same_id_is_refused() {
    given([table("1", json!({}))])
        .when(table("1", json!({ "tableNumber": "9" })))
        .refused("already_exists")
        .showing("1");
}

#[test]
fn a_table_may_be_made_smaller_than_the_party_that_sits_there() {
    given([table("1", json!({ "capacity": 4 })), guest("ada", json!({ "partySize": 4, "table_id": "1" }))])
        .when(update_table("1", json!({ "capacity": 2 })))
        .then([table_updated("1", json!({ "capacity": 2 }))]);
}

#[test]
fn a_starter_floor_is_made_of_tables_as_anybody_could_create_them() {
    let floor = given(floor::starter_tables(14).into_iter().map(|body| {
        let id = body["id"].as_str().expect("an id").to_owned();
        create_table(&id, body)
    }));
    assert_eq!(floor.table("table-14")["tableNumber"], "14");
}
