//! Access: who asks, and what they may do. Nobody reads or writes a restaurant without a [`Permit`] for it, and only an
//! [`Identity`] makes one, so no handler can forget to ask. It knows nothing of HTTP or sockets.

mod authoriser;
mod identity;
mod pairing;
mod role;
mod token;

pub use authoriser::{Authoriser, Token, Unidentified};
pub use identity::{Denied, Identity, Permit, Scope};
pub use pairing::{Device, Offer, PairingCode, Unpaired, offer, pair, rename, revoke};
pub use role::{Right, Role};
pub use token::{Claims, Keys, Restaurants, SigningKey, mint, secret};
