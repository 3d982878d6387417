//! A floor on which every law is checked at every command: what always holds, the log that gives the rows, the slice
//! that decides like the whole, versions that count commits. Examples and random sequences both run on it.

use std::collections::{BTreeMap, BTreeSet};

use floor::{
    Answer, Change, Command, Decision, Guest, GuestStatus, Id, Refusal, Request, RestaurantPatch, Slice, Table,
    TableStatus, Time, decide,
};
use serde_json::{Map, Value, json};

/// The rows as they stand, a device that has heard every message, and the number of the last one.
pub(crate) struct World {
    pub(crate) floor: Slice,
    device: Device,
    head: u64,
}

/// What a command that was accepted came to.
pub(crate) struct Accepted {
    pub(crate) decision: Decision,
    /// The messages, as a device parses them.
    pub(crate) messages: Vec<Value>,
}

impl World {
    /// An empty floor of the restaurant `bistro`.
    pub(crate) fn empty(at: Time) -> Self {
        let patch = RestaurantPatch::read(&id("bistro"), &Map::new(), floor::Purpose::Create);
        let mut world = Self { floor: Slice::default(), device: Device::default(), head: 0 };
        let opened = world.ask(Command::CreateRestaurant(patch), at).expect("nothing stands in the way");
        assert!(opened.messages.is_empty(), "nobody could hear of an opening");
        world
    }

    /// Decides `command`, makes it true, and checks every law.
    pub(crate) fn ask(&mut self, command: Command, at: Time) -> Result<Accepted, Refusal> {
        let request =
            Request { id: id("request-1"), restaurant: id("bistro"), origin: Some("ipad-1".to_owned()), at, command };
        let decided = decide(&self.floor, &request);
        assert_eq!(decided, decide(&self.floor, &request), "the same rows and request give the same decision");
        let narrow = narrow(&self.floor, &request.command);
        assert_eq!(decided, decide(&narrow, &request), "a slice decides like the whole floor");
        let decision = decided?;
        let texts = decision.messages(&request, self.head).map_err(Refusal::of)?;

        let answer = serde_json::to_string(&decision.answer).expect("an answer is JSON");
        let kept: Answer = serde_json::from_str(&answer).expect("an answer can be read back");
        assert_eq!(kept, decision.answer, "a retry is told what the first try was told");

        let before = self.floor.clone();
        decision.changes.iter().for_each(|change| self.floor.apply(change));
        let messages: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
        for message in &messages {
            self.head += 1;
            assert_eq!(message["seq"], self.head, "the log has no holes");
            assert_eq!(message["restaurant_id"], "bistro");
            assert_eq!(message["timestamp"], at.to_string());
            assert_eq!(message["origin"], "ipad-1");
            self.device.hear(message);
        }
        check_what_always_holds(&self.floor);
        check_versions(&before, &self.floor, &decision, at);
        assert_eq!(self.device.rows, rows(&self.floor), "folding the log gives the rows");
        Ok(Accepted { decision, messages })
    }
}

/// The rows that `command` needs, as a store loads them: with each guest its table, with each table its guest.
fn narrow(floor: &Slice, command: &Command) -> Slice {
    let needs = command.needs();
    let mut guests: BTreeSet<&Id> = needs.guests;
    let mut tables: BTreeSet<&Id> = needs.tables;
    let by_number = |table: &&Table| needs.table_numbers.contains(table.table_number.as_str());
    tables.extend(floor.tables.values().filter(by_number).map(|table| &table.id));
    let sat_at: Vec<&Id> = guests.iter().filter_map(|id| floor.guests.get(*id)?.table_id.as_ref()).collect();
    guests.extend(tables.iter().filter_map(|id| floor.tables.get(*id)?.guest_id.as_ref()));
    tables.extend(sat_at);
    Slice {
        restaurant: floor.restaurant.clone(),
        guests: guests.into_iter().filter_map(|id| floor.guests.get_key_value(id)).map(owned).collect(),
        tables: tables.into_iter().filter_map(|id| floor.tables.get_key_value(id)).map(owned).collect(),
    }
}

fn owned<T: Clone>((id, row): (&Id, &T)) -> (Id, T) {
    (id.clone(), row.clone())
}

/// The section "What always holds" of the contract, and the numbers that are unique.
fn check_what_always_holds(floor: &Slice) {
    for guest in floor.guests.values() {
        assert_eq!(guest.status == GuestStatus::Seated, guest.table_id.is_some(), "seated iff at a table: {guest:?}");
        if let Some(table) = &guest.table_id {
            let table = floor.tables.get(table).expect("a guest sits at a table that exists");
            assert_eq!(table.guest_id.as_ref(), Some(&guest.id), "the table points back");
        }
        let times: Vec<Time> =
            [guest.check_in_time, guest.seated_time, guest.finished_time].into_iter().flatten().collect();
        assert!(times.is_sorted(), "each time is at least its predecessor: {guest:?}");
    }
    for table in floor.tables.values() {
        let occupied = table.status == TableStatus::Occupied;
        assert_eq!(occupied, table.guest_id.is_some(), "occupied iff somebody sits there: {table:?}");
        if let Some(guest) = &table.guest_id {
            let guest = floor.guests.get(guest).expect("a table is taken by a guest who exists");
            assert_eq!(guest.table_id.as_ref(), Some(&table.id), "the guest points back");
        }
    }
    let numbers: BTreeSet<&str> = floor.tables.values().map(|table| table.table_number.as_str()).collect();
    assert_eq!(numbers.len(), floor.tables.len(), "table numbers are unique");
}

/// A changed row counts one version and bears the request's time; others stay to the last field. The changes name
/// the changed rows, each once.
fn check_versions(before: &Slice, after: &Slice, decision: &Decision, at: Time) {
    let (before, after) = (rows(before), rows(after));
    let mut changed: BTreeSet<String> = BTreeSet::new();
    for key in before.keys().chain(after.keys()) {
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) => {
                assert_eq!(
                    new["version"],
                    old["version"].as_u64().expect("a count") + 1,
                    "one version a commit: {new}"
                );
                assert_eq!(new["updatedAt"], at.to_string());
                let content = difference(old, new);
                assert_ne!(content, json!({}), "only what really changes is changed");
            }
            (None, Some(new)) => {
                assert_eq!(new["version"], 1, "versions begin at 1: {new}");
                assert_eq!((&new["createdAt"], &new["updatedAt"]), (&json!(at), &json!(at)));
            }
            (_, None) => {}
        }
        changed.insert(key.clone());
    }
    let named: Vec<String> = decision.changes.iter().filter_map(row_of).collect();
    assert_eq!(named.len(), changed.len(), "each changed row has one change: {named:?} tell of {changed:?}");
    assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), changed);
}

/// The fields of `new` that are not as they were in `old`, besides what every commit counts.
pub(crate) fn difference(old: &Value, new: &Value) -> Value {
    let fields = new.as_object().expect("a row");
    let differs = |name: &str, value: &Value| !["version", "updatedAt"].contains(&name) && old[name] != *value;
    fields
        .iter()
        .filter(|(name, value)| differs(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn row_of(change: &Change) -> Option<String> {
    match change {
        Change::RestaurantCreated(_) | Change::RestaurantUpdated(_) | Change::RestaurantDeleted(_) => None,
        Change::GuestCreated(Guest { id, .. })
        | Change::GuestUpdated(Guest { id, .. }, _)
        | Change::GuestDeleted(id) => Some(format!("guest {id}")),
        Change::TableCreated(Table { id, .. })
        | Change::TableUpdated(Table { id, .. }, _)
        | Change::TableDeleted(id) => Some(format!("table {id}")),
    }
}

/// All guests and tables as JSON.
fn rows(floor: &Slice) -> BTreeMap<String, Value> {
    let guests = floor.guests.iter().map(|(id, row)| (format!("guest {id}"), json!(row)));
    let tables = floor.tables.iter().map(|(id, row)| (format!("table {id}"), json!(row)));
    guests.chain(tables).collect()
}

/// A device: it knows only what it has heard.
#[derive(Default)]
struct Device {
    rows: BTreeMap<String, Value>,
}

impl Device {
    fn hear(&mut self, message: &Value) {
        let kind = message["type"].as_str().expect("a message has a type");
        let data = &message["data"];
        let (noun, happened) = match kind {
            "restaurant_updated" => return,
            "atomic_transaction_complete" => {
                let changes = message["changes"].as_array().expect("a transaction lists its changes");
                return changes.iter().for_each(|change| self.hear(change));
            }
            kind => kind.split_once('_').expect("the other types are of two words"),
        };
        let key = format!("{noun} {}", message[format!("{noun}_id")].as_str().expect("the row's id"));
        assert_eq!(data["id"], message[format!("{noun}_id")]);
        match (happened, self.rows.get(&key)) {
            ("created", None) => assert_eq!(message.get("action"), None),
            ("updated", Some(old)) => {
                let action = if old["status"] == data["status"] { "update" } else { "status_change" };
                assert_eq!(message["action"], action, "{message}");
            }
            ("deleted", Some(_)) => {
                assert_eq!(*data, json!({ "id": data["id"] }));
                self.rows.remove(&key);
                return;
            }
            (_, known) => panic!("{message} to a device that knows {known:?}"),
        }
        self.rows.insert(key, data.clone());
    }
}

pub(crate) fn id(text: &str) -> Id {
    text.parse().expect("an id")
}
