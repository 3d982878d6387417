//! The server from outside: real sockets, the real binary, real files. One program, so that it links once.

mod common;
mod program;

mod audit;
mod backup;
mod broken_world;
mod cli;
mod golden;
mod idempotency;
mod ios_walkthrough;
mod problems;
mod purge;
mod realtime;
mod rest;
mod retention;
mod rubbish;
mod shutdown;
mod store;
mod transactions;
mod two_devices;
