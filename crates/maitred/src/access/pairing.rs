//! Pairing: someone who manages a restaurant asks for a code, and a device trades it for a token of its own, which is good
//! until it is revoked. Codes are short because people type them, and live short because people guess them.

use std::fmt;

use floor::{Id, Time};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Permit, Role};
use crate::{
    config::{MAX_DEVICES, MAX_PAIRING_CODES, PAIRING_CODE_AGE, PAIRING_FAILURES},
    dispatch::uuid,
    feed::Committed,
    store::{Store, StoreError},
};

/// A device that was let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id, which the audit trail knows it by.
    pub id: Id,
    /// What people call it, at most 100 characters.
    pub name: String,
    /// What it is in its restaurant.
    pub role: Role,
    /// When it was let in.
    pub paired_at: Time,
    /// Who asked for its code; null where nobody needed to say.
    pub paired_by: Option<String>,
    /// When it was sent away; null while it may come in.
    pub revoked_at: Option<Time>,
    /// Who sent it away.
    pub revoked_by: Option<String>,
}

/// What a new device is to be.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What people will call it, unless it brings a name.
    pub name: Option<String>,
    /// What it will be.
    pub role: Role,
}

/// A code that a device can trade for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairingCode {
    /// Six digits.
    pub code: String,
    /// What the device will be called, unless it brings a name.
    pub name: Option<String>,
    /// What the device will be.
    pub role: Role,
    /// When the code ends, if it is not used before.
    pub expires_at: Time,
}

/// Why pairing did not go on.
#[derive(Debug)]
pub enum Unpaired {
    /// There is no such restaurant.
    NoRestaurant(Id),
    /// There is no such device.
    NoDevice(String),
    /// The code is wrong, used or too old. Whether the restaurant exists is not said.
    WrongCode,
    /// So many codes of the restaurant are open already.
    TooManyCodes,
    /// So many devices are paired already, and none of them was revoked.
    TooManyDevices,
    /// The database failed; nothing was changed.
    Store(StoreError),
}

impl fmt::Display for Unpaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRestaurant(id) => write!(f, "There is no restaurant {:?}.", id.as_str()),
            Self::NoDevice(id) => write!(f, "There is no device {id:?}."),
            Self::WrongCode => f.write_str("The code is wrong, used up or too old; ask for a new one."),
            Self::TooManyCodes => {
                write!(f, "{MAX_PAIRING_CODES} codes are open already; use one, or wait until they end.")
            }
            Self::TooManyDevices => write!(f, "{MAX_DEVICES} devices are paired already; revoke one first."),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// What a device's token begins with, so that it is told from other tokens.
pub(super) const DEVICE_TOKEN: &str = "mtd_";

/// A digest of a device's token: all that is kept of it.
pub(super) type TokenHash = [u8; 32];

/// Offers to let a device in.
///
/// # Errors
/// [`Unpaired::NoRestaurant`], [`Unpaired::TooManyCodes`] or the database.
pub async fn offer(store: &Store, permit: &Permit, offer: Offer, at: Time) -> Result<PairingCode, Unpaired> {
    let by = permit.subject().map(str::to_owned);
    let offered = store.change(permit, move |tx, restaurant| {
        if tx.restaurant(restaurant)?.is_none() {
            return Ok((Err(Unpaired::NoRestaurant(restaurant.clone())), None));
        }
        tx.drop_pairing_codes(restaurant, at, PAIRING_FAILURES)?;
        if tx.count_pairing_codes(restaurant)? >= MAX_PAIRING_CODES {
            return Ok((Err(Unpaired::TooManyCodes), None));
        }
        let expires_at = later(at);
        // One that is open already is as good as another: it is drawn again.
        let code = loop {
            let code = format!("{:06}", rand::random_range(0..1_000_000));
            let code = PairingCode { code, name: offer.name.clone(), role: offer.role, expires_at };
            if tx.put_pairing_code(restaurant, &code, by.as_deref())? {
                break code;
            }
        };
        Ok((Ok(code), None))
    });
    offered.await.map_err(Unpaired::Store)?
}

/// Lets a device in that brings a code, and returns it with its token, which is never told again.
///
/// # Errors
/// [`Unpaired::WrongCode`], [`Unpaired::TooManyDevices`] or the database.
pub async fn pair(
    store: &Store,
    restaurant: &str,
    code: &str,
    name: Option<String>,
    at: Time,
) -> Result<(Device, String), Unpaired> {
    let permit = Permit::for_pairing(restaurant.parse().map_err(|_| Unpaired::WrongCode)?);
    let secret: [u8; 32] = rand::random();
    let token = secret.iter().fold(DEVICE_TOKEN.to_owned(), |text, byte| format!("{text}{byte:02x}"));
    let (hash, code) = (token_hash(&token), code.to_owned());
    let paired = store.change(&permit, move |tx, restaurant| {
        tx.drop_pairing_codes(restaurant, at, PAIRING_FAILURES)?;
        let Some((offered, paired_by)) = tx.take_pairing_code(restaurant, &code)? else {
            tx.count_pairing_failure(restaurant)?;
            return Ok((Err(Unpaired::WrongCode), None));
        };
        if tx.count_devices(restaurant)? >= MAX_DEVICES && !tx.drop_revoked_device(restaurant)? {
            return Ok((Err(Unpaired::TooManyDevices), None));
        }
        let name = name.or(offered.name).unwrap_or_else(|| "Device".to_owned());
        let (revoked_at, revoked_by) = (None, None);
        let (id, role) = (uuid("device-"), offered.role);
        let device = Device { id, name, role, paired_at: at, paired_by, revoked_at, revoked_by };
        tx.put_device(restaurant, &device, &hash)?;
        Ok((Ok(device), None))
    });
    Ok((paired.await.map_err(Unpaired::Store)??, token))
}

/// Gives a device another name.
///
/// # Errors
/// [`Unpaired::NoDevice`] or the database.
pub async fn rename(store: &Store, permit: &Permit, id: &str, name: String) -> Result<Device, Unpaired> {
    let id = id.to_owned();
    let renamed = store.change(permit, move |tx, restaurant| {
        tx.rename_device(restaurant, &id, &name)?;
        Ok((tx.device(restaurant, &id)?.ok_or(Unpaired::NoDevice(id)), None))
    });
    renamed.await.map_err(Unpaired::Store)?
}

/// Sends a device away for good: its token does not count any more, and its sockets are closed.
///
/// # Errors
/// [`Unpaired::NoDevice`] or the database.
pub async fn revoke(store: &Store, permit: &Permit, id: &str, at: Time) -> Result<Device, Unpaired> {
    let (id, by) = (id.to_owned(), permit.subject().map(str::to_owned));
    let revoked = store.change(permit, move |tx, restaurant| {
        tx.revoke_device(restaurant, &id, at, by.as_deref())?;
        let device = tx.device(restaurant, &id)?.ok_or(Unpaired::NoDevice(id));
        Ok((device, Some(Committed::AccessChanged(restaurant.clone()))))
    });
    revoked.await.map_err(Unpaired::Store)?
}

pub(super) fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

fn later(at: Time) -> Time {
    Time::from_microseconds(at.as_microseconds() + PAIRING_CODE_AGE.as_micros() as i64)
        .expect("it is before the year 9999")
}
