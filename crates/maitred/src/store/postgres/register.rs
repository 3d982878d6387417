//! The register of devices and of the codes by which they are let in, in SQL.

use floor::{Id, Time};
use futures_util::try_join;
use tokio_postgres::{Client, Error, Row, types::Type};

use super::{
    Postgres,
    connections::Parameter,
    locked::{COUNT_NOTICE, in_time},
    read::{read_text, unsigned},
};
use crate::{
    access::{Device, PairingCode},
    feed::Committed,
    store::{OpenCode, Register, StoreError, register::Edit},
};

const DEVICE: &str = "d.id, d.name, d.role, d.paired_at, d.paired_by, d.revoked_at, d.revoked_by, d.restaurant_id";

impl Postgres {
    pub(in crate::store) async fn register<T: Send + 'static>(
        &self,
        restaurant: &Id,
        device: Option<&str>,
        change: impl FnOnce(Option<&mut Register>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        // What can't be an id is no device's. The server would not even take all of it.
        let device = device.and_then(|id| id.parse::<Id>().ok());
        let (this, restaurant) = (self.clone(), restaurant.clone());
        self.see_through(async move { this.change_register(restaurant, device, change).await }).await
    }

    async fn change_register<T>(
        &self,
        restaurant: Id,
        device: Option<Id>,
        change: impl FnOnce(Option<&mut Register>) -> T,
    ) -> Result<T, StoreError> {
        let Some(tx) = self.lock(&restaurant).await? else {
            return Ok(change(None));
        };
        let edited = in_time(async {
            let mut register = read_register(&tx, &restaurant, device.as_ref().map(Id::as_str)).await?;
            let answer = change(Some(&mut register));
            let mut is_doubted = false;
            for edit in register.into_edits() {
                is_doubted |= matches!(edit, Edit::DoubtAccess);
                put(&tx, &restaurant, edit).await?;
            }
            Ok((answer, is_doubted))
        });
        let (answer, is_doubted) = edited.await?;
        tx.commit().await?;
        if is_doubted {
            self.feed.publish(vec![Committed::AccessChanged(restaurant)]);
        }
        Ok(answer)
    }

    pub(in crate::store) async fn devices(&self, restaurant: &Id) -> Result<Option<Vec<Device>>, StoreError> {
        let sql = format!(
            "SELECT {DEVICE} FROM restaurants r LEFT JOIN devices d ON d.restaurant_id = r.id
             WHERE r.id = $1 ORDER BY d.paired_at DESC, d.id DESC"
        );
        let rows = self.ask(&sql, &[(&restaurant.as_str(), Type::TEXT)]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut devices = Vec::new();
        for row in &rows {
            if row.try_get::<_, Option<&str>>(0)?.is_some() {
                devices.push(read_device(row)?);
            }
        }
        Ok(Some(devices))
    }

    pub(in crate::store) async fn paired_device(&self, token: &[u8; 32]) -> Result<Option<(Device, Id)>, StoreError> {
        let sql = format!("SELECT {DEVICE} FROM devices d WHERE d.token_hash = $1 AND d.revoked_at IS NULL");
        let rows = self.ask(&sql, &[(&token.as_slice(), Type::BYTEA)]).await?;
        rows.first().map(|row| Ok((read_device(row)?, read_text(row, 7)?))).transpose()
    }
}

async fn read_register(client: &Client, restaurant: &Id, device: Option<&str>) -> Result<Register, StoreError> {
    let restaurant = restaurant.as_str();
    let named: [Parameter<'_>; 2] = [(&restaurant, Type::TEXT), (&device, Type::TEXT)];
    let codes = "SELECT code, name, role, expires_at, made_by, failures FROM pairing_codes WHERE restaurant_id = $1";
    let counts = "SELECT count(*), (
                      SELECT id FROM devices WHERE restaurant_id = $1 AND revoked_at IS NOT NULL
                      ORDER BY revoked_at LIMIT 1
                  ) FROM devices WHERE restaurant_id = $1";
    let about = format!("SELECT {DEVICE} FROM devices d WHERE d.restaurant_id = $1 AND d.id = $2");
    let (codes, counts, about) = try_join!(
        client.query_typed(codes, &named[..1]),
        client.query_typed_one(counts, &named[..1]),
        client.query_typed_opt(&about, &named),
    )?;
    let codes = codes.iter().map(read_code).collect::<Result<_, _>>()?;
    let devices = unsigned(counts.try_get(0)?)?;
    let first_revoked = counts.try_get::<_, Option<&str>>(1)?.map(|_| read_text(&counts, 1)).transpose()?;
    Ok(Register::new(codes, devices, first_revoked, about.as_ref().map(read_device).transpose()?))
}

/// Puts what was changed.
pub(super) async fn put(client: &Client, restaurant: &Id, edit: Edit) -> Result<(), Error> {
    let restaurant = restaurant.as_str();
    let id: Parameter<'_> = (&restaurant, Type::TEXT);
    match edit {
        Edit::OpenCode(OpenCode { code, made_by, failures }) => {
            let sql = "INSERT INTO pairing_codes (restaurant_id, code, name, role, made_by, expires_at, failures)
                       VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let expires_at = code.expires_at.as_microseconds();
            let row = [
                id,
                (&code.code, Type::TEXT),
                (&code.name, Type::TEXT),
                (&code.role.as_str(), Type::TEXT),
                (&made_by, Type::TEXT),
                (&expires_at, Type::INT8),
                (&i64::from(failures), Type::INT8),
            ];
            client.execute_typed(sql, &row).await?
        }
        Edit::DropCode(code) => {
            let sql = "DELETE FROM pairing_codes WHERE restaurant_id = $1 AND code = $2";
            client.execute_typed(sql, &[id, (&code, Type::TEXT)]).await?
        }
        Edit::CountFailure => {
            let sql = "UPDATE pairing_codes SET failures = failures + 1 WHERE restaurant_id = $1";
            client.execute_typed(sql, &[id]).await?
        }
        Edit::AddDevice(device, token) => {
            let sql = "INSERT INTO devices (id, restaurant_id, name, role, token_hash, paired_at, paired_by)
                       VALUES ($2, $1, $3, $4, $5, $6, $7)";
            let row = [
                id,
                (&device.id.as_str() as _, Type::TEXT),
                (&device.name, Type::TEXT),
                (&device.role.as_str(), Type::TEXT),
                (&token.as_slice(), Type::BYTEA),
                (&device.paired_at.to_string(), Type::TEXT),
                (&device.paired_by, Type::TEXT),
            ];
            client.execute_typed(sql, &row).await?
        }
        Edit::PutDevice(device) => {
            let sql = "UPDATE devices SET name = $3, revoked_at = $4, revoked_by = $5
                       WHERE restaurant_id = $1 AND id = $2";
            let row = [
                id,
                (&device.id.as_str() as _, Type::TEXT),
                (&device.name, Type::TEXT),
                (&device.revoked_at.map(|at| at.to_string()), Type::TEXT),
                (&device.revoked_by, Type::TEXT),
            ];
            client.execute_typed(sql, &row).await?
        }
        Edit::DropDevice(device) => {
            let sql = "DELETE FROM devices WHERE restaurant_id = $1 AND id = $2";
            client.execute_typed(sql, &[id, (&device.as_str(), Type::TEXT)]).await?
        }
        Edit::DoubtAccess => client.execute_typed(COUNT_NOTICE, &[id]).await?,
    };
    Ok(())
}

fn read_code(row: &Row) -> Result<OpenCode, StoreError> {
    let code = PairingCode {
        code: row.try_get(0)?,
        name: row.try_get(1)?,
        role: read_text(row, 2)?,
        expires_at: Time::from_microseconds(row.try_get(3)?).map_err(StoreError::unreadable)?,
    };
    let failures = u32::try_from(row.try_get::<_, i64>(5)?).map_err(StoreError::unreadable)?;
    Ok(OpenCode { code, made_by: row.try_get(4)?, failures })
}

fn read_device(row: &Row) -> Result<Device, StoreError> {
    Ok(Device {
        id: read_text(row, 0)?,
        name: row.try_get(1)?,
        role: read_text(row, 2)?,
        paired_at: read_text(row, 3)?,
        paired_by: row.try_get(4)?,
        revoked_at: row.try_get::<_, Option<&str>>(5)?.map(|_| read_text(row, 5)).transpose()?,
        revoked_by: row.try_get(6)?,
    })
}
