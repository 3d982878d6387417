//! What a writer may ask for: any write of the contract, likely ones more often, and some that are sure to be refused.

use std::collections::BTreeMap;

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::write::{Answered, Write};

/// Guests on a floor beyond which more leave than come.
const CROWDED: usize = 50;

/// Guests who are gone of whom it is still known that they were there.
const REMEMBERED: usize = 20;

/// What writers know of a restaurant from their answers. Others may have changed it since: some of what is asked for on
/// its ground is refused.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The status of each guest.
    guests: BTreeMap<String, String>,
    tables: Vec<String>,
}

impl Directory {
    /// Learns from an answer.
    pub(crate) fn learn(&mut self, write: &Write, answer: &Answered) {
        let results = answer.body["results"].as_array().into_iter().flatten();
        let results = results.map(|result| (result, result["status"] == "deleted"));
        for (told, deleted) in results.chain([(&answer.body, write.method == "DELETE")]) {
            if let Some(id) = told["guest"]["id"].as_str() {
                self.guests.remove(id);
                if !deleted {
                    let status = told["guest"]["status"].as_str().unwrap_or_default();
                    self.guests.insert(id.to_owned(), status.to_owned());
                }
            }
            if let Some(id) = told["table"]["id"].as_str() {
                self.tables.retain(|table| table != id);
                if !deleted {
                    self.tables.push(id.to_owned());
                }
            }
        }
        let gone: Vec<_> = self.guests.keys().filter(|id| is_gone(&self.guests[*id])).cloned().collect();
        for id in gone.iter().take(gone.len().saturating_sub(REMEMBERED)) {
            self.guests.remove(id);
        }
    }

    fn guest(&self, dice: &mut StdRng, wanted: impl Fn(&str) -> bool) -> String {
        let guests: Vec<_> = self.guests.iter().filter(|(_, status)| wanted(status)).map(|(id, _)| id).collect();
        guests.choose(dice).map_or_else(|| "guest-of-nowhere".to_owned(), |id| (*id).clone())
    }

    fn table(&self, dice: &mut StdRng) -> String {
        self.tables.choose(dice).cloned().unwrap_or_else(|| "table-of-nowhere".to_owned())
    }

    fn present(&self) -> usize {
        self.guests.values().filter(|status| !is_gone(status)).count()
    }
}

/// What a restaurant begins with: tables, and so many long notes that its floor does not fit in one part of a snapshot.
pub(crate) fn opening(restaurant: &'static str) -> Vec<Write> {
    let tables = (1..=10).map(|number| {
        let data = json!({ "tableNumber": number, "capacity": 2 + number % 5 });
        json!({ "op": "create_table", "id": format!("t{number}"), "data": data })
    });
    let regulars = |from: usize| {
        (from..from + 20).map(|number| {
            let data = json!({
                "guestName": "A regular", "partySize": 2, "status": "confirmed", "notes": "🍽".repeat(1_900),
            });
            json!({ "op": "create_guest", "id": format!("regular-{number}"), "data": data })
        })
    };
    let operations: [Vec<Value>; 3] = [tables.collect(), regulars(1).collect(), regulars(21).collect()];
    operations.into_iter().map(|operations| transaction(restaurant, operations)).collect()
}

/// Anything.
pub(crate) fn any(dice: &mut StdRng, directory: &Directory, restaurant: &'static str, fresh: &str) -> Write {
    let crowded = directory.present() > CROWDED;
    match dice.random_range(0..100) {
        0..14 if !crowded => create_guest(dice, restaurant, Some(fresh)),
        14..24 if !crowded => create_guest(dice, restaurant, None),
        0..24 => leave(dice, directory, restaurant),
        24..34 => update_guest(dice, directory, restaurant),
        34..50 => seat(dice, directory, restaurant, |status| status != "seated" && !is_gone(status)),
        50..57 => seat(dice, directory, restaurant, |status| status == "seated"),
        57..67 => leave(dice, directory, restaurant),
        67..72 => {
            let body =
                json!({ "status": any_of(dice, &["waiting", "arrived", "confirmed", "seated", "running_late"]) });
            on_guest(restaurant, &directory.guest(dice, |_| true), "PATCH", body)
        }
        72..75 => on_guest(restaurant, &directory.guest(dice, |_| true), "DELETE", Value::Null),
        75..84 => on_table(dice, directory, restaurant),
        84..86 => restaurant_settings(dice, restaurant),
        86..91 => sure_to_be_refused(dice, directory, restaurant, fresh),
        _ => any_transaction(dice, directory, restaurant, fresh),
    }
}

/// A long note about somebody on the floor: little to decide, and much to send.
pub(crate) fn note(dice: &mut StdRng, directory: &Directory, restaurant: &'static str) -> Write {
    let notes = format!("{} {}", dice.random_range(0..1_000_000), "🍽".repeat(1_000));
    on_guest(restaurant, &directory.guest(dice, |status| !is_gone(status)), "PATCH", json!({ "notes": notes }))
}

/// Somebody comes, whom nothing stands in the way of.
pub(crate) fn arrival(dice: &mut StdRng, restaurant: &'static str, id: &str) -> Write {
    create_guest(dice, restaurant, Some(id))
}

fn create_guest(dice: &mut StdRng, restaurant: &'static str, id: Option<&str>) -> Write {
    let mut body = new_guest(dice);
    body["id"] = id.into();
    ask(restaurant, "POST", "guests", body)
}

fn new_guest(dice: &mut StdRng) -> Value {
    let notes = if dice.random_ratio(1, 12) { "long ".repeat(300) } else { "short".to_owned() };
    json!({ "guestName": format!("Party {}", dice.random_range(0..1_000)), "partySize": dice.random_range(1..5), "notes": notes })
}

fn update_guest(dice: &mut StdRng, directory: &Directory, restaurant: &'static str) -> Write {
    let body = match dice.random_range(0..4) {
        0 => json!({ "partySize": dice.random_range(1..6) }),
        1 => json!({ "tags": ["vip", dice.random_range(0..100).to_string()] }),
        // Says what may be so already, and then changes nothing.
        2 => json!({ "source": "phone", "quotedWaitMinutes": dice.random_range(0..3) }),
        _ => json!({ "notes": dice.random_range(0..1_000_000).to_string() }),
    };
    let method = any_of(dice, &["PUT", "PATCH"]);
    on_guest(restaurant, &directory.guest(dice, |_| true), method, body)
}

fn seat(dice: &mut StdRng, directory: &Directory, restaurant: &'static str, whom: impl Fn(&str) -> bool) -> Write {
    let (guest, table) = (directory.guest(dice, whom), directory.table(dice));
    if dice.random_ratio(1, 5) {
        return ask(restaurant, "PUT", &format!("tables/{table}"), json!({ "guest_id": guest, "override": true }));
    }
    let over = dice.random_ratio(1, 2);
    on_guest(restaurant, &guest, "PUT", json!({ "status": "seated", "table_id": table, "override": over }))
}

fn leave(dice: &mut StdRng, directory: &Directory, restaurant: &'static str) -> Write {
    let guest = directory.guest(dice, |status| !is_gone(status));
    if dice.random_ratio(1, 8) {
        return on_guest(restaurant, &guest, "DELETE", Value::Null);
    }
    let status = any_of(dice, &["finished", "finished", "cancelled", "no_show"]);
    on_guest(restaurant, &guest, "PATCH", json!({ "status": status }))
}

fn on_table(dice: &mut StdRng, directory: &Directory, restaurant: &'static str) -> Write {
    let path = format!("tables/{}", directory.table(dice));
    match dice.random_range(0..12) {
        0 => {
            let number = format!("n{}", dice.random_range(0..1_000));
            ask(restaurant, "POST", "tables", json!({ "tableNumber": number, "capacity": dice.random_range(1..9) }))
        }
        // Few tables would leave few guests a seat.
        1 if directory.tables.len() > 12 => ask(restaurant, "DELETE", &path, Value::Null),
        2..4 => ask(restaurant, "PATCH", &path, json!({ "notes": dice.random_range(0..1_000).to_string() })),
        4 => ask(restaurant, "PATCH", &path, json!({ "guest_id": null })),
        _ => {
            let status = any_of(dice, &["available", "available", "available", "dirty", "out_of_service", "reserved"]);
            ask(restaurant, "PATCH", &path, json!({ "status": status }))
        }
    }
}

fn restaurant_settings(dice: &mut StdRng, restaurant: &'static str) -> Write {
    let body = match dice.random_range(0..2) {
        0 => json!({ "name": format!("The {restaurant} no. {}", dice.random_range(0..100)) }),
        _ => json!({ "settings": { "dirtyAfterFinish": dice.random_bool(0.3) } }),
    };
    Write {
        restaurant: restaurant.to_owned(),
        method: "PATCH",
        path: format!("/restaurants/{restaurant}"),
        body,
        ..Write::default()
    }
}

fn sure_to_be_refused(dice: &mut StdRng, directory: &Directory, restaurant: &'static str, fresh: &str) -> Write {
    let someone = directory.guest(dice, |_| true);
    match dice.random_range(0..5) {
        0 => ask(restaurant, "POST", "guests", json!({ "id": fresh, "guestName": "", "partySize": 0 })),
        1 => on_guest(restaurant, "guest-of-nowhere", "PATCH", json!({ "notes": "?" })),
        2 => on_guest(restaurant, &someone, "PATCH", json!({ "table_id": "table-of-nowhere" })),
        3 => ask(restaurant, "POST", "guests", json!({ "id": someone, "guestName": "Again", "partySize": 2 })),
        _ => {
            let sound = json!({ "op": "create_guest", "id": fresh, "data": new_guest(dice) });
            let faulty = json!({ "op": "update_guest", "id": someone, "data": { "partySize": 1_000 } });
            transaction(restaurant, vec![sound, faulty])
        }
    }
}

/// Mostly of operations that nothing stands in the way of, since one refusal refuses all.
fn any_transaction(dice: &mut StdRng, directory: &Directory, restaurant: &'static str, fresh: &str) -> Write {
    let operations = (0..dice.random_range(2..=10)).map(|number| {
        let someone = directory.guest(dice, |status| !is_gone(status));
        match dice.random_range(0..12) {
            0..3 if directory.present() <= CROWDED => {
                json!({ "op": "create_guest", "id": format!("{fresh}-{number}"), "data": new_guest(dice) })
            }
            3 if directory.present() <= CROWDED => json!({ "op": "create_guest", "data": new_guest(dice) }),
            0..7 => {
                let notes = dice.random_range(0..1_000).to_string();
                json!({ "op": "update_guest", "id": someone, "data": { "notes": notes } })
            }
            7..10 => {
                let notes = dice.random_range(0..1_000).to_string();
                json!({ "op": "update_table", "id": directory.table(dice), "data": { "notes": notes } })
            }
            10 => json!({ "op": "update_guest", "id": someone, "data": { "status": "cancelled" } }),
            _ => {
                let data = json!({ "table_id": directory.table(dice), "override": true });
                json!({ "op": "update_guest", "id": someone, "data": data })
            }
        }
    });
    transaction(restaurant, operations.collect())
}

fn transaction(restaurant: &'static str, operations: Vec<Value>) -> Write {
    Write {
        restaurant: restaurant.to_owned(),
        method: "POST",
        path: "/transactions/atomic".to_owned(),
        body: json!({ "restaurant_id": restaurant, "operations": operations }),
        ..Write::default()
    }
}

fn on_guest(restaurant: &'static str, guest: &str, method: &'static str, body: Value) -> Write {
    ask(restaurant, method, &format!("guests/{guest}"), body)
}

fn ask(restaurant: &'static str, method: &'static str, what: &str, body: Value) -> Write {
    let path = format!("/restaurants/{restaurant}/{what}");
    Write { restaurant: restaurant.to_owned(), method, path, body, ..Write::default() }
}

fn is_gone(status: &str) -> bool {
    matches!(status, "finished" | "cancelled" | "no_show")
}

fn any_of(dice: &mut StdRng, choices: &[&'static str]) -> &'static str {
    choices.choose(dice).expect("a choice")
}
