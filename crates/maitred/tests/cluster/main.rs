//! Nodes that share a database on a PostgreSQL server, what they tell each other, and what goes wrong between them and it:
//! real servers, as Debian ships them, that are crashed, frozen, held and pooled.

#[path = "../server/common.rs"]
mod common;
#[path = "../engines/engines.rs"]
mod engines;
#[path = "../server/program.rs"]
mod program;

mod bus;
mod costs;
mod crashes;
mod deleting;
mod held;
mod linked;
mod lives;
mod lost_connections;
mod nodes;
mod one_log;
mod pooled;
mod refusals;
mod starting;
mod sweep;
