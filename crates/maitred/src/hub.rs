//! The hub: who listens to which restaurant. It gives each committed message to the sessions of that restaurant and of
//! no other, without ever waiting for one of them; whoever falls behind finds the rest in the log.

mod farewell;
mod hearsay;
mod session;
mod socket;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use floor::Id;
use tokio::sync::broadcast;

use crate::config::RING_FRAMES;

pub use hearsay::{Join, Since};
pub use session::Session;
pub use socket::{Frame, Socket};

/// Who listens to which restaurant.
#[derive(Default)]
pub struct Hub {
    /// A ring of frames for each restaurant that anybody listens to.
    rings: RwLock<HashMap<Id, broadcast::Sender<Broadcast>>>,
}

/// A message on its way to the sessions: encoded once, shared by all.
#[derive(Clone)]
pub(crate) struct Broadcast {
    pub(crate) seq: u64,
    pub(crate) frame: Frame,
}

/// A place among those who listen to a restaurant, given up when dropped.
pub(crate) struct Membership {
    hub: Arc<Hub>,
    restaurant: Id,
    /// None only while being dropped.
    receiver: Option<broadcast::Receiver<Broadcast>>,
}

/// What a member hears.
pub(crate) enum Heard {
    /// The next message that the ring still holds.
    Broadcast(Broadcast),
    /// The ring has gone over some messages: the log has them.
    Lagged,
    /// The restaurant is gone.
    Closed,
}

impl Hub {
    /// Gives a message to all who listen to `restaurant`, and tells how many they are.
    pub fn publish(&self, restaurant: &Id, seq: u64, message: &str) -> usize {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        // Cloned out of the lock: waking thousands of sessions must not keep others from joining.
        let Some(ring) = rings.get(restaurant).cloned() else { return 0 };
        drop(rings);
        ring.send(Broadcast { seq, frame: Frame::text(message) }).unwrap_or(0)
    }

    /// Sends everyone away who listens to `restaurant`, because it is gone.
    pub fn close(&self, restaurant: &Id) {
        self.rings.write().unwrap_or_else(PoisonError::into_inner).remove(restaurant);
    }

    /// Begins to listen. Whoever then reads the log from the store misses nothing in between.
    pub(crate) fn join(self: &Arc<Self>, restaurant: &Id) -> Membership {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.entry(restaurant.clone()).or_insert_with(|| broadcast::channel(RING_FRAMES).0);
        Membership { hub: Arc::clone(self), restaurant: restaurant.clone(), receiver: Some(ring.subscribe()) }
    }
}

impl Membership {
    pub(crate) fn restaurant(&self) -> &Id {
        &self.restaurant
    }

    /// Waits for the next message. May be dropped while waiting without losing one.
    pub(crate) async fn heard(&mut self) -> Heard {
        let Some(receiver) = &mut self.receiver else { return Heard::Closed };
        match receiver.recv().await {
            Ok(broadcast) => Heard::Broadcast(broadcast),
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Lagged,
            Err(broadcast::error::RecvError::Closed) => Heard::Closed,
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut rings = self.hub.rings.write().unwrap_or_else(PoisonError::into_inner);
        self.receiver = None;
        if rings.get(&self.restaurant).is_some_and(|ring| ring.receiver_count() == 0) {
            rings.remove(&self.restaurant);
        }
    }
}
