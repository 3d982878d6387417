//! The hub: who listens to which restaurant. It puts each committed message into the room of that restaurant and of no
//! other, without ever waiting for a device; whoever falls behind finds the rest in the log.

mod admission;
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
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use floor::Id;

use crate::{access::Permit, metrics::Metrics};
use room::{Membership, Room};

pub use hearsay::{Join, Since};
pub use records::Records;
pub use session::{House, Session};
pub use socket::{Frame, Socket};
pub(crate) use {hearsay::Hearsay, wire::Say};

/// Who listens to which restaurant.
#[derive(Default)]
pub struct Hub {
    /// A room for each restaurant that anybody listens to.
    rooms: RwLock<HashMap<Id, Arc<Room>>>,
    doubts: AtomicU64,
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

    /// Has everyone who listens to `restaurant` prove that they still may.
    pub fn doubt(&self, restaurant: &Id) {
        self.doubts.fetch_add(1, Ordering::SeqCst);
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(restaurant).inspect(|room| room.doubt());
    }

    /// The same of all who listen to anything.
    pub fn doubt_all(&self) {
        self.doubts.fetch_add(1, Ordering::SeqCst);
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).values().for_each(|room| room.doubt());
    }

    /// How often it was doubted that those who listen still may. Whoever finds it changed between asking and entering a
    /// room asks again.
    fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::SeqCst)
    }

    /// Lets go of the messages of `restaurant` that are at hand: what they said is no longer to be told, and the log says
    /// what is.
    pub(crate) fn forget(&self, restaurant: &Id) {
        let room = self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(restaurant).cloned();
        if let Some(room) = room {
            room.forget();
        }
    }

    /// Begins to listen. Whoever then reads the log from the store misses nothing in between. None where so many listen
    /// already.
    fn join(self: &Arc<Self>, permit: Permit, most: usize) -> Option<Membership> {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(permit.restaurant().clone()).or_insert_with(|| Arc::new(Room::new()));
        // Under the lock, so that no two take the last place.
        if !room.let_in(most) {
            return None;
        }
        self.metrics.devices.inc();
        Some(Membership::new(Arc::clone(self), permit, Arc::clone(room)))
    }

    /// Closes a room behind the last who leaves it. A room of the same name in a later life stays.
    fn leave(&self, restaurant: &Id, room: &Arc<Room>) {
        self.metrics.devices.dec();
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, too: of two who leave at once, one is the last.
        if room.let_out() == 0 && rooms.get(restaurant).is_some_and(|open| Arc::ptr_eq(open, room)) {
            rooms.remove(restaurant);
        }
    }
}
