//! No JSON breaks a reader, and whatever it reads can be decided.

use floor::{Command, Expectation, GuestPatch, Operation, Purpose, RestaurantPatch, Step, TablePatch, TransactionBody};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{
    clock, config,
    holds::{World, id},
    said,
};

/// Every name that means something in some body.
const NAMES: [&str; 46] = [
    "id",
    "guestName",
    "name",
    "guest_name",
    "first_name",
    "firstName",
    "last_name",
    "lastName",
    "partySize",
    "party_size",
    "status",
    "table_id",
    "tableId",
    "assignedTableId",
    "phone",
    "phoneNumber",
    "email",
    "notes",
    "tags",
    "source",
    "reservationTime",
    "checkInTime",
    "check_in_time",
    "notifiedTime",
    "quotedWaitMinutes",
    "override",
    "tableNumber",
    "number",
    "capacity",
    "guest_id",
    "currentGuestId",
    "section",
    "shape",
    "position",
    "rotation",
    "timezone",
    "settings",
    "dirtyAfterFinish",
    "op",
    "operation",
    "data",
    "expected_version",
    "operations",
    "guests",
    "tables",
    "transaction_id",
];

/// Texts that come close to meaning something.
const TEXTS: [&str; 22] = [
    "",
    " ",
    "g1",
    "g9",
    "t1",
    "t9",
    "seated",
    "Waitlist",
    "occupied",
    "cleaning",
    "finished",
    "create_guest",
    "update_table",
    "delete_guest",
    "update",
    "create",
    "2025-08-16T20:00:00Z",
    "-9999-01-01T00:00:00Z",
    "9999-12-31T23:59:60.9999999Z",
    "Europe/Paris",
    "round",
    "\u{0}",
];

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..101).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object_of(inner).prop_map(Value::from),
        ]
    })
}

pub(crate) fn object_of(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let names = prop_oneof![30 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => ".{0,8}"];
    prop::collection::btree_map(names, values, 0..8).prop_map(|fields| fields.into_iter().collect())
}

/// An operation that is mostly well-formed around a body that is not.
pub(crate) fn operation() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(
        &["create_guest", "update_guest", "delete_guest", "create_table", "update_table", "delete_table", "update"][..],
    );
    let id = prop::sample::select(&["g1", "g2", "t1", "t2", "nobody", "a b"][..]);
    (op, id, object_of(json()))
        .prop_map(|(op, id, data)| json!({ "op": op, "operation": "update", "id": id, "data": data }))
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn no_body_breaks_a_reader_and_every_body_is_decided(body in object_of(json())) {
        let mut world = World::empty(clock(0, 0));
        for command in said::opening() {
            world.ask(command, clock(0, 1)).map(drop).expect("the opening is accepted");
        }
        let (guest, table) = (id("g1"), id("t1"));
        let write = |operation| Command::Write(Step { operation, expects: Expectation::Any });
        let commands = [
            write(Operation::UpdateGuest(guest.clone(), GuestPatch::read(&guest, &body, Purpose::Update))),
            write(Operation::UpdateTable(table.clone(), TablePatch::read(&table, &body, Purpose::Update))),
            write(Operation::CreateGuest(id("g9"), GuestPatch::read(&id("g9"), &body, Purpose::Create))),
            write(Operation::CreateTable(id("t9"), TablePatch::read(&id("t9"), &body, Purpose::Create))),
            Command::UpdateRestaurant(RestaurantPatch::read(&id("bistro"), &body, Purpose::Update), Expectation::Any),
            Command::Transact(TransactionBody(&body).read(|_| id("minted"))),
        ];
        for (command, index) in commands.into_iter().zip(2..) {
            let refusal = world.ask(command, clock(0, index)).err();
            prop_assert!(refusal.is_none_or(|refusal| !refusal.rejection.to_string().is_empty()));
        }
        let named = TransactionBody(&body).restaurant_id(None);
        prop_assert!(named.is_ok() || named.is_err_and(|error| error.field == "restaurant_id"));
    }

    #[test]
    fn no_operation_breaks_a_reader_and_every_transaction_is_decided(operations in prop::collection::vec(operation(), 0..4)) {
        let mut world = World::empty(clock(0, 0));
        for command in said::opening() {
            world.ask(command, clock(0, 1)).map(drop).expect("the opening is accepted");
        }
        for form in [json!({ "operations": operations }), json!({ "guests": operations }), json!({ "tables": operations })] {
            let transaction = TransactionBody(form.as_object().expect("an object")).read(|_| id("minted"));
            prop_assert!(transaction.errors.is_empty() || transaction.unreadable.is_some());
            let refusal = world.ask(Command::Transact(transaction), clock(0, 2)).err();
            prop_assert!(refusal.is_none_or(|refusal| !refusal.rejection.to_string().is_empty()));
        }
    }
}
