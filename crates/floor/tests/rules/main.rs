//! The rules of the contract, one example each. The laws of `support/holds.rs` are checked at every step of every one.

mod fields;
mod given;
mod golden;
mod guests;
mod messages;
mod precedence;
mod restaurants;
mod seating;
mod tables;
mod times;
mod transaction_bodies;
mod transactions;

#[path = "../support/holds.rs"]
mod holds;
