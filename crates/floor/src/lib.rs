//! The rules of a restaurant's floor: who waits, who sits where, and what may happen next.
//!
//! Everything here is a pure function over values. [`decide`] takes the few rows that a [`Request`] concerns and
//! says either what becomes true ([`Decision`]) or why not ([`Refusal`]). Nothing here reads a clock, draws a random
//! number, waits, or touches a file, a socket or a database; the caller brings times and ids along.

mod change;
mod command;
mod decide;
mod entity;
pub mod fields;
mod guest;
mod id;
mod purge;
mod rejection;
mod restaurant;
mod slice;
mod starter;
mod table;
mod time;

pub use change::{Action, Answer, Change, Decision, MAX_MESSAGE_BYTES, OperationResult, ResultStatus};
pub use command::{
    Command, Expectation, MAX_OPERATIONS, Needs, Operation, Request, Step, Transaction, TransactionBody,
};
pub use decide::decide;
pub use entity::{Entity, EntityKind};
pub use fields::{Edit, FieldError, Purpose};
pub use guest::{Guest, GuestPatch, GuestStatus, Source};
pub use id::{Id, InvalidId};
pub use purge::purge;
pub use rejection::{Refusal, Rejection};
pub use restaurant::{Restaurant, RestaurantPatch, Settings};
pub use slice::Slice;
pub use starter::starter_tables;
pub use table::{Position, Shape, Table, TablePatch, TableStatus};
pub use time::{InvalidTime, Time};
