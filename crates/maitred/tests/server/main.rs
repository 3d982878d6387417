//! The server from outside: real sockets, the real binary, real files. One program, so that it links once.

mod common;
#[path = "../engines/engines.rs"]
mod engines;
mod program;

mod abuse;
mod access;
mod audit;
mod backup;
mod broken_world;
mod cli;
mod described;
mod golden;
mod idempotency;
mod ios_walkthrough;
mod limits;
mod origins;
mod problems;
mod purge;
mod realtime;
mod rest;
mod retention;
mod rubbish;
mod shutdown;
mod store;
mod tls;
mod torment;
mod transactions;
mod two_devices;
mod web;
