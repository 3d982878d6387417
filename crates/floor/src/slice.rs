//! The rows of one decision. Never more than it needs, so that a write costs the same in a small and a large house.

use std::collections::BTreeMap;

use crate::{Change, Guest, Id, Restaurant, Table};

/// The rows that a decision sees: see [`crate::Command::needs`]. A whole floor is a slice, too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slice {
    /// The restaurant, if it exists.
    pub restaurant: Option<Restaurant>,
    /// Guests by id.
    pub guests: BTreeMap<Id, Guest>,
    /// Tables by id.
    pub tables: BTreeMap<Id, Table>,
}

impl Slice {
    /// Makes `change` true of these rows, as a store does of its own.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::RestaurantCreated(restaurant) | Change::RestaurantUpdated(restaurant) => {
                self.restaurant = Some(restaurant.clone());
            }
            Change::RestaurantDeleted(_) => *self = Self::default(),
            Change::GuestCreated(guest) | Change::GuestUpdated(guest, _) => {
                self.guests.insert(guest.id.clone(), guest.clone());
            }
            Change::GuestDeleted(id) => _ = self.guests.remove(id),
            Change::TableCreated(table) | Change::TableUpdated(table, _) => {
                self.tables.insert(table.id.clone(), table.clone());
            }
            Change::TableDeleted(id) => _ = self.tables.remove(id),
        }
    }
}
