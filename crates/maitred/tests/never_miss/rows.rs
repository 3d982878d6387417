//! The rows of one restaurant, folded from messages as a device folds them. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

type Table = BTreeMap<String, Arc<Value>>;

/// What is known of a restaurant. Clones share the rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    /// None until a message or a snapshot has told.
    pub(crate) restaurant: Option<Arc<Value>>,
    pub(crate) guests: Table,
    pub(crate) tables: Table,
}

impl Rows {
    /// Takes a message in, whatever it says.
    pub(crate) fn fold(&mut self, message: &Value) {
        match message["changes"].as_array() {
            Some(changes) => changes.iter().for_each(|change| self.fold_change(change)),
            None => self.fold_change(message),
        }
    }

    fn fold_change(&mut self, change: &Value) {
        let data = &change["data"];
        match change["type"].as_str().unwrap_or_default() {
            "guest_created" | "guest_updated" => put(&mut self.guests, data),
            "table_created" | "table_updated" => put(&mut self.tables, data),
            "guest_deleted" => _ = self.guests.remove(id(data)),
            "table_deleted" => _ = self.tables.remove(id(data)),
            "restaurant_updated" => self.restaurant = Some(Arc::new(data.clone())),
            _ => {}
        }
    }

    /// Forgets the guests who are not on the floor any more.
    pub(crate) fn forget_absent(&mut self) {
        self.guests.retain(|_, guest| is_present(guest));
    }

    /// Takes in what `/floor` says, or a part of a snapshot. Gives back the id of a row that was there already.
    pub(crate) fn add(&mut self, floor: &Value) -> Result<(), String> {
        self.restaurant = Some(Arc::new(floor["restaurant"].clone()));
        for (name, rows) in [("guests", &mut self.guests), ("tables", &mut self.tables)] {
            for row in floor[name].as_array().into_iter().flatten() {
                if rows.insert(id(row).to_owned(), Arc::new(row.clone())).is_some() {
                    return Err(id(row).to_owned());
                }
            }
        }
        Ok(())
    }

    /// The first row in which `self` and `floor` differ, in words. A restaurant that is not known yet differs in nothing.
    pub(crate) fn difference(&self, floor: &Self) -> Option<String> {
        if let Some(ours) = &self.restaurant
            && let Some(theirs) = &floor.restaurant
            && ours != theirs
        {
            return Some(format!("the restaurant is {ours} here, but {theirs} on the floor"));
        }
        differing_row(&self.guests, &floor.guests, "guest")
            .or_else(|| differing_row(&self.tables, &floor.tables, "table"))
    }

    /// What of the contract's "what always holds" does not hold.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, guest) in &self.guests {
            let (seated, table) = (guest["status"] == "seated", guest["table_id"].as_str());
            if seated != table.is_some() {
                wrong.push(format!("guest {id} is {} with table {}", guest["status"], guest["table_id"]));
            }
            if let Some(table) = table
                && self.tables.get(table).is_none_or(|table| table["guest_id"] != id.as_str())
            {
                wrong.push(format!("guest {id} sits at {table}, which does not know it"));
            }
            let times = ["checkInTime", "seatedTime", "finishedTime"].map(|name| guest[name].as_str());
            if !times.iter().flatten().is_sorted() {
                wrong.push(format!("the times of guest {id} run backwards: {times:?}"));
            }
        }
        for (id, table) in &self.tables {
            let (occupied, guest) = (table["status"] == "occupied", table["guest_id"].as_str());
            if occupied != guest.is_some() {
                wrong.push(format!("table {id} is {} with guest {}", table["status"], table["guest_id"]));
            }
            if let Some(guest) = guest
                && self.guests.get(guest).is_none_or(|guest| guest["table_id"] != id.as_str())
            {
                wrong.push(format!("table {id} has {guest}, who does not know of it"));
            }
        }
        let numbers: BTreeSet<_> = self.tables.values().map(|table| table["tableNumber"].as_str()).collect();
        if numbers.len() < self.tables.len() {
            wrong.push("two tables have the same number".to_owned());
        }
        wrong
    }
}

/// Whether the floor shows a guest.
pub(crate) fn is_present(guest: &Value) -> bool {
    !matches!(guest["status"].as_str(), Some("finished" | "cancelled" | "no_show"))
}

fn put(rows: &mut Table, row: &Value) {
    rows.insert(id(row).to_owned(), Arc::new(row.clone()));
}

fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap_or("a row without an id")
}

fn differing_row(ours: &Table, floors: &Table, kind: &str) -> Option<String> {
    let ids: BTreeSet<_> = ours.keys().chain(floors.keys()).collect();
    let different = ids.into_iter().find(|id| ours.get(*id) != floors.get(*id))?;
    let show = |row: Option<&Arc<Value>>| row.map_or("absent".to_owned(), |row| row.to_string());
    Some(format!(
        "{kind} {different} is {} here, but {} on the floor",
        show(ours.get(different)),
        show(floors.get(different))
    ))
}
