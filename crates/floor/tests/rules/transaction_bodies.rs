//! The bodies of transactions: two forms, ids, versions, limits, and what is unreadable.

use floor::{MAX_OPERATIONS, TransactionBody};
use serde_json::{Value, json};

use crate::given::*;

fn updates(count: usize) -> Value {
    (0..count).map(|_| json!({ "op": "update_guest", "id": "ada", "data": {} })).collect()
}

fn ada() -> Floor {
    given([guest("ada", json!({}))])
}

#[test]
fn the_form_by_lists_says_the_same_with_the_guests_first() {
    let outcome =
        given([table("1", json!({})), guest("ada", json!({})), guest("bob", json!({}))]).when(transact_body(json!({
            "transaction_id": "txn-7",
            "tables": [
                { "operation": "update", "id": "1", "data": { "notes": "x" } },
                { "operation": "create", "data": { "id": "t", "number": 2, "capacity": 2 } },
            ],
            "guests": [
                { "id": "ada", "operation": "update", "data": { "table_id": "1" } },
                { "id": "bob", "operation": "delete" },
                { "operation": "create", "data": { "name": "Cleo", "party_size": 2 } },
            ],
        })));
    let named: Vec<Value> =
        outcome.answer().as_array().expect("results").iter().map(|result| result["entity_id"].clone()).collect();
    assert_eq!(named, ["ada", "bob", "guest-new-1", "1", "t"]);
    assert_eq!(outcome.messages()[0]["affected_entities"], json!(named));
}

#[test]
fn the_form_by_lists_counts_its_operations_through_both() {
    ada()
        .when(transact_body(json!({
            "guests": [{ "id": "ada", "operation": "update", "data": {} }],
            "tables": [{ "id": "9", "operation": "delete" }],
        })))
        .refused("not_found")
        .by_operation(1);
    ada()
        .when(transact_body(json!({ "guests": [], "tables": [{ "id": "9", "operation": "update_table" }] })))
        .faulted(&["operation"])
        .by_operation(0);
}

#[test]
fn each_form_alone_may_be_empty_but_one_must_be_there() {
    for body in [json!({ "operations": [] }), json!({ "guests": [] }), json!({ "tables": [], "guests": null })] {
        ada().when(transact_body(body)).then_nothing();
    }
    ada().when(transact_body(json!({}))).faulted(&["operations"]).by_no_operation();
    ada().when(transact_body(json!({ "operations": null }))).faulted(&["operations"]);
    ada().when(transact_body(json!({ "operations": {} }))).faulted(&["operations"]);
    ada().when(transact_body(json!({ "guests": "ada" }))).faulted(&["guests"]);
    ada().when(transact_body(json!({ "operations": [], "guests": [] }))).faulted(&["operations"]);
}

#[test]
fn there_are_at_most_200_operations() {
    ada().when(transact(updates(MAX_OPERATIONS))).then_nothing();
    ada().when(transact(updates(MAX_OPERATIONS + 1))).faulted(&["operations"]).by_no_operation();
    let list = |count: usize| -> Value { (0..count).map(|_| json!({ "id": "ada", "operation": "update" })).collect() };
    ada().when(transact_body(json!({ "guests": list(200), "tables": list(1) }))).faulted(&["operations"]);
}

#[test]
fn an_unreadable_operation_is_named_with_its_faults() {
    let fine = json!({ "op": "update_guest", "id": "ada", "data": {} });
    for (bad, fields) in [
        (json!(5), &["operation"][..]),
        (json!({}), &["op", "id"]),
        (json!({ "op": "update_guest" }), &["id"]),
        (json!({ "op": "upgrade_guest", "id": "ada" }), &["op"]),
        (json!({ "op": 7, "id": "ada" }), &["op"]),
        (json!({ "op": "update", "id": "ada" }), &["op"]),
        (json!({ "op": "update_guest", "id": "a b" }), &["id"]),
        (json!({ "op": "update_guest", "id": 5 }), &["id"]),
        (json!({ "op": "update_guest", "id": "" }), &["id"]),
        (json!({ "op": "update_guest", "id": "ada", "data": [] }), &["data"]),
        (json!({ "op": "update_guest", "id": "ada", "expected_version": 0 }), &["expected_version"]),
        (json!({ "op": "update_guest", "id": "ada", "expected_version": "1" }), &["expected_version"]),
        (json!({ "op": "update_guest", "id": "ada", "expected_version": 1.5 }), &["expected_version"]),
        (json!({ "op": "update_guest", "id": "ada", "expected_version": -1 }), &["expected_version"]),
        (
            json!({ "op": "update_guest", "id": "ada", "expected_version": 1, "expectedVersion": 2 }),
            &["expected_version"],
        ),
        (json!({ "op": "update_guest", "id": "ada", "data": { "id": "bob" } }), &["id"]),
    ] {
        ada().when(transact(json!([fine, bad]))).faulted(fields).by_operation(1);
    }
}

#[test]
fn every_wrong_field_of_one_operation_is_named() {
    let operation =
        json!({ "op": "update_guest", "id": "ada", "data": { "partySize": 0, "notes": 5, "table_id": "9" } });
    ada().when(transact(json!([operation]))).faulted(&["partySize", "notes", "table_id"]).by_operation(0);
}

#[test]
fn an_expected_version_is_a_whole_number() {
    for version in [json!(1), json!(1.0), json!(null)] {
        let operation = json!({ "op": "update_guest", "id": "ada", "expected_version": version });
        ada().when(transact(json!([operation]))).then_nothing();
    }
    let camel = json!({ "op": "update_guest", "id": "ada", "expectedVersion": 2 });
    ada().when(transact(json!([camel]))).refused("version_conflict");
}

#[test]
fn a_new_row_is_called_by_its_own_id_its_bodys_or_a_minted_one() {
    let body = |id: Value| json!({ "guestName": "Dora", "partySize": 2, "id": id });
    for (operation, id) in [
        (json!({ "op": "create_guest", "id": "dora", "data": { "guestName": "Dora", "partySize": 2 } }), "dora"),
        (json!({ "op": "create_guest", "data": body(json!("dora")) }), "dora"),
        (json!({ "op": "create_guest", "id": "dora", "data": body(json!("dora")) }), "dora"),
        (json!({ "op": "create_guest", "id": null, "data": body(json!(null)) }), "guest-new-1"),
        (json!({ "op": "create_guest", "data": { "guestName": "Dora", "partySize": 2 } }), "guest-new-1"),
    ] {
        given([]).when(transact(json!([operation]))).then([guest_created(id, json!({ "guestName": "Dora" }))]);
    }
    let differing = json!({ "op": "create_guest", "id": "dora", "data": body(json!("ada")) });
    given([]).when(transact(json!([differing]))).faulted(&["id"]);
    given([]).when(transact(json!([{ "op": "create_guest", "data": body(json!("a b")) }]))).faulted(&["id"]);
}

#[test]
fn a_new_row_without_data_lacks_what_it_needs() {
    given([]).when(transact(json!([{ "op": "create_guest" }]))).faulted(&["guestName", "partySize"]).by_operation(0);
    let bare = json!([{ "op": "create_table", "id": "t", "data": null }]);
    given([]).when(transact(bare)).faulted(&["tableNumber", "capacity"]).by_operation(0);
}

#[test]
fn a_transaction_is_echoed_by_its_name_or_a_minted_one() {
    let named = |body: Value| {
        let floor = ada().when(transact_body(merged(
            body,
            json!({ "operations": [
            { "op": "update_guest", "id": "ada", "data": { "notes": "x" } },
        ] }),
        )));
        floor.messages()[0]["transaction_id"].clone()
    };
    assert_eq!(named(json!({ "transaction_id": "my own" })), "my own");
    assert_eq!(named(json!({ "transactionId": "my own" })), "my own");
    assert_eq!(named(json!({ "transaction_id": null })), "txn-new-1");
    assert_eq!(named(json!({})), "txn-new-1");
    for bad in [json!(5), json!(""), json!("x".repeat(201)), json!("a\nb")] {
        ada().when(transact_body(json!({ "transaction_id": bad, "operations": [] }))).faulted(&["transaction_id"]);
    }
}

#[test]
fn a_restaurant_is_named_by_the_query_or_the_body_and_by_both_alike() {
    let read = |query: Option<&'static str>, body: &Value| {
        TransactionBody(object(body)).restaurant_id(query).map(str::to_owned).map_err(|error| error.field)
    };
    let refused = Err("restaurant_id".to_owned());
    assert_eq!(read(Some("a"), &json!({})), Ok("a".to_owned()));
    assert_eq!(read(None, &json!({ "restaurant_id": "a" })), Ok("a".to_owned()));
    assert_eq!(read(None, &json!({ "restaurantId": "a" })), Ok("a".to_owned()));
    assert_eq!(read(Some("a"), &json!({ "restaurant_id": "a" })), Ok("a".to_owned()));
    assert_eq!(read(Some("a"), &json!({ "restaurant_id": null })), Ok("a".to_owned()));
    assert_eq!(read(None, &json!({ "restaurant_id": "a", "restaurantId": "a" })), Ok("a".to_owned()));
    assert_eq!(read(None, &json!({})), refused);
    assert_eq!(read(None, &json!({ "restaurant_id": null })), refused);
    assert_eq!(read(Some("a"), &json!({ "restaurant_id": "b" })), refused);
    assert_eq!(read(Some("a"), &json!({ "restaurant_id": 5 })), refused);
    assert_eq!(read(None, &json!({ "restaurant_id": "a", "restaurantId": "b" })), refused);
}
