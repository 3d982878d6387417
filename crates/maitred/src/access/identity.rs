//! Someone whose token has been checked, and the proof that they may do something in a restaurant. Both have private
//! fields: they can't be made up elsewhere.

use std::{collections::BTreeSet, fmt};

use floor::Id;

use super::{Right, Role};

/// Someone who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who, for the audit trail; none where nobody needs to say.
    subject: Option<String>,
    role: Role,
    scope: Scope,
}

/// The restaurants that someone is let into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Restaurants);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Restaurants {
    All,
    Some(BTreeSet<String>),
}

/// The proof that someone may do something in a restaurant. Whether there is such a restaurant is another matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    restaurant: Id,
    subject: Option<String>,
}

/// Why someone is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// There is no token.
    NoToken,
    /// The token does not count, for this reason.
    BadToken(&'static str),
    /// The role does not do that.
    Role(Role, Right),
    /// The token is for other restaurants. Whether this one exists is not said.
    Restaurant,
    /// What can't be a restaurant's id, from someone who is let into all of them.
    NoSuchRestaurant(String),
}

impl Identity {
    /// Whoever works in this process, and everyone where the door is open: may do everything.
    pub fn of_the_house() -> Self {
        Self { subject: None, role: Role::Owner, scope: Scope(Restaurants::All) }
    }

    /// The process itself, where it changes something of its own accord.
    pub fn of_the_process() -> Self {
        Self { subject: Some("maitred".to_owned()), ..Self::of_the_house() }
    }

    /// Whether the role may do that in the restaurants that it is for.
    ///
    /// # Errors
    /// [`Denied::Role`].
    pub fn may(&self, right: Right) -> Result<(), Denied> {
        if self.role.may(right) { Ok(()) } else { Err(Denied::Role(self.role, right)) }
    }

    /// The proof that this one may do that in `restaurant`, named by its id.
    ///
    /// # Errors
    /// The same for a restaurant that exists and for one that does not.
    pub fn permit(&self, right: Right, restaurant: &str) -> Result<Permit, Denied> {
        if !self.scope.covers(restaurant) {
            return Err(Denied::Restaurant);
        }
        self.may(right)?;
        let restaurant = restaurant.parse().map_err(|_| Denied::NoSuchRestaurant(restaurant.to_owned()))?;
        Ok(Permit { restaurant, subject: self.subject.clone() })
    }

    /// The restaurants that this one is let into.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Scope {
    /// Whether a restaurant is among them.
    pub fn covers(&self, restaurant: &str) -> bool {
        match &self.0 {
            Restaurants::All => true,
            Restaurants::Some(ids) => ids.contains(restaurant),
        }
    }
}

impl Permit {
    /// The restaurant that it is for, and no other.
    pub fn restaurant(&self) -> &Id {
        &self.restaurant
    }

    /// Who asks, for the audit trail.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

impl std::error::Error for Denied {}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("A token is needed: Authorization: Bearer TOKEN."),
            Self::BadToken(why) => write!(f, "The token {why}."),
            Self::Role(role, right) => write!(f, "The role {role} may not {}.", right.words()),
            Self::Restaurant => f.write_str("The token is not for this restaurant."),
            Self::NoSuchRestaurant(id) => write!(f, "There is no restaurant {id:?}."),
        }
    }
}
