//! What the actors of a run share: where the servers are, how far the run has come, and the first thing that went wrong.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    common::PATIENCE,
    ear::FirstHeard,
    violation::{Kind, Violation},
    wishes::Directory,
};

/// The restaurants of a run: more than one, so that a message can go to the wrong one.
pub(crate) const RESTAURANTS: [&str; 2] = ["alder", "birch"];

/// How long a client waits before it knocks again where nobody opened.
const KNOCK_AGAIN: Duration = Duration::from_millis(8);

/// How long a client waits for an answer before it asks another node. Longer than almost any takes of a sound one, and
/// shorter than a node that is stuck may be.
const ANSWER_OR_MOVE_ON: Duration = Duration::from_secs(2);

/// How long a device may wait for what the bus has lost: three sweeps, and a moment for the machine.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

/// What the actors of a run share.
pub(crate) struct Scene {
    /// Each of them serves the same restaurants.
    pub(crate) addresses: Arc<[SocketAddr]>,
    seed: u64,
    /// Whether the server mostly lives for seconds, and devices give it much to keep for them.
    pub(crate) calm: bool,
    /// Cancelled when nothing more is done to the servers: each device comes in and stays.
    pub(crate) lull: CancellationToken,
    /// How many have come in to stay.
    present: watch::Sender<usize>,
    /// Cancelled when the writers are to finish what they have begun.
    pub(crate) curtain: CancellationToken,
    /// Cancelled when the last is written: the devices are to hear all of it, and leave.
    pub(crate) epilogue: CancellationToken,
    /// Rung whenever a client has heard something: a good moment to kill the server.
    pub(crate) heard: Notify,
    pub(crate) first_heard: HashMap<&'static str, Arc<FirstHeard>>,
    pub(crate) directory: Mutex<HashMap<&'static str, Directory>>,
    rush: Mutex<Rush>,
    alarm: CancellationToken,
    violations: Mutex<Vec<Violation>>,
}

/// Writes without a pause, by more writers than usual: one at a time, so that all else is still written too.
#[derive(Default)]
struct Rush {
    /// Where somebody waits for one.
    wanted: Option<&'static str>,
    under_way: bool,
}

/// The choices of one actor: its own sequence, out of the seed of the run.
pub(crate) fn dice(seed: u64, actor: &str) -> StdRng {
    let name = actor.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
    StdRng::seed_from_u64(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Scene {
    pub(crate) fn new(addresses: &[SocketAddr], seed: u64, calm: bool) -> Self {
        Self {
            addresses: addresses.into(),
            seed,
            calm,
            lull: CancellationToken::new(),
            present: watch::Sender::default(),
            curtain: CancellationToken::new(),
            epilogue: CancellationToken::new(),
            heard: Notify::new(),
            first_heard: RESTAURANTS.iter().map(|restaurant| (*restaurant, Arc::default())).collect(),
            directory: Mutex::default(),
            rush: Mutex::default(),
            alarm: CancellationToken::new(),
            violations: Mutex::default(),
        }
    }

    /// The choices of one actor.
    pub(crate) fn dice(&self, actor: &str) -> StdRng {
        dice(self.seed, actor)
    }

    /// Whether a client whose server is gone finds another.
    pub(crate) fn has_several_nodes(&self) -> bool {
        self.addresses.len() > 1
    }

    /// How long a client waits for an answer before it does something about it.
    pub(crate) fn patience(&self) -> Duration {
        if self.has_several_nodes() { ANSWER_OR_MOVE_ON } else { PATIENCE }
    }

    /// How long a device may take to hear what has been written.
    pub(crate) fn found_within(&self) -> Duration {
        if self.has_several_nodes() { FOUND_WITHIN } else { PATIENCE }
    }

    /// A device has come in to stay.
    pub(crate) fn arrive(&self) {
        self.present.send_modify(|present| *present += 1);
    }

    /// Waits until so many devices have come in to stay.
    pub(crate) async fn are_present(&self, devices: usize) {
        // Fails only where nobody can arrive any more, and the scene itself can.
        _ = self.present.subscribe().wait_for(|present| *present >= devices).await;
    }

    /// Tells that something is wrong, which ends the run.
    pub(crate) fn raise(&self, violation: Violation) {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
        self.alarm.cancel();
    }

    /// Waits for something to be wrong.
    pub(crate) async fn alarm(&self) {
        self.alarm.cancelled().await;
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of a restaurant's guests and tables.
    pub(crate) fn with_directory<T>(&self, restaurant: &'static str, ask: impl FnOnce(&mut Directory) -> T) -> T {
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        ask(directory.entry(restaurant).or_default())
    }

    /// Asks the writers for a rush in a restaurant.
    pub(crate) fn call_for_rush(&self, restaurant: &'static str) {
        self.rush.lock().unwrap_or_else(PoisonError::into_inner).wanted = Some(restaurant);
    }

    /// The restaurant where a rush is wanted, for the one writer that takes it upon itself.
    pub(crate) fn begin_rush(&self) -> Option<&'static str> {
        let mut rush = self.rush.lock().unwrap_or_else(PoisonError::into_inner);
        if rush.under_way {
            return None;
        }
        let wanted = rush.wanted.take();
        rush.under_way = wanted.is_some();
        wanted
    }

    pub(crate) fn end_rush(&self) {
        self.rush.lock().unwrap_or_else(PoisonError::into_inner).under_way = false;
    }

    /// Waits as a client does where nobody opens.
    pub(crate) async fn knock_again(&self) {
        sleep(KNOCK_AGAIN).await;
    }

    /// Says that an actor has waited for longer than anything takes.
    pub(crate) fn stuck(&self, what: impl Into<String>) {
        self.raise(Violation::new(Kind::Stuck, what));
    }
}
