//! Who may listen, and for how long: a session shows its device's token when it joins, again whenever that is doubted, and
//! tells the device before the token expires, so that it can bring another on the same socket.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    farewell::Farewell,
    hearsay::Join,
    session::{End, Joined, Session},
    wire::Say,
};
use crate::{
    access::{Denied, Identity, Permit, Right, Unidentified},
    config::EXPIRY_WARNING,
    dispatch::now,
    store::StoreError,
};

/// Who listens, and until when.
pub(super) struct Pass {
    identity: Identity,
    /// When it ends by itself.
    expires: Option<Instant>,
    /// Whether the device was told that this is soon.
    is_warned: bool,
}

impl Pass {
    fn new(identity: Identity) -> Self {
        let left = identity.expires_at().map(|expires_at| expires_at.as_microseconds() - now().as_microseconds());
        let left = left.map(|left| Duration::from_micros(left.try_into().unwrap_or_default()));
        // One that is beyond what a clock can count is as good as none.
        let expires = left.and_then(|left| Instant::now().checked_add(left));
        Self { identity, expires, is_warned: false }
    }

    /// When something is to be done about it.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.is_warned { self.expires } else { self.expires.map(warned_at) }
    }
}

/// When a device is told that its token is about to expire.
fn warned_at(expires: Instant) -> Instant {
    expires.checked_sub(EXPIRY_WARNING).unwrap_or(expires)
}

impl Session {
    /// Lets a device in, or tells it why not.
    pub(super) async fn admit(&mut self, join: &Join) -> Result<(Box<Pass>, Permit), End> {
        let denied = match self.identify(join).await? {
            Ok(identity) => match identity.permit(Right::See, &join.restaurant_id) {
                Ok(permit) => return Ok((Box::new(Pass::new(identity)), permit)),
                Err(denied) => denied,
            },
            Err(denied) => denied,
        };
        self.say_denied(&denied).await?;
        Err(End::Farewell(match denied {
            Denied::NoSuchRestaurant(_) => Farewell::NotFound,
            _ => Farewell::NotAllowed,
        }))
    }

    /// Takes a newer token from a device that has joined. One that does not count changes nothing.
    pub(super) async fn renew(&mut self, join: &Join, joined: &mut Joined) -> Result<(), End> {
        if join.token.is_none() {
            return Ok(());
        }
        let renewed = self.identify(join).await?.and_then(|identity| {
            identity.permit(Right::See, &join.restaurant_id)?;
            Ok(identity)
        });
        match renewed {
            Ok(identity) => {
                *joined.pass = Pass::new(identity);
                Ok(())
            }
            Err(denied) => self.say_denied(&denied).await,
        }
    }

    /// Ends the session if its device may not listen any more.
    pub(super) async fn make_sure(&self, joined: &Joined) -> Result<(), End> {
        let counts = self.house.access.still_counts(&joined.pass.identity).await.map_err(|error| {
            tracing::error!(%error, "it could not be made sure that a device may still listen");
            if error.may_pass() { End::NotYet } else { End::Farewell(Farewell::Unavailable) }
        })?;
        if counts { Ok(()) } else { Err(End::Farewell(Farewell::NotAllowed)) }
    }

    /// Tells the device that its token is about to expire, and ends the session when it has.
    pub(super) async fn keep_admitted(&mut self, joined: &mut Joined) -> Result<(), End> {
        let (Some(expires), Some(expires_at)) = (joined.pass.expires, joined.pass.identity.expires_at()) else {
            return Ok(());
        };
        let now_ = Instant::now();
        if now_ >= expires {
            return Err(End::Farewell(Farewell::NotAllowed));
        }
        if !joined.pass.is_warned && now_ >= warned_at(expires) {
            joined.pass.is_warned = true;
            self.say(&Say::TokenExpiring { timestamp: now(), expires_at }).await?;
        }
        Ok(())
    }

    async fn identify(&self, join: &Join) -> Result<Result<Identity, Denied>, End> {
        match self.house.access.identify(join.token.as_ref().or(self.bearer.as_ref())).await {
            Ok(identity) => Ok(Ok(identity)),
            Err(Unidentified::Denied(denied)) => Ok(Err(denied)),
            Err(Unidentified::Store(error)) => Err(unavailable(error)),
        }
    }

    async fn say_denied(&mut self, denied: &Denied) -> Result<(), End> {
        self.say(&Say::Error { code: denied.code(), message: &denied.to_string() }).await
    }
}

fn unavailable(error: StoreError) -> End {
    tracing::error!(%error, "a device's token could not be looked up");
    End::Farewell(Farewell::Unavailable)
}
