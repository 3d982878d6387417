//! The store through its own API: what it promises about files, commits and snapshots.

mod contract;
mod migrating;
mod opening;
mod place;
mod story;
mod turn_back;

use std::{path::Path, sync::Arc, time::Duration};

use floor::{Command, Expectation, GuestPatch, Id, Operation, Purpose, RestaurantPatch, Step, Time};
use futures_util::FutureExt;
use maitred::{
    access::Identity,
    config::Database,
    dispatch::{mint, now},
    feed::Feed,
    hub::Hub,
    store::{Store, StoreError, Write},
};
use serde_json::{Map, Value, json};

pub(crate) use turn_back::turn_back;

use crate::common::{RESTAURANT, permit};

/// How many restaurants a store has.
async fn restaurants(store: &Store) -> Result<usize, StoreError> {
    Ok(store.restaurants(Identity::of_the_house().scope()).await?.len())
}

/// A store on its own, with nobody listening.
async fn open(database: &Database) -> Result<Store, StoreError> {
    Store::open(database, Feed::new(Arc::new(Hub::default()))).await
}

fn open_file(path: &Path) -> Result<Store, StoreError> {
    open(&Database::File(path.to_owned())).now_or_never().expect("to open a file takes no waiting")
}

fn id(text: &str) -> Id {
    text.parse().expect("an id")
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("an object, not {value}") };
    object
}

/// A write to [`RESTAURANT`].
pub(crate) fn write(command: Command) -> Write {
    write_at(command, now())
}

pub(crate) fn write_at(command: Command, at: Time) -> Write {
    Write::new(&permit(), mint(None), None, at, command)
}

pub(crate) fn create_restaurant() -> Write {
    write(Command::CreateRestaurant(RestaurantPatch::read(&id(RESTAURANT), &Map::new(), Purpose::Create)))
}

/// A new party of two.
pub(crate) fn add_guest(name: &str) -> Write {
    write(adding(name))
}

pub(crate) fn adding(name: &str) -> Command {
    let body = object(json!({ "guestName": name, "partySize": 2 }));
    let operation = Operation::CreateGuest(id(name), GuestPatch::read(&id(name), &body, Purpose::Create));
    Command::Write(Step { operation, expects: Expectation::Any })
}

pub(crate) fn change_guest(name: &str, body: Value) -> Write {
    write(changing(name, body))
}

pub(crate) fn changing(name: &str, body: Value) -> Command {
    let operation = Operation::UpdateGuest(id(name), GuestPatch::read(&id(name), &object(body), Purpose::Update));
    Command::Write(Step { operation, expects: Expectation::Any })
}

pub(crate) fn later(time: Time, by: Duration) -> Time {
    Time::from_microseconds(time.as_microseconds() + by.as_micros() as i64).expect("a time")
}
