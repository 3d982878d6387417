//! Nothing that was acknowledged is ever missed: real servers that are killed again and again, writers that ask until
//! they are answered, devices that come and go, and a checker that compares at the end what all of them were told.
//!
//! Once with one server and its file, and with several on one PostgreSQL database, which lose each other, the bus and the
//! database as well. `NEVER_MISS_SEED`, `NEVER_MISS_KILLS` (of the one server) and `NEVER_MISS_SECONDS` repeat a run or make
//! it longer. What is planted in `faults/` shows that the harness can fail.

mod checker;
mod checker_tests;
#[path = "../server/common.rs"]
mod common;
mod devices;
mod ear;
#[path = "../engines/engines.rs"]
mod engines;
mod faults;
mod havoc;
mod nodes;
mod performance;
mod report;
mod rows;
mod run;
mod scene;
mod server;
mod violation;
mod wire;
mod wishes;
mod write;
mod writers;

use std::{env, str::FromStr, time::Duration};

use nodes::{ALL_TORMENTS, BusOf, FEW_TORMENTS, NodesPlan, NodesReport};
use report::Report;
use run::{KILLS, Plan};

/// Kills where nothing else is asked for: enough for each part of a write to be hit, in about half a minute.
const ENOUGH_KILLS: u64 = 20;

/// A restaurant at its busiest has about as many hosts and servers writing.
const WRITERS: usize = 6;
const DEVICES: usize = 8;

/// Enough for each node to have some of each restaurant.
const DEVICES_OF_NODES: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_is_there_once_and_every_device_hears_the_whole_log_in_order() {
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_maitred").into(),
        seed: variable("NEVER_MISS_SEED").unwrap_or_else(rand::random),
        kills: variable("NEVER_MISS_KILLS").unwrap_or(ENOUGH_KILLS),
        length: length(),
        calm: false,
        writers: WRITERS,
        devices: DEVICES,
    };
    println!("seed      {}", plan.seed);
    let report = plan.run().await;
    let again = format!(
        "NEVER_MISS_SEED={} NEVER_MISS_KILLS={} cargo test --test never_miss every_acknowledged",
        plan.seed,
        report.havoc.count(KILLS).max(plan.kills)
    );
    assert_sound(&report, &again);
    let figures = report.figures();
    // What a short run comes to is chance.
    assert!(figures.are_something() && (figures.are_eventful() || plan.kills < ENOUGH_KILLS), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_is_with_several_nodes_that_lose_each_other_and_the_database() {
    run_nodes(BusOf::Nats, "so_it_is_with_several_nodes_that_lose").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_is_with_several_nodes_that_the_database_itself_is_the_bus_of() {
    run_nodes(BusOf::Postgres, "so_it_is_with_several_nodes_that_the_database").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checker_catches_planted_faults() {
    faults::each_is_caught().await;
}

async fn run_nodes(bus: BusOf, test: &str) {
    let plan = NodesPlan {
        binary: env!("CARGO_BIN_EXE_maitred").into(),
        seed: variable("NEVER_MISS_SEED").unwrap_or_else(rand::random),
        bus,
        torments: if bus == BusOf::Nats { ALL_TORMENTS } else { FEW_TORMENTS },
        length: length(),
        writers: WRITERS,
        devices: DEVICES_OF_NODES,
    };
    println!("seed      {}", plan.seed);
    let NodesReport { report, swept } = plan.run().await;
    let again = format!("NEVER_MISS_SEED={} cargo test --test never_miss {test}", plan.seed);
    assert_sound(&report, &again);
    println!("sweeps    {swept} restaurants with news that the bus had not brought");
    let (figures, missing) = (report.figures(), plan.torments.missing(&report.havoc));
    assert!(figures.are_eventful() && missing.is_empty(), "{figures}\nnever happened: {missing:?}");
    // The last words of a node that was cut off from the bus. The database keeps what could not be told for when it can be.
    assert!(swept > 0 || bus == BusOf::Postgres, "the sweep has found nothing");
}

/// Prints what a run came to, or fails with the first few violations and how to look for them again.
#[track_caller]
fn assert_sound(report: &Report, again: &str) {
    println!("havoc     {}", report.havoc);
    let first: Vec<_> = report.violations.iter().take(5).map(|violation| format!("  {violation}")).collect();
    assert!(
        report.violations.is_empty(),
        "{} promises were not kept:\n{}\nThe same choices again, though not the same moments: {again}",
        report.violations.len(),
        first.join("\n"),
    );
    println!("{}", report.figures());
}

/// How long a run lasts at least.
fn length() -> Duration {
    Duration::from_secs(variable("NEVER_MISS_SECONDS").unwrap_or(0))
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    let value = text.parse().ok();
    assert!(value.is_some(), "{name} must be a whole number, not {text:?}");
    value
}
