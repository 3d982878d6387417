//! The feed: takes what was committed, in the order of the commits, to those who pass it on. Runs on the writer's
//! thread, so it never waits and never fails: what a device can't be told now, it reads from the log later.

use std::sync::Arc;

use floor::Id;

use crate::{hub::Hub, metrics::Metrics};

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

/// The way from the store to the sessions of this process.
#[derive(Clone)]
pub struct Feed {
    hub: Arc<Hub>,
}

impl Feed {
    /// A feed to the sessions of `hub`.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// What is counted on the way.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.hub.metrics
    }

    /// Passes on what one write has committed.
    pub fn publish(&self, committed: Vec<Committed>) {
        for entry in committed {
            match entry {
                Committed::Message { restaurant, seq, message, .. } => {
                    let devices = self.hub.publish(&restaurant, seq, &message);
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
