//! Rubbish in, clear words out, and the server goes on working.

mod bytes;
mod races;
mod values;
