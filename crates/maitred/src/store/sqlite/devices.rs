//! The register of devices and of the codes by which they are let in, in SQL.

use std::{fmt::Display, str::FromStr};

use floor::{Id, Time};
use rusqlite::{OptionalExtension, Row};

use super::{Snapshot, Survey, Tx};
use crate::{
    access::{Device, PairingCode},
    feed::Committed,
    store::{OpenCode, Register, StoreError, register::Edit},
};

const DEVICE: &str = "SELECT id, name, role, paired_at, paired_by, revoked_at, revoked_by, restaurant_id FROM devices";

impl Tx<'_> {
    /// The register of a restaurant, for a change that may be about one of its devices; none if there is no such
    /// restaurant.
    pub(super) fn register(&self, restaurant: &Id, device: Option<&str>) -> Result<Option<Register>, StoreError> {
        let restaurant = restaurant.as_str();
        if !self.connection.prepare_cached("SELECT 1 FROM restaurants WHERE id = ?1")?.exists([restaurant])? {
            return Ok(None);
        }
        let mut codes = self.connection.prepare_cached(
            "SELECT code, name, role, expires_at, made_by, failures FROM pairing_codes WHERE restaurant_id = ?1",
        )?;
        let codes = codes.query_and_then([restaurant], read_code)?.collect::<Result<_, _>>()?;
        let devices = self
            .connection
            .prepare_cached("SELECT count(*) FROM devices WHERE restaurant_id = ?1")?
            .query_row([restaurant], |row| row.get(0))?;
        let mut first_revoked = self.connection.prepare_cached(
            "SELECT id FROM devices WHERE restaurant_id = ?1 AND revoked_at IS NOT NULL ORDER BY revoked_at LIMIT 1",
        )?;
        let first_revoked = first_revoked.query_row([restaurant], |row| read_text(row, 0)).optional()?;
        let device = match device {
            Some(id) => self
                .connection
                .prepare_cached(&format!("{DEVICE} WHERE restaurant_id = ?1 AND id = ?2"))?
                .query_row([restaurant, id], read_device)
                .optional()?,
            None => None,
        };
        Ok(Some(Register::new(codes, devices, first_revoked, device)))
    }

    /// Puts what was changed of a register, and tells what is to be told of it.
    pub(super) fn edit_register(&self, restaurant: &Id, edits: Vec<Edit>) -> Result<Option<Committed>, StoreError> {
        let mut committed = None;
        for edit in edits {
            match edit {
                Edit::OpenCode(OpenCode { code, made_by, failures }) => self.run(
                    "INSERT INTO pairing_codes (restaurant_id, code, name, role, made_by, expires_at, failures)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    (
                        restaurant.as_str(),
                        &code.code,
                        &code.name,
                        code.role.as_str(),
                        made_by,
                        code.expires_at.as_microseconds(),
                        failures,
                    ),
                )?,
                Edit::DropCode(code) => self.run(
                    "DELETE FROM pairing_codes WHERE restaurant_id = ?1 AND code = ?2",
                    [restaurant.as_str(), &code],
                )?,
                Edit::CountFailure => self.run(
                    "UPDATE pairing_codes SET failures = failures + 1 WHERE restaurant_id = ?1",
                    [restaurant.as_str()],
                )?,
                Edit::AddDevice(device, token) => self.run(
                    "INSERT INTO devices (id, restaurant_id, name, role, token_hash, paired_at, paired_by)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    (
                        device.id.as_str(),
                        restaurant.as_str(),
                        &device.name,
                        device.role.as_str(),
                        token,
                        device.paired_at.to_string(),
                        &device.paired_by,
                    ),
                )?,
                Edit::PutDevice(Device { id, name, revoked_at, revoked_by, .. }) => self.run(
                    "UPDATE devices SET name = ?3, revoked_at = ?4, revoked_by = ?5
                     WHERE restaurant_id = ?1 AND id = ?2",
                    (restaurant.as_str(), id.as_str(), name, revoked_at.map(|at| at.to_string()), revoked_by),
                )?,
                Edit::DropDevice(id) => self.run(
                    "DELETE FROM devices WHERE restaurant_id = ?1 AND id = ?2",
                    [restaurant.as_str(), id.as_str()],
                )?,
                Edit::DoubtAccess => committed = Some(Committed::AccessChanged(restaurant.clone())),
            }
        }
        Ok(committed)
    }
}

impl Snapshot<'_> {
    /// All devices that were ever let in, the newest first.
    pub(in crate::store) fn devices(&self) -> Result<Option<Vec<Device>>, StoreError> {
        if self.head()?.is_none() {
            return Ok(None);
        }
        let sql = format!("{DEVICE} WHERE restaurant_id = ?1 ORDER BY paired_at DESC, id DESC");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let devices = statement.query_map([self.restaurant], read_device)?;
        Ok(Some(devices.collect::<Result<_, _>>()?))
    }
}

impl Survey<'_> {
    /// The device whose token has this digest, and its restaurant, unless it was revoked.
    pub(in crate::store) fn paired_device(&self, token: &[u8; 32]) -> Result<Option<(Device, Id)>, StoreError> {
        let sql = format!("{DEVICE} WHERE token_hash = ?1 AND revoked_at IS NULL");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| Ok((read_device(row)?, read_text(row, 7)?));
        Ok(statement.query_row([token], read).optional()?)
    }
}

pub(super) fn read_code(row: &Row<'_>) -> Result<OpenCode, StoreError> {
    let code = PairingCode {
        code: row.get(0)?,
        name: row.get(1)?,
        role: row.get::<_, String>(2)?.parse().map_err(StoreError::unreadable)?,
        expires_at: Time::from_microseconds(row.get(3)?).map_err(StoreError::unreadable)?,
    };
    Ok(OpenCode { code, made_by: row.get(4)?, failures: row.get(5)? })
}

pub(super) fn read_device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: read_text(row, 0)?,
        name: row.get(1)?,
        role: read_text(row, 2)?,
        paired_at: read_text(row, 3)?,
        paired_by: row.get(4)?,
        revoked_at: row.get::<_, Option<String>>(5)?.map(|_| read_text(row, 5)).transpose()?,
        revoked_by: row.get(6)?,
    })
}

/// Something that is kept as its text.
fn read_text<T: FromStr<Err: Display>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let unreadable = |error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.to_string().into())
    };
    row.get_ref(column)?.as_str()?.parse().map_err(unreadable)
}
