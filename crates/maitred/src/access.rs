//! Access: who asks, and what they may do. Nobody reads or writes a restaurant without a [`Permit`] for it, and only an
//! [`Identity`] makes one, so no handler can forget to ask. It knows nothing of HTTP or sockets.

mod identity;
mod role;

pub use identity::{Denied, Identity, Permit, Scope};
pub use role::{Right, Role};
