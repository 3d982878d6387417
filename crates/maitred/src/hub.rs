//! The hub: who listens to which restaurant. It puts each committed message into the room of that restaurant and of no
//! other, without ever waiting for a device; whoever falls behind finds the rest in the log.

mod farewell;
mod hearsay;
mod records;
mod resume;
mod room;
mod session;
mod socket;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use floor::Id;

use crate::{access::Permit, metrics::Metrics};
use room::{Membership, Room};

pub use hearsay::{Join, Since};
pub use records::Records;
pub use session::Session;
pub use socket::{Frame, Socket};

/// Who listens to which restaurant.
#[derive(Default)]
pub struct Hub {
    /// A room for each restaurant that anybody listens to.
    rooms: RwLock<HashMap<Id, Arc<Room>>>,
    /// What is counted on the way to the devices.
    pub metrics: Arc<Metrics>,
}

impl Hub {
    /// Gives a message to all who listen to `restaurant`, and tells how many they are.
    pub fn publish(&self, restaurant: &Id, seq: u64, message: &str) -> usize {
        self.metrics.messages.inc();
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        // Cloned out of the lock: waking thousands of sessions must not keep others from joining.
        let Some(room) = rooms.get(restaurant).cloned() else { return 0 };
        drop(rooms);
        room.publish(seq, Frame::text(message))
    }

    /// Sends everyone away who listens to `restaurant`, because it is gone.
    pub fn close(&self, restaurant: &Id) {
        if let Some(room) = self.rooms.write().unwrap_or_else(PoisonError::into_inner).remove(restaurant) {
            room.close();
        }
    }

    /// Lets go of the messages of `restaurant` that are at hand: what they said is no longer to be told, and the log says
    /// what is.
    pub(crate) fn forget(&self, restaurant: &Id) {
        let room = self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(restaurant).cloned();
        if let Some(room) = room {
            room.forget();
        }
    }

    /// Begins to listen. Whoever then reads the log from the store misses nothing in between.
    fn join(self: &Arc<Self>, permit: Permit) -> Membership {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        self.metrics.devices.inc();
        let room = rooms.entry(permit.restaurant().clone()).or_insert_with(|| Arc::new(Room::new()));
        Membership::new(Arc::clone(self), permit, Arc::clone(room))
    }

    /// Closes a room behind the last who leaves it. A room of the same name in a later life stays.
    fn leave(&self, restaurant: &Id, room: &Arc<Room>) {
        self.metrics.devices.dec();
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.get(restaurant).is_some_and(|open| Arc::ptr_eq(open, room) && room.members() == 1) {
            rooms.remove(restaurant);
        }
    }
}
