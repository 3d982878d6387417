//! Several processes on one PostgreSQL database, and what is between them.

#[path = "../server/common.rs"]
mod common;
#[path = "../engines/engines.rs"]
mod engines;

mod bus;
mod lives;
mod nodes;
mod sweep;
