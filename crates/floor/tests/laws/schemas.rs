//! What the schemas say of a body, and what its reader makes of it: a body that does not fit is refused, and one that fits
//! is called wrong only by a rule that no schema can say.

use std::sync::LazyLock;

use floor::{
    Command, Expectation, FieldError, GuestPatch, Operation, Purpose, Rejection, RestaurantPatch, Step, TablePatch,
    TransactionBody,
};
use jsonschema::Validator;
use proptest::prelude::*;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    clock, config,
    holds::{World, id},
    readers::{json, object_of, operation},
    said,
};

/// Why a body may be wrong though each of its fields is right.
const RULES: [&str; 11] = [
    "is said twice",
    "is not the one that is written to",
    "is required by status",
    "must not be after",
    "can't be given beside",
    "can't stand beside",
    "names no ",
    // A first and a last name together may be too long.
    "must be at most 200 characters",
    // There are names that no zone has, and the last day of the year 9999 is beyond what a time can be.
    "must be an IANA time zone",
    "must be an RFC 3339 time",
    // The lists of a transaction count together.
    "must be at most 200, not",
];

/// Made once: there are long patterns in them.
static NEW_GUEST: LazyLock<Validator> = LazyLock::new(|| validator(|s| GuestPatch::schema(Purpose::Create, s)));
static GUEST_CHANGES: LazyLock<Validator> = LazyLock::new(|| validator(|s| GuestPatch::schema(Purpose::Update, s)));
static NEW_TABLE: LazyLock<Validator> = LazyLock::new(|| validator(|s| TablePatch::schema(Purpose::Create, s)));
static TABLE_CHANGES: LazyLock<Validator> = LazyLock::new(|| validator(|s| TablePatch::schema(Purpose::Update, s)));
static RESTAURANT_CHANGES: LazyLock<Validator> =
    LazyLock::new(|| validator(|s| RestaurantPatch::schema(Purpose::Update, s)));
static TRANSACTION: LazyLock<Validator> = LazyLock::new(|| validator(TransactionBody::schema));

fn validator(make: impl FnOnce(&mut SchemaGenerator) -> Schema) -> Validator {
    let mut schemas = SchemaSettings::draft2020_12().into_generator();
    let mut schema = make(&mut schemas).to_value();
    schema["$defs"] = schemas.take_definitions(true).into();
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

fn world() -> World {
    let mut world = World::empty(clock(0, 0));
    for command in said::opening() {
        world.ask(command, clock(0, 1)).map(drop).expect("the opening is accepted");
    }
    world
}

/// A body that often has what a new row needs.
fn body() -> impl Strategy<Value = Map<String, Value>> {
    let needs = json!({ "guestName": "Ada", "partySize": 2, "tableNumber": 12, "capacity": 4 });
    (object_of(json()), any::<bool>()).prop_map(move |(mut body, is_whole)| {
        if is_whole {
            let needs = needs.as_object().expect("an object").clone();
            needs.into_iter().for_each(|(name, value)| _ = body.entry(name).or_insert(value));
        }
        body
    })
}

/// The faults of a refusal that no rule explains.
fn unexplained(rejection: &Rejection) -> Vec<FieldError> {
    let explained = |error: &FieldError| RULES.iter().any(|rule| error.message.starts_with(rule));
    rejection.errors().into_iter().filter(|error| !explained(error)).collect()
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_body_fits_its_schema_if_and_only_if_its_reader_finds_nothing_wrong_with_a_field(body in body()) {
        let guest = |id: &str, purpose| GuestPatch::read(&id.parse().expect("an id"), &body, purpose);
        let table = |id: &str, purpose| TablePatch::read(&id.parse().expect("an id"), &body, purpose);
        let write = |operation| Command::Write(Step { operation, expects: Expectation::Any });
        let (create, update) = (Purpose::Create, Purpose::Update);
        let restaurant = RestaurantPatch::read(&id("bistro"), &body, update);
        let cases = [
            (&*NEW_GUEST, write(Operation::CreateGuest(id("g9"), guest("g9", create)))),
            (&*GUEST_CHANGES, write(Operation::UpdateGuest(id("g1"), guest("g1", update)))),
            (&*NEW_TABLE, write(Operation::CreateTable(id("t9"), table("t9", create)))),
            (&*TABLE_CHANGES, write(Operation::UpdateTable(id("t1"), table("t1", update)))),
            (&*RESTAURANT_CHANGES, Command::UpdateRestaurant(restaurant, Expectation::Any)),
        ];
        let value = Value::Object(body.clone());
        for (validator, command) in cases {
            let asked = format!("{command:?}");
            let refusal = world().ask(command, clock(0, 2)).err();
            let faults = refusal.as_ref().map(|refusal| unexplained(&refusal.rejection)).unwrap_or_default();
            match validator.validate(&value) {
                Ok(()) => prop_assert!(faults.is_empty(), "{faults:?} of {asked}"),
                Err(error) => {
                    let is_wrong = refusal.is_some_and(|refusal| !refusal.rejection.errors().is_empty());
                    // What contradicts itself may hide what else is wrong with it.
                    prop_assert!(is_wrong || contradicts_itself(&body), "{error} in {asked}");
                }
            }
        }
    }

    #[test]
    fn a_transaction_that_does_not_fit_its_schema_is_refused(operations in prop::collection::vec(operation(), 0..3)) {
        for form in [json!({ "operations": operations }), json!({ "guests": operations }), json!({ "tables": operations })] {
            let transaction = TransactionBody(form.as_object().expect("an object")).read(|_| id("minted"));
            let refusal = world().ask(Command::Transact(transaction), clock(0, 2)).err();
            let faults = refusal.as_ref().map(|refusal| unexplained(&refusal.rejection)).unwrap_or_default();
            match TRANSACTION.validate(&form) {
                Ok(()) => prop_assert!(faults.is_empty(), "{faults:?} of {form}"),
                Err(error) => prop_assert!(refusal.is_some(), "{error} in {form}"),
            }
        }
    }
}

/// Whether a body says the same field under several names: the first wrong one is told, or that they disagree.
fn contradicts_itself(body: &Map<String, Value>) -> bool {
    let spellings: [&[&str]; 7] = [
        &["guestName", "name", "guest_name", "first_name", "firstName", "last_name", "lastName"],
        &["partySize", "party_size"],
        &["table_id", "tableId", "assignedTableId"],
        &["phone", "phoneNumber"],
        &["checkInTime", "check_in_time"],
        &["tableNumber", "number"],
        &["guest_id", "currentGuestId"],
    ];
    spellings.iter().any(|names| names.iter().filter(|name| body.contains_key(**name)).count() > 1)
}
