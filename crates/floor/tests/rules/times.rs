//! When a guest came, sat and left: set and cleared by its moves, in order whatever the clock says.

use serde_json::{Value, json};

use crate::given::*;

/// A guest's check-in, seated and finished time as hours and minutes.
fn times(guest: &Value) -> [Option<&str>; 3] {
    ["checkInTime", "seatedTime", "finishedTime"].map(|name| guest[name].as_str().map(|time| &time[11..16]))
}

/// A floor with three tables, `patches` made to the guest `ada` at their times, and what her times are then.
fn after(body: Value, patches: &[(&str, Value)], expected: [Option<&str>; 3]) {
    let mut floor = given([table("1", json!({})), table("2", json!({})), guest("ada", body)]);
    for (time, patch) in patches {
        let outcome = floor.at(time).when(update_guest("ada", patch.clone()));
        outcome.answer();
        floor = outcome.into_floor();
    }
    assert_eq!(times(&floor.guest("ada")), expected, "{patches:?}");
}

#[test]
fn check_in_is_the_first_time_that_somebody_is_here() {
    for status in ["partially_arrived", "arrived", "waiting"] {
        after(json!({ "status": "confirmed" }), &[], [None, None, None]);
        after(json!({ "status": "confirmed" }), &[("20:00", json!({ "status": "running_late" }))], [None, None, None]);
        after(json!({ "status": status }), &[], [Some("19:00"), None, None]);
        after(
            json!({ "status": "running_late" }),
            &[("20:00", json!({ "status": status }))],
            [Some("20:00"), None, None],
        );
    }
    after(
        json!({ "status": "confirmed" }),
        &[("20:00", json!({ "table_id": "1" }))],
        [Some("20:00"), Some("20:00"), None],
    );
}

#[test]
fn check_in_stays_through_later_moves_and_is_cleared_by_confirmed() {
    let moves = [("20:00", json!({ "status": "running_late" })), ("20:05", json!({ "status": "waiting" }))];
    after(json!({ "status": "arrived" }), &moves, [Some("19:00"), None, None]);
    let moves = [
        ("20:00", json!({ "status": "running_late" })),
        ("20:05", json!({ "status": "confirmed" })),
        ("20:10", json!({ "status": "arrived" })),
    ];
    after(json!({ "status": "arrived" }), &moves[..2], [None, None, None]);
    after(json!({ "status": "arrived" }), &moves, [Some("20:10"), None, None]);
}

#[test]
fn a_client_may_say_when_a_guest_checked_in() {
    let earlier = json!({ "status": "waiting", "checkInTime": "2025-08-16T18:45:00Z" });
    after(earlier.clone(), &[], [Some("18:45"), None, None]);
    after(json!({ "status": "confirmed" }), &[("20:00", earlier)], [Some("18:45"), None, None]);
    after(json!({}), &[("20:00", json!({ "checkInTime": "2025-08-16T18:50:00Z" }))], [Some("18:50"), None, None]);
    after(json!({}), &[("20:00", json!({ "checkInTime": null }))], [None, None, None]);
}

#[test]
fn seated_time_is_set_on_seating_kept_on_a_move_and_cleared_by_getting_up() {
    let seating = [
        ("20:00", json!({ "table_id": "1" })),
        ("20:30", json!({ "table_id": "2" })),
        ("20:40", json!({ "table_id": null })),
        ("20:50", json!({ "table_id": "1" })),
    ];
    after(json!({}), &seating[..1], [Some("19:00"), Some("20:00"), None]);
    after(json!({}), &seating[..2], [Some("19:00"), Some("20:00"), None]);
    after(json!({}), &seating[..3], [Some("19:00"), None, None]);
    after(json!({}), &seating, [Some("19:00"), Some("20:50"), None]);
}

#[test]
fn finished_time_is_set_on_leaving_for_good_and_seated_time_stays() {
    for status in ["finished", "cancelled", "no_show"] {
        let moves = [("20:00", json!({ "table_id": "1" })), ("21:30", json!({ "status": status }))];
        after(json!({}), &moves, [Some("19:00"), Some("20:00"), Some("21:30")]);
    }
    after(json!({ "status": "confirmed" }), &[("20:00", json!({ "status": "no_show" }))], [None, None, Some("20:00")]);
    after(json!({ "status": "cancelled" }), &[], [None, None, Some("19:00")]);
}

#[test]
fn restoring_a_guest_clears_when_it_sat_and_left() {
    for over in ["finished", "cancelled", "no_show"] {
        let moves = |to| {
            [
                ("20:00", json!({ "table_id": "1" })),
                ("21:30", json!({ "status": over })),
                ("21:35", json!({ "status": to })),
            ]
        };
        after(json!({}), &moves("waiting"), [Some("19:00"), None, None]);
        after(json!({}), &moves("confirmed"), [None, None, None]);
    }
    let never_here = [("20:00", json!({ "status": "no_show" })), ("20:10", json!({ "status": "waiting" }))];
    after(json!({ "status": "confirmed" }), &never_here, [Some("20:10"), None, None]);
}

#[test]
fn each_time_is_at_least_its_predecessor_whatever_the_clock_says() {
    let clock_goes_back = [("18:00", json!({ "table_id": "1" })), ("17:00", json!({ "status": "finished" }))];
    after(json!({}), &clock_goes_back, [Some("19:00"), Some("19:00"), Some("19:00")]);
    let jumps = [("20:00", json!({ "table_id": "1" })), ("18:00", json!({ "status": "cancelled" }))];
    after(json!({}), &jumps, [Some("19:00"), Some("20:00"), Some("20:00")]);
    let foretold = [
        ("20:00", json!({ "checkInTime": "2025-08-16T22:00:00Z" })),
        ("20:10", json!({ "table_id": "1" })),
        ("20:20", json!({ "status": "finished" })),
    ];
    after(json!({}), &foretold, [Some("22:00"), Some("22:00"), Some("22:00")]);
    let given_up =
        [("20:00", json!({ "checkInTime": "2025-08-16T22:00:00Z" })), ("20:10", json!({ "status": "no_show" }))];
    after(json!({}), &given_up, [Some("22:00"), None, Some("22:00")]);
}

#[test]
fn a_check_in_after_the_seating_or_the_end_is_a_fault_of_that_field() {
    let late = json!({ "checkInTime": "2025-08-16T23:00:00Z" });
    given([table("1", json!({})), seated("ada", "1")])
        .when(update_guest("ada", late.clone()))
        .faulted(&["checkInTime"]);
    given([guest("ada", json!({ "status": "cancelled" }))])
        .when(update_guest("ada", late.clone()))
        .faulted(&["checkInTime"]);
    let floor = given([table("1", json!({})), seated("ada", "1")]);
    let leaving = merged(late, json!({ "status": "finished" }));
    floor.when(update_guest("ada", leaving)).faulted(&["checkInTime"]);
    given([table("1", json!({})), seated("ada", "1")])
        .when(update_guest("ada", json!({ "checkInTime": "2025-08-16T19:00:00Z" })))
        .then_nothing();
}

#[test]
fn a_tables_status_since_moves_with_its_status_alone() {
    let floor = given([table("1", json!({}))]);
    let noted = floor
        .when(update_table("1", json!({ "notes": "wobbles" })))
        .then([table_updated("1", json!({ "notes": "wobbles" }))]);
    noted
        .at("20:30")
        .when(update_table("1", json!({ "status": "reserved" })))
        .then([table_updated("1", json!({ "status": "reserved", "statusSince": clock("20:30") }))]);
}

#[test]
fn times_are_read_with_any_zone_and_written_in_utc() {
    given([])
        .when(guest("ada", json!({ "reservationTime": "2025-08-16T22:30:00.5+02:00" })))
        .then([guest_created("ada", json!({ "reservationTime": "2025-08-16T20:30:00.500000Z" }))]);
}
