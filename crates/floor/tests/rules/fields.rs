//! What may stand in a body: types, limits at both edges, spellings, null, and every fault named at once.

use serde_json::{Value, json};

use crate::given::*;

/// A text of `count` characters, each of several bytes.
fn long(count: usize) -> String {
    "é".repeat(count)
}

#[track_caller]
fn guest_takes(body: Value, expected: Value) {
    given([]).when(guest("ada", body)).then([guest_created("ada", expected)]);
}

#[track_caller]
fn table_takes(body: Value, expected: Value) {
    given([]).when(table("t", body)).then([table_created("t", expected)]);
}

/// The body is wrong in a new row and in an update alike.
#[track_caller]
fn guest_refuses(body: Value, fields: &[&str]) {
    given([]).when(guest("ada", body.clone())).faulted(fields);
    given([guest("ada", json!({}))]).when(update_guest("ada", body)).faulted(fields);
}

#[track_caller]
fn table_refuses(body: Value, fields: &[&str]) {
    given([]).when(table("t", body.clone())).faulted(fields);
    given([table("t", json!({}))]).when(update_table("t", body)).faulted(fields);
}

#[test]
fn new_rows_need_what_they_cannot_be_without() {
    given([]).when(create_guest("ada", json!({}))).faulted(&["guestName", "partySize"]);
    given([]).when(create_table("t", json!({}))).faulted(&["tableNumber", "capacity"]);
}

#[test]
fn null_is_refused_where_a_row_needs_a_value() {
    for field in ["guestName", "partySize", "status"] {
        guest_refuses(json!({ field: null }), &[field]);
    }
    for field in ["tableNumber", "capacity", "status"] {
        table_refuses(json!({ field: null }), &[field]);
    }
    given([]).when(create_guest("ada", json!({ "name": null, "partySize": 2 }))).faulted(&["guestName"]);
}

#[test]
fn null_clears_what_can_be_empty() {
    let full = json!({
        "phone": "1", "email": "a@b", "notes": "n", "tags": ["t"], "source": "phone", "quotedWaitMinutes": 5,
        "reservationTime": "2025-08-16T21:00:00Z", "checkInTime": "2025-08-16T18:00:00Z",
        "notifiedTime": "2025-08-16T18:30:00Z", "status": "waiting",
    });
    let nulls = json!({
        "phone": null, "email": null, "notes": null, "source": null, "quotedWaitMinutes": null,
        "reservationTime": null, "checkInTime": null, "notifiedTime": null,
    });
    let body = merged(nulls.clone(), json!({ "tags": null, "override": null, "table_id": null }));
    given([guest("ada", full)])
        .when(update_guest("ada", body.clone()))
        .then([guest_updated("ada", merged(nulls.clone(), json!({ "tags": [] })))]);
    let expected = merged(nulls, json!({ "tags": [], "checkInTime": clock("20:00") }));
    guest_takes(body, expected);
}

#[test]
fn whole_numbers_are_taken_within_their_limits_only() {
    for (field, low, high) in [("partySize", 1, 99), ("quotedWaitMinutes", 0, 1440)] {
        guest_takes(json!({ field: low }), json!({ field: low }));
        guest_takes(json!({ field: high }), json!({ field: high }));
        guest_takes(json!({ field: f64::from(high) }), json!({ field: high }));
        for bad in numbers_that_are_none(low, high) {
            guest_refuses(json!({ field: bad }), &[field]);
        }
    }
    table_takes(json!({ "capacity": 1 }), json!({ "capacity": 1 }));
    table_takes(json!({ "capacity": 99.0 }), json!({ "capacity": 99 }));
    for bad in numbers_that_are_none(1, 99) {
        table_refuses(json!({ "capacity": bad }), &["capacity"]);
    }
}

fn numbers_that_are_none(low: i32, high: i32) -> Vec<Value> {
    vec![
        json!(low - 1),
        json!(high + 1),
        json!(-5),
        json!(2.5),
        json!("4"),
        json!(""),
        json!(true),
        json!([4]),
        json!({}),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(65_537),
    ]
}

#[test]
fn texts_are_measured_in_characters() {
    for (field, limit) in [("guestName", 200), ("phone", 40), ("email", 254), ("notes", 2_000)] {
        guest_takes(json!({ field: long(limit) }), json!({ field: long(limit) }));
        guest_refuses(json!({ field: long(limit + 1) }), &[field]);
    }
    for (field, limit) in [("tableNumber", 20), ("section", 60), ("notes", 2_000)] {
        table_takes(json!({ field: long(limit) }), json!({ field: long(limit) }));
        table_refuses(json!({ field: long(limit + 1) }), &[field]);
    }
    guest_takes(json!({ "guestName": "A" }), json!({ "guestName": "A" }));
    table_takes(json!({ "tableNumber": "A" }), json!({ "tableNumber": "A" }));
}

#[test]
fn texts_are_texts_without_control_characters() {
    for bad in [
        json!(5),
        json!(true),
        json!(["a"]),
        json!({}),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("\u{7f}"),
        json!("\u{85}"),
    ] {
        for field in ["guestName", "phone", "email", "notes"] {
            guest_refuses(json!({ field: bad }), &[field]);
        }
        for field in ["section", "notes"] {
            table_refuses(json!({ field: bad }), &[field]);
        }
    }
    table_refuses(json!({ "tableNumber": "a\tb" }), &["tableNumber"]);
}

#[test]
fn a_name_and_a_number_have_something_to_read_in_them() {
    for blank in ["", "   ", "\u{a0}\u{2003}"] {
        guest_refuses(json!({ "guestName": blank }), &["guestName"]);
        table_refuses(json!({ "tableNumber": blank }), &["tableNumber"]);
        guest_refuses(json!({ "tags": ["vip", blank] }), &["tags"]);
    }
    guest_takes(json!({ "phone": "", "notes": " ", "email": "" }), json!({ "phone": "", "notes": " ", "email": "" }));
}

#[test]
fn there_are_at_most_20_tags_of_at_most_40_characters() {
    let tags: Vec<String> = (0..20).map(|index| format!("{index:040}")).collect();
    guest_takes(json!({ "tags": tags }), json!({ "tags": tags }));
    guest_takes(json!({ "tags": [] }), json!({ "tags": [] }));
    guest_refuses(json!({ "tags": vec!["t"; 21] }), &["tags"]);
    for bad in [json!([long(41)]), json!("vip"), json!([5]), json!([null]), json!({}), json!(["a\nb"])] {
        guest_refuses(json!({ "tags": bad }), &["tags"]);
    }
}

#[test]
fn a_source_and_a_shape_are_one_of_their_words() {
    for (given, written) in [("walk_in", "walk_in"), ("Walk-In", "walk_in"), ("PHONE", "phone"), ("online", "online")] {
        guest_takes(json!({ "source": given }), json!({ "source": written }));
    }
    for (given, written) in [("Round", "round"), ("square", "square"), ("rectangle", "rectangle"), ("OVAL", "oval")] {
        table_takes(json!({ "shape": given }), json!({ "shape": written }));
    }
    for bad in [json!("pigeon"), json!(""), json!(1)] {
        guest_refuses(json!({ "source": bad }), &["source"]);
        table_refuses(json!({ "shape": bad }), &["shape"]);
    }
}

#[test]
fn an_unknown_status_is_a_fault_of_that_field() {
    for bad in [json!("sitting"), json!(""), json!(1), json!([])] {
        guest_refuses(json!({ "status": bad }), &["status"]);
        table_refuses(json!({ "status": bad }), &["status"]);
    }
    table_refuses(json!({ "status": "seated" }), &["status"]);
    guest_refuses(json!({ "status": "available" }), &["status"]);
}

#[test]
fn a_time_needs_its_zone() {
    for field in ["reservationTime", "checkInTime", "notifiedTime"] {
        let utc = json!({ field: "2025-08-16T18:21:27.177385Z" });
        guest_takes(utc.clone(), utc.clone());
        guest_takes(json!({ field: "2025-08-16T20:21:27.177385+02:00" }), utc);
        for bad in [json!("2025-08-16T18:21:27"), json!("2025-08-16"), json!("soon"), json!(""), json!(1_755_328_887)] {
            guest_refuses(json!({ field: bad }), &[field]);
        }
    }
}

#[test]
fn a_position_has_two_axes_from_0_to_1() {
    table_takes(json!({ "position": { "x": 0, "y": 1 } }), json!({ "position": { "x": 0.0, "y": 1.0 } }));
    table_takes(json!({ "position": { "x": -0.0, "y": 0.5 } }), json!({ "position": { "x": 0.0, "y": 0.5 } }));
    for bad in [
        json!({ "x": 0.5 }),
        json!({ "y": 0.5 }),
        json!({ "x": 1.01, "y": 0.5 }),
        json!({ "x": 0.5, "y": -0.01 }),
        json!({ "x": "0.5", "y": 0.5 }),
        json!({ "x": null, "y": 0.5 }),
        json!([0.5, 0.5]),
        json!("0.5,0.5"),
        json!({}),
    ] {
        table_refuses(json!({ "position": bad }), &["position"]);
    }
}

#[test]
fn a_rotation_is_at_most_one_turn_either_way() {
    for rotation in [-360.0, -0.5, 0.0, 360.0] {
        table_takes(json!({ "rotation": rotation }), json!({ "rotation": rotation }));
    }
    for bad in [json!(360.1), json!(-361), json!("90"), json!(true)] {
        table_refuses(json!({ "rotation": bad }), &["rotation"]);
    }
}

#[test]
fn a_floor_plan_comes_back_as_it_was_sent_to_the_last_digit() {
    for x in [0.1, 0.30000000000000004, 0.051_267_178_143_152_93, 0.999_999_999_999_999_9, 5e-324] {
        let floor = given([table("t", json!({ "position": { "x": x, "y": x }, "rotation": x }))]);
        let text = floor.table("t").to_string();
        let echoed: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(echoed["position"]["x"].as_f64(), Some(x));
        floor.when(update_table("t", echoed)).then_nothing();
    }
}

#[test]
fn a_reference_is_an_id() {
    let too_long = "x".repeat(65);
    for bad in [json!(5), json!("no spaces"), json!("-a"), json!("é"), json!(too_long), json!(["t"]), json!(" ")] {
        guest_refuses(json!({ "table_id": bad }), &["table_id"]);
        table_refuses(json!({ "guest_id": bad }), &["guest_id"]);
    }
}

#[test]
fn an_override_is_true_or_false() {
    for bad in [json!("true"), json!(1), json!([])] {
        guest_refuses(json!({ "override": bad }), &["override"]);
        table_refuses(json!({ "override": bad }), &["override"]);
    }
}

#[test]
fn an_id_other_than_the_one_written_to_is_a_fault() {
    for bad in [json!("bob"), json!(7), json!("")] {
        guest_refuses(json!({ "id": bad }), &["id"]);
        table_refuses(json!({ "id": bad }), &["id"]);
    }
    guest_takes(json!({ "id": "ada" }), json!({ "id": "ada" }));
    guest_takes(json!({ "id": null }), json!({ "id": "ada" }));
}

#[test]
fn every_wrong_field_is_named_at_once() {
    guest_refuses(
        json!({
            "id": "bob", "guestName": "", "partySize": 0, "status": "sitting", "table_id": 4, "phone": 5, "email": 6,
            "notes": 7, "tags": 8, "source": 9, "reservationTime": 10, "checkInTime": 11, "notifiedTime": 12,
            "quotedWaitMinutes": -1, "override": 14,
        }),
        &[
            "id",
            "guestName",
            "partySize",
            "status",
            "table_id",
            "phone",
            "email",
            "notes",
            "tags",
            "source",
            "reservationTime",
            "checkInTime",
            "notifiedTime",
            "quotedWaitMinutes",
            "override",
        ],
    );
    table_refuses(
        json!({
            "id": "u", "tableNumber": "", "capacity": 0, "status": "free", "guest_id": 5, "section": 6, "shape": 7,
            "position": 8, "rotation": 361, "notes": 10, "override": 11,
        }),
        &[
            "id",
            "tableNumber",
            "capacity",
            "status",
            "guest_id",
            "section",
            "shape",
            "position",
            "rotation",
            "notes",
            "override",
        ],
    );
}

#[test]
fn a_reference_to_nothing_is_named_beside_the_other_faults() {
    guest_refuses(json!({ "partySize": 0, "table_id": "nowhere" }), &["partySize", "table_id"]);
    table_refuses(json!({ "capacity": 0, "guest_id": "nobody" }), &["capacity", "guest_id"]);
}

#[test]
fn aliases_are_read_and_never_written() {
    for (alias, value, field, written) in [
        ("name", json!("Ada"), "guestName", json!("Ada")),
        ("guest_name", json!("Ada"), "guestName", json!("Ada")),
        ("first_name", json!("Ada"), "guestName", json!("Ada")),
        ("firstName", json!(" Ada "), "guestName", json!("Ada")),
        ("party_size", json!(7), "partySize", json!(7)),
        ("phoneNumber", json!("1"), "phone", json!("1")),
        ("phone_number", json!("1"), "phone", json!("1")),
        ("reservation_time", json!(clock("21:00")), "reservationTime", json!(clock("21:00"))),
        ("check_in_time", json!(clock("18:00")), "checkInTime", json!(clock("18:00"))),
        ("notified_time", json!(clock("18:30")), "notifiedTime", json!(clock("18:30"))),
        ("quoted_wait_minutes", json!(10), "quotedWaitMinutes", json!(10)),
    ] {
        let mut body = json!({ "partySize": 2, "guestName": "Ada", "status": "waiting" });
        body.as_object_mut().expect("an object").remove(field);
        let outcome = given([]).when(create_guest("ada", merged(body, json!({ alias: value }))));
        assert_eq!(outcome.answer()["guest"].get(alias), None, "{alias}");
        outcome.then([guest_created("ada", json!({ field: written }))]);
    }
    for (alias, value) in
        [("table_number", json!("12")), ("number", json!("12")), ("number", json!(12)), ("tableNumber", json!(12))]
    {
        given([])
            .when(create_table("t", json!({ alias: value, "capacity": 2 })))
            .then([table_created("t", json!({ "tableNumber": "12" }))]);
    }
}

#[test]
fn a_table_number_is_a_text_or_a_whole_number_that_is_not_negative() {
    table_takes(json!({ "tableNumber": 0 }), json!({ "tableNumber": "0" }));
    table_takes(json!({ "tableNumber": u64::MAX }), json!({ "tableNumber": u64::MAX.to_string() }));
    for bad in [json!(1.5), json!(-1), json!(true), json!([1]), json!({})] {
        table_refuses(json!({ "tableNumber": bad }), &["tableNumber"]);
    }
}

#[test]
fn a_first_and_a_last_name_make_a_name() {
    let names = |body: Value| given([]).when(create_guest("ada", merged(json!({ "partySize": 2 }), body)));
    let both = json!({ "first_name": "Ada", "last_name": "Lovelace" });
    names(both.clone()).then([guest_created("ada", json!({ "guestName": "Ada Lovelace" }))]);
    names(json!({ "firstName": "Ada", "lastName": "" })).then([guest_created("ada", json!({ "guestName": "Ada" }))]);
    names(json!({ "firstName": "Ada", "lastName": null })).then([guest_created("ada", json!({ "guestName": "Ada" }))]);
    names(merged(both.clone(), json!({ "name": "Ada Lovelace" }))).then([guest_created("ada", json!({}))]);
    names(merged(both, json!({ "name": "Ada" }))).faulted(&["guestName"]);
    names(json!({ "first_name": " ", "last_name": "" })).faulted(&["guestName"]);
    names(json!({ "last_name": "Lovelace" })).faulted(&["guestName"]);
    names(json!({ "first_name": null })).faulted(&["guestName"]);
    names(json!({ "first_name": long(120), "last_name": long(80) })).faulted(&["guestName"]);
    names(json!({ "first_name": long(120), "last_name": long(79) })).then([guest_created("ada", json!({}))]);
}

#[test]
fn aliases_may_agree_but_not_disagree() {
    guest_takes(json!({ "guestName": "Ada", "name": "Ada" }), json!({ "guestName": "Ada" }));
    guest_takes(json!({ "partySize": 3, "party_size": 3.0 }), json!({ "partySize": 3 }));
    guest_takes(
        json!({ "reservationTime": "2025-08-16T20:00:00Z", "reservation_time": "2025-08-16T22:00:00+02:00" }),
        json!({ "reservationTime": clock("20:00") }),
    );
    table_takes(json!({ "tableNumber": "5", "number": 5 }), json!({ "tableNumber": "5" }));
    guest_refuses(json!({ "guestName": "Ada", "name": "Bob" }), &["guestName"]);
    guest_refuses(json!({ "partySize": 3, "party_size": 4 }), &["partySize"]);
    guest_refuses(json!({ "table_id": "1", "tableId": "2" }), &["table_id"]);
    guest_refuses(json!({ "table_id": "1", "assignedTableId": null }), &["table_id"]);
    guest_refuses(json!({ "phone": "1", "phoneNumber": null }), &["phone"]);
    table_refuses(json!({ "guest_id": "a", "currentGuestId": "b" }), &["guest_id"]);
    table_refuses(json!({ "number": 5, "tableNumber": "6" }), &["tableNumber"]);
}

#[test]
fn an_empty_text_and_null_clear_a_reference_alike() {
    let floor = || given([table("1", json!({})), seated("ada", "1")]);
    let outcome = floor().when(update_guest("ada", json!({ "table_id": "", "tableId": null })));
    assert_eq!(outcome.answer()["guest"]["status"], "waiting");
    let outcome = floor().when(update_table("1", json!({ "guest_id": null, "currentGuestId": "" })));
    assert_eq!(outcome.answer()["table"]["status"], "available");
}

#[test]
fn a_wrong_value_under_an_alias_names_the_field_as_answers_write_it() {
    guest_refuses(json!({ "party_size": "4" }), &["partySize"]);
    guest_refuses(json!({ "assignedTableId": 4 }), &["table_id"]);
    guest_refuses(json!({ "name": 4 }), &["guestName"]);
    table_refuses(json!({ "current_guest_id": 4 }), &["guest_id"]);
    table_refuses(json!({ "number": "" }), &["tableNumber"]);
}
