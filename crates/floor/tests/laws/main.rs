//! The laws of `support/holds.rs` under random evenings, and readers that no JSON can break. `PROPTEST_CASES` sets how
//! many are played.

mod purging;
mod readers;
mod said;
mod schemas;
mod wishes;

#[path = "../support/holds.rs"]
mod holds;

use std::collections::{BTreeMap, BTreeSet};

use floor::{Rejection, Time};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use holds::World;
use wishes::{Asked, Wish};

/// `cases`, unless `PROPTEST_CASES` says otherwise.
fn config(cases: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(cases), failure_persistence: None, ..Config::default() }
}

fn evening() -> impl Strategy<Value = Vec<Asked>> {
    prop::collection::vec(wishes::asked(), 1..40)
}

/// Plays an evening from an empty floor, and gives what came of each command. A broken law panics.
fn play(evening: &[Asked]) -> Vec<(Wish, Result<usize, Rejection>)> {
    let mut world = World::empty(clock(0, 0));
    for command in said::opening() {
        world.ask(command, clock(0, 1)).map(drop).expect("the opening is accepted");
    }
    let outcomes = evening.iter().zip(2..).map(|(asked, index)| {
        let command = asked.wish.command(&world.floor);
        let outcome = world.ask(command, clock(asked.minute, index));
        let changes = outcome.map(|accepted| accepted.decision.changes.len()).map_err(|refusal| refusal.rejection);
        (asked.wish.clone(), changes)
    });
    outcomes.collect()
}

/// A clock that jumps as it likes, but never shows the same time twice.
fn clock(minute: i64, index: i64) -> Time {
    Time::from_microseconds(1_755_370_800_000_000 + minute * 60_000_000 + index).expect("some day in 2025")
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn every_law_holds_after_every_command(evening in evening()) {
        play(&evening);
    }
}

/// What the laws are worth depends on where the evenings go.
#[test]
fn the_evenings_reach_every_kind_of_answer() {
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut shares: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for _ in 0..200 {
        let evening = evening().new_tree(&mut runner).expect("nothing is filtered").current();
        for (wish, outcome) in play(&evening) {
            let (changing, all) = shares.entry(wish.name()).or_default();
            *all += 1;
            match outcome {
                Ok(changes) => *changing += u32::from(changes > 0),
                Err(rejection) => _ = reached.insert(rejection.code()),
            }
        }
    }
    for (wish, (changing, all)) in &shares {
        println!("{wish}: {changing} of {all} changed something");
        assert!(changing * 4 >= *all, "too few of {wish} change anything: {changing} of {all}");
    }
    assert_eq!(shares.len(), Wish::NAMES.len());
    let codes = [
        "already_exists",
        "capacity_exceeded",
        "duplicate_table_number",
        "guest_required",
        "invalid",
        "invalid_transition",
        "not_found",
        "precondition_failed",
        "table_in_use",
        "table_occupied",
        "table_required",
        "table_unavailable",
        "version_conflict",
    ];
    assert_eq!(reached, BTreeSet::from(codes));
}
