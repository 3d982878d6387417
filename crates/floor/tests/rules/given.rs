//! `given(floor).when(command).then(changes)`, or `.refused(code)`. Bodies are JSON, read as the server reads them.

use floor::{
    Answer, Change, Command, EntityKind, Expectation, GuestPatch, Operation, Purpose, Refusal, RestaurantPatch, Slice,
    Step, TablePatch, Time, TransactionBody,
};
use serde_json::{Map, Value, json};

use crate::holds::{Accepted, World, difference, id};

/// A floor, and the time on the clock of whoever asks next.
pub(crate) struct Floor {
    world: World,
    at: Time,
}

/// A floor made by `commands`, all at 19:00. Whatever is asked next is asked at 20:00.
pub(crate) fn given(commands: impl IntoIterator<Item = Command>) -> Floor {
    let mut world = World::empty(clock("19:00"));
    for command in commands {
        world.ask(command, clock("19:00")).unwrap_or_else(|refusal| panic!("not a floor: {refusal:?}"));
    }
    Floor { world, at: clock("20:00") }
}

impl Floor {
    /// What is asked next is asked at this time.
    pub(crate) fn at(self, time: &str) -> Self {
        Self { at: clock(time), ..self }
    }

    pub(crate) fn when(mut self, command: Command) -> Outcome {
        let before = self.world.floor.clone();
        let result = self.world.ask(command, self.at);
        Outcome { before, after: self, result }
    }

    pub(crate) fn guest(&self, id: &str) -> Value {
        json!(self.world.floor.guests[id])
    }

    pub(crate) fn table(&self, id: &str) -> Value {
        json!(self.world.floor.tables[id])
    }
}

/// What came of a command.
pub(crate) struct Outcome {
    before: Slice,
    after: Floor,
    result: Result<Accepted, Refusal>,
}

impl Outcome {
    /// Asserts that exactly this became true, in this order, and no other field of any row changed.
    #[track_caller]
    pub(crate) fn then<const N: usize>(self, expected: [Became; N]) -> Floor {
        let accepted = self.result.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"));
        let mut wanted = expected.iter();
        let happened = accepted.decision.changes.iter().map(|change| became(&self.before, change, wanted.next()));
        assert_eq!(happened.collect::<Vec<_>>(), expected);
        self.after
    }

    /// The floor as it is then.
    pub(crate) fn into_floor(self) -> Floor {
        self.after
    }

    /// Asserts that nothing became true, and nobody is told anything.
    #[track_caller]
    pub(crate) fn then_nothing(self) -> Floor {
        self.then([])
    }

    #[track_caller]
    pub(crate) fn refused(self, code: &str) -> Refused {
        let refusal = match self.result {
            Ok(accepted) => panic!("accepted: {:?}", accepted.decision.changes),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal.rejection.code(), code, "{refusal:?}");
        assert_ne!(refusal.rejection.to_string(), "");
        Refused { before: self.before, refusal }
    }

    /// Asserts that it is a 422 on exactly these fields.
    #[track_caller]
    pub(crate) fn faulted(self, fields: &[&str]) -> Refused {
        self.refused("invalid").naming(fields)
    }

    /// The messages that the devices hear.
    pub(crate) fn messages(&self) -> &[Value] {
        &self.result.as_ref().expect("accepted").messages
    }

    /// What the caller is told, as JSON.
    pub(crate) fn answer(&self) -> Value {
        match &self.result.as_ref().expect("accepted").decision.answer {
            Answer::One(result) => json!(result),
            Answer::Transaction { results, .. } => json!(results),
        }
    }
}

/// A no, and the rows that it was said about.
pub(crate) struct Refused {
    before: Slice,
    refusal: Refusal,
}

impl Refused {
    /// Asserts that the entity shown is this one, as it is without the request.
    #[track_caller]
    pub(crate) fn showing(self, id: &str) -> Self {
        let current = json!(self.refusal.rejection.current().expect("an entity is shown"));
        let row = match current.as_object().and_then(|entity| entity.keys().next()).map(String::as_str) {
            Some("guest") => json!({ "guest": self.before.guests[id] }),
            Some("table") => json!({ "table": self.before.tables[id] }),
            _ => json!({ "restaurant": self.before.restaurant }),
        };
        assert_eq!(current, row);
        self
    }

    /// Asserts that exactly these fields are named.
    #[track_caller]
    pub(crate) fn naming(self, fields: &[&str]) -> Self {
        let errors = self.refusal.rejection.errors();
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), fields, "{errors:?}");
        assert!(errors.iter().all(|error| !error.message.is_empty()));
        self
    }

    #[track_caller]
    pub(crate) fn by_operation(self, index: usize) {
        assert_eq!(self.refusal.operation, Some(index), "{:?}", self.refusal);
    }

    #[track_caller]
    pub(crate) fn by_no_operation(self) {
        assert_eq!(self.refusal.operation, None, "{:?}", self.refusal);
    }
}

/// A change by its name, its row's id, and the fields that are new. Of a created row, the fields that the test names.
#[derive(Debug, PartialEq)]
pub(crate) struct Became(&'static str, String, Value);

pub(crate) fn guest_created(id: &str, fields: Value) -> Became {
    Became("guest_created", id.to_owned(), fields)
}

pub(crate) fn guest_updated(id: &str, fields: Value) -> Became {
    Became("guest_updated", id.to_owned(), fields)
}

pub(crate) fn guest_deleted(id: &str) -> Became {
    Became("guest_deleted", id.to_owned(), json!({}))
}

pub(crate) fn table_created(id: &str, fields: Value) -> Became {
    Became("table_created", id.to_owned(), fields)
}

pub(crate) fn table_updated(id: &str, fields: Value) -> Became {
    Became("table_updated", id.to_owned(), fields)
}

pub(crate) fn table_deleted(id: &str) -> Became {
    Became("table_deleted", id.to_owned(), json!({}))
}

pub(crate) fn restaurant_updated(fields: Value) -> Became {
    Became("restaurant_updated", "bistro".to_owned(), fields)
}

/// `change` in the words of a test that expected `wanted` at its place.
fn became(before: &Slice, change: &Change, wanted: Option<&Became>) -> Became {
    let picked = |row: Value| match wanted.and_then(|Became(_, _, fields)| fields.as_object()) {
        Some(fields) => fields.keys().map(|name| (name.clone(), row[name].clone())).collect(),
        None => row,
    };
    match change {
        Change::RestaurantCreated(row) => Became("restaurant_created", row.id.to_string(), picked(json!(row))),
        Change::RestaurantUpdated(row) => restaurant_updated(difference(&json!(before.restaurant), &json!(row))),
        Change::RestaurantDeleted(id) => Became("restaurant_deleted", id.to_string(), json!({})),
        Change::GuestCreated(row) => guest_created(row.id.as_str(), picked(json!(row))),
        Change::GuestUpdated(row, _) => {
            guest_updated(row.id.as_str(), difference(&json!(before.guests[&row.id]), &json!(row)))
        }
        Change::GuestDeleted(id) => guest_deleted(id.as_str()),
        Change::TableCreated(row) => table_created(row.id.as_str(), picked(json!(row))),
        Change::TableUpdated(row, _) => {
            table_updated(row.id.as_str(), difference(&json!(before.tables[&row.id]), &json!(row)))
        }
        Change::TableDeleted(id) => table_deleted(id.as_str()),
    }
}

/// This minute of the evening that all tests play on.
pub(crate) fn clock(time: &str) -> Time {
    format!("2025-08-16T{time}:00Z").parse().expect("hours and minutes")
}

/// A guest to begin with: a party of two, unless the body says otherwise.
pub(crate) fn guest(id: &str, body: Value) -> Command {
    create_guest(id, merged(json!({ "guestName": id, "partySize": 2 }), body))
}

/// A table to begin with: it seats four, and its number is its id, unless the body says otherwise.
pub(crate) fn table(id: &str, body: Value) -> Command {
    create_table(id, merged(json!({ "tableNumber": id, "capacity": 4 }), body))
}

/// A guest who sits at a table that exists.
pub(crate) fn seated(id: &str, table: &str) -> Command {
    guest(id, json!({ "table_id": table }))
}

pub(crate) fn create_guest(name: &str, body: Value) -> Command {
    let (name, body) = (id(name), object(&body));
    write(Operation::CreateGuest(name.clone(), GuestPatch::read(&name, body, Purpose::Create)))
}

pub(crate) fn update_guest(name: &str, body: Value) -> Command {
    let (name, body) = (id(name), object(&body));
    write(Operation::UpdateGuest(name.clone(), GuestPatch::read(&name, body, Purpose::Update)))
}

pub(crate) fn delete_guest(name: &str) -> Command {
    write(Operation::DeleteGuest(id(name)))
}

pub(crate) fn create_table(name: &str, body: Value) -> Command {
    let (name, body) = (id(name), object(&body));
    write(Operation::CreateTable(name.clone(), TablePatch::read(&name, body, Purpose::Create)))
}

pub(crate) fn update_table(name: &str, body: Value) -> Command {
    let (name, body) = (id(name), object(&body));
    write(Operation::UpdateTable(name.clone(), TablePatch::read(&name, body, Purpose::Update)))
}

pub(crate) fn delete_table(name: &str) -> Command {
    write(Operation::DeleteTable(id(name)))
}

pub(crate) fn create_restaurant(body: Value) -> Command {
    Command::CreateRestaurant(RestaurantPatch::read(&id("bistro"), object(&body), Purpose::Create))
}

pub(crate) fn update_restaurant(body: Value) -> Command {
    Command::UpdateRestaurant(RestaurantPatch::read(&id("bistro"), object(&body), Purpose::Update), Expectation::Any)
}

/// The restaurant's parties leave dirty tables behind.
pub(crate) fn dirty_after_finish() -> Command {
    update_restaurant(json!({ "settings": { "dirtyAfterFinish": true } }))
}

/// `command`, meant for one of these versions.
pub(crate) fn if_match(versions: &[u64], command: Command) -> Command {
    let expects = Expectation::IfMatch(versions.to_vec());
    match command {
        Command::Write(step) => Command::Write(Step { expects, ..step }),
        Command::UpdateRestaurant(patch, _) => Command::UpdateRestaurant(patch, expects),
        Command::DeleteRestaurant(_) => Command::DeleteRestaurant(expects),
        other => other,
    }
}

/// The operations together, all or none.
pub(crate) fn transact(operations: Value) -> Command {
    transact_body(json!({ "transaction_id": "txn-7", "operations": operations }))
}

/// A transaction by its whole body. Minted ids are `guest-new-1` and so on.
pub(crate) fn transact_body(body: Value) -> Command {
    let mut minted = 0;
    Command::Transact(TransactionBody(object(&body)).read(|kind: Option<EntityKind>| {
        minted += 1;
        id(&kind.map_or_else(|| format!("txn-new-{minted}"), |kind| format!("{kind}-new-{minted}")))
    }))
}

fn write(operation: Operation) -> Command {
    Command::Write(Step { operation, expects: Expectation::Any })
}

pub(crate) fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("bodies are objects")
}

pub(crate) fn merged(mut base: Value, over: Value) -> Value {
    let over = object(&over).clone();
    base.as_object_mut().expect("bodies are objects").extend(over);
    base
}
