//! How a wish is said on a floor as it is: in JSON, read as the server reads it.

use floor::{
    Command, Expectation, GuestStatus, Id, Purpose, RestaurantPatch, Slice, Step, TableStatus, Transaction,
    TransactionBody,
};
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::{
    clock,
    holds::id,
    wishes::{Deed, Form, GuestBody, Meant, Reference, Row, TableBody, Wish},
};

const GUESTS: [&str; 6] = ["g1", "g2", "g3", "g4", "g5", "g6"];
const TABLES: [&str; 5] = ["t1", "t2", "t3", "t4", "t5"];

/// Four tables and four guests, so that the evening begins at once.
pub(crate) fn opening() -> impl Iterator<Item = Command> {
    let table =
        |index: usize| json!({ "op": "create_table", "id": TABLES[index], "data": { "number": index, "capacity": 4 } });
    let guest =
        |index: usize| json!({ "op": "create_guest", "id": GUESTS[index], "data": { "name": "Ada", "partySize": 2 } });
    (0..4)
        .map(table)
        .chain((0..4).map(guest))
        .map(|operation| Command::Transact(read(&json!({ "operations": [operation] }))))
}

impl Wish {
    pub(crate) const NAMES: [&str; 9] =
        ["one", "several", "swap", "mirrored", "walk in", "clear and move", "end", "again", "custom"];

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::One(..) => "one",
            Self::Several(..) => "several",
            Self::Swap(..) => "swap",
            Self::Mirrored { .. } => "mirrored",
            Self::WalkIn { .. } => "walk in",
            Self::ClearAndMove { .. } => "clear and move",
            Self::End { .. } => "end",
            Self::Again { .. } => "again",
            Self::Custom { .. } => "custom",
        }
    }

    /// What is asked for on this floor.
    pub(crate) fn command(&self, floor: &Slice) -> Command {
        let seated: Vec<&str> =
            floor.tables.values().filter_map(|table| Some(table.guest_id.as_ref()?.as_str())).collect();
        let at = |guest: &str| json!(floor.guests.get(guest).and_then(|guest| guest.table_id.as_ref()));
        let both = |mut halves: [Value; 2], table_first: bool| {
            if table_first {
                halves.reverse();
            }
            together(halves.to_vec(), Form::Operations)
        };
        match self {
            Self::One(deed, meant) => one(&deed.operation(floor, *meant)),
            Self::Several(deeds, form) => {
                together(deeds.iter().map(|(deed, meant)| deed.operation(floor, *meant)).collect(), *form)
            }
            Self::Swap(one, other) => {
                let one = pick(one, &seated, "g1");
                let others: Vec<&str> = seated.into_iter().filter(|guest| *guest != one).collect();
                let other = pick(other, &others, "g2");
                together(
                    vec![
                        on_guest(one, json!({ "table_id": at(other) })),
                        on_guest(other, json!({ "table_id": at(one) })),
                    ],
                    Form::Operations,
                )
            }
            Self::Mirrored { guest, table, table_first } => {
                let (guest, table) = (pick(guest, &waiting(floor), "g1"), pick(table, &free(floor), "t1"));
                let sits = on_guest(guest, json!({ "status": "seated", "table_id": table, "override": true }));
                both([sits, on_table(table, json!({ "status": "occupied", "guest_id": guest }))], *table_first)
            }
            Self::WalkIn { table } => {
                let there: Vec<&str> = floor.guests.keys().map(Id::as_str).collect();
                let (guest, table) = (absent(&GUESTS, &there), pick(table, &free(floor), "t1"));
                let data = json!({ "guestName": "Walk-in", "partySize": 3 });
                let comes = json!({ "op": "create_guest", "id": guest, "data": data });
                together(vec![comes, on_table(table, json!({ "guest_id": guest }))], Form::Operations)
            }
            Self::ClearAndMove { guest, table } => {
                let (guest, table) = (pick(guest, &seated, "g1"), pick(table, &free(floor), "t1"));
                let left = at(guest).as_str().unwrap_or("t2").to_owned();
                let clears = on_table(&left, json!({ "status": "available", "guest_id": null }));
                together(
                    vec![clears, on_guest(guest, json!({ "table_id": table, "override": true }))],
                    Form::Operations,
                )
            }
            Self::End { guest, dirty, table_first } => {
                let guest = pick(guest, &seated, "g1");
                let left = at(guest).as_str().unwrap_or("t1").to_owned();
                let status = if *dirty { "dirty" } else { "available" };
                let ends = on_guest(guest, json!({ "status": "finished", "table_id": null }));
                both([ends, on_table(&left, json!({ "status": status, "guest_id": null }))], *table_first)
            }
            Self::Again { guest: true, row } => {
                let id = pick(row, &GUESTS, "g1");
                let data = json!({ "guestName": "Again", "partySize": 2 });
                together(
                    vec![
                        json!({ "op": "delete_guest", "id": id }),
                        json!({ "op": "create_guest", "id": id, "data": data }),
                    ],
                    Form::Lists,
                )
            }
            Self::Again { guest: false, row } => {
                let id = pick(row, &TABLES, "t1");
                let data = json!({ "tableNumber": id, "capacity": 4 });
                together(
                    vec![
                        json!({ "op": "delete_table", "id": id }),
                        json!({ "op": "create_table", "id": id, "data": data }),
                    ],
                    Form::Operations,
                )
            }
            Self::Custom { dirty_after_finish } => {
                let body = json!({ "settings": { "dirtyAfterFinish": dirty_after_finish } });
                let patch = RestaurantPatch::read(&id("bistro"), object(&body), Purpose::Update);
                Command::UpdateRestaurant(patch, Expectation::Any)
            }
        }
    }
}

impl Deed {
    /// The operation as a device writes it.
    fn operation(&self, floor: &Slice, meant: Meant) -> Value {
        let guests: Vec<&str> = floor.guests.keys().map(Id::as_str).collect();
        let tables: Vec<&str> = floor.tables.keys().map(Id::as_str).collect();
        let absent =
            |all: &[&'static str], there: &[&str]| all.iter().copied().find(|id| !there.contains(id)).unwrap_or(all[0]);
        let (op, id, data, version) = match self {
            Self::CreateGuest(body) => {
                let id = absent(&GUESTS, &guests);
                ("create_guest", id, with(json!({ "guestName": "Ada", "partySize": 2 }), body.json(floor, None)), None)
            }
            Self::UpdateGuest(row, body) => {
                let id = row.pick(&guests, &GUESTS);
                let guest = floor.guests.get(id);
                (
                    "update_guest",
                    id,
                    body.json(floor, guest.map(|guest| guest.status)),
                    guest.map(|guest| guest.version),
                )
            }
            Self::DeleteGuest(row) => {
                let id = row.pick(&guests, &GUESTS);
                ("delete_guest", id, json!({}), floor.guests.get(id).map(|guest| guest.version))
            }
            Self::CreateTable(body) => {
                let id = absent(&TABLES, &tables);
                ("create_table", id, with(json!({ "tableNumber": id, "capacity": 4 }), body.json(floor)), None)
            }
            Self::UpdateTable(row, body) => {
                let id = row.pick(&tables, &TABLES);
                ("update_table", id, body.json(floor), floor.tables.get(id).map(|table| table.version))
            }
            Self::DeleteTable(row) => {
                let id = row.pick(&tables, &TABLES);
                ("delete_table", id, json!({}), floor.tables.get(id).map(|table| table.version))
            }
        };
        let expected = match (meant, version) {
            (Meant::Any, _) | (_, None) => None,
            (Meant::This, Some(version)) => Some(version),
            (Meant::Another, Some(version)) => Some(version + 1),
        };
        json!({ "op": op, "id": id, "data": data, "expected_version": expected })
    }
}

impl Row {
    fn pick<'a>(&self, there: &[&'a str], all: &[&'a str]) -> &'a str {
        match self {
            Self::There(index) if !there.is_empty() => there[index.index(there.len())],
            Self::There(index) | Self::Any(index) => all[index.index(all.len())],
        }
    }
}

impl Reference {
    fn json(&self, free: &[&str], all: &[&str]) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Null => Some(json!(null)),
            Self::Empty => Some(json!("")),
            Self::Free(index) => Some(json!(pick(index, free, all[0]))),
            Self::Any(index) => Some(json!(index.get(all))),
        }
    }
}

impl GuestBody {
    /// The body of a guest whose status is `from`, if it is there.
    fn json(&self, floor: &Slice, from: Option<GuestStatus>) -> Value {
        let table = self
            .table
            .json(&free(floor), &TABLES)
            .filter(|_| from.is_none_or(|from| from.can_become(GuestStatus::Seated)));
        let claims = table.as_ref().is_some_and(|table| table.as_str().is_some_and(|id| !id.is_empty()));
        let status = self.status.as_ref().map(|(index, sensible)| {
            let follows = |status: &GuestStatus| {
                from.is_none_or(|from| from.can_become(*status)) && claims == (*status == GuestStatus::Seated)
            };
            let all: Vec<GuestStatus> =
                GuestStatus::ALL.into_iter().filter(|status| !sensible || follows(status)).collect();
            if all.is_empty() { GuestStatus::Waiting } else { *index.get(&all) }
        });
        let check_in = self.check_in_minute.map(|minute| clock(minute, 0));
        told([
            ("table_id", table),
            ("status", status.map(|status| json!(status))),
            ("partySize", self.party_size.map(|size| json!(size))),
            ("override", self.overrides.map(|overrides| json!(overrides))),
            ("checkInTime", check_in.map(|time| json!(time))),
            ("notes", self.notes.as_ref().map(|notes| json!(notes))),
        ])
    }
}

impl TableBody {
    fn json(&self, floor: &Slice) -> Value {
        told([
            (
                "guest_id",
                self.guest
                    .json(&waiting(floor), &GUESTS)
                    .filter(|_| self.status.is_none_or(|status| status == TableStatus::Occupied)),
            ),
            ("status", self.status.map(|status| json!(status))),
            ("number", self.number.map(|number| json!(number))),
            ("capacity", self.capacity.map(|capacity| json!(capacity))),
            ("override", self.overrides.map(|overrides| json!(overrides))),
            ("position", self.position.map(|(x, y)| json!({ "x": x, "y": y }))),
        ])
    }
}

fn on_guest(id: &str, data: Value) -> Value {
    json!({ "op": "update_guest", "id": id, "data": data })
}

fn on_table(id: &str, data: Value) -> Value {
    json!({ "op": "update_table", "id": id, "data": data })
}

/// The tables that can be seated.
fn free(floor: &Slice) -> Vec<&str> {
    let can_be = |status: TableStatus| matches!(status, TableStatus::Available | TableStatus::Reserved);
    floor.tables.values().filter(|table| can_be(table.status)).map(|table| table.id.as_str()).collect()
}

/// The guests who could sit down.
fn waiting(floor: &Slice) -> Vec<&str> {
    floor.guests.values().filter(|guest| !guest.status.is_over()).map(|guest| guest.id.as_str()).collect()
}

fn absent(all: &[&'static str], there: &[&str]) -> &'static str {
    all.iter().copied().find(|id| !there.contains(id)).unwrap_or(all[0])
}

fn pick<'a>(index: &Index, of: &[&'a str], otherwise: &'a str) -> &'a str {
    if of.is_empty() { otherwise } else { of[index.index(of.len())] }
}

/// The fields that are told of.
fn told<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn with(mut base: Value, over: Value) -> Value {
    base.as_object_mut().expect("a body").extend(object(&over).clone());
    base
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("a body")
}

/// A request that is no transaction.
fn one(operation: &Value) -> Command {
    let step = read(&json!({ "operations": [operation] })).steps.remove(0);
    let expects = match step.expects {
        Expectation::Version(version) => Expectation::IfMatch(vec![version]),
        other => other,
    };
    Command::Write(Step { expects, ..step })
}

fn together(operations: Vec<Value>, form: Form) -> Command {
    let body = match form {
        Form::Operations => json!({ "operations": operations }),
        Form::Lists => {
            let list = |noun: &str| -> Value {
                let of_noun = |mut operation: Value| {
                    let verb = operation["op"].as_str()?.strip_suffix(noun)?.trim_end_matches('_').to_owned();
                    operation["operation"] = json!(verb);
                    Some(operation)
                };
                operations.iter().cloned().filter_map(of_noun).collect()
            };
            json!({ "guests": list("guest"), "tables": list("table") })
        }
    };
    Command::Transact(read(&body))
}

fn read(body: &Value) -> Transaction {
    let transaction = TransactionBody(object(body)).read(|_| id("minted"));
    assert!(transaction.errors.is_empty(), "{:?}", transaction.errors);
    transaction
}
