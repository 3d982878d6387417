//! Devices and the codes by which they are let in. SQL only: how long a code lives, and how many there may be, is said
//! where pairing is.

use std::{fmt::Display, str::FromStr};

use floor::{Id, Time};
use rusqlite::{OptionalExtension, Row};

use super::{Snapshot, Survey, Tx};
use crate::{
    access::{Device, PairingCode},
    store::StoreError,
};

const DEVICE: &str = "SELECT id, name, role, paired_at, paired_by, revoked_at, revoked_by, restaurant_id FROM devices";

impl Tx<'_> {
    /// Drops the codes of a restaurant that have had their time, or their share of wrong guesses.
    pub(crate) fn drop_pairing_codes(&self, restaurant: &Id, at: Time, failures: u32) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM pairing_codes WHERE restaurant_id = ?1 AND (expires_at <= ?2 OR failures >= ?3)",
            (restaurant.as_str(), at.as_microseconds(), failures),
        )
    }

    pub(crate) fn count_pairing_codes(&self, restaurant: &Id) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM pairing_codes WHERE restaurant_id = ?1", restaurant)
    }

    /// Opens a code; says no if the same is open already.
    pub(crate) fn put_pairing_code(
        &self,
        restaurant: &Id,
        code: &PairingCode,
        by: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO pairing_codes (restaurant_id, code, name, role, made_by, expires_at, failures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT DO NOTHING",
        )?;
        let expires_at = code.expires_at.as_microseconds();
        let row = (restaurant.as_str(), &code.code, &code.name, code.role.as_str(), by, expires_at);
        Ok(statement.execute(row)? == 1)
    }

    /// Takes a code out, so that it is used once only, with who asked for it.
    pub(crate) fn take_pairing_code(
        &self,
        restaurant: &Id,
        code: &str,
    ) -> Result<Option<(PairingCode, Option<String>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM pairing_codes WHERE restaurant_id = ?1 AND code = ?2
             RETURNING code, name, role, expires_at, made_by",
        )?;
        let mut rows = statement.query((restaurant.as_str(), code))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let code = PairingCode {
            code: row.get(0)?,
            name: row.get(1)?,
            role: row.get::<_, String>(2)?.parse().map_err(StoreError::Bug)?,
            expires_at: Time::from_microseconds(row.get(3)?).map_err(StoreError::unreadable)?,
        };
        let made_by = row.get(4)?;
        // A statement that returns rows is done only when it has returned the last.
        while rows.next()?.is_some() {}
        Ok(Some((code, made_by)))
    }

    /// Counts a wrong guess against every open code of a restaurant.
    pub(crate) fn count_pairing_failure(&self, restaurant: &Id) -> Result<(), StoreError> {
        let sql = "UPDATE pairing_codes SET failures = failures + 1 WHERE restaurant_id = ?1";
        self.run(sql, [restaurant.as_str()])
    }

    pub(crate) fn count_devices(&self, restaurant: &Id) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM devices WHERE restaurant_id = ?1", restaurant)
    }

    /// Forgets the device that was revoked first; says no if none was.
    pub(crate) fn drop_revoked_device(&self, restaurant: &Id) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM devices WHERE id = (
                 SELECT id FROM devices WHERE restaurant_id = ?1 AND revoked_at IS NOT NULL ORDER BY revoked_at LIMIT 1
             )",
        )?;
        Ok(statement.execute([restaurant.as_str()])? == 1)
    }

    pub(crate) fn put_device(&self, restaurant: &Id, device: &Device, token: &[u8; 32]) -> Result<(), StoreError> {
        self.run(
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
        )
    }

    pub(crate) fn device(&self, restaurant: &Id, id: &str) -> Result<Option<Device>, StoreError> {
        let sql = format!("{DEVICE} WHERE restaurant_id = ?1 AND id = ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([restaurant.as_str(), id], read_device).optional()?)
    }

    pub(crate) fn rename_device(&self, restaurant: &Id, id: &str, name: &str) -> Result<(), StoreError> {
        let sql = "UPDATE devices SET name = ?3 WHERE restaurant_id = ?1 AND id = ?2";
        self.run(sql, [restaurant.as_str(), id, name])
    }

    /// Writes down that a device was sent away, unless it was before.
    pub(crate) fn revoke_device(
        &self,
        restaurant: &Id,
        id: &str,
        at: Time,
        by: Option<&str>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE devices SET revoked_at = ?3, revoked_by = ?4
             WHERE restaurant_id = ?1 AND id = ?2 AND revoked_at IS NULL",
            (restaurant.as_str(), id, at.to_string(), by),
        )
    }

    fn count(&self, sql: &str, restaurant: &Id) -> Result<u64, StoreError> {
        Ok(self.connection.prepare_cached(sql)?.query_row([restaurant.as_str()], |row| row.get(0))?)
    }
}

impl Snapshot<'_> {
    /// All devices that were ever let in, the newest first.
    pub fn devices(&self) -> Result<Vec<Device>, StoreError> {
        let sql = format!("{DEVICE} WHERE restaurant_id = ?1 ORDER BY paired_at DESC, id DESC");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let devices = statement.query_map([self.restaurant], read_device)?;
        Ok(devices.collect::<Result<_, _>>()?)
    }
}

impl Survey<'_> {
    /// The device whose token has this digest, and its restaurant, unless it was revoked.
    pub fn paired_device(&self, token: &[u8; 32]) -> Result<Option<(Device, Id)>, StoreError> {
        let sql = format!("{DEVICE} WHERE token_hash = ?1 AND revoked_at IS NULL");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| Ok((read_device(row)?, read_text(row, 7)?));
        Ok(statement.query_row([token], read).optional()?)
    }
}

fn read_device(row: &Row<'_>) -> rusqlite::Result<Device> {
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
