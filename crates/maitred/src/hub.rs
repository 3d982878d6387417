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

use crate::{access::Permit, metrics::Metrics, store::Head};
use room::{Membership, Room};

pub use hearsay::{Join, Since};
pub use records::Records;
pub use session::{House, Session};
pub use socket::{Frame, Socket};
pub(crate) use {hearsay::Hearsay, room::Known, wire::Say};

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
    /// Gives a message of this life of its log to all who listen to `restaurant`, and tells how many they are; none if they
    /// listen to another life.
    pub(crate) fn publish(&self, restaurant: &Id, epoch: &str, seq: u64, message: &str) -> Option<usize> {
        match self.room(restaurant) {
            Some(room) => room.publish(epoch, seq, Frame::text(message)),
            None => Some(0),
        }
    }

    /// Has all who listen to `restaurant` find in the log what they have not been sent up to its head.
    pub(crate) fn advance(&self, restaurant: &Id, head: &Head) {
        if let Some(room) = self.room_of_life(restaurant, &head.epoch) {
            room.advance(head.seq);
        }
    }

    /// Has all who listen to `restaurant` prove that they still may, because that, or something else that no message tells, was
    /// heard of.
    pub(crate) fn heed(&self, restaurant: &Id, head: &Head) {
        if let Some(room) = self.room_of_life(restaurant, &head.epoch) {
            room.heed(head.notices);
            self.doubt(restaurant);
        }
    }

    /// Whether what the database has of a restaurant, up to this number if it is a message's, is news to those who listen to it
    /// here. Where it is not known yet what they have heard, it is looked at in any case as soon as it is.
    pub(crate) fn is_news(&self, restaurant: &Id, seq: Option<u64>) -> bool {
        self.room(restaurant).is_some_and(|room| room.is_news(seq))
    }

    /// What this process knows of a restaurant; none if nobody listens to it.
    pub(crate) fn known(&self, restaurant: &Id) -> Option<Known> {
        self.room(restaurant)?.known()
    }

    /// The same of all restaurants that anybody listens to.
    pub(crate) fn all_known(&self) -> Vec<(Id, Known)> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.iter().filter_map(|(id, room)| Some((id.clone(), room.known()?))).collect()
    }

    /// Sends everyone away who listens to this life of `restaurant`, because it is over.
    pub(crate) fn close_life(&self, restaurant: &Id, epoch: &str) {
        if self.room_of_life(restaurant, epoch).is_some() {
            self.close(restaurant);
        }
    }

    /// Cloned out of the lock: waking thousands of sessions must not keep others from joining.
    fn room(&self, restaurant: &Id) -> Option<Arc<Room>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(restaurant).cloned()
    }

    fn room_of_life(&self, restaurant: &Id, epoch: &str) -> Option<Arc<Room>> {
        self.room(restaurant).filter(|room| room.known().is_some_and(|known| known.epoch == epoch))
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
        if let Some(room) = self.room(restaurant) {
            room.doubt();
        }
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
        if let Some(room) = self.room(restaurant) {
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
