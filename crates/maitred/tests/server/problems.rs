//! Every failure: the right status, a code for programs and words for people, in the order that the contract sets.

mod conflicts;
mod form;
mod missing;
mod order;
