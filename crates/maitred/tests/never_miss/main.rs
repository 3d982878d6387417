//! Nothing that was acknowledged is ever missed: a real server that is killed again and again, writers that ask until
//! they are answered, devices that come and go, and a checker that compares at the end what all of them were told.
//!
//! `NEVER_MISS_SEED`, `NEVER_MISS_KILLS` and `NEVER_MISS_SECONDS` repeat a run or make it longer. What is planted in
//! `faults/` shows that the harness can fail.

mod checker;
mod checker_tests;
#[path = "../server/common.rs"]
mod common;
mod devices;
mod ear;
mod faults;
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

use run::{Plan, Report};

/// Kills where nothing else is asked for: enough for each part of a write to be hit, in about half a minute.
const KILLS: u64 = 20;

/// A restaurant at its busiest has about as many hosts and servers writing.
const WRITERS: usize = 6;
const DEVICES: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_is_there_once_and_every_device_hears_the_whole_log_in_order() {
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_maitred").into(),
        seed: variable("NEVER_MISS_SEED").unwrap_or_else(rand::random),
        kills: variable("NEVER_MISS_KILLS").unwrap_or(KILLS),
        length: Duration::from_secs(variable("NEVER_MISS_SECONDS").unwrap_or(0)),
        calm: false,
        writers: WRITERS,
        devices: DEVICES,
    };
    println!("seed      {}", plan.seed);
    let report = plan.run().await;
    assert!(report.violations.is_empty(), "{}", failure(&plan, &report));
    let figures = report.figures();
    println!("{figures}");
    // A run in which nothing happened would prove nothing. What a short one comes to is chance.
    let eventful = figures.sent_again.min(figures.heard_before).min(figures.resumes).min(figures.snapshots) > 0;
    assert!(figures.acknowledged > 0 && figures.heard > 0 && (eventful || plan.kills < KILLS), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checker_catches_planted_faults() {
    faults::each_is_caught().await;
}

/// The first few violations, and how to look for them again.
fn failure(plan: &Plan, report: &Report) -> String {
    let first: Vec<_> = report.violations.iter().take(5).map(|violation| format!("  {violation}")).collect();
    format!(
        "{} promises were not kept:\n{}\nThe same choices again, though not the same moments: \
         NEVER_MISS_SEED={} NEVER_MISS_KILLS={} cargo test --test never_miss every_acknowledged",
        report.violations.len(),
        first.join("\n"),
        plan.seed,
        report.havoc.kills.max(plan.kills),
    )
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    let value = text.parse().ok();
    assert!(value.is_some(), "{name} must be a whole number, not {text:?}");
    value
}
