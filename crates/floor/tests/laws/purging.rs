//! Purging removes from a text what tells who the guests in question are, and not a letter more.

use std::{cell::RefCell, collections::BTreeSet};

use floor::{Answer, Entity, Guest, GuestPatch, OperationResult, Purpose, ResultStatus, purge};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{clock, config, holds::id};

/// Ids that contain each other, and one that a table has as well.
const IDS: [&str; 4] = ["g", "g-1", "g-1.1", "t"];

/// A guest as the rows and messages have it, whose name and notes are as misleading as can be.
fn guest() -> impl Strategy<Value = Guest> {
    let text = prop_oneof![
        any::<String>(),
        Just(r#"","guest_id":"g","phone":"1"#.to_owned()),
        Just(r#"{"type":"guest_updated","guest_id":"g-1","data":{"phone":"1"}}"#.to_owned()),
        Just("(purged)".to_owned()),
    ];
    let maybe = |text: BoxedStrategy<String>| prop::option::of(text);
    let text = text.boxed();
    (
        prop::sample::select(&IDS[..]),
        text.clone(),
        maybe(text.clone()),
        maybe(text.clone()),
        maybe(text.clone()),
        prop::collection::vec(text, 0..3),
    )
        .prop_map(|(name, guest_name, phone, email, notes, tags)| {
            let body = json!({ "guestName": "Ada", "partySize": 2, "source": "phone", "quotedWaitMinutes": 15 });
            let Value::Object(body) = body else { unreachable!("an object") };
            // The rules see to the times and the version; what is forgotten is not theirs.
            let request = floor::Request {
                id: id("request-1"),
                restaurant: id("bistro"),
                origin: None,
                at: clock(0, 0),
                command: floor::Command::Write(floor::Step {
                    operation: floor::Operation::CreateGuest(
                        id(name),
                        GuestPatch::read(&id(name), &body, Purpose::Create),
                    ),
                    expects: floor::Expectation::Any,
                }),
            };
            let decision = floor::decide(&restaurant(), &request).expect("a guest who may come in");
            let Answer::One(OperationResult { entity: Entity::Guest(guest), .. }) = decision.answer else {
                unreachable!("a guest was asked for")
            };
            Guest { guest_name, phone, email, notes, tags, ..guest }
        })
}

fn restaurant() -> floor::Slice {
    let restaurant = serde_json::from_value(json!({
        "id": "bistro", "name": "bistro", "timezone": "UTC", "settings": { "dirtyAfterFinish": false }, "version": 1,
        "createdAt": clock(0, 0), "updatedAt": clock(0, 0),
    }));
    floor::Slice { restaurant: Some(restaurant.expect("a restaurant")), ..floor::Slice::default() }
}

/// A message or an answer as a text with these guests in it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Message,
    Transaction,
    Answer,
    Answers,
}

impl Kind {
    fn text(self, guests: &[Guest]) -> String {
        let data = |guest: &Guest| serde_json::to_string(guest).expect("a guest is JSON");
        // A table may bear the id of a guest, and names the guest who sits there.
        let table = r#"{"id":"t","tableNumber":"7","guest_id":"g","notes":"by the window","phone":"7"}"#;
        let result =
            |guest: &Guest| OperationResult { status: ResultStatus::Updated, entity: Entity::Guest(guest.clone()) };
        let answer = match self {
            Self::Message => {
                return format!(
                    r#"{{"type":"guest_created","restaurant_id":"bistro","guest_id":"{}","timestamp":"2025","data":{},"seq":7,"origin":"ipad-1"}}"#,
                    guests[0].id,
                    data(&guests[0])
                );
            }
            Self::Transaction => {
                let change = |guest: &Guest| {
                    let (id, data) = (&guest.id, data(guest));
                    format!(r#"{{"type":"guest_updated","guest_id":"{id}","action":"update","data":{data}}}"#)
                };
                let changes: Vec<String> = guests.iter().map(change).collect();
                return format!(
                    r#"{{"type":"atomic_transaction_complete","restaurant_id":"bistro","transaction_id":"g","timestamp":"2025","affected_entities":["g","t"],"changes":[{},{{"type":"table_updated","table_id":"t","action":"update","data":{table}}},{{"type":"guest_deleted","guest_id":"g","data":{{"id":"g"}}}}],"seq":7,"origin":null}}"#,
                    changes.join(",")
                );
            }
            Self::Answer => Answer::One(result(&guests[0])),
            Self::Answers => {
                Answer::Transaction { transaction_id: "g".to_owned(), results: guests.iter().map(result).collect() }
            }
        };
        format!(r#"{{"answer":{},"seq":7}}"#, serde_json::to_string(&answer).expect("an answer is JSON"))
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn what_is_purged_is_the_same_text_of_guests_without_their_personal_data(
        guests in prop::collection::vec(guest(), 1..5),
        kind in prop::sample::select(vec![Kind::Message, Kind::Transaction, Kind::Answer, Kind::Answers]),
        gone in prop::collection::btree_set(prop::sample::select(&IDS[..]), 0..4),
    ) {
        let gone: BTreeSet<&str> = gone;
        let goes = |id: &str| gone.contains(id);
        let clean = |guest: &Guest| if goes(guest.id.as_str()) { guest.clone().purged() } else { guest.clone() };
        let (before, after) = (kind.text(&guests), kind.text(&guests.iter().map(clean).collect::<Vec<_>>()));
        let asked = RefCell::new(BTreeSet::new());
        let purged = purge(&before, |id| {
            asked.borrow_mut().insert(id.to_owned());
            goes(id)
        });
        let purged = purged.expect("JSON");
        prop_assert_eq!(purged.as_deref().unwrap_or(&before), &after);
        prop_assert_eq!(purged.is_some(), before != after, "a text that stays is not written again");
        let named: BTreeSet<&str> = match kind {
            Kind::Message | Kind::Answer => BTreeSet::from([guests[0].id.as_str()]),
            // The deletion of g is among its changes.
            Kind::Transaction => guests.iter().map(|guest| guest.id.as_str()).chain(["g"]).collect(),
            Kind::Answers => guests.iter().map(|guest| guest.id.as_str()).collect(),
        };
        prop_assert_eq!(asked.into_inner(), named.into_iter().map(str::to_owned).collect());
        prop_assert_eq!(purge(&after, goes).expect("JSON"), None, "nothing is left to remove");
    }

    #[test]
    fn no_text_breaks_the_purge(text in any::<String>()) {
        let broken = serde_json::from_str::<Value>(&text).is_err();
        prop_assert_eq!(purge(&text, |_| true).is_err(), broken);
    }
}

#[test]
fn numbers_escapes_and_unknown_keys_stay_to_the_letter() {
    let text = r#"{"type":"guest_updated","guest_id":"g","data":{"x":1.50,"guestName":"Zo\u00eb","notes":"n","later":{"phone":"7"}},"seq":1e2}"#;
    let purged = r#"{"type":"guest_updated","guest_id":"g","data":{"x":1.50,"guestName":"(purged)","notes":null,"later":{"phone":"7"}},"seq":1e2}"#;
    assert_eq!(purge(text, |id| id == "g").expect("JSON").as_deref(), Some(purged));
}
