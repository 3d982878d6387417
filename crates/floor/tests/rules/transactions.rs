//! Operations that happen together or not at all, judged on the finished draft.

use serde_json::{Value, json};

use crate::given::*;

/// Ada sits at 1, Bob at 2, Cleo waits; 3 is free, 5 is dirty and 6 seats one.
fn evening() -> Floor {
    given(people())
}

fn people() -> [floor::Command; 8] {
    [
        table("1", json!({})),
        table("2", json!({})),
        table("3", json!({})),
        table("5", json!({ "status": "dirty" })),
        table("6", json!({ "capacity": 1 })),
        seated("ada", "1"),
        seated("bob", "2"),
        guest("cleo", json!({})),
    ]
}

fn on_guest(id: &str, data: Value) -> Value {
    json!({ "op": "update_guest", "id": id, "data": data })
}

fn on_table(id: &str, data: Value) -> Value {
    json!({ "op": "update_table", "id": id, "data": data })
}

/// Who sits at each of the tables then.
fn sitting(floor: &Floor, tables: &[&str]) -> Vec<Value> {
    tables.iter().map(|id| floor.table(id)["guest_id"].clone()).collect()
}

#[test]
fn two_parties_may_swap_tables_said_by_either_half() {
    for operations in [
        json!([on_guest("ada", json!({ "table_id": "2" })), on_guest("bob", json!({ "table_id": "1" }))]),
        json!([on_table("1", json!({ "guest_id": "bob" })), on_table("2", json!({ "guest_id": "ada" }))]),
        json!([on_guest("ada", json!({ "table_id": "2" })), on_table("1", json!({ "guest_id": "bob" }))]),
    ] {
        let outcome = evening().when(transact(operations));
        assert_eq!(outcome.messages()[0]["changes"].as_array().map(Vec::len), Some(4));
        let floor = outcome.into_floor();
        assert_eq!(sitting(&floor, &["1", "2"]), ["bob", "ada"]);
        assert_eq!(floor.guest("ada")["seatedTime"], json!(clock("19:00")), "a move keeps when they sat down");
        assert_eq!(floor.table("1")["statusSince"], json!(clock("19:00")), "the table was occupied all along");
    }
}

#[test]
fn a_table_cleared_and_its_guest_seated_elsewhere_is_a_move() {
    for clearing in [
        json!({ "status": "available" }),
        json!({ "guest_id": null }),
        json!({ "status": "available", "guest_id": null }),
    ] {
        for seating in [on_guest("ada", json!({ "table_id": "3" })), on_table("3", json!({ "guest_id": "ada" }))] {
            let both = given(people().into_iter().chain([dirty_after_finish()]));
            let floor = both.when(transact(json!([on_table("1", clearing.clone()), seating]))).into_floor();
            assert_eq!(floor.guest("ada")["status"], "seated");
            assert_eq!(floor.guest("ada")["seatedTime"], json!(clock("19:00")));
            assert_eq!(sitting(&floor, &["1", "3"]), [Value::Null, json!("ada")]);
            assert_eq!(floor.table("1")["status"], "available");
        }
    }
}

#[test]
fn the_mirrored_halves_of_a_seating_are_one_thing_said_twice() {
    let halves = [
        on_guest("cleo", json!({ "status": "seated", "table_id": "3" })),
        on_table("3", json!({ "status": "occupied", "guest_id": "cleo" })),
    ];
    for order in [[0, 1], [1, 0]] {
        let operations: Value = order.iter().map(|index| halves[*index].clone()).collect();
        let floor = evening().when(transact(operations)).into_floor();
        assert_eq!(sitting(&floor, &["3"]), ["cleo"]);
        assert_eq!(floor.guest("cleo")["version"], 2);
    }
}

#[test]
fn the_mirrored_halves_of_an_end_are_one_thing_said_twice() {
    for (guest_half, table_half, guest_status, table_status) in [
        (json!({ "status": "finished" }), json!({ "status": "available" }), "finished", "available"),
        (
            json!({ "status": "finished", "table_id": null }),
            json!({ "status": "dirty", "guest_id": null }),
            "finished",
            "dirty",
        ),
        (
            json!({ "status": "cancelled" }),
            json!({ "status": "available", "guest_id": null }),
            "cancelled",
            "available",
        ),
        (
            json!({ "status": "waiting", "table_id": null }),
            json!({ "status": "available", "guest_id": null }),
            "waiting",
            "available",
        ),
        (json!({ "table_id": null }), json!({ "guest_id": null }), "waiting", "available"),
        // Whole rows, with the other half as the device last knew it.
        (
            json!({ "status": "finished", "table_id": "1" }),
            json!({ "status": "available", "guest_id": "ada" }),
            "finished",
            "available",
        ),
    ] {
        for order in [[0, 1], [1, 0]] {
            let halves = [on_guest("ada", guest_half.clone()), on_table("1", table_half.clone())];
            let operations: Value = order.iter().map(|index| halves[*index].clone()).collect();
            let floor = evening().when(transact(operations.clone())).into_floor();
            assert_eq!(floor.guest("ada")["status"], guest_status, "{operations}");
            assert_eq!(floor.table("1")["status"], table_status, "{operations}");
        }
    }
}

#[test]
fn an_override_counts_in_whichever_half_it_stands() {
    let halves = |first: bool| {
        [
            on_guest("cleo", json!({ "status": "seated", "table_id": "6", "override": first })),
            on_table("6", json!({ "status": "occupied", "guest_id": "cleo", "override": !first })),
        ]
    };
    for first in [true, false] {
        let [guest, table] = halves(first);
        let floor = evening().when(transact(json!([guest, table]))).into_floor();
        assert_eq!(sitting(&floor, &["6"]), ["cleo"]);
        let floor = evening().when(transact(json!([table, guest]))).into_floor();
        assert_eq!(sitting(&floor, &["6"]), ["cleo"]);
    }
    evening()
        .when(transact(json!([on_guest("cleo", json!({ "table_id": "6" }))])))
        .refused("capacity_exceeded")
        .showing("6")
        .by_operation(0);
}

#[test]
fn capacity_is_judged_on_the_finished_draft() {
    let grows = on_table("6", json!({ "capacity": 2 }));
    let sits = on_guest("cleo", json!({ "table_id": "6" }));
    assert_eq!(sitting(&evening().when(transact(json!([sits, grows]))).into_floor(), &["6"]), ["cleo"]);
    let more = on_guest("cleo", json!({ "partySize": 5 }));
    evening()
        .when(transact(json!([on_guest("cleo", json!({ "table_id": "3" })), more])))
        .refused("capacity_exceeded")
        .by_operation(0);
}

#[test]
fn an_occupied_table_that_is_named_before_its_guest_leaves_is_no_contradiction() {
    let whole = evening().table("1");
    let floor =
        evening().when(transact(json!([on_table("1", whole), on_guest("ada", json!({ "status": "finished" }))])));
    assert_eq!(floor.into_floor().table("1")["status"], "available");
}

#[test]
fn a_demand_may_be_met_by_a_later_operation() {
    for operations in [
        json!([on_guest("cleo", json!({ "status": "seated" })), on_table("3", json!({ "guest_id": "cleo" }))]),
        json!([on_table("3", json!({ "status": "occupied" })), on_guest("cleo", json!({ "table_id": "3" }))]),
    ] {
        let floor = evening().when(transact(operations)).into_floor();
        assert_eq!(sitting(&floor, &["3"]), ["cleo"]);
    }
    evening()
        .when(transact(json!([on_guest("cleo", json!({})), on_guest("cleo", json!({ "status": "seated" }))])))
        .refused("table_required")
        .by_operation(1);
    evening()
        .when(transact(json!([on_table("3", json!({})), on_table("3", json!({ "status": "occupied" }))])))
        .refused("guest_required")
        .by_operation(1);
}

#[test]
fn no_table_has_two_guests_in_the_end() {
    evening()
        .when(transact(json!([
            on_guest("ada", json!({ "table_id": "3" })),
            on_guest("cleo", json!({ "table_id": "3" }))
        ])))
        .refused("table_occupied")
        .showing("3")
        .by_operation(1);
    evening()
        .when(transact(json!([on_guest("cleo", json!({ "table_id": "1" })), on_guest("ada", json!({ "notes": "x" }))])))
        .refused("table_occupied")
        .showing("1")
        .by_operation(0);
    let floor = evening().when(transact(json!([
        on_guest("cleo", json!({ "table_id": "1" })),
        on_guest("ada", json!({ "status": "finished" })),
    ])));
    assert_eq!(sitting(&floor.into_floor(), &["1"]), ["cleo"]);
}

#[test]
fn a_claimed_table_is_neither_dirty_nor_blocked() {
    evening()
        .when(transact(json!([on_guest("cleo", json!({ "table_id": "5" }))])))
        .refused("table_unavailable")
        .showing("5")
        .by_operation(0);
    let cleaned = [on_table("5", json!({ "status": "available" })), on_guest("cleo", json!({ "table_id": "5" }))];
    assert_eq!(sitting(&evening().when(transact(json!(cleaned))).into_floor(), &["5"]), ["cleo"]);
    let soiled = [on_table("3", json!({ "status": "dirty" })), on_guest("cleo", json!({ "table_id": "3" }))];
    evening().when(transact(json!(soiled))).refused("table_unavailable").showing("3").by_operation(1);
}

#[test]
fn each_guest_moves_once_from_its_status_before_to_its_status_after() {
    let floor = evening().when(transact(json!([
        on_guest("cleo", json!({ "table_id": "3" })),
        on_guest("cleo", json!({ "status": "arrived" })),
    ])));
    floor.then([guest_updated("cleo", json!({ "status": "arrived" }))]);
    evening()
        .when(transact(json!([
            on_guest("cleo", json!({ "table_id": "3" })),
            on_guest("cleo", json!({ "status": "finished" })),
            on_guest("cleo", json!({ "status": "finished", "notes": "x" })),
        ])))
        .refused("invalid_transition")
        .showing("cleo")
        .by_operation(1);
}

#[test]
fn an_operation_that_repeats_a_claim_is_not_the_one_that_asked() {
    let mirrored = json!([
        on_table("2", json!({ "status": "occupied", "guest_id": "cleo" })),
        on_guest("cleo", json!({ "status": "seated", "table_id": "2" })),
    ]);
    evening().when(transact(mirrored)).refused("table_occupied").showing("2").by_operation(0);
    let number = json!([
        on_table("1", json!({ "tableNumber": "2" })),
        on_table("1", json!({ "tableNumber": "2", "notes": "x" })),
    ]);
    evening().when(transact(number)).refused("duplicate_table_number").showing("2").by_operation(0);
    let late = json!([
        on_guest("ada", json!({ "checkInTime": "2025-08-16T23:00:00Z" })),
        on_guest("ada", json!({ "notes": "x" })),
    ]);
    evening().when(transact(late)).faulted(&["checkInTime"]).by_operation(0);
}

#[test]
fn the_custom_of_dirty_tables_holds_and_an_explicit_status_beats_it() {
    let tidy = || given(people().into_iter().chain([dirty_after_finish()]));
    let ends = on_guest("ada", json!({ "status": "finished" }));
    let floor = tidy().when(transact(json!([ends]))).into_floor();
    assert_eq!(floor.table("1")["status"], "dirty");
    let cleared = on_table("1", json!({ "status": "available" }));
    for operations in [json!([ends, cleared]), json!([cleared, ends])] {
        let floor = tidy().when(transact(operations)).into_floor();
        assert_eq!(
            (&floor.table("1")["status"], &floor.guest("ada")["status"]),
            (&json!("available"), &json!("finished"))
        );
    }
    let floor = tidy().when(transact(json!([ends, on_table("1", json!({ "status": "reserved" }))]))).into_floor();
    assert_eq!(floor.table("1")["status"], "reserved");
}

#[test]
fn table_numbers_are_judged_on_the_finished_draft() {
    let swap = [on_table("1", json!({ "tableNumber": "2" })), on_table("2", json!({ "tableNumber": "1" }))];
    let floor = evening().when(transact(json!(swap))).into_floor();
    assert_eq!((&floor.table("1")["tableNumber"], &floor.table("2")["tableNumber"]), (&json!("2"), &json!("1")));
    let freed = json!([{ "op": "create_table", "id": "t", "data": { "number": 3, "capacity": 2 } }, { "op": "delete_table", "id": "3" }]);
    evening().when(transact(freed)).then([table_created("t", json!({ "tableNumber": "3" })), table_deleted("3")]);
    evening()
        .when(transact(json!([
            on_table("1", json!({ "tableNumber": "9" })),
            on_table("2", json!({ "tableNumber": "9" }))
        ])))
        .refused("duplicate_table_number")
        .showing("1")
        .by_operation(1);
}

#[test]
fn a_table_in_use_is_judged_when_its_operation_is_reached() {
    let ends = on_guest("ada", json!({ "status": "finished" }));
    let deletes = json!({ "op": "delete_table", "id": "1" });
    for uses in
        [deletes, on_table("1", json!({ "status": "reserved" })), on_table("1", json!({ "status": "out_of_service" }))]
    {
        evening().when(transact(json!([uses, ends]))).refused("table_in_use").showing("1").by_operation(0);
        evening().when(transact(json!([ends, uses]))).answer();
        let named_again = on_table("1", json!({ "notes": "x" }));
        evening().when(transact(json!([uses, named_again]))).refused("table_in_use").by_operation(0);
        let claims = on_guest("cleo", json!({ "table_id": "3" }));
        let mut later = uses.clone();
        later["id"] = json!("3");
        evening().when(transact(json!([claims, later]))).refused("table_in_use").showing("3").by_operation(1);
    }
}

#[test]
fn ids_and_references_must_exist_when_their_operation_is_reached() {
    let creates = json!({ "op": "create_guest", "id": "dora", "data": { "guestName": "Dora", "partySize": 2 } });
    let seats = on_table("3", json!({ "guest_id": "dora" }));
    let floor = evening().when(transact(json!([creates, seats]))).into_floor();
    assert_eq!(sitting(&floor, &["3"]), ["dora"]);
    evening().when(transact(json!([seats, creates]))).faulted(&["guest_id"]).by_operation(0);
    evening().when(transact(json!([on_guest("dora", json!({})), creates]))).refused("not_found").by_operation(0);
    let deletes = json!({ "op": "delete_guest", "id": "cleo" });
    evening().when(transact(json!([deletes, on_guest("cleo", json!({}))]))).refused("not_found").by_operation(1);
    evening().when(transact(json!([deletes, deletes]))).refused("not_found").by_operation(1);
    let claims = on_table("3", json!({ "guest_id": "cleo" }));
    evening().when(transact(json!([deletes, claims]))).faulted(&["guest_id"]).by_operation(1);
    let gone = json!({ "op": "delete_table", "id": "3" });
    let sits = on_guest("cleo", json!({ "table_id": "3" }));
    evening().when(transact(json!([gone, sits]))).faulted(&["table_id"]).by_operation(1);
}

#[test]
fn a_guest_deleted_after_it_was_seated_leaves_the_table_as_it_was() {
    let floor = evening().when(transact(json!([
        on_guest("cleo", json!({ "table_id": "3" })),
        { "op": "delete_guest", "id": "cleo" },
    ])));
    floor.then([guest_deleted("cleo")]);
}

#[test]
fn an_existing_id_is_not_created_again_unless_deleted_before() {
    let creates = json!({ "op": "create_guest", "id": "cleo", "data": { "guestName": "Cleo II", "partySize": 2 } });
    let deletes = json!({ "op": "delete_guest", "id": "cleo" });
    evening().when(transact(json!([creates, deletes]))).refused("already_exists").showing("cleo").by_operation(0);
    let outcome = evening().when(transact(json!([deletes, creates])));
    assert_eq!(outcome.answer()[1]["status"], "created");
    let floor = outcome.into_floor();
    assert_eq!((&floor.guest("cleo")["guestName"], &floor.guest("cleo")["version"]), (&json!("Cleo II"), &json!(2)));
    evening().when(transact(json!([deletes, creates, creates]))).refused("already_exists").by_operation(2);
}

#[test]
fn what_is_created_and_deleted_again_is_told_to_nobody() {
    let outcome = evening().when(transact(json!([
        { "op": "create_guest", "id": "dora", "data": { "guestName": "Dora", "partySize": 2 } },
        { "op": "delete_guest", "id": "dora" },
    ])));
    assert_eq!(outcome.answer()[1]["status"], "deleted");
    assert_eq!(outcome.messages(), [] as [Value; 0]);
    outcome.then_nothing();
}

#[test]
fn an_expected_version_is_that_of_the_row_without_the_transaction() {
    let expecting = |version: u64, data: Value| merged(on_guest("ada", data), json!({ "expected_version": version }));
    evening()
        .when(transact(json!([expecting(1, json!({ "notes": "x" })), expecting(1, json!({ "notes": "y" }))])))
        .answer();
    evening()
        .when(transact(json!([expecting(1, json!({ "notes": "x" })), expecting(2, json!({ "notes": "y" }))])))
        .refused("version_conflict")
        .showing("ada")
        .by_operation(1);
    let deletes = json!({ "op": "delete_table", "id": "3", "expected_version": 4 });
    evening().when(transact(json!([deletes]))).refused("version_conflict").showing("3").by_operation(0);
}

#[test]
fn there_is_one_result_an_operation_with_the_entity_as_it_stands_after_the_whole() {
    let outcome = evening().when(transact(json!([
        on_guest("cleo", json!({ "notes": "x" })),
        on_table("3", json!({ "guest_id": "cleo" })),
        on_guest("cleo", json!({ "notes": "y" })),
        { "op": "create_table", "data": { "number": 9, "capacity": 2 } },
        { "op": "delete_table", "id": "6" },
    ])));
    let answer = outcome.answer();
    let floor = outcome.into_floor();
    let updated =
        json!({ "entity_type": "guest", "entity_id": "cleo", "status": "updated", "guest": floor.guest("cleo") });
    assert_eq!(answer.as_array().map(Vec::len), Some(5));
    assert_eq!((&answer[0], &answer[2]), (&updated, &updated));
    assert_eq!(
        answer[1],
        json!({ "entity_type": "table", "entity_id": "3", "status": "updated", "table": floor.table("3") })
    );
    let made = floor.table("table-new-1");
    assert_eq!(
        answer[3],
        json!({ "entity_type": "table", "entity_id": "table-new-1", "status": "created", "table": made })
    );
    assert_eq!((&answer[4]["status"], &answer[4]["entity_id"]), (&json!("deleted"), &json!("6")));
}

#[test]
fn nothing_to_do_is_done_without_a_message() {
    let outcome = evening().when(transact(json!([])));
    assert_eq!((outcome.answer(), outcome.messages()), (json!([]), &[][..]));
    outcome.then_nothing();
    let there_and_back =
        json!([on_guest("cleo", json!({ "table_id": "3" })), on_guest("cleo", json!({ "status": "waiting" }))]);
    let outcome = evening().when(transact(there_and_back));
    assert_eq!(outcome.answer().as_array().map(Vec::len), Some(2));
    outcome.then_nothing();
}
