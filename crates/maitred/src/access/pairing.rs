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
    store::{OpenCode, Store, StoreError},
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
    let restaurant = permit.restaurant().clone();
    let offered = store.register(permit, None, move |register| {
        let register = register.ok_or(Unpaired::NoRestaurant(restaurant))?;
        register.drop_codes(|open| is_spent(open, at));
        if register.codes().len() >= MAX_PAIRING_CODES {
            return Err(Unpaired::TooManyCodes);
        }
        // One that is open already is as good as another: it is drawn again.
        let code = loop {
            let code = format!("{:06}", rand::random_range(0..1_000_000));
            if register.codes().iter().all(|open| open.code.code != code) {
                break code;
            }
        };
        let code = PairingCode { code, name: offer.name, role: offer.role, expires_at: later(at) };
        register.open_code(OpenCode { code: code.clone(), made_by: by, failures: 0 });
        Ok(code)
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
    let paired = store.register(&permit, None, move |register| {
        // Whether the restaurant exists is not said.
        let register = register.ok_or(Unpaired::WrongCode)?;
        register.drop_codes(|open| is_spent(open, at));
        let Some(OpenCode { code: offered, made_by, .. }) = register.take_code(&code) else {
            register.count_failure();
            return Err(Unpaired::WrongCode);
        };
        if register.devices() >= MAX_DEVICES && !register.drop_first_revoked() {
            return Err(Unpaired::TooManyDevices);
        }
        let name = name.or(offered.name).unwrap_or_else(|| "Device".to_owned());
        let (revoked_at, revoked_by) = (None, None);
        let (id, role) = (uuid("device-"), offered.role);
        let device = Device { id, name, role, paired_at: at, paired_by: made_by, revoked_at, revoked_by };
        register.add_device(device.clone(), hash);
        Ok(device)
    });
    Ok((paired.await.map_err(Unpaired::Store)??, token))
}

/// Gives a device another name.
///
/// # Errors
/// [`Unpaired::NoDevice`] or the database.
pub async fn rename(store: &Store, permit: &Permit, id: &str, name: String) -> Result<Device, Unpaired> {
    let no_device = Unpaired::NoDevice(id.to_owned());
    let renamed = store.register(permit, Some(id), move |register| {
        let register = register?;
        let device = Device { name, ..register.device()?.clone() };
        register.put_device(device.clone());
        Some(device)
    });
    renamed.await.map_err(Unpaired::Store)?.ok_or(no_device)
}

/// Sends a device away for good: its token does not count any more, and its sockets are closed.
///
/// # Errors
/// [`Unpaired::NoDevice`] or the database.
pub async fn revoke(store: &Store, permit: &Permit, id: &str, at: Time) -> Result<Device, Unpaired> {
    let (no_device, by) = (Unpaired::NoDevice(id.to_owned()), permit.subject().map(str::to_owned));
    let revoked = store.register(permit, Some(id), move |register| {
        let register = register?;
        let mut device = register.device()?.clone();
        // Unless it was before.
        if device.revoked_at.is_none() {
            device = Device { revoked_at: Some(at), revoked_by: by, ..device };
            register.put_device(device.clone());
        }
        register.doubt_access();
        Some(device)
    });
    revoked.await.map_err(Unpaired::Store)?.ok_or(no_device)
}

/// Whether a code has had its time, or its share of wrong guesses.
fn is_spent(open: &OpenCode, at: Time) -> bool {
    open.code.expires_at <= at || open.failures >= PAIRING_FAILURES
}

pub(super) fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

fn later(at: Time) -> Time {
    Time::from_microseconds(at.as_microseconds() + PAIRING_CODE_AGE.as_micros() as i64)
        .expect("it is before the year 9999")
}
