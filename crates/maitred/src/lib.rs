//! `maitred`: the authoritative, live state of restaurants' floors. Devices write over HTTP; every device of the same
//! restaurant hears of it over a WebSocket, in order and without a gap.
//!
//! The way through: [`edge`] → [`dispatch`] → [`store`] (the rules, the rows and the log, in one transaction) →
//! [`feed`] → [`hub`] → its sessions. Where several processes share a database, the feed also tells the others (`bus`).

pub mod access;
mod bus;
pub mod cli;
pub mod config;
mod connection;
pub mod dispatch;
pub mod edge;
pub mod feed;
pub mod hub;
pub mod metrics;
pub mod origin;
mod pace;
mod peer;
pub mod purge;
pub mod retention;
pub mod server;
pub mod store;
pub mod tls;
