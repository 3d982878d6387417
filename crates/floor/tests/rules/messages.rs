//! What the devices hear, key for key, and what the caller is told.

use floor::{MAX_MESSAGE_BYTES, Request, Slice, decide};
use serde_json::{Value, json};

use crate::{given::*, holds::id};

const AT: &str = "2025-08-16T20:00:00.000000Z";

#[test]
fn a_new_guest_is_told_key_for_key() {
    let outcome = given([]).when(create_guest("guest-789", json!({ "guestName": "John Doe", "partySize": 4 })));
    let guest = outcome.answer()["guest"].clone();
    assert_eq!(
        outcome.messages(),
        [json!({
            "type": "guest_created", "restaurant_id": "bistro", "guest_id": "guest-789", "timestamp": AT, "data": guest,
            "seq": 1, "origin": "ipad-1",
        })]
    );
}

#[test]
fn a_seating_is_told_of_the_guest_and_then_of_the_table() {
    let floor = given([table("table-456", json!({})), guest("guest-123", json!({}))]);
    let outcome = floor.when(update_guest("guest-123", json!({ "status": "seated", "table_id": "table-456" })));
    let messages = outcome.messages().to_vec();
    let floor = outcome.into_floor();
    assert_eq!(
        messages,
        [
            json!({
                "type": "guest_updated", "restaurant_id": "bistro", "guest_id": "guest-123", "action": "status_change",
                "timestamp": AT, "data": floor.guest("guest-123"), "seq": 3, "origin": "ipad-1",
            }),
            json!({
                "type": "table_updated", "restaurant_id": "bistro", "table_id": "table-456", "action": "status_change",
                "timestamp": AT, "data": floor.table("table-456"), "seq": 4, "origin": "ipad-1",
            }),
        ]
    );
    assert_eq!(floor.guest("guest-123")["updatedAt"], AT);
}

#[test]
fn an_update_that_keeps_the_status_says_so() {
    let floor = given([table("1", json!({})), guest("ada", json!({}))]);
    let outcome = floor.when(update_guest("ada", json!({ "notes": "x" })));
    assert_eq!(outcome.messages()[0]["action"], "update");
    let outcome = outcome.into_floor().when(update_table("1", json!({ "notes": "x" })));
    assert_eq!(outcome.messages()[0]["action"], "update");
}

#[test]
fn a_deletion_is_told_with_the_id_alone() {
    let outcome = given([guest("ada", json!({}))]).when(delete_guest("ada"));
    assert_eq!(
        outcome.messages(),
        [json!({
            "type": "guest_deleted", "restaurant_id": "bistro", "guest_id": "ada", "timestamp": AT,
            "data": { "id": "ada" }, "seq": 2, "origin": "ipad-1",
        })]
    );
    let outcome = given([table("1", json!({}))]).when(delete_table("1"));
    assert_eq!(
        outcome.messages(),
        [json!({
            "type": "table_deleted", "restaurant_id": "bistro", "table_id": "1", "timestamp": AT, "data": { "id": "1" },
            "seq": 2, "origin": "ipad-1",
        })]
    );
}

#[test]
fn a_new_table_and_a_changed_restaurant_are_told_key_for_key() {
    let outcome = given([]).when(table("1", json!({})));
    let table = outcome.answer()["table"].clone();
    assert_eq!(
        outcome.messages(),
        [json!({
            "type": "table_created", "restaurant_id": "bistro", "table_id": "1", "timestamp": AT, "data": table, "seq": 1,
            "origin": "ipad-1",
        })]
    );
    let outcome = given([]).when(update_restaurant(json!({ "name": "Nous" })));
    let restaurant = outcome.answer()["restaurant"].clone();
    assert_eq!(
        outcome.messages(),
        [json!({
            "type": "restaurant_updated", "restaurant_id": "bistro", "timestamp": AT, "data": restaurant, "seq": 1,
            "origin": "ipad-1",
        })]
    );
}

#[test]
fn a_transaction_is_one_message_key_for_key() {
    let floor = given([table("1", json!({})), table("2", json!({})), guest("ada", json!({})), guest("bob", json!({}))]);
    let outcome = floor.when(transact(json!([
        { "op": "update_guest", "id": "ada", "data": { "table_id": "1" } },
        { "op": "delete_guest", "id": "bob" },
        { "op": "create_guest", "id": "cleo", "data": { "guestName": "Cleo", "partySize": 1 } },
        { "op": "update_table", "id": "2", "data": { "notes": "x" } },
        { "op": "update_guest", "id": "ada", "data": {} },
    ])));
    let messages = outcome.messages().to_vec();
    let floor = outcome.into_floor();
    assert_eq!(
        messages,
        [json!({
            "type": "atomic_transaction_complete", "restaurant_id": "bistro", "transaction_id": "txn-7", "timestamp": AT,
            "affected_entities": ["ada", "bob", "cleo", "2", "1"],
            "changes": [
                { "type": "guest_updated", "guest_id": "ada", "action": "status_change", "data": floor.guest("ada") },
                { "type": "guest_deleted", "guest_id": "bob", "data": { "id": "bob" } },
                { "type": "guest_created", "guest_id": "cleo", "data": floor.guest("cleo") },
                { "type": "table_updated", "table_id": "2", "action": "update", "data": floor.table("2") },
                { "type": "table_updated", "table_id": "1", "action": "status_change", "data": floor.table("1") },
            ],
            "seq": 5, "origin": "ipad-1",
        })]
    );
}

#[test]
fn affected_entities_are_those_named_in_order_then_the_side_effects() {
    let floor = given([table("1", json!({})), table("2", json!({})), seated("ada", "1"), guest("bob", json!({}))]);
    let outcome = floor.when(transact(json!([
        { "op": "update_guest", "id": "bob", "data": {} },
        { "op": "update_table", "id": "1", "data": { "status": "available" } },
        { "op": "update_guest", "id": "bob", "data": { "table_id": "2" } },
    ])));
    assert_eq!(outcome.messages()[0]["affected_entities"], json!(["bob", "1", "ada", "2"]));
}

#[test]
fn an_origin_that_nobody_gave_is_null() {
    let command = create_restaurant(json!({}));
    let request =
        |command| Request { id: id("r"), restaurant: id("bistro"), origin: None, at: clock("20:00"), command };
    let mut slice = Slice::default();
    let opened = decide(&slice, &request(command)).expect("nothing stands in the way");
    opened.changes.iter().for_each(|change| slice.apply(change));
    let asked = request(guest("ada", json!({})));
    let texts = decide(&slice, &asked).expect("a guest").messages(&asked, 41).expect("small");
    let message: Value = serde_json::from_str(&texts[0]).expect("JSON");
    assert_eq!((&message["origin"], &message["seq"]), (&Value::Null, &json!(42)));
    assert!(message.as_object().expect("an object").contains_key("origin"));
}

#[test]
fn a_transaction_whose_message_is_too_large_is_refused_whole() {
    // Each guest takes some 8 KiB in the message (notes of 2,000 characters of four bytes each); names make it exact.
    let operations = |padding: usize| -> Value {
        let body = |index: usize| {
            let name = "A".repeat(1 + padding.saturating_sub(index * 199).min(199));
            json!({ "guestName": name, "partySize": 2, "notes": "🍽".repeat(2_000) })
        };
        (0..61)
            .map(|index| json!({ "op": "create_guest", "id": format!("guest-{index:02}"), "data": body(index) }))
            .collect()
    };
    let size = |padding| given([]).when(transact(operations(padding))).messages()[0].to_string().len();
    let room = MAX_MESSAGE_BYTES - size(0);
    assert_eq!(size(room), 512 * 1024);
    given([]).when(transact(operations(room + 1))).refused("too_large").by_no_operation();
}

#[test]
fn the_largest_single_row_is_far_from_too_large() {
    let body = json!({
        "guestName": "\"".repeat(200), "partySize": 2, "notes": "\\".repeat(2_000), "phone": "🍽".repeat(40),
        "email": "🍽".repeat(254), "tags": vec!["🍽".repeat(40); 20],
    });
    let outcome = given([]).when(create_guest("ada", body));
    assert!(outcome.messages()[0].to_string().len() < 16 * 1024);
}
