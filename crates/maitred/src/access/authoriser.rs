//! The authoriser: makes an identity of a token, and says whether it still counts.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    Denied, Identity, Keys,
    identity::Credential,
    pairing::{DEVICE_TOKEN, TokenHash, token_hash},
};
use crate::{
    dispatch::now,
    hub::Hub,
    store::{Store, StoreError},
};

/// Knows the keys that vouch for tokens, and the devices that are paired.
pub struct Authoriser {
    keys: RwLock<Arc<Keys>>,
    store: Store,
    hub: Arc<Hub>,
}

/// A token as it came. It does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

/// Why someone is not known.
#[derive(Debug)]
pub enum Unidentified {
    /// The token, or the lack of one, says so.
    Denied(Denied),
    /// The database can't be asked.
    Store(StoreError),
}

impl Authoriser {
    /// Lets in whom `keys` vouch for, and the devices paired in `store`; everyone, where there is no key.
    pub fn new(keys: Arc<Keys>, store: Store, hub: Arc<Hub>) -> Self {
        Self { keys: RwLock::new(keys), store, hub }
    }

    /// Who the bearer of a token is.
    ///
    /// # Errors
    /// Without a token, or with one that does not count.
    pub async fn identify(&self, token: Option<&Token>) -> Result<Identity, Unidentified> {
        let keys = self.keys();
        if keys.is_empty() {
            return Ok(Identity::of_the_house());
        }
        let Token(token) = token.ok_or(Denied::NoToken)?;
        if token.starts_with(DEVICE_TOKEN) {
            let hash = token_hash(token);
            return self.device(hash).await?.ok_or(Denied::BadToken("is of a device that is not paired").into());
        }
        Ok(Identity::of_token(keys.verify(token, now())?))
    }

    /// Whether an identity would still be given to whoever had it: its key is still there, its device still paired, its
    /// time not over.
    ///
    /// # Errors
    /// Only if the database can't be asked.
    pub async fn still_counts(&self, identity: &Identity) -> Result<bool, StoreError> {
        if identity.expires_at().is_some_and(|expires_at| expires_at <= now()) {
            return Ok(false);
        }
        match identity.credential() {
            Credential::House => Ok(self.keys().is_empty()),
            Credential::Key(thumbprint) => Ok(self.keys().contain(thumbprint)),
            Credential::Device(hash) => Ok(self.device(*hash).await?.as_ref() == Some(identity)),
        }
    }

    /// Takes other keys from now on. Whom none of them vouches for is sent away.
    pub fn replace_keys(&self, keys: Arc<Keys>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.hub.doubt_all();
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn device(&self, hash: TokenHash) -> Result<Option<Identity>, StoreError> {
        let found = self.store.paired_device(&hash).await?;
        Ok(found.map(|(device, restaurant)| Identity::of_device(device, restaurant, hash)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl From<Denied> for Unidentified {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<StoreError> for Unidentified {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
