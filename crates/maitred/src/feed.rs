//! The feed: takes what was committed, in the order of the commits, to those who pass it on. Runs on the writer's
//! thread, so it never waits and never fails: what a device can't be told now, it reads from the log later.

use std::sync::{Arc, OnceLock};

use floor::Id;

use crate::{bus::Bus, hub::Hub, metrics::Metrics};

/// Something that is now on disk.
#[derive(Debug)]
pub enum Committed {
    /// A message was appended to a restaurant's log.
    Message {
        /// Whose log.
        restaurant: Id,
        /// The life of that log.
        epoch: String,
        /// Its number.
        seq: u64,
        /// Its text, as the log keeps it.
        message: String,
    },
    /// Who may come into a restaurant has changed.
    AccessChanged(Id),
    /// Texts of a restaurant were rewritten that told who somebody was. This process lets go of those that it has at hand by
    /// itself; others must be told.
    TextsPurged(Id),
    /// A restaurant is gone with all that belonged to it.
    RestaurantDeleted(Id),
}

/// The way from the store to the sessions of this process, and to the other processes that share its database.
#[derive(Clone)]
pub struct Feed {
    hub: Arc<Hub>,
    /// Set once the store is open, where there are others at all.
    bus: Arc<OnceLock<Bus>>,
}

impl Feed {
    /// A feed to the sessions of `hub`.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub, bus: Arc::default() }
    }

    /// From now on, others are told as well.
    pub(crate) fn connect(&self, bus: Bus) {
        // A second bus would be one too many.
        _ = self.bus.set(bus);
    }

    /// What is counted on the way.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.hub.metrics
    }

    /// Passes on what one write has committed.
    pub fn publish(&self, committed: Vec<Committed>) {
        let bus = self.bus.get();
        for entry in committed {
            if let Some(bus) = bus {
                bus.publish(&entry);
            }
            match entry {
                Committed::Message { restaurant, epoch, seq, message } => {
                    self.hub.metrics.messages.inc();
                    let Some(devices) = self.hub.publish(&restaurant, &epoch, seq, &message) else {
                        // Those who listen here have not heard that it was deleted and opened again elsewhere.
                        bus.inspect(|bus| bus.look_at(&restaurant));
                        continue;
                    };
                    tracing::debug!(%restaurant, seq, devices, kind = message_type(&message), "broadcast");
                }
                Committed::AccessChanged(restaurant) => self.hub.doubt(&restaurant),
                Committed::TextsPurged(_) => {}
                Committed::RestaurantDeleted(restaurant) => self.hub.close(&restaurant),
            }
        }
    }
}

/// The type of a message, which every message begins with.
fn message_type(message: &str) -> &str {
    message.strip_prefix("{\"type\":\"").and_then(|rest| rest.split('"').next()).unwrap_or("?")
}
