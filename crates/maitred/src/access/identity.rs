//! Someone whose token has been checked, and the proof that they may do something in a restaurant. Both have private
//! fields: they can't be made up elsewhere.

use std::{collections::BTreeSet, fmt};

use floor::{Id, Time};

use super::{
    Right, Role,
    pairing::{Device, Offer, TokenHash},
    token::{Thumbprint, Verified},
};

/// Someone who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who, for the audit trail; none where nobody needs to say.
    subject: Option<String>,
    role: Role,
    scope: Scope,
    credential: Credential,
    /// When it ends by itself.
    expires_at: Option<Time>,
}

/// What someone is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// Nothing: it is the house itself, or the door is open.
    House,
    /// A token that this key vouches for.
    Key(Thumbprint),
    /// A paired device's token, by its digest.
    Device(TokenHash),
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
    /// The role does not make devices of that one.
    Offer(Role, Role),
    /// The token is for other restaurants. Whether this one exists is not said.
    Restaurant,
    /// It concerns all restaurants, and the token is for some.
    NotAll,
    /// What can't be a restaurant's id, from someone who is let into all of them.
    NoSuchRestaurant(String),
}

impl Identity {
    /// Whoever works in this process, and everyone where the door is open: may do everything.
    pub fn of_the_house() -> Self {
        let scope = Scope(Restaurants::All);
        Self { subject: None, role: Role::Owner, scope, credential: Credential::House, expires_at: None }
    }

    /// The bearer of a token that a key vouches for.
    pub(super) fn of_token(Verified { claims, expires_at, key }: Verified) -> Self {
        Self {
            subject: Some(claims.sub),
            role: claims.role,
            scope: claims.restaurants.into(),
            credential: Credential::Key(key),
            expires_at: Some(expires_at),
        }
    }

    /// A paired device.
    pub(super) fn of_device(device: Device, restaurant: Id, token: TokenHash) -> Self {
        Self {
            subject: Some(device.id.to_string()),
            role: device.role,
            scope: Scope::of(BTreeSet::from([restaurant.to_string()])),
            credential: Credential::Device(token),
            expires_at: None,
        }
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Who it is, as the audit trail says; none where nobody needs to say.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// What this one is in the restaurants that it is let into.
    pub fn role(&self) -> Role {
        self.role
    }

    /// When the token expires.
    pub fn expires_at(&self) -> Option<Time> {
        self.expires_at
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

    /// Whether this one may offer to let such a device in: nobody gives away more than they have.
    ///
    /// # Errors
    /// [`Denied::Offer`].
    pub fn may_offer(&self, offer: Offer) -> Result<Offer, Denied> {
        if offer.role <= self.role { Ok(offer) } else { Err(Denied::Offer(self.role, offer.role)) }
    }

    /// Whether this one may watch over the process, which is of all restaurants at once.
    ///
    /// # Errors
    /// [`Denied::NotAll`].
    pub fn may_watch(&self) -> Result<(), Denied> {
        if self.scope == Scope(Restaurants::All) { Ok(()) } else { Err(Denied::NotAll) }
    }

    /// The restaurants that this one is let into.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Scope {
    /// These restaurants, or all, where `*` is among them.
    pub(super) fn of(ids: BTreeSet<String>) -> Self {
        Self(if ids.contains("*") { Restaurants::All } else { Restaurants::Some(ids) })
    }

    /// Whether a restaurant is among them.
    pub fn covers(&self, restaurant: &str) -> bool {
        match &self.0 {
            Restaurants::All => true,
            Restaurants::Some(ids) => ids.contains(restaurant),
        }
    }
}

impl Permit {
    /// For a device that is not known yet, and brings a pairing code.
    pub(super) fn for_pairing(restaurant: Id) -> Self {
        Self { restaurant, subject: None }
    }

    /// The restaurant that it is for, and no other.
    pub fn restaurant(&self) -> &Id {
        &self.restaurant
    }

    /// Who asks, for the audit trail.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

impl Denied {
    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToken | Self::BadToken(_) => "unauthorized",
            Self::Role(..) | Self::Offer(..) | Self::Restaurant | Self::NotAll => "forbidden",
            Self::NoSuchRestaurant(_) => "not_found",
        }
    }
}

impl std::error::Error for Denied {}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str(
                "A token is needed: Authorization: Bearer TOKEN, or on a socket the token of restaurant_connect.",
            ),
            Self::BadToken(why) => write!(f, "The token {why}."),
            Self::Role(role, right) => write!(f, "The role {role} may not {}.", right.words()),
            Self::Offer(role, offered) => write!(f, "The role {role} may not let in devices of the role {offered}."),
            Self::NotAll => f.write_str("This takes a token for all restaurants."),
            Self::Restaurant => f.write_str("The token is not for this restaurant."),
            Self::NoSuchRestaurant(id) => write!(f, "There is no restaurant {id:?}."),
        }
    }
}
