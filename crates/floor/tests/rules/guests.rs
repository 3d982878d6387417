//! Guests: how they begin, which status follows which, and what is told of them.

use floor::GuestStatus;
use serde_json::{Value, json};

use crate::given::*;

/// The contract's table of moves: from, and all that may follow.
const MOVES: [(&str, &[&str]); 9] = [
    ("confirmed", &["running_late", "partially_arrived", "arrived", "waiting", "seated", "cancelled", "no_show"]),
    ("running_late", &["confirmed", "partially_arrived", "arrived", "waiting", "seated", "cancelled", "no_show"]),
    ("partially_arrived", &["arrived", "waiting", "running_late", "seated", "cancelled", "no_show"]),
    ("arrived", &["partially_arrived", "waiting", "running_late", "seated", "cancelled", "no_show"]),
    ("waiting", &["partially_arrived", "arrived", "running_late", "seated", "cancelled", "no_show"]),
    ("seated", &["finished", "waiting", "arrived", "cancelled", "no_show"]),
    ("finished", &["waiting", "confirmed"]),
    ("cancelled", &["waiting", "confirmed"]),
    ("no_show", &["waiting", "confirmed"]),
];

#[test]
fn a_guest_may_go_where_the_table_of_moves_says_and_nowhere_else() {
    for (from, allowed) in MOVES {
        for (to, _) in MOVES {
            let mut body = json!({ "status": from });
            if from == "seated" {
                body["table_id"] = json!("1");
            }
            let floor = given([table("1", json!({})), table("2", json!({})), guest("ada", body)]);
            let mut patch = json!({ "status": to });
            if to == "seated" && from != "seated" {
                patch["table_id"] = json!("2");
            }
            let outcome = floor.when(update_guest("ada", patch));
            if from == to {
                outcome.then_nothing();
            } else if allowed.contains(&to) {
                assert_eq!(outcome.answer()["guest"]["status"], to, "{from} to {to}");
                assert_eq!(outcome.messages()[0]["action"], "status_change");
            } else {
                outcome.refused("invalid_transition").showing("ada");
            }
        }
    }
}

#[test]
fn a_status_is_read_by_its_letters_alone_and_written_one_way() {
    for (spellings, status) in [
        (&["confirmed", "Confirmed", " CONFIRMED "][..], "confirmed"),
        (&["running_late", "Running Late", "runningLate", "running-late"], "running_late"),
        (&["partially_arrived", "Partially Arrived", "partiallyArrived"], "partially_arrived"),
        (&["arrived", "Arrived"], "arrived"),
        (&["waiting", "Waitlist", "waitlist", "wait_list", "WAITING"], "waiting"),
        (&["seated", "Seated"], "seated"),
        (&["finished", "Completed", "completed"], "finished"),
        (&["cancelled", "Canceled", "canceled", "Cancelled"], "cancelled"),
        (&["no_show", "No Show", "noShow", "no-show", "NOSHOW", "🚫 No\u{a0}Show"], "no_show"),
    ] {
        for spelling in spellings {
            let read = GuestStatus::read(&json!(spelling)).map(GuestStatus::as_str);
            assert_eq!(read, Ok(status), "{spelling:?}");
        }
    }
    for unknown in [json!("sitting"), json!(""), json!("seatedd"), json!(3), json!(null), json!(["seated"])] {
        assert!(GuestStatus::read(&unknown).is_err(), "{unknown}");
    }
    for status in GuestStatus::ALL {
        assert_eq!(GuestStatus::read(&json!(status)), Ok(status));
    }
}

#[test]
fn a_status_in_a_body_may_be_spelled_as_devices_do() {
    given([guest("ada", json!({ "status": "Waitlist" }))])
        .when(update_guest("ada", json!({ "status": "No Show" })))
        .then([guest_updated("ada", json!({ "status": "no_show", "finishedTime": clock("20:00") }))]);
}

#[test]
fn a_new_guest_is_whole_with_every_field_present() {
    let floor = given([]).when(create_guest("ada", json!({ "guestName": "Ada", "partySize": 4 })));
    let expected = json!({
        "id": "ada", "guestName": "Ada", "partySize": 4, "status": "waiting", "table_id": null, "phone": null,
        "email": null, "notes": null, "tags": [], "source": null, "reservationTime": null,
        "checkInTime": "2025-08-16T20:00:00.000000Z", "notifiedTime": null, "seatedTime": null, "finishedTime": null,
        "quotedWaitMinutes": null, "version": 1, "createdAt": "2025-08-16T20:00:00.000000Z",
        "updatedAt": "2025-08-16T20:00:00.000000Z",
    });
    assert_eq!(
        floor.answer(),
        json!({
            "entity_type": "guest", "entity_id": "ada", "status": "created", "guest": expected,
        })
    );
    floor.then([guest_created("ada", expected)]);
}

#[test]
fn every_field_that_a_client_may_write_is_kept_as_given() {
    let body = json!({
        "guestName": " Ada L. ", "partySize": 4, "phone": "+33 1", "email": "ada@example.org", "notes": "by the window",
        "tags": ["vip", "birthday"], "source": "online", "reservationTime": "2025-08-16T20:30:00.000000Z",
        "checkInTime": "2025-08-16T19:55:00.000000Z", "notifiedTime": "2025-08-16T19:58:00.000000Z",
        "quotedWaitMinutes": 15, "status": "arrived",
    });
    given([]).when(create_guest("ada", body.clone())).then([guest_created("ada", body)]);
}

#[test]
fn a_walk_in_waits_and_a_reservation_is_confirmed_unless_a_status_is_given() {
    for (body, status) in [
        (json!({}), "waiting"),
        (json!({ "reservationTime": null }), "waiting"),
        (json!({ "source": "online" }), "waiting"),
        (json!({ "reservationTime": "2025-08-16T21:00:00Z" }), "confirmed"),
        (json!({ "reservation_time": "2025-08-16T21:00:00Z", "status": "running_late" }), "running_late"),
    ] {
        given([]).when(guest("ada", body)).then([guest_created("ada", json!({ "status": status }))]);
    }
}

#[test]
fn any_status_may_be_given_at_creation() {
    for status in GuestStatus::ALL {
        let mut body = json!({ "status": status });
        if status == GuestStatus::Seated {
            body["table_id"] = json!("1");
        }
        let floor = given([table("1", json!({})), guest("ada", body)]);
        assert_eq!(floor.guest("ada")["status"], json!(status));
    }
}

#[test]
fn a_second_guest_with_the_same_id_is_refused() {
    given([guest("ada", json!({}))])
        .when(guest("ada", json!({ "guestName": "Another" })))
        .refused("already_exists")
        .showing("ada");
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    given([guest("ada", json!({ "phone": "1", "notes": "x", "tags": ["vip"] }))])
        .when(update_guest("ada", json!({ "partySize": 3, "notes": null, "tags": null, "unknown": { "key": [1] } })))
        .then([guest_updated("ada", json!({ "partySize": 3, "notes": null, "tags": [] }))]);
}

#[test]
fn an_update_that_says_what_is_so_already_changes_nothing() {
    let floor = given([table("1", json!({ "position": { "x": 0.1, "y": 0.7 } })), seated("ada", "1")]);
    let (whole_guest, whole_table) = (floor.guest("ada"), floor.table("1"));
    let floor = floor.when(update_guest("ada", whole_guest)).then_nothing();
    let floor = floor.when(update_table("1", whole_table)).then_nothing();
    let outcome = floor.when(update_guest("ada", json!({})));
    assert_eq!(outcome.answer()["guest"]["version"], 1);
    assert_eq!(outcome.messages(), [] as [Value; 0]);
    outcome.then_nothing();
}

#[test]
fn a_version_counts_each_commit_that_changed_the_row_side_effects_included() {
    let floor = given([table("1", json!({})), guest("ada", json!({}))]);
    let seated = floor.when(update_guest("ada", json!({ "table_id": "1" }))).then([
        guest_updated("ada", json!({ "status": "seated", "table_id": "1", "seatedTime": clock("20:00") })),
        table_updated("1", json!({ "status": "occupied", "guest_id": "ada", "statusSince": clock("20:00") })),
    ]);
    assert_eq!((&seated.guest("ada")["version"], &seated.table("1")["version"]), (&json!(2), &json!(2)));
    let noted =
        seated.when(update_guest("ada", json!({ "notes": "x" }))).then([guest_updated("ada", json!({ "notes": "x" }))]);
    assert_eq!((&noted.guest("ada")["version"], &noted.table("1")["version"]), (&json!(3), &json!(2)));
}

#[test]
fn a_deleted_guest_is_answered_as_it_last_stood() {
    let outcome = given([guest("ada", json!({}))]).when(delete_guest("ada"));
    assert_eq!(outcome.answer()["status"], "deleted");
    assert_eq!(outcome.answer()["guest"]["guestName"], "ada");
    outcome.then([guest_deleted("ada")]);
}

#[test]
fn an_id_can_be_used_again_by_a_later_request() {
    let floor = given([guest("ada", json!({})), delete_guest("ada")]);
    floor.when(guest("ada", json!({}))).then([guest_created("ada", json!({ "version": 1 }))]);
}

#[test]
fn what_is_not_there_is_not_found() {
    given([]).when(update_guest("ada", json!({ "notes": "x" }))).refused("not_found").by_no_operation();
    given([]).when(delete_guest("ada")).refused("not_found");
    given([]).when(update_table("1", json!({ "notes": "x" }))).refused("not_found");
    given([]).when(delete_table("1")).refused("not_found");
}

#[test]
fn what_the_server_keeps_is_ignored_in_a_body_whatever_it_says() {
    let kept = json!({
        "version": "seven", "createdAt": 5, "updatedAt": false, "seatedTime": [], "finishedTime": "yesterday",
        "statusSince": {}, "id": "ada",
    });
    given([guest("ada", json!({}))]).when(update_guest("ada", kept)).then_nothing();
    let kept = json!({ "version": 99, "createdAt": null, "updatedAt": null, "statusSince": "never", "id": "1" });
    given([table("1", json!({}))]).when(update_table("1", kept)).then_nothing();
}
