//! Which refusal is told when a request earns several: 404, 412, 422, 409.

use serde_json::json;

use crate::given::*;

#[test]
fn missing_ranks_before_out_of_date_before_wrong_before_conflicting() {
    let floor = || given([table("1", json!({})), table("2", json!({})), seated("ada", "1"), guest("bob", json!({}))]);
    let conflicting = json!({ "table_id": "1" });
    let wrong = merged(conflicting.clone(), json!({ "partySize": 0 }));
    floor().when(if_match(&[7], update_guest("nobody", wrong.clone()))).refused("not_found");
    floor().when(if_match(&[7], update_guest("bob", wrong.clone()))).refused("precondition_failed").showing("bob");
    floor().when(if_match(&[1], update_guest("bob", wrong))).faulted(&["partySize"]);
    floor().when(if_match(&[1], update_guest("bob", conflicting))).refused("table_occupied");

    let conflicting = json!({ "tableNumber": "2" });
    let wrong = merged(conflicting.clone(), json!({ "capacity": 0 }));
    floor().when(if_match(&[7], update_table("9", wrong.clone()))).refused("not_found");
    floor().when(if_match(&[7], update_table("1", wrong.clone()))).refused("precondition_failed").showing("1");
    floor().when(update_table("1", wrong)).faulted(&["capacity"]);
    floor().when(update_table("1", conflicting)).refused("duplicate_table_number");
}

#[test]
fn a_write_goes_through_if_the_version_is_one_of_those_it_was_meant_for() {
    let floor = given([guest("ada", json!({}))]);
    let once = floor.when(if_match(&[1], update_guest("ada", json!({ "notes": "x" })))).into_floor();
    let twice = once.when(if_match(&[1, 2], update_guest("ada", json!({ "notes": "y" })))).into_floor();
    twice.when(if_match(&[1, 2], delete_guest("ada"))).refused("precondition_failed").showing("ada");
    given([table("1", json!({}))]).when(if_match(&[2], delete_table("1"))).refused("precondition_failed").showing("1");
    given([table("1", json!({}))]).when(if_match(&[], delete_table("1"))).refused("precondition_failed");
}

#[test]
fn a_stale_write_is_refused_even_if_it_would_change_nothing() {
    given([guest("ada", json!({}))])
        .when(if_match(&[3], update_guest("ada", json!({}))))
        .refused("precondition_failed");
}

#[test]
fn a_stale_deletion_of_an_occupied_table_is_out_of_date_first() {
    given([table("1", json!({})), seated("ada", "1")])
        .when(if_match(&[1], delete_table("1")))
        .refused("precondition_failed");
}

#[test]
fn a_wrong_body_ranks_before_an_id_that_is_taken() {
    given([guest("ada", json!({}))]).when(create_guest("ada", json!({ "partySize": 2 }))).faulted(&["guestName"]);
    given([table("1", json!({}))]).when(create_table("1", json!({}))).faulted(&["tableNumber", "capacity"]);
    given([guest("ada", json!({}))]).when(guest("ada", json!({ "table_id": "9" }))).faulted(&["table_id"]);
}

#[test]
fn in_a_transaction_the_rank_goes_before_the_order_and_the_order_among_equals() {
    let floor = || given([table("1", json!({})), seated("ada", "1"), guest("bob", json!({}))]);
    let conflicting = json!({ "op": "update_guest", "id": "bob", "data": { "table_id": "1" } });
    let wrong = json!({ "op": "update_guest", "id": "bob", "data": { "partySize": 0 } });
    let missing = json!({ "op": "delete_guest", "id": "nobody" });
    floor().when(transact(json!([conflicting, wrong, missing]))).refused("not_found").by_operation(2);
    floor().when(transact(json!([conflicting, wrong, wrong]))).faulted(&["partySize"]).by_operation(1);
    floor().when(transact(json!([missing, wrong, missing]))).refused("not_found").by_operation(0);
    let stale = json!({ "op": "update_guest", "id": "ada", "expected_version": 8, "data": {} });
    floor().when(transact(json!([stale, wrong]))).faulted(&["partySize"]).by_operation(1);
    floor().when(transact(json!([stale, conflicting]))).refused("version_conflict").showing("ada").by_operation(0);
    floor().when(transact(json!([conflicting, stale]))).refused("table_occupied").showing("1").by_operation(0);
}
