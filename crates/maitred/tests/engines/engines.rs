//! The servers of others that tests run against, as Debian ships them: PostgreSQL, NATS and PgBouncer.
//!
//! Each is started for the tests, on a spare port of 127.0.0.1 and in a folder of its own, and ends with them, however
//! they end. Never uses one that runs on this machine already.
#![allow(dead_code, unused_imports, reason = "each test or benchmark uses a part of it")]

mod nats;
mod pgbouncer;
mod postgres;
mod process;

pub(crate) use self::{nats::Nats, pgbouncer::PgBouncer, postgres::Postgres};
